"""Shares that follow from what was seen (Thompson sampling), on real engines."""

from __future__ import annotations

import random
from typing import Any

import pytest

from loopgraph.contracts.loop.assignment import assign, assign_among, unit_digest
from loopgraph.contracts.loop.design import AllocationRule, ExperimentDesign
from loopgraph.contracts.loop.experiments import Experiment, UnitEstimate
from loopgraph.contracts.loop.feedback import Arm, Assignment, FeedbackRun, Improvement, Reason, RunStatus, Verdict
from loopgraph.contracts.statistics.estimates import EstimationMethod
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import UserError
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.courses import Courses
from loopgraph.orchestrators.loop.planning import Planning
from support.designed import spread
from support.feedback import Subject, make_subject
from support.traces import Traces, statement

pytestmark = pytest.mark.lengthy


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


async def waiting(subject: Subject, candidates: int, **inputs: Any) -> tuple[FeedbackRun, list[Improvement]]:
    improvements = [await subject.propose(f"print({number})") for number in range(candidates)]
    design = ExperimentDesign(allocation=AllocationRule.THOMPSON, candidates_at_once=candidates)
    run = await subject.advance(await subject.start(**{"design": design, "min_sample_size": 40, **inputs}))
    assert run.status is RunStatus.WAITING
    return run, improvements


async def experiment_of(subject: Subject, improvement: Improvement) -> Experiment:
    return (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1][-1]


async def work(subject: Subject, units: list[str], gains: dict[str, float], failing: str = "") -> list[Assignment]:
    """What each unit is assigned to runs once, faster by the gain of its version: deviations are 20, without luck."""
    assignments = Assignments(subject.graph)
    assigned = [await assignments.assign_variant(subject.pattern_id, unit) for unit in units]
    events = [
        HookExecuted(
            correlation_id=f"{subject.pattern_id}-work", execution_id=new_id(), hook_type="PostToolUse",
            node_id=item.node_id, experiment_id=item.experiment_id, unit=item.unit, success=item.node_id != failing,
            duration_ms=200.0 + off - gains.get(item.node_id, 0.0),
        )
        for item, off in zip(assigned, spread([item.node_id for item in assigned], 20.0), strict=True)
    ]  # fmt: skip
    for outcome in await Traces(subject.graph).record(events, received_at=now()):
        assert not isinstance(outcome, UserError), outcome
    return assigned


def units(experiment: Experiment, count: int, name: str) -> list[str]:
    """So many of each arm, by the shares that are in force."""
    found: dict[int | None, list[str]] = {None: [], **{place: [] for place in range(len(experiment.shares))}}
    number = 0
    while min(map(len, found.values())) < count:
        unit, number = f"{name}-{number}", number + 1
        place = assign_among(experiment.experiment_id, unit, experiment.shares)
        if len(found[place]) < count:
            found[place].append(unit)
    made = [unit for of in found.values() for unit in of]
    random.Random(name).shuffle(made)
    return made


