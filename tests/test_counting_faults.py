"""Counting while the graph fails in every way: nothing is lost, nothing counts twice, and whoever asks is told what is wrong.

A commit of which it is not known whether it came about is put in behind the commit, all other failures before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from neo4j import exceptions as failures

from conftest import settings_for
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.windows import Grain, Window
from loopgraph.contracts.traces.events import TraceCompleted, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.errors import judge
from loopgraph.effects.schema import schema
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.effects.usage.rounds import Rounds
from loopgraph.errors import Blame, LoopgraphError
from loopgraph.orchestrators.analytics import rolling as module
from loopgraph.orchestrators.analytics.rebuilding import Rebuilding
from loopgraph.orchestrators.analytics.rolling import Rolling
from support.engines import EngineUnderTest
from support.faults import ROWS, Faults, each, put_into
from support.quick import first_quick
from support.traces import NOON, at, record
from support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.slow

HOUR = NOON.replace(minute=0, second=0, microsecond=0)
DAY = Window(since=HOUR.replace(hour=0), until=HOUR.replace(hour=23))
EVERY = each(*Blame)


class Bench:
    """A graph that can be made to fail, and one user's traces in it."""

    def __init__(self, graph: Graph, faults: Faults) -> None:
        self.graph, self.faults, self.rolling = graph, faults, Rolling(graph, None)
        self.user = Subject(SubjectKind.USER, f"user {new_id()}")
        self.traces = [new_id() for _ in range(3)]

    async def begin(self) -> None:
        starts = [TraceStarted(correlation_id=id_, timestamp=at(0), user_id=self.user.name) for id_ in self.traces]
        await record(TraceWrites(self.graph), *starts)

    async def end(self) -> None:
        ends = [
            TraceCompleted(correlation_id=id_, timestamp=at(1), success=True, duration_ms=100.0) for id_ in self.traces
        ]
        await record(TraceWrites(self.graph), *ends)

    async def counted(self) -> tuple[int, int, int]:
        sums = (await UsageReads(self.graph).sums([self.user], DAY, Grain.HOUR))[self.user]
        return sums.executions, sums.successes, sums.duration.total


@pytest.fixture(scope="module")
async def failing(embedded_engine: EngineUnderTest) -> AsyncIterator[tuple[Graph, Faults]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loopgraph.effects.graph.client.RETRY_S", 0.01)
        patch.setattr("loopgraph.effects.graph.client._RACES", 2)
        async with Graph.open(settings_for(embedded_engine)) as graph:
            await schema.prepare(graph)
            await Rolling(graph, None).count_all()
            yield graph, put_into(graph)


@pytest.fixture
def bench(failing: tuple[Graph, Faults]) -> Bench:
    return Bench(*failing)


async def settled(bench: Bench) -> None:
    """Counts all: what waited behind the last transaction that failed may be told of that once more."""

    async def done() -> bool:
        try:
            return await bench.rolling.caught_up(PATIENCE_S) == 0
        except LoopgraphError:
            return False

    async with asyncio.timeout(PATIENCE_S):
        while not await done():  # noqa: ASYNC110 - what is waited for is in the graph
            await asyncio.sleep(0.02)


@EVERY
@pytest.mark.parametrize("writes_only", [True, False], ids=["writes", "reads"])
async def test_what_could_not_be_counted_is_counted_later_once(
    bench: Bench, error: BaseException, writes_only: bool
) -> None:
    await bench.begin()
    await settled(bench)
    assert await bench.counted() == (3, 0, 0)
    await bench.end()
    with bench.faults.failing(error, writes_only=writes_only), pytest.raises(LoopgraphError) as told:
        await bench.rolling.caught_up(PATIENCE_S)
    assert told.value.blame is judge(error).makes.blame
    assert await bench.counted() == (3, 0, 0)
    await settled(bench)
    assert await bench.counted() == (3, 3, 300_000)


async def test_a_round_of_which_it_is_not_known_whether_it_was_committed_counts_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Rounds.write
    lost: list[bool] = []

    async def unanswered(rounds: Rounds, *round_and_change: Any) -> bool:
        done = await write(rounds, *round_and_change)
        if not lost:
            lost.append(done)
            raise judge(failures.IncompleteCommit("connection lost during the commit")).makes("the answer was lost")
        return done

    await bench.begin()
    monkeypatch.setattr(Rounds, "write", unanswered)
    with pytest.raises(LoopgraphError):
        await bench.rolling.caught_up(PATIENCE_S)
    assert lost == [True]
    await bench.end()
    await settled(bench)
    assert await bench.counted() == (3, 3, 300_000)


async def test_the_counting_in_the_background_goes_on_when_the_graph_is_there_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAST_S", 0.01)
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    monkeypatch.setattr(module, "REST", 0)
    monkeypatch.setattr("loopgraph.computes.analytics.waiting.QUIET_MS", 0)
    await bench.begin()
    counting = asyncio.create_task(bench.rolling.run_forever())
    try:
        with bench.faults.failing(failures.ServiceUnavailable("away"), writes_only=False):
            await until(lambda: bench.faults.attempts > 5)
            assert not counting.done()
        async with asyncio.timeout(PATIENCE_S):
            while await bench.counted() != (3, 0, 0):  # noqa: ASYNC110 - what is waited for is in the graph
                await asyncio.sleep(0.02)
    finally:
        counting.cancel()


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "error", first_quick([error for _, error in ROWS if judge(error).makes.blame is Blame.GRAPH][:6])
)
async def test_a_rebuild_that_is_cut_off_leaves_what_counts_right(bench: Bench, error: BaseException) -> None:
    await bench.begin()
    await bench.end()
    await settled(bench)
    rebuilding = Rebuilding(Rounds(bench.graph), bench.rolling)
    _ = [done async for done in rebuilding.run()]  # what other tests have counted by other criteria
    with bench.faults.failing(error), pytest.raises(LoopgraphError):
        _ = [done async for done in rebuilding.run()]
    assert await bench.counted() == (3, 3, 300_000)
    [*_, last] = [done async for done in Rebuilding(Rounds(bench.graph), bench.rolling).run()]
    assert (last.recounted, last.mended) == (0, 0)
    assert await bench.counted() == (3, 3, 300_000)
