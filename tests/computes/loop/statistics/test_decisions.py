"""Guardrails, posteriors, power, families."""

from __future__ import annotations

import math
from itertools import pairwise
from math import lgamma

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from loopgraph.computes.loop.statistics.boundaries.group_sequential import crossings
from loopgraph.computes.loop.statistics.estimators import welch
from loopgraph.computes.loop.statistics.estimators.proportions import newcombe, reach
from loopgraph.computes.loop.statistics.families import Correction, adjusted
from loopgraph.computes.loop.statistics.guardrails import guard
from loopgraph.computes.loop.statistics.posterior import posterior, proportions_posterior
from loopgraph.computes.loop.statistics.power import (
    detectable_effect,
    power_of_means,
    power_of_proportions,
    units_for_means,
    units_for_proportions,
    units_still_needed,
)
from loopgraph.contracts.statistics.decisions import GuardrailStatus, Margin, NormalPrior
from loopgraph.contracts.statistics.estimates import ArmEstimate, Contrast, EstimationMethod, NoEstimate
from loopgraph.contracts.statistics.metrics import Direction, Logarithm, MetricKind
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon, GroupSequential, Plan, Spending
from loopgraph.contracts.statistics.samples import BinaryCounts, UnitSamples
from loopgraph.errors import InvalidInput
from support.statistics import metric, moments, samples

FIXED = FixedHorizon()
UP, DOWN = Direction.LARGER_IS_BETTER, Direction.SMALLER_IS_BETTER


# Guardrails


def _normal(middle: float, n: int = 200) -> list[float]:
    """Quantiles of a normal distribution: a sample without chance."""
    return [middle + 10 * float(stats.norm.ppf((i + 0.5) / n)) for i in range(n)]


@pytest.mark.lengthy
@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize(
    ("treatment", "direction", "status"),
    [
        (100.0, DOWN, GuardrailStatus.HELD),
        (103.0, DOWN, GuardrailStatus.HELD),
        (104.5, DOWN, GuardrailStatus.OPEN),
        (108.0, DOWN, GuardrailStatus.BREACHED),
        (108.0, UP, GuardrailStatus.HELD),
        (95.5, UP, GuardrailStatus.OPEN),
        (92.0, UP, GuardrailStatus.BREACHED),
    ],
)
def test_a_guardrail_is_held_breached_or_open(
    treatment: float, direction: Direction, status: GuardrailStatus, relative: bool
) -> None:
    definition = metric(direction=direction)
    margin = Margin(value=0.05 if relative else 5.0, relative=relative)
    found = guard(definition, samples(definition, _normal(100), _normal(treatment)), margin, FIXED)
    assert (found.status, found.reason) == (status, None)
    worse = treatment - 100 if direction is DOWN else 100 - treatment
    assert found.loss == pytest.approx(worse / 100 if relative else worse)
    assert found.p_value is not None
    assert (found.p_value < 0.05) == (status is GuardrailStatus.HELD)
    assert (found.p_value > 0.95) == (status is GuardrailStatus.BREACHED)


def test_an_absolute_margin_is_welchs_test_against_it() -> None:
    control, treatment = _normal(100, 40), _normal(103, 50)
    definition = metric(direction=DOWN)
    found = guard(definition, samples(definition, control, treatment), Margin(value=5.0, relative=False), FIXED)
    shifted = [value - 5 for value in treatment]
    expected = stats.ttest_ind(shifted, control, equal_var=False, alternative="less")
    assert found.p_value == pytest.approx(expected.pvalue)
    interval = stats.ttest_ind(treatment, control, equal_var=False).confidence_interval(0.9)
    assert found.loss_interval == pytest.approx((interval.low, interval.high))


def test_no_failure_at_all_is_evidence_too() -> None:
    definition = metric(MetricKind.PROPORTION, DOWN)
    none = UnitSamples(control=BinaryCounts(n=500, successes=0), treatment=BinaryCounts(n=500, successes=0))
    found = guard(definition, none, Margin(value=0.01, relative=False), FIXED)
    assert found.status is GuardrailStatus.HELD
    few = UnitSamples(control=BinaryCounts(n=50, successes=0), treatment=BinaryCounts(n=50, successes=0))
    assert guard(definition, few, Margin(value=0.01, relative=False), FIXED).status is GuardrailStatus.OPEN
    share = guard(definition, none, Margin(value=0.1), FIXED)
    assert (share.status, share.reason) == (GuardrailStatus.OPEN, NoEstimate.NO_VARIANCE)


