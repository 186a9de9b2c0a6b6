"""An improvement is carried to the file in which its pattern is written: as a patch, in place, or on a branch of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from loopgraph.computes.loop.proposing.patches import changed_file, commit_message, patch, same_text
from loopgraph.contracts.lineage.patterns import Pattern, PatternVersion
from loopgraph.contracts.loop.experiments import Decision
from loopgraph.contracts.loop.feedback import Improvement, ImprovementStatus
from loopgraph.effects.definitions import replacing
from loopgraph.effects.definitions.backups import Backups
from loopgraph.effects.definitions.files import readable, work_tree_of
from loopgraph.effects.git.branches import Branches
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.errors import Conflict, InvalidInput

_NEVER = (ImprovementStatus.REJECTED, ImprovementStatus.WITHDRAWN)


@dataclass(frozen=True)
class Change:
    """What an improvement does to a file. ``path`` is the file's in its work tree, or its name outside of one.

    ``elsewhere``: it was found in a folder that the graph names, and nobody who sits here has said that it is the one.
    """

    improvement: Improvement
    decisions: tuple[Decision, ...]
    name: str
    base: PatternVersion
    candidate: PatternVersion
    file: Path
    work_tree: Path | None
    path: str
    before: str
    after: str
    elsewhere: bool = False

    @property
    def patch(self) -> str:
        """As ``git apply`` takes it; empty where the file says it already."""
        return patch(self.path, self.before, self.after)


class Applying:
    """Carries improvements to files. Nothing is written but by ``write`` and ``commit``."""

    def __init__(self, lineage: LineageReads, feedback: FeedbackReads) -> None:
        self._lineage = lineage
        self._feedback = feedback

    async def change(self, improvement_id: str, folder: Path, file: Path | None = None) -> Change:
        """What an improvement changes in the file of its pattern: ``file``, or the one that is found from ``folder``.

        Raises NotFound; InvalidInput for an improvement that was decided against or rolled back, or that changes parameters
        alone, and where no file is found within a folder; Conflict for a file that is not what the base version was.
        """
        improvement = await self._feedback.improvement(improvement_id)
        if improvement.status in _NEVER:
            raise InvalidInput(
                "IMPROVEMENT", f"{improvement_id} is {improvement.status.value}: there is nothing to apply"
            )
        if improvement.status is ImprovementStatus.ROLLED_BACK:
            raise InvalidInput(
                "IMPROVEMENT",
                f"{improvement_id} was rolled back: it was applied, and did worse than in its proof. Propose it again",
            )
        if "template_hash" not in improvement.proposed_changes:
            changed = ", ".join(improvement.proposed_changes.get("parameters", {}))
            raise InvalidInput(
                "IMPROVEMENT", f"{improvement_id} changes parameters alone ({changed}), and no text of a file"
            )
        versions = await self._lineage.versions([improvement.base_node_id, improvement.candidate_node_id])
        base, candidate = versions[improvement.base_node_id], versions[improvement.candidate_node_id]
        pattern = (await self._lineage.patterns([improvement.pattern_id]))[improvement.pattern_id]
        decisions = (await self._feedback.decisions_of_improvements([improvement_id]))[improvement_id]
        found, elsewhere = await asyncio.to_thread(_found, pattern, base, folder) if file is None else (file, False)
        before = await asyncio.to_thread(replacing.read, found)
        tree = await asyncio.to_thread(work_tree_of, found)
        path = readable(found.resolve().relative_to(tree)) if tree else found.name
        after = changed_file(path, before, base.template_code, candidate.template_code, base.version)
        return Change(
            improvement, tuple(decisions), pattern.name, base, candidate, found, tree, path, before, after, elsewhere
        )

    async def write(self, change: Change, backups: Backups) -> Path:
        """Writes the file anew, in one step; the copy of what it was. Raises as ``replacing.replace``, and InvalidInput for an
        improvement that is not applied, and for a file elsewhere."""
        _require_applied(change.improvement)
        _require_here(change)
        return await asyncio.to_thread(replacing.replace, change.file, change.before, change.after, backups)

    async def commit(self, change: Change, branch: str) -> str:
        """The sha of the one commit of a new branch, which changes the file as it is in what is checked out, with the proof in
        its message. Nothing else is touched.

        Raises InvalidInput for an improvement that is not applied, for a file elsewhere, and outside git; Conflict for a file
        that is committed otherwise than the base version was, or says it already, and for a branch that is there.
        """
        _require_applied(change.improvement)
        _require_here(change)
        if change.work_tree is None:
            raise InvalidInput("--branch", f"{change.file} is in no repository; use --write")
        message = commit_message(
            change.improvement, change.name, change.decisions, change.base.version, change.candidate.version
        )
        return await asyncio.to_thread(_commit, change, branch, message)


def _commit(change: Change, branch: str, message: str) -> str:
    assert change.work_tree is not None
    branches = Branches(change.work_tree)
    committed = branches.text(change.path)
    if committed is None:
        raise InvalidInput("--branch", f"{change.path} is not committed yet; commit it, or use --write")
    after = changed_file(
        change.path, committed, change.base.template_code, change.candidate.template_code, change.base.version
    )
    if after == committed:
        raise Conflict("file", change.path, "says what the improvement wants already, in what is checked out")
    return branches.commit(branch, change.path, after, message)


def _require_applied(improvement: Improvement) -> None:
    if improvement.status is not ImprovementStatus.APPLIED:
        raise InvalidInput(
            "IMPROVEMENT",
            f"{improvement.improvement_id} is {improvement.status.value}, and only what is applied is written; "
            "look at it with --patch, and approve it",
        )


def _require_here(change: Change) -> None:
    if change.elsewhere:
        raise InvalidInput(
            "--file",
            f"is needed: {change.file} is outside of the current repository or folder, and only the graph names it",
        )


def _found(pattern: Pattern, base: PatternVersion, folder: Path) -> tuple[Path, bool]:
    """The file of a pattern: where its base or itself was seen, in the work tree of a folder or else where it was scanned.

    Of several, the first that says what the base does. Whether it was found elsewhere than from the folder comes with it. Any
    client writes what the graph says of files, so it leads to nothing outside of these folders, by a path or by a link.
    """
    told = list(dict.fromkeys(_texts(base.metadata.get("path"), pattern.metadata.get("path"))))
    if not told:
        raise InvalidInput("--file", f"is needed: it is not known in which file {pattern.pattern_id} is written")
    paths = [path for path in told if _leads_within(path)]
    if not paths:
        raise InvalidInput(
            "--file", f"is needed: the graph says that it is {told[0]!r}, which no path in a repository is"
        )
    here = work_tree_of(folder) or folder
    held = pattern.metadata.get("folders")
    there = [Path(root) for root in _texts(*(held if isinstance(held, list) else ())) if "\0" not in root]
    roots = list(dict.fromkeys([here, *(root for root in there if root.is_absolute())]))
    files = [(file, root) for root in roots for path in paths if (file := root / path).is_file()]
    if not files:
        raise InvalidInput("--file", f"is needed: {paths[0]} is not in {', '.join(map(str, roots))}")
    within = [file for file, root in files if _is_within(file, root)]
    if not within:
        file, root = files[0]
        raise InvalidInput("--file", f"is needed: {file} leads to {file.resolve()}, which is outside of {root}")
    found = next((file for file in within if _says(file, base.template_code)), within[0])
    return found, not _is_within(found, here)


def _leads_within(path: str) -> bool:
    """Whether a path is one of a file in a repository, and none of git's own."""
    parts = PurePosixPath(path).parts
    anchored = path.startswith("/") or PureWindowsPath(path).anchor
    return not anchored and "\0" not in path and ".." not in parts and ".git" not in [part.lower() for part in parts]


def _is_within(file: Path, root: Path) -> bool:
    return file.resolve().is_relative_to(root.resolve())


def _says(file: Path, text: str) -> bool:
    try:
        return same_text(replacing.read(file), text)
    except InvalidInput:
        return False


def _texts(*values: object) -> Iterable[str]:
    return [value for value in values if isinstance(value, str) and value]
