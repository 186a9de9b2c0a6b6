"""Events that could not be recorded: an append-only file, one JSON object a line, flushed to disk before anybody is told."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from loopgraph.contracts.observations import Recordable

FILE: Final = "dead-letters.jsonl"


class DeadLetters:
    """The dead letters of one folder, which is made when the first one comes. Several processes may share it.

    A line has ``at`` (when it was put aside, RFC 3339 in UTC), ``error`` (``type`` and ``message``), ``type`` and ``event`` (the
    contract and its fields, as they would have been recorded: without their secrets).
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    async def add(self, events: Sequence[Recordable], error: BaseException, at: datetime) -> None:
        """Puts events aside that failed with the same error. They are on the disk when it returns. Raises OSError."""
        lines = [_line(event, error, at) for event in events]
        await asyncio.to_thread(self._append, b"".join(lines))

    def _append(self, data: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self.path.exists()
        # One write of O_APPEND: the lines of two processes do not mix.
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        if is_new:
            _sync_folder(self.path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
