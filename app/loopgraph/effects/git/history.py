"""How the files of a git history become lineages: from what git says of each commit to the versions that it made.

- A glob is git's own ``:(top,glob)`` pathspec: ``*`` stays within a folder, ``**/`` is any number of folders. git looks
  at matching paths only, so a rename into the glob is an addition and a rename out of it a deletion.
- A commit makes a version of a file when the file differs from what **every** parent has. A merge that took a file
  over from one of its parents makes none: the file goes on from there, and from the first such parent when there are
  several. This is what ``git log -- path`` calls the history of a path.
- A rename (git's ``-M``: the content is at least half the same) goes on with the lineage of the former path, and that
  path is free for another file. A copy is an addition.
- A deletion is a version without content. A file that comes back under the same path goes on from it.
- Lineages that a merge brings together go on as the first parent's; the others are parents of that version.
- Symbolic links and submodules are not files here. A file that becomes one is deleted, and the reverse is an addition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import NamedTuple

from loopgraph.contracts.lineage.git import Commit, CommitFiles, FileKey, FileStatus, FileVersion


class Change(NamedTuple):
    """What a commit did to a path, seen from one parent, where the file was at ``source``."""

    status: FileStatus
    source: str
    blob: str | None


Diff = Mapping[str, Change | None]
"""Changes by path; None for a path whose file went on under another."""


async def parse_diffs(records: AsyncIterator[bytes]) -> AsyncGenerator[Diff]:
    """Parses ``git diff-tree --stdin --raw -z``: a commit's sha, its changes, the next sha, and so on."""
    diff: dict[str, Change | None] | None = None
    async for record in records:
        if not record.startswith(b":"):
            if diff is not None:
                yield diff
            diff = {}
            continue
        assert diff is not None
        old_mode, new_mode, _, blob, status = record[1:].decode("ascii").split()
        source = path = (await anext(records)).decode("utf-8", "backslashreplace")
        if renamed := status.startswith("R"):
            path = (await anext(records)).decode("utf-8", "backslashreplace")
        match old_mode.startswith("100"), new_mode.startswith("100"):  # regular files
            case True, True:
                diff[path] = Change(FileStatus.RENAMED if renamed else FileStatus.MODIFIED, source, blob)
                if renamed:
                    diff[source] = None
            case True, False:
                diff[path] = Change(FileStatus.DELETED, path, None)
            case False, True:
                diff[path] = Change(FileStatus.ADDED, path, blob)
    if diff is not None:
        yield diff


class FileHistory:
    """The last version of every path, for each commit that still has children to come.

    Commits are passed to :meth:`advance` in an order with parents first. The last child of a commit takes its map over,
    so only branching copies one.
    """

    def __init__(self, graph: Sequence[Sequence[str]]) -> None:
        self._children_to_come = Counter(parent for _, *parents in graph for parent in parents)
        self._latest: dict[str, dict[str, FileVersion]] = {}

    def advance(self, commit: Commit, diffs: Sequence[Diff]) -> CommitFiles:
        """What ``commit`` does. ``diffs``: one for each parent; for a root one with nothing."""
        before = [self._latest[parent] for parent in commit.parents] or [{}]
        after: dict[str, FileVersion | None] = {}
        for path, change in diffs[0].items():
            same = next((i for i, diff in enumerate(diffs) if path not in diff), None)
            if same is not None:
                after[path] = before[same].get(path)
            elif change is None or any(diff[path] is None for diff in diffs):
                after[path] = None
            else:
                after[path] = _version(commit, path, [diff[path] for diff in diffs], before)
        versions = [version for version in after.values() if version is not None and version.commit is commit]
        return CommitFiles(commit, versions, self._keep(commit, before[0], after))

    def _keep(
        self, commit: Commit, inherited: dict[str, FileVersion], after: Mapping[str, FileVersion | None]
    ) -> Mapping[str, FileVersion]:
        for parent in commit.parents:
            self._children_to_come[parent] -= 1
            if not self._children_to_come[parent]:
                del self._latest[parent]
        if commit.parents and commit.parents[0] in self._latest:
            inherited = inherited.copy()
        for path, version in after.items():
            if version is None:
                inherited.pop(path, None)
            else:
                inherited[path] = version
        self._latest[commit.sha] = inherited
        return inherited


def _version(
    commit: Commit, path: str, changes: Sequence[Change | None], before: Sequence[Mapping[str, FileVersion]]
) -> FileVersion:
    earlier = [
        known[change.source]
        for change, known in zip(changes, before, strict=True)
        if change is not None and change.source in known
    ]
    seen = next(change for change in changes if change is not None)
    key = FileKey(commit.sha, path)
    lineage = earlier[0].lineage if earlier else key
    return FileVersion(
        commit=commit,
        path=path,
        status=seen.status,
        blob=seen.blob,
        parents=tuple(dict.fromkeys(version.key for version in earlier)),
        lineage=lineage,
        joins=tuple(dict.fromkeys(version.lineage for version in earlier if version.lineage != lineage)),
    )