def test_margins_of_logarithms_are_relative() -> None:
    definition = metric(direction=DOWN, tail=Logarithm())
    made = samples(definition, [math.exp(v / 100) for v in _normal(100)], [math.exp(v / 100) for v in _normal(101)])
    assert guard(definition, made, Margin(value=0.05), FIXED).status is GuardrailStatus.HELD
    with pytest.raises(InvalidInput, match=r"margin\.relative"):
        guard(definition, made, Margin(value=0.05, relative=False), FIXED)
    with pytest.raises(InvalidInput, match="level"):
        guard(definition, made, Margin(value=0.05), FIXED, 0.5)


# Posteriors


def test_without_a_prior_the_posterior_is_students() -> None:
    contrast = welch.means(moments(_normal(100, 12)), moments(_normal(104, 9)))
    found = posterior(contrast, UP)
    student = stats.t(contrast.degrees_of_freedom, contrast.effect, contrast.standard_error)
    assert found.probability_better == pytest.approx(student.sf(0))
    loss, _ = integrate.quad(lambda effect: -effect * student.pdf(effect), -np.inf, 0)
    spare, _ = integrate.quad(lambda effect: effect * student.pdf(effect), 0, np.inf)
    assert found.loss_of_treatment == pytest.approx(loss, rel=1e-6)
    assert found.loss_of_control == pytest.approx(spare, rel=1e-6)
    mirrored = posterior(contrast, DOWN)
    assert mirrored.probability_better == pytest.approx(1 - found.probability_better)
    assert (mirrored.loss_of_treatment, mirrored.loss_of_control) == pytest.approx(
        (found.loss_of_control, found.loss_of_treatment)
    )


@pytest.mark.parametrize("freedom", [None, 1.5, 20.0])
@pytest.mark.parametrize("effect", [1e200, -1e200, 50.0, -50.0, 0.0])
def test_effects_that_are_far_from_nothing_cost_what_they_are(effect: float, freedom: float | None) -> None:
    arm = ArmEstimate(units=10)
    contrast = Contrast(
        method=EstimationMethod.WELCH,
        control=arm,
        treatment=arm,
        effect=effect,
        standard_error=1e-3,
        degrees_of_freedom=freedom,
    )
    found = posterior(contrast, UP)
    assert found.probability_better == pytest.approx(0.5 if effect == 0 else float(effect > 0), abs=1e-5)
    assert found.loss_of_treatment == pytest.approx(max(0.0, -effect), abs=1e-2)
    assert found.loss_of_control == pytest.approx(max(0.0, effect), abs=1e-2)


def test_rates_of_many_units_and_of_few_have_their_posterior() -> None:
    for n, rate in ((10**9, 0.3), (10**6, 1e-6), (10**6, 0.0), (1, 1.0)):
        control, treatment = BinaryCounts(n=n, successes=round(n * rate)), BinaryCounts(n=n, successes=round(n * rate))
        found = proportions_posterior(control, treatment, UP)
        assert found.probability_better == pytest.approx(0.5, abs=1e-6)
        assert found.loss_of_treatment == pytest.approx(found.loss_of_control)
        assert found.loss_of_treatment > 0
        other = proportions_posterior(BinaryCounts(n=3, successes=1), treatment, UP)
        assert other.loss_of_control - other.loss_of_treatment == pytest.approx(other.mean, abs=1e-12)


def test_a_prior_draws_the_effect_to_itself() -> None:
    contrast = welch.means(moments(_normal(100)), moments(_normal(104)))
    prior = NormalPrior(mean=0.0, deviation=contrast.standard_error)
    found = posterior(contrast, UP, prior)
    assert (found.mean, found.deviation) == pytest.approx((2.0, contrast.standard_error / math.sqrt(2)))
    expected = stats.norm(found.mean, found.deviation)
    assert found.probability_better == pytest.approx(expected.sf(0))
    loss, _ = integrate.quad(lambda effect: -effect * expected.pdf(effect), -30, 0)
    assert found.loss_of_treatment == pytest.approx(loss, rel=1e-6)


def _evan_miller(a: int, b: int, c: int, d: int) -> float:
    """Pr(Beta(c, d) > Beta(a, b)), in closed form (E. Miller, Formulas for Bayesian A/B Testing, 2015, eq. 6)."""

    def lbeta(x: float, y: float) -> float:
        return lgamma(x) + lgamma(y) - lgamma(x + y)

    return sum(math.exp(lbeta(a + i, b + d) - math.log(d + i) - lbeta(1 + i, d) - lbeta(a, b)) for i in range(c))


