"""The background task of the service, on the embedded engine."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from loopgraph.contracts.live import TraceNews
from loopgraph.effects.archive.segments import Archive
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.search import TraceSearch
from loopgraph.orchestrators.archive import housekeeping as module
from loopgraph.orchestrators.archive.housekeeping import Housekeeping
from loopgraph.orchestrators.live.feeds import trace_feed
from loopgraph.orchestrators.live.tail import Tail
from support.retention import counting, long_ago, memory, prompt, remember
from support.waiting import PATIENCE_S, until

DAY = timedelta(days=1)


@pytest.mark.slow
async def test_it_closes_and_prunes_by_itself(graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, begun = new_id(), long_ago()
    await remember(graph, prompt(f"{name}.ended", begun), begun)
    await remember(graph, prompt(f"{name}.silent", begun)[:-1], begun)
    monkeypatch.setattr(module, "_EVERY_S", 0.05)
    age = now() - (begun + DAY)
    keeper = Housekeeping(graph, timeout=age, retention=age, archive=tmp_path, prune_every=DAY, counted=counting(graph))
    running = asyncio.create_task(keeper.run_forever())
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await memory(graph, name):  # noqa: ASYNC110 - what changes is in the database
                await asyncio.sleep(0.1)
    finally:
        running.cancel()
    assert Archive(tmp_path).segments()


@pytest.mark.lengthy
async def test_an_archive_in_use_is_left_alone(graph: Graph, tmp_path: Path) -> None:
    name, begun = new_id(), long_ago()
    await remember(graph, prompt(name, begun), begun)
    before = await memory(graph, name)
    keeper = Housekeeping(
        graph, timeout=None, retention=now() - (begun + DAY), archive=tmp_path, prune_every=DAY, counted=counting(graph)
    )
    with Archive(tmp_path).locked():
        assert await keeper.prune() is None
    assert await memory(graph, name) == before
    report = await keeper.prune()
    assert report is not None
    assert report.deleted["Trace"] == 2
    assert await memory(graph, name) == []


async def test_followers_are_told_of_what_it_closes(graph: Graph, tmp_path: Path) -> None:
    name, begun = new_id(), long_ago()
    await remember(graph, prompt(name, begun)[:-1], begun)
    feed = trace_feed(Tail(graph, 20), TraceSearch(graph))
    keeper = Housekeeping(
        graph,
        timeout=now() - (begun + DAY),
        retention=None,
        archive=tmp_path,
        prune_every=DAY,
        counted=counting(graph),
    )
    updates = feed.updates(lambda trace: trace.correlation_id == name)
    following = asyncio.ensure_future(anext(updates))
    await until(lambda: feed.subscribers == 1)
    assert await keeper.close_silent() >= 1
    async with asyncio.timeout(PATIENCE_S):
        update = await following
    await updates.aclose()
    assert update.named == TraceNews("complete", name, None)
    assert update.thing is not None
    assert update.thing.closed_by == "timeout"
