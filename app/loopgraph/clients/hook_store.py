"""A folder of events, one file each, so that nothing can be half there; what a ``put`` costs does not grow with what is there.

    .counts                       the bytes of all events, and the bucket that is being filled; its lock guards both
    <instant>/                    a bucket of some hundred events, named by the first
        <instant>-<id>[~<n>].json an event, its instant in ns since 1970; n times it was tried in vain
    <instant>-<id>.json           the same, as versions before this layout wrote them, and as it is still done without a lock

Names begin with the instant, so that sorting gives the order. A file is written under another name and renamed when it is
whole. Standard library only: the shim starts fast.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SUFFIX = ".json"
_BUCKET = 256
_MOVED = 2048
"""So many events are put into buckets at once: for some tens of ms."""
_RECOUNT_S = 60
_LOCK_S, _LOCK_STEP_S = 0.1, 0.005
"""The lock is held for a moment only; but a process can be stopped in that moment, and no hook may wait for it."""


class Item:
    """The file of an event."""

    def __init__(self, path: Path) -> None:
        self.path = path
        at_ns, _, rest = path.name.removesuffix(_SUFFIX).partition("-")
        self.execution_id, _, tries = rest.partition("~")
        self.at_ns, self.tries = int(at_ns), int(tries or 0)


class _Counts:
    """What the store knows of itself, in ``.counts``."""

    def __init__(self, size: int = 0, bucket: str = "-", filled: int = 0, counted_s: int = 0) -> None:
        self.size, self.bucket, self.filled, self.counted_s = size, bucket, filled, counted_s

    @classmethod
    def read(cls, descriptor: int) -> _Counts | None:
        """None if there are none, or what is there is not from here."""
        try:
            size, bucket, filled, counted_s = os.pread(descriptor, 200, 0).decode("ascii").split()
            return cls(int(size), bucket, int(filled), int(counted_s))
        except ValueError:
            return None

    def write(self, descriptor: int) -> None:
        """In one piece, and always of the same length."""
        line = f"{self.size} {self.bucket} {self.filled} {self.counted_s}"
        os.pwrite(descriptor, f"{line:<99}\n".encode(), 0)


class Store:
    """The events in ``folder``, at most ``max_bytes`` together. Any number of processes may use it."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder, self._max_bytes = folder, max_bytes

    def put(self, at_ns: int, execution_id: str, event: bytes) -> bool:
        """Keeps an event of that instant; False if there is no room. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{at_ns:020d}-{execution_id}{_SUFFIX}"
        with self._counts() as counts:
            if counts is None:
                if self.size()[1] + len(event) > self._max_bytes:
                    return False
                self._write(name, self.folder, event)
                return True
            if counts.size + len(event) > self._max_bytes and time.time() >= counts.counted_s + _RECOUNT_S:
                self._recount(counts)  # processes that were killed between a file and its count
            if counts.size + len(event) > self._max_bytes:
                return False
            if counts.bucket == "-" or counts.filled >= _BUCKET:
                counts.bucket, counts.filled = name[:20], 0
            bucket = self.folder / counts.bucket
            bucket.mkdir(mode=0o700, exist_ok=True)
            self._write(name, bucket, event)
            counts.size += len(event)
            counts.filled += 1
        return True

    def items(self) -> Iterator[Item]:
        """The events, the oldest first; buckets that are empty go on the way."""
        names = _names(self.folder)
        loose = [name for name in names if _is_event(name)]
        moved = min(len(loose) // _BUCKET * _BUCKET, _MOVED)
        buckets = {name for name in names if _is_bucket(name)} | self._into_buckets(loose[:moved])
        for group in sorted([*buckets, *loose[moved : moved + 1]]):
            if not _is_bucket(group):  # those in no bucket are one, too
                yield from (Item(self.folder / name) for name in loose[moved:])
                continue
            folder = self.folder / group
            yield from (Item(folder / name) for name in _names(folder) if _is_event(name))
            self._remove_bucket(folder)

    def _into_buckets(self, loose: list[str]) -> set[str]:
        """Puts events that are in no bucket into some, so that they are not listed again and again; answers the buckets."""
        buckets = set()
        for first in range(0, len(loose), _BUCKET):
            bucket = loose[first][:20]
            (self.folder / bucket).mkdir(mode=0o700, exist_ok=True)
            buckets.add(bucket)
            for name in loose[first : first + _BUCKET]:
                with suppress(FileNotFoundError):
                    os.rename(f"{self.folder}/{name}", f"{self.folder}/{bucket}/{name}")  # noqa: PTH104 - many
        return buckets

    def remove(self, item: Item) -> None:
        """Removes an event; nothing if it is gone already."""
        with suppress(FileNotFoundError):
            size = item.path.stat().st_size
            item.path.unlink()
            with self._counts() as counts:
                if counts is not None:
                    counts.size = max(0, counts.size - size)

    def tried(self, item: Item) -> None:
        """Writes down that the event was tried in vain once more."""
        name = f"{item.at_ns:020d}-{item.execution_id}~{item.tries + 1}{_SUFFIX}"
        with suppress(FileNotFoundError):
            item.path.rename(item.path.with_name(name))

    def is_empty(self) -> bool:
        """Whether there is no event; looks at one at most."""
        return next(self._all(), None) is None

    def size(self) -> tuple[int, int]:
        """How many events there are, and their bytes together; looks at each of them."""
        count = size = 0
        for item in self._all():
            with suppress(FileNotFoundError):  # another process has just removed it
                size += item.stat().st_size
                count += 1
        return count, size

    def _all(self) -> Iterator[os.DirEntry[str]]:
        """All events, in no order."""
        folders = [self.folder]
        for folder in folders:
            with suppress(FileNotFoundError), os.scandir(folder) as entries:
                for entry in entries:
                    if _is_event(entry.name):
                        yield entry
                    elif _is_bucket(entry.name):
                        folders.append(Path(entry.path))

    def _write(self, name: str, bucket: Path, event: bytes) -> None:
        partial = self.folder / f".{name}"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(event)
            partial.rename(bucket / name)
        except OSError:
            partial.unlink(missing_ok=True)
            raise

    def _remove_bucket(self, bucket: Path) -> None:
        """Removes a bucket if it is empty; under the lock, because another process may be about to fill it."""
        with self._counts() as counts, suppress(OSError):
            if counts is not None:
                bucket.rmdir()
                if counts.bucket == bucket.name:
                    counts.bucket = "-"

    @contextmanager
    def _counts(self) -> Iterator[_Counts | None]:
        """The counts, to be changed; None if nobody can have the lock now."""
        descriptor = os.open(self.folder / ".counts", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _locked(descriptor):
                yield None
                return
            counts = _Counts.read(descriptor)
            if counts is None:
                counts = _Counts()
                self._recount(counts)
            yield counts
            counts.write(descriptor)
        finally:
            os.close(descriptor)

    def _recount(self, counts: _Counts) -> None:
        counts.size, counts.counted_s = self.size()[1], int(time.time())


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - many
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_event(name: str) -> bool:
    return name.endswith(_SUFFIX) and name[:20].isdecimal()


def _is_bucket(name: str) -> bool:
    return len(name) == 20 and name.isdecimal()


def _locked(descriptor: int) -> bool:
    """Whether this process has the lock now; it goes when the file is closed."""
    import fcntl

    until = time.monotonic() + _LOCK_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_LOCK_STEP_S)
        except OSError:  # a file system without locks
            return False
        else:
            return True
