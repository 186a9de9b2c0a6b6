"""Means over executions that come in units, and the difference of two of them. Executions of one unit are not independent.

The mean over all executions is a ratio of two sums over units, Σy / Σx (x: the executions of a unit, y: what they come to). Its
variance is that of the linearised ratio (Cochran, Sampling Techniques, 1977, §6.3 and §9A): of the residuals y − r·x, which are
independent between units. Where every unit has one execution this is the plain mean, and the difference is Welch's test.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import chain
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopgraph.contracts.analytics.figures import Range
from loopgraph.contracts.analytics.sums import Tally
from loopgraph.contracts.loop.arms import SampleStatistics
from loopgraph.contracts.loop.feedback import Reason

LEVEL: Final = 0.05
"""Intervals are at 1 − LEVEL."""

MIN_UNITS: Final = 10
"""Means of fewer units are not tested: of so few the variance is not known well enough."""


Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


class Clustered(NamedTuple):
    """The mean over executions, and its ``variance``. ``residuals`` are each unit's (y − r·x) / Σx, and 0 of those that tell
    nothing; ``told`` are the others.

    ``units`` counts units by weight, (Σx)² / Σx²: as many as there are where all have the same number of executions, fewer where
    some have most of them; of few, the residuals are too small by ``correction``. ``means`` are the moments of the units' own
    means, unweighted.
    """

    value: float
    variance: float
    units: float
    correction: float
    residuals: Floats
    told: NDArray[np.bool_]
    means: SampleStatistics


class Contrast(NamedTuple):
    """The second mean against the first; what cannot be told is None, and ``reason`` says why there is no test."""

    difference: float
    relative: float | None
    difference_interval: Range | None = None
    relative_interval: Range | None = None
    effect_size: float | None = None
    effect_size_interval: Range | None = None
    p_value: float | None = None
    reason: Reason | None = None


def columns(tallies: Collection[Tally]) -> Floats:
    """The numbers of tallies: a column for each of theirs, in the order of its fields, and in it one for each of them."""
    count = len(Tally._fields)
    numbers = np.fromiter(chain.from_iterable(tallies), np.float64, count * len(tallies))
    return np.ascontiguousarray(numbers.reshape(-1, count).T)


def clustered(ys: Floats, xs: Floats) -> Clustered | None:
    """The mean of units, each with its sum y and its number x; those of which x is 0 tell nothing. None where none does."""
    told = xs > 0
    if not told.any():
        return None
    whole = float(xs.sum())
    value = float(ys[told].sum()) / whole
    weight = whole**2 / _squares(xs)
    correction = weight / (weight - 1) if weight > 1 else 0.0
    residuals = np.where(told, ys - value * xs, 0.0) / whole
    return Clustered(
        value=value,
        variance=correction * _squares(residuals),
        units=weight,
        correction=correction,
        residuals=residuals,
        told=told,
        means=_moments(ys[told] / xs[told]),
    )


def contrast(first: Clustered, second: Clustered, both: tuple[Rows, Rows] | None = None) -> Contrast:
    """How the second mean differs from the first. ``both``: where the same units are, in the first and in the second.

    Units that have executions of both make their means depend on each other: that covariance is taken off, and the degrees of
    freedom are then those of the smaller side; else they are Welch's. The interval of the relative difference is that of the
    logarithm of the ratio, by the delta method. Hedges' g is that of the units' means, unweighted.
    """
    difference = second.value - first.value
    relative = difference / first.value if first.value > 0 else None
    if min(first.means.n, second.means.n) < MIN_UNITS or min(first.units, second.units) < 2:
        return Contrast(difference, relative, reason=Reason.INSUFFICIENT_UNITS)
    from scipy import special  # a service that compares nothing does without its 17 MB

    products = _products(first, second, *both) if both else None
    covariance = math.sqrt(first.correction * second.correction) * (products or 0.0)
    variances = first.variance, second.variance
    variance = sum(variances) - 2 * covariance
    if not _counts(variance, first.value, second.value):
        return Contrast(difference, relative, reason=Reason.ZERO_VARIANCE)
    freedoms = first.units - 1, second.units - 1
    freedom = (
        min(freedoms)
        if products is not None
        else sum(variances) ** 2 / sum(v * v / f for v, f in zip(variances, freedoms, strict=True))
    )
    t, error = -float(special.stdtrit(freedom, LEVEL / 2)), math.sqrt(variance)
    effect_size, effect_size_interval = _hedges_g(first.means, second.means)
    return Contrast(
        difference=difference,
        relative=relative,
        difference_interval=(difference - t * error, difference + t * error),
        relative_interval=_relative_interval(first, second, covariance, t),
        effect_size=effect_size,
        effect_size_interval=effect_size_interval,
        p_value=2 * float(special.stdtr(freedom, -abs(difference) / error)),
    )


def _products(first: Clustered, second: Clustered, rows: Rows, rows_: Rows) -> float | None:
    """The sum of the products of the residuals of units that tell something of both; None where there are none."""
    if not (first.told[rows] & second.told[rows_]).any():
        return None
    return float((first.residuals[rows] * second.residuals[rows_]).sum())


def _counts(variance: float, *values: float) -> bool:
    """Whether a variance is more than what rounding leaves of none."""
    return variance > (1e-12 * max(map(abs, values))) ** 2


def _relative_interval(first: Clustered, second: Clustered, covariance: float, t: float) -> Range | None:
    if first.value <= 0 or second.value <= 0:
        return None
    variance = (
        first.variance / first.value**2
        + second.variance / second.value**2
        - 2 * covariance / (first.value * second.value)
    )
    middle, half = math.log(second.value / first.value), t * math.sqrt(max(0.0, variance))
    if middle + half > 700:  # beyond the range of a float
        return None
    return math.expm1(middle - half), math.expm1(middle + half)


def _hedges_g(first: SampleStatistics, second: SampleStatistics) -> tuple[float | None, Range | None]:
    """Borenstein et al., Introduction to Meta-Analysis, 2009, eq. 4.18–4.24."""
    n, freedom = first.n + second.n, first.n + second.n - 2
    pooled = math.sqrt((first.m2 + second.m2) / freedom)
    if not _counts(pooled**2, first.mean, second.mean):
        return None, None
    d, j = (second.mean - first.mean) / pooled, 1 - 3 / (4 * freedom - 1)
    half = j * math.sqrt(n / (first.n * second.n) + d * d / (2 * n)) * -NormalDist().inv_cdf(LEVEL / 2)
    return j * d, (j * d - half, j * d + half)


def _moments(values: Floats) -> SampleStatistics:
    mean = float(values.mean())
    return SampleStatistics(n=len(values), mean=mean, m2=_squares(values - mean))


def _squares(values: Floats) -> float:
    return float(np.square(values).sum())
