import math
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from loopgraph.computes.loop.experiments.experiment import MIN_UNITS, compare, decide, obstacle
from loopgraph.contracts.loop.arms import ArmSample, ArmTally, ClusterStatistics, SampleStatistics
from loopgraph.contracts.loop.experiments import ExperimentResult, WelchOfUnitMeans
from loopgraph.contracts.loop.feedback import Metric, Reason, Verdict
from loopgraph.errors import InvalidInput


class SuccessCount(NamedTuple):
    """Successes among executions that are a unit each."""

    successes: int
    executions: int

    @property
    def failures(self) -> int:
        return self.executions - self.successes


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


def independent(n: int, between: float) -> ClusterStatistics:
    """Values that are a unit each."""
    return ClusterStatistics(
        values=n, units=n, squared_sizes=n, within=0.0, between=between, comparable=max(0, n - 1), arms=1 if n else 0
    )


def arm(sample: SampleStatistics, count: SuccessCount | None = None) -> ArmSample:
    """An arm whose units have one execution each."""
    successes, executions = count or (sample.n, sample.n)
    return ArmSample(
        sample=sample,
        units=executions,
        telling_units=min(executions, sample.n + executions - successes),
        executions=executions,
        successes=successes,
        metric=independent(sample.n, sample.m2),
        success=independent(executions, successes * (executions - successes) / executions if executions else 0.0),
    )


def compared(
    metric: Metric, control: ArmSample, treatment: ArmSample, significance_level: float = 0.05
) -> ExperimentResult:
    pooled = ClusterStatistics(
        **{
            name: getattr(control.success, name) + getattr(treatment.success, name)
            for name in ClusterStatistics.model_fields
        }
    )
    return compare(metric, control, treatment, pooled_success=pooled, significance_level=significance_level)


def comparison(
    control: SampleStatistics,
    treatment: SampleStatistics,
    metric: Metric = Metric.DURATION_MS,
    significance_level: float = 0.05,
    counts: tuple[SuccessCount | None, SuccessCount | None] = (None, None),
) -> ExperimentResult:
    return compared(metric, arm(control, counts[0]), arm(treatment, counts[1]), significance_level)


def verdict(result: ExperimentResult, auto_apply_threshold: float = 0.95) -> tuple[Verdict, Reason]:
    return decide(result, significance_level=0.05, auto_apply_threshold=auto_apply_threshold)


def success_result(control: SuccessCount, treatment: SuccessCount) -> ExperimentResult:
    samples = [binary(count.successes, count.executions) for count in (control, treatment)]
    return comparison(samples[0], samples[1], Metric.SUCCESS_RATE, counts=(control, treatment))


def success_verdict(control: SuccessCount, treatment: SuccessCount) -> tuple[Verdict, Reason]:
    return verdict(success_result(control, treatment))


def t_of(result: ExperimentResult) -> tuple[float | None, float | None]:
    return result.details.t_statistic, result.details.degrees_of_freedom


# What is compared


def test_the_seeds_example_with_its_true_figures() -> None:
    result = comparison(moments(450, 120, 75), moments(180, 50, 75))
    assert result.details.t_statistic == pytest.approx(-17.986681, abs=1e-6)
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
    assert result.details.t_statistic == pytest.approx(-1.8608, abs=5e-5)
    assert result.details.degrees_of_freedom == pytest.approx(17.776, abs=5e-4)
    assert result.p_value == pytest.approx(0.07939, abs=5e-6)
    assert result.effect_interval == pytest.approx((-3.3654832, 0.2054832), abs=5e-8)


def test_nist_cars_with_unequal_sizes() -> None:
    # NIST/SEMATECH e-Handbook 1.3.5.3 (AUTO83B.DAT), variances not assumed equal: T = -12.94627, 136.8750 degrees.
    result = comparison(moments(30.48101, 6.10771, 79), moments(20.14458, 6.41470, 249))
    assert result.details.t_statistic == pytest.approx(-12.94627, abs=5e-5)
    assert result.details.degrees_of_freedom == pytest.approx(136.8750, abs=5e-4)


