"""One look at an experiment by its design: what its units say, and what follows.

Everything that may end an experiment before its last look holds at every look: the estimate and the guardrails by the plan's
boundaries, failing units by an e-process, the sample ratio by another. Fisher's exact test of the success rates, which does not,
is only asked when the candidate would win, or at the end: it can keep a candidate from being applied, and never lets one
through.
"""

from __future__ import annotations

from typing import Final

from loopgraph.computes.loop.experiments.experiment import (
    MAX_CONFIDENCE,
    MIN_UNITS,
    compare,
    decide,
    decisive_p_value,
    obstacle,
)
from loopgraph.computes.loop.experiments.looks import (
    counted,
    is_last_look,
    least_units,
    looked_at,
    most_units,
    plan_of,
    planned_units,
)
from loopgraph.computes.loop.experiments.stages import assigned_split, more_failing_by_stage, split_by_stage
from loopgraph.computes.loop.statistics.analysis import analyse, contrast
from loopgraph.computes.loop.statistics.guardrails import guard
from loopgraph.computes.loop.statistics.numbers import varies
from loopgraph.computes.loop.statistics.posterior import posterior
from loopgraph.computes.loop.statistics.sample_ratio import split_p_value
from loopgraph.contracts.loop.arms import ArmTally, ClusterStatistics
from loopgraph.contracts.loop.experiments import (
    Experiment,
    ExperimentResult,
    GuardrailResult,
    UnitEstimate,
    WelchOfUnitMeans,
)
from loopgraph.contracts.loop.feedback import Metric, Reason, Verdict
from loopgraph.contracts.loop.sights import Seen
from loopgraph.contracts.statistics.decisions import GuardrailStatus
from loopgraph.contracts.statistics.estimates import Estimate, NoEstimate
from loopgraph.contracts.statistics.metrics import Logarithm, MetricKind
from loopgraph.contracts.statistics.plans import ArmUnits, Plan

_REASONS: Final = {
    NoEstimate.NO_UNITS: Reason.INSUFFICIENT_SAMPLES,
    NoEstimate.TOO_FEW_UNITS: Reason.INSUFFICIENT_SAMPLES,
    NoEstimate.TOO_EARLY: Reason.INSUFFICIENT_SAMPLES,
    NoEstimate.NO_VARIANCE: Reason.ZERO_VARIANCE,
}
"""What a run says where nothing could be estimated; of everything else, that the values do not allow it."""


def result_of(
    experiment: Experiment,
    seen: Seen,
    pooled_success: ClusterStatistics,
    control: ArmTally,
    treatment: ArmTally,
    split: float | None = None,
) -> ExperimentResult:
    """What the units say at this look, as the experiment's design has it.

    The effect and its interval are those of the estimate: on cut values where the tail is winsorised; of logarithms, which have
    no unit, the effect stays the difference of plain means, without an interval, and the gain is that of geometric means.
    ``probability_better`` is a belief after the data, and no matter of looks. ``split`` is the p-value of the sample ratio over
    all arms, where there are more than these two.
    """
    design, level = experiment.design, experiment.significance_level
    staged, shares = experiment.in_stages, experiment.stage_shares
    base = compare(
        experiment.metric,
        seen.control,
        seen.treatment,
        pooled_success=pooled_success,
        significance_level=level,
        control_tally=control,
        treatment_tally=treatment,
        treatment_share=design.treatment_share,
    )
    if split is not None:
        base = base.model_copy(update={"sample_ratio_p_value": split})
    if design.is_plain:
        return base
    if staged:
        reported = split_by_stage([stage.units for stage in seen.stages], shares)
        assigned = assigned_split(experiment, control, treatment) if split is None else split
        ratio = min(assigned, reported)
        base = base.model_copy(update={"sample_ratio_p_value": ratio})
    plan, metric = plan_of(experiment), experiment.metric
    estimate = estimate_of(experiment, seen, plan)
    in_logarithms = isinstance(seen.metrics[metric].tail, Logarithm)
    in_ranks = seen.metrics[metric].kind is MetricKind.RANK
    successes = base.details
    assert isinstance(successes, WelchOfUnitMeans), "it comes from compare"
    p_value, sign = estimate.p_value, metric.direction.sign
    return base.model_copy(
        update={
            "effect": base.effect if in_logarithms else estimate.effect,
            "effect_interval": None if in_logarithms else estimate.interval,
            "effect_size": None if staged or in_ranks else base.effect_size,
            "effect_size_interval": None if design.looks_repeat or in_ranks else base.effect_size_interval,
            "performance_delta": None if estimate.relative is None else sign * estimate.relative,
            "p_value": p_value,
            "confidence_score": None if p_value is None else min(MAX_CONFIDENCE, 1 - p_value),
            # Of a shift without a standard error nothing is believed.
            "probability_better": None
            if in_ranks
            else posterior(contrast(seen.metrics[metric], seen.samples[metric]), metric.direction).probability_better,
            "reason": None if estimate.reason is None else _REASONS.get(estimate.reason, Reason.NO_ESTIMATE),
            "details": UnitEstimate(
                estimate=estimate,
                guardrails=guardrails_of(experiment, seen, plan),
                planned_units=planned_units(design, experiment.min_sample_size),
                most_units=most_units(design, experiment.min_sample_size),
                last_look=is_last_look(experiment, counted(experiment, _telling(seen))),
                failing_units=seen.failing,
                units_with_history=_with_history(seen, metric),
                more_failing_p_value=more_failing_by_stage(seen, shares)
                if staged
                else more_failing(seen.failing, design.treatment_share),
                # Over stages of different shares, all successes of an arm tell of the stages as well.
                success_p_value=None if staged else successes.success_p_value,
                fewer_successes_p_value=None if staged else successes.fewer_successes_p_value,
            ),
        }
    )