@pytest.mark.parametrize(
    ("control", "treatment"), [((3, 10), (7, 12)), ((0, 5), (0, 5)), ((40, 1000), (55, 1000)), ((500, 1000), (3, 4))]
)
def test_the_posterior_of_rates_is_the_closed_form(control: tuple[int, int], treatment: tuple[int, int]) -> None:
    arms = [BinaryCounts(successes=s, n=n) for s, n in (control, treatment)]
    found = proportions_posterior(*arms, UP)
    (a, b), (c, d) = ((1 + arm.successes, 1 + arm.n - arm.successes) for arm in arms)
    assert found.probability_better == pytest.approx(_evan_miller(a, b, c, d), abs=1e-9)
    if max(control[1], treatment[1]) < 100:
        before, after = stats.beta(a, b), stats.beta(c, d)
        gain, _ = integrate.dblquad(
            lambda q, p: (q - p) * before.pdf(p) * after.pdf(q), 0, 1, lambda p: p, 1, epsabs=1e-8
        )
        assert found.loss_of_control == pytest.approx(gain, abs=1e-7)
    assert found.loss_of_control - found.loss_of_treatment == pytest.approx(c / (c + d) - a / (a + b))
    assert proportions_posterior(*arms, DOWN).probability_better == pytest.approx(1 - found.probability_better)
    assert proportions_posterior(arms[0], BinaryCounts(n=0, successes=0), UP).reason is NoEstimate.NO_UNITS


# Power


def test_power_is_what_r_documents() -> None:
    # R, ?power.t.test: n = 20, delta = 1, sd = 1 → power = 0.8689528; power = .90, delta = 1 → n = 22.02110.
    assert power_of_means(1.0, 1.0, 40, FIXED).power == pytest.approx(0.8689528, abs=2e-6)
    assert power_of_means(1.0, 1.0, 2 * 22.02110, FIXED).power == pytest.approx(0.9, abs=2e-6)
    assert units_for_means(1.0, 1.0, FIXED, power=0.9).units == 45  # 44.04
    # R, ?power.prop.test: n = 50, p1 = .50, p2 = .75 → power = 0.740; power = .90 → n = 76.7.
    assert power_of_proportions(0.5, 0.75, 100, FIXED).power == pytest.approx(0.7401659, abs=1e-4)
    assert units_for_proportions(0.5, 0.75, FIXED, power=0.9).units == 154  # 153.4


def test_an_effect_that_so_many_units_find() -> None:
    found = detectable_effect(10.0, 100, FIXED)
    assert found.power == pytest.approx(0.8, abs=1e-6)
    assert power_of_means(found.effect, 10.0, 100, FIXED).power == pytest.approx(0.8, abs=1e-6)
    assert detectable_effect(10.0, 3, FIXED).reason is NoEstimate.TOO_FEW_UNITS


@pytest.mark.lengthy
@pytest.mark.parametrize("plan", [AlwaysValid(planned_units=2), GroupSequential(planned_units=2), FIXED])
def test_the_units_that_a_plan_needs_are_the_fewest(plan: Plan) -> None:
    needed = units_for_means(0.3, 1.0, plan, power=0.8)
    assert needed.units is not None
    assert needed.power >= 0.8
    assert power_of_means(0.3, 1.0, needed.units - 2, plan).power < 0.8
    assert units_still_needed(needed, 100) == needed.units - 100
    assert units_still_needed(needed, 10_000) == 0


@pytest.mark.lengthy
def test_looking_again_and_again_costs_units() -> None:
    plans: list[Plan] = [
        FIXED,
        GroupSequential(planned_units=2),
        GroupSequential(planned_units=2, spending=Spending.POCOCK),
        AlwaysValid(planned_units=2),
    ]
    needed = [units_for_means(0.3, 1.0, plan).units for plan in plans]
    assert needed == sorted(needed)  # type: ignore[type-var]
    assert needed[1] / needed[0] == pytest.approx(1.03, abs=0.02)  # type: ignore[operator]


def test_what_power_cannot_be_reached() -> None:
    none = units_for_means(0.0, 1.0, FIXED)
    assert (none.units, none.reason) == (None, NoEstimate.UNREACHABLE)
    assert units_still_needed(none, 5) is None
    assert units_for_proportions(0.0, 0.0, FIXED).reason is NoEstimate.NO_VARIANCE
    assert units_for_proportions(0.0, 1.0, FIXED).units is not None
    assert power_of_means(1.0, 1.0, 30, AlwaysValid(planned_units=30)).power == 0.0
    for arguments in ((math.nan, 1.0, 10), (1.0, 0.0, 10), (1.0, math.inf, 10), (1.0, 1.0, -1), (1.0, 1.0, math.inf)):
        with pytest.raises(InvalidInput):
            power_of_means(*arguments, FIXED)
    with pytest.raises(InvalidInput, match="power"):
        units_for_means(1.0, 1.0, FIXED, power=1.0)


@pytest.mark.lengthy
@given(
    st.floats(-1e300, 1e300),
    st.floats(1e-300, 1e300),
    st.floats(0, 1e9),
    st.sampled_from([FIXED, AlwaysValid(planned_units=2), GroupSequential(planned_units=2)]),
    st.floats(0.001, 0.999),
)
def test_power_is_always_a_probability(effect: float, deviation: float, units: float, plan: Plan, share: float) -> None:
    found = power_of_means(effect, deviation, units, plan, treatment_share=share)
    assert (found.power is None) == (found.reason is not None)
    assert found.power is None or 0 <= found.power <= 1


