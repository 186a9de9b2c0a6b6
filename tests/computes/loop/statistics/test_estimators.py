from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loopgraph.computes.loop.statistics.analysis import analyse
from loopgraph.computes.loop.statistics.estimators import cuped, mann_whitney, proportions, ratios, welch
from loopgraph.computes.loop.statistics.inference import infer
from loopgraph.contracts.statistics.estimates import Assumption, EffectScale
from loopgraph.contracts.statistics.metrics import Logarithm, MetricKind, Winsorised
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon
from loopgraph.contracts.statistics.samples import BinaryCounts, JointMoments, RankedValues
from loopgraph.reducers.unit_samples import unit_samples
from support.statistics import metric, moments, samples, units

FIXED = FixedHorizon()

# R, ?sleep and ?wilcox.test (Hollander & Wolfe, Nonparametric Statistical Methods, 1973, p. 69).
GROUP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
GROUP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
PERMEABILITY = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46], [1.15, 0.88, 0.90, 0.74, 1.21]


def test_welch_of_students_sleep_data_as_r_answers() -> None:
    found = analyse(metric(), samples(metric(), GROUP_2, GROUP_1), FIXED)
    assert found.p_value == pytest.approx(0.07939, abs=5e-6)
    assert found.interval == pytest.approx((-3.3654832, 0.2054832), abs=5e-8)
    assert found.degrees_of_freedom == pytest.approx(17.776, abs=5e-4)
    assert found.width_ratio == 1.0


positive = st.lists(st.floats(0.1, 1e4), min_size=3, max_size=40)


@pytest.mark.lengthy
@pytest.mark.filterwarnings("ignore:Precision loss")  # scipy's remark on an arm that hardly varies
@given(positive, positive, st.sampled_from([0.01, 0.05, 0.2]))
def test_welch_is_what_scipy_answers(control: list[float], treatment: list[float], level: float) -> None:
    found = analyse(metric(), samples(metric(), control, treatment), FIXED, level)
    if max(np.std(control), np.std(treatment)) < 1e-6 * max(*control, *treatment):
        return
    expected = stats.ttest_ind(treatment, control, equal_var=False)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-4, abs=1e-12)
    interval = expected.confidence_interval(1 - level)
    assert found.interval == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-6)


def test_logarithms_are_a_ratio_of_geometric_means() -> None:
    control, treatment = [100.0, 120.0, 90.0, 400.0], [50.0, 70.0, 40.0, 210.0]
    logged = metric(tail=Logarithm())
    found = analyse(logged, samples(logged, control, treatment), FIXED)
    expected = stats.ttest_ind(np.log(treatment), np.log(control), equal_var=False)
    interval = expected.confidence_interval()
    assert (found.scale, found.p_value) == (EffectScale.LOGARITHM, pytest.approx(expected.pvalue))
    assert found.relative == pytest.approx(stats.gmean(treatment) / stats.gmean(control) - 1)
    assert found.relative_interval == pytest.approx((math.expm1(interval.low), math.expm1(interval.high)))
    assert found.control.value == pytest.approx(stats.gmean(control))
    assert Assumption.GEOMETRIC_MEANS in found.assumptions


def test_a_tail_is_clipped_at_quantiles_of_both_arms_together() -> None:
    control, treatment = [*map(float, range(1, 100)), 1e6], [*map(float, range(2, 101)), 50.0]
    clipped = metric(tail=Winsorised(lower=0.0, upper=0.95))
    made = samples(clipped, control, treatment)
    limit = float(np.quantile(control + treatment, 0.95))
    found = analyse(clipped, made, FIXED)
    expected = stats.ttest_ind(np.minimum(treatment, limit), np.minimum(control, limit), equal_var=False)
    assert (made.limits, made.clipped) == ((1.0, limit), sum(v > limit for v in control + treatment))
    assert found.p_value == pytest.approx(expected.pvalue)
    assert Assumption.CLIPPED_VALUES in found.assumptions


@pytest.mark.parametrize(
    ("first", "second", "published"),
    # Newcombe, Statistics in Medicine 17 (1998) 873–890, table II, method 10.
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0000)),
        ((10, 10), (0, 10), (0.6075, 1.0000)),
    ],
)
def test_newcombes_examples(first: tuple[int, int], second: tuple[int, int], published: tuple[float, float]) -> None:
    treatment, control = (BinaryCounts(successes=s, n=n) for s, n in (first, second))
    found = proportions.estimate(control, treatment, FIXED, 0.05)
    assert found.interval == pytest.approx(published, abs=5.1e-5)
    assert (found.p_value is None) == (first[0] + second[0] == 0)


