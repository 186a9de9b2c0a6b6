"""Reads files of transcripts: line by line, with a digest of what has been read."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol

from loopgraph.contracts.traces.transcripts import Position, Stamp
from loopgraph.errors import InvalidInput

ABOUT: Final = ".meta.json"
"""What a file about a transcript is called, in place of its ``.jsonl``."""

COMPRESSED: Final = ".zst"
"""What a client adds to the name of a transcript that it has compressed."""

_CHUNK: Final = 1 << 20
_FIRST: Final = 16 * 1024
_HEAD: Final = 256 * 1024
"""So much of a file is looked at for its first line, if that is not in the first few."""

_UUID = re.compile(rb'"uuid":\s*"([^"]{1,100})"')
_TIMESTAMP = re.compile(rb'"timestamp":\s*"([^"]{1,40})"')
_FORKED = re.compile(rb'"forkedFrom":\s*\{')


@dataclass(frozen=True)
class FoundFile:
    """A file of a client's transcripts, as it was found. ``about_ns`` is when the file beside it that tells about it was last
    written; 0 if there is none.

    Of a file that holds many transcripts ``part`` names one, ``weight`` is about how many bytes that has, and ``is_subagents``
    tells that it is no session of its own.
    """

    client: str
    path: Path
    stamp: Stamp
    about_ns: int = 0
    part: str = ""
    weight: int | None = None
    is_subagents: bool = False

    @cached_property
    def file_id(self) -> str:
        """What its position is stored under: the same once its client has compressed it."""
        named = f"{self.client}\0{str(self.path).removesuffix(COMPRESSED)}" + (f"\0{self.part}" if self.part else "")
        return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.path}#{self.part}" if self.part else str(self.path)

    @property
    def name(self) -> str:
        """What it is called where it is."""
        return self.part or self.path.name.removesuffix(COMPRESSED).removesuffix(self.path.suffix).removesuffix(
            ".jsonl"
        )

    @property
    def to_read(self) -> int:
        """About so many bytes have to be read."""
        return self.stamp.size if self.weight is None else self.weight


def found(client: str, path: Path) -> FoundFile | None:
    """The file at a path; None if it has gone, or is no file, such as a pipe."""
    try:
        status = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    try:
        about_ns = path.with_suffix(ABOUT).stat().st_mtime_ns
    except OSError:
        about_ns = 0
    return FoundFile(client, path, Stamp(status.st_size, max(status.st_mtime_ns, about_ns)), about_ns)


def existing(path: Path) -> Path:
    """The path as it is stored, absolute. Raises InvalidInput if nothing is there, or neither a file nor a folder."""
    path = path.expanduser().absolute()
    if not path.exists():
        raise InvalidInput("path", f"there is nothing at {path}")
    if not (path.is_file() or path.is_dir()):
        raise InvalidInput("path", f"there is neither a file nor a folder at {path}")
    return Path(os.path.normpath(path))


def opened(path: Path) -> BinaryIO:
    """A file to be read. Raises OSError, also for what is no file: to read a pipe would be to wait for who writes it."""
    return open(path, "rb", opener=_open)


def _open(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no file", path)


def jsonl_files(folder: Path) -> Iterator[Path]:
    """The ``.jsonl`` files in a folder and those below, in the order of their names; a folder that cannot be read has none."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".jsonl"):
                yield Path(parent, name)


class Line(NamedTuple):
    """A whole line without its end, None if it is too long; and whether it is new: not recorded before."""

    content: bytes | None
    is_new: bool = True


class Reached(NamedTuple):
    """How far a transcript has been read, as its position keeps it."""

    offset: int
    digest: str


class Lines(Protocol):
    """The lines of one transcript, from its first; what is there is read, and more when it has grown. ``read_bytes`` have been
    read. Not to be shared by threads."""

    read_bytes: int

    def resume(self, known: Position) -> None:
        """What was recorded before is not new, if it still stands there. Raises OSError."""
        ...

    def lines(self, *, last: bool = False) -> Iterator[Line]:
        """The lines that have not been read; one that has no end yet is left, unless it is the ``last``. Raises OSError."""
        ...

    def stands(self) -> bool:
        """Whether what has been read still stands there. Raises OSError."""
        ...

    def reached(self, *, whole: bool) -> Reached:
        """How far it is. ``whole``: all that was there has been read."""
        ...


