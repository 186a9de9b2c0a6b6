"""Reading the history of a git repository through the ``git`` program.

Nothing is checked out, written or fetched, and nothing that the repository configures is run: git is started without
pager, hooks, external diffs, text conversion, signature checks or network protocols. Objects are read as they are,
without grafts and replacements.

How files become lineages:

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

import asyncio
import hashlib
import os
import re
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple, Self

from loopgraph.contracts.git import Commit, FileKey, FileStatus, FileVersion
from loopgraph.errors import InvalidInput, NotFound, SetupError

_GIT = (
    "git",
    "--no-pager",
    "--no-replace-objects",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "log.showSignature=false"),
    *("-c", "advice.graftFileDeprecated=false"),
)
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone would fetch what it lacks
    "GIT_NO_LAZY_FETCH": "1",
}
_ORDER = ("--topo-order", "--reverse")
_FIELDS = "%H%n%P%n%an%n%ae%n%at%n%ct%n%s"
_DIFF = (
    *("diff-tree", "--stdin", "--root", "--always", "-r", "-z", "--raw", "--no-abbrev"),
    *("--no-ext-diff", "--no-textconv", "-M", "-l1000", "--no-rename-empty"),
)
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_CHUNK = 1 << 18


class GitRepository:
    """A local repository: a work tree, a folder in one, a linked work tree or a bare repository.

    ``async with GitRepository(path) as repository`` opens it. Opening raises InvalidInput (field ``path``) when git
    cannot read a repository there and SetupError when there is no git. Every method that takes a ``ref`` (a branch, a
    tag, a commit: whatever git resolves to one commit) raises InvalidInput (field ``ref``) for anything else.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = str(Path(path))
        self._blobs: Process | None = None
        self._blobs_turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        if "\0" in self._path:
            raise InvalidInput("path", f"{self._path!r} cannot be a path; give the folder of a git repository")
        await self._output("rev-parse", "--git-dir")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close_blobs()

    async def resolve(self, ref: str) -> str:
        """The sha of the commit that ``ref`` names."""
        if not ref or ref.startswith("-") or not ref.isprintable():
            raise InvalidInput("ref", f"{ref!r} cannot be the name of a branch, tag or commit")
        status, output, _ = await self._run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        sha = output.decode("ascii", "replace").strip()
        if status or not _SHA.fullmatch(sha):
            raise InvalidInput("ref", f"{ref!r} names no commit of this repository; give a branch, a tag or a commit")
        return sha

    async def identity(self, ref: str = "HEAD") -> str:
        """A stable id, 32 hexadecimal digits: a hash of the root commits of ``ref``, so that all clones have the same.

        Shallow clones are the exception: where the history was cut off is a root to them.
        """
        roots = await self._output("rev-list", "--max-parents=0", await self.resolve(ref))
        return hashlib.sha256(b"\n".join(sorted(roots.split()))).hexdigest()[:32]

    async def count(self, ref: str, glob: str | None = None) -> int:
        """How many commits :meth:`commits` will yield or, with a glob, versions :meth:`file_versions` will.

        The first asks git; the second is a whole pass over the history.
        """
        if glob is None:
            return int(await self._output("rev-list", "--count", await self.resolve(ref)))
        async with aclosing(self.file_versions(ref, glob)) as versions:
            return sum([1 async for _ in versions])

    async def commits(self, ref: str) -> AsyncGenerator[Commit]:
        """All commits of ``ref``'s history, each after its parents."""
        tip = await self.resolve(ref)
        arguments = ("log", *_ORDER, "-z", f"--format={_FIELDS}", "--encoding=UTF-8", "--no-show-signature", tip)
        async with aclosing(self._records(*arguments)) as records:
            async for record in records:
                yield _commit(record)

    async def file_versions(self, ref: str, glob: str) -> AsyncGenerator[FileVersion]:
        """All versions of the files that match ``glob``, each after its parents. The module says what a version is.

        Raises InvalidInput (field ``glob``) for a pattern that cannot match a path of the repository.
        """
        pathspec = _pathspec(glob)
        tip = await self.resolve(ref)
        listed = await self._output("rev-list", *_ORDER, "--parents", tip)
        graph = [line.split() for line in listed.decode("ascii").splitlines()]
        history = _FileHistory(graph)
        # One line asks for one comparison: of a commit with one of its parents, or of a root commit with nothing.
        wanted = "".join(f"{sha} {parent}\n" for sha, *parents in graph for parent in parents or ("",))
        del graph
        async with (
            aclosing(self.commits(tip)) as commits,
            aclosing(self._records(*_DIFF, "--", pathspec, stdin=wanted.encode("ascii"))) as records,
            aclosing(_diffs(records)) as diffs,
        ):
            async for commit in commits:
                of_parents = [await anext(diffs) for _ in commit.parents or ("",)]
                for version in history.advance(commit, of_parents):
                    yield version

    async def blob_text(self, sha: str, max_bytes: int) -> str | None:
        """The text of a blob; None when it is binary (has a NUL byte) or longer than ``max_bytes``.

        What is not valid UTF-8 has U+FFFD in its place. Raises InvalidInput (field ``sha``) when this is not the sha
        of a blob and NotFound when the repository lacks it. One git process answers all calls.
        """
        if not _SHA.fullmatch(sha):
            raise InvalidInput("sha", f"{sha!r} is not a full object name of 40 or 64 hexadecimal digits")
        async with self._blobs_turn:
            try:
                kind, content = await self._read_object(sha, max_bytes)
            except BaseException:
                await self._close_blobs()  # an answer that was not read to its end would be taken for the next
                raise
        if kind == "missing":
            raise NotFound("blob", sha)
        if kind != "blob":
            raise InvalidInput("sha", f"{sha} is a {kind}, not a blob")
        return None if content is None or b"\0" in content else content.decode("utf-8", "replace")

    async def _read_object(self, sha: str, max_bytes: int) -> tuple[str, bytes | None]:
        """Kind and content; None for content of more than ``max_bytes``."""
        if self._blobs is None:
            self._blobs = await self._start("cat-file", "--batch", stdin=PIPE, stderr=DEVNULL)
        to_git, from_git = self._blobs.stdin, self._blobs.stdout
        assert to_git is not None
        assert from_git is not None
        to_git.write(f"{sha}\n".encode("ascii"))
        await to_git.drain()
        answer = (await from_git.readline()).split()  # name, kind, size; or: name, "missing"
        if len(answer) == 2:
            return answer[1].decode("ascii"), None
        if len(answer) != 3:
            raise InvalidInput("path", f"git cannot read the object {sha} of {self._path!r}")
        size = int(answer[2])
        content = bytearray()
        left = size + 1  # a line feed ends the content
        while left:
            chunk = await from_git.read(min(left, _CHUNK))
            if not chunk:
                raise InvalidInput("path", f"git cannot read the object {sha} of {self._path!r}")
            left -= len(chunk)
            if size <= max_bytes:
                content += chunk
        return answer[1].decode("ascii"), bytes(content[:-1]) if size <= max_bytes else None

    async def _close_blobs(self) -> None:
        if self._blobs is not None:
            process, self._blobs = self._blobs, None
            await _end(process)

    async def _start(self, *arguments: str, stdin: int | IO[bytes], stderr: int | IO[bytes]) -> Process:
        # Variables such as GIT_DIR point elsewhere when a hook starts this program; configuration is the user's own.
        kept = {name: value for name, value in os.environ.items() if not re.match("GIT_(?!CONFIG_|EXEC_PATH$)", name)}
        command = (*_GIT, "-C", self._path, *arguments)
        try:
            return await asyncio.create_subprocess_exec(
                *command, stdin=stdin, stdout=PIPE, stderr=stderr, env=kept | _ENVIRONMENT, limit=_CHUNK
            )
        except FileNotFoundError as error:
            raise SetupError("the program git was not found; install git 2.30 or later") from error

    async def _run(self, *arguments: str) -> tuple[int, bytes, bytes]:
        """Exit status, output and complaints."""
        process = await self._start(*arguments, stdin=DEVNULL, stderr=PIPE)
        try:
            output, complaints = await process.communicate()
        finally:
            await _end(process)
        return process.returncode or 0, output, complaints

    async def _output(self, *arguments: str) -> bytes:
        status, output, complaints = await self._run(*arguments)
        if status:
            raise self._unreadable(complaints)
        return output

    async def _records(self, *arguments: str, stdin: bytes = b"") -> AsyncGenerator[bytes]:
        """The records that git prints, each ended by NUL."""
        with TemporaryFile() as given, TemporaryFile() as complaints:  # files, unlike pipes, cannot fill up
            given.write(stdin)
            given.seek(0)
            process = await self._start(*arguments, stdin=given, stderr=complaints)
            assert process.stdout is not None
            try:
                rest = b""
                while chunk := await process.stdout.read(_CHUNK):
                    *records, rest = (rest + chunk).split(b"\0")
                    for record in records:
                        yield record
                if await process.wait():
                    complaints.seek(0)
                    raise self._unreadable(complaints.read())
            finally:
                await _end(process)

    def _unreadable(self, complaints: bytes) -> InvalidInput:
        lines = re.findall(r"^(?:error|fatal): (.+)", complaints.decode("utf-8", "replace"), re.MULTILINE)
        return InvalidInput("path", f"git cannot read a repository at {self._path!r}: {'; '.join(lines[-3:])}")


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.communicate()  # reads what is left: a full pipe would keep the process from being collected


