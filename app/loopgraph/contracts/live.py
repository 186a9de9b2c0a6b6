"""What processes tell each other of what they commit, and where in it somebody is who follows.

Each process is one or more writers. A writer commits one change after the other and numbers them 1, 2, 3, … without gaps, so
where somebody is in all that was told is a number for each writer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

MOST_TOLD: Final = 10_000
"""So many things one commit tells of, at most, of each kind: as many as a batch of events has. Of the others it tells how many
they are."""


class TraceNews(NamedTuple):
    """Something was recorded for a trace: see ``TraceUpdate``."""

    kind: str
    correlation_id: str
    execution_id: str | None


class Change(NamedTuple):
    """What one commit changed: number ``seq`` of a writer.

    ``at`` is by the clock of the process that committed. ``traces`` are in the order in which they were recorded, but for those
    of one trace, which are together; ``events`` and ``runs`` are the ids of events of the lineage and of feedback runs.
    ``figures`` says whether something was changed that is counted, and ``named``, whether all of that lies in ``traces``.
    ``left_out`` is how much beyond ``MOST_TOLD`` there was.
    """

    writer: int
    seq: int
    at: datetime
    traces: tuple[TraceNews, ...] = ()
    events: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    figures: bool = False
    left_out: int = 0
    named: bool = False


class Writer(NamedTuple):
    """A writer of changes. ``owned``: a process has it; else ``seq`` is its last change. Those up to ``floor`` are not kept."""

    number: int
    owned: bool
    seq: int
    floor: int


@dataclass(frozen=True)
class Cursor:
    """A place in all that was told: after change ``positions[writer]`` of each writer (those that are not named: before the
    first).

    ``part``: also after so many things of the next change of one writer. ``at``: when the last of it was committed.
    """

    positions: Mapping[int, int]
    at: datetime
    part: tuple[int, int] | None = None


class Told(NamedTuple):
    """A change in its turn: ``before`` is where whoever was told everything was before it."""

    change: Change
    before: Mapping[int, int]

    def cursor(self, things: int, done: int) -> Cursor:
        """The place after ``done`` of the ``things`` that somebody is told of this change."""
        writer, seq = self.change.writer, self.change.seq
        if done < things:
            return Cursor(self.before, self.change.at, (writer, done))
        return Cursor({**self.before, writer: seq}, self.change.at)
