"""Holds an applied version against its own proof, look after look, and says what follows.

The units that have used it since are compared with those of the treatment of its experiment: a guardrail by a confidence
sequence, which holds however often one looks. The proof is one arm that is complete, so what is known grows with the units since
up to what the proof allows (``ArmUnits.balanced``). Units since were not randomised against those of the proof: what changed
around the version meanwhile looks like the version itself.

The proof was selected for looking good, so a version that has not changed looks a little worse than it: the margins, and a
sequence that is wrong less often than its level, leave room for that (measured in docs/statistics.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from loopgraph.computes.loop.experiments.experiment import MIN_UNITS
from loopgraph.computes.loop.statistics.guardrails import guard
from loopgraph.contracts.loop.feedback import Execution, Metric, UnitRule
from loopgraph.contracts.loop.watching import (
    ArmMoments,
    Finding,
    Proof,
    RegressionReview,
    UnitMoments,
    WatchRules,
    WatchStatus,
)
from loopgraph.contracts.statistics.decisions import Guardrail, GuardrailStatus, Margin
from loopgraph.contracts.statistics.metrics import Direction, MetricDefinition, MetricKind
from loopgraph.contracts.statistics.plans import AlwaysValid
from loopgraph.contracts.statistics.samples import BinaryCounts, JointMoments, Sample, UnitSamples

_NONE = Margin(value=0.0, relative=False)


def examine(metric: Metric, proof: Proof, seen: ArmMoments, units: int, executions: int, rules: WatchRules) -> Finding:
    """What ``seen`` says against the proof, on the metric and on successes; the level is shared by both."""
    shared = rules.level if metric is Metric.SUCCESS_RATE else rules.level / 2
    by_metric = _guard(metric, proof.treatment.metric, seen.metric, margin_of(metric, rules), shared)
    by_success = None
    if metric is not Metric.SUCCESS_RATE:
        margin = margin_of(Metric.SUCCESS_RATE, rules)
        by_success = _guard(Metric.SUCCESS_RATE, proof.treatment.success, seen.success, margin, shared)
    breached = {}
    if by_metric.status is GuardrailStatus.BREACHED:
        breached[metric] = proof.control.metric, seen.metric
    if by_success and by_success.status is GuardrailStatus.BREACHED:
        breached[Metric.SUCCESS_RATE] = proof.control.success, seen.success
    better = [
        _guard(each, before, after, _NONE, rules.level).status is GuardrailStatus.HELD
        for each, (before, after) in breached.items()
    ]
    return Finding(
        units=units,
        executions=executions,
        seen=seen,
        metric_guard=by_metric,
        success_guard=by_success,
        breached=tuple(breached),
        still_better=bool(better) and all(better),
    )


def all_named(executions: Sequence[Execution]) -> bool:
    """Whether each of some executions belongs to a unit that was named, or to a session; False without any."""
    return bool(executions) and all(execution.unit_rule is not UnitRule.TRACE for execution in executions)


def comparable_with(proof: Proof, executions: Sequence[Execution]) -> list[Execution]:
    """Those whose units are of the kind that the proof's are: a trace is no unit beside units that were named."""
    return [execution for execution in executions if not proof.named or execution.unit_rule is not UnitRule.TRACE]


def margin_of(metric: Metric, rules: WatchRules) -> Margin:
    """By how much the metric may get worse: rates and scores by a difference, all others by a share of what they were."""
    if not metric.is_rate:
        return Margin(value=rules.margin, relative=True)
    return Margin(value=rules.rate_margin, relative=False)


def next_status(finding: Finding, *, in_use: bool, ends_at: datetime, rules: WatchRules, at: datetime) -> WatchStatus:
    """What the watch is after a look. ``regressed`` is also what a rollback begins with."""
    if not in_use:
        return WatchStatus.SUPERSEDED
    if finding.breached:
        return WatchStatus.REGRESSED
    if finding.units < rules.max_units and at < ends_at:
        return WatchStatus.WATCHING
    guards = [each for each in (finding.metric_guard, finding.success_guard) if each is not None]
    held = bool(guards) and all(each.status is GuardrailStatus.HELD for each in guards)
    return WatchStatus.HELD if held else WatchStatus.EXPIRED


def review_needed(finding: Finding, restores_node_id: str | None, *, by_itself: bool) -> RegressionReview | None:
    """Why a regression is to be looked at by a person before anything is rolled back; None if it need not be."""
    if restores_node_id is None:
        return RegressionReview.NOTHING_TO_RESTORE
    if finding.still_better:
        return RegressionReview.STILL_BETTER
    return None if by_itself else RegressionReview.ASKED_FOR


def _guard(metric: Metric, proof: UnitMoments, seen: UnitMoments, margin: Margin, level: float) -> Guardrail:
    """The guardrail of ``seen`` against ``proof``. Shares of units are compared as such where all units say yes or no: that also
    tells something where one of the sides says only one of them."""
    counted = metric is Metric.SUCCESS_RATE and proof.binary and seen.binary
    definition = MetricDefinition(
        name=metric.value,
        kind=MetricKind.PROPORTION if counted else MetricKind.MEAN,
        direction=Direction.SMALLER_IS_BETTER if metric.smaller_is_better else Direction.LARGER_IS_BETTER,
    )
    make = _counts if counted else _moments
    plan = AlwaysValid(planned_units=2 * max(proof.n, MIN_UNITS), first_look=MIN_UNITS)
    return guard(definition, UnitSamples(control=make(proof), treatment=make(seen)), margin, plan, level)


def _counts(of: UnitMoments) -> Sample:
    return BinaryCounts(n=of.n, successes=round(of.n * of.mean))


def _moments(of: UnitMoments) -> Sample:
    return JointMoments(n=of.n, means=(of.mean,), products=((of.m2,),))
