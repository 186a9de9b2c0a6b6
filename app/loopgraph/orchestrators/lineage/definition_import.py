"""The definitions of one repository: their history as lineage, and what is in its work tree now."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Final

from loopgraph.computes.definitions.adoption import adopted_pattern
from loopgraph.computes.definitions.places import GLOBS, Place, Places
from loopgraph.computes.lineage.definition_history import DefinitionLineage, Described, Survey
from loopgraph.computes.lineage.git_history import MAX_TEMPLATE_BYTES, NO_TEXT, CommitLineage, version_prefix
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.lineage.bodies import digest_of_version
from loopgraph.contracts.lineage.changes import ImportedVersion, PatternTip, template_hash
from loopgraph.contracts.lineage.definitions import UNCOMMITTED
from loopgraph.contracts.lineage.git import FileKey, FileVersion, ImportProgress
from loopgraph.contracts.lineage.patterns import Pattern
from loopgraph.contracts.lineage.resources import SKILL_FILE, joined_states
from loopgraph.effects.definitions.files import Content, read_all, readable
from loopgraph.effects.git.repository import GitRepository
from loopgraph.effects.lineage.definitions import DefinitionReads
from loopgraph.effects.lineage.imports import LineageImport
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.orchestrators.lineage.definition_sources import OWN_SCOPE, Source, is_manifest, places_of
from loopgraph.orchestrators.lineage.git_import import BATCH, GitImport
from loopgraph.orchestrators.lineage.skill_resources import ResourceHistory, States, seen_resources, write_resources

FORK_OPTION: Final = "loopgraph.fork"
"""Of git's configuration: the name of a fork that is to be told apart from its origin."""

_MANIFEST_BYTES: Final = 4_000_000

_LATEST: Final = 50
"""Among so many of its latest versions a text is looked for, where the file fetches its text."""


class Refused(Exception):
    """Nothing of a repository was recorded; the message says why, and what would help."""


def identity_of_fork(identity: str, fork: str | None) -> str:
    """The identity of a repository that is told apart from others with the same first commit by a name."""
    return identity if fork is None else hashlib.sha256(f"{identity}\0{fork}".encode()).hexdigest()[:32]