def _pathspec(glob: str) -> str:
    if not glob or glob.startswith("/") or ".." in glob.split("/") or "\0" in glob:
        raise InvalidInput("glob", f"{glob!r} must be a pattern of paths in the repository, such as 'prompts/**/*.md'")
    return f":(top,glob){glob}"


def _commit(record: bytes) -> Commit:
    sha, parents, name, email, authored, committed, subject = record.decode("utf-8", "replace").split("\n", 6)
    return Commit(
        sha=sha,
        parents=tuple(parents.split()),
        author_name=name,
        author_email=email,
        authored_at=_instant(authored),
        committed_at=_instant(committed),
        subject=subject,
    )


def _instant(seconds: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


class _Change(NamedTuple):
    """What a commit did to a path, seen from one parent, where the file was at ``source``."""

    status: FileStatus
    source: str
    blob: str | None


_Diff = Mapping[str, _Change | None]
"""Changes by path; None for a path whose file went on under another."""


async def _diffs(records: AsyncIterator[bytes]) -> AsyncGenerator[_Diff]:
    """Parses ``git diff-tree --stdin --raw -z``: a commit's sha, its changes, the next sha, and so on."""
    diff: dict[str, _Change | None] | None = None
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
                diff[path] = _Change(FileStatus.RENAMED if renamed else FileStatus.MODIFIED, source, blob)
                if renamed:
                    diff[source] = None
            case True, False:
                diff[path] = _Change(FileStatus.DELETED, path, None)
            case False, True:
                diff[path] = _Change(FileStatus.ADDED, path, blob)
    if diff is not None:
        yield diff


class _FileHistory:
    """The last version of every path, for each commit that still has children to come.

    Commits are passed to :meth:`advance` in an order with parents first. The last child of a commit takes its map over,
    so only branching copies one.
    """

    def __init__(self, graph: Sequence[Sequence[str]]) -> None:
        self._children_to_come = Counter(parent for _, *parents in graph for parent in parents)
        self._latest: dict[str, dict[str, FileVersion]] = {}

    def advance(self, commit: Commit, diffs: Sequence[_Diff]) -> list[FileVersion]:
        """The versions that ``commit`` makes. ``diffs``: one for each parent; for a root one with nothing."""
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
        self._keep(commit, before[0], after)
        return [version for version in after.values() if version is not None and version.commit is commit]

    def _keep(self, commit: Commit, inherited: dict[str, FileVersion], after: Mapping[str, FileVersion | None]) -> None:
        for parent in commit.parents:
            self._children_to_come[parent] -= 1
            if not self._children_to_come[parent]:
                del self._latest[parent]
        if not self._children_to_come[commit.sha]:
            return
        if commit.parents and commit.parents[0] in self._latest:
            inherited = inherited.copy()
        for path, version in after.items():
            if version is None:
                inherited.pop(path, None)
            else:
                inherited[path] = version
        self._latest[commit.sha] = inherited


def _version(
    commit: Commit, path: str, changes: Sequence[_Change | None], before: Sequence[Mapping[str, FileVersion]]
) -> FileVersion:
    earlier = [
        known[change.source]
        for change, known in zip(changes, before, strict=True)
        if change is not None and change.source in known
    ]
    seen = next(change for change in changes if change is not None)
    key = FileKey(commit.sha, path)
    return FileVersion(
        commit=commit,
        path=path,
        status=seen.status,
        blob=seen.blob,
        parents=tuple(dict.fromkeys(version.key for version in earlier)),
        lineage=earlier[0].lineage if earlier else key,
    )
