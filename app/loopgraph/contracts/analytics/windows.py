"""Over which time analytics are made: whole hours, in buckets of hours or days."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Self

from pydantic import model_validator

from loopgraph.contracts.analytics.subjects import Subject
from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.contracts.base import Contract, Instant


class Grain(StrEnum):
    """How long a bucket is. Both begin at whole hours and days of UTC."""

    HOUR = "hour"
    DAY = "day"

    @property
    def length(self) -> timedelta:
        return timedelta(hours=1) if self is Grain.HOUR else timedelta(days=1)


class Window(Contract):
    """Whole hours: ``since`` is inclusive, ``until`` exclusive. Executions count in the hour in which they began (as well as that
    is known: else in which they ended, or arrived)."""

    since: Instant
    until: Instant

    @model_validator(mode="after")
    def _whole_hours(self) -> Self:
        if self.since >= self.until:
            raise ValueError("since must be before until")
        if any(at.minute or at.second or at.microsecond for at in (self.since, self.until)):
            raise ValueError("since and until must be whole hours")
        return self


class Span(NamedTuple):
    """From one instant on, and until before another; of a window, exact to the microsecond."""

    since: datetime
    until: datetime


class Bucket(NamedTuple):
    """What happened to a subject in the hour or day that begins at ``start``."""

    start: datetime
    sums: UsageSums


class Count(NamedTuple):
    """The plain counts of the hour or day that begins at ``start``."""

    start: datetime
    executions: int
    successes: int
    failures: int


class Counted(NamedTuple):
    """The plain counts of a subject over a window, as the graph sums them."""

    subject: Subject
    executions: int
    successes: int
    failures: int


class Exactness(StrEnum):
    """How exact an answer is.

    - EXACT: percentiles, minimum and maximum are those of the durations themselves (in whole microseconds), too, and parts of
      hours count as what began in them.
    - BUCKETED: made of hourly sums: counts, sums, means and rates are exact; percentiles, minimum and maximum are within 1 %.
      Parts of hours count as the whole hours.
    """

    EXACT = "exact"
    BUCKETED = "bucketed"
