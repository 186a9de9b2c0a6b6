"""Shares of the next units that follow from what was seen, and what is told by units whose shares changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from loopgraph.computes.loop.experiments.allotting import FLOOR, next_allotment, without_dropped
from loopgraph.computes.loop.experiments.deciding import result_of
from loopgraph.computes.loop.statistics.analysis import contrast
from loopgraph.contracts.loop.arms import Allotment, ArmTally, TreatmentArm
from loopgraph.contracts.loop.design import AllocationRule, ExperimentDesign, GuardedMetric, Metric
from loopgraph.contracts.loop.experiments import Experiment, UnitEstimate
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.contracts.loop.sights import Seen
from loopgraph.contracts.statistics.estimates import EstimationMethod
from loopgraph.reducers.looks import seen
from loopgraph.reducers.units import pooled
from support.designed import NOON, drawn, executions, experiment

THOMPSON = ExperimentDesign(allocation=AllocationRule.THOMPSON)
LATER = NOON + timedelta(hours=1)


def of_two(*shares: float, units: int = 0, **design: Any) -> Experiment:
    allotments = tuple(Allotment(shares=(share,), units=units, made_at=NOON) for share in shares or (0.5,))
    return experiment(THOMPSON.model_copy(update=design)).model_copy(update={"allotments": allotments})


def of_three(*shares: tuple[float, float], dropped: bool = False) -> Experiment:
    allotments = tuple(Allotment(shares=each, made_at=NOON) for each in shares)
    arms = tuple(
        TreatmentArm(
            improvement_id=f"i{n}", node_id=f"t{n}", share=1 / 3, dropped_at=LATER if dropped and n == 0 else None
        )
        for n in range(2)
    )
    made = experiment(THOMPSON.model_copy(update={"candidates_at_once": 2}))
    return made.model_copy(update={"treatments": arms, "allotments": allotments})


def sight(on: Experiment, control: list[float], treatment: list[float]) -> Seen:
    arms = executions(Arm.CONTROL, control), executions(Arm.TREATMENT, treatment)
    return seen(*arms, on.metric, on.design)


def test_what_is_better_gets_more_of_the_units_and_nothing_gets_none() -> None:
    on = of_two()
    found = next_allotment(on, [sight(on, drawn(100.0, 40), drawn(80.0, 40))], LATER)
    assert found is not None
    assert (found.units, found.made_at) == (80, LATER)
    assert found.shares == pytest.approx([1 - FLOOR], abs=0.01)
    assert found.best == pytest.approx([0.0, 1.0], abs=0.01)
    alike = next_allotment(on, [sight(on, drawn(100.0, 40), drawn(100.0, 40))], LATER)
    assert alike is not None
    assert alike.shares == pytest.approx([0.5], abs=0.02)


def test_it_follows_from_what_was_seen_and_nothing_else() -> None:
    on = of_three((1 / 3, 1 / 3))
    sights = [
        sight(each, drawn(100.0, 30), drawn(mean, 30)) for each, mean in zip(on.comparisons, (98.0, 97.0), strict=True)
    ]
    found = [next_allotment(on, sights, LATER) for _ in range(3)]
    assert found[0] == found[1] == found[2] is not None
    assert sum(found[0].shares) <= 1 - FLOOR
    assert found[0].shares[1] > found[0].shares[0]
    other = on.model_copy(update={"experiment_id": "another"})
    assert next_allotment(other, sights, LATER) != found[0]


def test_shares_stay_until_a_quarter_more_units_tell_something() -> None:
    on = of_two(0.5, units=70)
    assert next_allotment(on, [sight(on, drawn(100.0, 40), drawn(80.0, 40))], LATER) is None
    assert next_allotment(of_two(units=64), [sight(on, drawn(100.0, 40), drawn(80.0, 40))], LATER) is not None
    # Of what does not vary nothing is believed.
    assert next_allotment(of_two(), [sight(on, [1.0] * 40, [2.0] * 40)], LATER) is None


def test_what_is_dropped_has_no_share_and_the_others_keep_their_proportions() -> None:
    after = without_dropped(of_three((0.4, 0.2), dropped=True), LATER)
    assert [each.shares for each in after.allotments] == [(0.4, 0.2), (0.0, pytest.approx(1 / 3))]
    [left] = after.comparisons
    assert left.treatment_node_id == "t1"
    assert left.stage_shares == pytest.approx((1 / 3, 1 / 3))
    assert without_dropped(after, LATER) is after
    plain = experiment()
    assert without_dropped(plain, LATER) is plain


def in_turn(on: Experiment, shares: list[float], effect: float, seed: int = 14, sizes: int = 60) -> tuple[Seen, Any]:
    """Units of stages with these shares of the treatment: each stage is slower than the one before."""
    random = np.random.default_rng(seed)
    arms: dict[Arm, list[float]] = {Arm.CONTROL: [], Arm.TREATMENT: []}
    stages, propensities = {}, {}
    for stage, share in enumerate(shares):
        for _ in range(sizes):
            arm = Arm.TREATMENT if random.random() < share else Arm.CONTROL
            unit = f"{arm}-{len(arms[arm])}"
            stages[unit], propensities[unit] = stage, share
            arms[arm].append(100.0 + 40.0 * stage + random.normal(0, 5) + effect * (arm is Arm.TREATMENT))
    of = [executions(arm, values) for arm, values in arms.items()]
    sight_ = seen(*of, on.metric, on.design, None, stages, propensities, len(shares))
    tallies = [
        ArmTally(
            assigned=len(each), units=len(each), telling_units=len(each),
            assigned_by_stage=tuple(sum(stages[one.unit] == n for one in each) for n in range(len(shares))),
        )
        for each in of
    ]  # fmt: skip
    return sight_, tallies


@pytest.mark.lengthy
def test_arms_are_compared_by_the_weights_of_their_units() -> None:
    shares = [0.5, 0.8, 0.9]
    on = of_two(*shares, guardrails=(GuardedMetric(metric=Metric.SUCCESS_RATE, margin=0.1),))
    sight_, tallies = in_turn(on, shares, -20.0)
    result = result_of(on, sight_, pooled(sight_.control.success, sight_.treatment.success), *tallies)
    details = result.details
    assert isinstance(details, UnitEstimate)
    assert details.estimate.method is EstimationMethod.INVERSE_PROPENSITY
    # The treatment got the later units, which are slower: means of all of an arm would say that it is worse.
    plain = sight_.treatment.sample.mean - sight_.control.sample.mean
    assert plain > 0
    low, high = details.estimate.interval or (0.0, 0.0)
    assert low < -20.0 < high
    sights = (in_turn(on, shares, -20.0, seed)[0] for seed in range(60))
    effects = [contrast(each.metrics[on.metric], each.samples[on.metric]).effect for each in sights]
    assert np.mean(effects) == pytest.approx(-20.0, abs=3 * np.std(effects) / 60**0.5)
    assert details.estimate.relative_interval is not None
    assert (details.success_p_value, result.effect_size) == (None, None)
    assert result.sample_ratio_p_value == 1.0
    assert details.more_failing_p_value == 1.0
    # Nothing fails, and yet something can be told of the guardrail.
    guardrail = details.guardrails[0].guardrail
    assert guardrail.reason is None
    assert guardrail.loss == 0.0


def test_units_that_were_lost_of_one_arm_show() -> None:
    shares = [0.5, 0.9]
    on = of_two(*shares)
    sight_, tallies = in_turn(on, shares, 0.0, sizes=300)
    lost = tallies[1].model_copy(update={"assigned_by_stage": (150, 60)})
    result = result_of(on, sight_, pooled(sight_.control.success, sight_.treatment.success), tallies[0], lost)
    assert (result.sample_ratio_p_value or 1.0) < 0.001


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"horizon": "fixed"}, "always_valid"),
        ({"stages": (0.1, 0.5)}, "without stages"),
        ({"history_days": 7}, "leave out history_days"),
        ({"tail": {"treatment": "logarithm"}, "metric": "duration_ms"}, "logarithms"),
        ({"metric": "composite", "composite": [{"metric": "tokens"}, {"metric": "rating"}]}, "no composite"),
    ],
)
def test_designs_whose_shares_cannot_follow_are_refused(more: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        ExperimentDesign.model_validate({"allocation": "thompson", **more})
