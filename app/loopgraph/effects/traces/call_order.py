"""Which call of a tool each report is of, where the client gives its calls no ids: of those of one tool with one input.

A call has up to three reports: that it begins, that it has ended, and a record of the whole. They belong together

- by the record: what lies in its time, from its beginning to its end, is of the call that it tells of;
- else an end is of the last call that had begun before it, and of a call the first end after its beginning.

So identical calls are told apart if they follow each other; of those that run at once it cannot matter which is which. Each report
that comes may show that an end had been given to the wrong call: then it goes on to the one that it is of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from loopgraph.effects.traces.joining import micros

CLOSE: Final = timedelta(milliseconds=100)
"""Hooks and records of one call may be dated by so much apart."""


@dataclass
class Call:
    """What is known of one call: when it was told to begin and to have ended, and from when to when a record of it is."""

    id: str
    begun: datetime | None = None
    ended: datetime | None = None
    since: datetime | None = None
    recorded: datetime | None = None

    def covers(self, at: datetime | None) -> bool:
        """Whether an instant is in the time of its record."""
        if at is None or self.since is None or self.recorded is None:
            return False
        return self.since - CLOSE <= at <= self.recorded + CLOSE


class CallOrder:
    """The calls of one tool with one input in one trace. ``moved`` says of each end that was taken from a call, where it went."""

    def __init__(self, prefix: str, calls: Iterable[Call]) -> None:
        self._prefix = prefix
        self.calls = list(calls)
        self.moved: dict[datetime, tuple[str, str]] = {}

    def begins(self, at: datetime, id_: str) -> str:
        """The call that begins then; ``id_`` is free for it."""
        if again := next((call for call in self.calls if call.begun == at), None):
            return again.id
        call = next((call for call in self.calls if call.begun is None and call.covers(at)), None)
        call = call or min(
            (one for one in self.calls if one.begun is None and one.ended and one.recorded is None and one.ended >= at),
            key=lambda one: (one.ended, one.id),
            default=None,
        )
        if call is None:
            call = self._new(id_)
            nearer = [
                one for one in self.calls if _gives_up(one) and one.begun and one.ended and one.begun < at <= one.ended
            ]
            if nearer:
                self._take_end(min(nearer, key=lambda one: (one.ended, one.id)), call)
        call.begun = at
        return call.id

    def ends(self, at: datetime, id_: str) -> str:
        """The call that has ended then."""
        if again := next((call for call in self.calls if call.ended == at), None):
            return again.id
        call = next((call for call in self.calls if call.ended is None and call.covers(at)), None) or self._open_at(at)
        if call is None:
            later = [
                one for one in self.calls if _gives_up(one) and one.begun and one.ended and one.begun <= at < one.ended
            ]
            if not later:
                call = self._new(id_)
            else:
                call = max(later, key=lambda one: (one.begun, one.id))
                self._set_free(call)
        call.ended = at
        return call.id

    def was(self, since: datetime, until: datetime, id_: str) -> str:
        """The call that a record tells of, from when to when it was."""
        if again := next((call for call in self.calls if call.recorded == until), None):
            return again.id
        record = Call("", since=since, recorded=until)
        open_ = [one for one in self.calls if one.recorded is None]
        both = [one for one in open_ if record.covers(one.begun) and record.covers(one.ended)]
        begun = [one for one in open_ if record.covers(one.begun)]
        ended = [one for one in open_ if record.covers(one.ended) and one.begun is None]
        call = next(iter([*both, *begun, *ended]), None) or self._new(id_)
        call.since, call.recorded = since, until
        if call.ended and not record.covers(call.ended):
            self._set_free(call)
        for one in self.calls:
            if one is not call and one.recorded is None and call.ended is None and record.covers(one.ended):
                self._take_end(one, call)
        return call.id

    def _open_at(self, at: datetime) -> Call | None:
        open_ = [
            one for one in self.calls if one.ended is None and one.recorded is None and one.begun and one.begun <= at
        ]
        return max(open_, key=lambda one: (one.begun, one.id), default=None)

    def _new(self, id_: str) -> Call:
        self.calls.append(Call(id_))
        return self.calls[-1]

    def _set_free(self, call: Call) -> None:
        """Gives the end of a call to the one that it is of, if not to this."""
        at = call.ended
        assert at is not None
        others = [one for one in self.calls if one is not call]
        other = next((one for one in others if one.ended is None and one.covers(at)), None)
        if other is None:
            open_ = [
                one for one in others if one.ended is None and one.recorded is None and one.begun and one.begun <= at
            ]
            other = max(open_, key=lambda one: (one.begun, one.id), default=None)
        self._take_end(call, other or self._new(f"{self._prefix}{micros(at):016d}"))

    def _take_end(self, giver: Call, taker: Call) -> None:
        at = giver.ended
        assert at is not None
        giver.ended, taker.ended = None, at
        first = self.moved.get(at, (giver.id, ""))[0]
        self.moved[at] = (first, taker.id)


def _gives_up(call: Call) -> bool:
    """Whether no record holds a call and its end together."""
    return call.recorded is None
