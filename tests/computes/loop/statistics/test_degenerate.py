"""Input that allows no statistic: a reason, never an exception, NaN, or a number that was made up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopgraph.computes.loop.statistics.analysis import analyse, contrast
from loopgraph.computes.loop.statistics.guardrails import guard
from loopgraph.computes.loop.statistics.posterior import posterior
from loopgraph.computes.loop.statistics.power import detectable_effect, power_of_means, power_of_proportions
from loopgraph.contracts.statistics.decisions import GuardrailStatus, Margin, NormalPrior
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.metrics import Direction, Logarithm, MetricDefinition, MetricKind, Tail, Winsorised
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon, GroupSequential, Plan
from loopgraph.contracts.statistics.samples import JointMoments, UnitSamples, UnitValue
from loopgraph.errors import InvalidInput
from loopgraph.reducers.unit_samples import unit_samples
from support.statistics import all_numbers_are_finite, metric, samples, units

FIXED = FixedHorizon()
PLANS: list[Plan] = [FIXED, AlwaysValid(planned_units=20, first_look=2), GroupSequential(planned_units=20)]
METRICS = [
    metric(),
    metric(tail=Winsorised()),
    metric(tail=Logarithm()),
    metric(covariate="before"),
    metric(tail=Logarithm(), covariate="before"),
    metric(MetricKind.PROPORTION),
    metric(MetricKind.RATIO),
    metric(MetricKind.RATIO, covariate="before"),
    metric(MetricKind.RANK),
]

any_float = st.sampled_from([0.0, 1.0, -1.0, 5e-324, 1e-200, 1e200, 1.7e308, -1.7e308, math.inf, -math.inf, math.nan])
anything = st.lists(
    st.builds(UnitValue, any_float | st.floats(), any_float | st.floats(0, 5), st.none() | any_float | st.floats()),
    max_size=8,
)
tame = st.lists(
    st.builds(
        UnitValue,
        st.sampled_from([0.0, 1.0]),
        st.sampled_from([0.0, 1.0, 2.0]),
        st.none() | st.sampled_from([0.0, 3.0]),
    ),
    max_size=6,
)


@pytest.mark.lengthy
@given(st.sampled_from(METRICS), anything | tame, anything | tame, st.sampled_from(PLANS))
def test_whatever_comes_there_is_an_answer_without_nan(
    definition: MetricDefinition, control: list[UnitValue], treatment: list[UnitValue], plan: Plan
) -> None:
    made = unit_samples(definition, control, treatment)
    found = analyse(definition, made, plan)
    assert all_numbers_are_finite(found)
    assert found.p_value is not None or found.reason is not None
    assert found.reason is None or found.p_value is None
    assert all_numbers_are_finite(guard(definition, made, Margin(value=0.1), plan))
    if definition.kind is not MetricKind.RANK:
        assert all_numbers_are_finite(posterior(contrast(definition, made), Direction.LARGER_IS_BETTER))


@pytest.mark.parametrize("definition", METRICS)
@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        ([], [], NoEstimate.NO_UNITS),
        ([1.0], [], NoEstimate.NO_UNITS),
        ([1.0], [1.0, 1.0], NoEstimate.TOO_FEW_UNITS),
        ([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], NoEstimate.NO_VARIANCE),
        ([1.0, math.nan, 1.0], [1.0, 1.0, 1.0], NoEstimate.NOT_FINITE),
        ([1.0, 1.0, 1.0], [1.0, math.inf, 1.0], NoEstimate.NOT_FINITE),
    ],
)
def test_reasons(
    definition: MetricDefinition, control: list[float], treatment: list[float], reason: NoEstimate
) -> None:
    found = analyse(definition, samples(definition, control, treatment), FIXED)
    assert found.reason is reason
    assert found.p_value is None
    if reason is NoEstimate.NO_VARIANCE:
        assert found.effect == 0.0


@pytest.mark.parametrize(
    ("definition", "control", "reason"),
    [
        (metric(tail=Logarithm()), units([1.0, 0.0, 2.0]), NoEstimate.NOT_POSITIVE),
        (metric(MetricKind.PROPORTION), units([1.0, 0.0, 0.5]), NoEstimate.NOT_BINARY),
        (metric(MetricKind.RATIO), units([1.0, 2.0, 3.0], [0.0, 0.0, 0.0]), NoEstimate.ZERO_DENOMINATOR),
        (metric(MetricKind.RATIO), units([1.0, 2.0, 3.0], [1.0, -1.0, 0.0]), NoEstimate.ZERO_DENOMINATOR),
        (metric(MetricKind.RATIO), units([1.0, 2.0, 3.0], [1.0, math.nan, 1.0]), NoEstimate.NOT_FINITE),
        (metric(covariate="x"), units([1.0, 2.0, 3.0], covariates=[1.0, math.inf, 2.0]), NoEstimate.NOT_FINITE),
    ],
)
def test_values_that_a_metric_cannot_use(
    definition: MetricDefinition, control: list[UnitValue], reason: NoEstimate
) -> None:
    found = analyse(
        definition,
        unit_samples(
            definition, control, units([1.0, 1.0, 0.0] if definition.kind is MetricKind.PROPORTION else [1.0, 2.0, 4.0])
        ),
        FIXED,
    )
    assert (found.reason, found.p_value, found.interval) == (reason, None, None)


@pytest.mark.parametrize("product", [math.nan, math.inf])
def test_a_variance_that_is_no_number_is_not_taken_for_none(product: float) -> None:
    """Where sums leave the range of a float in one arm, the other's variance must not stand for both."""
    fine = JointMoments(n=5, means=(1.0, 1.0), products=((2.0,), (0.5, 3.0)))
    for kind, covariate in ((MetricKind.RATIO, None), (MetricKind.MEAN, "before")):
        for place in ((0, 0), (1, 0), (1, 1)):
            rows = [list(row) for row in fine.products]
            rows[place[0]][place[1]] = product
            broken = fine.model_copy(update={"products": tuple(map(tuple, rows))})
            found = analyse(metric(kind, covariate=covariate), UnitSamples(control=fine, treatment=broken), FIXED)
            assert all_numbers_are_finite(found)
            if kind is MetricKind.RATIO or place == (0, 0):
                assert (found.reason, found.p_value) == (NoEstimate.NOT_FINITE, None)