def estimate_of(experiment: Experiment, seen: Seen, plan: Plan) -> Estimate:
    """What the compared metric says. A composite has a control of 0, so that nothing is a share of it."""
    metric = experiment.metric
    found = analyse(seen.metrics[metric], seen.samples[metric], plan, experiment.significance_level)
    if metric is not Metric.COMPOSITE:
        return found
    return found.model_copy(update={"relative": None, "relative_interval": None})


def _with_history(seen: Seen, metric: Metric) -> int | None:
    if seen.metrics[metric].covariate is None:
        return None
    samples = seen.samples[metric]
    return samples.control.n + samples.treatment.n - samples.filled


def guardrails_of(experiment: Experiment, seen: Seen, plan: Plan) -> tuple[GuardrailResult, ...]:
    """What is known of each guarded metric."""
    return tuple(
        GuardrailResult(
            metric=each.metric,
            guardrail=guard(
                seen.metrics[each.metric],
                seen.samples[each.metric],
                each.allowed,
                plan,
                experiment.significance_level,
            ),
        )
        for each in experiment.design.guardrails
    )


def more_failing(failing: ArmUnits, treatment_share: float) -> float:
    """The p-value of units that fail falling to the treatment more often than units do; valid at every look.

    Were the arms the same, a unit that fails would be one of the treatment as probably as any other: how many of them are is then
    a split of units like that of all (``sample_ratio``), whatever the units are like. It needs no variance, and no large numbers.
    """
    if failing.treatment <= failing.whole * treatment_share:
        return 1.0
    return split_p_value(failing.control, failing.treatment, treatment_share)


def obstacle_to_decision(experiment: Experiment, seen: Seen, result: ExperimentResult) -> Reason | None:
    """Why nothing can be decided by what was seen, though the counts allowed a look; None if it can be."""
    ratio = result.sample_ratio_p_value
    return obstacle(seen.control, seen.treatment, least_units(experiment), 1.0 if ratio is None else ratio)


def looks_after(experiment: Experiment, seen: Seen) -> tuple[int, ...]:
    """The looks of the experiment after this one, which decided nothing."""
    compared = seen.samples[experiment.metric]
    return looked_at(experiment, counted(experiment, _telling(seen)), compared.control.n + compared.treatment.n)


def _telling(seen: Seen) -> ArmUnits:
    return ArmUnits(seen.control.telling_units, seen.treatment.telling_units)


def ruling_on(
    result: ExperimentResult, experiment: Experiment, auto_apply_threshold: float
) -> tuple[Verdict, Reason] | None:
    """What follows from a look, by the rule of the experiment's design; None: the experiment goes on."""
    if experiment.design.is_plain:
        level = experiment.significance_level
        return decide(result, significance_level=level, auto_apply_threshold=auto_apply_threshold)
    found = rule(result, experiment, auto_apply_threshold)
    # What is better is given to more of the units before it is given to all: that is what stages are for.
    return None if found is not None and found[0] is not Verdict.REJECT and not experiment.widest else found


