import math
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from loopgraph.computes.loop.experiment import SuccessCount, compare, decide, ready
from loopgraph.contracts.feedback import ExperimentResult, Metric, Reason, SampleStatistics, Verdict
from loopgraph.errors import InvalidInput

ALWAYS = SuccessCount(75, 75)


def sample(values: Sequence[float]) -> SampleStatistics:
    """By numpy, so that these tests do not rest on the reducer."""
    if not values:
        return SampleStatistics(n=0, mean=0.0, m2=0.0)
    return SampleStatistics(n=len(values), mean=float(np.mean(values)), m2=float(np.var(values)) * len(values))


def moments(mean: float, deviation: float, n: int) -> SampleStatistics:
    return SampleStatistics(n=n, mean=mean, m2=deviation**2 * (n - 1))


def binary(successes: int, n: int) -> SampleStatistics:
    return SampleStatistics(n=n, mean=successes / n, m2=successes * (n - successes) / n)


def comparison(
    control: SampleStatistics,
    treatment: SampleStatistics,
    metric: Metric = Metric.DURATION_MS,
    significance_level: float = 0.05,
) -> ExperimentResult:
    return compare(
        metric,
        control,
        treatment,
        control_successes=SuccessCount(control.n, control.n),
        treatment_successes=SuccessCount(treatment.n, treatment.n),
        significance_level=significance_level,
    )


def verdict(
    result: ExperimentResult,
    control_successes: SuccessCount = ALWAYS,
    treatment_successes: SuccessCount = ALWAYS,
    min_sample_size: int = 30,
    auto_apply_threshold: float = 0.95,
) -> tuple[Verdict, Reason]:
    return decide(
        result,
        control_successes=control_successes,
        treatment_successes=treatment_successes,
        min_sample_size=min_sample_size,
        significance_level=0.05,
        auto_apply_threshold=auto_apply_threshold,
    )


def success_verdict(control: SuccessCount, treatment: SuccessCount, min_sample_size: int = 2) -> tuple[Verdict, Reason]:
    result = compare(
        Metric.SUCCESS_RATE,
        binary(control.successes, control.executions),
        binary(treatment.successes, treatment.executions),
        control_successes=control,
        treatment_successes=treatment,
        significance_level=0.05,
    )
    return verdict(result, control, treatment, min_sample_size)


# What is compared


def test_the_seeds_example_with_its_true_figures() -> None:
    result = comparison(moments(450, 120, 75), moments(180, 50, 75))
    assert result.t_statistic == pytest.approx(-17.986681, abs=1e-6)
    assert result.p_value == pytest.approx(5.926e-33, rel=1e-3)
    assert result.effect == -270.0
    assert result.performance_delta == pytest.approx(0.6)
    assert result.confidence_score == 0.99
    assert result.probability_better == pytest.approx(1.0)
    assert result.reason is None
    assert verdict(result) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)


def test_students_sleep_data_as_r_documents_them() -> None:
    # R, ?t.test: t.test(extra ~ group, data = sleep), Welch: t = -1.8608, df = 17.776, p-value = 0.07939,
    # 95 percent confidence interval: -3.3654832 0.2054832.
    group_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    group_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    result = comparison(sample(group_2), sample(group_1))
    assert result.t_statistic == pytest.approx(-1.8608, abs=5e-5)
    assert result.degrees_of_freedom == pytest.approx(17.776, abs=5e-4)
    assert result.p_value == pytest.approx(0.07939, abs=5e-6)
    assert result.effect_interval == pytest.approx((-3.3654832, 0.2054832), abs=5e-8)


def test_nist_cars_with_unequal_sizes() -> None:
    # NIST/SEMATECH e-Handbook 1.3.5.3 (AUTO83B.DAT), variances not assumed equal: T = -12.94627, 136.8750 degrees.
    result = comparison(moments(30.48101, 6.10771, 79), moments(20.14458, 6.41470, 249))
    assert result.t_statistic == pytest.approx(-12.94627, abs=5e-5)
    assert result.degrees_of_freedom == pytest.approx(136.8750, abs=5e-4)


def test_effect_size_of_a_published_example() -> None:
    # Borenstein, Hedges, Higgins & Rothstein, Introduction to Meta-Analysis (2009), chapter 4: g = 0.5924, SE = 0.2028.
    result = comparison(moments(100, 4.5, 50), moments(103, 5.5, 50))
    assert result.effect_size == pytest.approx(0.5924, abs=5e-5)
    assert result.effect_size_interval is not None
    low, high = result.effect_size_interval
    assert (high - low) / 2 == pytest.approx(1.959964 * 0.2028, abs=2e-4)
    assert (low + high) / 2 == pytest.approx(0.5924, abs=5e-5)


