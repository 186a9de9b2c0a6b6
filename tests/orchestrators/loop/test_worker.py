"""The background task that advances runs, on real engines."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from conftest import settings_for
from loopgraph.contracts.audit import EventFilter, EventType
from loopgraph.contracts.base import Page
from loopgraph.contracts.loop.feedback import FeedbackRun, ImprovementStatus, RunStatus
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.errors import NotFound
from loopgraph.orchestrators.live.runs import RunFeed
from loopgraph.orchestrators.live.tail import Tail
from loopgraph.orchestrators.loop.worker import TRIES, LoopWorker
from support import waiting
from support.engines import EngineUnderTest
from support.feedback import TESTER, Subject, make_subject
from support.waiting import PATIENCE_S

NEVER_MS = 600_000
OFTEN_MS = 20


@contextlib.asynccontextmanager
async def running(worker: LoopWorker) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(worker.run_forever())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def runs(graph: Graph) -> RunFeed:
    """Runs as they move."""
    return RunFeed(Tail(graph, OFTEN_MS), FeedbackReads(graph))


async def until(subject: Subject, run: FeedbackRun, status: RunStatus) -> FeedbackRun:
    async with asyncio.timeout(PATIENCE_S):
        async for update in runs(subject.graph).updates(run.run_id):
            if update.status is status:
                return update
    raise AssertionError(f"the run ended as {update.status}")


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


@pytest.mark.lengthy
async def test_the_worker_carries_a_run_to_its_end(subject: Subject) -> None:
    improvement = await subject.propose()
    async with running(LoopWorker(subject.graph, OFTEN_MS)):
        run = await until(subject, await subject.start(), RunStatus.WAITING)
        await subject.work(60, {subject.node_id: 100.0, improvement.candidate_node_id: 80.0})
        run = await until(subject, run, RunStatus.COMPLETED)
    assert run.improvements_applied == 1


@pytest.mark.lengthy
async def test_a_poke_wakes_the_worker(subject: Subject) -> None:
    worker = LoopWorker(subject.graph, NEVER_MS)
    async with running(worker):
        await waiting.until(lambda: worker.looks == 1)
        run = await subject.start()
        worker.poke()
        await until(subject, run, RunStatus.COMPLETED)


@pytest.mark.lengthy
async def test_a_run_that_cannot_go_on_fails_alone(subject: Subject) -> None:
    improvement = await subject.propose()
    broken = await subject.advance(await subject.start())
    # The only version in use is taken out of use: there is nothing left to compare the candidate with.
    await Lineage(subject.graph).deprecate(subject.node_id, "outdated", None, TESTER)
    sound = await make_subject(subject.graph)
    run = await sound.start()
    worker = LoopWorker(subject.graph, NEVER_MS)
    await worker.look()
    assert (await sound.reads.run(run.run_id)).status is RunStatus.COMPLETED
    for _ in range(TRIES - 1):
        assert (await subject.reads.run(broken.run_id)).status.open
        await worker.look()
    failed = await subject.reads.run(broken.run_id)
    assert failed.status is RunStatus.FAILED
    assert failed.message is not None
    assert "has no current version any more" in failed.message
    assert (await subject.reads.improvement(improvement.improvement_id)).status is ImprovementStatus.PROPOSED
    found = await Events(subject.graph).page(
        EventFilter(
            pattern_id=subject.pattern_id, event_types=frozenset({EventType.FEEDBACK_RUN_FAILED}), severities=None
        ),
        Page(first=10),
    )
    assert [event.severity.value for event in found.events] == ["error"]


async def test_the_worker_outlives_a_graph_that_does_not_answer(engine: EngineUnderTest) -> None:
    async with Graph.open(settings_for(engine)) as closed:
        pass
    worker = LoopWorker(closed, OFTEN_MS)
    async with running(worker) as task:
        await waiting.until(lambda: worker.looks >= 3 or task.done())
        assert not task.done()


@pytest.mark.lengthy
async def test_updates_show_every_state_that_is_seen_until_the_run_ends(subject: Subject) -> None:
    improvement = await subject.propose()
    run = await subject.start()
    worker = LoopWorker(subject.graph, OFTEN_MS)
    seen = []
    async with asyncio.timeout(PATIENCE_S):
        async for update in runs(subject.graph).updates(run.run_id):
            seen.append(update)
            if update.status is RunStatus.WAITING and len(seen) == 2:
                await subject.work(60, {subject.node_id: 100.0, improvement.candidate_node_id: 80.0})
            await worker.look()
    assert seen[0] == run
    assert [update.status for update in seen] == [RunStatus.RUNNING, RunStatus.WAITING, RunStatus.COMPLETED]
    assert [update async for update in runs(subject.graph).updates(run.run_id)] == seen[-1:]


async def test_updates_of_an_unknown_run_are_refused(graph: Graph) -> None:
    with pytest.raises(NotFound):
        await anext(runs(graph).updates("nothing-here"))
