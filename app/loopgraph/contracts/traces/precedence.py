"""Who outweighs whom, when several reports of one thing meet: every level, by name, and the order between them.

A thing (a step, a call, a trace, a session) is the join of its reports, field by field. Where two reports differ in a field:

1. A status that is final beats one in progress, whoever says so: no beginning undoes an end.
2. The higher level wins. Which scale a field is weighed on, ``levels_of`` says: ``Place`` for where the thing belongs, ``Clock``
   for when it was, ``Ending`` for how it ended, ``Trust`` for all else. A client's own event (``OWN``) outweighs every report
   of a third party; what the service concluded itself (``CONCLUDED``) is outweighed by every report.
3. The later instant wins, then the greater value: arbitrary, but the same in every order of arrival.

The numbers are stored beside the fields that they weigh, so none may change its meaning: a new level takes a free number.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from functools import cache
from typing import Any

from loopgraph.contracts.traces.events import FINAL

Weight = tuple[int, int]
"""A level, and the instant of the report in microseconds since 1970; 0 without one."""


class Trust(IntEnum):
    """How far a report is to be believed in what it says of a thing, the least first."""

    ASIDE = 0
    """A subagent's hook of its session: a subagent may work in a folder of its own."""
    IN_PASSING = 1
    """A hook of what it is not about: of its session, or of each call of a batch; a resource, of the traces of its spans."""
    HEARSAY = 2
    """A span of the whole trace that it is in."""
    TELEMETRY = 3
    """The agent client's spans and log records, which cut and withhold content."""
    CONTINUATION = 4
    """A hook of a session that goes on: the session had begun before."""
    FIRST_HAND = 5
    """A hook or span of the thing that it is about; the client's own transcript, which leaves nothing out."""


class Clock(IntEnum):
    """How well a report knows when, the least first."""

    CONTINUATION = 0
    """A session that goes on: not its real start."""
    ARRIVAL = 1
    """When a hook arrived at the service."""
    WRITTEN = 1
    """When the client wrote a line of its transcript: what it tells of was about then, after whatever it had to wait for."""
    STAMPED = 2
    """When a hook ran, by its own clock."""
    LOGGED = 3
    """When the client wrote a log record of it."""
    STATED = 5
    """Whatever else a report states."""
    MEASURED = 6
    """The start and end of a span."""


class Place(IntEnum):
    """How well a report knows where the thing belongs, the least first."""

    UNSURE = 1
    """A span that may be of a subagent which it does not name."""
    LOGGED = 2
    """A log record that may not name the subagent it is about."""
    BY_ORDER = 3
    """A report that names no prompt: it is of the last one that had begun, as far as that is known."""
    OF_PROMPT = 4
    """What only a prompt itself can report."""
    SURE = 5
    """A report that names the place."""


class Ending(IntEnum):
    """How well a report knows how the thing ended, the least first: ``status`` and the error."""

    PARTS = 0
    """What is known of the thing has ended, and the whole may never be told of: it counts while nobody tells of the whole."""
    AROUND = 1
    """What ends in the same way whatever became of the work: the span of a prompt, and a failure that telemetry tells of a tool,
    which may have been stopped."""
    CUT_OFF = 2
    """What it was a part of is over without it: its session has ended, or has gone on with another prompt."""
    TELEMETRY = 3
    """The agent client's spans and log records of the thing itself."""
    TOLD = 4
    """What somebody else was told of it: the model of a call, the caller of a subagent."""
    FIRST_HAND = 5
    """A hook or span of the thing that it is about."""


OWN: Weight = (10, 0)
"""A client's own event; it is stored without a weight."""

CONCLUDED: Weight = (0, 0)
"""What the service itself has set, such as the end of a trace that fell silent: any report outweighs it."""

_PLACE = frozenset({"correlation_id", "root_id", "otel_root_id"})
_CLOCK = frozenset({"started_at", "completed_at", "ended_at", "duration_ms"})
_ENDING = frozenset({"status", "error_type", "error_message"})


@cache
def levels_of(clock: int, place: int, ending: int) -> Mapping[str, int]:
    """The levels of a report in the fields that are not weighed by its trust, of its levels on the other three scales."""
    return {**dict.fromkeys(_PLACE, place), **dict.fromkeys(_CLOCK, clock), **dict.fromkeys(_ENDING, ending)}


def standing(field: str, value: Any, weights: Mapping[str, Weight]) -> tuple[bool, int, int, str]:
    """How a value of a field stands among all that are said of it: the greater outweighs. No weight: a client's own."""
    level, micros = weights.get(field, OWN)
    return field == "status" and value in FINAL, level, micros, str(value)