def test_effect_size_of_a_published_example() -> None:
    # Borenstein, Hedges, Higgins & Rothstein, Introduction to Meta-Analysis (2009), chapter 4: g = 0.5924, SE = 0.2028.
    result = comparison(moments(100, 4.5, 50), moments(103, 5.5, 50))
    assert result.effect_size == pytest.approx(0.5924, abs=5e-5)
    assert result.effect_size_interval is not None
    low, high = result.effect_size_interval
    assert (high - low) / 2 == pytest.approx(1.959964 * 0.2028, abs=2e-4)
    assert (low + high) / 2 == pytest.approx(0.5924, abs=5e-5)


values = st.lists(st.floats(0.0, 1e5), min_size=2, max_size=50)


@pytest.mark.lengthy
@pytest.mark.filterwarnings("ignore:Precision loss")  # scipy's remark on an arm that hardly varies
@given(values, values, st.sampled_from([0.01, 0.05, 0.1]))
def test_agrees_with_scipy(control: list[float], treatment: list[float], significance_level: float) -> None:
    # With less spread than this in both arms scipy's own variances have lost their digits.
    assume(max(np.std(control), np.std(treatment)) > 1e-6 * max(*control, *treatment, 1.0))
    expected = stats.ttest_ind(treatment, control, equal_var=False)
    result = comparison(sample(control), sample(treatment), significance_level=significance_level)
    assert result.details.t_statistic == pytest.approx(expected.statistic, rel=1e-6, abs=1e-9)
    assert result.details.degrees_of_freedom == pytest.approx(expected.df, rel=1e-6)
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-4, abs=1e-12)
    interval = expected.confidence_interval(1 - significance_level)
    scale = max(abs(interval.low), abs(interval.high))
    assert result.effect_interval == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-6 * scale)


@pytest.mark.lengthy
@given(values, values, st.sampled_from(Metric))
def test_swapping_the_arms_mirrors_the_comparison(a: list[float], b: list[float], metric: Metric) -> None:
    forth, back = comparison(sample(a), sample(b), metric), comparison(sample(b), sample(a), metric)
    assert forth.p_value == back.p_value
    assert forth.reason == back.reason
    if forth.p_value is not None and back.p_value is not None:
        assert forth.effect_size == pytest.approx(-back.effect_size)
        assert forth.probability_better + back.probability_better == pytest.approx(1.0)


@pytest.mark.lengthy
@given(values, values, st.sampled_from(Metric))
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
    assert t_of(result) == (None, None)
    assert result.p_value is result.confidence_score is None
    assert result.effect_interval is result.effect_size is result.effect_size_interval is None
    assert result.probability_better is None


def test_arms_that_do_not_vary_give_no_test() -> None:
    result = comparison(sample([8.0] * 30), sample([4.0] * 30))
    assert result.reason is Reason.ZERO_VARIANCE
    assert result.effect == -4.0
    assert result.performance_delta == 0.5
    assert t_of(result) == (None, None)
    assert result.p_value is result.effect_size is result.probability_better is None


def test_one_arm_that_varies_is_enough() -> None:
    result = comparison(sample([8.0] * 30), sample([3.0, 5.0] * 15))
    assert result.details.degrees_of_freedom == pytest.approx(29.0)
    assert result.reason is None


def test_a_relative_gain_over_zero_is_null() -> None:
    result = comparison(sample([0.0] * 30), sample([0.0, 1.0] * 15), Metric.SUCCESS_RATE)
    assert result.performance_delta is None
    assert result.effect == 0.5


