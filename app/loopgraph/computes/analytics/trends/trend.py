"""Whether a series goes up or down: the slope of Theil and Sen, and the test of Mann and Kendall on the whitened series.

Both go by the signs and the ranks of differences, so that one odd day does not make a trend.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from loopgraph.computes.analytics.trends.seasonality import deseasonalised
from loopgraph.computes.analytics.trends.series import Floats, Ints, Series
from loopgraph.contracts.analytics.trends import NoFigure, Trend, TrendDirection

MIN_KNOWN: Final = 8
"""Fewer values have no trend: even an unbroken rise of the whitened rest would hardly be significant."""

LEVEL: Final = 0.05
MIN_CHANGE: Final = 0.1
"""A trend that comes to less than a tenth of the mean, over the whole series, is told as none."""

_MAX_AUTOCORRELATION: Final = 0.95
_MAX_PAIRWISE: Final = 750
"""Longer series are looked at in this many means of equal parts: all pairs of 2,160 hours would be two million slopes."""


class Slope(NamedTuple):
    """The median of the slopes of all pairs, per period, and the interval of it."""

    slope: float
    low: float
    high: float


class KendallTest(NamedTuple):
    """``s`` is by how many pairs that rise outnumber those that fall, ``tau`` this over the pairs (corrected for ties: τ-b)."""

    s: int
    z: float
    p_value: float


def theil_sen(x: Floats, y: Floats, *, inflation: float = 1.0, confidence: float = 0.95) -> Slope | None:
    """The slope of Theil (1950) and Sen (JASA 63, 1968), and its interval by the variance of Kendall's S, corrected for ties.

    ``x`` rises strictly. The interval takes values to be independent; ``inflation`` is by how much more the variance of S is
    when they are not (Lettenmaier 1976; Hamed & Rao 1998): (1 + ρ) / (1 − ρ) for the autocorrelation ρ of the residuals. None
    below two values.
    """
    return _with_interval(_slopes(x, y), inflation * _variance(y), confidence) if len(y) > 1 else None


def _slopes(x: Floats, y: Floats) -> Floats:
    i, j = _pairs(len(y))
    return np.sort((y[j] - y[i]) / (x[j] - x[i]))


def _with_interval(slopes: Floats, variance: float, confidence: float) -> Slope:
    m, half = len(slopes), -NormalDist().inv_cdf((1 - confidence) / 2) * math.sqrt(variance)
    low, high = max(0, round((m - half) / 2) - 1), min(m - 1, round((m + half) / 2))
    return Slope(_median(slopes), float(slopes[low]), float(slopes[high]))


def _median(ordered: Floats) -> float:
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def mann_kendall(y: Floats) -> KendallTest | None:
    """The test of Mann (Econometrica 13, 1945) and Kendall, two-sided, with the correction for ties and for continuity.

    It takes values to be independent: see ``whitened``. None below two values, and where all are the same.
    """
    if len(y) < 2:
        return None
    variance = _variance(y)
    if variance <= 0:
        return None
    i, j = _pairs(len(y))
    s = int(np.sign(y[j] - y[i]).sum())
    z = (s - math.copysign(1, s)) / math.sqrt(variance) if s else 0.0
    return KendallTest(s, z, math.erfc(abs(z) / math.sqrt(2)))


def autocorrelation(y: Floats) -> float:
    """The correlation of neighbours that are both known: autocovariance at lag 1 over the variance, each divided by n; 0
    where nothing varies. 0 rather than NaN, since a series that does not vary needs no whitening."""
    centred = y - np.nanmean(y)
    variance = float(np.nanmean(centred**2))
    if variance <= 1e-24 * float(np.nanmax(np.abs(y))) ** 2:
        return 0.0
    products = centred[1:] * centred[:-1]
    known = products[np.isfinite(products)]
    if len(known) < len(y) - 1:
        return float(known.mean()) / variance if len(known) else 0.0
    return float(known.sum()) / len(y) / variance


def whitened(y: Floats, rho: float) -> Floats:
    """What each value has that the one before it does not make one expect: y_t − ρ·y_(t−1); those of unknown neighbours are
    left out.

    Pre-whitening (von Storch 1995), here by the autocorrelation of what remains about the line, corrected for its bias
    (Hamed, Journal of Hydrology 368, 2009): that of the plain series takes a strong trend for autocorrelation, and hides it.
    ``bench.trends`` has the false alarms.
    """
    rest = y[1:] - rho * y[:-1]
    return rest[np.isfinite(rest)]


def trend(of: Series) -> Trend:
    """The trend of a series, by itself; ``adjusted_p_value`` is the plain one. See ``trends`` for many.

    Its season is taken away first. ``slope`` is per day, and its interval is widened by the autocorrelation of what remains
    around the line. ``direction`` needs a significant test, a slope of the same sign, and a ``change`` of at least
    ``MIN_CHANGE``. TOO_SHORT below ``MIN_KNOWN`` known values, CONSTANT where nothing varies.
    """
    return trends([of])[0]


def trends(many: Sequence[Series]) -> list[Trend]:
    """The trends of series that are looked at together: among two hundred without any, ten would be "significant" by chance,
    so their p-values are corrected for the rate of false discoveries (Benjamini & Hochberg, JRSS B 57, 1995; it holds for
    series that are independent, or go up together)."""
    from scipy import stats  # a service that shows no trends does without its 17 MB

    found = [_measured(of) for of in many]
    tested = [i for i, each in enumerate(found) if each.p_value is not None]
    p_values = [found[i].p_value or 0.0 for i in tested]
    for i, p_value in zip(tested, stats.false_discovery_control(p_values) if tested else (), strict=True):
        found[i] = _directed(found[i], float(p_value))
    return found


def _measured(of: Series) -> Trend:
    known = np.isfinite(of.values)
    n = int(known.sum())
    if n < MIN_KNOWN:
        return Trend(step=of.step, n=n, reason=NoFigure.NO_DATA if n == 0 else NoFigure.TOO_SHORT)
    if np.ptp(of.values[known]) == 0:
        return Trend(step=of.step, n=n, reason=NoFigure.CONSTANT)
    y, days = _coarse(deseasonalised(of), of.step.days)
    at = np.flatnonzero(np.isfinite(y))
    slopes = _slopes(at.astype(float), y[at])
    rho = _cautious(autocorrelation(y - _median(slopes) * np.arange(len(y))), len(at))
    line = _with_interval(slopes, max(1.0, (1 + rho) / (1 - rho)) * _variance(y[at]), 0.95)
    test = mann_kendall(whitened(y, rho))
    mean = float(of.values[known].mean())
    periods = (len(of.values) - 1) * of.step.days
    return Trend(
        step=of.step,
        n=n,
        slope=line.slope / days,
        slope_interval=(line.low / days, line.high / days),
        change=line.slope / days * periods / mean if mean > 0 else None,
        tau=_tau(y[at]),
        p_value=test.p_value if test else None,
        autocorrelation=rho,
        reason=None if test else NoFigure.TOO_SHORT,
    )


def _directed(found: Trend, p_value: float) -> Trend:
    slope, matters = found.slope or 0.0, found.change is None or abs(found.change) >= MIN_CHANGE
    significant = p_value < LEVEL and matters and slope * (found.tau or 0.0) > 0
    direction = (
        TrendDirection.STEADY if not significant else TrendDirection.RISING if slope > 0 else TrendDirection.FALLING
    )
    return found.model_copy(update={"adjusted_p_value": p_value, "direction": direction})


def _tau(y: Floats) -> float | None:
    i, j = _pairs(len(y))
    signs = np.sign(y[j] - y[i])
    untied, pairs = float(np.abs(signs).sum()), len(signs)
    return float(signs.sum()) / math.sqrt(untied * pairs) if untied else None


def _variance(y: Floats) -> float:
    """Of Kendall's S when there is no trend, with the correction for ties (Kendall, Rank Correlation Methods, 1975)."""
    n = len(y)
    ordered = np.sort(y)
    ends = np.flatnonzero(np.diff(ordered, append=np.inf) != 0)
    ties = np.diff(ends, prepend=-1).astype(float)
    return float(n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18


def _cautious(rho: float, n: int) -> float:
    """The autocorrelation of the rest about a fitted line is told too low, by (2 + 4ρ) / n; and whoever takes it for too low
    finds trends where there are none, so that half of its standard error is added."""
    unbiased = float(np.clip((rho * n + 2) / (n - 4), -_MAX_AUTOCORRELATION, _MAX_AUTOCORRELATION))
    return min(_MAX_AUTOCORRELATION, unbiased + 0.5 * math.sqrt((1 - unbiased**2) / n))


def _coarse(y: Floats, days: float) -> tuple[Floats, float]:
    """Means of equal parts of a long series, and how many days each is long; the first values that fill no part are left
    out."""
    width = -(-len(y) // _MAX_PAIRWISE)
    if width == 1:
        return y, days
    parts = y[len(y) % width :].reshape(-1, width)
    known = np.isfinite(parts)
    total, n = np.where(known, parts, 0.0).sum(axis=1), known.sum(axis=1)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan), days * width


@lru_cache(maxsize=16)
def _pairs(n: int) -> tuple[Ints, Ints]:
    i, j = np.triu_indices(n, 1)
    return i.astype(np.int64), j.astype(np.int64)
