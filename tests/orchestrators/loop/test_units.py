"""Units in the improvement loop, on real engines: what is randomised is what is counted and compared."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from loopgraph.contracts.base import Page
from loopgraph.contracts.loop.design import PLAIN
from loopgraph.contracts.loop.experiments import Experiment, WelchOfUnitMeans
from loopgraph.contracts.loop.feedback import Arm, FeedbackRun, Improvement, Reason, RunStatus, Verdict
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.feedback_loop import EXECUTION_TIMEOUT
from loopgraph.orchestrators.loop.worker import LoopWorker
from support.feedback import Subject, make_subject, unit_of
from support.traces import statement

NEVER_MS = 600_000


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


async def waiting(subject: Subject, **inputs: object) -> tuple[FeedbackRun, Experiment]:
    improvement = await subject.propose()
    run = await subject.advance(await subject.start(**inputs))
    return run, await experiment_of(subject, improvement)


async def experiment_of(subject: Subject, improvement: Improvement) -> Experiment:
    return (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1][-1]


@pytest.mark.lengthy
async def test_two_sessions_decide_nothing_however_many_executions_they_have(subject: Subject) -> None:
    run, experiment = await waiting(subject)
    named = {"experiment_id": experiment.experiment_id}
    for arm, node_id, base in (
        (Arm.CONTROL, subject.node_id, 100.0),
        (Arm.TREATMENT, experiment.treatment_node_id, 80.0),
    ):
        unit = unit_of(experiment.experiment_id, arm)
        await subject.record(node_id, [base + number / 10 for number in range(60)], unit=unit, **named)
    run = await subject.advance(run)
    assert (run.status, run.message) == (
        RunStatus.WAITING,
        "waits for units: 1 of 10 of the control and 1 of 10 of the treatment",
    )
    [experiment] = (await subject.reads.experiments([experiment.experiment_id])).values()
    assert (experiment.reason, experiment.control_count) == (Reason.INSUFFICIENT_UNITS, 60)


@pytest.mark.lengthy
async def test_the_result_names_units_executions_and_design_effect(subject: Subject) -> None:
    run, experiment = await waiting(subject, design=PLAIN)
    for arm, node_id, base in (
        (Arm.CONTROL, subject.node_id, 100.0),
        (Arm.TREATMENT, experiment.treatment_node_id, 60.0),
    ):
        for number in range(12):
            unit, mean = unit_of(experiment.experiment_id, arm), base + 10 * (number % 3)
            durations = [mean + step for step in (-1.0, 0.0, 1.0)]
            await subject.record(node_id, durations, unit=unit, experiment_id=experiment.experiment_id)
    run = await subject.advance(run)
    assert (run.status, run.improvements_applied) == (RunStatus.COMPLETED, 1)
    [decision] = (await subject.reads.decisions_of_experiments([experiment.experiment_id])).popitem()[1]
    result = decision.result
    assert result is not None
    assert isinstance(result.details, WelchOfUnitMeans)
    assert result.control_arm is not None
    assert (result.control.n, result.control_arm.units, result.control_arm.executions) == (12, 12, 36)
    assert result.control_arm.design_effect == pytest.approx(1 + 2 * (result.control_arm.icc or 0.0))
    assert 2.9 < (result.control_arm.design_effect or 0.0) < 3.0
    assert result.sample_ratio_p_value == 1.0
    [row] = await statement(
        subject.graph, "MATCH (d:Decision {decision_id: $id}) RETURN d.method AS m", id=decision.decision_id
    )
    assert row["m"] == "welch_unit_means"


@pytest.mark.lengthy
async def test_an_execution_of_the_other_arms_unit_is_set_aside_visibly(subject: Subject) -> None:
    run, experiment = await waiting(subject)
    id_ = experiment.experiment_id
    stranger = unit_of(id_, Arm.TREATMENT)
    await subject.record(subject.node_id, [1.0, 2.0], unit=stranger, experiment_id=id_)
    run = await subject.advance(run)
    assert run.message == (
        "waits for units: 0 of 10 of the control and 0 of 10 of the treatment; "
        "2 executions are set aside: their unit was assigned to the other arm"
    )
    await subject.record(subject.node_id, [100.0 + number for number in range(12)], experiment_id=id_)
    await subject.record(experiment.treatment_node_id, [80.0 + number for number in range(12)], experiment_id=id_)
    await subject.advance(run)
    [decision] = (await subject.reads.decisions_of_experiments([id_])).popitem()[1]
    result = decision.result
    assert result is not None
    assert result.control_arm is not None
    assert (result.control.n, result.control_executions, result.control_arm.set_aside) == (12, 12, 2)
    marked = await statement(
        subject.graph,
        "MATCH (:HookExecution {experiment_id: $id})-[u:USED]->() RETURN u.decision_id IS NOT NULL AS marked, count(*) AS n",
        id=id_,
    )
    assert {row["marked"]: row["n"] for row in marked} == {True: 24, False: 2}


@pytest.mark.lengthy
async def test_white_space_around_a_unit_is_no_part_of_it_wherever_it_is_named(subject: Subject) -> None:
    _, experiment = await waiting(subject)
    id_ = experiment.experiment_id
    assignments = Assignments(subject.graph)
    for number in range(10):
        padded = f" unit {number}\n"
        assigned = await assignments.assign_variant(subject.pattern_id, padded)
        assert assigned == await assignments.assign_variant(subject.pattern_id, padded.strip())
        await subject.record(assigned.node_id, [100.0], unit=padded, experiment_id=id_)
    tallies = (await TraceReads(subject.graph).arm_tallies([experiment], now()))[id_].values()
    assert (sum(tally.units for tally in tallies), sum(tally.set_aside for tally in tallies)) == (10, 0)
    assert sum(sum(each) for each in (await subject.reads.assigned_units([id_]))[id_].values()) == 10


@pytest.mark.lengthy
@pytest.mark.parametrize("unit", ["", " ", "\n\t", "u" * 256])
async def test_a_unit_that_no_execution_could_name_is_refused(subject: Subject, unit: str) -> None:
    await waiting(subject)
    with pytest.raises(InvalidInput) as refused:
        await Assignments(subject.graph).assign_variant(subject.pattern_id, unit)
    assert refused.value.field == "unit"


@pytest.mark.lengthy
async def test_a_treatment_that_hangs_is_not_applied_for_the_few_that_end(subject: Subject) -> None:
    run, experiment = await waiting(subject)
    id_, treatment = experiment.experiment_id, experiment.treatment_node_id
    await subject.record(subject.node_id, [100.0 + number % 7 for number in range(100)], experiment_id=id_)
    await subject.record(treatment, [50.0 + number % 7 for number in range(12)], experiment_id=id_)
    hanging = {"duration_ms": None, "success": None, "experiment_id": id_}
    await subject.record(treatment, [0.0] * 88, started_at=now(), **hanging)
    run = await subject.advance(run)
    assert run.status is RunStatus.WAITING
    assert run.message is not None
    assert "nothing is decided while the units do not fall to the arms as planned" in run.message
    assert "100 and 12 have reported" in run.message
    [seen] = (await subject.reads.experiments([id_])).values()
    assert seen.reason is Reason.SAMPLE_RATIO_MISMATCH

    # An hour later they count as failures.
    await statement(
        subject.graph,
        "MATCH (h:HookExecution {experiment_id: $id, status: 'in_progress'}) SET h.started_at = $at RETURN count(h) AS n",
        id=id_,
        at=now() - EXECUTION_TIMEOUT - timedelta(seconds=1),
    )
    await subject.advance(run)
    [decision] = (await subject.reads.decisions_of_experiments([id_])).popitem()[1]
    assert (decision.verdict, decision.reason) == (Verdict.REJECT, Reason.FEWER_SUCCESSES)
    result = decision.result
    assert result is not None
    assert result.treatment_arm is not None
    assert (result.treatment_arm.executions, result.treatment_arm.successes, result.treatment_arm.unended) == (
        100,
        12,
        88,
    )
    # They are evidence that can be looked at like any other.
    page = await statement(
        subject.graph,
        "MATCH (h:HookExecution {experiment_id: $id})-[u:USED {decision_id: $decision}]->() "
        "WHERE h.version_key IS NOT NULL RETURN count(h) AS n",
        id=id_,
        decision=decision.decision_id,
    )
    assert page == [{"n": 200}]


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_units_that_are_assigned_and_never_heard_of_again_stop_the_decision(subject: Subject) -> None:
    run, experiment = await waiting(subject)
    assignments = Assignments(subject.graph)
    units = {Arm.CONTROL: 0, Arm.TREATMENT: 0}
    for number in range(150):
        assigned = await assignments.assign_variant(subject.pattern_id, f"unit-{number}")
        assert assigned.arm is not None
        units[assigned.arm] += 1
        if assigned.arm is Arm.CONTROL or units[Arm.TREATMENT] <= 12:
            more = {"unit": assigned.unit, "experiment_id": assigned.experiment_id}
            await subject.record(assigned.node_id, [50.0 + number % 5], **more)
    run = await subject.advance(run)
    assert run.status is RunStatus.WAITING
    [seen] = (await subject.reads.experiments([experiment.experiment_id])).values()
    assert seen.reason is Reason.SAMPLE_RATIO_MISMATCH
    assert (seen.control_tally.assigned, seen.treatment_tally.assigned) == (units[Arm.CONTROL], units[Arm.TREATMENT])


@pytest.mark.lengthy
async def test_executions_that_name_no_unit_are_told(subject: Subject) -> None:
    run, experiment = await waiting(subject)
    await subject.record(subject.node_id, [1.0, 2.0, 3.0], unit=None, experiment_id=experiment.experiment_id)
    run = await subject.advance(run)
    assert run.message == (
        "waits for units: 1 of 10 of the control and 0 of 10 of the treatment; "
        "3 executions name no unit, so that their session or trace counts as one"
    )


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_a_look_costs_as_many_statements_for_one_waiting_run_as_for_forty(graph: Graph) -> None:
    worker = LoopWorker(graph, NEVER_MS)

    async def cost() -> int:
        while True:  # until nothing moves any more
            before = graph.statements
            await worker.look()
            first, before = graph.statements - before, graph.statements
            await worker.look()
            if graph.statements - before == first:
                return first

    async def one_more() -> Subject:
        subject = await make_subject(graph)
        await subject.propose()
        await subject.start()
        return subject

    subject = await one_more()
    alone = await cost()
    await asyncio.gather(*(one_more() for _ in range(39)))
    assert await cost() == alone <= 4

    async def cost_of_news(*subjects: Subject) -> int:
        for one in subjects:
            [run] = (await one.reads.runs_of_patterns([one.pattern_id], Page(first=1))).popitem()[1].runs
            assert run.status is RunStatus.WAITING
            [improvement] = (await one.reads.improvements_of_runs([run.run_id])).popitem()[1]
            experiment = await experiment_of(one, improvement)
            await one.record(one.node_id, [1.0], experiment_id=experiment.experiment_id)
        before = graph.statements
        await worker.look()
        spent = graph.statements - before
        for one in subjects:
            [run] = (await one.reads.runs_of_patterns([one.pattern_id], Page(first=1))).popitem()[1].runs
            assert (run.message or "").startswith("waits for units: 1 of "), run.message
        return spent

    others = await asyncio.gather(*(one_more() for _ in range(12)))
    await cost()
    assert await cost_of_news(others[0]) == await cost_of_news(*others[1:]) <= alone + 1

    # What is counted is not read: executions without a quality score are seen, and nothing else happens.
    read = 0
    original = TraceReads.experiment_executions

    async def counted(self: TraceReads, *args: object, **more: object) -> object:
        nonlocal read
        read += 1
        return await original(self, *args, **more)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TraceReads, "experiment_executions", counted)
        [run] = (await subject.reads.runs_of_patterns([subject.pattern_id], Page(first=1))).popitem()[1].runs
        [improvement] = (await subject.reads.improvements_of_runs([run.run_id])).popitem()[1]
        experiment = await experiment_of(subject, improvement)
        for _ in range(3):
            await subject.record(subject.node_id, [1.0], experiment_id=experiment.experiment_id)
            await worker.look()
    assert read == 0
    [seen] = (await subject.reads.experiments([experiment.experiment_id])).values()
    assert seen.control_count == 3