def test_a_sequence_waits_for_its_first_look() -> None:
    made = samples(metric(), [1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    found = analyse(metric(), made, AlwaysValid(planned_units=100))
    assert (found.reason, found.effect, found.interval) == (NoEstimate.TOO_EARLY, 1.0, None)
    guarded = guard(metric(), made, Margin(value=0.1), AlwaysValid(planned_units=100))
    assert (guarded.status, guarded.reason) == (GuardrailStatus.OPEN, NoEstimate.TOO_EARLY)


def test_what_is_wrong_with_the_question_is_said() -> None:
    made = samples(metric(), [1.0, 2.0], [1.0, 3.0])
    for level in (0.0, 1.0, -0.1, math.nan):
        with pytest.raises(InvalidInput, match="level"):
            analyse(metric(), made, FIXED, level)
    with pytest.raises(InvalidInput, match="samples"):
        analyse(metric(MetricKind.RANK), made, FIXED)
    with pytest.raises(InvalidInput, match="samples"):
        analyse(metric(covariate="before"), made, FIXED)
    tails: list[Tail] = [Winsorised(), Logarithm()]
    for tail in tails:
        with pytest.raises(ValueError, match="tail is for means"):
            metric(MetricKind.RATIO, tail=tail)
    with pytest.raises(ValueError, match="covariate adjusts"):
        metric(MetricKind.RANK, covariate="before")


tiny = st.sampled_from([5e-324, 1e-300, 1e-160, 1e-9, 0.5, 1.0])


@pytest.mark.lengthy
@given(tiny, st.sampled_from([0.0, 1e-300, 1.0, 1e300]), st.sampled_from(METRICS[:5]))
def test_a_prior_that_is_sure_of_itself_has_an_answer(
    deviation: float, mean: float, definition: MetricDefinition
) -> None:
    arms = [UnitValue(value, 1.0, 1.0 + value) for value in (1.0, 2.0, 4.0)], [UnitValue(3.0, 1.0, 1.0)] * 3
    compared = contrast(definition, unit_samples(definition, *arms))
    found = posterior(compared, definition.direction, NormalPrior(mean=mean, deviation=deviation))
    assert all_numbers_are_finite(found)
    assert (found.probability_better is None) == (found.reason is not None)


@pytest.mark.exhaustive
@pytest.mark.lengthy
@settings(max_examples=25)
@given(tiny, tiny, st.sampled_from([4.0, 1e6]), st.sampled_from(PLANS))
def test_power_at_the_ends_of_what_numbers_can_be(one: float, other: float, units_: float, plan: Plan) -> None:
    for found in (
        power_of_means(one, other, units_, plan),
        power_of_proportions(one, other, units_, plan),
        detectable_effect(one, units_, plan),
    ):
        assert all_numbers_are_finite(found)
        assert found.power is not None or found.reason is not None
