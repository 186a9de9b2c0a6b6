"""What is on its way to the service: batches, parts of batches that it did not take as a whole, and events in doubt.

A batch that the service refuses goes on in halves, until the event that it refuses stands alone. That one is rejected for
good if the service says that it is wrong. If the service only fails, the event may be no reason for it: so the event is set
aside while others go, and is rejected when it has failed several times and others were accepted since. If the service takes
nothing from here, that is the token or the address, unless it takes others: then it is that event, as if it failed. If it is
busy with one again and again, that goes behind the others in the same way, and is kept.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from loopgraph.clients.delivery import Attempt, Verdict, delay_s

_TRIES_BESIDE_OTHERS, _TRIES = 3, 50
"""How often an event fails before it is rejected: while others are accepted; with nothing else accepted, which takes minutes."""
_UNDELAYED = 24
"""So many failures in a row are what finding one event in a large batch takes; a service that fails more often is given time."""
_BUSY_TRIES = 3
"""So often the service is busy with a batch, or bars it, nothing else being accepted, before it is divided."""
_MANY, _MOST = 100, 1000
"""Events in doubt: with many, each is tried several times before a new batch is begun; with the most of them, none is."""


@dataclass(slots=True, eq=False)
class Part:
    """Events that are sent together, in their order. ``first`` is the number of the first among all that were taken."""

    first: int
    items: Sequence[bytes]
    accepted_before: int | None = None
    """How many events had been accepted when the service first failed at it, or at what it is a part of."""
    tries: int = 0
    """How often it was sent in vain, standing alone: it is in doubt."""
    failed: int = 0
    """How often of these the service failed; else it was busy."""
    busy: int = 0
    """How often the service was busy with it or barred it, or what it is a part of."""
    due: float = 0.0
    """When it is to be sent again, of ``time.monotonic``."""


class Outbox:
    """Keeps the parts, says which goes next, and draws the conclusions from each attempt."""

    def __init__(self, taken: int = 0) -> None:
        self._parts: list[Part] = []
        self._taken = taken
        self._accepted = self._failures = 0
        self._doubts_due = 0.0

    @property
    def settled(self) -> int:
        """So many events, of those that came first, are accepted or rejected, every one."""
        return min((part.first for part in self._parts), default=self._taken)

    @property
    def has_room(self) -> bool:
        """Whether a new batch may come: nothing is left of the last one but events in doubt, and of these not too many."""
        least = 1 if len(self._parts) < _MANY else _TRIES_BESIDE_OTHERS
        return len(self._parts) < _MOST and all(part.tries >= least for part in self._parts)

    def add(self, batch: Sequence[bytes]) -> None:
        """Takes a new batch."""
        self._parts.append(Part(self._taken, batch))
        self._taken += len(batch)

    def next(self) -> Part | None:
        """The part to be sent now; None if none is due. It stays here until ``conclude``.

        What is not in doubt goes first. While the service fails, the smallest part and the largest take turns: so something
        that it accepts is soon found, wherever the events that it does not accept are.
        """
        now = time.monotonic()
        due = [part for part in self._parts if self._due(part) <= now]
        way = -1 if self._failures % 2 else 1
        return min(due, key=lambda part: (part.tries, way * len(part.items)), default=None)

    def due_in_s(self) -> float | None:
        """Seconds until a part is due; None if there is no part."""
        due = min(map(self._due, self._parts), default=None)
        return None if due is None else max(0.0, due - time.monotonic())

    def conclude(self, part: Part, attempt: Attempt) -> tuple[int, float]:
        """What follows from an attempt: how many events are rejected, and for how many seconds nothing is to be sent."""
        self._accepted += attempt.accepted
        if attempt.verdict is Verdict.SETTLED:
            self._failures = 0
            self._parts.remove(part)
            return attempt.rejected, 0.0
        if attempt.verdict is Verdict.AWAY:
            self._failures += 1
            return 0, max(delay_s(self._failures), attempt.retry_after_s or 0.0)
        pause = 0.0
        if attempt.verdict is not Verdict.WRONG:
            if part.accepted_before is None:
                part.accepted_before = self._accepted
            self._failures += 1
            pause = self._pause(part, attempt)
        if attempt.verdict in (Verdict.BUSY, Verdict.BARRED):
            part.busy += 1
            if part.busy < _BUSY_TRIES and not self.others_accepted(part):
                return 0, pause
        if len(part.items) > 1:
            self._divide(part, by_size=attempt.too_large)
            return 0, pause
        in_doubt = part.tries > 0
        if attempt.verdict is Verdict.WRONG or (
            attempt.verdict is not Verdict.BUSY and self._is_to_blame(part, attempt)
        ):
            self._parts.remove(part)
            return 1, 0.0
        part.tries += 1
        part.due = time.monotonic() + max(delay_s(part.tries), attempt.retry_after_s or 0.0)
        self._doubts_due = time.monotonic() + pause
        return 0, 0.0 if in_doubt else pause  # what is in doubt keeps nothing new waiting

    def others_accepted(self, part: Part) -> bool:
        """Whether events were accepted since the service first failed at this part, was busy with it, or barred it."""
        return self._accepted > (part.accepted_before or 0)

    def _pause(self, part: Part, attempt: Attempt) -> float:
        """Seconds that a service gets which took nothing: few while it can be the fault of one event that is looked for."""
        searching, more = min(self._failures, _UNDELAYED), max(0, self._failures - _UNDELAYED)
        if attempt.verdict is Verdict.BUSY or (attempt.verdict is Verdict.BARRED and not self.others_accepted(part)):
            return max(delay_s(min(searching, _BUSY_TRIES) + more), attempt.retry_after_s or 0.0)
        return delay_s(more) if more else 0.0

    def _divide(self, part: Part, *, by_size: bool) -> None:
        self._parts.remove(part)
        middle = _middle(part.items, by_size=by_size)
        for first, items in ((part.first, part.items[:middle]), (part.first + middle, part.items[middle:])):
            self._parts.append(Part(first, items, part.accepted_before, busy=part.busy))

    def _due(self, part: Part) -> float:
        return max(part.due, self._doubts_due) if part.tries else part.due

    def _is_to_blame(self, part: Part, attempt: Attempt) -> bool:
        """Counts one more failure of an event that stands alone; whether they are its own fault, by now."""
        if self.others_accepted(part):
            part.failed += 1
            return part.failed >= _TRIES_BESIDE_OTHERS
        part.failed += attempt.verdict is Verdict.FAILED  # a wrong token loses nothing, however long it is wrong
        return part.failed >= _TRIES


def _middle(items: Sequence[bytes], *, by_size: bool) -> int:
    """Where to divide: in the middle of the items, or of their bytes. Neither part is empty."""
    if not by_size:
        return len(items) // 2
    half = sum(map(len, items)) / 2
    before = sum(size <= half for size in itertools.accumulate(map(len, items)))
    return min(max(1, before), len(items) - 1)