@pytest.mark.parametrize("units", [4, 5, 20, 1000, 1e6])
def test_power_grows_with_the_effect(units: float) -> None:
    found = [
        power_of_means(step / 50, math.sqrt(units) / 10, units, FIXED, level).power
        for level in (0.05, 0.001)
        for step in range(400)
    ]
    for curve in (found[:400], found[400:]):
        assert all(0 < one <= other + 1e-6 <= 1 + 1e-6 for one, other in pairwise(curve))
        assert curve[-1] > 0.75


def test_power_by_a_spending_function_is_the_sum_of_its_crossings() -> None:
    plan = GroupSequential(planned_units=100, spending=Spending.POCOCK)
    published = (2.4380, 2.4268, 2.4101, 2.3966, 2.3859)
    expected = sum(crossings(published, [k / 5 for k in range(1, 6)], 0.5 * math.sqrt(100 / 4)))
    assert power_of_means(0.5, 1.0, 100, plan).power == pytest.approx(expected, abs=1e-4)


# Families


def test_candidates_without_a_p_value_count() -> None:
    assert adjusted([0.01, None, 0.04]) == [pytest.approx(0.03), None, pytest.approx(0.08)]
    assert adjusted([0.01, None, 0.04], Correction.BENJAMINI_HOCHBERG) == [
        pytest.approx(0.03), None, pytest.approx(0.06)
    ]  # fmt: skip
    assert adjusted([]) == []
    assert adjusted([None]) == [None]
    with pytest.raises(InvalidInput, match=r"p_values\.1"):
        adjusted([0.5, math.nan])


@pytest.mark.lengthy
@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm_is_never_more_lenient_than_benjamini_hochberg(p_values: list[float]) -> None:
    strict, lenient = adjusted(p_values), adjusted(p_values, Correction.BENJAMINI_HOCHBERG)
    assert all(p <= q + 1e-12 and q <= h + 1e-12 for p, q, h in zip(p_values, lenient, strict, strict=True))  # type: ignore[operator]


@pytest.mark.parametrize("plan", [FIXED, AlwaysValid(planned_units=100), GroupSequential(planned_units=150)])
@pytest.mark.parametrize("relative", [False, True])
def test_a_guardrails_p_value_and_its_interval_say_the_same(plan: Plan, relative: bool) -> None:
    random, seen = np.random.default_rng(9), set()
    for shift in (-20, -6, 0, 6, 10, 20):
        for direction in Direction:
            definition = metric(direction=direction)
            made = samples(definition, random.normal(100, 10, 40).tolist(), random.normal(100 + shift, 15, 90).tolist())
            found = guard(definition, made, Margin(value=0.05 if relative else 5.0, relative=relative), plan, 0.05)
            assert found.p_value is not None
            assert (found.p_value < 0.05) == (found.status is GuardrailStatus.HELD)
            assert (found.p_value > 0.95) == (found.status is GuardrailStatus.BREACHED)
            seen.add(found.status)
    assert seen == set(GuardrailStatus)


@pytest.mark.parametrize("plan", [FIXED, AlwaysValid(planned_units=100), GroupSequential(planned_units=600)])
def test_so_do_those_of_rates(plan: Plan) -> None:
    seen = set()
    for failures in (0, 4, 20, 28, 60, 300):
        for direction in Direction:
            rates = 300 - 20, 300 - failures
            control, treatment = (BinaryCounts(n=300, successes=n if direction is UP else 300 - n) for n in rates)
            definition = metric(MetricKind.PROPORTION, direction)
            margin = Margin(value=0.03, relative=False)
            found = guard(definition, UnitSamples(control=control, treatment=treatment), margin, plan, 0.05)
            assert found.p_value is not None
            assert (found.p_value < 0.05) == (found.status is GuardrailStatus.HELD)
            assert (found.p_value > 0.95) == (found.status is GuardrailStatus.BREACHED)
            seen.add(found.status)
    assert seen == set(GuardrailStatus)


def test_where_newcombes_interval_comes_to() -> None:
    control, treatment = BinaryCounts(n=70, successes=56), BinaryCounts(n=80, successes=48)
    for critical in (0.5, 1.96, 5.0):
        ends = newcombe(control, treatment, critical)
        assert ends is not None
        assert reach(control, treatment, ends[0]) == pytest.approx(-critical, rel=1e-9)
        assert reach(control, treatment, ends[1]) == pytest.approx(critical, rel=1e-9)
    assert reach(control, treatment, 1.5) == math.inf
    assert reach(control, BinaryCounts(n=0, successes=0), 0.1) is None
