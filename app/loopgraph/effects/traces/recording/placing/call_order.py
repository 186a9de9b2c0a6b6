"""Which call of a tool each report is of, where the client gives its calls no ids: of those of one tool with one input.

A call has up to four reports: that it begins, that it has ended, a record of the whole, and the same in a transcript, which gives
it an id. They belong together

- by the whole: what lies in the time of a record or of a transcript's call, from its beginning to its end, is of that call;
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

from loopgraph.effects.traces.recording.joining import micros

CLOSE: Final = timedelta(milliseconds=100)
"""Hooks and records of one call may be dated by so much apart."""


class Kind(IntEnum):
    """What a report tells of a call; the one that comes first keeps the id of the call that it has been taken for."""

    NAMED = 0
    """The whole, with an id."""
    BEGINS = 1
    RECORD = 2
    ENDS = 3


@dataclass(frozen=True)
class Report:
    """One report. ``at`` is the instant that it tells of, of the whole the end; of a whole call, ``since`` is when it began, and
    ``name`` its id if it has any."""

    kind: Kind
    at: datetime
    since: datetime | None = None
    name: str | None = None

    def covers(self, other: Report) -> bool:
        """Whether another report is in the time of a whole call."""
        if self.since is None:
            return False
        before = timedelta() if self.kind is Kind.NAMED else CLOSE  # a client names a call before it lets it begin
        return self.since - before <= other.at <= self.at + CLOSE


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
        groups = self._wholes(left)
        left = [one for one in left if one.since is None]
        for as_before in (True, False):  # what nothing speaks against stays where it is
            for group in groups:
                ids = {self.calls[one] for one in group}
                for kind in {Kind.BEGINS, Kind.ENDS} - {one.kind for one in group}:
                    known = (
                        one
                        for one in left
                        if one.kind is kind and all(whole.covers(one) for whole in group if whole.since)
                    )
                    if found := next((one for one in known if not as_before or self.calls[one] in ids), None):
                        group.append(found)
                        left.remove(found)
        open_: list[list[Report]] = []
        for one in left:
            if one.kind is Kind.ENDS and open_:
                open_.pop().append(one)
            else:
                groups.append([one])
                open_ += [groups[-1]] if one.kind is Kind.BEGINS else []
        return groups

    def _wholes(self, reports: Iterable[Report]) -> list[list[Report]]:
        """The reports of whole calls: a record is of the call with a name in whose time it ended, each of one."""
        wholes = [one for one in reports if one.since is not None]
        records = [one for one in wholes if one.kind is Kind.RECORD]
        near = sorted(
            (self.calls[one] != self.calls[record], abs(one.at - record.at), one.at, str(one.name), record.at, i)
            for one in wholes
            for i, record in enumerate(records)
            if one.kind is Kind.NAMED and one.covers(record)
        )
        record_of: dict[str, int] = {}
        for *_, name, _, i in near:
            if name not in record_of and i not in record_of.values():
                record_of[name] = i
        alone = [[record] for i, record in enumerate(records) if i not in record_of.values()]
        named = [one for one in wholes if one.kind is Kind.NAMED]
        return alone + [[one, records[record_of[str(one.name)]]] if one.name in record_of else [one] for one in named]
