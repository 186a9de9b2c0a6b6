"""What waits to be recorded: bounded, and fair to those who hand in little.

Submissions of a few events go first, several in one turn; large ones go in slices, each in its turn, so that one with ten
thousand events holds up a single event by no more than a slice, and another large one by no more than its own slices. The
order within a submission is kept, except for what is set apart: events that came to nothing by themselves, which are tried again
one by one, after a pause, when nothing else waits.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.observations import Recordable
from loopgraph.contracts.traces.records import Recorded
from loopgraph.errors import Overloaded, UserError

SMALL: Final = 32
"""A submission of so many events at most goes first, and whole."""

_SHARES: Final = 4
"""Beside small submissions, large ones have so much smaller slices."""


_FIELD_BYTES: Final = 24


@dataclass(eq=False, slots=True)
class Entry:
    """One event of a submission."""

    event: Recordable
    submission: Submission
    index: int
    bytes: int
    in_turn: bool = False
    """Whether it was taken, and has been neither released nor put back."""
    together: int = 1_000_000
    """With so many others at most it shares a turn: fewer, each time that a turn has come to nothing."""
    alone: int = 0
    """How often it came to nothing by itself, while nothing else was stored either."""
    tries: int = 0
    """How often it came to nothing by itself while others were stored."""
    failed_at: float = math.inf
    """How many turns had been stored when it last came to nothing."""


class Submission:
    """Events that were handed in together. ``waited``: whether somebody waits for what becomes of them; ``sender``: who handed
    them in, None where nobody is told apart; ``place``: what they belong to, for spans."""

    def __init__(
        self,
        count: int,
        received_at: datetime | Sequence[datetime],
        *,
        waited: bool,
        sender: Principal | None = None,
        place: object | None = None,
    ) -> None:
        self.place = place
        self._received_at = received_at
        self.sender = sender
        self.waited = waited
        self.outcomes: list[Recorded | UserError | None] = [None] * count
        self.entries: deque[Entry] = deque()
        self.small = count <= SMALL
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open = count
        if count == 0:
            self.done.set_result(None)

    def arrival(self, index: int) -> datetime:
        """When an event arrived."""
        return self._received_at if isinstance(self._received_at, datetime) else self._received_at[index]

    def settle(self, index: int, outcome: Recorded | UserError) -> None:
        """Says what has become of one event."""
        self.outcomes[index] = outcome
        self._open -= 1
        if self._open == 0 and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        """Tells the caller that it will not be known, or did not happen, as a whole."""
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(eq=False)
class Backlog:
    """Everything that was taken in and is not settled, what is being recorded included.

    ``drained`` is set while that is nothing.
    """

    most_events: int
    most_bytes: int
    events: int = 0
    bytes: int = 0
    drained: asyncio.Event = field(default_factory=asyncio.Event)
    _small: deque[Submission] = field(default_factory=deque)
    _large: deque[Submission] = field(default_factory=deque)
    _large_is_next: bool = False
    _apart: list[tuple[float, int, Entry]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.drained.set()

    def reserve(self, events: int, retry_after_s: int) -> None:
        """Makes room for so many events. Raises Overloaded; an empty backlog takes any number."""
        if self.events and self.events + events > self.most_events:
            raise Overloaded(f"{self.events} events wait to be recorded", retry_after_s)
        self.events += events
        if self.events:
            self.drained.clear()

    def put(self, submission: Submission, retry_after_s: int) -> None:
        """Queues a submission, for whose events room was reserved. Raises Overloaded; an empty backlog takes any size."""
        bytes_ = sum(entry.bytes for entry in submission.entries)
        if self.bytes and self.bytes + bytes_ > self.most_bytes:
            raise Overloaded(f"{self.bytes} bytes wait to be recorded", retry_after_s)
        self.bytes += bytes_
        self._queue(submission)

    def release(self, events: int, bytes_: int = 0) -> None:
        """Gives back room."""
        self.events -= events
        self.bytes -= bytes_
        if not self.events:
            self.drained.set()

    def leave(self, entry: Entry) -> None:
        """An entry that was taken is done with."""
        entry.in_turn = False
        self.release(1, entry.bytes)

    def put_back(self, entries: Iterable[Entry]) -> None:
        """Queues entries again that were taken and came to nothing: before what is left of their submissions."""
        for entry in reversed(list(entries)):
            left = entry.submission.entries
            left.appendleft(entry)
            entry.in_turn = False
            if len(left) == 1:
                self._queue(entry.submission)

    def set_apart(self, entry: Entry, pause_s: float) -> None:
        """Keeps an entry that was taken and came to nothing by itself: it is taken again after a pause, alone, and last."""
        entry.in_turn = False
        heapq.heappush(self._apart, (time.monotonic() + pause_s, next(self._order), entry))

    def hasten(self) -> None:
        """Ends the pauses of what was set apart."""
        self._apart = [(0.0, number, entry) for _, number, entry in sorted(self._apart)]

    @property
    def rest_s(self) -> float | None:
        """How long until something that was set apart may be taken; None if nothing is."""
        return max(0.0, self._apart[0][0] - time.monotonic()) if self._apart else None

    @property
    def awaited(self) -> list[Submission]:
        """The submissions that somebody waits for, and of which something has not been taken."""
        return [submission for submission in (*self._small, *self._large) if submission.waited]

    def withdraw(self, submission: Submission) -> None:
        """Drops what has not been taken of a submission that nobody wants any more."""
        lane = self._small if submission.small else self._large
        if submission.entries and submission in lane:
            lane.remove(submission)
            self.release(len(submission.entries), sum(entry.bytes for entry in submission.entries))
            submission.entries.clear()

    def take(self, most: int) -> list[Entry]:
        """The entries of the next turn, ``most`` of them and all of one sender; none if nothing may be taken now. Small and large
        submissions take turns."""
        if not self._small and not self._large:
            return self._take_apart()
        lane = self._large if self._large and (self._large_is_next or not self._small) else self._small
        if lane is self._large and (self._small or self._large_is_next):
            most = max(1, most // _SHARES)  # small ones come at the moment, and wait for this turn
        self._large_is_next = lane is self._small
        taken: list[Entry] = []
        while lane and len(taken) < most:
            if taken and lane[0].sender != taken[0].submission.sender:
                break
            submission, before = lane.popleft(), len(taken)
            while submission.entries and len(taken) < min(most, submission.entries[0].together):
                entry = submission.entries.popleft()
                most = min(most, entry.together)
                entry.in_turn = True
                taken.append(entry)
            if submission.entries:
                if len(taken) > before:
                    lane.append(submission)
                else:  # it does not share a turn with so many
                    lane.appendleft(submission)
                break
        return taken

    def _take_apart(self) -> list[Entry]:
        if self.rest_s != 0.0:
            return []
        entry = heapq.heappop(self._apart)[-1]
        entry.in_turn = True
        return [entry]

    def take_all(self) -> list[Entry]:
        """Everything that has not been taken; its room is given back."""
        lanes = [*self._small, *self._large]
        left = [entry for submission in lanes for entry in submission.entries]
        left += [entry for _, _, entry in sorted(self._apart, key=lambda item: item[1])]
        self._small.clear()
        self._large.clear()
        self._apart.clear()
        for submission in lanes:
            submission.entries.clear()
        self.release(len(left), sum(entry.bytes for entry in left))
        return left

    def _queue(self, submission: Submission) -> None:
        if submission.entries:
            (self._small if submission.small else self._large).append(submission)


def size_of(value: Any) -> int:
    """Roughly how many bytes a value takes: the characters of its texts, and a little for everything else."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(str(name)) + size_of(item) for name, item in value.items())
    if isinstance(value, list | tuple):
        return sum(map(size_of, value))
    if isinstance(value, BaseModel):
        return sum(_FIELD_BYTES + size_of(item) for item in vars(value).values() if item is not None)
    return _FIELD_BYTES