def rule(
    result: ExperimentResult, experiment: Experiment, auto_apply_threshold: float
) -> tuple[Verdict, Reason] | None:
    """What follows from a look that nothing is in the way of, and why; None: the experiment goes on. The first line decides:

    - REJECT, fewer_successes: more units fail with the treatment, by a test that holds at every look.
    - REJECT, guardrail_breached: a guarded metric is shown to be worse by more than its margin.
    - REJECT, significant_regression: the treatment is shown to be worse.
    - If it is shown to be better (for SUCCESS_RATE by Fisher's test, too; as one of the candidates of its run):
      REJECT, fewer_successes, where Fisher's test finds the treatment to succeed less often;
      REVIEW, guardrail_open, where a guardrail is not shown to be held by the last look (until then it goes on);
      REVIEW, trade_off, where a guarded metric is shown to be worse, if by less than its margin;
      APPLY, significant_improvement, where the ``confidence_score`` reaches the threshold;
      REVIEW, below_apply_threshold, where it does not by the last look, or can never (until then it goes on).
    - REJECT, too_small_gain: the gain is shown to be less than the smallest that matters.
    - At the last look, where nothing was shown: REJECT with fewer_successes (Fisher), insufficient_samples or not_significant;
      REVIEW, no_estimate, where the method cannot use the values. Where nothing varies, what each arm was planned to have is
      enough: REJECT, zero_variance, or REVIEW if the treatment is better.
    """
    details, level = result.details, experiment.significance_level
    assert isinstance(details, UnitEstimate), "it comes from result_of"
    if details.more_failing_p_value < level:
        return Verdict.REJECT, Reason.FEWER_SUCCESSES
    statuses = [each.guardrail.status for each in details.guardrails]
    if GuardrailStatus.BREACHED in statuses:
        return Verdict.REJECT, Reason.GUARDRAIL_BREACHED
    fails_more = details.fewer_successes_p_value is not None and details.fewer_successes_p_value < level
    gain = experiment.metric.direction.sign * _effect(details.estimate)
    if _shown(result, level):
        if gain < 0:
            return Verdict.REJECT, Reason.SIGNIFICANT_REGRESSION
        if fails_more:
            return Verdict.REJECT, Reason.FEWER_SUCCESSES
        return _better(result, details, auto_apply_threshold)
    if _too_small(details.estimate, experiment):
        return Verdict.REJECT, Reason.TOO_SMALL_GAIN
    enough = _units(details).fewest >= max(experiment.min_sample_size, MIN_UNITS)
    nothing_varies = result.reason is Reason.ZERO_VARIANCE and enough
    if not (details.last_look or nothing_varies):
        return None
    if fails_more:
        return Verdict.REJECT, Reason.FEWER_SUCCESSES
    if nothing_varies:
        compared = details.estimate.control.value or 0.0, details.estimate.treatment.value or 0.0
        return (Verdict.REVIEW if varies(gain, *compared) else Verdict.REJECT), Reason.ZERO_VARIANCE
    if result.reason is Reason.NO_ESTIMATE:
        return Verdict.REVIEW, Reason.NO_ESTIMATE
    return Verdict.REJECT, result.reason or Reason.NOT_SIGNIFICANT


def in_the_way(result: ExperimentResult, experiment: Experiment) -> tuple[GuardrailResult, ...]:
    """The guardrails that are open while the treatment is shown to be better: for them alone ``rule`` lets it go on."""
    details, sign = result.details, experiment.metric.direction.sign
    if not isinstance(details, UnitEstimate) or not _shown(result, experiment.significance_level):
        return ()
    if sign * _effect(details.estimate) <= 0:
        return ()
    return tuple(each for each in details.guardrails if each.guardrail.status is GuardrailStatus.OPEN)


def _effect(estimate: Estimate) -> float:
    """Which way the arms differ, and how far; of ranks that are tied at their middle, by how many pairs are in order."""
    if estimate.effect or estimate.superiority is None:
        return estimate.effect or 0.0
    return estimate.superiority - 0.5


def _units(details: UnitEstimate) -> ArmUnits:
    """Those of each arm that were compared."""
    return ArmUnits(details.estimate.control.units, details.estimate.treatment.units)


def _shown(result: ExperimentResult, level: float) -> bool:
    """Whether the arms are shown to differ on the metric, however many candidates there are."""
    p_value = decisive_p_value(result)
    return p_value is not None and p_value < level


def _better(
    result: ExperimentResult, details: UnitEstimate, auto_apply_threshold: float
) -> tuple[Verdict, Reason] | None:
    if any(each.guardrail.status is GuardrailStatus.OPEN for each in details.guardrails):
        return (Verdict.REVIEW, Reason.GUARDRAIL_OPEN) if details.last_look else None
    losses = (each.guardrail.loss_interval for each in details.guardrails)
    if any(loss is not None and loss[0] > 0 for loss in losses):
        return Verdict.REVIEW, Reason.TRADE_OFF
    if (result.confidence_score or 0.0) >= auto_apply_threshold:
        return Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT
    if details.last_look or auto_apply_threshold > MAX_CONFIDENCE:
        return Verdict.REVIEW, Reason.BELOW_APPLY_THRESHOLD
    return None


def _too_small(estimate: Estimate, experiment: Experiment) -> bool:
    """Whether the interval of the gain, a share of the control's value, ends before the smallest gain that matters."""
    least, ends = experiment.design.minimum_gain, estimate.relative_interval
    if least is None or ends is None:
        return False
    most = -ends[0] if experiment.metric.smaller_is_better else ends[1]
    return most < least