async def test_shares_follow_from_what_was_seen_and_units_keep_their_arms(subject: Subject) -> None:
    run, [improvement] = await waiting(subject, 1)
    experiment = await experiment_of(subject, improvement)
    assert [each.shares for each in experiment.allotments] == [(0.5,)]
    first = units(experiment, 35, "first")
    before = await work(subject, first, {improvement.candidate_node_id: 6.0})
    run = await subject.advance(run)
    assert run.status is RunStatus.WAITING
    experiment = await experiment_of(subject, improvement)
    [_, allotment] = experiment.allotments
    assert allotment.units == 70
    assert allotment.shares[0] == experiment.share == experiment.stage_shares[1] > 0.6
    assert allotment.best is not None
    assert "by what was seen units get the arms by" in (run.message or "")

    # Who was assigned keeps the arm; who is new gets one by the new shares, whose propensities are logged.
    assignments = Assignments(subject.graph)
    again = [await assignments.assign_variant(subject.pattern_id, unit) for unit in first]
    assert [item.arm for item in again] == [item.arm for item in before]
    fresh = [f"fresh-{number}" for number in range(60)]
    found = [await assignments.assign_variant(subject.pattern_id, unit) for unit in fresh]
    assert [item.arm for item in found] == [assign(experiment.experiment_id, unit, experiment.share) for unit in fresh]
    for item in found[:5]:
        [row] = await statement(
            subject.graph,
            "MATCH (a:Assignment {assignment_id: $id}) RETURN a.propensity AS propensity, a.stage AS stage",
            id=f"{experiment.experiment_id}|{unit_digest(item.unit)}",
        )
        own = experiment.share if item.arm is Arm.TREATMENT else 1 - experiment.share
        assert (row["propensity"], row["stage"]) == (pytest.approx(own), 1)

    course = await Courses(subject.graph).course(experiment, 10)
    last, stands = course.points[-1], (await Planning(subject.graph).standing(experiment)).estimate
    assert len(course.points) == 10
    assert [point.at for point in course.points] == sorted(point.at for point in course.points)
    assert last.effect == pytest.approx(stands.effect)
    assert last.interval == pytest.approx(stands.interval)
    assert (last.control_units, last.treatment_units) == (35, 35)
    assert stands.method is EstimationMethod.INVERSE_PROPENSITY


async def test_units_of_shares_that_came_after_an_experiment_was_read_are_left_to_the_next_look(
    subject: Subject,
) -> None:
    run, [improvement] = await waiting(subject, 1)
    read = await experiment_of(subject, improvement)
    await work(subject, units(read, 35, "first"), {improvement.candidate_node_id: 6.0})
    await subject.advance(run)
    assert len((await experiment_of(subject, improvement)).allotments) == 2
    before = (await Planning(subject.graph).standing(read)).estimate
    await work(subject, [f"later-{number}" for number in range(10)], {})
    standing = await Planning(subject.graph).standing(read)
    assert standing.estimate.effect == pytest.approx(before.effect)
    course = await Courses(subject.graph).course(read, 5)
    assert course.points[-1].effect == pytest.approx(before.effect)


async def test_what_is_better_is_applied_by_weights(subject: Subject) -> None:
    run, [improvement] = await waiting(subject, 1)
    experiment = await experiment_of(subject, improvement)
    for turn in range(8):
        names = [f"turn-{turn}-{number}" for number in range(70)] if turn else units(experiment, 35, "first")
        await work(subject, names, {improvement.candidate_node_id: 16.0})
        run = await subject.advance(run)
        if run.status is not RunStatus.WAITING:
            break
    assert run.status is RunStatus.COMPLETED
    [decision] = (await subject.reads.decisions_of_improvements([improvement.improvement_id])).popitem()[1]
    assert (decision.verdict, decision.reason) == (Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)
    assert decision.result is not None
    assert isinstance(decision.result.details, UnitEstimate)
    assert decision.result.details.estimate.method is EstimationMethod.INVERSE_PROPENSITY
    assert decision.result.performance_delta == pytest.approx(0.08, abs=0.05)


async def test_several_share_the_units_and_what_is_dropped_gets_none(subject: Subject) -> None:
    run, improvements = await waiting(subject, 2)
    versions = [each.candidate_node_id for each in improvements]
    experiment = await experiment_of(subject, improvements[0])
    assert experiment.allotments[0].shares == pytest.approx((1 / 3, 1 / 3))
    await work(subject, units(experiment, 35, "first"), {}, failing=versions[0])
    run = await subject.advance(run)
    assert run.status is RunStatus.WAITING
    experiment = await experiment_of(subject, improvements[0])
    assert experiment.treatments[0].dropped_at is not None
    assert experiment.shares == (0.0, pytest.approx(0.5))
    later = await work(subject, [f"later-{number}" for number in range(90)], {versions[1]: 4.0})
    assert {item.node_id for item in later} == {subject.node_id, versions[1]}
    run = await subject.advance(run)
    if run.status is RunStatus.WAITING:
        experiment = await experiment_of(subject, improvements[0])
        assert len(experiment.allotments) == 3
        assert experiment.shares[0] == 0.0
        assert experiment.reason is Reason.UNDECIDED
