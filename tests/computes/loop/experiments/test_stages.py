"""Exposure that grows in stages: when the next one begins, and what is held against the share of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from loopgraph.computes.loop.experiments.deciding import result_of, ruling_on
from loopgraph.computes.loop.experiments.looks import counted, is_last_look, obstacle_to_look
from loopgraph.computes.loop.experiments.progress import waiting_message
from loopgraph.computes.loop.experiments.stages import assigned_split, more_failing_by_stage, next_stage, split_by_stage
from loopgraph.computes.loop.statistics.analysis import contrast
from loopgraph.computes.loop.statistics.sample_ratio import LEVEL, split_p_value
from loopgraph.contracts.loop.arms import ArmTally
from loopgraph.contracts.loop.design import ExperimentDesign, GuardedMetric, Metric
from loopgraph.contracts.loop.experiments import Experiment, ExperimentResult, UnitEstimate
from loopgraph.contracts.loop.feedback import Arm, Execution, Reason, Verdict
from loopgraph.contracts.loop.sights import Seen
from loopgraph.contracts.statistics.decisions import GuardrailStatus
from loopgraph.contracts.statistics.metrics import MetricKind
from loopgraph.contracts.statistics.plans import ArmUnits
from loopgraph.reducers.looks import seen
from loopgraph.reducers.units import pooled
from support.designed import NOON, experiment

SHARES = (0.1, 0.25, 0.5)
STAGED = ExperimentDesign(stages=SHARES)


def staged(stage: int, design: ExperimentDesign = STAGED, **more: Any) -> Experiment:
    return experiment(design, **more).model_copy(update={"stage": stage})


def units(stage: int, arm: Arm, n: int, mean: float, failed: int = 0) -> list[Execution]:
    """One execution of each, the first ones failed."""
    random = np.random.default_rng([stage, arm is Arm.TREATMENT, n])
    return [
        Execution(
            execution_id=f"{stage}{arm}{index}", unit=f"{stage}-{arm}-{index}", node_id=arm.value, experiment_id="e", arm=arm,
            started_at=NOON, duration_ms=float(random.normal(mean, 10)), success=index >= failed, error_type=None,
            quality_score=None,
        )
        for index in range(n)
    ]  # fmt: skip


def sight(on: Experiment, control: list[Execution], treatment: list[Execution]) -> Seen:
    stages = {each.unit: int(each.unit[0]) for each in (*control, *treatment)}
    return seen(control, treatment, on.metric, on.design, None, stages)


def look(on: Experiment, control: list[Execution], treatment: list[Execution]) -> ExperimentResult:
    found = sight(on, control, treatment)
    tallies = [
        ArmTally(
            assigned=len(arm), units=len(arm), telling_units=len(arm),
            assigned_by_stage=tuple(sum(each.unit[0] == str(stage) for each in arm) for stage in range(3)),
        )
        for arm in (control, treatment)
    ]  # fmt: skip
    return result_of(on, found, pooled(found.control.success, found.treatment.success), *tallies)


CONTROL = [*units(0, Arm.CONTROL, 180, 100.0), *units(1, Arm.CONTROL, 60, 200.0), *units(2, Arm.CONTROL, 40, 300.0)]


def treated(gain: float) -> list[Execution]:
    """What was treated of work that became slower, later more of it."""
    sizes = ((0, 20, 100.0), (1, 20, 200.0), (2, 40, 300.0))
    return [each for stage, n, mean in sizes for each in units(stage, Arm.TREATMENT, n, mean - gain)]


def test_what_is_better_is_applied_in_the_last_stage_alone() -> None:
    for stage, expected in ((1, None), (2, (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT))):
        on = staged(stage)
        result = look(on, CONTROL, treated(30.0))
        assert result.effect == pytest.approx(-30.0, abs=4.0)
        assert (result.effect_size, result.effect_size_interval) == (None, None)
        assert ruling_on(result, on, 0.95) == expected
    worse = look(staged(0), CONTROL, treated(-30.0))
    assert ruling_on(worse, staged(0), 0.95) == (Verdict.REJECT, Reason.SIGNIFICANT_REGRESSION)


def test_work_that_changes_is_not_taken_for_the_treatment() -> None:
    result = look(staged(1), CONTROL, treated(0.0))
    assert abs(result.treatment.mean - result.control.mean) > 50
    assert abs(result.effect or 0.0) < 5
    assert (result.p_value or 0.0) > 0.05


def test_a_stage_ends_by_its_own_units() -> None:
    found = sight(staged(1), CONTROL, treated(0.0))
    assert [each.telling for each in found.stages] == [ArmUnits(180, 20), ArmUnits(60, 20), ArmUnits(40, 40)]
    assert next_stage(staged(0), found) == 1
    assert next_stage(staged(1), found) == 2
    assert next_stage(staged(2), found) is None
    assert next_stage(experiment(), found) is None
    assert next_stage(staged(1, STAGED.model_copy(update={"stage_units": 21})), found) is None


def test_splits_are_held_against_the_share_of_each_stage() -> None:
    planned = [ArmUnits(900, 100), ArmUnits(300, 100), ArmUnits(200, 200)]
    assert split_by_stage(planned, SHARES) == 1.0
    assert split_p_value(1400, 400, SHARES[-1]) < LEVEL  # by the last share alone it would be none of theirs
    broken = [*planned[:2], ArmUnits(200, 100)]
    assert split_by_stage(broken, SHARES) == pytest.approx(3 * split_p_value(200, 100, 0.5))
    arms = [
        ArmTally(assigned=1400, assigned_by_stage=(900, 300, 200)),
        ArmTally(assigned=100, assigned_by_stage=(100,)),
    ]
    assert assigned_split(staged(2), *arms) == pytest.approx(3 * split_p_value(200, 0, 0.5))
    short = [tally.model_copy(update={"units": 99, "telling_units": 99}) for tally in arms]
    assert obstacle_to_look(staged(2), short[0], short[1]) is Reason.SAMPLE_RATIO_MISMATCH


def test_failures_that_become_more_are_not_those_of_the_treatment() -> None:
    def failing(*counts: tuple[int, int]) -> Seen:
        control = [each for stage, (n, _) in enumerate(counts) for each in units(stage, Arm.CONTROL, n, 1.0, failed=n)]
        treatment = [
            each for stage, (_, n) in enumerate(counts) for each in units(stage, Arm.TREATMENT, n, 1.0, failed=n)
        ]
        return sight(staged(2), control, treatment)

    # As many of each stage as are treated there: later stages fail more.
    assert more_failing_by_stage(failing((9, 1), (15, 5), (100, 100)), SHARES) == 1.0
    assert more_failing_by_stage(failing((9, 1), (15, 5), (10, 60)), SHARES) < 1e-6
    assert more_failing_by_stage(failing((9, 0), (15, 0), (60, 10)), SHARES) == 1.0


def test_looks_go_by_what_units_tell() -> None:
    assert counted(experiment(), ArmUnits(990, 10)) == 1000
    assert counted(staged(0), ArmUnits(990, 10)) == 39
    assert not is_last_look(staged(1), 10_000)
    assert is_last_look(staged(2), 10_000)
    details = look(staged(2), CONTROL, treated(0.0)).details
    assert isinstance(details, UnitEstimate)
    assert (details.success_p_value, details.fewer_successes_p_value) == (None, None)


def test_successes_are_compared_within_stages() -> None:
    on = staged(2, metric=Metric.SUCCESS_RATE)
    assert sight(on, CONTROL, treated(0.0)).metrics[Metric.SUCCESS_RATE].kind is MetricKind.PROPORTION


@pytest.mark.lengthy
@pytest.mark.parametrize(("treated_units", "expected"), [(20, GuardrailStatus.OPEN), (400, GuardrailStatus.HELD)])
def test_where_nothing_ever_fails_a_guardrail_is_held_by_enough_units(
    treated_units: int, expected: GuardrailStatus
) -> None:
    """Of n units that all say yes, the variance of one is 1 / (n − 1), by one unit more of either kind."""
    guarded = GuardedMetric(metric=Metric.SUCCESS_RATE, margin=0.05)
    on = staged(0, STAGED.model_copy(update={"guardrails": (guarded,)}))
    control = units(0, Arm.CONTROL, 9 * treated_units, 100.0)
    found = look(on, control, units(0, Arm.TREATMENT, treated_units, 100.0)).details
    assert isinstance(found, UnitEstimate)
    [result] = found.guardrails
    assert (result.guardrail.status, result.guardrail.reason) == (expected, None)
    samples = sight(on, control, units(0, Arm.TREATMENT, treated_units, 100.0))
    plain = contrast(samples.metrics[Metric.SUCCESS_RATE], samples.samples[Metric.SUCCESS_RATE])
    parts = [1 / ((n - 1) * n) for n in (len(control), treated_units)]
    assert plain.standard_error == pytest.approx(sum(parts) ** 0.5)


def test_what_a_staged_experiment_waits_for_is_said_in_its_own_units() -> None:
    tallies = {
        Arm.CONTROL: ArmTally(units=701, telling_units=701, not_assigned=70),
        Arm.TREATMENT: ArmTally(units=13, telling_units=13, not_assigned=5, held_out=2),
    }
    said = waiting_message(20, STAGED, tallies, Reason.UNDECIDED, stage=1)
    assert said == (
        "nothing is decided by 701 units of the control and 13 units of the treatment, which tell as much as 51 of both in arms "
        "of one size; it goes on until these are 160, or to the last stage; stage 2 of 3: 25% of the units get the treatment; "
        "75 units that report were never assigned (set aside); 2 units that report are held out of all experiments (set aside)"
    )