class LineReader:
    """The lines of a file. See ``Lines``. One of more than ``longest`` bytes is passed over: it would have to be held whole."""

    def __init__(self, path: Path, longest: int) -> None:
        self.path = path
        self._longest = longest
        self._hash = hashlib.sha256()
        self._unhashed = bytearray()
        self._recorded = 0
        self.read_bytes = 0

    def resume(self, known: Position) -> None:
        """See ``Lines``."""
        if known.offset and self._digest_of(known.offset) == known.digest:
            self._recorded = known.offset

    def stands(self) -> bool:
        """See ``Lines``."""
        return self._digest_of(self.read_bytes) == self._digest()

    def reached(self, *, whole: bool) -> Reached:
        """The bytes that have been read, and their SHA-256."""
        return Reached(self.read_bytes, self._digest())

    def lines(self, *, last: bool = False) -> Iterator[Line]:
        """See ``Lines``."""
        with self._from(self.read_bytes) as file:
            while content := file.readline(self._longest):
                if content.endswith(b"\n") or (last and len(content) < self._longest):
                    self._take(content)
                    yield Line(content.rstrip(b"\r\n"), self.read_bytes > self._recorded)
                elif len(content) < self._longest or not self._pass_over(content, file):
                    return
                else:
                    yield Line(None, self.read_bytes > self._recorded)

    def _take(self, content: bytes) -> None:
        """It has been read. Digests are made of many lines at once: to make one lets other threads go first."""
        self.read_bytes += len(content)
        self._unhashed += content
        if len(self._unhashed) > _CHUNK:
            self._digest()

    def _digest(self) -> str:
        self._hash.update(self._unhashed)
        self._unhashed.clear()
        return self._hash.hexdigest()

    def _pass_over(self, content: bytes, file: BinaryIO) -> bool:
        """Reads the rest of a line that is too long; whether it has an end."""
        self._digest()
        length, digest = len(content), self._hash.copy()
        digest.update(content)
        while not content.endswith(b"\n") and (content := file.readline(_CHUNK)):
            length += len(content)
            digest.update(content)
        if not content:
            return False
        self._hash, self.read_bytes = digest, self.read_bytes + length
        return True

    @contextmanager
    def _from(self, offset: int) -> Iterator[BinaryIO]:
        """The file from an offset on."""
        with opened(self.path) as file:
            file.seek(offset)
            yield file

    def _digest_of(self, size: int) -> str | None:
        """The SHA-256 of the first so many bytes; None if there are fewer."""
        digest, left = hashlib.sha256(), size
        with self._from(0) as file:
            while left and (part := file.read(min(left, _CHUNK))):
                digest.update(part)
                left -= len(part)
        return None if left else digest.hexdigest()


class Head(NamedTuple):
    """How a file begins: the id of its first line that has one, whether that was copied, and the first time in it."""

    uuid: str | None
    is_copy: bool
    at: str


def head_of(path: Path) -> Head:
    """How a file begins. Raises OSError."""
    with opened(path) as file:
        begin = file.read(_FIRST)
        if not _UUID.search(begin):
            begin += file.read(_HEAD - _FIRST)
    uuid, at = _UUID.search(begin), _TIMESTAMP.search(begin)
    return Head(_text(uuid), _FORKED.search(begin) is not None, _text(at) or "")


def uuids_in(path: Path, longest: int) -> set[str]:
    """The ids of the lines of a file, but for those of more than ``longest`` bytes. Raises OSError."""
    return {
        found[1].decode("utf-8", "replace")
        for line in LineReader(path, longest).lines(last=True)
        if line.content
        for found in _UUID.finditer(line.content)
    }


def _text(match: re.Match[bytes] | None) -> str | None:
    return match[1].decode("utf-8", "replace") if match else None
