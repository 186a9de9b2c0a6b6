"""Which call of a tool each report is of, where the client gives its calls no ids: of those of one tool with one input.

A call has up to three reports: that it begins, that it has ended, and a record of the whole. They belong together

- by the record: what lies in its time, from its beginning to its end, is of the call that it tells of;
- else an end is of the last call that had begun before it, and has not ended by an earlier one.

So identical calls are told apart if they follow each other; of those that run at once it cannot matter which is which. All of
this follows from the reports: each that comes may show that another one had been given to the wrong call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from loopgraph.effects.traces.joining import micros

CLOSE: Final = timedelta(milliseconds=100)
"""Hooks and records of one call may be dated by so much apart."""


class Kind(IntEnum):
    """What a report tells of a call; the one that comes first keeps the id of the call that it has been taken for."""

    BEGINS = 0
    RECORD = 1
    ENDS = 2


@dataclass(frozen=True)
class Report:
    """One report. ``at`` is the instant that it tells of, of a record the end; ``since`` when the call of a record began."""

    kind: Kind
    at: datetime
    since: datetime | None = None

    def covers(self, other: Report) -> bool:
        """Whether another report is in the time of a record."""
        return self.since is not None and self.since - CLOSE <= other.at <= self.at + CLOSE


class CallOrder:
    """The calls of one tool with one input in one trace. ``calls`` has the id of the call that each report has been taken for."""

    def __init__(self, prefix: str, calls: Iterable[tuple[Report, str]]) -> None:
        self._prefix = prefix
        self.calls = dict(calls)

    def add(self, report: Report, id_: str) -> None:
        """One more report; ``id_`` is free for its call."""
        self.calls.setdefault(report, id_)

    def settled(self) -> dict[Report, str]:
        """The id of the call that each report is of by all of them."""
        found: dict[Report, str] = {}
        used = set[str]()
        groups = sorted(self._groups(), key=lambda group: min((one.kind, one.at) for one in group))
        for group in groups:
            best = sorted(group, key=lambda one: one.kind)
            free = [self.calls[one] for one in best if self.calls[one] not in used]
            id_ = free[0] if free else f"{self._prefix}{micros(best[0].at):016d}"
            used.add(id_)
            found |= dict.fromkeys(group, id_)
        return found

    def _groups(self) -> list[list[Report]]:
        """The reports of each call."""
        left = sorted(self.calls, key=lambda one: (one.at, one.kind))
        groups = []
        for record in [one for one in left if one.kind is Kind.RECORD]:
            group = [record]
            for kind in (Kind.BEGINS, Kind.ENDS):
                known = [one for one in left if one.kind is kind and record.covers(one)]
                group += sorted(known, key=lambda one: self.calls[one] != self.calls[record])[:1]
            groups.append(group)
            left = [one for one in left if one not in group]
        open_: list[list[Report]] = []
        for one in left:
            if one.kind is Kind.ENDS and open_:
                open_.pop().append(one)
            else:
                groups.append([one])
                open_ += [groups[-1]] if one.kind is Kind.BEGINS else []
        return groups
