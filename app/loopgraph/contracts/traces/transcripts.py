"""Transcripts that agent clients keep, as files: how far each has been read, and how far an import is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import Field

from loopgraph.contracts.base import Contract

Count = Annotated[int, Field(ge=0)]


class Stamp(NamedTuple):
    """What tells cheaply whether a file has changed: its bytes, or rows, and when it was last written, in ns since 1970."""

    size: int
    mtime_ns: int


class Position(Contract):
    """How far a file has been read, and recorded.

    ``offset`` is that of the first line that was not, and ``digest`` the SHA-256 of what is before it; where a transcript is
    kept in rows, ``offset`` is the instant of the last that was written, in ms since 1970. ``size`` and ``mtime_ns`` are what the
    file had when all of it had been read; ``closed``: it was quiet for so long that nothing more was expected.
    ``head`` is the id of its first line, by which copies know each other.
    """

    file_id: str
    client: str
    path: str
    offset: Count = 0
    digest: str = ""
    size: int = -1
    mtime_ns: int = -1
    closed: bool = False
    head: str | None = None
    read_at: datetime | None = None

    def is_at(self, stamp: Stamp) -> bool:
        """Whether the file is as it was when all of it had been read."""
        return (self.size, self.mtime_ns) == stamp


class TranscriptProgress(Contract):
    """How far an import has come.

    ``bytes`` of ``total_bytes`` have been read, in ``files``; so many more were ``unchanged``, and ``failed`` could not be read
    to their ends. ``too_large`` lines had to be passed over. Of the events ``recorded`` are new, ``known`` had been there, and
    ``refused`` could not be recorded. The rest counts what was in the lines that are new.
    """

    total_bytes: Count = 0
    bytes: Count = 0
    files: Count = 0
    unchanged: Count = 0
    failed: Count = 0
    too_large: Count = 0
    sessions: Count = 0
    prompts: Count = 0
    subagents: Count = 0
    model_calls: Count = 0
    tool_calls: Count = 0
    recorded: Count = 0
    known: Count = 0
    refused: Count = 0

    def plus(self, **more: int) -> TranscriptProgress:
        """The totals with more of some of them."""
        return self.model_copy(update={name: getattr(self, name) + count for name, count in more.items()})


class TranscriptNews(Contract):
    """What was new in one transcript and has been recorded: ``place`` is where that is, ``name`` what it is called there, and
    ``events`` are all that were told."""

    place: str
    name: str
    events: Count = 0
    prompts: Count = 0
    subagents: Count = 0
    model_calls: Count = 0
    tool_calls: Count = 0
