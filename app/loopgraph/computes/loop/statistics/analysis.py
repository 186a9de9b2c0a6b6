"""A metric of two arms, from samples to an estimate: the way in. Which method that takes follows from the metric."""

from __future__ import annotations

from loopgraph.computes.loop.statistics.estimators import cuped, mann_whitney, proportions, ratios, stratified, welch
from loopgraph.computes.loop.statistics.inference import infer
from loopgraph.computes.loop.statistics.inverse_weighting import inverse_weighted
from loopgraph.computes.loop.statistics.numbers import check_level
from loopgraph.contracts.statistics.estimates import ArmEstimate, Contrast, Estimate
from loopgraph.contracts.statistics.metrics import MetricDefinition, MetricKind
from loopgraph.contracts.statistics.plans import Plan
from loopgraph.contracts.statistics.samples import BinaryCounts, JointMoments, RankedValues, UnitSamples
from loopgraph.errors import InvalidInput


def analyse(metric: MetricDefinition, samples: UnitSamples, plan: Plan, level: float = 0.05) -> Estimate:
    """Treatment against control, as the plan looks at it, at ``1 − level``, two-sided.

    Raises InvalidInput for a level outside (0, 1), and for samples that are not of the metric's kind.
    """
    check_level(level)
    control, treatment = samples.control, samples.treatment
    if isinstance(control, RankedValues) and isinstance(treatment, RankedValues) and metric.kind is MetricKind.RANK:
        found = mann_whitney.estimate(control, treatment, plan, level)
    elif (
        isinstance(control, BinaryCounts)
        and isinstance(treatment, BinaryCounts)
        and not (samples.strata or samples.logged)
    ):
        _kind(metric, MetricKind.PROPORTION)
        found = proportions.estimate(control, treatment, plan, level)
    else:
        found = infer(_contrast(metric, samples), plan, level)
    if samples.reason is None:
        return found
    # What is left of the values that can be used is no random sample of them: only the numbers of units are told.
    return Estimate(
        method=found.method, horizon=found.horizon, scale=found.scale, level=level, assumptions=found.assumptions,
        control=ArmEstimate(units=found.control.units), treatment=ArmEstimate(units=found.treatment.units),
        reason=samples.reason,
    )  # fmt: skip


def contrast(metric: MetricDefinition, samples: UnitSamples) -> Contrast:
    """The effect with its standard error, of any metric but ranks: what guardrails, posteriors and power are made of.

    Raises InvalidInput for samples that are not of the metric's kind.
    """
    found = _contrast(metric, samples)
    if samples.reason is None:
        return found
    return Contrast(
        method=found.method, scale=found.scale, assumptions=found.assumptions, reason=samples.reason,
        control=ArmEstimate(units=found.control.units), treatment=ArmEstimate(units=found.treatment.units),
    )  # fmt: skip


def _contrast(metric: MetricDefinition, samples: UnitSamples) -> Contrast:
    control, treatment = samples.control, samples.treatment
    if samples.logged:
        return inverse_weighted(samples.logged, "control", "treatment", binary=metric.kind is MetricKind.PROPORTION)
    if samples.strata:
        binary = metric.kind is MetricKind.PROPORTION
        if not binary:
            _kind(metric, MetricKind.MEAN)
        return stratified.means(samples.strata, metric.tail, binary=binary)
    if isinstance(control, BinaryCounts) and isinstance(treatment, BinaryCounts):
        _kind(metric, MetricKind.PROPORTION)
        return proportions.proportions(control, treatment)
    if isinstance(control, JointMoments) and isinstance(treatment, JointMoments):
        variables = len(control.means), len(treatment.means)
        adjusted = metric.covariate is not None
        if metric.kind is MetricKind.MEAN and variables in ([(2, 2), (3, 3)] if adjusted else [(1, 1)]):
            method = cuped.adjusted_means if adjusted else welch.means
            return method(control, treatment, metric.tail)
        if metric.kind is MetricKind.RATIO and variables in ([(3, 3), (4, 4)] if adjusted else [(2, 2)]):
            return (cuped.adjusted_ratios if adjusted else ratios.ratios)(control, treatment)
    raise _wrong(metric)


def _kind(metric: MetricDefinition, kind: MetricKind) -> None:
    if metric.kind is not kind:
        raise _wrong(metric)


def _wrong(metric: MetricDefinition) -> InvalidInput:
    return InvalidInput("samples", f"must be those of a {metric.kind.value}, as the metric {metric.name!r} says")