@pytest.mark.lengthy
@given(st.integers(-150, 150), st.integers(-150, 150), st.integers(2, 1000), st.integers(2, 1000))
def test_no_magnitude_breaks_it(a: int, b: int, n: int, m: int) -> None:
    result = comparison(moments(10.0**a, 10.0**b, n), moments(10.0**b, 10.0**a, m))
    figures = [
        result.effect,
        result.details.t_statistic,
        result.details.degrees_of_freedom,
        result.p_value,
        result.effect_size,
    ]
    assert all(figure is None or math.isfinite(figure) for figure in figures)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.05, math.nan])
def test_significance_level_is_a_probability(level: float) -> None:
    with pytest.raises(InvalidInput, match="significance_level: must be strictly between 0 and 1"):
        comparison(moments(1, 1, 30), moments(1, 1, 30), significance_level=level)


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
    def faster(control: SuccessCount, treatment: SuccessCount) -> tuple[Verdict, Reason]:
        return verdict(comparison(moments(450, 120, 75), moments(180, 50, 75), counts=(control, treatment)))

    assert faster(ALWAYS, SuccessCount(70, 75)) == (Verdict.REJECT, Reason.FEWER_SUCCESSES)
    assert faster(ALWAYS, SuccessCount(71, 75)) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert faster(SuccessCount(60, 75), ALWAYS) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)


def test_a_treatment_that_always_fails_is_told_as_that() -> None:
    result = comparison(moments(180, 50, 30), sample([]), counts=(None, SuccessCount(0, 30)))
    assert result.reason is Reason.INSUFFICIENT_SAMPLES
    assert verdict(result) == (Verdict.REJECT, Reason.FEWER_SUCCESSES)


def test_too_little_evidence_decides_nothing() -> None:
    few, many = moments(450, 120, 29), arm(moments(180, 50, 75))
    assert obstacle(arm(few), many, 30, 1.0) is Reason.INSUFFICIENT_UNITS
    # 46 of the 75 units of the control report no duration: they are no evidence.
    assert obstacle(arm(few, ALWAYS), many, 30, 1.0) is Reason.INSUFFICIENT_UNITS
    # A failure is evidence, though it has no duration.
    assert obstacle(arm(few, SuccessCount(29, 30)), many, 30, 1.0) is None
    failing = SuccessCount(0, 30)
    assert obstacle(arm(sample([]), failing), arm(sample([]), failing), 30, 1.0) is None
    nothing = comparison(sample([]), sample([]), counts=(failing, failing))
    assert verdict(nothing) == (Verdict.REJECT, Reason.INSUFFICIENT_SAMPLES)


def test_few_units_decide_nothing_whatever_was_asked_for() -> None:
    enough, few = (ArmTally(telling_units=units) for units in (MIN_UNITS, MIN_UNITS - 1))
    assert obstacle(enough, enough, 2, 1.0) is None
    assert obstacle(enough, few, 2, 1.0) is Reason.INSUFFICIENT_UNITS
    assert obstacle(few, enough, 2, 1.0) is Reason.INSUFFICIENT_UNITS


def test_a_sample_ratio_that_does_not_fit_decides_nothing() -> None:
    enough = ArmTally(telling_units=100)
    assert obstacle(enough, enough, 30, 0.0009) is Reason.SAMPLE_RATIO_MISMATCH
    assert obstacle(enough, enough, 30, 0.001) is None


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
    result = success_result(control, treatment)
    assert result.p_value == pytest.approx(0.0025, abs=5e-4)
    assert success_verdict(control, treatment) == (Verdict.REJECT, Reason.NOT_SIGNIFICANT)


@pytest.mark.lengthy
def test_welchs_test_keeps_its_level_on_success_rates_of_equal_arms() -> None:
    n = 20
    significant = np.zeros((n + 1, n + 1))
    for i, j in product(range(n + 1), repeat=2):
        p_value = success_result(SuccessCount(i, n), SuccessCount(j, n)).p_value
        significant[i, j] = p_value is not None and p_value < 0.05
    for rate in np.linspace(0.02, 0.98, 49):
        outcomes = stats.binom.pmf(range(n + 1), n, rate)
        assert outcomes @ significant @ outcomes < 0.06


