"""The improvement loop on real engines: every execution in these tests is recorded as a client's would be."""

from __future__ import annotations

import asyncio

import pytest

from conftest import settings_for
from loopgraph.contracts.audit import EventFilter, EventType
from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.patterns import Direction, PatternStatus, PatternVersion, RelationshipType
from loopgraph.contracts.loop.design import ExperimentDesign
from loopgraph.contracts.loop.feedback import (
    Arm,
    FeedbackRun,
    FeedbackType,
    Improvement,
    ImprovementStatus,
    ImprovementType,
    LoopInput,
    Reason,
    RunStatus,
    Stage,
    StageStatus,
    Verdict,
)
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.errors import Conflict, InvalidInput, InvalidTransition, NotFound
from loopgraph.orchestrators.loop.assignment import Assignments
from support.engines import EngineUnderTest
from support.feedback import TESTER, Subject, make_subject
from support.traces import statement

SLOW, FAST = 100.0, 80.0


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


async def version_of(subject: Subject, node_id: str) -> PatternVersion:
    return (await LineageReads(subject.graph).versions([node_id]))[node_id]


async def current(subject: Subject) -> str | None:
    return (await LineageReads(subject.graph).patterns([subject.pattern_id]))[subject.pattern_id].current_node_id


async def events(subject: Subject) -> list[EventType]:
    """The types of the pattern's events, the oldest first."""
    page = await Events(subject.graph).page(EventFilter(pattern_id=subject.pattern_id), Page(first=100))
    return [event.event_type for event in reversed(page.events)]


async def waiting(subject: Subject, **inputs: object) -> FeedbackRun:
    run = await subject.advance(await subject.start(**inputs))
    assert run.status is RunStatus.WAITING
    return run


async def reviewed(subject: Subject, improvement: Improvement) -> FeedbackRun:
    """A run that has left a better candidate for review, because a threshold of 1.0 is never reached."""
    run = await waiting(subject, auto_apply_threshold=1.0)
    await subject.work(60, {subject.node_id: SLOW, improvement.candidate_node_id: FAST})
    return await subject.advance(run)


async def in_review(subject: Subject) -> list[str]:
    page = await subject.reads.improvements_for_review(Page(first=10), subject.pattern_id)
    return [one.improvement_id for one in page.improvements]


