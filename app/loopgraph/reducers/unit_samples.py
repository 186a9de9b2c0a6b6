"""From the values of units to the samples that a metric is estimated from: both arms at once, because a tail is cut for both
alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from loopgraph.contracts.statistics.allocation import LoggedUnit
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.metrics import Logarithm, MetricDefinition, MetricKind, Winsorised
from loopgraph.contracts.statistics.samples import (
    BinaryCounts,
    JointMoments,
    RankedValues,
    Sample,
    UnitSamples,
    UnitValue,
)

Column = NDArray[np.float64]


def unit_samples(
    metric: MetricDefinition,
    control: Sequence[UnitValue],
    treatment: Sequence[UnitValue],
    strata: Mapping[str, int] | None = None,
    propensities: Mapping[str, float] | None = None,
) -> UnitSamples:
    """What the units of both arms come to on the metric, each unit once.

    Where a value cannot be used, ``reason`` says why, and the samples hold the others. Units without a covariate are given
    the mean of those of both arms that have one, and whether a unit has one becomes a covariate, too. ``strata`` are those of the
    units of a mean, by name; units of none are in none.
    ``propensities`` are the probabilities, of these two arms, that each unit got the treatment, in the order of assignment.
    """
    arms = [_Columns(metric, units) for units in (control, treatment)]
    reason = next((arm.reason for arm in arms if arm.reason), None)
    limits, clipped = None, 0
    if isinstance(metric.tail, Winsorised) and all(len(arm.values) for arm in arms):
        limits = _limits(metric.tail, np.concatenate([arm.values for arm in arms]))
        clipped = sum(arm.clip(limits) for arm in arms)
    filled = _fill(arms) if metric.covariate is not None else 0
    before, after = (arm.sample(metric) for arm in arms)
    return UnitSamples(
        control=before,
        treatment=after,
        strata=() if strata is None else tuple(_strata(arms, strata)),
        logged=() if propensities is None else tuple(_logged(arms, propensities)),
        limits=limits,
        clipped=clipped,
        filled=filled,
        reason=reason,
    )


def _strata(arms: Sequence[_Columns], strata: Mapping[str, int]) -> Iterator[tuple[JointMoments, JointMoments]]:
    places = [np.array([strata.get(unit, -1) for unit in arm.units], dtype=np.int64) for arm in arms]
    for stratum in range(1 + max(strata.values(), default=0)):
        of = [joint_moments(arm.values[place == stratum]) for arm, place in zip(arms, places, strict=True)]
        yield of[0], of[1]


def _logged(arms: Sequence[_Columns], propensities: Mapping[str, float]) -> Iterator[LoggedUnit]:
    control, treatment = (dict(zip(arm.units, arm.values.tolist(), strict=True)) for arm in arms)
    for unit, share in propensities.items():
        of = {"control": 1 - share, "treatment": share}
        if unit in control:
            yield LoggedUnit("control", control[unit], of)
        if unit in treatment:
            yield LoggedUnit("treatment", treatment[unit], of)


def joint_moments(*columns: Column) -> JointMoments:
    """Of variables, one to a column, of the same units."""
    n = len(columns[0])
    if n == 0:
        return JointMoments(
            n=0, means=(0.0,) * len(columns), products=tuple((0.0,) * (row + 1) for row in range(len(columns)))
        )
    with np.errstate(over="ignore", invalid="ignore"):  # who uses the moments finds what is beyond the range of a float
        means = [float(column[0]) if _constant(column) else float(np.mean(column)) for column in columns]
        apart = [column - mean for column, mean in zip(columns, means, strict=True)]
        products = tuple(tuple(float(apart[i] @ apart[j]) for j in range(i + 1)) for i in range(len(columns)))
    return JointMoments(n=n, means=tuple(means), products=products)


class _Columns:
    """The usable values of one arm."""

    def __init__(self, metric: MetricDefinition, units: Sequence[UnitValue]) -> None:
        table = np.array(
            [
                (value, denominator, np.nan if covariate is None else covariate)
                for value, denominator, covariate, _ in units
            ],
            dtype=np.float64,
        ).reshape(len(units), 3)
        known = [unit.covariate is not None for unit in units]
        self.reason: NoEstimate | None = None
        keep = np.isfinite(table[:, 0])
        if metric.kind is MetricKind.RATIO:
            keep &= np.isfinite(table[:, 1])
        if metric.covariate is not None:
            keep &= np.isfinite(table[:, 2]) | ~np.array(known, dtype=bool)
        self._drop(keep, NoEstimate.NOT_FINITE)
        if isinstance(metric.tail, Logarithm):
            positive = table[:, 0] > 0
            self._drop(positive | ~keep, NoEstimate.NOT_POSITIVE)
            keep &= positive
        if metric.kind is MetricKind.PROPORTION:
            binary = (table[:, 0] == 0) | (table[:, 0] == 1)
            self._drop(binary | ~keep, NoEstimate.NOT_BINARY)
            keep &= binary
        table = table[keep]
        self.units = [unit.unit for unit, kept in zip(units, keep, strict=True) if kept]
        self.values = np.log(table[:, 0]) if isinstance(metric.tail, Logarithm) else table[:, 0]
        self.known: Column | None = None
        self.denominators, self.covariates = table[:, 1], table[:, 2]

    def _drop(self, keep: NDArray[np.bool_], reason: NoEstimate) -> None:
        if self.reason is None and not keep.all():
            self.reason = reason

    def clip(self, limits: tuple[float, float]) -> int:
        """Sets what is beyond the limits to them; how many that were."""
        beyond = int(((self.values < limits[0]) | (self.values > limits[1])).sum())
        self.values = np.clip(self.values, *limits)
        return beyond

    def sample(self, metric: MetricDefinition) -> Sample:
        if metric.kind is MetricKind.PROPORTION:
            return BinaryCounts(n=len(self.values), successes=int(self.values.sum()))
        if metric.kind is MetricKind.RANK:
            return RankedValues(values=tuple(np.sort(self.values).tolist()))
        columns = [self.values]
        if metric.kind is MetricKind.RATIO:
            columns.append(self.denominators)
        if metric.covariate is not None:
            columns.append(self.covariates)
            if self.known is not None:
                columns.append(self.known)
        return joint_moments(*columns)


def _limits(tail: Winsorised, values: Column) -> tuple[float, float]:
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = np.quantile(values, [tail.lower, tail.upper])
    return float(low), float(high)


def _fill(arms: Sequence[_Columns]) -> int:
    """Gives those that have no covariate the mean of those that do, in place, and notes who had one; how many had none.

    Whether a unit has a past is itself something of before: it is a covariate beside the past, so that what tells units with a
    past from those without is taken neither for the treatment nor for what the past tells.
    """
    missing = [np.isnan(arm.covariates) for arm in arms]
    whole, none = np.concatenate([arm.covariates for arm in arms]), np.concatenate(missing)
    with np.errstate(over="ignore"):
        mean = float(np.mean(whole[~none])) if not none.all() else 0.0
    for arm, gone in zip(arms, missing, strict=True):
        arm.covariates[gone] = mean
        if none.any() and not none.all():
            arm.known = (~gone).astype(np.float64)
    return int(none.sum())


def _constant(column: Column) -> bool:
    """The mean of equal values is that value, to the last bit."""
    return bool((column == column[0]).all())