@pytest.mark.lengthy
@given(st.integers(1, 60), st.integers(1, 60), st.floats(0, 1), st.floats(0, 1))
def test_the_score_test_is_the_chi_square_of_scipy(n: int, m: int, share: float, other: float) -> None:
    control, treatment = BinaryCounts(n=n, successes=round(n * share)), BinaryCounts(n=m, successes=round(m * other))
    z = proportions.score(control, treatment)
    table = [[c.successes, c.n - c.successes] for c in (control, treatment)]
    if z is None:
        assert 0 in np.sum(table, axis=0)
        return
    assert z * z == pytest.approx(stats.chi2_contingency(table, correction=False).statistic)


def test_wilson_is_what_scipy_answers() -> None:
    found = proportions.wilson(BinaryCounts(n=263, successes=81), 1.959963984540054)
    interval = stats.binomtest(81, 263).proportion_ci(0.95, method="wilson")
    assert found == pytest.approx((interval.low, interval.high))


def test_a_ratio_is_linearised() -> None:
    random = np.random.default_rng(1)
    arms = []
    for scale in (1.0, 1.3):
        executions = random.poisson(5, 400) + 1
        cost = scale * executions * random.lognormal(0, 0.5, 400)
        arms.append((cost, executions))
    found = ratios.ratios(*(moments(*arm) for arm in arms))
    expected = [cost.sum() / executions.sum() for cost, executions in arms]
    errors = [
        np.std(cost - r * x, ddof=1) / x.mean() / math.sqrt(400) for (cost, x), r in zip(arms, expected, strict=True)
    ]
    assert found.effect == pytest.approx(expected[1] - expected[0])
    assert found.standard_error == pytest.approx(math.hypot(*errors))
    # Of many resamples of units the effect deviates as much.
    draws = []
    for _ in range(2000):
        drawn = [random.integers(0, 400, 400) for _ in arms]
        means = [cost[at].sum() / x[at].sum() for (cost, x), at in zip(arms, drawn, strict=True)]
        draws.append(means[1] - means[0])
    assert found.standard_error == pytest.approx(np.std(draws), rel=0.08)


def test_a_ratio_with_one_execution_each_is_the_mean() -> None:
    ones = [1.0] * 10
    found, plain = (
        ratios.ratios(moments(GROUP_2, ones), moments(GROUP_1, ones)),
        welch.means(moments(GROUP_2), moments(GROUP_1)),
    )
    assert (found.effect, found.standard_error) == (pytest.approx(plain.effect), pytest.approx(plain.standard_error))


