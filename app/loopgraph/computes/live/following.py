"""Which changes come next, and which of those that are found are.

The changes of a writer are looked for by their numbers: the next few after the last that came. What is not there yet is looked
for again, and nothing is taken before what its writer committed earlier. So each change comes once and none is left out, in
whatever order processes commit, whatever their clocks say, and whichever of them die. Changes are kept for some time only: who
comes later goes on after those that are gone, and learns that there were some.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Final, NamedTuple

from loopgraph.contracts.live import Change, Told, Writer

FEWEST: Final = 2
MOST: Final = 256
"""So many changes of a writer are looked for at once, by how many there were lately."""


class Known(NamedTuple):
    """What writers that there are tell of themselves.

    ``new``: one is new and may have told something. ``lost``: changes whose turn had not come are not kept any more. ``gone``: a
    writer was taken away; whoever has looked lately has all that it told.
    """

    new: bool
    lost: bool
    gone: bool


class Following:
    """Where somebody is who is told everything. ``positions`` is the number of the last change of each writer."""

    def __init__(self, positions: Mapping[int, int]) -> None:
        self.positions = dict(positions)
        self._ahead: dict[int, int] = {}
        self._resting: dict[int, int] = {}

    def wanted(self) -> list[tuple[int, int]]:
        """The writers and numbers of the changes to look for now. Nobody has the others that are known: they write nothing."""
        return [
            (writer, position + step)
            for writer, position in self.positions.items()
            if position < self._resting.get(writer, position + 1)
            for step in range(1, self._ahead.get(writer, FEWEST) + 1)
        ]

    def know(self, writers: Iterable[Writer]) -> Known:
        """Takes note of the writers that there are, and goes on after what is not kept any more."""
        found = {one.number: one for one in writers}
        new = found.keys() - self.positions.keys()
        gone = self.positions.keys() - found.keys()
        for number in gone:
            del self.positions[number]
        floors = {number: one.floor for number, one in found.items() if one.floor > self.positions.get(number, 0)}
        self.positions |= dict.fromkeys(new, 0) | floors
        self._resting = {number: one.seq for number, one in found.items() if not one.owned}
        heard_of = any(found[number].owned or found[number].seq > found[number].floor for number in new)
        return Known(heard_of, bool(floors), bool(gone))

    def take(self, changes: Iterable[Change]) -> list[Told]:
        """Those of some changes whose turn it is, in order: of each writer in that of its numbers."""
        told = []
        for change in merged(changes):
            if change.seq == self.positions.get(change.writer, -1) + 1:
                told.append(Told(change, dict(self.positions)))
                self.positions[change.writer] = change.seq
        return told

    def adapt(self, told: Sequence[Told]) -> bool:
        """Looks further ahead for writers who write much, and less far for others; whether it is worth while to look again
        now."""
        came: dict[int, int] = {}
        for one in told:
            came[one.change.writer] = came.get(one.change.writer, 0) + 1
        again = False
        for writer in self.positions:
            ahead = self._ahead.get(writer, FEWEST)
            if came.get(writer, 0) >= ahead:
                again = True
                self._ahead[writer] = min(MOST, 4 * ahead)
            else:
                self._ahead[writer] = max(FEWEST, ahead // 2, min(MOST, came.get(writer, 0) + 1))
        return again


def merged(changes: Iterable[Change]) -> list[Change]:
    """Changes in the order of time, but those of one writer always in that of their numbers."""
    return [change for _, change in timed(changes)]


def timed(changes: Iterable[Change]) -> list[tuple[datetime, Change]]:
    """The same, each with an instant that is not before those of the others before it: clocks are set back."""
    of_writers: dict[int, list[Change]] = {}
    for change in changes:
        of_writers.setdefault(change.writer, []).append(change)
    keys = [_keys(sorted(some, key=lambda one: one.seq)) for some in of_writers.values()]
    return [(at, change) for at, _, _, change in heapq.merge(*keys)]


def _keys(changes: list[Change]) -> list[tuple[datetime, int, int, Change]]:
    latest = accumulate((change.at for change in changes), max)
    return [(at, change.writer, change.seq, change) for at, change in zip(latest, changes, strict=True)]