arm = st.lists(st.floats(0.0, 1e5), min_size=2, max_size=50)


@pytest.mark.filterwarnings("ignore:Precision loss")  # scipy's remark on an arm that hardly varies
@given(arm, arm, st.sampled_from([0.01, 0.05, 0.1]))
def test_agrees_with_scipy(control: list[float], treatment: list[float], significance_level: float) -> None:
    # With less spread than this in both arms scipy's own variances have lost their digits.
    assume(max(np.std(control), np.std(treatment)) > 1e-6 * max(*control, *treatment, 1.0))
    expected = stats.ttest_ind(treatment, control, equal_var=False)
    result = comparison(sample(control), sample(treatment), significance_level=significance_level)
    assert result.t_statistic == pytest.approx(expected.statistic, rel=1e-6, abs=1e-9)
    assert result.degrees_of_freedom == pytest.approx(expected.df, rel=1e-6)
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-4, abs=1e-12)
    interval = expected.confidence_interval(1 - significance_level)
    scale = max(abs(interval.low), abs(interval.high))
    assert result.effect_interval == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-6 * scale)


@given(arm, arm, st.sampled_from(Metric))
def test_swapping_the_arms_mirrors_the_comparison(a: list[float], b: list[float], metric: Metric) -> None:
    forth, back = comparison(sample(a), sample(b), metric), comparison(sample(b), sample(a), metric)
    assert forth.p_value == back.p_value
    assert forth.reason == back.reason
    if forth.p_value is not None and back.p_value is not None:
        assert forth.effect_size == pytest.approx(-back.effect_size)
        assert forth.probability_better + back.probability_better == pytest.approx(1.0)


@given(arm, arm, st.sampled_from(Metric))
def test_the_figures_tell_one_story(a: list[float], b: list[float], metric: Metric) -> None:
    result = comparison(sample(a), sample(b), metric)
    assume(result.p_value is not None)
    better = result.effect < 0 if metric.smaller_is_better else result.effect > 0
    assert result.probability_better == pytest.approx(1 - result.p_value / 2 if better else result.p_value / 2)
    assert result.confidence_score == min(0.99, 1 - result.p_value)
    low, high = result.effect_interval
    assert low <= result.effect <= high
    if abs(result.p_value - 0.05) > 1e-9:
        assert (result.p_value < 0.05) == (not low <= 0 <= high)
    if result.performance_delta:
        assert (result.performance_delta > 0) == better


def test_gain_is_positive_when_the_treatment_is_better() -> None:
    slow, fast = moments(200, 10, 30), moments(150, 10, 30)
    assert comparison(slow, fast).performance_delta == pytest.approx(0.25)
    assert comparison(fast, slow).performance_delta == pytest.approx(-1 / 3)
    poor, good = moments(0.4, 0.1, 30), moments(0.6, 0.1, 30)
    assert comparison(poor, good, Metric.QUALITY_SCORE).performance_delta == pytest.approx(0.5)
    assert comparison(good, poor, Metric.QUALITY_SCORE).performance_delta == pytest.approx(-1 / 3)


# What cannot be computed


@pytest.mark.parametrize(("n", "m"), [(0, 30), (30, 0), (1, 30), (30, 1), (1, 1), (0, 0)])
def test_fewer_than_two_values_give_no_test(n: int, m: int) -> None:
    result = comparison(sample([5.0] * n), sample([4.0] * m))
    assert result.reason is Reason.INSUFFICIENT_SAMPLES
    assert result.effect == (-1.0 if n and m else None)
    assert result.performance_delta == (pytest.approx(0.2) if n and m else None)
    assert result.t_statistic is result.degrees_of_freedom is result.p_value is result.confidence_score is None
    assert result.effect_interval is result.effect_size is result.effect_size_interval is None
    assert result.probability_better is None


def test_arms_that_do_not_vary_give_no_test() -> None:
    result = comparison(sample([8.0] * 30), sample([4.0] * 30))
    assert result.reason is Reason.ZERO_VARIANCE
    assert result.effect == -4.0
    assert result.performance_delta == 0.5
    assert result.p_value is result.t_statistic is result.effect_size is result.probability_better is None


def test_one_arm_that_varies_is_enough() -> None:
    result = comparison(sample([8.0] * 30), sample([3.0, 5.0] * 15))
    assert result.degrees_of_freedom == pytest.approx(29.0)
    assert result.reason is None


