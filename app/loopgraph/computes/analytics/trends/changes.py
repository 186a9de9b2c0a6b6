"""Where the level of a series changed at once: optimal partitioning into pieces of one mean each.

The exact method of Jackson et al. (IEEE Signal Processing Letters 12, 2005), which PELT (Killick et al., JASA 107, 2012)
makes linear in time by pruning: at most a few thousand periods need no pruning, and forty lines of numpy no further library.
"""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import NormalDist
from typing import Final

import numpy as np

from loopgraph.computes.analytics.trends.seasonality import deseasonalised
from loopgraph.computes.analytics.trends.series import Floats, Series, to_scale
from loopgraph.contracts.analytics.trends import ChangePoint, Changes, NoFigure, Scale

MIN_PIECE: Final = 7
"""A level that lasted less long is an anomaly, if anything."""

PENALTY: Final = 3.0
"""What one change costs, in log n of the long-run variance: that of BIC is 2 for its place and level; the rest is for the
noise being estimated. ``bench.trends`` has the false alarms that it leaves."""

_LAGS: Final = 6
_TRIMMED: Final = 0.125
_Z: Final = -NormalDist().inv_cdf(_TRIMMED / 2)
_TRIMMED_SHARE: Final = 1 - 2 * _Z * math.exp(-_Z * _Z / 2) / math.sqrt(2 * math.pi) / (1 - _TRIMMED)
"""What the variance of the inner part of a normal distribution is of that of the whole."""


def change_points(of: Series) -> Changes:
    """Where the level changed, and by how much; periods of which nothing is known are left out.

    The season is taken away, and counts are looked at on the scale on which their spread is the same at every level. The
    noise is told from differences of neighbours, which changes of level hardly touch, and with it how much neighbours
    resemble each other: what wanders slowly by itself is allowed to (``noise``). ``before`` and ``after`` are means of the
    plain values.

    TOO_SHORT below four pieces of ``MIN_PIECE``; CONSTANT where nothing varies.
    """
    known = np.flatnonzero(np.isfinite(of.values))
    n = len(known)
    if n < 4 * MIN_PIECE:
        return Changes(reason=NoFigure.TOO_SHORT if n else NoFigure.NO_DATA)
    if np.ptp(of.values[known]) == 0:
        return Changes(reason=NoFigure.CONSTANT)
    scaled = Series(of.start, of.step, Scale.REAL, to_scale(of.values, of.scale))
    y = deseasonalised(scaled)[known]
    variance = noise(y)
    if of.scale is Scale.COUNT:
        variance = max(variance, 1.0)  # that of independent events
    if variance <= 0:
        return Changes(reason=NoFigure.CONSTANT)
    penalty = PENALTY * variance * math.log(n)
    starts = partition(y, penalty, MIN_PIECE)
    if not starts:
        return Changes()
    bounds = [0, *starts, n]
    steps_cost = sum(_cost(y[a:b]) for a, b in pairwise(bounds)) + penalty * len(starts)
    if _line_cost(y) + penalty <= steps_cost:
        return Changes(gradual=True)
    plain = of.values[known]
    return Changes(
        points=tuple(
            ChangePoint(
                at=of.at(int(known[b])),
                before=float(plain[a:b].mean()),
                after=float(plain[b:c].mean()),
                gain=(_cost(y[a:c]) - _cost(y[a:b]) - _cost(y[b:c])) / penalty,
            )
            for a, b, c in zip(bounds, bounds[1:], bounds[2:], strict=False)
        )
    )


def partition(y: Floats, penalty: float, min_piece: int) -> list[int]:
    """Where pieces begin (the first one aside) that minimise Σ (y − mean of its piece)² + penalty · changes, each at least
    ``min_piece`` long. Exact; O(n²) in n steps. Of equally good ones, that with the earliest last change."""
    n = len(y)
    centred = y - y.mean()
    sums, squares = (np.concatenate([[0.0], np.cumsum(each)]) for each in (centred, centred**2))
    best, last = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=np.int64)
    best[0] = -penalty
    for end in range(min_piece, n + 1):
        begin = np.arange(0, end - min_piece + 1)
        cost = squares[end] - squares[begin] - (sums[end] - sums[begin]) ** 2 / (end - begin)
        total = best[begin] + cost + penalty
        last[end] = begin[total.argmin()]
        best[end] = total.min()
    starts: list[int] = []
    begins = int(last[n])
    while begins > 0:
        starts.append(begins)
        begins = int(last[begins])
    return starts[::-1]


def noise(y: Floats) -> float:
    """The variance that the mean of many values has, times their number: σ² (1 + 2 Σ ρ_k), for correlations ρ_k at lag k.

    Told from differences, of which a change of level touches only k at lag k: half of their variance at lag k is σ² (1 −
    ρ_k), and at lags of more than a week σ². The sum ends with the first correlation that is not positive (Geyer, Statistical
    Science 7, 1992).
    """
    lags = range(1, _LAGS + 1)
    halves = np.array([_trimmed_variance(y[lag:] - y[:-lag]) / 2 for lag in (*lags, *range(_LAGS + 1, _LAGS + 5))])
    variance = max(float(halves[_LAGS:].mean()), float(halves[0]))
    if variance <= 0:
        return float(np.var(np.diff(y))) / 2
    total = 0.0
    for rho in 1 - halves[:_LAGS] / variance:
        if rho <= 0:
            break
        total += float(rho)
    return variance * (1 + 2 * total)


def _trimmed_variance(differences: Floats) -> float:
    """The variance of a normal sample about 0 of which the largest eighth (by absolute value) may be anything."""
    ordered = np.sort(differences**2)
    return float(ordered[: math.ceil(len(ordered) * (1 - _TRIMMED))].mean()) / _TRIMMED_SHARE


def _cost(y: Floats) -> float:
    return float(((y - y.mean()) ** 2).sum())


def _line_cost(y: Floats) -> float:
    at = np.arange(len(y)) - (len(y) - 1) / 2
    return _cost(y) - float((at * y).sum()) ** 2 / float((at**2).sum())
