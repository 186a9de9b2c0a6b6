"""Reading the history of a git repository through the ``git`` program.

Nothing is checked out, written or fetched, and nothing that the repository configures is run: git is started without
pager, hooks, external diffs, text conversion, signature checks or network protocols. Objects are read as they are,
without grafts and replacements. How files become lineages is in ``git_history``.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Self

from loopgraph.contracts.lineage.git import Commit, CommitFiles, FileVersion
from loopgraph.effects.git.history import FileHistory, parse_diffs
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
_LARGEST_TREE = 1 << 22
_SHA256 = 64


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

    async def head(self) -> str | None:
        """The sha of the commit that is checked out, None where there is none yet."""
        status, output, _ = await self._run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        sha = output.decode("ascii", "replace").strip()
        return None if status or not _SHA.fullmatch(sha) else sha

    async def is_shallow(self) -> bool:
        """Whether the history was cut off when it was cloned, as CI does."""
        return (await self._output("rev-parse", "--is-shallow-repository")).strip() == b"true"

    async def text(self, *arguments: str) -> str:
        """What a command of git prints; the caller has checked the arguments. Raises InvalidInput where it fails."""
        return (await self._output(*arguments)).decode("utf-8", "replace")

    async def patch_ids(self, *arguments: str) -> dict[str, str]:
        """The ids of the patches that a command of git prints, by the commit that each is of; of a patch of none, by zeros.

        Patches that change the same in the same way, white space included, have one id, wherever and by whomever.
        """
        with TemporaryFile() as patches:
            patches.write(await self._output(*arguments))
            for how in (
                "--verbatim",
                "--stable",
            ):  # a git before 2.39 knows only the second, which takes no account of white space
                patches.seek(0)
                process = await self._start("patch-id", how, stdin=patches, stderr=DEVNULL)
                output, _ = await process.communicate()
                if process.returncode == 0:
                    break
        return {sha: patch for patch, sha in (line.split() for line in output.decode().splitlines())}

    async def option(self, name: str) -> str | None:
        """A value of the repository's own configuration, None where it is not set."""
        status, output, _ = await self._run("config", "--local", "--get", name)
        return None if status else output.decode("utf-8", "replace").strip() or None

    async def blobs(self, ref: str) -> AsyncGenerator[tuple[str, str]]:
        """Path and sha of every file that ``ref`` has; links and submodules are none."""
        tip = await self.resolve(ref)
        async with aclosing(self._records("ls-tree", "-r", "-z", "--full-tree", tip)) as records:
            async for record in records:
                about, _, path = record.partition(b"\t")
                mode, kind, sha = about.decode("ascii").split()
                if kind == "blob" and mode.startswith("100"):
                    yield path.decode("utf-8", "backslashreplace"), sha

    async def name(self) -> str:
        """The name of the repository's folder, without ``.git``; bytes that are not UTF-8 are written ``\\xNN``."""
        folder = os.fsdecode((await self._output("rev-parse", "--git-common-dir")).removesuffix(b"\n"))
        common = (Path(self._path) / folder).resolve()
        name = common.parent.name if common.name == ".git" else common.name.removesuffix(".git")
        return os.fsencode(name).decode("utf-8", "backslashreplace")

    async def count(self, ref: str, glob: str | Sequence[str] | None = None) -> int:
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

    async def file_versions(self, ref: str, glob: str | Sequence[str]) -> AsyncGenerator[FileVersion]:
        """All versions of the files that match ``glob``, or one of several, each after its parents; ``history`` says what those
        are.

        Raises InvalidInput (field ``glob``) for a pattern that cannot match a path of the repository.
        """
        async with aclosing(self.file_changes(ref, glob)) as changes:
            async for change in changes:
                for version in change.versions:
                    yield version

    async def file_changes(self, ref: str, glob: str | Sequence[str]) -> AsyncGenerator[CommitFiles]:
        """What each commit of ``ref``'s history did to the files that match ``glob``; each commit after its parents.

        Raises as :meth:`file_versions`.
        """
        pathspecs = [_pathspec(one) for one in ([glob] if isinstance(glob, str) else glob)]
        tip = await self.resolve(ref)
        listed = await self._output("rev-list", *_ORDER, "--parents", tip)
        graph = [line.split() for line in listed.decode("ascii").splitlines()]
        history = FileHistory(graph)
        # One line asks for one comparison: of a commit with one of its parents, or of a root commit with nothing.
        wanted = "".join(f"{sha} {parent}\n" for sha, *parents in graph for parent in parents or ("",))
        del graph
        async with (
            aclosing(self.commits(tip)) as commits,
            aclosing(self._records(*_DIFF, "--", *pathspecs, stdin=wanted.encode("ascii"))) as records,
            aclosing(parse_diffs(records)) as diffs,
        ):
            async for commit in commits:
                yield history.advance(commit, [await anext(diffs) for _ in commit.parents or ("",)])

    async def touched(self, ref: str, folders: Sequence[str]) -> AsyncGenerator[tuple[str, frozenset[str]]]:
        """Each commit of ``ref``'s history that changed anything below some folders, and the paths that it changed there."""
        tip, begins = await self.resolve(ref), b"\1"
        options = ("-m", "--name-only", "--no-renames", "-z", "--format=%x01%H", "--no-show-signature")
        paths = (f":(top,literal){folder}/" for folder in folders)
        sha, found = "", set[str]()
        async with aclosing(self._records("log", *options, tip, "--", *paths)) as records:
            async for record in records:
                record = record.lstrip(b"\n")
                if record.startswith(begins):
                    if sha and found:
                        yield sha, frozenset(found)
                    sha, found = record[1:].decode("ascii"), set()
                elif record:
                    found.add(record.decode("utf-8", "backslashreplace"))
        if sha and found:
            yield sha, frozenset(found)

    async def tree(self, name: str) -> list[tuple[str, str, str]] | None:
        """Mode, name and sha of the entries of a tree, by its sha or as ``commit:folder``; None if it is none."""
        if "\n" in name:
            return None
        async with self._blobs_turn:
            try:
                kind, content = await self._read_object(name, _LARGEST_TREE)
            except BaseException:
                await self._close_blobs()
                raise
        if kind != "tree" or content is None:
            return None
        entries, at, size = [], 0, (32 if len(name.partition(":")[0]) == _SHA256 else 20)
        while at < len(content):
            space, end = content.index(b" ", at), content.index(b"\0", at)
            sha = content[end + 1 : end + 1 + size].hex()
            entries.append(
                (content[at:space].decode("ascii"), content[space + 1 : end].decode("utf-8", "backslashreplace"), sha)
            )
            at = end + 1 + size
        return entries

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
        to_git.write(f"{sha}\n".encode("utf-8", "surrogateescape"))
        await to_git.drain()
        line = await from_git.readline()
        if line.endswith(b" missing\n"):  # the name, which can have blanks, stands before it
            return "missing", None
        answer = line.split()  # name, kind, size
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
    # Reads what is left, also of a process that a signal has ended: a full pipe would keep it from being collected.
    await process.communicate()


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
