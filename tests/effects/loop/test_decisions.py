"""Decisions and what is written with them, on every engine."""

from __future__ import annotations

import asyncio

import pytest

from loopgraph.contracts.lineage.patterns import Baseline, Direction, PatternStatus, RelationshipType
from loopgraph.contracts.loop.arms import SampleStatistics
from loopgraph.contracts.loop.experiments import Experiment, ExperimentResult
from loopgraph.contracts.loop.feedback import (
    Arm,
    Improvement,
    ImprovementStatus,
    Metric,
    Reason,
    RunStatus,
    Stage,
    Verdict,
)
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.loop.decisions import Conclusion, Decisions
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.errors import Conflict, InvalidTransition
from support.feedback import TESTER, Subject, make_subject
from support.traces import statement

RESULT = ExperimentResult(
    metric=Metric.DURATION_MS,
    control=SampleStatistics(n=75, mean=450.0, m2=1065600.0),
    treatment=SampleStatistics(n=75, mean=180.0, m2=185000.0),
    control_executions=75,
    control_successes=75,
    treatment_executions=75,
    treatment_successes=75,
    effect=-270.0,
    effect_interval=(-299.8, 0.1 + 0.2),
    p_value=5.9e-33,
)


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


async def under_test(subject: Subject, improvement: Improvement) -> tuple[Improvement, Experiment]:
    """The improvement as it is while it is tested, and its experiment."""
    run = await subject.advance(await subject.start())
    assert run.status is RunStatus.WAITING
    [experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
    return await subject.reads.improvement(improvement.improvement_id), experiment


@pytest.mark.lengthy
async def test_a_decision_keeps_its_whole_result_and_marks_its_evidence(subject: Subject) -> None:
    improvement, experiment = await under_test(subject, await subject.propose())
    named = {"experiment_id": experiment.experiment_id}
    await subject.record(subject.node_id, [450.0, 451.0], **named)
    evidence = await TraceReads(subject.graph).experiment_executions(experiment.experiment_id, now())
    await subject.record(subject.node_id, [1.0], **named)
    run = await subject.reads.run(str(improvement.run_id))
    conclusion = Conclusion(
        Verdict.REVIEW,
        Reason.BELOW_APPLY_THRESHOLD,
        experiment=experiment,
        result=RESULT,
        evidence=evidence,
        auto_apply_threshold=0.99,
        note="close",
    )
    moved = await Decisions(subject.graph).conclude(run, improvement, conclusion, stage=Stage.TRACK)
    assert (moved.stage, moved.improvements_validated, moved.improvements_applied) == (Stage.TRACK, 1, 0)
    [decision] = (await subject.reads.decisions_of_experiments([experiment.experiment_id])).popitem()[1]
    assert (decision.result, decision.auto_apply_threshold, decision.note) == (RESULT, 0.99, "close")
    assert await subject.reads.decisions([decision.decision_id]) == {decision.decision_id: decision}
    marked = await statement(
        subject.graph,
        """
        MATCH (h:HookExecution)-[used:USED]->(:PatternVersion {node_id: $node_id})
        MATCH (d:Decision) WHERE d.decision_id = used.decision_id
        RETURN h.execution_id AS id, d.p_value AS p_value ORDER BY id
        """,
        node_id=subject.node_id,
    )
    assert marked == [{"id": id_, "p_value": 5.9e-33} for id_ in sorted(item.execution_id for item in evidence)]


@pytest.mark.lengthy
async def test_a_decision_is_written_whole_or_not_at_all(subject: Subject) -> None:
    improvement, experiment = await under_test(subject, await subject.propose())
    by_hand = await subject.propose("print('by hand')")
    await Lineage(subject.graph).activate(by_hand.candidate_node_id, TESTER)
    run = await subject.reads.run(str(improvement.run_id))
    conclusion = Conclusion(Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT, experiment=experiment, result=RESULT)
    with pytest.raises(Conflict, match="is in use now"):
        await Decisions(subject.graph).conclude(run, improvement, conclusion)
    assert await subject.reads.run(run.run_id) == run
    assert await subject.reads.improvement(improvement.improvement_id) == improvement
    assert await subject.reads.decisions_of_improvements([improvement.improvement_id]) == {
        improvement.improvement_id: []
    }
    assert (await subject.reads.experiments([experiment.experiment_id])).popitem()[1] == experiment
    lineage = LineageReads(subject.graph)
    version = (await lineage.versions([improvement.candidate_node_id])).popitem()[1]
    assert version.status is PatternStatus.DRAFT
    assert not await lineage.edges([version.node_id], Direction.ANCESTORS, [RelationshipType.IMPROVED_VERSION])


@pytest.mark.lengthy
async def test_of_two_concluders_one_decides(subject: Subject) -> None:
    improvement, experiment = await under_test(subject, await subject.propose())
    run = await subject.reads.run(str(improvement.run_id))
    rejecting = Conclusion(Verdict.REJECT, Reason.NOT_SIGNIFICANT, experiment=experiment, result=RESULT)
    applying = Conclusion(Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT, experiment=experiment, result=RESULT)
    decisions = Decisions(subject.graph)
    await asyncio.gather(*(decisions.conclude(run, improvement, item) for item in (rejecting, applying)))
    [decision] = (await subject.reads.decisions_of_improvements([improvement.improvement_id])).popitem()[1]
    status = (await subject.reads.improvement(improvement.improvement_id)).status
    expected = {Verdict.APPLY: ImprovementStatus.APPLIED, Verdict.REJECT: ImprovementStatus.REJECTED}
    assert status is expected[decision.verdict]


@pytest.mark.lengthy
async def test_of_two_reviewers_one_decides(subject: Subject) -> None:
    improvement = await subject.propose()
    await subject.advance(await subject.start(enable_ab_testing=False))
    reviews = (
        subject.loop.approve_improvement(improvement.improvement_id, TESTER),
        subject.loop.reject_improvement(improvement.improvement_id, "no", TESTER),
    )
    outcomes = await asyncio.gather(*reviews, return_exceptions=True)
    [decided] = [outcome for outcome in outcomes if isinstance(outcome, Improvement)]
    [refused] = [outcome for outcome in outcomes if isinstance(outcome, InvalidTransition)]
    assert refused.current == decided.status.value
    assert await subject.reads.improvement(improvement.improvement_id) == decided


@pytest.mark.lengthy
async def test_what_nobody_tests_can_be_rejected(subject: Subject) -> None:
    improvement = await subject.propose()
    rejected = await subject.loop.reject_improvement(improvement.improvement_id, "a typo", TESTER)
    assert rejected.status is ImprovementStatus.REJECTED
    with pytest.raises(InvalidTransition, match="is rejected and cannot become applied"):
        await subject.loop.approve_improvement(improvement.improvement_id, TESTER)
    assert (await subject.advance(await subject.start())).improvements_identified == 0


@pytest.mark.lengthy
async def test_an_approval_whose_candidate_is_gone_is_refused(subject: Subject) -> None:
    improvement = await subject.propose()
    await subject.advance(await subject.start(enable_ab_testing=False))
    await Lineage(subject.graph).reject(improvement.candidate_node_id, "a typo", TESTER)
    with pytest.raises(InvalidTransition, match="is rejected and cannot become active"):
        await subject.loop.approve_improvement(improvement.improvement_id, TESTER)
    rejected = await subject.loop.reject_improvement(improvement.improvement_id, "gone", TESTER)
    assert rejected.status is ImprovementStatus.REJECTED


@pytest.mark.lengthy
async def test_an_applied_version_has_what_was_measured_as_its_baselines(subject: Subject) -> None:
    improvement, experiment = await under_test(subject, await subject.propose())
    named = {"experiment_id": experiment.experiment_id}
    await subject.record(subject.node_id, [100.0 + number for number in range(10)], **named)
    candidate = improvement.candidate_node_id
    await subject.record(candidate, [10.0, 20.0, 30.0, 40.0, 50.0] * 2, quality_score=0.75, **named)
    await subject.advance(await subject.reads.run(str(improvement.run_id)))
    version = (await LineageReads(subject.graph).versions([candidate])).popitem()[1]
    assert version.performance_baseline == Baseline(p50=30.0, p95=50.0, p99=50.0, avg_duration=30.0)
    assert (version.success_rate_baseline, version.quality_baseline) == (1.0, 0.75)
    counts = (await subject.reads.experiments([experiment.experiment_id]))[experiment.experiment_id]
    assert {Arm.CONTROL: counts.control_count, Arm.TREATMENT: counts.treatment_count} == dict.fromkeys(Arm, 10)
