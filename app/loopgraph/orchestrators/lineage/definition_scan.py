"""A scan for definitions: each repository with its history, each folder outside git by what is in its files now.

Outside git, a version is a text. A file whose text is new gets a version that is refined from the one before it; one that has
gone back to an earlier text has that earlier version in use again. When a file is gone, its pattern has no version in use. A
skill that fetches its text (``computes.definitions.adoption``) stays with the version that is in use.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from loopgraph.computes.definitions.adoption import adopted_pattern
from loopgraph.computes.definitions.places import Place, Places
from loopgraph.computes.lineage.definition_history import (
    OUTSIDE_GIT,
    Described,
    of_text,
    outside_git,
    scope_prefix,
    version_outside_git,
)
from loopgraph.computes.lineage.git_history import MAX_TEMPLATE_BYTES, tips_to_follow, version_prefix
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.lineage.changes import PatternTip
from loopgraph.contracts.lineage.definitions import DefinitionKind, DefinitionOrigin, Identity
from loopgraph.contracts.lineage.git import ImportProgress
from loopgraph.contracts.lineage.patterns import Pattern
from loopgraph.contracts.lineage.resources import SKILL_FILE
from loopgraph.contracts.lineage.scans import ScannedPattern, ScannedSource, ScanState
from loopgraph.effects.definitions.files import Content, read_all, readable
from loopgraph.effects.git.repository import GitRepository
from loopgraph.effects.lineage.definitions import DefinitionReads
from loopgraph.effects.lineage.imports import LineageImport
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.errors import InvalidTransition, UserError
from loopgraph.orchestrators.lineage.definition_import import DefinitionImport, Refused
from loopgraph.orchestrators.lineage.definition_sources import OWN_SCOPE, Source, scope_of_folder
from loopgraph.orchestrators.lineage.git_import import BATCH
from loopgraph.orchestrators.lineage.skill_resources import seen_resources, write_resources


class _Now(NamedTuple):
    """A file outside git, as it is now."""

    described: Described
    pattern_id: str
    node_id: str
    content: Content
    file: Path


class DefinitionScan:
    """Records the definitions of sources. ``report`` is called with a source's title and how far its history is read.

    What is there already is left as it is: a scan can stop anywhere and be repeated, and several can run at once.
    """

    def __init__(
        self,
        history: LineageImport,
        reads: LineageReads,
        definitions: DefinitionReads,
        lineage: Lineage,
        origin: Origin,
        report: Callable[[str, ImportProgress], None] = lambda *_: None,
    ) -> None:
        self._history = history
        self._reads = reads
        self._definitions = definitions
        self._lineage = lineage
        self._origin = origin
        self._report = report

    async def run(self, sources: Iterable[Source], fork: str | None = None) -> AsyncGenerator[ScannedSource]:
        """What was found in each source, one after the other. ``fork`` is that of those that were asked for."""
        for source in sources:
            if source.git:
                yield await self._repository(source, fork if source.asked_for else None)
            else:
                yield await self._folder(source)

    # --- repositories

    async def _repository(self, source: Source, fork: str | None) -> ScannedSource:
        scanned = ScannedSource(title=source.title, folder=readable(source.folder))
        try:
            async with GitRepository(source.folder) as repository:
                tip = await repository.head()
                if tip is None:
                    return await self._folder(source)
                run = DefinitionImport(
                    source,
                    repository,
                    self._history,
                    self._reads,
                    self._definitions,
                    self._origin,
                    fork,
                    lambda progress: self._report(source.title, progress),
                )
                await run.run(tip)
        except (Refused, UserError) as reason:  # git itself may not read it, or lack what a partial clone left out
            return scanned.model_copy(update={"refused": str(reason), "notes": tuple(source.notes)})
        await self._retire(run.tips)
        if any(place.scope == OWN_SCOPE for place in source.places):
            await self._take_out_of_use(scope_of_folder(source.folder))  # from before it was a repository
        prefix = f"{version_prefix(run.identity)}seen:"
        return scanned.model_copy(
            update={
                "identity": run.identity,
                "commits": run.commits_read,
                "notes": (*source.notes, *run.notes, *await self._others_in_use(run.tips.values())),
                "patterns": await self._found(run.before, run.tips, prefix, run.with_other_files),
            }
        )

    async def _retire(self, tips: Iterable[str]) -> None:
        """Puts the versions of commits in the place of versions that were seen before, with the same text."""
        for text in await self._definitions.committed_texts(tips):
            reason = f"committed as {text.label}" if text.label else "committed"
            try:
                await self._lineage.deprecate(text.node_id, reason, text.committed, self._origin)
            except InvalidTransition:
                continue  # another scan has done it

    # --- folders outside git

    async def _folder(self, source: Source) -> ScannedSource:
        own = scope_of_folder(source.folder)

        def scoped(place: Place) -> Place:
            return replace(place, scope=own) if place.scope == OWN_SCOPE else place

        exact = {path: spot._replace(place=scoped(spot.place)) for path, spot in source.exact.items()}
        table = Places(map(scoped, source.places), exact)
        spots = {path: spot for path in source.seen if (spot := table.spot(path))}
        contents = await asyncio.to_thread(read_all, source.seen.items(), MAX_TEMPLATE_BYTES)
        found = []
        for path, content in contents.items():
            if (spot := spots.get(path)) and not adopted_pattern(content.text):
                pattern_id = outside_git(spot.place.scope, spot.path)
                node_id = version_outside_git(pattern_id, content.text)
                found.append(_Now(Described(spot, content.text), pattern_id, node_id, content, source.seen[path]))
        before = await self._former(source)
        made = {outside_git(spot.place.scope, spot.path) for some in source.former.values() for spot, _ in some}
        for start in range(0, len(found), BATCH):
            known = await self._add(found[start : start + BATCH])
            before |= {id_: pattern for id_, pattern in known.items() if id_ not in made}
        others = await self._resources(found, source)
        tips = {now.pattern_id: now.described.tip(now.pattern_id, now.node_id) for now in found}
        there = {(spot.place.scope, spot.path) for spot in spots.values()}
        for place, whole in source.looked_at.items():
            if whole:
                gone = await self._gone(scoped(place), there)
                before |= gone
                tips |= {id_: PatternTip(pattern_id=id_, node_id=None) for id_ in gone}
        await self._follow(OUTSIDE_GIT, list(tips.values()))
        return ScannedSource(
            title=source.title,
            folder=readable(source.folder),
            notes=tuple(source.notes),
            patterns=await self._found(before, tips, None, others),
        )

    async def _former(self, source: Source) -> dict[str, Pattern]:
        """Adds the texts of earlier states that are installed side by side; the patterns that there have been."""
        before: dict[str, Pattern] = {}
        looked_up: set[str] = set()
        rounds = max((len(some) for some in source.former.values()), default=0)
        for number in range(rounds):  # the earliest first: each text is refined from the one before it
            files = {path: some[number] for path, some in source.former.items() if number < len(some)}
            reals = [(path, real) for path, (_, real) in files.items()]
            found = []
            for path, content in (await asyncio.to_thread(read_all, reals, MAX_TEMPLATE_BYTES)).items():
                spot, real = files[path]
                pattern_id = outside_git(spot.place.scope, spot.path)
                node_id = version_outside_git(pattern_id, content.text)
                found.append(_Now(Described(spot, content.text), pattern_id, node_id, content, real))
            for start in range(0, len(found), BATCH):
                known = await self._add(found[start : start + BATCH])
                before |= {id_: pattern for id_, pattern in known.items() if id_ not in looked_up}
            looked_up |= {now.pattern_id for now in found}
        return before

    async def _resources(self, found: Sequence[_Now], source: Source) -> frozenset[str]:
        """What lies beside skills now; the versions that stand beside other files than before."""
        skills = {
            now.node_id: now.file for now in found if now.file.name == SKILL_FILE and now.file.parent != source.folder
        }
        known = await self._reads.versions(list(skills))
        states = {
            node_id: await seen_resources(file, known[node_id].resources if node_id in known else ())
            for node_id, file in skills.items()
        }
        return await write_resources(self._history, states)

    async def _add(self, found: Sequence[_Now]) -> dict[str, Pattern]:
        """Adds the texts that are new; the patterns that there have been."""
        before = await self._reads.patterns([now.pattern_id for now in found])
        known = await self._history.known([now.node_id for now in found])
        new = [now for now in found if now.node_id not in known]
        newest = await self._reads.versions_pages([now.pattern_id for now in new], 1) if new else {}
        batch = []
        for now in new:
            pattern, page = before.get(now.pattern_id), newest[now.pattern_id].versions
            former = (pattern and pattern.current_node_id) or (page[0].node_id if page else None)
            batch.append(of_text(now.described, now.pattern_id, former, now.content.modified_at))
        if batch:
            await self._history.add(batch, self._origin)
        return before

    async def _gone(self, place: Place, there: set[tuple[str, str]]) -> dict[str, Pattern]:
        """The patterns of a place that have a version in use, and no file any more."""
        return {
            pattern.pattern_id: pattern
            for pattern in await self._definitions.patterns_of_prefix(scope_prefix(place.scope))
            if pattern.current_node_id is not None
            and isinstance(path := pattern.metadata.get("path"), str)
            and path.startswith(f"{place.known_as}/" if place.known_as else "")
            and (place.scope, path) not in there
        }

    async def _take_out_of_use(self, scope: str) -> None:
        patterns = await self._definitions.patterns_of_prefix(scope_prefix(scope))
        tips = [PatternTip(pattern_id=one.pattern_id, node_id=None) for one in patterns if one.current_node_id]
        await self._follow(OUTSIDE_GIT, tips)

    async def _follow(self, prefix: str, tips: Sequence[PatternTip]) -> None:
        for start in range(0, len(tips), BATCH):
            some = tips[start : start + BATCH]
            changing, _ = tips_to_follow(prefix, some, await self._reads.patterns([tip.pattern_id for tip in some]))
            if changing:
                await self._history.follow(changing, self._origin)

    # --- what is told of it

    async def _others_in_use(self, tips: Iterable[PatternTip]) -> list[str]:
        """Which patterns stay with a version in use that says something else than their file, in a sentence each."""
        there = {tip.pattern_id: tip.node_id for tip in tips if tip.node_id is not None}
        ids, told = list(there), list[str]()
        for start in range(0, len(ids), BATCH):
            patterns = await self._reads.patterns(ids[start : start + BATCH])
            other = {
                one.pattern_id: (one, one.current_node_id, there[one.pattern_id])
                for one in patterns.values()
                if one.current_node_id not in (None, there[one.pattern_id])
            }
            versions = await self._reads.versions(id_ for _, *both in other.values() for id_ in both if id_)
            for pattern, current, of_file in other.values():
                used, said = versions.get(current or ""), versions.get(of_file)
                if used and said and used.body_digest != said.body_digest:
                    told.append(
                        f"{pattern.name}: version {used.version}, which a person or the loop put into use, stays in use, "
                        f"and not version {said.version}, which the file says"
                    )
        return told

    async def _found(
        self,
        before: Mapping[str, Pattern],
        tips: Mapping[str, PatternTip],
        seen: str | None,
        with_other_files: Collection[str],
    ) -> tuple[ScannedPattern, ...]:
        """What has become of the patterns. ``seen``: what the ids of versions without a commit begin with; ``with_other_files``:
        versions that stand beside other files than before."""
        ids = list(tips)
        after: dict[str, Pattern] = {}
        for start in range(0, len(ids), BATCH):
            after |= await self._reads.patterns(ids[start : start + BATCH])
        found = (
            _scanned(before.get(id_), after[id_], tip, seen, other_files=tip.node_id in with_other_files)
            for id_, tip in tips.items()
            if id_ in after
        )
        return tuple(
            sorted((one for one in found if one), key=lambda one: (one.identity.kind, one.identity.name, one.path))
        )


def _without_place(pattern: Pattern) -> Pattern:
    """What a pattern is, wherever it was found: another clone of its repository does not change it."""
    metadata = {name: value for name, value in pattern.metadata.items() if name != "folders"}
    return pattern.model_copy(update={"metadata": metadata, "updated_at": pattern.created_at})


def _scanned(
    was: Pattern | None, now_is: Pattern, tip: PatternTip, seen: str | None, *, other_files: bool
) -> ScannedPattern | None:
    """What has become of one pattern, None for one that was gone before."""
    if tip.node_id is None and was is not None and was.current_node_id is None:
        return None
    if now_is.current_node_id is None:
        state = ScanState.GONE
    elif was is None:
        state = ScanState.NEW
    elif other_files or _without_place(was) != _without_place(now_is):
        state = ScanState.CHANGED
    else:
        state = ScanState.UNCHANGED
    return ScannedPattern(
        identity=Identity(
            kind=DefinitionKind(now_is.pattern_type),
            name=now_is.name,
            origin=DefinitionOrigin(now_is.metadata["origin"]),
            scope=now_is.metadata["scope"],
        ),
        path=now_is.metadata["path"],
        pattern_id=now_is.pattern_id,
        state=state,
        versions=now_is.latest_version,
        new=now_is.latest_version - (was.latest_version if was else 0),
        uncommitted=bool(seen and (now_is.current_node_id or "").startswith(seen)),
        other_files=other_files,
    )
