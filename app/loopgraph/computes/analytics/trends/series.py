"""A series: one value for every period, without gaps in time; a value that is not known is NaN."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from loopgraph.contracts.analytics.trends import Cycle, Period, Scale
from loopgraph.contracts.analytics.windows import Window
from loopgraph.errors import InvalidInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAYS_A_WEEK: Final = 7
HOURS_A_DAY: Final = 24

MAX_PERIODS: Final = 2_500
"""A hundred days of hours: what is looked at pairwise and in dynamic programs has to end."""


@dataclass(frozen=True, slots=True)
class Series:
    """``values`` has shape (n,); the period of ``values[i]`` begins at ``start + i · step.length``."""

    start: datetime
    step: Period
    scale: Scale
    values: Floats

    def at(self, i: int) -> datetime:
        """When period ``i`` begins; it may be one to come."""
        return self.start + i * self.step.length

    @property
    def known(self) -> Floats:
        """The values that are known, in their order."""
        return self.values[np.isfinite(self.values)]


def counts(points: Iterable[tuple[datetime, float]], window: Window, step: Period) -> Series:
    """Counts per period; where ``points`` has none, nothing happened. See ``series``."""
    return series(points, window, step, Scale.COUNT)


def series(points: Iterable[tuple[datetime, float | None]], window: Window, step: Period, scale: Scale) -> Series:
    """The periods that lie whole within ``window``, so that the last one is not low because it is not over.

    ``points`` are periods' starts with their values, in any order; what lies outside of the window is left out. Counts of one
    period are added; periods without one are 0. Other values are unknown where there is no point, or one that is not finite,
    or, for POSITIVE, one that is not positive. Days begin at midnight of UTC; weeks are the last seven days, the seven before
    them, and so on. Raises InvalidInput for a window without a whole period, or with more than ``MAX_PERIODS``.
    """
    grid = timedelta(days=1) if step is Period.WEEK else step.length
    start, end = _ceil(window.since, grid), _ceil(window.until - grid + timedelta(microseconds=1), grid)
    n = max(0, (end - start) // step.length)
    if not 0 < n <= MAX_PERIODS:
        raise InvalidInput("window", f"must have 1 to {MAX_PERIODS} whole periods of a {step.value}, not {n}")
    start = end - n * step.length
    values = np.full(n, 0.0 if scale is Scale.COUNT else math.nan)
    for at, value in points:
        i = (at - start) // step.length
        if not 0 <= i < n or value is None or not math.isfinite(value):
            continue
        if scale is Scale.COUNT:
            values[i] += value
        elif scale is not Scale.POSITIVE or value > 0:
            values[i] = value
    return Series(start, step, scale, values)


def weeks(daily: Series) -> Series:
    """Counts per day, summed to weeks; the first days that make no whole week are left out."""
    n = len(daily.values) // DAYS_A_WEEK
    rest = len(daily.values) - n * DAYS_A_WEEK
    return Series(daily.at(rest), Period.WEEK, daily.scale, daily.values[rest:].reshape(n, DAYS_A_WEEK).sum(axis=1))


def positions(of: Series, cycle: Cycle, zone: ZoneInfo | None = None) -> Ints:
    """Which hour of the day (0..23), or day of the week (0 is Monday), each period is in, on the clock of ``zone`` (UTC if
    None).

    Periods of a day begin at midnight of UTC, and are the day that this is in UTC.
    """
    hours = of.step is Period.HOUR
    if zone is None or zone.key == "UTC" or not hours:
        first = of.start.astimezone(UTC)
        if cycle is Cycle.HOUR_OF_DAY:
            return (np.arange(len(of.values)) * (1 if hours else 0) + first.hour) % HOURS_A_DAY
        elapsed = np.arange(len(of.values)) * (of.step.length // timedelta(hours=1)) + first.hour
        return (elapsed // HOURS_A_DAY + first.weekday()) % DAYS_A_WEEK
    local = (of.at(i).astimezone(zone) for i in range(len(of.values)))
    return np.fromiter((at.hour if cycle is Cycle.HOUR_OF_DAY else at.weekday() for at in local), np.int64)


def to_scale(values: Floats, scale: Scale) -> Floats:
    """On the scale on which the spread does not grow with the level (Anscombe, Biometrika 35, 1948, for counts)."""
    match scale:
        case Scale.COUNT:
            return 2 * np.sqrt(values + 0.375)
        case Scale.POSITIVE:
            return np.log(values)
        case Scale.RATE:
            return 2 * np.arcsin(np.sqrt(np.clip(values, 0.0, 1.0)))
        case Scale.REAL:
            return values


def from_scale(values: Floats, scale: Scale) -> Floats:
    """The inverse of ``to_scale``; a count is at least 0."""
    match scale:
        case Scale.COUNT:
            return np.maximum(0.0, np.square(np.maximum(values, 0.0) / 2) - 0.375)
        case Scale.POSITIVE:
            return np.exp(np.minimum(values, 700.0))
        case Scale.RATE:
            return np.square(np.sin(np.clip(values, 0.0, math.pi) / 2))
        case Scale.REAL:
            return values


def _ceil(at: datetime, grid: timedelta) -> datetime:
    midnight = datetime.combine(date(1970, 1, 5), datetime.min.time(), UTC)
    return midnight - ((midnight - at) // grid) * grid
