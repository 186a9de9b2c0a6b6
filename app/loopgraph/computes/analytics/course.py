"""When an execution began, and how long it took, as well as that is known."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from loopgraph.contracts.analytics.sums import US_PER_MS


class Course(Protocol):
    """What is told of the times of a trace, a step or a call."""

    @property
    def started_at(self) -> datetime | None: ...
    @property
    def completed_at(self) -> datetime | None: ...
    @property
    def duration_ms(self) -> float | None: ...
    @property
    def created_at(self) -> datetime | None: ...


def began_at(one: Course) -> datetime:
    """Its start, or what its end and duration imply, else its end, else when it was first heard of."""
    started = one.started_at
    if started is None and one.completed_at is not None and one.duration_ms is not None:
        try:
            started = one.completed_at - timedelta(milliseconds=one.duration_ms)
        except OverflowError:
            started = None
    if (at := started or one.completed_at or one.created_at) is None:
        raise ValueError("it is not known when it was")
    return at


def duration_us(one: Course) -> int | None:
    """In whole microseconds; None where it is not known."""
    if one.duration_ms is not None:
        return round(one.duration_ms * US_PER_MS)
    if one.started_at and one.completed_at and one.started_at <= one.completed_at:
        return (one.completed_at - one.started_at) // timedelta(microseconds=1)
    return None
