"""How many units an experiment takes to find a gain that matters, by what units have shown so far."""

from __future__ import annotations

import math

from loopgraph.computes.loop.statistics.power import (
    power_of_means,
    power_of_proportions,
    units_for_means,
    units_for_proportions,
)
from loopgraph.contracts.statistics.decisions import Power
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.metrics import Direction, Logarithm, MetricDefinition
from loopgraph.contracts.statistics.plans import Plan
from loopgraph.contracts.statistics.samples import BinaryCounts, JointMoments, Sample
from loopgraph.errors import InvalidInput


def units_for_gain(
    metric: MetricDefinition,
    sample: Sample,
    gain: float,
    plan: Plan,
    level: float,
    power: float,
    treatment_share: float,
) -> Power:
    """The fewest units of both arms that find a relative gain (0.1: a tenth better than ``sample``) so surely.

    Both arms are taken to vary as the sample does. ``reason`` says why it cannot be told: too few units, no variance, or a
    gain that cannot be, such as a rate beyond 1. Raises InvalidInput for a gain that is not positive, and as the statistics do.
    """
    if isinstance(sample, BinaryCounts) and sample.n >= 2:
        rate, better = _rates(sample, gain, metric.direction)
        if 0 <= better <= 1:
            return units_for_proportions(rate, better, plan, level, power, treatment_share)
    elif isinstance(sample, JointMoments) and (found := _effect(metric, sample, gain)):
        return units_for_means(*found, plan, level, power, treatment_share)
    return _nothing(sample, plan, level)


def power_of_gain(
    metric: MetricDefinition, sample: Sample, gain: float, units: int, plan: Plan, level: float, treatment_share: float
) -> Power:
    """How surely so many units of both arms find a relative gain; else as ``units_for_gain``."""
    if isinstance(sample, BinaryCounts) and sample.n >= 2:
        rate, better = _rates(sample, gain, metric.direction)
        if 0 <= better <= 1:
            return power_of_proportions(rate, better, units, plan, level, treatment_share)
    elif isinstance(sample, JointMoments) and (found := _effect(metric, sample, gain)):
        return power_of_means(*found, units, plan, level, treatment_share)
    return _nothing(sample, plan, level)


def figures_of(sample: Sample) -> tuple[float | None, float | None]:
    """The mean of the units of a sample and their standard deviation; of logarithms, those of these."""
    if isinstance(sample, BinaryCounts):
        rate = sample.successes / sample.n if sample.n else None
        return rate, None if rate is None else math.sqrt(rate * (1 - rate))
    if isinstance(sample, JointMoments) and sample.n:
        return sample.means[0], math.sqrt(max(0.0, sample.covariance(0, 0))) if sample.n > 1 else None
    return None, None


def _rates(sample: BinaryCounts, gain: float, direction: Direction) -> tuple[float, float]:
    _check(gain)
    rate = sample.successes / sample.n
    return rate, rate * (1 + direction.sign * gain)


def _effect(metric: MetricDefinition, sample: JointMoments, gain: float) -> tuple[float, float] | None:
    """The effect of a gain, and the deviation of the units; None where there is neither."""
    _check(gain)
    mean, deviation = figures_of(sample)
    if mean is None or not deviation:
        return None
    if isinstance(metric.tail, Logarithm):
        ratio = 1 + metric.direction.sign * gain
        return (math.log(ratio), deviation) if ratio > 0 else None
    return (metric.direction.sign * gain * abs(mean), deviation) if mean else None


def _check(gain: float) -> None:
    if not 0.0 < gain < math.inf:
        raise InvalidInput("gain", f"must be positive, such as 0.1 for a tenth, not {gain!r}")


def _nothing(sample: Sample, plan: Plan, level: float) -> Power:
    _, deviation = figures_of(sample)
    reason = NoEstimate.NO_UNITS if sample.n == 0 else NoEstimate.TOO_FEW_UNITS if sample.n < 2 else None
    if reason is None:
        reason = NoEstimate.UNREACHABLE if deviation else NoEstimate.NO_VARIANCE
    return Power(effect=0.0, level=level, horizon=plan.horizon, reason=reason)
