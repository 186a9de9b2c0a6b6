"""What is counted of experiments in the graph, on every engine."""

from __future__ import annotations

import pytest

from loopgraph.contracts.loop.arms import ArmTally
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import Arm, ImprovementType, Metric
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.assignments import AssignmentRecords
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.effects.traces.reading.reads import TraceReads
from support.feedback import Subject, make_subject, unit_of
from support.traces import NOON, at, statement


async def under_test(subject: Subject, kind: ImprovementType) -> Experiment:
    improvement = await subject.propose(improvement_type=kind)
    await subject.advance(await subject.start(feedback_type="all"))
    return (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1][-1]


@pytest.mark.lengthy
async def test_an_assignment_is_recorded_once_and_without_the_unit(graph: Graph) -> None:
    experiment = await under_test(await make_subject(graph), ImprovementType.PERFORMANCE)
    id_ = experiment.experiment_id
    records = AssignmentRecords(graph)
    for _ in range(3):
        await records.record(id_, "yvonne@example.com", Arm.TREATMENT)
    before = graph.statements
    await records.record(id_, "yvonne@example.com", Arm.TREATMENT)
    assert graph.statements == before
    await AssignmentRecords(graph).record(id_, "yvonne@example.com", Arm.TREATMENT)
    await records.record(id_, "bob", Arm.CONTROL)
    await records.record(id_, "eve", Arm.CONTROL)
    assert await FeedbackReads(graph).assigned_units([id_, "none"]) == {
        id_: {Arm.CONTROL: (2,), Arm.TREATMENT: (1,)},
        "none": dict.fromkeys(Arm, (0,)),
    }
    [row] = await statement(
        graph, "MATCH (a:Assignment {experiment_id: $id, arm: 'treatment'}) RETURN properties(a) AS all", id=id_
    )
    assert "yvonne" not in str(row["all"])


@pytest.mark.lengthy
async def test_the_tallies_of_several_experiments_are_one_statement(graph: Graph) -> None:
    subjects = [await make_subject(graph) for _ in range(3)]
    timed = await under_test(subjects[0], ImprovementType.PERFORMANCE)
    scored = await under_test(subjects[1], ImprovementType.QUALITY)
    empty = await under_test(subjects[2], ImprovementType.RELIABILITY)
    assert (timed.metric, scored.metric) == (Metric.DURATION_MS, Metric.QUALITY_SCORE)
    named = {"experiment_id": timed.experiment_id}
    unit, stranger = unit_of(timed.experiment_id, Arm.CONTROL), unit_of(timed.experiment_id, Arm.TREATMENT)
    control = timed.control_node_id
    await subjects[0].record(control, [1.0, 2.0, 3.0], unit=unit, **named)
    await subjects[0].record(control, [4.0], unit=stranger, **named)
    await subjects[0].record(control, [5.0], unit=None, session_id="a-session", **named)
    hanging = {"duration_ms": None, "success": None}
    await subjects[0].record(control, [0.0], started_at=at(0), **hanging, **named)
    await subjects[0].record(control, [0.0], started_at=at(9), **hanging, **named)
    await subjects[1].record(scored.treatment_node_id, [1.0, 2.0], experiment_id=scored.experiment_id)
    await subjects[1].record(scored.treatment_node_id, [1.0], quality_score=0.5, experiment_id=scored.experiment_id)
    before = graph.statements
    tallies = await TraceReads(graph).arm_tallies([timed, scored, empty], at(5))
    assert graph.statements == before + 1
    assert tallies == {
        timed.experiment_id: {
            Arm.CONTROL: ArmTally(units=3, telling_units=3, executions=5, unended=1, unnamed=1, set_aside=1),
            Arm.TREATMENT: ArmTally(),
        },
        scored.experiment_id: {
            Arm.CONTROL: ArmTally(),
            Arm.TREATMENT: ArmTally(units=3, telling_units=1, executions=3),
        },
        empty.experiment_id: dict.fromkeys(Arm, ArmTally()),
    }
    assert await TraceReads(graph).arm_tallies([], NOON) == {}


@pytest.mark.lengthy
async def test_executions_from_before_units_were_kept_are_counted_by_session_or_trace(graph: Graph) -> None:
    subject = await make_subject(graph)
    experiment = await under_test(subject, ImprovementType.PERFORMANCE)
    named = {"experiment_id": experiment.experiment_id}
    await subject.record(subject.node_id, [1.0, 2.0], session_id="one", **named)
    await subject.record(subject.node_id, [1.0], session_id="two", **named)
    await subject.record(subject.node_id, [1.0, 1.0], **named)
    await statement(
        graph,
        "MATCH (h:HookExecution {experiment_id: $id}) REMOVE h.unit, h.unit_rule, h.given_unit",
        id=experiment.experiment_id,
    )
    tally = (await TraceReads(graph).arm_tallies([experiment], NOON))[experiment.experiment_id][Arm.CONTROL]
    assert (tally.units, tally.executions, tally.unnamed) == (3, 5, 5)
    found = await TraceReads(graph).experiment_executions(experiment.experiment_id, NOON)
    assert {execution.unit for execution in found} == {"one", "two", f"{subject.pattern_id}-work"}