def _with_history(n: int, shift: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    before = random.normal(100, 20, n)
    return before * 0.9 + random.normal(10 + shift, 8, n), before


def test_cuped_is_an_analysis_of_covariance() -> None:
    random = np.random.default_rng(2)
    (control, x), (treatment, z) = _with_history(300, 0.0, random), _with_history(260, 2.0, random)
    found = cuped.adjusted_means(moments(control, x), moments(treatment, z))
    y, covariate = np.concatenate([control, treatment]), np.concatenate([x, z])
    arm = np.concatenate([np.zeros(300), np.ones(260)])
    design = np.column_stack([np.ones(560), arm, covariate])
    beta, residual, *_ = np.linalg.lstsq(design, y, rcond=None)
    covariance = np.linalg.inv(design.T @ design) * residual[0] / 557
    assert found.effect == pytest.approx(beta[1])
    assert found.standard_error == pytest.approx(math.sqrt(covariance[1, 1]), rel=0.01)
    plain = welch.means(moments(control), moments(treatment))
    assert found.variance_reduction == pytest.approx(1 - (found.standard_error / plain.standard_error) ** 2)
    assert found.variance_reduction > 0.7
    adjusted_ratio = cuped.adjusted_ratios(moments(control, [1.0] * 300, x), moments(treatment, [1.0] * 260, z))
    assert adjusted_ratio.effect == pytest.approx(found.effect)
    assert adjusted_ratio.standard_error == pytest.approx(found.standard_error)
    assert adjusted_ratio.log_ratio_error == pytest.approx(found.log_ratio_error)


def test_cuped_of_arms_that_vary_alike_has_the_error_of_an_analysis_of_covariance() -> None:
    """To the last digit where residuals vary alike in both arms, however far the covariates are apart."""
    noise, x = np.array([1.0, -1.0, -1.0, 1.0, 2.0, -2.0, -2.0, 2.0]), np.arange(8.0)
    control, treatment = 3 + 2 * x + noise, 4 + 2 * (x + 3) + noise
    found = cuped.adjusted_means(moments(control, x), moments(treatment, x + 3))
    y, covariate, arm = np.concatenate([control, treatment]), np.concatenate([x, x + 3]), np.repeat([0.0, 1.0], 8)
    design = np.column_stack([np.ones(16), arm, covariate])
    beta, residual, *_ = np.linalg.lstsq(design, y, rcond=None)
    covariance = np.linalg.inv(design.T @ design) * residual[0] / 13
    assert (found.effect, found.standard_error) == pytest.approx((beta[1], math.sqrt(covariance[1, 1])))


@pytest.mark.lengthy
def test_the_relative_error_of_cuped_is_that_of_many_experiments() -> None:
    random = np.random.default_rng(3)
    found = []
    for _ in range(400):
        (control, x), (treatment, z) = _with_history(60, 0.0, random), _with_history(30, 60.0, random)
        found.append(cuped.adjusted_means(moments(control, x), moments(treatment, z)))
    deviation = np.std([each.log_ratio for each in found])
    assert np.mean([each.log_ratio_error for each in found]) == pytest.approx(deviation, rel=0.12)


def test_a_covariate_that_tells_nothing_changes_nothing() -> None:
    same = [3.0] * 10
    found = cuped.adjusted_means(moments(GROUP_2, same), moments(GROUP_1, same))
    plain = welch.means(moments(GROUP_2), moments(GROUP_1))
    assert (found.effect, found.standard_error) == (plain.effect, plain.standard_error)
    assert found.variance_reduction == 0.0


def test_units_without_a_history_are_adjusted_by_nothing() -> None:
    adjusted = metric(covariate="before")
    made = unit_samples(
        adjusted,
        units([1.0, 2.0, 4.0], covariates=[1.0, None, 3.0]),
        units([2.0, 3.0, 5.0], covariates=[None, 2.5, 3.5]),
    )
    assert made.filled == 2
    assert isinstance(made.control, JointMoments)
    assert made.control.means[1] == pytest.approx((1 + 2.5 + 3) / 3)


def test_mann_whitney_as_r_answers() -> None:
    # wilcox.test(x, y, conf.int = TRUE): W = 35, p-value = 0.2544, 95 percent interval −0.15 to 0.76, location 0.305.
    treatment, control = (RankedValues(values=tuple(sorted(values))) for values in PERMEABILITY)
    found = mann_whitney.estimate(control, treatment, FIXED, 0.05)
    assert mann_whitney.ranks(control, treatment).u == 35
    assert found.p_value == pytest.approx(0.2544, abs=5e-5)
    assert found.effect == pytest.approx(0.305)
    assert found.interval == pytest.approx((-0.15, 0.76))
    assert found.superiority == pytest.approx(0.7)


small = st.lists(st.integers(0, 20).map(float), min_size=2, max_size=25)


@pytest.mark.lengthy
@given(small, small)
def test_mann_whitney_is_what_scipy_answers(control: list[float], treatment: list[float]) -> None:
    before, after = RankedValues(values=tuple(sorted(control))), RankedValues(values=tuple(sorted(treatment)))
    found = mann_whitney.estimate(before, after, FIXED, 0.05)
    ranks = mann_whitney.ranks(before, after)
    method = "exact" if ranks.exact else "asymptotic"
    if len(set(control + treatment)) == 1:
        assert found.p_value is None
        return
    expected = stats.mannwhitneyu(treatment, control, method=method)
    assert ranks.u == expected.statistic
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    if ranks.placements_error > 0:
        apart = stats.brunnermunzel(control, treatment)
        assert (ranks.superiority - 0.5) / ranks.placements_error == pytest.approx(apart.statistic)


def test_the_shift_of_more_pairs_than_can_be_held_is_the_same() -> None:
    random = np.random.default_rng(4)
    control, treatment = np.sort(random.lognormal(0, 1, 1200)), np.sort(random.lognormal(0.3, 1, 1100))
    whole = np.sort(np.subtract.outer(treatment, control).ravel())
    for k in (0, 5, 600_000, 1_319_999):
        assert mann_whitney._difference(control, treatment, k) == pytest.approx(whole[k], rel=1e-12)
    arms = RankedValues(values=tuple(control.tolist())), RankedValues(values=tuple(treatment.tolist()))
    assert mann_whitney.shift(*arms) == pytest.approx(float(np.median(whole)))


def test_the_shifts_interval_leaves_out_zero_just_where_the_test_rejects() -> None:
    random = np.random.default_rng(5)
    for _ in range(40):
        control, treatment = np.sort(random.normal(0, 1, 60)), np.sort(random.normal(0.5, 1, 70))
        arms = RankedValues(values=tuple(control.tolist())), RankedValues(values=tuple(treatment.tolist()))
        for plan in (FIXED, AlwaysValid(planned_units=150)):
            found = mann_whitney.estimate(*arms, plan, 0.05)
            assert found.interval is not None
            assert found.p_value is not None
            assert (found.p_value < 0.05) == (not found.interval[0] <= 0 <= found.interval[1])


@pytest.mark.lengthy
@given(positive, positive, st.sampled_from(MetricKind), st.booleans())
def test_swapping_the_arms_negates_the_effect(
    a: list[float], b: list[float], kind: MetricKind, sequential: bool
) -> None:
    definition = metric(kind)
    if kind is MetricKind.PROPORTION:
        a, b = [float(v > 100) for v in a], [float(v > 100) for v in b]
    plan = AlwaysValid(planned_units=40, first_look=2) if sequential else FIXED
    forth = analyse(definition, samples(definition, a, b), plan)
    back = analyse(definition, samples(definition, b, a), plan)
    assert forth.reason == back.reason
    assert forth.effect == pytest.approx(-back.effect, abs=1e-9)
    assert (forth.p_value is None) == (back.p_value is None)
    if forth.p_value is not None:
        assert forth.p_value == pytest.approx(back.p_value)
    if forth.interval is not None and back.interval is not None:
        assert forth.interval == pytest.approx((-back.interval[1], -back.interval[0]), rel=1e-6, abs=1e-9)
    if forth.superiority is not None and back.superiority is not None:
        assert forth.superiority + back.superiority == pytest.approx(1.0)


@pytest.mark.lengthy
@given(positive, positive, st.sampled_from([MetricKind.MEAN, MetricKind.RATIO, MetricKind.RANK]), st.floats(0.01, 100))
def test_another_unit_of_measure_scales_the_effect_and_nothing_else(
    a: list[float], b: list[float], kind: MetricKind, factor: float
) -> None:
    definition = metric(kind)
    plain = analyse(definition, samples(definition, a, b), FIXED)
    scaled = analyse(definition, samples(definition, [v * factor for v in a], [v * factor for v in b]), FIXED)
    if plain.p_value is None or scaled.p_value is None:
        return  # at the edge of rounding one of them may vary and the other not
    if kind is MetricKind.RANK and len({v * factor for v in a + b}) != len(set(a + b)):
        return
    assert scaled.effect == pytest.approx(plain.effect * factor, rel=1e-6, abs=1e-8 * factor)
    assert scaled.p_value == pytest.approx(plain.p_value, rel=1e-4, abs=1e-9)
    assert scaled.relative == pytest.approx(plain.relative, rel=1e-6, abs=1e-9)
    if plain.relative_interval is not None:
        assert scaled.relative_interval == pytest.approx(plain.relative_interval, rel=1e-6, abs=1e-8)


def test_where_looks_repeat_the_error_is_at_least_that_of_arms_that_vary_alike() -> None:
    random = np.random.default_rng(7)
    few, many = random.lognormal(0, 0.4, 40).tolist(), random.lognormal(0, 1.2, 400).tolist()
    plan = AlwaysValid(planned_units=440)
    for definition in (metric(), metric(tail=Logarithm())):
        fixed, always = (analyse(definition, samples(definition, many, few), each) for each in (FIXED, plan))
        values = [np.log(arm) if definition.tail else np.array(arm) for arm in (many, few)]
        variance = sum((len(arm) - 1) * np.var(arm, ddof=1) for arm in values) / 438
        pooled = math.sqrt(variance * (1 / 40 + 1 / 400))
        assert always.standard_error == pytest.approx(pooled)
        assert fixed.standard_error < 0.7 * pooled
    # The other way round Welch's is the greater one, and in arms of one size they are the same.
    steep = analyse(metric(), samples(metric(), [v / 10 for v in many], [v * 10 for v in few]), plan)
    errors = stats.sem([v / 10 for v in many]), stats.sem([v * 10 for v in few])
    assert steep.standard_error == pytest.approx(math.hypot(*errors))
    even = analyse(metric(), samples(metric(), many[:40], few), plan)
    assert even.standard_error == pytest.approx(math.hypot(stats.sem(many[:40]), stats.sem(few)))


def test_a_sequence_says_how_much_wider_it_is() -> None:
    random = np.random.default_rng(6)
    control, treatment = moments(random.normal(0, 1, 100)), moments(random.normal(0, 1, 100))
    contrast = welch.means(control, treatment)
    fixed, always = infer(contrast, FIXED, 0.05), infer(contrast, AlwaysValid(planned_units=200), 0.05)
    assert fixed.interval is not None
    assert always.interval is not None
    widths = [interval[1] - interval[0] for interval in (fixed.interval, always.interval)]
    assert always.width_ratio == pytest.approx(widths[1] / widths[0])
    assert 1.4 < always.width_ratio < 1.6
    assert always.p_value >= fixed.p_value
