from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loopgraph.computes.loop.statistics.boundaries import confidence_sequence, fixed_horizon, group_sequential, looks
from loopgraph.computes.loop.statistics.boundaries.normal import from_student, to_student
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.plans import AlwaysValid, ArmUnits, FixedHorizon, GroupSequential, Spending

EVEN = tuple(k / 5 for k in range(1, 6))


@pytest.mark.parametrize(
    ("spending", "published"),
    [
        # R's ldbounds, and Proschan, Lan & Wittes, Statistical Monitoring of Clinical Trials (2006), ch. 5.
        (Spending.OBRIEN_FLEMING, (4.8769, 3.3569, 2.6803, 2.2898, 2.0310)),
        (Spending.POCOCK, (2.4380, 2.4268, 2.4101, 2.3966, 2.3859)),
    ],
)
def test_bounds_of_five_even_looks_are_the_published_ones(spending: Spending, published: tuple[float, ...]) -> None:
    """To a unit of their last digit: they were integrated on coarser grids."""
    assert group_sequential.bounds(spending, 0.05, EVEN) == pytest.approx(published, abs=1.2e-4)


@pytest.mark.parametrize("spending", Spending)
def test_the_second_bound_is_that_of_the_bivariate_normal(spending: Spending) -> None:
    first, second = group_sequential.bounds(spending, 0.05, (0.4, 1.0))
    joint = stats.multivariate_normal([0, 0], [[1, math.sqrt(0.4)], [math.sqrt(0.4), 1]])
    inside = joint.cdf([first, second], lower_limit=[-first, -second])
    assert 1 - inside == pytest.approx(0.05, abs=1e-7)


@pytest.mark.parametrize(
    ("looks", "pocock", "obrien_fleming"),
    # Jennison & Turnbull, Group Sequential Methods (2000), tables 2.1 and 2.3, α = 0.05.
    [(1, 1.960, 1.960), (2, 2.178, 1.977), (3, 2.289, 2.004), (4, 2.361, 2.024), (5, 2.413, 2.040), (10, 2.555, 2.087)],
)
def test_jennison_and_turnbulls_constants_keep_their_level(looks: int, pocock: float, obrien_fleming: float) -> None:
    times = [k / looks for k in range(1, looks + 1)]
    assert sum(group_sequential.crossings([pocock] * looks, times)) == pytest.approx(0.05, abs=1.5e-4)
    falling = [obrien_fleming / math.sqrt(time) for time in times]
    assert sum(group_sequential.crossings(falling, times)) == pytest.approx(0.05, abs=1.5e-4)


@pytest.mark.parametrize(
    ("looks", "constant", "inflation", "falling"),
    # Ibid., tables 2.2 and 2.4, α = 0.05, power 0.9: how many more units than at a fixed horizon.
    [(2, 2.178, 1.100, False), (5, 2.413, 1.207, False), (2, 1.977, 1.007, True), (5, 2.040, 1.026, True)],
)
def test_jennison_and_turnbulls_inflation_reaches_its_power(
    looks: int, constant: float, inflation: float, falling: bool
) -> None:
    times = [k / looks for k in range(1, looks + 1)]
    limits = [constant / math.sqrt(time) if falling else constant for time in times]
    drift = (stats.norm.ppf(0.975) + stats.norm.ppf(0.9)) * math.sqrt(inflation)
    assert sum(group_sequential.crossings(limits, times, drift)) == pytest.approx(0.9, abs=5e-4)


@pytest.mark.lengthy
@given(
    st.lists(st.integers(1, 999), min_size=0, max_size=6, unique=True).map(sorted),
    st.sampled_from(Spending),
    st.sampled_from([0.001, 0.05, 0.2]),
)
def test_looks_whenever_they_come_spend_no_more_than_the_level(
    looks: list[int], spending: Spending, level: float
) -> None:
    times = tuple(look / 1000 for look in [*looks, 1000])
    found = group_sequential.bounds(spending, level, times)
    assert sum(group_sequential.crossings(found, times)) == pytest.approx(level, rel=1e-5)


def test_a_group_sequential_plan_goes_by_the_looks_there_were() -> None:
    plan = GroupSequential(planned_units=1000, earlier_looks=(200, 400))
    assert group_sequential.critical(plan, 0.05, 600) == pytest.approx(2.6803, abs=6e-5)
    again = plan.model_copy(update={"earlier_looks": (200, 400, 600)})
    assert group_sequential.critical(again, 0.05, 600) == pytest.approx(2.6803, abs=6e-5)
    last = plan.model_copy(update={"earlier_looks": (200, 400, 600, 800)})
    over = group_sequential.critical(last, 0.05, 1250)
    assert isinstance(over, float)
    times = (0.16, 0.32, 0.48, 0.64, 1.0)
    assert sum(group_sequential.crossings(group_sequential.bounds(last.spending, 0.05, times), times)) == pytest.approx(
        0.05
    )
    assert group_sequential.critical(plan.model_copy(update={"earlier_looks": ()}), 0.05, 10) is NoEstimate.TOO_EARLY


