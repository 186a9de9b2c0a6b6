"""Changes of runs, on every engine: each continues the run that its maker has seen, or does nothing."""

from __future__ import annotations

import asyncio

import pytest

from loopgraph.contracts.loop.feedback import LoopInput, RunStatus, Stage, StageStatus
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.runs import FeedbackRuns
from loopgraph.errors import Conflict, InvalidTransition
from support.feedback import TESTER, Subject, make_subject


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


async def test_a_run_comes_back_as_it_was_made(subject: Subject) -> None:
    wanted = LoopInput(pattern_id=subject.pattern_id, time_window_days=30, min_sample_size=50, significance_level=0.01)
    run = await FeedbackRuns(subject.graph).start(wanted, TESTER)
    assert run == await subject.reads.run(run.run_id)
    assert run.input == wanted.model_copy(update={"correlation_id": TESTER.correlation_id})
    assert (run.control_node_id, run.revision, run.created_by) == (subject.node_id, 1, "tester")
    assert (run.created_at - run.window_start).days == 30
    assert run.stages == dict.fromkeys(Stage, StageStatus.PENDING) | {Stage.COLLECT: StageStatus.RUNNING}


async def test_of_movers_that_saw_the_same_revision_one_moves(subject: Subject) -> None:
    runs = FeedbackRuns(subject.graph)
    run = await subject.start()
    moved = await asyncio.gather(*(runs.move(run, feedback_collected=number + 1) for number in range(5)))
    now = await subject.reads.run(run.run_id)
    assert now.revision == 2
    assert now.updated_at > run.updated_at
    assert moved == [now] * 5


async def test_a_run_that_has_ended_does_not_move(subject: Subject) -> None:
    runs = FeedbackRuns(subject.graph)
    run = await subject.start()
    ended = await runs.complete(run, "enough")
    assert (ended.status, ended.message, ended.completed_at) == (RunStatus.COMPLETED, "enough", ended.updated_at)
    assert await runs.move(ended, stage=Stage.TRACK) == ended
    with pytest.raises(InvalidTransition, match="is completed and cannot become failed"):
        await runs.fail(ended, "too late")


async def test_the_end_of_a_run_lets_the_next_one_start(subject: Subject) -> None:
    runs = FeedbackRuns(subject.graph)
    first = await subject.start()
    with pytest.raises(Conflict, match="still open") as refused:
        await subject.start()
    assert refused.value.id == first.run_id
    await runs.fail(first, "broken")
    second = await subject.start()
    await runs.cancel(second.run_id, TESTER)
    third = await subject.start()
    still_open = {run.run_id: run for run in await subject.reads.open_runs()}
    assert still_open.keys() & {first.run_id, second.run_id, third.run_id} == {third.run_id}
    assert still_open[third.run_id] == third