@pytest.mark.lengthy
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


@pytest.mark.lengthy
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
    control, treatment = SuccessCount(40, 40 + failed), SuccessCount(40, 40 + treatment_failed)
    result = comparison(
        moments(control_mean, deviation, 40), moments(treatment_mean, deviation, 40), counts=(control, treatment)
    )
    outcome, reason = verdict(result, auto_apply_threshold=threshold)
    if outcome is Verdict.APPLY:
        assert reason is Reason.SIGNIFICANT_IMPROVEMENT
        assert result.p_value < 0.05
        assert treatment_mean < control_mean
        assert result.confidence_score >= threshold
        table = [[treatment.successes, treatment.failures], [control.successes, control.failures]]
        assert stats.fisher_exact(table, alternative="less").pvalue >= 0.05


def test_failures_of_one_unit_are_not_independent() -> None:
    """Ten executions in each of 20 units; in the treatment those of 3 units all fail: 30 of 200 executions, but 3 of 20 units."""

    def clustered(failing: int) -> ArmSample:
        units, size = 20, 10
        failed = failing * size
        rate = 1 - failing / units
        spread = size * (failing * rate**2 + (units - failing) * (1 - rate) ** 2)
        success = ClusterStatistics(
            values=200, units=20, squared_sizes=2000, within=0.0, between=spread, comparable=190, arms=1
        )
        return ArmSample(
            sample=moments(100, 10, units - failing), units=20, telling_units=20, executions=200,
            successes=200 - failed, metric=success, success=success,
        )  # fmt: skip

    result = compared(Metric.DURATION_MS, clustered(0), clustered(3))
    assert isinstance(result.details, WelchOfUnitMeans)
    assert result.details.treatment_success_design_effect == pytest.approx(10.0)
    by_units = stats.fisher_exact([[17, 3], [20, 0]], alternative="less").pvalue
    assert result.details.fewer_successes_p_value == pytest.approx(by_units)
    assert verdict(result)[1] is not Reason.FEWER_SUCCESSES
    assert stats.fisher_exact([[170, 30], [200, 0]], alternative="less").pvalue < 1e-8


def test_a_result_from_before_units_were_kept_is_read() -> None:
    old = {
        "metric": "duration_ms", "control": {"n": 3, "mean": 2.0, "m2": 1.0}, "treatment": {"n": 3, "mean": 1.0, "m2": 1.0},
        "control_executions": 3, "control_successes": 3, "treatment_executions": 3, "treatment_successes": 3,
        "t_statistic": -2.4, "degrees_of_freedom": 4.0, "p_value": 0.07,
    }  # fmt: skip
    result = ExperimentResult.model_validate(old)
    assert (result.method.value, t_of(result), result.control_arm) == ("welch_executions", (-2.4, 4.0), None)
    assert ExperimentResult.model_validate(result.model_dump(mode="json")) == result


def test_executions_of_which_nothing_is_known_are_no_failures() -> None:
    control, treatment = arm(binary(9, 20), SuccessCount(9, 20)), arm(binary(18, 20), SuccessCount(18, 20))
    known = compared(Metric.SUCCESS_RATE, control, treatment)
    more = {"units": 60, "executions": 60, "unknown": 40}
    result = compared(Metric.SUCCESS_RATE, control.model_copy(update=more), treatment.model_copy(update=more))
    assert result.details == known.details
    assert (result.p_value, result.effect) == (known.p_value, known.effect)
    assert (result.control_executions, result.control_successes, result.control_success_rate) == (60, 9, 9 / 20)
    assert result.treatment_success_rate == 18 / 20
    assert result.treatment_arm is not None
    assert result.treatment_arm.unknown == 40
