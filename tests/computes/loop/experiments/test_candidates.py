"""Several candidates beside each other: their split, when they are looked at, and which goes before the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from bench.statistics.beside import holm as holm_of_looks
from loopgraph.computes.loop.experiments.candidates import (
    Contender,
    Ruling,
    choose,
    obstacle_to_looks,
    pareto_front,
    split_of,
    with_counts,
)
from loopgraph.computes.loop.experiments.deciding import ruling_on
from loopgraph.computes.loop.experiments.family import in_family
from loopgraph.computes.loop.experiments.looks import planned_units
from loopgraph.computes.loop.experiments.progress import starting_message, waiting_message
from loopgraph.contracts.loop.arms import ArmTally, TreatmentArm
from loopgraph.contracts.loop.assignment import assign, assign_among
from loopgraph.contracts.loop.design import ExperimentDesign, GuardedMetric, Metric
from loopgraph.contracts.loop.experiments import Experiment, GuardrailResult, UnitEstimate
from loopgraph.contracts.loop.feedback import Arm, Reason, Verdict
from loopgraph.contracts.loop.multiplicity import holm
from loopgraph.contracts.statistics.decisions import Guardrail, GuardrailStatus, Margin
from loopgraph.contracts.statistics.metrics import Ordered
from loopgraph.contracts.statistics.plans import Horizon
from loopgraph.errors import InvalidInput
from support.designed import NOON, drawn, executions, experiment, look
from support.quick import first_quick

APPLY: Ruling = Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT
TRADE_OFF: Ruling = Verdict.REVIEW, Reason.TRADE_OFF
SURE_NOT: Ruling = Verdict.REVIEW, Reason.BELOW_APPLY_THRESHOLD
WORSE: Ruling = Verdict.REJECT, Reason.SIGNIFICANT_REGRESSION
OUTPERFORMED: Ruling = Verdict.REJECT, Reason.OUTPERFORMED


def contender(gain: float, ruling: Ruling | None, *losses: float | None, held: bool = False) -> Contender:
    """Faster by the gain, with so much lost of each guarded metric."""
    found = look(
        experiment(), executions(Arm.CONTROL, drawn(100.0, 20)), executions(Arm.TREATMENT, drawn(100.0 - gain, 20))
    )
    assert isinstance(found.details, UnitEstimate)
    guarded = tuple(
        GuardrailResult(
            metric=metric,
            guardrail=Guardrail(
                margin=Margin(value=0.1), status=GuardrailStatus.HELD, horizon=Horizon.FIXED, level=0.05, loss=loss
            ),
        )
        for metric, loss in zip((Metric.QUALITY_SCORE, Metric.SUCCESS_RATE), losses, strict=False)
    )
    details = found.details.model_copy(update={"guardrails": guarded})
    return Contender(found.model_copy(update={"details": details}), ruling, held)


def several(shares: tuple[float, ...] = (0.25, 0.25, 0.25), dropped: tuple[int, ...] = (), **design: Any) -> Experiment:
    made = experiment(ExperimentDesign(candidates_at_once=len(shares), candidate_shares=shares, **design))
    arms = (
        TreatmentArm(
            improvement_id=f"i{place}", node_id=f"t{place}", share=share, dropped_at=NOON if place in dropped else None
        )
        for place, share in enumerate(shares)
    )
    return made.model_copy(update={"treatments": tuple(arms)})


def counted(on: Experiment, control: int, *treated: int) -> dict[str, dict[Arm, ArmTally]]:
    def tally(units: int) -> ArmTally:
        return ArmTally(assigned=units, units=units, telling_units=units, executions=units)

    return {
        each.comparison_id: {Arm.CONTROL: tally(control), Arm.TREATMENT: tally(units)}
        for each, units in zip(on.comparisons, treated, strict=True)
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # One alone is what it is.
        ([(30.0, APPLY)], [APPLY]),
        ([(30.0, None)], [None]),
        ([(30.0, TRADE_OFF)], [TRADE_OFF]),
        # Harm ends one, and not the others.
        ([(-30.0, WORSE), (5.0, None)], [WORSE, None]),
        # The best of those that are shown; the others go, also one that may yet have been better.
        ([(20.0, APPLY), (30.0, APPLY), (-30.0, WORSE)], [OUTPERFORMED, APPLY, WORSE]),
        ([(20.0, APPLY), (30.0, None)], [APPLY, OUTPERFORMED]),
        # What would be left for review waits for those that go on, and goes before what is not better on anything.
        ([(20.0, SURE_NOT), (10.0, None)], [None, None]),
        ([(20.0, SURE_NOT), (-30.0, WORSE)], [SURE_NOT, WORSE]),
        ([(30.0, SURE_NOT), (20.0, APPLY)], [SURE_NOT, OUTPERFORMED]),
    ],
)
def test_what_follows_for_each_candidate(
    given: list[tuple[float, Ruling | None]], expected: list[Ruling | None]
) -> None:
    assert choose([contender(*each) for each in given]) == expected


def of_ties(share: float, ruling: Ruling | None) -> Contender:
    """Takes 1 ms in so much of its units and 2 ms else, of which the control has three tenths; by ranks."""
    on = experiment(ExperimentDesign(metric=Metric.DURATION_MS, tail=Ordered()))
    found = look(on, *(executions(arm, tied(of)) for arm, of in ((Arm.CONTROL, 0.3), (Arm.TREATMENT, share))))
    return Contender(found, ruling)


def tied(share: float) -> list[float]:
    return [1.0 if number < 100 * share else 2.0 for number in range(100)]


def test_of_ranks_whose_shifts_are_tied_the_best_is_that_of_most_pairs_in_order() -> None:
    good, better = of_ties(0.72, APPLY), of_ties(0.95, APPLY)
    assert good.result.effect == better.result.effect == -1.0
    assert choose([good, better]) == [OUTPERFORMED, APPLY]
    assert choose([better, good]) == [APPLY, OUTPERFORMED]
    assert choose([good._replace(ruling=TRADE_OFF), better._replace(ruling=TRADE_OFF)]) == [OUTPERFORMED, TRADE_OFF]
    assert choose([good, better._replace(ruling=None, held=True)]) == [None, None]


@pytest.mark.parametrize("candidates", [2, 3, 4, 5])
def test_arms_of_one_size_are_looked_at_from_ten_units_each_however_many(candidates: int) -> None:
    shares = ExperimentDesign(candidates_at_once=candidates).shares_of(candidates)
    on = several(shares)
    assert {each.design.treatment_share for each in on.comparisons} == {0.5}
    assert {planned_units(each.design, 20) for each in on.comparisons} == {40}
    assert obstacle_to_looks(on, counted(on, 9, *[10] * candidates)) is Reason.INSUFFICIENT_UNITS
    assert obstacle_to_looks(on, counted(on, 10, *[10] * candidates)) is None


@pytest.mark.parametrize(
    ("design", "candidates", "expected"),
    [
        ({}, 1, "waits for units: 0 of 10 of the control and 0 of 10 of the treatment"),
        ({"treatment_share": 0.2}, 1, "waits for units: 0 of 30 of the control and 0 of 30 of the treatment"),
        (
            {"candidates_at_once": 2},
            2,
            "2 candidates beside each other, each waits for units: 0 of 10 of the control and 0 of 10 of the treatment",
        ),
        (
            {"candidates_at_once": 3, "candidate_shares": (0.1, 0.2, 0.3)},
            3,
            "3 candidates beside each other, each waits for units: 0 of 30 of the control and 0 of 30 of the treatment",
        ),
        (
            {"candidates_at_once": 2, "candidate_shares": (0.1, 0.2)},
            1,
            "waits for units: 0 of 30 of the control and 0 of 30 of the treatment",
        ),
    ],
)
def test_what_an_experiment_waits_for_when_it_starts(design: dict[str, Any], candidates: int, expected: str) -> None:
    assert starting_message(20, ExperimentDesign(**design), candidates) == expected


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ((10, 9), "10 of 10 of the control and 9 of 10 of the treatment"),
        ((8, 11), "8 of 10 of the control and 11 of the treatment (10 needed)"),
        ((12, 11), "12 of the control (10 needed) and 11 of the treatment (10 needed)"),
    ],
)
def test_of_what_is_needed_no_arm_has_more_than_all(units: tuple[int, int], expected: str) -> None:
    tallies = {arm: ArmTally(units=count, telling_units=count) for arm, count in zip(Arm, units, strict=True)}
    assert waiting_message(20, ExperimentDesign(), tallies) == f"waits for units: {expected}"


def test_one_that_is_better_still_and_in_flight_is_waited_for() -> None:
    in_flight, better = contender(30.0, None, held=True), contender(20.0, APPLY)
    assert choose([in_flight, better]) == [None, None]
    assert choose([contender(10.0, None, held=True), better]) == [OUTPERFORMED, APPLY]


def test_where_the_best_trades_off_all_of_the_front_are_left_for_review() -> None:
    fast, sound = contender(30.0, TRADE_OFF, 0.05), contender(20.0, APPLY, 0.0)
    neither = contender(10.0, APPLY, 0.01)
    assert choose([fast, sound, neither]) == [TRADE_OFF, TRADE_OFF, OUTPERFORMED]
    assert choose([fast, neither, contender(0.0, None, 0.0)]) == [None, None, None]
    # What trades off, but is not the best, keeps nothing from being applied.
    assert choose([contender(30.0, APPLY, 0.0), contender(20.0, TRADE_OFF, 0.05)]) == [APPLY, OUTPERFORMED]


def test_the_front_holds_what_no_other_is_better_than() -> None:
    points = [contender(30.0, None, 0.2, 0.0), contender(30.0, None, 0.1, 0.1), contender(20.0, None, 0.1, 0.1)]
    assert pareto_front(points) == [0, 1]
    assert pareto_front([points[0], points[0]]) == [0, 1]
    # What is not known of a metric is no better than anything that is.
    assert pareto_front([contender(30.0, None, None), contender(30.0, None, 0.1)]) == [1]
    assert pareto_front([]) == []


def test_the_split_is_over_all_arms_that_are_still_tried() -> None:
    on = several((0.1, 0.2, 0.3))
    assert (split_of(on, counted(on, 400, 100, 200, 300)) or 0.0) == 1.0
    assert (split_of(on, counted(on, 400, 40, 200, 300)) or 1.0) < 0.001
    dropped = several((0.1, 0.2, 0.3), dropped=(1,))
    assert (split_of(dropped, counted(dropped, 400, 100, 300)) or 0.0) == 1.0
    alone = experiment()
    assert split_of(alone, counted(alone, 10, 10)) is None


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_a_split_is_wrong_as_seldom_as_its_level_says() -> None:
    random, on = np.random.default_rng(14), several((0.1, 0.2, 0.3))
    runs, wrong = 400, 0
    for _ in range(runs):
        arms = random.choice(4, 300, p=[0.4, 0.1, 0.2, 0.3])
        looks = (np.bincount(arms[:units], minlength=4) for units in range(20, 301, 20))
        wrong += any((split_of(on, counted(on, *map(int, counts))) or 0.0) < 0.05 for counts in looks)
    assert wrong <= float(stats.binom.ppf(0.999, runs, 0.05))


def test_all_are_looked_at_together_when_each_has_what_it_needs() -> None:
    on = several()
    assert obstacle_to_looks(on, counted(on, 10, 10, 10, 9)) is Reason.INSUFFICIENT_UNITS
    assert obstacle_to_looks(on, counted(on, 10, 10, 10, 10)) is None
    assert obstacle_to_looks(on, counted(on, 90, 90, 90, 20)) is Reason.SAMPLE_RATIO_MISMATCH
    seen = on.with_comparisons(
        each.model_copy(update={"looks": (20 if each.treatment_node_id == "t0" else 40,)}) for each in on.comparisons
    )
    # The next look of one of them is due.
    assert obstacle_to_looks(seen, counted(on, 11, 11, 11, 11)) is None
    assert obstacle_to_looks(seen, counted(on, 10, 10, 10, 10)) is Reason.UNDECIDED


def test_what_is_said_of_comparisons_is_kept_with_the_experiment() -> None:
    on = several(dropped=(1,))
    after = with_counts(on, counted(on, 12, 10, 11), reason=Reason.UNDECIDED)
    assert [each.tally.units for each in after.treatments] == [10, 0, 11]
    assert (after.control_tally.units, after.treatment_tally.units, after.reason) == (12, 10, Reason.UNDECIDED)
    assert [each.reason for each in after.treatments] == [Reason.UNDECIDED, None, Reason.UNDECIDED]
    assert [each.treatment_node_id for each in after.comparisons] == ["t0", "t2"]
    assert [each.design.treatment_share for each in after.comparisons] == [0.5, 0.5]
    assert after.comparison_with("t1").concluded_at == NOON
    assert after.comparison_with("c") is after
    assert [after.arm_of(id_) for id_ in ("c", "t1", "x")] == [Arm.CONTROL, Arm.TREATMENT, None]


@pytest.mark.lengthy
def test_units_fall_to_the_arms_by_their_shares_and_keep_the_proportions_without_one() -> None:
    shares, names = (0.1, 0.2, 0.3), [f"u{number}" for number in range(4000)]
    places = [assign_among("e", unit, shares) for unit in names]
    for place, share in ((None, 0.4), (0, 0.1), (1, 0.2), (2, 0.3)):
        found = places.count(place)
        assert stats.binomtest(found, len(names), share).pvalue > 1e-4
    without = [assign_among("e", unit, shares, {2}) for unit in names]
    assert all(now == then for now, then in zip(without, places, strict=True) if then != 2)
    moved = [now for now, then in zip(without, places, strict=True) if then == 2]
    assert 2 not in moved
    assert stats.binomtest(moved.count(None), len(moved), 4 / 7).pvalue > 1e-4
    # Of one candidate it is what it always was.
    assert [assign_among("e", unit, (0.3,)) is None for unit in names] == [
        assign("e", unit, 0.3) is Arm.CONTROL for unit in names
    ]
    assert {assign_among("e", unit, (0.3, 0.3), {0, 1}) for unit in names} == {None}


@pytest.mark.parametrize("shares", [(-0.1, 0.2), (0.5, 0.5)])
def test_shares_that_leave_no_control_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInput, match="shares"):
        assign_among("e", "u", shares)


@pytest.mark.parametrize(
    ("design", "problem"),
    [
        ({"candidate_shares": (0.2, 0.3)}, "as many as candidates_at_once"),
        ({"candidates_at_once": 3, "candidate_shares": (0.2, 0.3)}, "as many as candidates_at_once"),
        ({"candidates_at_once": 2, "candidate_shares": (0.5, 0.5)}, "leave the control"),
        ({"candidates_at_once": 2, "stages": (0.1, 0.5)}, "one candidate after the other"),
        ({"candidates_at_once": 2, "treatment_share": 0.2}, "candidate_shares instead"),
        ({"candidates_at_once": 6}, "less than or equal to 5"),
    ],
)
def test_designs_that_cannot_be_are_refused(design: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        ExperimentDesign(**design)


def test_a_design_of_several_is_read_as_it_was_written() -> None:
    guarded = (GuardedMetric(metric=Metric.QUALITY_SCORE, margin=0.1),)
    design = ExperimentDesign(candidates_at_once=2, candidate_shares=(0.2, 0.3), guardrails=guarded)
    assert ExperimentDesign.model_validate_json(design.model_dump_json()) == design
    beside = design.beside(0.2, 0.5)
    assert ExperimentDesign.model_validate_json(beside.model_dump_json()) == beside
    assert beside.treatment_share == pytest.approx(2 / 7)


def test_the_study_corrects_as_the_loop_does() -> None:
    random = np.random.default_rng(14)
    p_values = random.random((4, 200, 3)) ** 4
    below = [[p_values[pair] < 0.05 / size for pair in range(4)] for size in range(1, 5)]
    expected = np.apply_along_axis(lambda of: np.array(holm(list(of))) < 0.05, 0, p_values)
    assert (holm_of_looks(below) == expected).all()


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("candidates", first_quick([2, 4]))
def test_of_several_that_are_the_same_hardly_any_is_applied(candidates: int) -> None:
    """One control for all, looked at ten times, as the loop looks; two-sided at 5 % over all, one in 40 applies something."""
    random, on, runs, applied = np.random.default_rng(14), experiment(), 120, 0
    for _ in range(runs):
        arms = [random.normal(100, 10, 60).tolist() for _ in range(candidates + 1)]
        for units in range(15, 61, 5):
            control = executions(Arm.CONTROL, arms[0][:units])
            results = [look(on, control, executions(Arm.TREATMENT, each[:units])) for each in arms[1:]]
            family = [
                in_family(each, [other for other in results if other is not each], candidates) for each in results
            ]
            rulings = choose([Contender(each, ruling_on(each, on, 0.95)) for each in family])
            if any(ruling is not None and ruling[0] is not Verdict.REJECT for ruling in rulings):
                applied += 1
                break
    assert applied <= float(stats.binom.ppf(0.999, runs, 0.025))
