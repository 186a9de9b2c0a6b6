"""Several workers on one graph: no run is computed twice, and a run that was left goes to another."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from conftest import settings_for
from loopgraph.contracts.loop.feedback import FeedbackRun, RunStatus, Stage
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.leases import Leases
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from loopgraph.orchestrators.loop.worker import LoopWorker
from support import waiting
from support.command import settings_of
from support.engines import EngineUnderTest
from support.feedback import TESTER, Subject, make_subject
from support.waiting import PATIENCE_S

NEVER_MS = 600_000
OFTEN_MS = 20
RUNS = 12
SHORT = timedelta(milliseconds=1)

WORKER = """
import asyncio, sys
from datetime import timedelta
from loopgraph.effects.graph.client import Graph
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from loopgraph.orchestrators.loop.worker import LoopWorker
from loopgraph.settings import Settings

async def stands_still(self, run):
    print("holds", run.run_id, flush=True)
    await asyncio.sleep(3600)

FeedbackLoop._analyze = stands_still

async def main():
    async with Graph.open(Settings()) as graph:
        await LoopWorker(graph, 20, lease=timedelta(seconds=float(sys.argv[1]))).run_forever()

asyncio.run(main())
"""
"""A worker that does not get past its second step."""


@contextmanager
def worker_process(engine: EngineUnderTest, lease_s: float) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(lease_s)],
        env={**settings_of(engine), "PYTHONPATH": str(Path(__file__).parents[3] / "app")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE_S)


async def started(graph: Graph, many: int) -> list[tuple[Subject, FeedbackRun]]:
    subjects = [await make_subject(graph) for _ in range(many)]
    for subject in subjects:
        await subject.record(subject.node_id, [10.0, 20.0])
    return [(subject, await subject.start()) for subject in subjects]


async def runs_of(graph: Graph, begun: list[tuple[Subject, FeedbackRun]]) -> list[FeedbackRun]:
    return [await subject.reads.run(run.run_id) for subject, run in begun]


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


@pytest.mark.lengthy
async def test_workers_of_two_processes_compute_no_step_twice(
    graph: Graph, engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, steps = FeedbackLoop.step, Counter[str]()

    async def counted(loop: FeedbackLoop, run: FeedbackRun) -> FeedbackRun:
        steps[run.run_id] += 1
        return await step(loop, run)

    monkeypatch.setattr(FeedbackLoop, "step", counted)
    async with Graph.open(settings_for(engine)) as other:
        begun = await started(graph, RUNS)
        await asyncio.gather(*(LoopWorker(one, NEVER_MS).look() for one in (graph, other)))
        ended = await runs_of(graph, begun)
    assert {run.status for run in ended} == {RunStatus.COMPLETED}
    assert {run.run_id: steps[run.run_id] for run in ended} == {run.run_id: run.revision - 1 for run in ended}


async def test_of_two_workers_one_gets_a_run(subject: Subject) -> None:
    run = await subject.start()
    first, second = Leases(subject.graph), Leases(subject.graph)
    taken = await asyncio.gather(first.take(run.run_id), second.take(run.run_id))
    [held] = [one for one in taken if one is not None]
    assert held.leased_by in (first.owner, second.owner)
    assert held.revision == run.revision
    winner, loser = (first, second) if held.leased_by == first.owner else (second, first)
    assert await loser.take(run.run_id) is None
    assert loser.elsewhere(held)
    assert not winner.elsewhere(held)
    assert await winner.keep(held) == held
    await loser.release([run.run_id])
    assert await loser.take(run.run_id) is None
    await winner.release([run.run_id])
    assert await loser.take(run.run_id) is not None


async def test_a_lease_that_has_run_out_is_anothers(subject: Subject) -> None:
    run = await subject.start()
    gone, other = Leases(subject.graph, SHORT), Leases(subject.graph)
    held = await gone.take(run.run_id)
    assert held is not None
    assert held.leased_until is not None
    await waiting.until(lambda: now() > held.leased_until)  # type: ignore[operator]
    assert await other.take(run.run_id) is not None
    assert await gone.keep(held) is None


async def test_a_lease_is_renewed_when_half_of_it_has_passed(subject: Subject) -> None:
    run = await subject.start()
    leases = Leases(subject.graph, timedelta(hours=1))
    held = await leases.take(run.run_id)
    assert held is not None
    old = held.model_copy(update={"leased_until": now() + timedelta(minutes=1)})
    kept = await leases.keep(old)
    assert kept is not None
    assert kept.leased_at == held.leased_at
    assert kept.leased_until is not None
    assert kept.leased_until - now() > timedelta(minutes=30)


@pytest.mark.lengthy
async def test_a_run_that_waits_or_has_ended_is_leased_to_nobody(subject: Subject) -> None:
    improvement = await subject.propose()
    run = await subject.start()
    worker = LoopWorker(subject.graph, NEVER_MS)
    await worker.look()
    held = await subject.reads.run(run.run_id)
    assert (held.status, held.leased_by, held.leased_until) == (RunStatus.WAITING, None, None)
    await subject.work(60, {subject.node_id: 100.0, improvement.candidate_node_id: 80.0})
    await worker.look()
    ended = await subject.reads.run(run.run_id)
    assert (ended.status, ended.leased_by, ended.leased_until) == (RunStatus.COMPLETED, None, None)


async def test_a_worker_that_is_stopped_gives_its_runs_back(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    holds, analyze, run = asyncio.Event(), FeedbackLoop._analyze, await subject.start()

    async def stands_still(loop: FeedbackLoop, one: FeedbackRun) -> FeedbackRun:
        if one.run_id == run.run_id:
            holds.set()
            await asyncio.Event().wait()
        return await analyze(loop, one)

    monkeypatch.setattr(FeedbackLoop, "_analyze", stands_still)
    task = asyncio.create_task(LoopWorker(subject.graph, NEVER_MS).run_forever())
    async with asyncio.timeout(PATIENCE_S):
        await holds.wait()
    assert (await subject.reads.run(run.run_id)).leased_by is not None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    left = await subject.reads.run(run.run_id)
    assert (left.leased_by, left.stage) == (None, Stage.ANALYZE)


@pytest.mark.lengthy
async def test_a_run_that_takes_long_holds_up_no_other(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    analyze, run = FeedbackLoop._analyze, await subject.start()

    async def slow(loop: FeedbackLoop, one: FeedbackRun) -> FeedbackRun:
        if one.run_id == run.run_id:
            await asyncio.Event().wait()
        return await analyze(loop, one)

    monkeypatch.setattr(FeedbackLoop, "_analyze", slow)
    other = await make_subject(subject.graph)
    worker = LoopWorker(subject.graph, OFTEN_MS, at_once=2)
    task = asyncio.create_task(worker.run_forever())
    try:
        for _ in range(3):
            begun = await other.start()
            await waiting.until(lambda begun=begun: ended(other, begun))  # type: ignore[misc]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ended(subject: Subject, run: FeedbackRun) -> bool:
    return not (await subject.reads.run(run.run_id)).status.open


async def test_a_worker_of_no_runs_leaves_them_to_others(subject: Subject) -> None:
    run = await subject.start()
    await LoopWorker(subject.graph, NEVER_MS, at_once=0).look()
    assert await subject.reads.run(run.run_id) == run


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_the_runs_of_a_killed_process_go_on_elsewhere(subject: Subject, engine: EngineUnderTest) -> None:
    run = await subject.start()
    with worker_process(engine, 2.0) as process:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while f"holds {run.run_id}" not in await asyncio.to_thread(process.stdout.readline):
                assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    held = await subject.reads.run(run.run_id)
    assert held.leased_by is not None
    worker = LoopWorker(subject.graph, OFTEN_MS)
    task = asyncio.create_task(worker.run_forever())
    try:
        await waiting.until(lambda: ended(subject, run))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert (await subject.reads.run(run.run_id)).status is RunStatus.COMPLETED


@pytest.mark.lengthy
async def test_a_run_that_was_cancelled_while_a_worker_is_at_it_stays_cancelled(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyze, run = FeedbackLoop._analyze, await subject.start()

    async def cancelled_meanwhile(loop: FeedbackLoop, one: FeedbackRun) -> FeedbackRun:
        if one.run_id == run.run_id:
            await loop.cancel(one.run_id, TESTER)
        return await analyze(loop, one)

    monkeypatch.setattr(FeedbackLoop, "_analyze", cancelled_meanwhile)
    await LoopWorker(subject.graph, NEVER_MS).look()
    left = await subject.reads.run(run.run_id)
    assert (left.status, left.stage, left.leased_by) == (RunStatus.CANCELLED, Stage.ANALYZE, None)