@pytest.mark.lengthy
@given(st.floats(-7, 7), st.sampled_from([(60,), (60, 100), (200, 600, 900)]), st.sampled_from(Spending))
def test_a_repeated_p_value_is_below_the_level_just_where_the_bound_is_crossed(
    z: float, looks: tuple[int, ...], spending: Spending
) -> None:
    plan = GroupSequential(planned_units=1000, earlier_looks=looks[:-1], spending=spending)
    bound = group_sequential.critical(plan, 0.05, looks[-1])
    p_value = group_sequential.p_value(plan, z, looks[-1])
    assert 0 <= p_value <= 1
    if isinstance(bound, float) and abs(abs(z) - bound) > 1e-6:
        assert (p_value < 0.05) == (abs(z) > bound)


def test_the_last_repeated_p_value_of_a_single_look_is_the_plain_one() -> None:
    plan = GroupSequential(planned_units=100)
    for z in (0.1, 1.0, 2.5, 5.0):
        assert group_sequential.p_value(plan, z, 100) == pytest.approx(2 * stats.norm.sf(z), rel=1e-4)


def test_the_confidence_sequence_is_the_one_that_was_published() -> None:
    # Waudby-Smith et al. (2024), as their formulas stand there.
    alpha, planned, n = 0.05, 500, 200
    rho = math.sqrt((-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / planned)
    half = math.sqrt(2 * (n * rho**2 + 1) / (n**2 * rho**2) * math.log(math.sqrt(n * rho**2 + 1) / alpha))
    plan = AlwaysValid(planned_units=planned)
    assert confidence_sequence.critical(plan, alpha, ArmUnits(100, 100)) == pytest.approx(
        half * math.sqrt(n), rel=1e-14
    )


@pytest.mark.lengthy
@given(st.floats(-8, 8), st.integers(60, 10_000), st.integers(2, 100_000), st.sampled_from([0.01, 0.05, 0.1]))
def test_an_always_valid_p_value_is_below_the_level_just_where_the_sequence_leaves_out_zero(
    z: float, units: int, planned: int, level: float
) -> None:
    plan = AlwaysValid(planned_units=planned)
    bound = confidence_sequence.boundary(plan, level, units)
    assert bound > fixed_horizon.critical(level)
    p_value = confidence_sequence.p_value(plan, level, z, units)
    if abs(abs(z) - bound) > 1e-9:
        assert (p_value < level) == (abs(z) > bound)


def test_a_sequence_is_narrowest_where_it_was_planned() -> None:
    at = [confidence_sequence.boundary(AlwaysValid(planned_units=planned), 0.05, 400) for planned in (40, 400, 4000)]
    assert at[1] < at[0]
    assert at[1] < at[2]
    nearby = [confidence_sequence.boundary(AlwaysValid(planned_units=planned), 0.05, 400) for planned in (360, 440)]
    assert at[1] <= min(nearby) + 5e-3  # Lambert's W is approximated
    assert confidence_sequence.critical(AlwaysValid(planned_units=400), 0.05, ArmUnits(60, 29)) is NoEstimate.TOO_EARLY


@pytest.mark.lengthy
@given(st.floats(-8, 8), st.floats(2, 1e6))
def test_student_and_the_normal_are_each_others_inverse(z: float, freedom: float) -> None:
    t = to_student(z, freedom)
    assert abs(t) >= abs(z) - 1e-9
    assert from_student(t, freedom) == pytest.approx(z, rel=1e-6, abs=1e-9)


def test_student_stands_for_the_normal_at_a_fixed_horizon() -> None:
    critical = looks.critical(FixedHorizon(), 0.05, ArmUnits(10, 10))
    assert critical == pytest.approx(stats.norm.ppf(0.975))
    assert isinstance(critical, float)
    assert to_student(critical, 17.776) == pytest.approx(stats.t.ppf(0.975, 17.776), rel=1e-9)
    assert looks.p_value(FixedHorizon(), 0.05, from_student(-1.8608, 17.776), ArmUnits(10, 10)) == pytest.approx(
        0.07939, abs=1e-5
    )


def test_shares_that_are_planned_change_nothing_but_the_units_that_tell_as_much() -> None:
    tenth, half = AlwaysValid(planned_units=1000, treatment_share=0.1), AlwaysValid(planned_units=360)
    assert ArmUnits(900, 100).balanced == pytest.approx(360)
    for units in (ArmUnits(900, 100), ArmUnits(450, 50), ArmUnits(60, 40)):
        assert confidence_sequence.critical(tenth, 0.05, units) == pytest.approx(
            confidence_sequence.critical(half, 0.05, units)
        )
    assert ArmUnits(0, 0).balanced == ArmUnits(5, 0).balanced == 0.0
