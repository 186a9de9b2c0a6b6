"""Events that could not be recorded: a file with one JSON object a line, flushed to disk before anybody is told.

Several processes may append to it, and take letters out of it, at the same time: each holds the lock of the folder meanwhile, and
a file that has become shorter replaces the old one at once. A line that cannot be read is kept as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import os
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import Field, TypeAdapter, ValidationError

from loopgraph.contracts.base import Contract
from loopgraph.contracts.traces.events import TraceEvent
from loopgraph.contracts.traces.observations import Observation, Recordable
from loopgraph.errors import in_our_words

FILE: Final = "dead-letters.jsonl"
_LOCK: Final = "dead-letters.lock"
_NEW: Final = "dead-letters.new"
_ID_LENGTH: Final = 12

_EVENTS: Final[TypeAdapter[Any]] = TypeAdapter(TraceEvent)


class _Error(Contract):
    type: str
    message: str


class Letter(Contract):
    """One dead letter. ``letter_id`` is made of its content, so it is the same however often the file is read or rewritten.

    ``at`` is when it was put aside, ``error`` what it failed with, ``type`` the contract and ``event`` its fields. ``line`` is
    the whole of it as it stands in the file.
    """

    letter_id: str
    at: datetime
    error: _Error
    type: str
    event: dict[str, Any]
    line: str = Field(repr=False)

    def recordable(self) -> Recordable:
        """The event. Raises ValueError if it is none that this program knows."""
        contract = Observation.model_validate if self.type == Observation.__name__ else _EVENTS.validate_python
        try:
            event: Recordable = contract(self.event)
        except ValidationError as error:
            problem = in_our_words(error.errors()[0]["msg"])
            raise ValueError(f"it is no {self.type} that this loopgraph knows: {problem}") from error
        return event


class DeadLetters:
    """The dead letters of one folder, which is made when the first one comes. Several processes may share it.

    A line has ``at`` (when it was put aside, RFC 3339 in UTC), ``error`` (``type`` and ``message``), ``type`` and ``event`` (the
    contract and its fields, as they would have been recorded: without their secrets).
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    async def add(self, events: Sequence[Recordable], error: BaseException, at: datetime) -> None:
        """Puts events aside that failed with the same error: all of them, which are on the disk when it returns, or none.

        Raises OSError.
        """
        lines = [_line(event, error, at) for event in events]
        await asyncio.to_thread(self._append, b"".join(lines))

    async def read(self) -> tuple[list[Letter], int]:
        """The letters in their order, and how many lines cannot be read. Raises OSError."""
        return await asyncio.to_thread(self._read)

    async def count(self) -> int:
        """How many lines there are. Raises OSError."""
        return await asyncio.to_thread(self._count)

    async def remove(self, letter_ids: Collection[str]) -> int:
        """Takes letters out, and counts them; what is appended meanwhile stays. Raises OSError, and then has removed none."""
        return await asyncio.to_thread(self._remove, frozenset(letter_ids))

    def _append(self, data: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            is_new = not self.path.exists()
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "r+b", buffering=0) as file:
                size = file.seek(0, os.SEEK_END)
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    data = b"\n" + data  # a line that was cut off by a crash
                try:
                    _write_all(file, data)
                    os.fsync(descriptor)
                except BaseException:
                    with contextlib.suppress(OSError):
                        file.truncate(size)
                    raise
            if is_new:
                _sync_folder(self.path.parent)

    def _read(self) -> tuple[list[Letter], int]:
        if not self.path.exists():
            return [], 0
        with self._locked():  # else the last line may be one of which another process has written a part
            lines = self.path.read_bytes().splitlines()
        letters = [_letter(line) for line in lines if line.strip()]
        return [letter for letter in letters if letter is not None], sum(letter is None for letter in letters)

    def _count(self) -> int:
        if not self.path.exists():
            return 0
        with self._locked(), self.path.open("rb") as file:
            return sum(1 for line in file if line.strip())

    def _remove(self, letter_ids: frozenset[str]) -> int:
        if not self.path.exists():
            return 0
        with self._locked():
            lines = [line for line in self.path.read_bytes().splitlines() if line.strip()]
            kept = [line for line in lines if _id_of(line) not in letter_ids]
            if len(kept) == len(lines):
                return 0
            new = self.path.with_name(_NEW)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(b"".join(line + b"\n" for line in kept))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
            _sync_folder(self.path.parent)
            return len(lines) - len(kept)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """The lock of the folder, which the system frees with the process that holds it."""
        descriptor = os.open(self.path.with_name(_LOCK), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with contextlib.suppress(ImportError):  # without flock, one process at a time may take letters out
                import fcntl

                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _write_all(file: io.FileIO | Any, data: bytes) -> None:
    """A full disk takes a part of what it is given before it says that it is full."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _id_of(line: bytes) -> str:
    return hashlib.sha256(line.strip()).hexdigest()[:_ID_LENGTH]


def _letter(line: bytes) -> Letter | None:
    try:
        return Letter.model_validate({**json.loads(line), "letter_id": _id_of(line), "line": line.decode("utf-8")})
    except (ValueError, TypeError):
        return None


def _line(event: Recordable, error: BaseException, at: datetime) -> bytes:
    letter = {
        "at": at,
        "error": {"type": type(error).__name__, "message": str(error)},
        "type": type(event).__name__,
        "event": event.model_dump(),
    }
    # Not orjson: what it refuses (integers beyond 64 bits, lone surrogates) may be the very reason why the event is here.
    return json.dumps(letter, default=_text).encode("ascii") + b"\n"


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