def test_a_relative_gain_over_zero_is_null() -> None:
    result = comparison(sample([0.0] * 30), sample([0.0, 1.0] * 15), Metric.SUCCESS_RATE)
    assert result.performance_delta is None
    assert result.effect == 0.5


@given(st.integers(-150, 150), st.integers(-150, 150), st.integers(2, 1000), st.integers(2, 1000))
def test_no_magnitude_breaks_it(a: int, b: int, n: int, m: int) -> None:
    result = comparison(moments(10.0**a, 10.0**b, n), moments(10.0**b, 10.0**a, m))
    figures = [result.effect, result.t_statistic, result.degrees_of_freedom, result.p_value, result.effect_size]
    assert all(figure is None or math.isfinite(figure) for figure in figures)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.05, math.nan])
def test_significance_level_is_a_probability(level: float) -> None:
    with pytest.raises(InvalidInput, match="significance_level: must be strictly between 0 and 1"):
        comparison(moments(1, 1, 30), moments(1, 1, 30), significance_level=level)


@pytest.mark.parametrize(("successes", "executions"), [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(successes: int, executions: int) -> None:
    with pytest.raises(InvalidInput, match="successes: must be between 0 and 3 executions"):
        SuccessCount(successes, executions)


# What is decided

FASTER = comparison(moments(450, 120, 75), moments(180, 50, 75))
SLOWER = comparison(moments(180, 50, 75), moments(450, 120, 75))
SAME = comparison(moments(180, 50, 75), moments(178, 50, 75))


def test_verdicts() -> None:
    assert verdict(FASTER) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert verdict(SLOWER) == (Verdict.REJECT, Reason.SIGNIFICANT_REGRESSION)
    assert verdict(SAME) == (Verdict.REJECT, Reason.NOT_SIGNIFICANT)


def test_the_direction_of_the_metric_counts() -> None:
    result = comparison(moments(0.5, 0.1, 75), moments(0.8, 0.1, 75), Metric.QUALITY_SCORE)
    assert verdict(result) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)


def test_a_threshold_of_one_never_applies_by_itself() -> None:
    assert verdict(FASTER, auto_apply_threshold=0.99) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert verdict(FASTER, auto_apply_threshold=1.0) == (Verdict.REVIEW, Reason.BELOW_APPLY_THRESHOLD)


def test_significant_but_below_the_threshold_is_for_review() -> None:
    result = comparison(moments(180, 50, 75), moments(162, 50, 75))
    assert result.p_value == pytest.approx(0.0291, abs=5e-4)
    assert verdict(result, auto_apply_threshold=0.97) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert verdict(result, auto_apply_threshold=0.98) == (Verdict.REVIEW, Reason.BELOW_APPLY_THRESHOLD)


def test_faster_but_failing_more_often_is_rejected() -> None:
    # One-sided Fisher: 75 of 75 against 70 of 75 has p = 0.029, against 71 of 75 p = 0.060.
    assert verdict(FASTER, ALWAYS, SuccessCount(70, 75)) == (Verdict.REJECT, Reason.FEWER_SUCCESSES)
    assert verdict(FASTER, ALWAYS, SuccessCount(71, 75)) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert verdict(FASTER, SuccessCount(60, 75), ALWAYS) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)


def test_a_treatment_that_always_fails_is_told_as_that() -> None:
    result = compare(
        Metric.DURATION_MS,
        moments(180, 50, 30),
        sample([]),
        control_successes=SuccessCount(30, 30),
        treatment_successes=SuccessCount(0, 30),
        significance_level=0.05,
    )
    assert result.reason is Reason.INSUFFICIENT_SAMPLES
    assert verdict(result, SuccessCount(30, 30), SuccessCount(0, 30)) == (Verdict.REJECT, Reason.FEWER_SUCCESSES)


def test_too_little_evidence_decides_nothing() -> None:
    few = comparison(moments(450, 120, 29), moments(180, 50, 75))
    assert verdict(few, SuccessCount(29, 29)) == (Verdict.REJECT, Reason.INSUFFICIENT_SAMPLES)
    # 46 of the 75 executions of the control report no duration: they are no evidence.
    assert verdict(few, ALWAYS) == (Verdict.REJECT, Reason.INSUFFICIENT_SAMPLES)
    # A failure is evidence, though it has no duration.
    assert verdict(few, SuccessCount(29, 30)) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    nothing = comparison(sample([]), sample([]))
    failing = SuccessCount(0, 30)
    assert verdict(nothing, failing, failing) == (Verdict.REJECT, Reason.INSUFFICIENT_SAMPLES)


