"""How fast something is used, how that changes, and how much it varies."""

from __future__ import annotations

from typing import Final

import numpy as np

from loopgraph.computes.analytics.trends.level import level
from loopgraph.computes.analytics.trends.seasonality import deseasonalised
from loopgraph.computes.analytics.trends.series import DAYS_A_WEEK, Series
from loopgraph.computes.analytics.trends.trend import MIN_KNOWN
from loopgraph.contracts.analytics.trends import Growth, NoFigure, Period, Scale, Velocity, Volatility

DAYS_A_MONTH: Final = 28
"""Four weeks: a month of 30 or 31 days has more weekends than the next one, and grows and shrinks by that alone."""


def velocity(daily: Series) -> Velocity:
    """Executions per day in the last seven days, and their change against the seven days before them, per day (the two means
    lie seven days apart). TOO_SHORT below seven days; the acceleration needs fourteen."""
    values = daily.values
    if len(values) < DAYS_A_WEEK:
        return Velocity(reason=NoFigure.TOO_SHORT)
    last = float(values[-DAYS_A_WEEK:].mean())
    if len(values) < 2 * DAYS_A_WEEK:
        return Velocity(per_day=last, reason=NoFigure.TOO_SHORT)
    before = float(values[-2 * DAYS_A_WEEK : -DAYS_A_WEEK].mean())
    return Velocity(per_day=last, acceleration=(last - before) / DAYS_A_WEEK)


def growth(of: Series, days: int) -> Growth:
    """The last ``days`` against the ``days`` before them: sums of counts, means of other values (over those that are known).

    TOO_SHORT where the series does not hold both, NO_DATA where nothing is known of one of them or nothing happened in both,
    NO_BASELINE where only the first is 0.
    """
    periods = round(days / of.step.days)
    if periods < 1 or len(of.values) < 2 * periods:
        return Growth(days=days, reason=NoFigure.TOO_SHORT)
    halves = of.values[-2 * periods : -periods], of.values[-periods:]
    if of.scale is Scale.COUNT:
        before, after = (float(half.sum()) for half in halves)
    else:
        known = [half[np.isfinite(half)] for half in halves]
        if not (len(known[0]) and len(known[1])):
            return Growth(days=days, reason=NoFigure.NO_DATA)
        before, after = (float(half.mean()) for half in known)
    if min(before, after) < 0:
        return Growth(days=days, reason=NoFigure.NO_BASELINE)
    if before == 0:
        return Growth(
            days=days, before=before, after=after, reason=NoFigure.NO_BASELINE if after > 0 else NoFigure.NO_DATA
        )
    return Growth(days=days, before=before, after=after, rate=after / before - 1)


def volatility(of: Series) -> Volatility:
    """How much the values vary: unbiased standard deviations, in units of the values.

    ``unexplained`` is what remains around the centred average of a week (a day, for hours; four weeks, for weeks) and the
    profile of it, over the degrees of freedom that these leave.
    """
    known = of.known
    if len(known) < MIN_KNOWN:
        return Volatility(reason=NoFigure.TOO_SHORT if len(known) else NoFigure.NO_DATA)
    deviation, mean = float(known.std(ddof=1)), float(known.mean())
    span = {Period.HOUR: 24, Period.DAY: DAYS_A_WEEK, Period.WEEK: 4}[of.step]
    rest = deseasonalised(of) - level(of.values, span)
    rest = rest[np.isfinite(rest)]
    freedom = len(rest) - len(rest) / span - (span if len(of.values) >= 4 * span and of.step is not Period.WEEK else 0)
    return Volatility(
        deviation=deviation,
        relative=deviation / mean if mean > 0 else None,
        unexplained=float(np.sqrt((rest**2).sum() / freedom)) if freedom >= 1 else None,
    )
