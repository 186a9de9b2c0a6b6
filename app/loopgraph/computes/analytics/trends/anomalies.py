"""Values outside of what the level and the season of a series make one expect."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from loopgraph.computes.analytics.trends.level import medians_of_neighbours
from loopgraph.computes.analytics.trends.seasonality import seasonal_part
from loopgraph.computes.analytics.trends.series import Floats, Series, from_scale, to_scale
from loopgraph.contracts.analytics.trends import Anomalies, Anomaly, ExpectedRange, NoFigure, Period, Scale

MIN_KNOWN: Final = 21
FALSE_ALARM_RATE: Final = 0.05

_TORN: Final = 4.0
_NEIGHBOURS: Final = {Period.HOUR: 12, Period.DAY: 7, Period.WEEK: 4}


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
    season = seasonal_part(Series(of.start, of.step, Scale.REAL, scaled))
    plain = scaled - season
    middle, spread = _expected(plain, _NEIGHBOURS[of.step])
    if of.scale is Scale.COUNT:
        spread = np.maximum(spread, 1.0)
    if spread.min() <= 0:
        return Anomalies(reason=NoFigure.CONSTANT)
    limit = _limit(n, false_alarm_rate)
    expected = season + middle
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
    from twice as many of that side, and their spread is that of all values when these are told in the same way. So are those
    where the level changes (the two sides lie ``_TORN`` standard deviations apart), from the nearer side.
    """
    both = medians_of_neighbours(values, neighbours, neighbours)
    before, after = medians_of_neighbours(values, 2 * neighbours, 0), medians_of_neighbours(values, 0, 2 * neighbours)
    rest = values - before, values - after
    narrow = _spread((values - both)[neighbours:-neighbours])
    wide = max(_spread(rest[0][2 * neighbours :]), _spread(rest[1][: -2 * neighbours]))
    middle = both.copy()
    torn = np.abs(after - before) > _TORN * narrow
    torn[:neighbours] = torn[-neighbours:] = True
    nearer = np.where(~np.isfinite(before) | (np.abs(rest[1]) < np.abs(rest[0])), after, before)
    middle[torn] = nearer[torn]
    middle[:neighbours], middle[-neighbours:] = after[:neighbours], before[-neighbours:]
    return middle, np.where(torn, wide, narrow)


def _spread(rest: Floats) -> float:
    """The standard deviation of a normal distribution with this median of absolute values."""
    return 1.4826 * float(np.nanmedian(np.abs(rest)))


def _limit(n: int, false_alarm_rate: float) -> float:
    """How many standard deviations away the outermost of ``n`` values lies with this probability; by Student's distribution,
    since the spread is an estimate: a median absolute deviation is worth 0.37 n values of a normal sample."""
    each = -math.expm1(math.log1p(-false_alarm_rate) / n)
    from scipy import special  # a service that shows no trends does without its 17 MB

    return -float(special.stdtrit(0.37 * n, each / 2))
