"""Following traces within a process, on every engine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

import pytest

from loopgraph.contracts.base import Principal
from loopgraph.contracts.trace_updates import TraceUpdate, TraceUpdateFilter
from loopgraph.contracts.traces import HookExecuted, RoutingDecided, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.search import TraceSearch
from loopgraph.errors import GraphUnavailable
from loopgraph.orchestrators.recording import feed as trace_feed
from loopgraph.orchestrators.recording.feed import TraceFeed
from support.traces import Traces, record
from support.waiting import PATIENCE_S, until


@pytest.fixture
def feed(graph: Graph) -> TraceFeed:
    return TraceFeed(TraceSearch(graph))


@pytest.fixture
def traces(graph: Graph) -> Traces:
    return Traces(graph)


class Follower:
    """Follows traces from the moment it is made."""

    def __init__(self, feed: TraceFeed, principal: Principal | None = None, **filter: Any) -> None:
        self._updates = feed.updates(TraceUpdateFilter(**filter), principal)
        self._next = asyncio.ensure_future(anext(self._updates))

    async def next(self) -> TraceUpdate:
        update = await asyncio.wait_for(self._next, PATIENCE_S)
        self._next = asyncio.ensure_future(anext(self._updates))
        return update

    async def kinds(self, count: int) -> list[str]:
        return [(await self.next()).kind for _ in range(count)]

    async def close(self) -> None:
        self._next.cancel()
        await asyncio.wait([self._next])
        await self._updates.aclose()


async def following(feed: TraceFeed, *followers: Follower) -> None:
    """Waits until they do."""
    await until(lambda: feed.subscribers == len(followers))


async def test_everybody_is_told_what_they_follow(feed: TraceFeed, traces: Traces) -> None:
    session = new_id()
    mine, hers = f"{session}-mine", f"{session}-hers"
    everything, one, agent, ended, me = followers = (
        Follower(feed, session_id=session),
        Follower(feed, correlation_id=mine),
        Follower(feed, agent="tester", session_id=session),
        Follower(feed, status=[TraceStatus.ERROR], session_id=session),
        Follower(feed, Principal(subject="me"), session_id=session),
    )
    await following(feed, *followers)

    async def told(*events: Any) -> list[TraceUpdate]:
        """What the follower of everything is told of events; each is told before the next is recorded."""
        recorded = await record(traces, *events)
        feed.publish(recorded)
        return [await everything.next() for item in recorded if not item.repeated]

    start = TraceStarted(correlation_id=mine, session_id=session, user_id="me")
    updates = await told(start, TraceStarted(correlation_id=hers, session_id=session, user_id="her"))
    assert {update.trace.correlation_id for update in updates} == {mine, hers}
    assert await told(start) == []
    [update] = await told(
        HookExecuted(correlation_id=mine, execution_id=f"{mine}-hook", hook_type="Stop", success=True)
    )
    assert (update.kind, update.execution_id, update.trace.correlation_id) == ("hook", f"{mine}-hook", mine)
    await told(RoutingDecided(correlation_id=hers, selected_agent="tester"))
    await told(TraceCompleted(correlation_id=hers, success=False))
    await told(TraceCompleted(correlation_id=mine, success=True))

    assert await one.kinds(3) == await me.kinds(3) == ["start", "hook", "complete"]
    assert await agent.kinds(2) == ["routing", "complete"]
    update = await ended.next()
    assert (update.kind, update.trace.status, update.missed) == ("complete", TraceStatus.ERROR, 0)
    for follower in followers:
        await follower.close()
    assert feed.subscribers == 0


async def test_a_slow_follower_is_told_what_it_missed(
    feed: TraceFeed, traces: Traces, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_feed, "QUEUE", 3)
    trace = new_id()
    recorded = await record(
        traces,
        *(HookExecuted(correlation_id=trace, execution_id=f"{trace}-{n}", hook_type="Stop", success=True) for n in range(10)),
    )  # fmt: skip
    before = graph.statements
    feed.publish(recorded)  # nobody follows: nothing is read
    assert feed._spreading is None
    assert graph.statements == before

    slow = Follower(feed, correlation_id=trace)
    await following(feed, slow)
    feed.publish(recorded)
    first = await slow.next()
    assert graph.statements - before == 1  # however many events
    rest = [await slow.next() for _ in range(2)]
    assert [update.execution_id for update in (first, *rest)] == [f"{trace}-{n}" for n in (7, 8, 9)]
    assert [update.missed for update in (first, *rest)] == [7, 0, 0]

    monkeypatch.setattr(trace_feed, "PENDING", 4)
    feed.publish(recorded)
    assert (await slow.next()).missed == 6 + 1
    await slow.close()


async def test_what_cannot_be_read_is_missed(feed: TraceFeed, traces: Traces, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = new_id()
    follower = Follower(feed, correlation_id=trace)
    await following(feed, follower)
    [recorded] = await record(traces, TraceStarted(correlation_id=trace))

    def away(_ids: Iterable[str]) -> Awaitable[None]:
        raise GraphUnavailable("the engine does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(feed._search, "heads", away)
        feed.publish([recorded, recorded])
        assert feed._spreading is not None
        await feed._spreading
    feed.publish([recorded])
    assert (await follower.next()).missed == 2
    await follower.close()
