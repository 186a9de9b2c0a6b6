"""One look at an experiment by its design: what its units say, and what follows; through the functions that the loop calls."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy import stats

from bench.looks import GUARDED, LOGARITHMS, PLANNED, SUCCESS, TENTH, Scene, log_normal, rates, successes
from loopgraph.computes.loop.experiments.deciding import looks_after, more_failing, rule, ruling_on
from loopgraph.computes.loop.experiments.explaining import explanation
from loopgraph.computes.loop.experiments.looks import most_units, next_look, plan_of, planned_units
from loopgraph.contracts.loop.design import PLAIN, ExperimentDesign, GuardedMetric, Metric
from loopgraph.contracts.loop.experiments import Decision, Experiment, UnitEstimate
from loopgraph.contracts.loop.feedback import Arm, Execution, LoopInput, Reason, Verdict
from loopgraph.contracts.statistics.decisions import GuardrailStatus
from loopgraph.contracts.statistics.estimates import EstimationMethod
from loopgraph.contracts.statistics.metrics import Ordered, Winsorised
from loopgraph.contracts.statistics.plans import AlwaysValid, ArmUnits, FixedHorizon, GroupSequential, Horizon
from loopgraph.reducers.looks import seen
from support.designed import NOON, drawn, executions, experiment, look
from support.statistics import all_numbers_are_finite

QUALITY = GuardedMetric(metric=Metric.QUALITY_SCORE, margin=0.1)


def ruled(
    on: Experiment, control: list[Execution], treatment: list[Execution], threshold: float = 0.95
) -> tuple[Verdict, Reason] | None:
    return rule(look(on, control, treatment), on, threshold)


def arms(control: float, treatment: float, n: int) -> tuple[list[Execution], list[Execution]]:
    return executions(Arm.CONTROL, drawn(control, n)), executions(Arm.TREATMENT, drawn(treatment, n))


@pytest.mark.parametrize(
    ("treatment", "n", "expected"),
    [
        (80.0, 20, (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)),
        (120.0, 20, (Verdict.REJECT, Reason.SIGNIFICANT_REGRESSION)),
        (100.0, 20, None),
        (100.0, 80, (Verdict.REJECT, Reason.NOT_SIGNIFICANT)),
    ],
)
def test_a_look_decides_what_is_shown_and_the_last_one_the_rest(
    treatment: float, n: int, expected: tuple[Verdict, Reason] | None
) -> None:
    assert ruled(experiment(), *arms(100.0, treatment, n)) == expected


def test_what_cannot_be_sure_enough_goes_on_and_at_last_to_a_reviewer() -> None:
    on, strict = arms(100.0, 91.0, 30), 0.99
    result = look(experiment(), *on)
    assert 0.01 < (result.p_value or 0.0) < 0.05
    assert rule(result, experiment(), 0.95) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert rule(result, experiment(), strict) is None
    review = (Verdict.REVIEW, Reason.BELOW_APPLY_THRESHOLD)
    assert ruled(experiment(ExperimentDesign(max_units=60)), *on, strict) == review
    assert rule(result, experiment(), 1.0) == review  # it is never reached


def test_guardrails_are_held_open_or_breached() -> None:
    on = experiment(ExperimentDesign(guardrails=(QUALITY,)))
    last = experiment(ExperimentDesign(guardrails=(QUALITY,), max_units=40))
    control = executions(Arm.CONTROL, drawn(100.0, 20), drawn(0.8, 20, 0.05))

    def with_quality(mean: float, deviation: float = 0.05) -> list[Execution]:
        return executions(Arm.TREATMENT, drawn(80.0, 20), drawn(mean, 20, deviation))

    assert ruled(on, control, with_quality(0.8)) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert ruled(on, control, with_quality(0.6)) == (Verdict.REJECT, Reason.GUARDRAIL_BREACHED)
    assert ruled(on, control, with_quality(0.75, 0.12)) is None
    assert ruled(last, control, with_quality(0.75, 0.12)) == (Verdict.REVIEW, Reason.GUARDRAIL_OPEN)
    # Nobody reports it: that is no proof that it is held.
    assert ruled(last, executions(Arm.CONTROL, drawn(100.0, 20)), executions(Arm.TREATMENT, drawn(80.0, 20))) == (
        Verdict.REVIEW,
        Reason.GUARDRAIL_OPEN,
    )
    # A breach rejects what is not shown to be better, too.
    same = executions(Arm.TREATMENT, drawn(100.0, 20), drawn(0.6, 20, 0.05))
    assert ruled(on, control, same) == (Verdict.REJECT, Reason.GUARDRAIL_BREACHED)


def test_a_loss_within_the_margin_is_a_trade_off_in_words() -> None:
    on = experiment(ExperimentDesign(guardrails=(QUALITY,)))
    control = executions(Arm.CONTROL, drawn(100.0, 20), drawn(0.8, 20, 0.02))
    result = look(on, control, executions(Arm.TREATMENT, drawn(80.0, 20), drawn(0.76, 20, 0.02)))
    verdict, reason = rule(result, on, 0.95) or pytest.fail("it is decided")
    assert (verdict, reason) == (Verdict.REVIEW, Reason.TRADE_OFF)
    decision = Decision(
        decision_id="d", experiment_id="e", improvement_id="i", verdict=verdict, reason=reason, result=result,
        decided_at=NOON, decided_by="loop",
    )  # fmt: skip
    words = explanation(decision)
    assert words.startswith(
        "The candidate is shown to be better, and a guarded metric shown to be worse, within its margin."
    )
    assert "duration_ms: 20.0% better." in words
    assert "quality_score is guarded (held): 4 points worse, at worst" in words
    assert words.endswith("10 points worse is allowed.")


def test_units_that_fail_more_reject_at_any_look() -> None:
    control = executions(Arm.CONTROL, drawn(100.0, 12))
    result = look(experiment(), control, executions(Arm.TREATMENT, drawn(80.0, 12), failed=10))
    assert isinstance(result.details, UnitEstimate)
    assert result.details.failing_units == (0, 10)
    assert rule(result, experiment(), 0.95) == (Verdict.REJECT, Reason.FEWER_SUCCESSES)
    # Some, that could be by chance: they keep what is better from nothing, and what is not from nothing.
    some = executions(Arm.TREATMENT, drawn(100.0, 12), failed=3)
    assert ruled(experiment(), control, some) is None


def test_fishers_test_keeps_from_being_applied_what_fails_more_at_this_look() -> None:
    control, treatment = arms(100.0, 60.0, 30)
    failing = executions(Arm.TREATMENT, [60.0 + index for index in range(30)], failed=5)
    result = look(experiment(), control, failing)
    assert isinstance(result.details, UnitEstimate)
    assert result.details.more_failing_p_value > 0.05 > (result.details.fewer_successes_p_value or 1.0)
    assert rule(result, experiment(), 0.95) == (Verdict.REJECT, Reason.FEWER_SUCCESSES)
    assert ruled(experiment(), control, treatment) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)


@pytest.mark.parametrize(
    ("failing", "share", "p_value"),
    [
        (ArmUnits(0, 8), 0.5, 9 / 256),
        (ArmUnits(8, 0), 0.5, 1.0),
        (ArmUnits(4, 4), 0.5, 1.0),
        (ArmUnits(0, 3), 0.1, 4 / 1000),
        (ArmUnits(0, 0), 0.5, 1.0),
    ],
)
def test_failing_units_are_a_split(failing: ArmUnits, share: float, p_value: float) -> None:
    assert more_failing(failing, share) == pytest.approx(p_value)


def test_a_gain_that_is_too_small_is_given_up_early() -> None:
    on = experiment(ExperimentDesign(minimum_gain=0.5))
    assert ruled(on, *arms(100.0, 100.0, 20)) == (Verdict.REJECT, Reason.TOO_SMALL_GAIN)
    assert ruled(on, *arms(100.0, 80.0, 20)) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert ruled(experiment(ExperimentDesign(minimum_gain=0.01)), *arms(100.0, 100.0, 20)) is None


def test_where_nothing_varies_what_was_planned_is_enough() -> None:
    def constant(treatment: float, n: int) -> tuple[Verdict, Reason] | None:
        pair = executions(Arm.CONTROL, [100.0] * n), executions(Arm.TREATMENT, [treatment] * n)
        return ruled(experiment(), *pair)

    assert constant(80.0, 19) is None
    assert constant(80.0, 20) == (Verdict.REVIEW, Reason.ZERO_VARIANCE)
    assert constant(100.0, 20) == (Verdict.REJECT, Reason.ZERO_VARIANCE)


@pytest.mark.parametrize("value", [0.1, 0.3, 1e15 + 0.1])
@pytest.mark.parametrize("design", [ExperimentDesign(metric=Metric.QUALITY_SCORE), PLAIN])
def test_a_gain_that_is_rounding_is_none(value: float, design: ExperimentDesign) -> None:
    """Of equal values, of which units have differently many; and of values that the next number is."""
    on = experiment(design, metric=Metric.QUALITY_SCORE)
    for more in (value, math.nextafter(value, 2e15)):
        control = executions(Arm.CONTROL, [value] * 20)
        # Three executions to a unit.
        treatment = [
            each.model_copy(update={"execution_id": f"{each.execution_id}-{n}", "quality_score": more})
            for each in executions(Arm.TREATMENT, [value] * 20)
            for n in range(3)
        ]
        control = [each.model_copy(update={"quality_score": value}) for each in control]
        result = look(on, control, treatment)
        assert (result.p_value, result.reason) == (None, Reason.ZERO_VARIANCE)
        assert ruling_on(result, on, 0.95) == (Verdict.REJECT, Reason.ZERO_VARIANCE)


def test_values_that_have_no_logarithm_are_for_a_reviewer() -> None:
    design = LOGARITHMS.model_copy(update={"max_units": 40})
    control = executions(Arm.CONTROL, [0.0, *drawn(100.0, 19)])
    treatment = executions(Arm.TREATMENT, drawn(80.0, 20))
    assert ruled(experiment(design), control, treatment) == (Verdict.REVIEW, Reason.NO_ESTIMATE)


def test_an_arm_without_values_ends_as_insufficient() -> None:
    on = experiment(ExperimentDesign(metric=Metric.QUALITY_SCORE, max_units=40), metric=Metric.QUALITY_SCORE)
    result = look(on, executions(Arm.CONTROL, [1.0] * 20, failed=20), executions(Arm.TREATMENT, [1.0] * 20, failed=20))
    assert all_numbers_are_finite(result)
    assert rule(result, on, 0.95) == (Verdict.REJECT, Reason.INSUFFICIENT_SAMPLES)


def test_cut_tails_and_plain_designs() -> None:
    control = executions(Arm.CONTROL, [*drawn(100.0, 30), 1e6])
    treatment = executions(Arm.TREATMENT, [*drawn(80.0, 30), 80.0])
    cut = look(experiment(ExperimentDesign(tail=Winsorised(upper=0.95))), control, treatment)
    assert -30 < (cut.effect or 0.0) < -15
    assert cut.effect_interval is not None
    assert cut.effect_interval[1] < 0
    assert (look(experiment(), control, treatment).p_value or 0.0) > 0.3
    plain = look(experiment(PLAIN), control, treatment)
    assert plain.details.method.value == "welch_unit_means"


RANKS = ExperimentDesign(tail=Ordered())


@pytest.mark.parametrize("horizon", Horizon)
def test_ranks_go_by_the_order_of_units_alone(horizon: Horizon) -> None:
    on = experiment(ExperimentDesign(tail=Ordered(), horizon=horizon))
    ruled = {}
    for mean in (60.0, 100.0, 140.0):
        control = executions(Arm.CONTROL, drawn(100.0, 30))
        treatment = executions(Arm.TREATMENT, [*drawn(mean, 28), 1e9, 1e9])
        result = look(on, control, treatment)
        assert isinstance(result.details, UnitEstimate)
        assert result.details.estimate.method is EstimationMethod.MANN_WHITNEY
        assert all_numbers_are_finite(result)
        ruled[mean] = rule(result, on, 0.95)
    assert ruled[60.0] == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert ruled[140.0] == (Verdict.REJECT, Reason.SIGNIFICANT_REGRESSION)
    assert ruled[100.0] in (None, (Verdict.REJECT, Reason.NOT_SIGNIFICANT))


def test_where_the_middle_is_tied_ranks_say_which_arm_has_more() -> None:
    """More than half of all pairs are ties, so that the shift is 0: still it is known which way the others are."""
    on = experiment(RANKS)
    control = executions(Arm.CONTROL, [100.0] * 60 + [200.0] * 20)
    slower = look(on, control, executions(Arm.TREATMENT, [100.0] * 45 + [200.0] * 35))
    assert isinstance(slower.details, UnitEstimate)
    assert slower.details.estimate.effect == 0.0
    sure = slower.model_copy(update={"p_value": 1e-6})
    assert rule(sure, on, 0.95) == (Verdict.REJECT, Reason.SIGNIFICANT_REGRESSION)


def test_plans_and_looks_follow_from_the_design() -> None:
    on = experiment()
    assert (planned_units(on.design, 20), most_units(on.design, 20), next_look(on)) == (40, 160, 1)
    plan = plan_of(on)
    assert isinstance(plan, AlwaysValid)
    assert (plan.planned_units, plan.first_look) == (40, 10)
    assert next_look(on.model_copy(update={"looks": (40,)})) == 41
    assert next_look(on.model_copy(update={"looks": (150,)})) == 153
    assert next_look(on.model_copy(update={"looks": (159,)})) == 160
    tenth = plan_of(experiment(TENTH))
    assert isinstance(tenth, AlwaysValid)
    assert (tenth.planned_units, tenth.treatment_share, tenth.first_look) == (200, 0.1, 30)
    assert isinstance(plan_of(experiment(PLAIN)), FixedHorizon)
    group = experiment(PLANNED, looks=(20,), min_sample_size=50)
    plan = plan_of(group)
    assert isinstance(plan, GroupSequential)
    assert (plan.planned_units, plan.earlier_looks, next_look(group)) == (100, (20,), 40)
    sight = seen(*arms(100.0, 100.0, 21), group.metric, group.design)
    assert looks_after(group, sight) == (20, 42)
    assert looks_after(on, sight) == (42,)


def test_designs_that_cannot_be_are_refused() -> None:
    wrong: list[dict[str, Any]] = [
        {"guardrails": [{"metric": "success_rate", "margin": 0.1}] * 2},
        {"metric": "success_rate", "guardrails": [{"metric": "success_rate", "margin": 0.1}]},
        {"metric": "success_rate", "tail": {"treatment": "logarithm"}},
        {"tail": {"treatment": "ranks"}, "stages": [0.1, 0.5]},
        {"tail": {"treatment": "ranks"}, "allocation": "thompson"},
        {"tail": {"treatment": "ranks"}, "history_days": 14},
        {"tail": {"treatment": "ranks"}, "minimum_gain": 0.1},
        {"tail": {"treatment": "ranks", "upper": 0.9}},
        {"horizon": "fixed", "max_units": 100},
        {"treatment_share": 0.0},
        {"max_units": 19},
        {"minimum_gain": 0.0},
    ]
    for design in wrong:
        with pytest.raises(ValueError, match="validation error"):
            ExperimentDesign.model_validate(design)
    with pytest.raises(ValueError, match="significance_level"):
        LoopInput(pattern_id="p", significance_level=0.5, design=GUARDED)
    resolved = ExperimentDesign(tail=Winsorised(), guardrails=GUARDED.guardrails).resolved(Metric.SUCCESS_RATE)
    assert (resolved.metric, resolved.tail, resolved.guardrails) == (Metric.SUCCESS_RATE, None, ())
    assert resolved.horizon is Horizon.ALWAYS_VALID
    held = look(experiment(GUARDED), *arms(100.0, 80.0, 60)).details
    assert isinstance(held, UnitEstimate)
    assert held.guardrails[0].guardrail.status is GuardrailStatus.HELD


@pytest.mark.slow
@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(Scene("durations", log_normal()), marks=pytest.mark.exhaustive),
        pytest.param(Scene("planned looks", log_normal(), design=PLANNED), marks=pytest.mark.exhaustive),
        pytest.param(Scene("successes", successes(0.8), SUCCESS, units=10), marks=pytest.mark.exhaustive),
    ],
    ids=lambda scene: scene.name.replace(" ", "-"),
)
def test_the_same_thing_in_both_arms_is_hardly_ever_applied_when_looked_at_after_every_unit(scene: Scene) -> None:
    """At a two-sided level of 5 %, one in 40 by chance; the limit is what 999 of 1,000 such simulations keep."""
    found = rates(scene, 60, seed=5)
    assert found.applied <= stats.binom.ppf(0.999, 60, 0.025) / 60 < 0.12


@pytest.mark.exhaustive
@pytest.mark.slow
def test_what_is_better_is_applied_before_the_last_look() -> None:
    found = rates(Scene("durations", log_normal(1.5)), 20, seed=6)
    assert found.applied >= 0.9
    assert found.units < 80
