"""Reads files of transcripts: line by line, with a digest of what has been read."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from loopgraph.contracts.transcripts import Stamp
from loopgraph.errors import InvalidInput

LONGEST_LINE: Final = 64 * 1024 * 1024
"""A line of more bytes is passed over: it would have to be held whole."""

ABOUT: Final = ".meta.json"
"""What a file about a transcript is called, in place of its ``.jsonl``."""

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
    written; 0 if there is none."""

    client: str
    path: Path
    stamp: Stamp
    about_ns: int = 0

    @property
    def file_id(self) -> str:
        """What its position is stored under."""
        return hashlib.sha256(f"{self.client}\0{self.path}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


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
    """A whole line without its end, None if it is too long, and the offset of the next one."""

    content: bytes | None
    end: int


class LineReader:
    """The lines of one file, from its first; what is there is read, and more when it has grown. Not to be shared by threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self.offset = 0

    @property
    def digest(self) -> str:
        """The SHA-256 of what has been read."""
        return self._hash.hexdigest()

    def lines(self, *, last: bool = False) -> Iterator[Line]:
        """The lines that have not been read; one that has no end yet is left, unless it is the ``last``. Raises OSError."""
        with opened(self._path) as file:
            file.seek(self.offset)
            while content := file.readline(LONGEST_LINE):
                length, pending = len(content), self._hash.copy()
                pending.update(content)
                if not content.endswith(b"\n") and length == LONGEST_LINE:
                    while part := file.readline(_CHUNK):
                        length += len(part)
                        pending.update(part)
                        if part.endswith(b"\n"):
                            break
                    else:
                        return
                    content = b""
                elif not content.endswith(b"\n") and not last:
                    return
                self._hash, self.offset = pending, self.offset + length
                yield Line(content.rstrip(b"\r\n") if content else None, self.offset)


def digest_of(path: Path, size: int) -> str | None:
    """The SHA-256 of the first so many bytes of a file; None if it is shorter. Raises OSError."""
    digest, left = hashlib.sha256(), size
    with opened(path) as file:
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


def uuids_in(path: Path) -> set[str]:
    """The ids of the lines of a file. Raises OSError."""
    return {
        found[1].decode("utf-8", "replace")
        for line in LineReader(path).lines(last=True)
        if line.content
        for found in _UUID.finditer(line.content)
    }


def _text(match: re.Match[bytes] | None) -> str | None:
    return match[1].decode("utf-8", "replace") if match else None