def test_without_variance_a_human_looks_at_what_is_better() -> None:
    slow, fast = sample([8.0] * 75), sample([4.0] * 75)
    assert verdict(comparison(slow, fast)) == (Verdict.REVIEW, Reason.ZERO_VARIANCE)
    assert verdict(comparison(fast, slow)) == (Verdict.REJECT, Reason.ZERO_VARIANCE)
    assert verdict(comparison(fast, fast)) == (Verdict.REJECT, Reason.ZERO_VARIANCE)


def test_success_rates() -> None:
    assert success_verdict(SuccessCount(60, 100), SuccessCount(90, 100)) == (
        Verdict.APPLY,
        Reason.SIGNIFICANT_IMPROVEMENT,
    )
    assert success_verdict(SuccessCount(90, 100), SuccessCount(60, 100)) == (Verdict.REJECT, Reason.FEWER_SUCCESSES)
    assert success_verdict(SuccessCount(90, 100), SuccessCount(91, 100)) == (Verdict.REJECT, Reason.NOT_SIGNIFICANT)
    assert success_verdict(SuccessCount(0, 30), SuccessCount(30, 30)) == (Verdict.REVIEW, Reason.ZERO_VARIANCE)


def test_success_rates_of_unequal_arms_need_fishers_consent() -> None:
    # Welch finds 0.97 against 1.0 significant because thirty successes in a row have no variance, though such a row
    # has a probability of 0.97³⁰ = 0.40.
    control, treatment = SuccessCount(291, 300), SuccessCount(30, 30)
    result = comparison(binary(291, 300), binary(30, 30), Metric.SUCCESS_RATE)
    assert result.p_value == pytest.approx(0.0025, abs=5e-4)
    assert success_verdict(control, treatment) == (Verdict.REJECT, Reason.NOT_SIGNIFICANT)


def test_welchs_test_keeps_its_level_on_success_rates_of_equal_arms() -> None:
    n = 20
    significant = np.zeros((n + 1, n + 1))
    for i, j in product(range(n + 1), repeat=2):
        p_value = comparison(binary(i, n), binary(j, n), Metric.SUCCESS_RATE).p_value
        significant[i, j] = p_value is not None and p_value < 0.05
    for rate in np.linspace(0.02, 0.98, 49):
        outcomes = stats.binom.pmf(range(n + 1), n, rate)
        assert outcomes @ significant @ outcomes < 0.06


@pytest.mark.parametrize(("n", "m"), [(12, 12), (24, 8)])
def test_equal_success_rates_are_rarely_taken_for_an_improvement(n: int, m: int) -> None:
    """By enumeration of all outcomes: a two-sided level of 0.05 applies at most 0.025 in the better direction."""
    applied = np.zeros((n + 1, m + 1))
    for i, j in product(range(n + 1), range(m + 1)):
        applied[i, j] = success_verdict(SuccessCount(i, n), SuccessCount(j, m))[0] is Verdict.APPLY
    assert applied.any()
    for rate in np.linspace(0.05, 0.95, 19):
        chance = stats.binom.pmf(range(n + 1), n, rate) @ applied @ stats.binom.pmf(range(m + 1), m, rate)
        assert chance <= 0.025 + 0.005


@given(
    st.floats(1, 1e4),
    st.floats(1, 1e4),
    st.floats(0.1, 1e3),
    st.integers(0, 60),
    st.integers(0, 60),
    st.floats(0, 1),
)
def test_applied_means_better_and_not_failing_more(
    control_mean: float, treatment_mean: float, deviation: float, failed: int, treatment_failed: int, threshold: float
) -> None:
    result = comparison(moments(control_mean, deviation, 40), moments(treatment_mean, deviation, 40))
    control, treatment = SuccessCount(40, 40 + failed), SuccessCount(40, 40 + treatment_failed)
    outcome, reason = verdict(result, control, treatment, auto_apply_threshold=threshold)
    if outcome is Verdict.APPLY:
        assert reason is Reason.SIGNIFICANT_IMPROVEMENT
        assert result.p_value < 0.05
        assert treatment_mean < control_mean
        assert result.confidence_score >= threshold
        table = [[treatment.successes, treatment.failures], [control.successes, control.failures]]
        assert stats.fisher_exact(table, alternative="less").pvalue >= 0.05


def test_ready_when_both_arms_have_their_samples() -> None:
    assert ready(30, 30, 30)
    assert not ready(29, 1000, 30)
    assert not ready(1000, 29, 30)