class DefinitionImport(GitImport):
    """Imports the definitions of one open repository. ``fork`` tells it apart from others with the same first commit.

    When it has run, ``tips`` says what each pattern is now, and ``before`` what those were that there have been.
    """

    def __init__(
        self,
        source: Source,
        repository: GitRepository,
        history: LineageImport,
        reads: LineageReads,
        definitions: DefinitionReads,
        origin: Origin,
        fork: str | None = None,
        report: Callable[[ImportProgress], None] = lambda _: None,
    ) -> None:
        super().__init__(repository, history, reads, origin, report)
        self._source = source
        self._definitions = definitions
        self._fork = fork
        self._looked_up: set[str] = set()
        self.identity = ""
        self.notes: list[str] = []
        self.tips: dict[str, PatternTip] = {}
        self.before: dict[str, Pattern] = {}
        self.with_other_files: frozenset[str] = frozenset()
        """Versions in use that stand beside other files than before."""

    @property
    def commits_read(self) -> int:
        """How many commits the history has."""
        return self._progress.commits

    async def run(self, tip: str) -> None:
        """Brings in what is new and puts the tips into use. Raises Refused."""
        await self._bring_in(tip)
        await self._follow(version_prefix(self.identity), list(self.tips.values()))

    async def _bring_in(self, tip: str) -> None:
        self._fork = self._fork or await self._repository.option(FORK_OPTION)
        if await self._repository.is_shallow():
            await self._cut_off(tip)
        else:
            await self._whole(tip)

    async def _lineage(self, tip: str, identity: str) -> DefinitionLineage:
        self.identity = identity
        places = list(self._source.places)
        if self._source.bare:
            places = places_of(places, await self._manifests(tip))

        def scoped(place: Place) -> Place:
            return replace(place, scope=f"git:{identity}") if place.scope == OWN_SCOPE else place

        exact = {path: spot._replace(place=scoped(spot.place)) for path, spot in self._source.exact.items()}
        about: JsonMap = {"identity": identity, "folders": [readable(self._source.folder)]}
        about |= {"fork": self._fork} if self._fork else {}
        return DefinitionLineage(identity, Places(map(scoped, places), exact), about)

    async def _manifests(self, tip: str) -> dict[str, str]:
        found = {}
        async with aclosing(self._repository.blobs(tip)) as blobs:
            shas = {path: sha async for path, sha in blobs if is_manifest(path)}
        for path, sha in shas.items():
            found[path] = await self._repository.blob_text(sha, _MANIFEST_BYTES) or ""
        return found

    # --- the whole history

    async def _whole(self, tip: str) -> None:
        identity = identity_of_fork(await self._repository.identity(tip), self._fork)
        lineage = await self._lineage(tip, identity)
        survey, resources = Survey(lineage.places), ResourceHistory(self._repository)
        at_tip: Mapping[str, FileVersion] = {}
        async with aclosing(self._repository.file_changes(tip, GLOBS)) as changes:
            async for change in changes:
                survey.add(change)
                resources.look(change)
                at_tip = change.files
        await resources.prepare(tip)
        chosen = survey.chosen()
        there = lineage.at_tip(at_tip, chosen)
        # Of a file at two paths the later.
        last = chosen | {
            file.lineage: file
            for file in sorted(there.values(), key=lambda file: (file.commit.committed_at, file.path))
        }
        ids = await self._pattern_ids(lineage, chosen)
        described = {key: await self._described(lineage, file) for key, file in last.items()}

        async def steps() -> AsyncGenerator[Sequence[FileVersion]]:
            async with aclosing(self._repository.file_changes(tip, GLOBS)) as changes:
                async for change in changes:
                    await resources.follow(change, lambda file: file.lineage in chosen)
                    yield [version for version in change.versions if version.lineage in chosen]

        async def version(file: FileVersion) -> ImportedVersion:
            return lineage.version(file, await self._text(file), described[file.lineage], ids[file.lineage])

        await self._import(tip, steps(), lambda file: lineage.node_id(file.key), version)
        for key, pattern_id in ids.items():
            present = last[key].path in there and there[last[key].path].lineage == key
            if pattern_id not in self.tips or present:
                node_id = lineage.node_id(last[key].key) if present else None
                if present and adopted_pattern(described[key].text):
                    node_id = await self._fetched(pattern_id)
                elif present and await self._text(last[key]) is None:
                    node_id = None
                    self.notes.append(f"{last[key].path} is {NO_TEXT}: no version of it is in use")
                self._tip(described[key], pattern_id, node_id, last[key].path)
        files = {path: file for path, file in at_tip.items() if file.lineage in chosen}
        await self._work_tree(lineage, files, ids)
        await self._resources(
            lineage, {lineage.node_id(key): some for key, some in resources.states.items()}, files, ids
        )
        await self._take_out_of_use(lineage)

    async def _resources(
        self,
        lineage: DefinitionLineage,
        committed: States,
        files: Mapping[str, FileVersion],
        ids: Mapping[FileKey, str],
    ) -> None:
        """What lay beside the skills while their versions stood, and what does now, beside those in use."""
        in_use: dict[str, tuple[Path, str]] = {}
        for path, real in self._source.seen.items():
            file = files.get(path)
            tip = self.tips.get(ids[file.lineage] if file else lineage.new_pattern_id(path))
            if tip and tip.node_id and real.name == SKILL_FILE and real.parent != self._source.folder:
                in_use[tip.node_id] = real, file.commit.sha if file else ""
        known = await self._reads.versions(list(in_use))
        states = dict(committed)
        for node_id, (real, sha) in in_use.items():
            before = known[node_id].resources if node_id in known else ()
            states[node_id] = await seen_resources(real, joined_states(before, committed.get(node_id, ())), sha=sha)
        self.with_other_files = await write_resources(self._history, states)

    async def _fetched(self, pattern_id: str) -> str | None:
        """The version that stays in use where the file fetches its text: the one that is, else the last that has one."""
        known = await self._remembered([pattern_id])
        if pattern_id in known and (there := known[pattern_id].current_node_id):
            return there
        page = (await self._reads.versions_pages([pattern_id], _LATEST))[pattern_id].versions
        return next((one.node_id for one in page if adopted_pattern(one.template_code) is None), None)

    async def _pattern_ids(self, lineage: DefinitionLineage, chosen: Mapping[FileKey, object]) -> dict[FileKey, str]:
        """The patterns of lineages: a file that was seen before its first commit has one already."""
        both = {key: (lineage.pattern_of(key), lineage.new_pattern_id(key.path)) for key in chosen}
        known = await self._remembered([id_ for pair in both.values() for id_ in pair])
        return {key: new if new in known and own not in known else own for key, (own, new) in both.items()}

    async def _described(self, lineage: DefinitionLineage, file: FileVersion) -> Described:
        spot = lineage.places.spot(file.path)
        assert spot is not None, "the last version of a lineage is one at a definition's path"
        return Described(spot, await self._text(file) or "")

    async def _text(self, file: FileVersion) -> str | None:
        return await self._repository.blob_text(file.blob, MAX_TEMPLATE_BYTES) if file.blob else None

    # --- the work tree

    async def _work_tree(
        self, lineage: DefinitionLineage, files: Mapping[str, FileVersion], ids: Mapping[FileKey, str]
    ) -> None:
        """What is in the work tree as no commit has it: versions that were seen."""
        new: list[tuple[Described, str, str | None, Content]] = []
        for path, content in (await self._contents()).items():
            spot, file = lineage.places.spot(path), files.get(path)
            if spot is None or (file and _same(content.text, await self._text(file))):
                continue
            pattern_id = ids[file.lineage] if file else lineage.new_pattern_id(path)
            if adopted_pattern(content.text):
                if node_id := await self._fetched(pattern_id):
                    self._tip(Described(spot, content.text, path), pattern_id, node_id)
                continue
            new.append(
                (Described(spot, content.text, path), pattern_id, lineage.node_id(file.key) if file else None, content)
            )
        await self._see(lineage, new)

    async def _see(
        self, lineage: DefinitionLineage, found: Sequence[tuple[Described, str, str | None, Content]]
    ) -> None:
        """Puts texts into use, each in its pattern: a version that has the text already, or a new one."""
        await self._remembered(pattern_id for _, pattern_id, _, _ in found)
        known = await self._known_texts(found)
        newest = await self._reads.versions_pages([pattern_id for _, pattern_id, _, _ in found], 1) if found else {}
        batch = []
        for now_is, pattern_id, parent, content in found:
            node_id = known.get((pattern_id, template_hash(now_is.text)))
            if node_id is None:
                if parent is None and newest[pattern_id].versions:
                    parent = newest[pattern_id].versions[0].node_id
                made = lineage.seen(now_is, pattern_id, parent, content.modified_at)
                batch.append(made)
                node_id = made.node_id
            self._tip(now_is, pattern_id, node_id)
        for start in range(0, len(batch), BATCH):
            await self._write(batch[start : start + BATCH])

    async def _known_texts(
        self, found: Sequence[tuple[Described, str, str | None, Content]]
    ) -> dict[tuple[str, str], str]:
        """The versions of patterns by their texts; committed ones, and later ones, before others."""
        digests = {digest_of_version(one.pattern_type, one.text, one.spot.path) for one, *_ in found}
        bodies = await self._definitions.versions_of_bodies(digest for digest in digests if digest)
        versions = [version for some in bodies.values() for version in some]
        versions.sort(key=lambda version: (UNCOMMITTED not in version.tags, version.created_at))
        return {(version.pattern_id, version.template_hash): version.node_id for version in versions}

    async def _contents(self) -> dict[str, Content]:
        return await asyncio.to_thread(read_all, self._source.seen.items(), MAX_TEMPLATE_BYTES)

    def _tip(self, now_is: Described, pattern_id: str, node_id: str | None, path: str | None = None) -> None:
        tip = now_is.tip(pattern_id, node_id)
        where = {"folders": self._source.folders_of(path or now_is.file or now_is.spot.path)}
        self.tips[pattern_id] = tip.model_copy(update={"metadata": {**(tip.metadata or {}), **where}})

    async def _remembered(self, pattern_ids: Iterable[str]) -> Mapping[str, Pattern]:
        """The patterns as they were before anything was changed."""
        wanted = [id_ for id_ in dict.fromkeys(pattern_ids) if id_ not in self._looked_up]
        self._looked_up.update(wanted)
        for start in range(0, len(wanted), BATCH):
            self.before |= await self._reads.patterns(wanted[start : start + BATCH])
        return self.before

    async def _take_out_of_use(self, lineage: DefinitionLineage) -> None:
        """What is neither in this history nor in the work tree: other branches have it, or it never had a commit."""
        if not all(self._source.looked_at.values()):
            return
        scopes = {
            f"git:{lineage.identity}" if place.scope == OWN_SCOPE else place.scope for place in self._source.places
        }
        for pattern in await self._definitions.patterns_of_prefix(f"git:{lineage.identity}:"):
            in_use = pattern.current_node_id or ""
            gone = pattern.pattern_id not in self.tips and in_use.startswith(lineage.prefix)
            if gone and pattern.metadata.get("scope") in scopes:
                self.before[pattern.pattern_id] = pattern
                self.tips[pattern.pattern_id] = PatternTip(pattern_id=pattern.pattern_id, node_id=None)

    # --- a history that was cut off

    async def _cut_off(self, tip: str) -> None:
        """A shallow clone: what is in its work tree goes to the patterns of the repository that it is a clone of."""
        identity = await self._identity_by_commits(tip)
        lineage = await self._lineage(tip, identity)
        patterns = await self._definitions.patterns_of_prefix(f"git:{identity}:")
        await self._remembered(pattern.pattern_id for pattern in patterns)
        by_path = {
            (pattern.metadata.get("scope"), pattern.metadata.get("path")): pattern
            for pattern in sorted(patterns, key=lambda one: one.current_node_id is not None)
        }
        new, unknown = [], 0
        for path, content in (await self._contents()).items():
            spot = lineage.places.spot(path)
            pattern = by_path.get((spot.place.scope, spot.path)) if spot else None
            if spot and pattern:
                new.append((Described(spot, content.text, path), pattern.pattern_id, pattern.current_node_id, content))
            else:
                unknown += spot is not None
        await self._see(lineage, new)
        self.notes.append(
            "its history was cut off (a shallow clone): texts are found, commits are not; `git fetch --unshallow` gets them"
        )
        if unknown:
            self.notes.append(f"{unknown} of its definitions are not known yet: unshallow it, and scan again")

    async def _identity_by_commits(self, tip: str) -> str:
        """The identity of the repository that a commit of this clone is known of. Raises Refused where there is no such one."""
        table = Places(self._source.places, self._source.exact)
        keys: list[FileKey] = []
        async with aclosing(self._repository.file_changes(tip, GLOBS)) as changes:
            async for change in changes:
                keys.append(FileKey(change.commit.sha, ""))
                keys += (version.key for version in change.versions if table.spot(version.path))
        fits = []
        for identity in await self._definitions.git_identities():
            commits, files = CommitLineage(identity, ""), DefinitionLineage(identity, table, {})
            node_ids = [files.node_id(key) if key.path else commits.node_id(key.commit) for key in keys]
            if await self._history.known(node_ids):
                fits.append(identity)
        if len(fits) > 1:
            named = {}
            for identity in fits:
                some = (await self._definitions.patterns_of_prefix(f"git:{identity}:"))[:1]
                named[identity] = some[0].metadata.get("fork") if some else None
            fits = [identity for identity, fork in named.items() if fork == self._fork]
        if len(fits) != 1:
            raise Refused(
                "its history was cut off (a shallow clone), and none of its commits is known, so it cannot be told which "
                "repository it is; get the history with `git fetch --unshallow` (in GitHub Actions: actions/checkout with "
                "`fetch-depth: 0`), or scan a whole clone first"
            )
        return fits[0]


def _same(one: str, other: str | None) -> bool:
    """Whether two texts are the same but for the ends of their lines, which git may change on the way."""
    return other is not None and one.replace("\r\n", "\n") == other.replace("\r\n", "\n")