@pytest.mark.lengthy
async def test_a_better_candidate_is_applied_and_carries_its_proof(subject: Subject) -> None:
    window = await subject.record(subject.node_id, [90.0, 100.0, 110.0, 120.0])
    await subject.record(subject.node_id, [5000.0], error_type="TimeoutError")
    improvement = await subject.propose(description="print faster", expected_delta=0.2)
    run = await waiting(subject)
    assert (run.feedback_collected, run.improvements_identified) == (len(window) + 1, 1)
    assert run.analysis is not None
    assert run.analysis.baseline.p50 == 110.0
    assert run.analysis.error_counts == {"TimeoutError": 1}
    assert run.stages[Stage.VALIDATE] is StageStatus.WAITING

    await subject.work(60, {subject.node_id: SLOW, improvement.candidate_node_id: FAST})
    run = await subject.advance(run)

    assert run.status is RunStatus.COMPLETED
    assert set(run.stages.values()) == {StageStatus.COMPLETED}
    assert (run.improvements_validated, run.improvements_applied) == (1, 1)
    assert await current(subject) == improvement.candidate_node_id
    applied = await subject.reads.improvement(improvement.improvement_id)
    assert (applied.status, applied.reason) == (ImprovementStatus.APPLIED, Reason.SIGNIFICANT_IMPROVEMENT)
    [experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
    decision = (await subject.reads.decisions_of_versions([improvement.candidate_node_id])).popitem()[1]
    result = decision.result
    assert result is not None
    assert (decision.verdict, decision.decided_by, result.control.n + result.treatment.n) == (Verdict.APPLY, "loop", 60)
    assert (experiment.control_count, experiment.treatment_count) == (result.control.n, result.treatment.n)
    assert experiment.concluded_at == decision.decided_at

    version = await version_of(subject, improvement.candidate_node_id)
    assert version.status is PatternStatus.ACTIVE
    assert version.performance_baseline is not None
    assert version.performance_baseline.avg_duration == pytest.approx(result.treatment.mean)
    assert (version.success_rate_baseline, version.quality_baseline) == (1.0, None)
    edges = await LineageReads(subject.graph).edges([version.node_id], Direction.ANCESTORS, list(RelationshipType))
    assert [edge.relationship_type for edge in edges] == [
        RelationshipType.DERIVED_FROM,
        RelationshipType.IMPROVED_VERSION,
    ]
    improved = edges[1]
    assert (improved.source_node_id, improved.confidence_score) == (subject.node_id, result.confidence_score)
    assert improved.weight == pytest.approx((0.5 + 0.99) / 2)
    assert improved.metadata["decision_id"] == decision.decision_id
    assert improved.metadata["performance_delta"] == pytest.approx(result.performance_delta)
    assert await events(subject) == [
        EventType.PATTERN_CREATED,
        EventType.IMPROVEMENT_PROPOSED,
        EventType.VERSION_DERIVED,
        EventType.FEEDBACK_RUN_STARTED,
        EventType.EXPERIMENT_STARTED,
        EventType.EXPERIMENT_CONCLUDED,
        EventType.VERSION_ACTIVATED,
        EventType.BASELINE_SET,
        EventType.EDGE_CREATED,
        EventType.IMPROVEMENT_APPLIED,
        EventType.FEEDBACK_RUN_COMPLETED,
    ]

    # An execution that comes too late names the experiment, but is not evidence.
    await subject.record(improvement.candidate_node_id, [1.0], experiment_id=experiment.experiment_id)
    proof = await statement(
        subject.graph,
        """
        MATCH (v:PatternVersion {node_id: $node_id})<-[:APPROVED]-(d:Decision)<-[:CONCLUDED_IN]-(e:Experiment)
        MATCH (e)-[side:CONTROL|TREATMENT]->(arm:PatternVersion)<-[used:USED]-(h:HookExecution)
        WHERE used.decision_id = d.decision_id
        RETURN type(side) AS side, arm.node_id AS node_id, count(DISTINCT h) AS executions, avg(h.duration_ms) AS mean
        """,
        node_id=version.node_id,
    )
    arms = {row["side"]: (row["node_id"], row["executions"], row["mean"]) for row in proof}
    assert arms == {
        "CONTROL": (subject.node_id, result.control.n, pytest.approx(result.control.mean)),
        "TREATMENT": (version.node_id, result.treatment.n, pytest.approx(result.treatment.mean)),
    }


@pytest.mark.lengthy
async def test_a_candidate_that_is_no_better_is_rejected(subject: Subject) -> None:
    improvement = await subject.propose()
    run = await waiting(
        subject, design=ExperimentDesign(max_units=60)
    )  # whatever is shown, it ends with the last of these
    await subject.work(60, {subject.node_id: SLOW, improvement.candidate_node_id: SLOW + 5})
    run = await subject.advance(run)
    assert (run.status, run.improvements_validated, run.improvements_applied) == (RunStatus.COMPLETED, 0, 0)
    assert (await subject.reads.improvement(improvement.improvement_id)).status is ImprovementStatus.REJECTED
    assert (await version_of(subject, improvement.candidate_node_id)).status is PatternStatus.REJECTED
    assert await current(subject) == subject.node_id
    [decision] = (await subject.reads.decisions_of_improvements([improvement.improvement_id])).popitem()[1]
    assert decision.verdict is Verdict.REJECT
    assert await subject.reads.decisions_of_versions([improvement.candidate_node_id]) == {}


@pytest.mark.lengthy
async def test_a_faster_candidate_that_fails_more_is_rejected(subject: Subject) -> None:
    improvement = await subject.propose()
    run = await waiting(subject)
    [experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
    await subject.record(subject.node_id, [SLOW + i for i in range(20)], experiment_id=experiment.experiment_id)
    candidate = improvement.candidate_node_id
    await subject.record(candidate, [FAST + i / 9 for i in range(12)], experiment_id=experiment.experiment_id)
    await subject.record(candidate, [1.0] * 8, experiment_id=experiment.experiment_id, error_type="ValueError")
    await subject.advance(run)
    rejected = await subject.reads.improvement(improvement.improvement_id)
    assert (rejected.status, rejected.reason) == (ImprovementStatus.REJECTED, Reason.FEWER_SUCCESSES)


@pytest.mark.lengthy
async def test_a_run_waits_with_visible_counts(subject: Subject) -> None:
    improvement = await subject.propose()
    run = await waiting(subject, min_sample_size=20)
    assert run.message == "waits for units: 0 of 10 of the control and 0 of 10 of the treatment"
    [experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
    await subject.record(subject.node_id, [SLOW] * 25, experiment_id=experiment.experiment_id)
    await subject.record(improvement.candidate_node_id, [FAST] * 19, experiment_id=experiment.experiment_id)
    # Executions that do not name the experiment are real, but they are not its sample.
    await subject.record(improvement.candidate_node_id, [FAST] * 5)
    looked = await subject.advance(run)
    assert (looked.status, looked.stage, looked.revision) == (RunStatus.WAITING, Stage.VALIDATE, run.revision + 1)
    assert looked.message == (
        "nothing is decided by 25 units of the control and 19 units of the treatment; it goes on until 160 of both at most"
    )
    experiment = (await subject.reads.experiments([experiment.experiment_id]))[experiment.experiment_id]
    assert (experiment.control_count, experiment.treatment_count, experiment.concluded_at) == (25, 19, None)
    assert experiment.reason is Reason.UNDECIDED
    assert await subject.loop.advance(run.run_id) == looked


@pytest.mark.lengthy
async def test_executions_that_do_not_report_the_metric_are_no_evidence(subject: Subject) -> None:
    improvement = await subject.propose(improvement_type=ImprovementType.QUALITY)
    run = await waiting(subject, feedback_type=FeedbackType.QUALITY, min_sample_size=10)
    [experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
    named = {"experiment_id": experiment.experiment_id}
    await subject.record(subject.node_id, [SLOW] * 6, **named)
    await subject.record(improvement.candidate_node_id, [SLOW] * 6, **named)
    run = await subject.advance(run)
    assert run.message == (
        "waits for units: 0 of 10 of the control and 0 of 10 of the treatment that report quality_score or failed"
    )
    for index in range(10):
        await subject.record(subject.node_id, [SLOW], quality_score=0.5 + index / 100, **named)
        await subject.record(improvement.candidate_node_id, [SLOW], quality_score=0.8 + index / 100, **named)
    run = await subject.advance(run)
    assert (run.status, run.improvements_applied) == (RunStatus.COMPLETED, 1)
    version = await version_of(subject, improvement.candidate_node_id)
    assert version.quality_baseline == pytest.approx(0.845)


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_a_restart_while_waiting_loses_nothing(subject: Subject, engine: EngineUnderTest) -> None:
    improvement = await subject.propose()
    run = await waiting(subject)
    await subject.work(30, {subject.node_id: SLOW, improvement.candidate_node_id: FAST})
    async with Graph.open(settings_for(engine)) as other:
        restarted = Subject(other, subject.pattern_id, subject.node_id)
        await restarted.work(60, {subject.node_id: SLOW, improvement.candidate_node_id: FAST})
        run = await restarted.advance(await restarted.reads.run(run.run_id))
    assert (run.status, run.improvements_applied) == (RunStatus.COMPLETED, 1)
    [decision] = (await subject.reads.decisions_of_improvements([improvement.improvement_id])).popitem()[1]
    assert decision.result is not None
    assert decision.result.control.n + decision.result.treatment.n == 60
    assert decision.result.control_executions + decision.result.treatment_executions == 90


@pytest.mark.slow
async def test_concurrent_workers_do_each_step_once(subject: Subject, engine: EngineUnderTest) -> None:
    improvement = await subject.propose()
    run = await subject.start()
    async with Graph.open(settings_for(engine)) as other:
        workers = [subject, Subject(other, subject.pattern_id, subject.node_id)] * 2
        await asyncio.gather(*(worker.advance(run) for worker in workers))
        await subject.work(60, {subject.node_id: SLOW, improvement.candidate_node_id: FAST})
        await asyncio.gather(*(worker.advance(run) for worker in workers))
    run = await subject.advance(run)
    assert (run.status, run.improvements_applied) == (RunStatus.COMPLETED, 1)
    seen = await events(subject)
    assert len(seen) == len(set(seen)) == 11
    made = await statement(
        subject.graph,
        """
        MATCH (:Pattern {pattern_id: $id})<-[:ON]-(r:FeedbackRun)-[:PROPOSED]->(i:Improvement)
        MATCH (i)-[:TESTED_BY]->(e:Experiment)-[:CONCLUDED_IN]->(d:Decision)-[:APPROVED]->(:PatternVersion)
        RETURN count(*) AS paths
        """,
        id=subject.pattern_id,
    )
    assert made == [{"paths": 1}]


async def test_of_two_racing_starts_one_wins(subject: Subject) -> None:
    outcomes = await asyncio.gather(*(subject.start() for _ in range(4)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 3 + ["FeedbackRun"]
    assert (
        len((await subject.reads.runs_of_patterns([subject.pattern_id], Page(first=10)))[subject.pattern_id].runs) == 1
    )


async def test_starting_is_idempotent_by_run_id(subject: Subject) -> None:
    wanted = LoopInput(pattern_id=subject.pattern_id)
    run_id = f"{subject.pattern_id}-run"
    runs = await asyncio.gather(*(subject.loop.start(wanted, TESTER, run_id) for _ in range(3)))
    assert runs[0] == runs[1] == runs[2]
    with pytest.raises(Conflict, match="other inputs"):
        await subject.loop.start(wanted.model_copy(update={"min_sample_size": 5}), TESTER, run_id)


async def test_a_start_needs_a_pattern_with_a_current_version(subject: Subject) -> None:
    with pytest.raises(NotFound):
        await subject.loop.start(LoopInput(pattern_id="nothing-here"), TESTER)
    drafts = await make_subject(subject.graph, activate=False)
    with pytest.raises(InvalidInput, match="no current version"):
        await drafts.start()


@pytest.mark.lengthy
async def test_without_ab_testing_everything_is_left_for_review(subject: Subject) -> None:
    improvements = [await subject.propose(f"print({number})") for number in range(2)]
    run = await subject.advance(await subject.start(enable_ab_testing=False))
    assert (run.status, run.improvements_validated, run.improvements_applied) == (RunStatus.COMPLETED, 0, 0)
    assert run.stages[Stage.VALIDATE] is StageStatus.SKIPPED
    assert {EventType.IMPROVEMENT_AWAITS_REVIEW} == {kind for kind in await events(subject) if "review" in kind}
    assert await current(subject) == subject.node_id
    for improvement in improvements:
        left = await subject.reads.improvement(improvement.improvement_id)
        assert (left.status, left.reason) == (ImprovementStatus.AWAITING_REVIEW, Reason.AB_TESTING_DISABLED)
    approved = await subject.loop.approve_improvement(improvements[1].improvement_id, TESTER, "looks right")
    assert approved.status is ImprovementStatus.APPLIED
    version = await version_of(subject, approved.candidate_node_id)
    assert (version.status, version.performance_baseline) == (PatternStatus.ACTIVE, None)
    [edge] = await LineageReads(subject.graph).edges(
        [version.node_id], Direction.ANCESTORS, [RelationshipType.IMPROVED_VERSION]
    )
    assert (edge.metadata["experiment_id"], edge.metadata["p_value"]) == (None, None)


@pytest.mark.lengthy
async def test_an_approved_improvement_is_applied_with_its_evidence(subject: Subject) -> None:
    improvement = await subject.propose()
    run = await reviewed(subject, improvement)
    assert (run.status, run.improvements_validated, run.improvements_applied) == (RunStatus.COMPLETED, 1, 0)
    left = await subject.reads.improvement(improvement.improvement_id)
    assert (left.status, left.reason) == (ImprovementStatus.VALIDATED, Reason.BELOW_APPLY_THRESHOLD)
    assert (await version_of(subject, improvement.candidate_node_id)).status is PatternStatus.DRAFT

    approved = await subject.loop.approve_improvement(improvement.improvement_id, TESTER, "worth it")

    assert (approved.status, approved.reason) == (ImprovementStatus.APPLIED, Reason.REVIEWED)
    assert await current(subject) == improvement.candidate_node_id
    by_loop, by_reviewer = (await subject.reads.decisions_of_improvements([improvement.improvement_id])).popitem()[1]
    assert (by_loop.verdict, by_loop.decided_by) == (Verdict.REVIEW, "loop")
    assert (by_reviewer.verdict, by_reviewer.decided_by, by_reviewer.note) == (Verdict.APPLY, "tester", "worth it")
    assert (by_reviewer.result, by_reviewer.experiment_id) == (by_loop.result, by_loop.experiment_id)
    approving = await subject.reads.decisions_of_versions([improvement.candidate_node_id])
    assert approving == {improvement.candidate_node_id: by_reviewer}
    version = await version_of(subject, improvement.candidate_node_id)
    assert version.performance_baseline is not None
    assert {EventType.IMPROVEMENT_VALIDATED, EventType.IMPROVEMENT_APPROVED, EventType.IMPROVEMENT_APPLIED} <= set(
        await events(subject)
    )
    with pytest.raises(InvalidTransition, match="is applied and cannot become applied"):
        await subject.loop.approve_improvement(improvement.improvement_id, TESTER)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_an_approval_says_that_another_version_was_in_use(subject: Subject) -> None:
    first = await subject.propose("print(1)")
    second = await subject.propose("print(2)")
    await subject.advance(await subject.start(enable_ab_testing=False))
    await subject.loop.approve_improvement(first.improvement_id, TESTER)
    third = await subject.propose("print(3)", base_node_id=subject.node_id)
    run = await waiting(subject, auto_apply_threshold=1.0)
    await subject.work(60, {first.candidate_node_id: SLOW, third.candidate_node_id: FAST})
    await subject.advance(run)
    await subject.loop.approve_improvement(second.improvement_id, TESTER)
    await subject.loop.approve_improvement(third.improvement_id, TESTER)
    edges = await LineageReads(subject.graph).edges(
        [improvement.candidate_node_id for improvement in (first, second, third)],
        Direction.ANCESTORS,
        [RelationshipType.IMPROVED_VERSION],
    )
    assert [(edge.source_node_id, edge.target_node_id, edge.metadata["control_in_use"]) for edge in edges] == [
        (subject.node_id, first.candidate_node_id, True),
        (first.candidate_node_id, second.candidate_node_id, True),
        (first.candidate_node_id, third.candidate_node_id, False),
    ]


@pytest.mark.lengthy
async def test_what_waits_for_review_can_be_rejected(subject: Subject) -> None:
    improvement = await subject.propose()
    await reviewed(subject, improvement)
    rejected = await subject.loop.reject_improvement(improvement.improvement_id, "not worth it", TESTER)
    assert (rejected.status, rejected.reason) == (ImprovementStatus.REJECTED, Reason.REVIEWED)
    assert (await version_of(subject, improvement.candidate_node_id)).status is PatternStatus.REJECTED
    decision = (await subject.reads.decisions_of_improvements([improvement.improvement_id])).popitem()[1][-1]
    assert (decision.verdict, decision.note) == (Verdict.REJECT, "not worth it")
    with pytest.raises(NotFound):
        await subject.loop.reject_improvement("nothing-here", "", TESTER)


@pytest.mark.lengthy
async def test_what_waits_for_review_does_not_any_more_when_its_version_is_rejected(subject: Subject) -> None:
    improvement = await subject.propose()
    await reviewed(subject, improvement)
    assert await in_review(subject) == [improvement.improvement_id]
    await Lineage(subject.graph).reject(improvement.candidate_node_id, "not wanted any more", TESTER)
    assert await in_review(subject) == []


@pytest.mark.lengthy
async def test_a_cancelled_run_gives_its_improvements_back(subject: Subject) -> None:
    improvement = await subject.propose()
    run = await waiting(subject)
    with pytest.raises(InvalidTransition, match="is testing and cannot become rejected"):
        await subject.loop.reject_improvement(improvement.improvement_id, "no", TESTER)
    cancelled = await subject.loop.cancel(run.run_id, TESTER)
    assert (cancelled.status, cancelled.stages[Stage.VALIDATE]) == (RunStatus.CANCELLED, StageStatus.STOPPED)
    assert await subject.loop.cancel(run.run_id, TESTER) == cancelled
    assert await subject.loop.advance(run.run_id) == cancelled
    [experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
    assert experiment.concluded_at is not None
    assert (await subject.reads.decisions_of_experiments([experiment.experiment_id])).popitem()[1] == []
    released = await subject.reads.improvement(improvement.improvement_id)
    assert (released.status, released.run_id) == (ImprovementStatus.PROPOSED, None)
    assert (await Assignments(subject.graph).assign_variant(subject.pattern_id, "unit")).experiment_id is None

    again = await waiting(subject)
    assert (again.run_id != run.run_id, again.improvements_identified) == (True, 1)
    assert (await subject.reads.improvement(improvement.improvement_id)).run_id == again.run_id


async def test_only_an_open_run_can_be_cancelled(subject: Subject) -> None:
    run = await subject.advance(await subject.start())
    assert (run.status, run.message) == (
        RunStatus.COMPLETED,
        "nothing is proposed for the feedback type performance",
    )
    assert [run.stages[stage] for stage in (Stage.VALIDATE, Stage.APPLY)] == [StageStatus.SKIPPED] * 2
    with pytest.raises(InvalidTransition, match="is completed and cannot become cancelled"):
        await subject.loop.cancel(run.run_id, TESTER)
    with pytest.raises(NotFound):
        await subject.loop.cancel("nothing-here", TESTER)


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_after_one_is_applied_the_next_must_be_better_than_that_one(subject: Subject) -> None:
    fast, faster, slower = [await subject.propose(f"print({word!r})") for word in ("fast", "faster", "slower")]
    other = await subject.propose("print('kind')", improvement_type=ImprovementType.QUALITY)
    means = dict(
        zip(
            (fast.candidate_node_id, faster.candidate_node_id, slower.candidate_node_id),
            (80.0, 60.0, 70.0),
            strict=True,
        )
    )
    run = await waiting(subject)
    for _ in range(3):
        await subject.work(60, means | {subject.node_id: SLOW})
        run = await subject.advance(run)
    assert (run.status, run.improvements_identified, run.improvements_applied) == (RunStatus.COMPLETED, 3, 2)
    experiments = await subject.reads.experiments_of_improvements(
        [item.improvement_id for item in (fast, faster, slower)]
    )
    controls = [found[0].control_node_id for found in experiments.values()]
    assert controls == [subject.node_id, fast.candidate_node_id, faster.candidate_node_id]
    statuses = await subject.reads.improvements([item.improvement_id for item in (slower, other)])
    assert statuses[slower.improvement_id].reason is Reason.SIGNIFICANT_REGRESSION
    assert statuses[other.improvement_id].status is ImprovementStatus.PROPOSED
    assert await current(subject) == faster.candidate_node_id


@pytest.mark.lengthy
async def test_an_experiment_whose_control_is_replaced_is_run_anew(subject: Subject) -> None:
    improvement = await subject.propose()
    by_hand = await subject.propose("print('by hand')", improvement_type=ImprovementType.QUALITY)
    run = await waiting(subject)
    await subject.work(30, {subject.node_id: SLOW, improvement.candidate_node_id: FAST})
    await Lineage(subject.graph).activate(by_hand.candidate_node_id, TESTER)
    assigned = await Assignments(subject.graph).assign_variant(subject.pattern_id, "unit-1")
    assert (assigned.node_id, assigned.experiment_id) == (by_hand.candidate_node_id, None)
    run = await subject.advance(run)
    assert run.status is RunStatus.WAITING
    stopped, anew = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
    assert stopped.concluded_at is not None
    assert (anew.control_node_id, anew.concluded_at) == (by_hand.candidate_node_id, None)
    await subject.work(60, {by_hand.candidate_node_id: FAST, improvement.candidate_node_id: SLOW})
    run = await subject.advance(run)
    assert (await subject.reads.improvement(improvement.improvement_id)).reason is Reason.SIGNIFICANT_REGRESSION


@pytest.mark.lengthy
async def test_an_improvement_whose_candidate_is_activated_by_hand_is_withdrawn(subject: Subject) -> None:
    improvement = await subject.propose()
    run = await waiting(subject)
    await Lineage(subject.graph).activate(improvement.candidate_node_id, TESTER)
    run = await subject.advance(run)
    assert run.status is RunStatus.COMPLETED
    withdrawn = await subject.reads.improvement(improvement.improvement_id)
    assert (withdrawn.status, withdrawn.reason) == (ImprovementStatus.WITHDRAWN, Reason.CANDIDATE_NOT_DRAFT)


@pytest.mark.lengthy
async def test_what_cannot_be_applied_is_left_for_review(subject: Subject) -> None:
    improvement = await subject.propose()
    run = await waiting(subject)
    await subject.work(60, {subject.node_id: SLOW, improvement.candidate_node_id: FAST})
    run = await subject.loop.advance(run.run_id)
    assert run.stage is Stage.APPLY
    fork = await subject.propose("print('meanwhile')")
    await Lineage(subject.graph).activate(fork.candidate_node_id, TESTER)
    run = await subject.advance(run)
    assert (run.status, run.improvements_applied) == (RunStatus.COMPLETED, 0)
    assert await current(subject) == fork.candidate_node_id
    left = await subject.reads.improvement(improvement.improvement_id)
    assert (left.status, left.reason) == (ImprovementStatus.VALIDATED, Reason.APPLY_REFUSED)
    [decision] = (await subject.reads.decisions_of_improvements([improvement.improvement_id])).popitem()[1]
    assert f"{fork.candidate_node_id} is in use now" in decision.note
    assert decision.result is not None
    assert decision.result.p_value is not None


@pytest.mark.lengthy
async def test_a_failing_pattern_is_given_other_parameters_by_a_rule(graph: Graph) -> None:
    subject = await make_subject(graph, parameters={"timeout_ms": 1000, "retries": 5})
    await subject.record(subject.node_id, [float(value) for value in range(500, 540)])
    await subject.record(subject.node_id, [1000.0] * 10, error_type="TimeoutError")
    run = await waiting(subject, feedback_type=FeedbackType.USAGE)
    [improvement] = (await subject.reads.improvements_of_runs([run.run_id]))[run.run_id]
    assert (improvement.source, improvement.improvement_type) == ("raise_timeout", ImprovementType.RELIABILITY)
    assert improvement.proposed_changes == {"parameters": {"timeout_ms": {"from": 1000, "to": 1500}}}
    candidate = await version_of(subject, improvement.candidate_node_id)
    assert candidate.parameters == {"timeout_ms": 1500, "retries": 5}
    assert (candidate.status, candidate.created_by) == (PatternStatus.DRAFT, "loop")

    # A cancelled run's proposal is taken up again; one that was decided on is not made a second time.
    await subject.loop.cancel(run.run_id, TESTER)
    run = await waiting(subject, feedback_type=FeedbackType.ALL)
    assert [item.improvement_id for item in (await subject.reads.improvements_of_runs([run.run_id]))[run.run_id]] == [
        improvement.improvement_id
    ]
    [_, experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
    await subject.record(subject.node_id, [500.0] * 20, experiment_id=experiment.experiment_id)
    await subject.record(candidate.node_id, [500.0] * 20, experiment_id=experiment.experiment_id)
    run = await subject.advance(run)
    assert (await subject.reads.improvement(improvement.improvement_id)).reason is Reason.ZERO_VARIANCE
    run = await subject.advance(await subject.start(feedback_type=FeedbackType.USAGE))
    assert (run.status, run.improvements_identified) == (RunStatus.COMPLETED, 0)


@pytest.mark.lengthy
async def test_units_stay_in_their_arm(subject: Subject) -> None:
    improvement = await subject.propose()
    assignments = Assignments(subject.graph)
    before = await assignments.assign_variant(subject.pattern_id, "unit")
    assert (before.node_id, before.experiment_id, before.arm) == (subject.node_id, None, None)
    await waiting(subject)
    first = [await assignments.assign_variant(subject.pattern_id, f"unit-{number}") for number in range(20)]
    again = [await assignments.assign_variant(subject.pattern_id, f"unit-{number}") for number in range(20)]
    assert first == again
    versions = {Arm.CONTROL: subject.node_id, Arm.TREATMENT: improvement.candidate_node_id}
    assert {(item.arm, item.node_id) for item in first} == set(versions.items())
    assert {item.template_code for item in first} == {"print('good')", "print('better')"}


async def test_an_assignment_needs_a_unit_and_a_current_version(subject: Subject) -> None:
    assignments = Assignments(subject.graph)
    with pytest.raises(NotFound):
        await assignments.assign_variant("nothing-here", "unit")
    with pytest.raises(InvalidInput, match="unit"):
        await assignments.assign_variant(subject.pattern_id, "")
    drafts = await make_subject(subject.graph, activate=False)
    with pytest.raises(InvalidInput, match="no current version"):
        await assignments.assign_variant(drafts.pattern_id, "unit")
