"""Which days rounds of counting have changed of late: what was read of other days is what buckets hold."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from loopgraph.contracts.analytics.counting import ChangedDays
from loopgraph.contracts.analytics.windows import Window

KEPT: Final = 1_000
"""So many rounds are known at most."""

LATELY: Final = 32
"""What so many rounds have changed is what is likely to change again."""

_CLOSED: Final = 2
"""To read a window in two parts pays where the part that changes is this much smaller than the other one."""

_DAY: Final = timedelta(days=1)


class RecentRounds:
    """The last rounds, without gaps. ``round`` is the number of the next one, as it was told last."""

    def __init__(self, round: int, changes: Sequence[ChangedDays]) -> None:
        self.round = round
        self._known: deque[ChangedDays] = deque(maxlen=KEPT)
        told = {one.round: one for one in changes}
        for number in range(round - 1, -1, -1):
            if number not in told:
                break
            self._known.appendleft(told[number])

    def goes_on(self, round: int, changes: Sequence[ChangedDays]) -> bool:
        """Notes which round it is by now, and what those since have changed, beside the last that is known. False where that
        cannot be told: there were too many, older programs counted, or the graph is another since a backup was restored."""
        told = {one.round: one for one in changes}
        last = self._known[-1] if self._known else None
        since = range(self.round, round)
        if round < self.round or told.get(self.round - 1) != last or (since and not last):
            return False
        if any(number not in told for number in since):
            return False
        self._known.extend(told[number] for number in since)
        self.round = round
        return True

    def keeps(self, window: Window, since: int) -> bool:
        """Whether a window holds what it held when the next round had this number, as far as that is known."""
        rounds = self.round - since
        return rounds <= len(self._known) and not any(one.meets(window) for one in self._last(rounds))

    def open_since(self, window: Window) -> datetime | None:
        """The midnight (UTC) in a window before which hardly a round has changed anything of late; None where that is not the
        larger part of it by far."""
        changes = [(one.first, one.last) for one in self._last(LATELY) if one.first and one.last and one.meets(window)]
        if not changes:
            return None
        last = min(window.until, max(last for _, last in changes))
        small = [first for first, _ in changes if _CLOSED * (last - first + _DAY) <= first - window.since]
        return min(small, default=None)

    def _last(self, rounds: int) -> Iterable[ChangedDays]:
        return islice(reversed(self._known), rounds)
