"""Compares the two arms of an experiment, and decides what follows.

The comparison is Welch's t-test (Biometrika 34, 1947) with the degrees of freedom of Welch and Satterthwaite, on
the sufficient statistics of both samples. It is a test for one look at a sample size that was fixed beforehand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
from scipy import stats

from loopgraph.contracts.feedback import ExperimentResult, Metric, Reason, SampleStatistics, Verdict
from loopgraph.errors import InvalidInput

MAX_CONFIDENCE = 0.99
"""``confidence_score`` never exceeds it, as in the seeds; so a threshold of 1.0 never applies anything by itself."""


@dataclass(frozen=True, slots=True)
class SuccessCount:
    """Successes among all executions of an arm, those that do not report the metric included."""

    successes: int
    executions: int

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.executions:
            raise InvalidInput("successes", f"must be between 0 and {self.executions} executions, not {self.successes}")

    @property
    def failures(self) -> int:
        """Executions that did not succeed."""
        return self.executions - self.successes


def ready(control_count: int, treatment_count: int, min_sample_size: int) -> bool:
    """Whether both arms have their samples.

    The counts are those of ``reducers.performance.evidence_count``: they do not depend on how good an arm looks.
    """
    return min(control_count, treatment_count) >= min_sample_size


def compare(
    metric: Metric,
    control: SampleStatistics,
    treatment: SampleStatistics,
    *,
    control_successes: SuccessCount,
    treatment_successes: SuccessCount,
    significance_level: float,
) -> ExperimentResult:
    """Compares the treatment with the control on ``metric``.

    - ``effect``: treatment mean − control mean; ``effect_interval`` by Student's t with Welch's degrees of freedom.
    - ``effect_size``: Hedges' g, the difference in pooled standard deviations, corrected for small samples by
      J = 1 − 3 / (4·df − 1); its interval is g ± z·J·√V with V = (n₁ + n₂) / (n₁·n₂) + d² / (2·(n₁ + n₂))
      (Borenstein et al., Introduction to Meta-Analysis, 2009, eq. 4.18–4.24; after Hedges & Olkin, 1985, ch. 5).
    - ``performance_delta``: the difference over the control mean, positive when the treatment is better; None when
      that is 0.
    - ``p_value``: two-sided, of equal means.
    - ``probability_better``: the posterior probability that the treatment's true mean is the better one, under
      Jeffreys' priors p(μ, σ) ∝ 1/σ: Student's distribution at t, which approximates the Behrens–Fisher posterior.
      It equals 1 − p/2 when the treatment looks better, and p/2 when it looks worse.

    Both intervals are at ``1 − significance_level``. Below two values in an arm the reason is
    ``insufficient_samples``; when no arm varies (beside the effect) it is ``zero_variance``; the plain differences
    of means are still given.

    For SUCCESS_RATE the samples are zeros and ones. With arms of equal size Welch's test keeps its level there: by
    enumeration it errs in at most 5.7 % of cases at a nominal 5 %, for 10 to 200 executions each. With unequal arms
    and a rate near 0 or 1 it does not (27 % for 150 against 30), which is why ``decide`` also asks Fisher's exact test.

    Raises InvalidInput unless 0 < significance_level < 1.
    """
    if not 0.0 < significance_level < 1.0:
        raise InvalidInput("significance_level", f"must be strictly between 0 and 1, not {significance_level!r}")
    effect = treatment.mean - control.mean if control.n and treatment.n else None
    result = partial(
        ExperimentResult,
        metric=metric,
        control=control,
        treatment=treatment,
        control_executions=control_successes.executions,
        control_successes=control_successes.successes,
        treatment_executions=treatment_successes.executions,
        treatment_successes=treatment_successes.successes,
        effect=effect,
        performance_delta=_relative_gain(metric, control.mean, effect),
    )
    if effect is None or min(control.n, treatment.n) < 2:
        return result(reason=Reason.INSUFFICIENT_SAMPLES)
    welch = _welch(control, treatment, effect)
    if welch is None:
        return result(reason=Reason.ZERO_VARIANCE)
    t, df, standard_error = welch
    half_width = standard_error * float(stats.t.isf(significance_level / 2, df))
    g, g_interval = _hedges_g(control, treatment, effect, significance_level)
    p = float(2 * stats.t.sf(abs(t), df))
    return result(
        effect_interval=(effect - half_width, effect + half_width),
        effect_size=g,
        effect_size_interval=g_interval,
        t_statistic=t,
        degrees_of_freedom=df,
        p_value=p,
        confidence_score=min(MAX_CONFIDENCE, 1 - p),
        probability_better=float(stats.t.cdf(-t if metric.smaller_is_better else t, df)),
    )


def decide(
    result: ExperimentResult,
    *,
    control_successes: SuccessCount,
    treatment_successes: SuccessCount,
    min_sample_size: int,
    significance_level: float,
    auto_apply_threshold: float,
) -> tuple[Verdict, Reason]:
    """What follows from ``result``, and why. The first line that holds decides:

    - REJECT, insufficient_samples: an arm has less evidence than ``min_sample_size``.
    - REJECT, fewer_successes: the treatment succeeds less often (Fisher's exact test, one-sided), on any metric.
    - REJECT, insufficient_samples: an arm has fewer than two values, because it fails or does not report the metric.
    - REVIEW, zero_variance: neither arm varies, so there is no test, but the treatment is better; a human decides.
    - REJECT, zero_variance: neither arm varies, and the treatment is not better.
    - REJECT, not_significant: p ≥ ``significance_level`` by Welch's test or, for SUCCESS_RATE, by Fisher's.
    - REJECT, significant_regression: the treatment is significantly worse.
    - APPLY, significant_improvement: it is significantly better and ``confidence_score`` ≥ ``auto_apply_threshold``.
    - REVIEW, below_apply_threshold: it is significantly better, but the confidence score is below the threshold.

    Evidence are the executions that report the metric or failed. ``fewer_successes`` guards against harm that the
    samples show; it does not prove that the success rates are equal. A rejection means that the treatment was not
    shown to be better, not that it was shown to be worse; the reason tells which.
    """
    evidence = min(
        _evidence(result.control, control_successes),
        _evidence(result.treatment, treatment_successes),
    )
    if evidence < min_sample_size:
        return Verdict.REJECT, Reason.INSUFFICIENT_SAMPLES
    if _fisher(control_successes, treatment_successes, "less") < significance_level:
        return Verdict.REJECT, Reason.FEWER_SUCCESSES
    if result.reason is Reason.INSUFFICIENT_SAMPLES:
        return Verdict.REJECT, Reason.INSUFFICIENT_SAMPLES
    better = _gain(result.metric, result.effect or 0.0) > 0
    if result.p_value is None or result.confidence_score is None:
        return (Verdict.REVIEW if better else Verdict.REJECT), Reason.ZERO_VARIANCE
    p_value = result.p_value
    if result.metric is Metric.SUCCESS_RATE:
        p_value = max(p_value, _fisher(control_successes, treatment_successes, "two-sided"))
    if p_value >= significance_level:
        return Verdict.REJECT, Reason.NOT_SIGNIFICANT
    if not better:
        return Verdict.REJECT, Reason.SIGNIFICANT_REGRESSION
    if result.confidence_score >= auto_apply_threshold:
        return Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT
    return Verdict.REVIEW, Reason.BELOW_APPLY_THRESHOLD


class _Welch(NamedTuple):
    t: float
    degrees_of_freedom: float
    standard_error: float


def _welch(control: SampleStatistics, treatment: SampleStatistics, effect: float) -> _Welch | None:
    """None when the standard error is zero, or so small beside the effect that t is not finite."""
    control_error, treatment_error = _standard_error(control), _standard_error(treatment)
    standard_error = math.hypot(control_error, treatment_error)
    if standard_error == 0.0 or not math.isfinite(effect / standard_error):
        return None
    # Welch–Satterthwaite in terms of the arms' shares of the squared error, which neither overflow nor vanish.
    control_share, treatment_share = (control_error / standard_error) ** 2, (treatment_error / standard_error) ** 2
    degrees_of_freedom = 1 / (control_share**2 / (control.n - 1) + treatment_share**2 / (treatment.n - 1))
    return _Welch(effect / standard_error, degrees_of_freedom, standard_error)


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
    half_width = error * float(stats.norm.isf(significance_level / 2))
    return j * d, (j * d - half_width, j * d + half_width)


def _gain(metric: Metric, effect: float) -> float:
    """The effect, signed so that positive is better."""
    return -effect if metric.smaller_is_better else effect


def _relative_gain(metric: Metric, control_mean: float, effect: float | None) -> float | None:
    if effect is None or control_mean == 0.0:
        return None
    gain = _gain(metric, effect) / abs(control_mean)
    return gain if math.isfinite(gain) else None


def _evidence(sample: SampleStatistics, count: SuccessCount) -> int:
    """Executions that report the metric or failed; at most, since one that did both is in both numbers."""
    return min(count.executions, sample.n + count.failures)


def _fisher(control: SuccessCount, treatment: SuccessCount, alternative: Literal["less", "two-sided"]) -> float:
    """p of Fisher's exact test; ``less``: that the treatment succeeds less often than the control."""
    table = np.array([[treatment.successes, treatment.failures], [control.successes, control.failures]])
    return float(stats.fisher_exact(table, alternative=alternative).pvalue)
