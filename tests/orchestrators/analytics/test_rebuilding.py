"""Whatever happened in whatever order, buckets hold what is counted of it from nothing, to the byte."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from loopgraph.computes.definitions.choice import choose
from loopgraph.computes.success.own import OwnCriteria
from loopgraph.contracts.analytics.subjects import EVERYTHING
from loopgraph.contracts.analytics.windows import Window
from loopgraph.contracts.traces.events import EndpointCalled
from loopgraph.effects.archive.retention import Retention
from loopgraph.effects.archive.segments import Archive
from loopgraph.effects.clock import new_id, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.prices import TracePrices
from loopgraph.effects.traces.recording.timeouts import TraceTimeouts
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.effects.usage.rounds import Rounds
from loopgraph.errors import GraphContended, UserError
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.rebuilding import Rebuilding, Rebuilt
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.orchestrators.archive.pruning import Pruning
from loopgraph.orchestrators.archive.restoration import restore
from loopgraph.orchestrators.traces.uses import UseLinker
from support.engines import EngineUnderTest
from support.quick import first_quick
from support.retention import forget_older, long_ago, prompt, remember
from support.traces import make_version, statement
from support.usage import Rows, Work, come_to, own_day, stored

JUDGE = OwnCriteria().judge


async def tell(graph: Graph, work: Work, chance: random.Random) -> None:
    """Two writers tell of it in parts, while two others count."""
    events = work.events()
    parts = [events[start : start + 7] for start in range(0, len(events), 7)]
    writers = [TraceWrites(graph, choosing=choose) for _ in range(2)]
    rollers = [Rolling(graph, JUDGE) for _ in range(2)]
    done = asyncio.Event()

    async def write(writer: TraceWrites, mine: list[list[object]]) -> None:
        left = list(mine)
        while left:
            try:
                outcomes = await writer.record(left[0], received_at=work.day)  # type: ignore[arg-type]
            except GraphContended:  # senders try again, too
                continue
            assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]
            left.pop(0)

    async def count(rolling: Rolling) -> None:
        while not done.is_set():
            await rolling.caught_up(0)
            await asyncio.sleep(chance.random() / 50)

    counting = [asyncio.create_task(count(rolling)) for rolling in rollers]
    await asyncio.gather(*(write(writer, parts[place::2]) for place, writer in enumerate(writers)))  # type: ignore[arg-type]
    done.set()
    await asyncio.gather(*counting)


async def rebuilt(graph: Graph) -> Rebuilt:
    return [done async for done in Rebuilding(Rounds(graph), Rolling(graph, JUDGE)).run()][-1]


async def expect_other(graph: Graph, work: Work, rolling: Rolling, before: Rows) -> Rows:
    """What is in the buckets now, which is no longer what was in them."""
    await rolling.count_all()
    after = await stored(graph, work.day)
    assert after != before
    assert after == await come_to(graph, work.traces, JUDGE)
    return after


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "steps"), first_quick([(0, 20_000), (1, 100), (2, 1)]))
async def test_any_interleaving_of_two_writers_and_two_rollers(
    graph: Graph, seed: int, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopgraph.orchestrators.analytics.rolling.STEPS", steps)
    chance = random.Random(seed)
    work = Work(own_day(), chance)
    await work.define(graph)
    await tell(graph, work, chance)
    rolling = Rolling(graph, JUDGE)
    await rolling.count_all()
    found = await stored(graph, work.day)
    assert found == await come_to(graph, work.traces, JUDGE)
    assert any("|pattern_version|" in key for key in found)
    # What else changes what was counted: a folder, prices, an end that nobody tells, a better version.
    await TraceWrites(graph, choosing=choose).record([work.folder(f"{work.mark}.s1")], received_at=work.day)
    found = await expect_other(graph, work, rolling, found)
    async for _ in TracePrices(graph, lambda usage: 0.5).recompute():
        pass
    found = await expect_other(graph, work, rolling, found)
    # Its page begins with the day's own traces: others that are open would fill it.
    await TraceTimeouts(graph).close_silent(work.day + timedelta(days=2), after=time_key(work.day, ""))
    await expect_other(graph, work, rolling, found)
    await UseLinker(graph, choose).look()
    await rolling.count_all()
    assert await stored(graph, work.day) == await come_to(graph, work.traces, JUDGE)


@pytest.mark.slow
async def test_what_was_lost_or_spoilt_is_rebuilt_to_the_same_bytes(graph: Graph) -> None:
    chance = random.Random(7)
    work = Work(own_day(), chance)
    await work.define(graph)
    await tell(graph, work, chance)
    rolling = Rolling(graph, JUDGE)
    await rolling.count_all()
    before = await stored(graph, work.day)
    ids = sorted(work.traces)
    await statement(graph, "MATCH (c:CountedTrace) WHERE c.correlation_id IN $ids DELETE c", ids=ids[::2])
    lost, spoilt, kept = sorted(before)[:4], sorted(before)[4:8], "UsageBucket"
    await statement(graph, f"MATCH (b:{kept}) WHERE b.bucket_key IN $keys DELETE b", keys=lost)
    await statement(
        graph, f"MATCH (b:{kept}) WHERE b.bucket_key IN $keys SET b.executions = 0, b.sums = '{{}}'", keys=spoilt
    )
    assert await rolling.miscounted(ids) == ids[::2]
    window, buckets = Window(since=work.day, until=work.day + timedelta(days=1)), Buckets(UsageReads(graph), rolling)

    async def executions() -> int:
        await buckets.basis(window, None)
        return (await buckets.sums([EVERYTHING], window))[EVERYTHING].executions

    remembered = await executions()
    done = await rebuilt(graph)
    assert done.recounted >= len(ids[::2])
    assert done.mended >= len(lost) + len(spoilt)
    assert await stored(graph, work.day) == before
    [everything] = [row["executions"] for key, row in before.items() if key.startswith("d|all|")]
    assert await executions() == everything != remembered, "what is mended is not remembered as it was"
    done = await rebuilt(graph)
    assert done.recounted == done.mended == 0


@pytest.mark.slow
async def test_what_is_pruned_stays_counted_and_what_is_restored_counts_once(graph: Graph, tmp_path: Path) -> None:
    await forget_older(graph)
    name, begun, node_id = new_id(), long_ago(), await make_version(graph)
    await remember(graph, prompt(name, begun, node_id=node_id), begun)
    rolling, day = Rolling(graph, None), begun.replace(hour=0, minute=0, second=0, microsecond=0)
    archive, month = Archive(tmp_path), timedelta(days=30)
    uncounted = await Pruning(Retention(graph), archive, begun + month).run()
    assert "Trace" not in uncounted.deleted, "what is not counted yet is not pruned"
    pruned = await Pruning(Retention(graph), archive, begun + month, counted=rolling.count_all).run()
    assert pruned.deleted["Trace"] == 2
    before = await stored(graph, day)
    assert before
    await rolling.count_all()
    await rebuilt(graph)
    assert await stored(graph, day) == before
    await restore(Retention(graph), [tmp_path])
    await rolling.count_all()
    assert await stored(graph, day) == before
    again = await Pruning(Retention(graph), archive, begun + month, counted=rolling.count_all).run()
    assert again.deleted["Trace"] == 2
    late = EndpointCalled(
        correlation_id=name,
        call_id=f"{name}.late",
        service_name="late",
        endpoint_path="/v1",
        timestamp=begun,
        success=True,
    )
    await remember(graph, [late], begun)
    await rolling.count_all()
    more = await stored(graph, day)
    assert {key: row for key, row in more.items() if "|late|" not in key and "|all|" not in key} == {
        key: row for key, row in before.items() if "|all|" not in key
    }, "what is told late is counted beside what was pruned"
    assert any("|endpoint|late|" in key for key in more)
    await rebuilt(graph)
    assert await stored(graph, day) == more
    await restore(Retention(graph), [tmp_path])
    await rolling.count_all()
    assert await stored(graph, day) == await come_to(graph, [name, f"{name}.agent"], None) != before


COUNT = """
import asyncio, sys
from loopgraph.effects.graph.client import Graph
from loopgraph.orchestrators.analytics import rolling
from loopgraph.settings import Settings
from loopgraph.computes.success.own import OwnCriteria

