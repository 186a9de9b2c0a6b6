"""Values outside of what the level and the season of a series make one expect."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy import special

from loopgraph.computes.analytics.trends.level import medians_of_neighbours
from loopgraph.computes.analytics.trends.seasonality import deseasonalised
from loopgraph.computes.analytics.trends.series import Floats, Series, from_scale, to_scale
from loopgraph.contracts.analytics.trends import Anomalies, Anomaly, ExpectedRange, NoFigure, Scale, Step

MIN_KNOWN: Final = 21
FALSE_ALARM_RATE: Final = 0.05

_NEIGHBOURS: Final = {Step.HOUR: 12, Step.DAY: 7, Step.WEEK: 4}


def anomalies(of: Series, false_alarm_rate: float = FALSE_ALARM_RATE) -> Anomalies:
    """The values outside of their expected range, and the ranges of all periods.

    Expected is the running median of two weeks (a day of hours, two months of weeks) and the profile of the season; the range
    is as wide as the median absolute deviation from it says, on the scale on which that is the same at every level. Counts
    are never expected to vary less than independent events do. ``false_alarm_rate`` is of the whole series: the level of each
    period is Šidák's.

    TOO_SHORT below ``MIN_KNOWN`` known values; CONSTANT where most of them do not vary (counts aside).
    """
    known = np.isfinite(of.values)
    n = int(known.sum())
    if n < MIN_KNOWN:
        return Anomalies(reason=NoFigure.TOO_SHORT if n else NoFigure.NO_DATA)
    scaled = to_scale(of.values, of.scale)
    plain = deseasonalised(Series(of.start, of.step, Scale.REAL, scaled))
    middle, spread = _expected(plain, _NEIGHBOURS[of.step])
    if of.scale is Scale.COUNT:
        spread = np.maximum(spread, 1.0)
    if spread.min() <= 0:
        return Anomalies(reason=NoFigure.CONSTANT)
    limit = _limit(n, false_alarm_rate)
    expected = scaled - plain + middle
    scores = (plain - middle) / spread
    told = (expected, expected - limit * spread, expected + limit * spread)
    middle, low, high = (from_scale(each, of.scale) for each in told)
    return Anomalies(
        points=tuple(
            Anomaly(
                at=of.at(i),
                value=float(of.values[i]),
                expected=float(middle[i]),
                low=float(low[i]),
                high=float(high[i]),
                score=float(scores[i]),
            )
            for i in map(int, np.flatnonzero(known & (np.abs(scores) > limit)))
        ),
        ranges=tuple(
            ExpectedRange(
                of.at(i),
                *((float(middle[i]), float(low[i]), float(high[i])) if math.isfinite(middle[i]) else (None,) * 3),
            )
            for i in range(len(of.values))
        ),
        false_alarm_rate=false_alarm_rate,
    )


def _expected(values: Floats, neighbours: int) -> tuple[Floats, Floats]:
    """What each value is expected to be by its neighbours, and the standard deviation about that.

    The first and the last values have neighbours to one side only, which tell less of a series that wanders: they are told
    from twice as many of that side, and their spread is that of all values when these are told in the same way.
    """
    ways = (
        medians_of_neighbours(values, neighbours, neighbours),
        medians_of_neighbours(values, 2 * neighbours, 0),
        medians_of_neighbours(values, 0, 2 * neighbours),
    )
    within = (
        np.s_[neighbours : len(values) - neighbours],
        np.s_[2 * neighbours :],
        np.s_[: len(values) - 2 * neighbours],
    )
    spreads = [1.4826 * float(np.nanmedian(np.abs(values - way)[part])) for way, part in zip(ways, within, strict=True)]
    middle, spread = ways[0].copy(), np.full(len(values), spreads[0])
    for way, wide, part in ((ways[1], spreads[1], np.s_[-neighbours:]), (ways[2], spreads[2], np.s_[:neighbours])):
        middle[part], spread[part] = way[part], wide
    return middle, spread


def _limit(n: int, false_alarm_rate: float) -> float:
    """How many standard deviations away the outermost of ``n`` values lies with this probability; by Student's distribution,
    since the spread is an estimate: a median absolute deviation is worth 0.37 n values of a normal sample."""
    each = -math.expm1(math.log1p(-false_alarm_rate) / n)
    return -float(special.stdtrit(0.37 * n, each / 2))
