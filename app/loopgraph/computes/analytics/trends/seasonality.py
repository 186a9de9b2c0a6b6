"""How much a series repeats by the hour of the day and the day of the week."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from loopgraph.computes.analytics.trends.level import level, profile
from loopgraph.computes.analytics.trends.series import (
    DAYS_A_WEEK,
    HOURS_A_DAY,
    Floats,
    Ints,
    Series,
    positions,
    to_scale,
)
from loopgraph.contracts.analytics.trends import Cycle, NoFigure, Period, Season

MIN_CYCLES: Final = 4

_SURE: Final = 0.01

_LENGTHS: Final = {Cycle.HOUR_OF_DAY: HOURS_A_DAY, Cycle.DAY_OF_WEEK: DAYS_A_WEEK}


def cycles(of: Series) -> tuple[Cycle, ...]:
    """What a series of its step can repeat by."""
    return {Period.HOUR: (Cycle.HOUR_OF_DAY, Cycle.DAY_OF_WEEK), Period.DAY: (Cycle.DAY_OF_WEEK,), Period.WEEK: ()}[
        of.step
    ]


def season(of: Series, cycle: Cycle, zone: ZoneInfo | None = None) -> Season:
    """How much a series repeats, on the clock of ``zone``.

    The level, a centred average over one cycle, is taken away. ``p_value`` is that of Kruskal and Wallis (JASA 47, 1952) for
    the same distribution at every position: by ranks, so that one odd day makes no cycle. ``strength`` is their ε² (the share
    of the variance of the ranks between positions, less what chance has: (H − k + 1) / (n − k)). ``profile`` are means of the
    deviations.

    Days of hours are summed first where the cycle is the day of the week. TOO_SHORT below ``MIN_CYCLES`` whole cycles, and
    where a position has no known value; CONSTANT where nothing varies; NO_DATA where nothing is known.
    """
    k = _LENGTHS[cycle]
    if of.step is Period.HOUR and cycle is Cycle.DAY_OF_WEEK:
        return _of_days(of, zone)
    at = positions(of, cycle, zone)
    span = k if cycle is Cycle.HOUR_OF_DAY or of.step is Period.DAY else 1
    known = np.isfinite(of.values)
    if not known.any():
        return Season(cycle=cycle, reason=NoFigure.NO_DATA)
    if len(of.values) < MIN_CYCLES * span or len(np.unique(at[known])) < k:
        return Season(cycle=cycle, reason=NoFigure.TOO_SHORT)
    if np.ptp(of.values[known]) == 0:
        return Season(cycle=cycle, reason=NoFigure.CONSTANT)
    h, n = _kruskal_wallis(to_scale(of.values, of.scale), at, k, span)
    if h is None or n <= k:
        return Season(cycle=cycle, reason=NoFigure.CONSTANT if h is None else NoFigure.TOO_SHORT)
    plain = of.values - level(of.values, span)
    known = np.isfinite(plain)
    means = np.array([plain[known & (at == position)].mean() for position in range(k)])
    means -= means.mean()
    return Season(
        cycle=cycle,
        strength=float(np.clip((h - k + 1) / (n - k), 0.0, 1.0)),
        p_value=_chi_square_tail(k - 1, h),
        profile=tuple(map(float, means)),
        peak=int(means.argmax()),
    )


def _chi_square_tail(freedom: int, value: float) -> float:
    from scipy import special  # a service that shows no trends does without its 17 MB

    return float(special.chdtrc(freedom, value))


def _of_days(hourly: Series, zone: ZoneInfo | None) -> Season:
    """By the day of the week, of hours: each local day is the mean of its known hours, which does not grow with an hour of
    daylight saving; days that are not whole are left out."""
    local_day = np.fromiter(
        ((hourly.at(i).astimezone(zone) if zone else hourly.at(i)).toordinal() for i in range(len(hourly.values))),
        np.int64,
    )
    first, of_day = local_day[0], local_day - local_day[0]
    hours = np.bincount(of_day)
    known = np.isfinite(hourly.values)
    n = np.bincount(of_day, weights=known)
    sums = np.bincount(of_day, weights=np.where(known, hourly.values, 0.0))
    values = np.where((hours >= HOURS_A_DAY - 1) & (n > 0), sums / np.maximum(n, 1), np.nan)
    whole = np.flatnonzero(hours >= HOURS_A_DAY - 1)
    if len(whole) == 0:
        return Season(cycle=Cycle.DAY_OF_WEEK, reason=NoFigure.TOO_SHORT)
    values = values[whole[0] : whole[-1] + 1]
    # Midnight of UTC stands for the local day: positions of days are counted in UTC.
    start = hourly.start.replace(hour=0).fromordinal(int(first + whole[0])).replace(tzinfo=hourly.start.tzinfo)
    return season(Series(start, Period.DAY, hourly.scale, values), Cycle.DAY_OF_WEEK)


def seasonal_part(of: Series) -> Floats:
    """What the week (the day, for hours) adds to each value, in its units: 0 where the series holds fewer than ``MIN_CYCLES``
    whole ones, or does not repeat (at 1 %): to take away what is not there would take some of the noise. Shape (n,)."""
    length = {Period.HOUR: HOURS_A_DAY, Period.DAY: DAYS_A_WEEK, Period.WEEK: 1}[of.step]
    values, at = of.values, np.arange(len(of.values)) % length
    if length == 1 or len(values) < MIN_CYCLES * length:
        return np.zeros(len(values))
    h, _ = _kruskal_wallis(values, at, length, length)
    if h is None or _chi_square_tail(length - 1, h) >= _SURE:
        return np.zeros(len(values))
    return profile(values - level(values, length), at, length)[at]


def deseasonalised(of: Series) -> Floats:
    """The values without their ``seasonal_part``."""
    return of.values - seasonal_part(of)


def _kruskal_wallis(values: Floats, at: Ints, k: int, span: int) -> tuple[float | None, int]:
    """The statistic H of the deviations from the level over the ``k`` positions ``at``, corrected for ties, and of how many
    known values it is; None where all are the same. The level takes 1/``span`` of the noise along, which is accounted for."""
    deviations = values - level(values, span)
    known = np.isfinite(deviations)
    deviations, at = deviations[known], at[known]
    n = len(deviations)
    if n < 2:
        return None, n
    _, inverse, ties = np.unique(np.round(deviations, 9), return_inverse=True, return_counts=True)
    correction = 1 - float((ties.astype(float) ** 3 - ties).sum()) / (float(n) ** 3 - n)
    if correction <= 0:
        return None, n
    ranks = (np.cumsum(ties) - (ties - 1) / 2)[inverse]
    sums, sizes = np.bincount(at, weights=ranks, minlength=k), np.bincount(at, minlength=k)
    h = 12 / (n * (n + 1)) * float((sums**2 / np.maximum(sizes, 1)).sum()) - 3 * (n + 1)
    return h / correction * (1 - 1 / span), n
