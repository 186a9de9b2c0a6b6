"""What is said of a graph is what was seen of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from loopgraph.assets import Access
from loopgraph.effects.graph import health as module
from loopgraph.effects.graph.deadline import Deadline
from loopgraph.effects.graph.health import Health
from loopgraph.errors import (
    GraphContended,
    GraphFault,
    GraphFull,
    GraphTimeout,
    GraphUnavailable,
    LoopgraphError,
)
from support import waiting

AWAY = GraphUnavailable("away")


class Seen:
    """A graph that answers and stores, or not."""

    def __init__(self) -> None:
        self.answers: LoopgraphError | None = None
        self.stores: LoopgraphError | None = None
        self.hangs = False
        self.space: str | None = None
        self.pings = self.writes = 0
        self.health = Health(self.ping, self.write, lambda logged: self.space)

    async def ping(self) -> float:
        self.pings += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.answers:
            raise self.answers
        return 0.5

    async def write(self) -> None:
        self.writes += 1
        if self.stores:
            self.health.failed(self.stores, Access.WRITE)
            raise self.stores
        self.health.worked(Access.WRITE)


async def test_it_is_ready_only_after_it_was_seen_to_store() -> None:
    seen = Seen()
    assert await seen.health.ready() == 0.5
    assert await seen.health.ready() == 0.5
    assert (seen.pings, seen.writes) == (2, 1), "a write proves it for a while"


@pytest.mark.parametrize(
    "error", [GraphFull("full"), GraphContended("busy"), GraphTimeout("slow"), GraphFault("odd"), AWAY]
)
async def test_a_write_that_failed_counts_until_one_succeeds(error: LoopgraphError) -> None:
    seen = Seen()
    await seen.health.ready()
    seen.health.failed(error, Access.WRITE)
    seen.health.worked(Access.READ)
    seen.stores = error
    for _ in range(2):
        with pytest.raises(type(error)):
            await seen.health.ready()
    seen.stores = None
    await seen.health.ready()
    assert seen.health.trouble is None


async def test_no_space_is_seen_before_a_write_fails() -> None:
    seen = Seen()
    await seen.health.ready()
    seen.space = "no space left on the disk of /x: 0 bytes are free"
    for question in (seen.health.ready, seen.health.prove):
        with pytest.raises(GraphFull, match="no space left on the disk of /x"):
            await question()
    seen.space = None
    await seen.health.ready()


async def test_slow_is_not_away_and_what_passes_is_no_trouble() -> None:
    seen = Seen()
    for passing in (GraphContended("busy"), GraphTimeout("slow"), GraphFault("odd")):
        seen.health.failed(passing, Access.WRITE)
    assert await seen.health.away() is None
    seen.health.failed(AWAY, Access.WRITE)
    assert await seen.health.away() is AWAY
    seen.health.worked(Access.WRITE)
    assert await seen.health.away() is None
    seen.answers = AWAY
    assert await seen.health.away() is AWAY


async def test_a_graph_that_does_not_answer_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_S", 0.02)
    monkeypatch.setattr(module, "_ANSWER_S", 0.02)
    monkeypatch.setattr(module, "PATIENCE_S", 0.02)
    seen = Seen()
    seen.hangs = True
    with pytest.raises(GraphUnavailable, match=r"has not answered for 0\.02 s"):
        await seen.health.ready()
    stopped = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    with pytest.raises(GraphUnavailable, match="has not answered"):
        await seen.health.patiently(work())
    async with asyncio.timeout(waiting.PATIENCE_S):
        await stopped.wait()


async def test_patience_is_for_as_long_as_the_graph_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    seen = Seen()

    async def work() -> Any:
        while seen.pings < 3:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)
        return "done"

    assert await seen.health.patiently(work()) == "done"

    async def wrong() -> None:
        raise LookupError("its own")

    with pytest.raises(LookupError, match="its own"):
        await seen.health.patiently(wrong())


async def until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(waiting.PATIENCE_S):
        while not check():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_S", 0.02)
    monkeypatch.setattr(module, "PATIENCE_S", 0.02)


@pytest.mark.usefixtures("hasty")
async def test_who_waits_learns_how_long_the_graph_was_away_though_it_is_back() -> None:
    seen, deadline = Seen(), Deadline(0.0)
    seen.hangs = True
    with seen.health.watching(deadline), deadline.asking():
        await until(lambda: deadline.away_s > 0.2)
        assert deadline.away_s <= deadline.unanswered_s
        seen.hangs = False
        known = seen.pings
        await until(lambda: seen.pings >= known + 3)  # of which the first had perhaps begun before
        away_s = deadline.away_s
        known = seen.pings
        await until(lambda: seen.pings >= known + 3)
        assert deadline.away_s == away_s
    assert isinstance(deadline.away, GraphUnavailable)
    assert "has not answered for" in str(deadline.away)


@pytest.mark.usefixtures("hasty")
async def test_a_graph_that_takes_long_for_one_answer_is_not_away() -> None:
    seen, deadline = Seen(), Deadline(0.0)
    with seen.health.watching(deadline), deadline.asking():
        await until(lambda: seen.pings > 3)
    assert (deadline.away_s, deadline.away) == (0.0, None)


@pytest.mark.usefixtures("hasty")
async def test_those_who_look_at_once_look_together() -> None:
    seen = Seen()
    seen.hangs = True
    first, second = await asyncio.gather(seen.health.away(), seen.health.away(30.0))
    assert seen.pings == 1
    assert "has not answered for 0.02 s" in str(first)
    assert "has not answered for 30 s" in str(second), "as it was for each of them"
    seen.hangs = False
    assert await seen.health.away() is None