async def count():
    rolling.MARKS = 3
    async with Graph.open(Settings()) as graph:
        roller = rolling.Rolling(graph, OwnCriteria().judge)
        print("begun", flush=True)
        await roller.count_all()

asyncio.run(count())
"""


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_a_roller_that_is_killed_leaves_nothing_half_done(graph: Graph, engine: EngineUnderTest) -> None:
    chance = random.Random(3)
    work = Work(own_day(), chance)
    await work.define(graph)
    await TraceWrites(graph, choosing=choose).record(work.events(), received_at=work.day)
    environment = {
        **os.environ, "LOOPGRAPH_GRAPH_URL": engine.url, "LOOPGRAPH_GRAPH_USER": engine.user,
        "LOOPGRAPH_GRAPH_PASSWORD": engine.password, **({"LOOPGRAPH_GRAPH_DATABASE": engine.database} if engine.database else {}),
    }  # fmt: skip
    rounds = Rounds(graph)
    for _ in range(3):
        process = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-c", COUNT], env=environment, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        await asyncio.to_thread(process.stdout.readline)
        first = (await rounds.current()).round
        while process.poll() is None and (await rounds.current()).round < first + 2:  # noqa: ASYNC110 - another process counts
            await asyncio.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
    await Rolling(graph, JUDGE).count_all()
    assert await stored(graph, work.day) == await come_to(graph, work.traces, JUDGE)
