"""Exposure that grows in stages, and units that are held out, on real engines."""

from __future__ import annotations

import random
from typing import Any

import pytest

from loopgraph.contracts.audit import EventFilter, EventType
from loopgraph.contracts.base import Page
from loopgraph.contracts.loop.assignment import assign, held_out
from loopgraph.contracts.loop.design import ExperimentDesign
from loopgraph.contracts.loop.experiments import Decision, Experiment, UnitEstimate
from loopgraph.contracts.loop.feedback import Arm, FeedbackRun, Reason, RunStatus, Verdict
from loopgraph.contracts.statistics.estimates import EstimationMethod
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.errors import UserError
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.courses import Courses
from loopgraph.orchestrators.loop.planning import Planning
from support.feedback import TESTER, Subject, make_subject
from support.traces import Traces

STAGED = ExperimentDesign(stages=(0.3, 0.5))


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


async def waiting(subject: Subject, **inputs: Any) -> tuple[FeedbackRun, Experiment]:
    improvement = await subject.propose()
    run = await subject.advance(await subject.start(**inputs))
    assert run.status is RunStatus.WAITING
    [experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
    return run, experiment


async def again(subject: Subject, experiment: Experiment) -> Experiment:
    return (await subject.reads.experiments([experiment.experiment_id]))[experiment.experiment_id]


async def work(subject: Subject, units: list[str], slow: float, gain: float) -> dict[str, Arm | None]:
    """What each unit is assigned to runs once: all as slow as the work is now, the treatment faster by ``gain``."""
    assignments = Assignments(subject.graph)
    assigned = [await assignments.assign_variant(subject.pattern_id, unit) for unit in units]
    events = [
        HookExecuted(
            correlation_id=f"{subject.pattern_id}-work", execution_id=new_id(), hook_type="PostToolUse", success=True,
            node_id=item.node_id, experiment_id=item.experiment_id, unit=item.unit,
            duration_ms=slow + random.Random(item.unit).gauss(0.0, 5.0) - gain * (item.arm is Arm.TREATMENT),
        )
        for item in assigned
    ]  # fmt: skip
    for outcome in await Traces(subject.graph).record(events, received_at=now()):
        assert not isinstance(outcome, UserError), outcome
    return {item.unit: item.arm for item in assigned}


async def decision_on(subject: Subject, experiment: Experiment) -> tuple[Decision, UnitEstimate]:
    [decision] = (await subject.reads.decisions_of_experiments([experiment.experiment_id])).popitem()[1]
    assert decision.result is not None
    assert isinstance(decision.result.details, UnitEstimate)
    return decision, decision.result.details


@pytest.mark.lengthy
async def test_what_is_better_is_given_to_more_and_then_to_all(subject: Subject) -> None:
    run, experiment = await waiting(subject, design=STAGED, min_sample_size=20)
    assert (experiment.stage, experiment.share) == (0, 0.3)
    first = [f"{experiment.experiment_id}-{number}" for number in range(100)]
    arms = await work(subject, first, 100.0, 30.0)
    assert arms == {unit: assign(experiment.experiment_id, unit, 0.3) for unit in first}
    run = await subject.advance(run)
    experiment = await again(subject, experiment)
    assert (run.status, experiment.stage, experiment.share) == (RunStatus.WAITING, 1, 0.5)
    assert "stage 2 of 2: 50% of the units get the treatment" in (run.message or "")
    found = await Events(subject.graph).page(EventFilter(pattern_id=subject.pattern_id), Page(first=50))
    [begun] = [event for event in found.events if event.event_type is EventType.EXPERIMENT_STAGE_BEGUN]
    assert begun.data == {"experiment_id": experiment.experiment_id, "stage": 1, "treatment_share": 0.5}

    # A unit keeps its arm, also where the greater share would give it the other; new ones are assigned by that.
    second = [f"{experiment.experiment_id}-new-{number}" for number in range(40)]
    arms_now = await work(subject, [*first, *second], 300.0, 30.0)
    assert {unit: arms_now[unit] for unit in first} == arms
    assert [unit for unit in first if assign(experiment.experiment_id, unit, 0.5) is not arms[unit]]
    assert {unit: arms_now[unit] for unit in second} == {
        unit: assign(experiment.experiment_id, unit, 0.5) for unit in second
    }
    run = await subject.advance(run)
    decision, details = await decision_on(subject, experiment)
    assert (decision.verdict, decision.reason) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert details.estimate.method is EstimationMethod.STRATIFIED
    # All became slower meanwhile, and the later units are treated more often: within stages the gain is what it is.
    assert decision.result is not None
    assert decision.result.effect == pytest.approx(-30.0, abs=3.0)
    assert decision.result.control_arm is not None
    assert decision.result.treatment_arm is not None
    assert decision.result.control_arm.assigned_units + decision.result.treatment_arm.assigned_units == 140


@pytest.mark.lengthy
async def test_what_is_worse_is_given_to_no_more(subject: Subject) -> None:
    run, experiment = await waiting(subject, design=STAGED, min_sample_size=20)
    await work(subject, [f"{experiment.experiment_id}-{number}" for number in range(100)], 100.0, -30.0)
    await subject.advance(run)
    decision, details = await decision_on(subject, experiment)
    assert (decision.verdict, decision.reason) == (Verdict.REJECT, Reason.SIGNIFICANT_REGRESSION)
    assert not details.last_look
    assert (await again(subject, experiment)).stage == 0


@pytest.mark.lengthy
async def test_a_stage_goes_on_until_its_treatment_has_units(subject: Subject) -> None:
    design = ExperimentDesign(stages=(0.3, 0.5), stage_units=70)
    run, experiment = await waiting(subject, design=design, min_sample_size=20)
    await work(subject, [f"{experiment.experiment_id}-{number}" for number in range(100)], 100.0, 30.0)
    run = await subject.advance(run)
    # It is shown to be better, and still not applied: that is for the last stage.
    assert (run.status, (await again(subject, experiment)).stage) == (RunStatus.WAITING, 0)
    standing = await Planning(subject.graph).standing(await again(subject, experiment))
    assert standing.estimate.method is EstimationMethod.STRATIFIED
    assert (standing.estimate.p_value or 1.0) < 0.05
    *_, last = (await Courses(subject.graph).course(await again(subject, experiment), 10)).points
    assert last.effect == pytest.approx(standing.estimate.effect)
    assert last.interval == pytest.approx(standing.estimate.interval)


@pytest.mark.lengthy
async def test_units_that_nobody_assigned_are_in_no_count_and_said(subject: Subject) -> None:
    run, experiment = await waiting(subject, design=STAGED, min_sample_size=20)
    await work(subject, [f"{experiment.experiment_id}-{number}" for number in range(3)], 100.0, 0.0)
    named = {"experiment_id": experiment.experiment_id}
    for number in range(15):
        node_id = experiment.treatment_node_id if number % 2 else experiment.control_node_id
        await subject.record(node_id, [100.0], unit=f"nobody-{experiment.experiment_id}-{number}", **named)
    run = await subject.advance(run)
    assert run.status is RunStatus.WAITING
    assert "15 units that report were never assigned (set aside)" in (run.message or "")
    found = await again(subject, experiment)
    tallies = found.control_tally, found.treatment_tally
    assert (sum(each.units for each in tallies), sum(each.telling_units for each in tallies)) == (3, 3)
    assert sum(each.not_assigned for each in tallies) == 15


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_units_that_are_held_out_are_in_no_experiment(subject: Subject) -> None:
    run, experiment = await waiting(subject, design=ExperimentDesign(holdout_share=0.4), min_sample_size=20)
    units = [f"{experiment.experiment_id}-{number}" for number in range(100)]
    out = {unit for unit in units if held_out(subject.pattern_id, unit, 0.4)}
    assert 20 < len(out) < 60
    arms = await work(subject, units, 100.0, 30.0)
    assert {unit for unit, arm in arms.items() if arm is None} == out
    # Who names the experiment for one of them all the same adds nothing to it.
    named = {"experiment_id": experiment.experiment_id}
    for unit in sorted(out)[:5]:
        node_id = {Arm.CONTROL: experiment.control_node_id, Arm.TREATMENT: experiment.treatment_node_id}[
            assign(experiment.experiment_id, unit)
        ]
        await subject.record(node_id, [10_000.0], unit=unit, **named)
    run = await subject.advance(run)
    assert run.status is RunStatus.COMPLETED, run.message
    decision, details = await decision_on(subject, experiment)
    assert (decision.verdict, decision.reason) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert details.estimate.control.units + details.estimate.treatment.units == 100 - len(out)

    # Runs after it that say nothing of it hold the same units out, a greater share these and more, and 0 none.
    improvement = await subject.propose("print('another')")
    for given, share in ((None, 0.4), (0.5, 0.5), (None, 0.5), (0.0, 0.0), (None, 0.0)):
        run = await subject.advance(await subject.start(design=ExperimentDesign(holdout_share=given)))
        found = await subject.reads.experiments_of_improvements([improvement.improvement_id])
        assert found[improvement.improvement_id][-1].holdout_share == share
        assigned = [await Assignments(subject.graph).assign_variant(subject.pattern_id, unit) for unit in units]
        still = {item.unit for item in assigned if item.experiment_id is None}
        assert still == {unit for unit in units if held_out(subject.pattern_id, unit, share)}
        assert still >= out or share == 0.0
        await subject.loop.cancel(run.run_id, TESTER)
