"""Importing a git history: read it, leave out what is known, add the rest in batches, put the tip into use.

Every batch is one transaction and parents come before children, so an import that was broken off goes on when it is repeated.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TypeVar

from loopgraph.computes.lineage.git_history import (
    MAX_TEMPLATE_BYTES,
    CommitLineage,
    FileLineage,
    tips_to_follow,
    version_prefix,
)
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.lineage.changes import ImportedVersion, PatternTip
from loopgraph.contracts.lineage.git import Commit, FileVersion, ImportProgress
from loopgraph.effects.git.repository import GitRepository
from loopgraph.effects.lineage.imports import LineageImport
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.errors import InvalidInput

T = TypeVar("T", Commit, FileVersion)

BATCH = 500
"""Most versions of one transaction."""

BATCH_CHARACTERS = 4_000_000
"""A transaction is closed early when its templates are longer than this together: an engine has to hold them."""

BATCH_PARENTS = 5_000
"""And when so many edges lead into its versions; one version can have more, and is a transaction of its own."""


class GitImport:
    """Imports the history of one open repository. ``report`` is called with the totals after every batch."""

    def __init__(
        self,
        repository: GitRepository,
        history: LineageImport,
        reads: LineageReads,
        origin: Origin,
        report: Callable[[ImportProgress], None] = lambda _: None,
    ) -> None:
        self._repository = repository
        self._history = history
        self._reads = reads
        self._origin = origin
        self._report = report
        self._progress = ImportProgress()

    async def commits(self, ref: str = "HEAD") -> ImportProgress:
        """Every commit of ``ref``'s history as a version of one pattern. Raises InvalidInput for an unknown ref
        and for a shallow clone."""
        tip = await self._resolved(ref)
        lineage = CommitLineage(await self._repository.identity(tip), await self._repository.name())

        async def steps() -> AsyncGenerator[Sequence[Commit]]:
            async with aclosing(self._repository.commits(tip)) as commits:
                async for commit in commits:
                    yield (commit,)

        async def version(commit: Commit) -> ImportedVersion:
            return lineage.version(commit)

        await self._import(tip, steps(), lambda commit: lineage.node_id(commit.sha), version)
        return await self._follow(version_prefix(lineage.identity), [lineage.tip(tip)])

    async def files(self, ref: str, glob: str) -> ImportProgress:
        """Every file that matches ``glob`` as a pattern, each state of it in ``ref``'s history as a version.

        Raises InvalidInput for an unknown ref, for a shallow clone, and for a glob that is none or that no file ever matched.
        """
        tip = await self._resolved(ref)
        lineage = FileLineage(await self._repository.identity(tip), glob)
        pattern_ids: dict[str, None] = {}
        at_tip: Mapping[str, FileVersion] = {}

        async def steps() -> AsyncGenerator[Sequence[FileVersion]]:
            nonlocal at_tip
            async with aclosing(self._repository.file_changes(tip, glob)) as changes:
                async for change in changes:
                    at_tip = change.files
                    pattern_ids.update(dict.fromkeys(map(lineage.pattern_id, change.versions)))
                    yield change.versions

        async def version(file: FileVersion) -> ImportedVersion:
            text = await self._repository.blob_text(file.blob, MAX_TEMPLATE_BYTES) if file.blob else None
            return lineage.version(file, text)

        await self._import(tip, steps(), lambda file: lineage.node_id(file.key), version)
        if not pattern_ids:
            raise InvalidInput("glob", f"no file in the history of {ref!r} ever matched {glob!r}")
        return await self._follow(version_prefix(lineage.identity), lineage.tips(pattern_ids, at_tip))

    async def _resolved(self, ref: str) -> str:
        """The commit of a ref whose whole history is there: without its roots nobody can tell which repository it is."""
        tip = await self._repository.resolve(ref)
        if await self._repository.is_shallow():
            raise InvalidInput(
                "path",
                "its history was cut off (a shallow clone), so that it would become patterns of its own; get the history with "
                "`git fetch --unshallow` (in GitHub Actions: actions/checkout with `fetch-depth: 0`)",
            )
        return tip

    async def _import(
        self,
        tip: str,
        steps: AsyncGenerator[Sequence[T]],
        node_id: Callable[[T], str],
        version: Callable[[T], Awaitable[ImportedVersion]],
    ) -> None:
        """``steps``: what each commit made, in order."""
        self._tell(total=await self._repository.count(tip))
        waiting: dict[str, T] = {}
        commits = parents = 0
        async with aclosing(steps):
            async for made in steps:
                commits += 1
                waiting.update((node_id(item), item) for item in made)
                parents += sum(len(item.parents) for item in made)
                if len(waiting) >= BATCH or commits == BATCH or parents >= BATCH_PARENTS:
                    await self._add(waiting, version)
                    self._tell(commits=commits)
                    waiting, commits, parents = {}, 0, 0
        await self._add(waiting, version)
        self._tell(commits=commits)

    async def _add(self, waiting: Mapping[str, T], version: Callable[[T], Awaitable[ImportedVersion]]) -> None:
        known = await self._history.known(list(waiting))
        self._tell(known=len(known))
        batch: list[ImportedVersion] = []
        characters = parents = 0
        for id_, item in waiting.items():
            if id_ in known:
                continue
            if batch and parents + len(item.parents) > BATCH_PARENTS:
                await self._write(batch)
                batch, characters, parents = [], 0, 0
            batch.append(await version(item))
            characters += len(batch[-1].version.template_code)
            parents += len(item.parents)
            if len(batch) == BATCH or characters > BATCH_CHARACTERS:
                await self._write(batch)
                batch, characters, parents = [], 0, 0
        await self._write(batch)

    async def _write(self, batch: Sequence[ImportedVersion]) -> None:
        if batch:
            made = await self._history.add(batch, self._origin)
            # Another import of the same history may have brought some of them since they were looked for.
            known = len(batch) - made.versions
            self._tell(versions=made.versions, known=known, edges=made.edges, patterns=made.patterns)

    async def _follow(self, prefix: str, tips: Sequence[PatternTip]) -> ImportProgress:
        for start in range(0, len(tips), BATCH):
            some = tips[start : start + BATCH]
            patterns = await self._reads.patterns([tip.pattern_id for tip in some])
            changing, kept = tips_to_follow(prefix, some, patterns)
            if changing:
                await self._history.follow(changing, self._origin)
            self._tell(kept=kept)
        return self._progress

    def _tell(self, **more: int) -> None:
        self._progress = self._progress.plus(**more)
        self._report(self._progress)
