"""Compares the two arms of an experiment, and decides what follows.

What is compared are the means of units, one value for each unit: units are randomised, so their means are independent, while
executions of one unit are not. The comparison is Welch's t-test (Biometrika 34, 1947) with the degrees of freedom of Welch and
Satterthwaite, on the sufficient statistics of both samples. It is exact where means of units are normal, asks for no estimate of
a correlation, and is the plain test where every unit has one execution. It is a test for one look at a sample size that was
fixed beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np

from loopgraph.computes.loop.statistics.estimators.linear import combined
from loopgraph.computes.loop.statistics.numbers import varies
from loopgraph.computes.loop.statistics.sample_ratio import LEVEL, split_p_value
from loopgraph.contracts.loop.arms import ArmSample, ArmTally, ClusterStatistics, SampleStatistics
from loopgraph.contracts.loop.experiments import (
    ArmResult,
    Experiment,
    ExperimentResult,
    WelchOfExecutions,
    WelchOfUnitMeans,
)
from loopgraph.contracts.loop.feedback import Arm, Execution, Metric, Reason, Verdict
from loopgraph.errors import InvalidInput

MAX_CONFIDENCE = 0.99
"""``confidence_score`` never exceeds it, as in the seeds; so a threshold of 1.0 never applies anything by itself."""

MIN_UNITS = 10
"""No arm with fewer units is decided on, whatever sample size was asked for: of so few the test says too little."""


def obstacle(
    control: ArmTally | ArmSample, treatment: ArmTally | ArmSample, min_sample_size: int, ratio_p_value: float
) -> Reason | None:
    """Why nothing can be decided yet; None if it can be.

    - insufficient_units: an arm has fewer than ``min_sample_size`` (and at least ``MIN_UNITS``) units that tell something about
      the metric (``reducers.performance.tells``): a count that does not depend on how good an arm looks.
    - sample_ratio_mismatch: the units do not fall to the arms as planned.
    """
    if ratio_p_value < LEVEL:
        return Reason.SAMPLE_RATIO_MISMATCH
    if min(control.telling_units, treatment.telling_units) < max(min_sample_size, MIN_UNITS):
        return Reason.INSUFFICIENT_UNITS
    return None


def ratio_p_value(assigned: Mapping[Arm, int], reported: Mapping[Arm, int], treatment_share: float = 0.5) -> float:
    """The p-value of the sample ratio: the smaller of that of the units assigned and that of the units that reported.

    An arm that loses units after their assignment shows in the second alone: those that are left are no random sample.
    """
    return min(
        split_p_value(units[Arm.CONTROL], units[Arm.TREATMENT], treatment_share) for units in (assigned, reported)
    )


def evidence_of(executions: list[Execution], arm: Arm) -> list[Execution]:
    """The executions of an arm that are not set aside."""
    return [execution for execution in executions if execution.arm is arm and execution.set_aside is None]


def of_comparison(executions: Sequence[Execution], comparison: Experiment) -> list[Execution]:
    """Of all executions of an experiment, those of these two versions: of several candidates there are others."""
    versions = comparison.control_node_id, comparison.treatment_node_id
    return [execution for execution in executions if execution.node_id in versions]


def compare(
    metric: Metric,
    control: ArmSample,
    treatment: ArmSample,
    *,
    pooled_success: ClusterStatistics,
    significance_level: float,
    control_tally: ArmTally | None = None,
    treatment_tally: ArmTally | None = None,
    treatment_share: float = 0.5,
) -> ExperimentResult:
    """Compares the treatment with the control on ``metric``, by the means of units.

    - ``effect``: treatment mean − control mean; ``effect_interval`` by Student's t with Welch's degrees of freedom.
    - ``effect_size``: Hedges' g, the difference in pooled standard deviations (of units), corrected for small samples by
      J = 1 − 3 / (4·df − 1); its interval is g ± z·J·√V with V = (n₁ + n₂) / (n₁·n₂) + d² / (2·(n₁ + n₂))
      (Borenstein et al., Introduction to Meta-Analysis, 2009, eq. 4.18–4.24; after Hedges & Olkin, 1985, ch. 5).
    - ``performance_delta``: the difference over the control mean, positive when the treatment is better; None when
      that is 0.
    - ``p_value``: two-sided, of equal means.
    - ``probability_better``: the posterior probability that the treatment's true mean is the better one, under
      Jeffreys' priors p(μ, σ) ∝ 1/σ: Student's distribution at t, which approximates the Behrens–Fisher posterior.
      It equals 1 − p/2 when the treatment looks better, and p/2 when it looks worse.

    Both intervals are at ``1 − significance_level``. Below two units in an arm the reason is
    ``insufficient_samples``; when no arm varies (beside the effect) it is ``zero_variance``; the plain differences
    of means are still given.

    Success rates are also compared by Fisher's exact test, on successes and executions divided by their design effect: the
    correction of Donner & Klar (Design and Analysis of Cluster Randomization Trials, 2000, ch. 6) with the correlation that
    ``pooled_success`` has over both arms; where every unit has one execution nothing is divided. Beside Welch's test they guard
    SUCCESS_RATE (27 % of errors at a nominal 5 % for 150 units against 30 near a rate of 1) and every metric against harm.

    The tallies say how many units were assigned and how many executions set aside; the sample ratio is computed from them.
    Raises InvalidInput unless 0 < significance_level < 1.
    """
    from scipy import special  # a service that has nothing to compare does without its 17 MB

    if not 0.0 < significance_level < 1.0:
        raise InvalidInput("significance_level", f"must be strictly between 0 and 1, not {significance_level!r}")
    before, after = control.sample, treatment.sample
    effect = after.mean - before.mean if before.n and after.n else None
    tallies = control_tally or ArmTally(), treatment_tally or ArmTally()
    result = partial(
        ExperimentResult,
        metric=metric,
        control=before,
        treatment=after,
        control_arm=_arm_result(control, tallies[0]),
        treatment_arm=_arm_result(treatment, tallies[1]),
        control_executions=control.executions,
        control_successes=control.successes,
        treatment_executions=treatment.executions,
        treatment_successes=treatment.successes,
        effect=effect,
        performance_delta=_relative_gain(metric, before.mean, effect),
        sample_ratio_p_value=ratio_p_value(
            {Arm.CONTROL: tallies[0].assigned, Arm.TREATMENT: tallies[1].assigned},
            {Arm.CONTROL: control.units, Arm.TREATMENT: treatment.units},
            treatment_share,
        ),
    )
    details = _successes(control, treatment, pooled_success.icc)
    if effect is None or min(before.n, after.n) < 2:
        return result(details=details, reason=Reason.INSUFFICIENT_SAMPLES)
    welch = _welch(before, after, effect)
    if welch is None:
        return result(details=details, reason=Reason.ZERO_VARIANCE)
    t, df, standard_error = welch
    half_width = standard_error * -float(special.stdtrit(df, significance_level / 2))
    g, g_interval = _hedges_g(before, after, effect, significance_level)
    p = 2 * float(special.stdtr(df, -abs(t)))
    return result(
        effect_interval=(effect - half_width, effect + half_width),
        effect_size=g,
        effect_size_interval=g_interval,
        p_value=p,
        confidence_score=min(MAX_CONFIDENCE, 1 - p),
        probability_better=float(special.stdtr(df, -t if metric.smaller_is_better else t)),
        details=details.model_copy(update={"t_statistic": t, "degrees_of_freedom": df}),
    )


def decide(
    result: ExperimentResult,
    *,
    significance_level: float,
    auto_apply_threshold: float,
) -> tuple[Verdict, Reason]:
    """What follows from ``result``, once there is no ``obstacle``, and why. The first line that holds decides:

    - REJECT, fewer_successes: the treatment succeeds less often (Fisher's exact test, one-sided), on any metric.
    - REJECT, insufficient_samples: an arm has fewer than two units with values, because it fails or reports no metric.
    - REVIEW, zero_variance: neither arm varies, so there is no test, but the treatment is better; a human decides.
    - REJECT, zero_variance: neither arm varies, and the treatment is not better.
    - REJECT, not_significant: p ≥ ``significance_level`` by Welch's test or, for SUCCESS_RATE, by Fisher's, corrected for
      the candidates of the run (``computes.loop.experiments.family``).
    - REJECT, significant_regression: the treatment is significantly worse.
    - APPLY, significant_improvement: it is significantly better and ``confidence_score`` ≥ ``auto_apply_threshold``.
    - REVIEW, below_apply_threshold: it is significantly better, but the confidence score is below the threshold.

    ``fewer_successes`` guards against harm that the samples show; it does not prove that the success rates are equal. A
    rejection means that the treatment was not shown to be better, not that it was shown to be worse; the reason tells which.
    """
    details = result.details
    assert isinstance(details, WelchOfUnitMeans), "it comes from compare"
    if details.fewer_successes_p_value is not None and details.fewer_successes_p_value < significance_level:
        return Verdict.REJECT, Reason.FEWER_SUCCESSES
    if result.reason is Reason.INSUFFICIENT_SAMPLES:
        return Verdict.REJECT, Reason.INSUFFICIENT_SAMPLES
    better = varies(_gain(result.metric, result.effect or 0.0), result.control.mean, result.treatment.mean)
    if result.p_value is None or result.confidence_score is None:
        return (Verdict.REVIEW if better else Verdict.REJECT), Reason.ZERO_VARIANCE
    p_value = decisive_p_value(result)
    if p_value is None or p_value >= significance_level:
        return Verdict.REJECT, Reason.NOT_SIGNIFICANT
    if not better:
        return Verdict.REJECT, Reason.SIGNIFICANT_REGRESSION
    if result.confidence_score >= auto_apply_threshold:
        return Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT
    return Verdict.REVIEW, Reason.BELOW_APPLY_THRESHOLD


def tested_p_value(result: ExperimentResult) -> float | None:
    """The p-value by which the arms are told apart, before any correction for other candidates: for SUCCESS_RATE the greater of
    its own and Fisher's."""
    by_fisher = None if isinstance(result.details, WelchOfExecutions) else result.details.success_p_value
    if result.p_value is None or result.metric is not Metric.SUCCESS_RATE or by_fisher is None:
        return result.p_value
    return max(result.p_value, by_fisher)


def decisive_p_value(result: ExperimentResult) -> float | None:
    """The same, corrected for the candidates of the run where there are several."""
    return tested_p_value(result) if result.adjusted_p_value is None else result.adjusted_p_value


class _Welch(NamedTuple):
    t: float
    degrees_of_freedom: float
    standard_error: float


def _welch(control: SampleStatistics, treatment: SampleStatistics, effect: float) -> _Welch | None:
    """None when the standard error is what rounding leaves of none, or so small beside the effect that t is not finite."""
    errors = combined(_standard_error(control), _standard_error(treatment), control.n, treatment.n)
    if errors is None or not varies(errors.standard_error, control.mean, treatment.mean):
        return None
    if not math.isfinite(effect / errors.standard_error):
        return None
    return _Welch(effect / errors.standard_error, errors.degrees_of_freedom, errors.standard_error)


def _standard_error(sample: SampleStatistics) -> float:
    return math.sqrt(sample.m2) / math.sqrt(sample.n * (sample.n - 1))


def _hedges_g(
    control: SampleStatistics, treatment: SampleStatistics, effect: float, significance_level: float
) -> tuple[float, tuple[float, float]]:
    n = control.n + treatment.n
    df = n - 2
    pooled_deviation = math.hypot(math.sqrt(control.m2), math.sqrt(treatment.m2)) / math.sqrt(df)
    d = effect / pooled_deviation
    j = 1 - 3 / (4 * df - 1)
    error = j * math.hypot(math.sqrt(n / (control.n * treatment.n)), d / math.sqrt(2 * n))
    half_width = error * -NormalDist().inv_cdf(significance_level / 2)
    return j * d, (j * d - half_width, j * d + half_width)


def _gain(metric: Metric, effect: float) -> float:
    """The effect, signed so that positive is better."""
    return -effect if metric.smaller_is_better else effect


def _relative_gain(metric: Metric, control_mean: float, effect: float | None) -> float | None:
    if effect is None or control_mean == 0.0 or metric is Metric.COMPOSITE:
        return None
    gain = _gain(metric, effect) / abs(control_mean)
    return gain if math.isfinite(gain) else None


def _arm_result(arm: ArmSample, tally: ArmTally) -> ArmResult:
    icc = arm.metric.icc
    return ArmResult(
        assigned_units=tally.assigned,
        units=arm.units,
        executions=arm.executions,
        successes=arm.successes,
        unended=arm.unended,
        unknown=arm.unknown,
        set_aside=tally.set_aside,
        icc=icc,
        design_effect=arm.metric.design_effect(icc),
    )


def _successes(control: ArmSample, treatment: ArmSample, icc: float | None) -> WelchOfUnitMeans:
    """The comparison of the success rates. Where nothing varies, nothing inflates: a design effect that is not known is 1."""
    before, after = (arm.success.design_effect(icc) or 1.0 for arm in (control, treatment))
    counts = _effective(control, before), _effective(treatment, after)
    return WelchOfUnitMeans(
        control_success_design_effect=before,
        treatment_success_design_effect=after,
        success_p_value=_fisher(counts, "two-sided"),
        fewer_successes_p_value=_fisher(counts, "less"),
    )


def _effective(arm: ArmSample, design_effect: float) -> tuple[int, int]:
    """Successes and failures that are worth as much as independent ones."""
    failures = arm.executions - arm.unknown - arm.successes
    return round(arm.successes / design_effect), round(failures / design_effect)


def _fisher(counts: tuple[tuple[int, int], tuple[int, int]], alternative: Literal["less", "two-sided"]) -> float:
    """p of Fisher's exact test; ``less``: that the treatment, the second, succeeds less often than the control."""
    from scipy import stats  # it takes a third of the time that everything else takes to load

    control, treatment = counts
    return float(stats.fisher_exact(np.array([treatment, control]), alternative=alternative).pvalue)
