"""Following traces and the lineage over all processes of a graph, on every engine. A second ``Graph`` stands for a second
process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any

import pytest

from conftest import settings_for
from loopgraph.computes.live.cursors import cursor_of, cursor_text
from loopgraph.contracts.access import Role
from loopgraph.contracts.audit import EventFilter, EventType, LineageEvent, Origin
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.live import Change, Cursor, TraceNews
from loopgraph.contracts.traces.events import HookExecuted, RoutingDecided, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.records import Recorded, Trace
from loopgraph.contracts.traces.updates import TraceUpdateFilter
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.live.pruning import ChangePruning
from loopgraph.effects.live.reads import Look
from loopgraph.effects.traces.reading.search import TraceSearch
from loopgraph.errors import GraphUnavailable, InvalidInput
from loopgraph.orchestrators.live import feed as module
from loopgraph.orchestrators.live import tail as tails
from loopgraph.orchestrators.live.feed import Feed, Update
from loopgraph.orchestrators.live.feeds import TraceFeed, event_feed, trace_feed, wanted_traces
from loopgraph.orchestrators.live.tail import Tail
from support.access import mate
from support.engines import EngineUnderTest
from support.traces import NOON, Traces, record, statement
from support.waiting import PATIENCE_S, until

POLL_MS = 20


@pytest.fixture
async def other(engine: EngineUnderTest, graph: Graph) -> AsyncIterator[Graph]:
    """The same graph as another process has it."""
    async with Graph.open(settings_for(engine)) as opened:
        yield opened


@pytest.fixture
def feed(graph: Graph) -> TraceFeed:
    return trace_feed(Tail(graph, POLL_MS), TraceSearch(graph))


@pytest.fixture
def traces(graph: Graph) -> Traces:
    return Traces(graph)


class Follower:
    """Follows from the moment it is made."""

    def __init__(self, feed: Feed[Any, Any], passes: Any, after: Cursor | None = None) -> None:
        self._updates = feed.updates(passes, after)
        self._next = asyncio.ensure_future(anext(self._updates))

    @classmethod
    def of_traces(
        cls, feed: TraceFeed, principal: Principal | None = None, after: Cursor | None = None, **filter: Any
    ) -> Follower:
        return cls(feed, wanted_traces(TraceUpdateFilter(**filter), principal), after)

    async def next(self) -> Update[Any, Any]:
        update = await asyncio.wait_for(self._next, PATIENCE_S)
        self._next = asyncio.ensure_future(anext(self._updates))
        return update

    async def kinds(self, count: int) -> list[str]:
        return [(await self.next()).named.kind for _ in range(count)]

    async def close(self) -> None:
        self._next.cancel()
        await asyncio.wait([self._next])
        await self._updates.aclose()


async def following(feed: Feed[Any, Any], *followers: Follower) -> None:
    """Waits until they do."""
    await until(lambda: feed.subscribers == len(followers))


def hooks(trace: str, *numbers: int) -> list[HookExecuted]:
    return [
        HookExecuted(correlation_id=trace, execution_id=f"{trace}-{n}", hook_type="Stop", success=True) for n in numbers
    ]


@pytest.mark.lengthy
async def test_everybody_is_told_what_they_follow(feed: TraceFeed, traces: Traces) -> None:
    session = new_id()
    mine, hers = f"{session}-mine", f"{session}-hers"
    everything, one, agent, ended, me = followers = (
        Follower.of_traces(feed, session_id=session),
        Follower.of_traces(feed, correlation_id=mine),
        Follower.of_traces(feed, agent="tester", session_id=session),
        Follower.of_traces(feed, status=[TraceStatus.ERROR], session_id=session),
        Follower.of_traces(feed, mate("me"), session_id=session),
    )
    await following(feed, *followers)

    async def told(*events: Any) -> list[Update[TraceNews, Trace]]:
        """What the follower of everything is told of events; each is told before the next is recorded."""
        recorded = []
        for event in events:
            # A person writes into nobody else's session; a service does.
            sender = (
                mate("me") if event.correlation_id == mine else Principal(subject="her", roles=(Role.SERVICE.value,))
            )
            outcomes = await traces.record([event], received_at=NOON, sender=sender)
            recorded += [outcome for outcome in outcomes if isinstance(outcome, Recorded)]
        return [await everything.next() for item in recorded if not item.repeated]

    start = TraceStarted(correlation_id=mine, session_id=session, user_id="me")
    updates = await told(start, TraceStarted(correlation_id=hers, session_id=session, user_id="her"))
    assert {update.named.correlation_id for update in updates if update.named} == {mine, hers}
    assert await told(start) == []
    [update] = await told(*hooks(mine, 1))
    assert update.named == TraceNews("hook", mine, f"{mine}-1")
    await told(RoutingDecided(correlation_id=hers, selected_agent="tester"))
    await told(TraceCompleted(correlation_id=hers, success=False))
    await told(TraceCompleted(correlation_id=mine, success=True))

    assert await one.kinds(3) == await me.kinds(3) == ["start", "hook", "complete"]
    assert await agent.kinds(2) == ["routing", "complete"]
    update = await ended.next()
    assert update.thing is not None
    assert (update.thing.status, update.missed, update.read_from) == (TraceStatus.ERROR, 0, None)
    for follower in followers:
        await follower.close()
    assert feed.subscribers == 0


@pytest.mark.lengthy
async def test_what_other_processes_record_is_told_in_its_order(
    feed: TraceFeed, traces: Traces, other: Graph, graph: Graph
) -> None:
    trace, elsewhere = new_id(), Traces(other)
    follower = Follower.of_traces(feed, correlation_id=trace)
    await following(feed, follower)
    expected = []
    for number in range(8):
        await record(elsewhere if number % 2 else traces, *hooks(trace, number))
        expected.append(f"{trace}-{number}")
        if number == 3:  # a writer that was given back goes on where it was
            await other.writers.release(other.transaction)
    assert sorted([(await follower.next()).named.execution_id for _ in range(8)]) == expected
    await follower.close()


@pytest.mark.lengthy
async def test_who_comes_back_misses_nothing_and_is_told_nothing_twice(
    feed: TraceFeed, traces: Traces, other: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "PAGE", 2)
    monkeypatch.setattr(module, "AT_ONCE", 3)
    trace, elsewhere = new_id(), Traces(other)
    first = Follower.of_traces(feed, correlation_id=trace)
    await following(feed, first)
    await record(traces, *hooks(trace, 0, 1, 2))
    seen = [(await first.next()) for _ in range(2)]  # two of the three that one commit tells of
    await first.close()
    cursor = cursor_of(cursor_text(seen[-1].cursor), "after")

    for number in range(3, 9):
        await record(elsewhere if number % 2 else traces, *hooks(trace, number))
    # In another process, which has told as little of it as this one.
    others = trace_feed(Tail(other, POLL_MS), TraceSearch(other))
    again = Follower.of_traces(others, after=cursor, correlation_id=trace)
    await following(others, again)
    await record(traces, *hooks(trace, 9))
    told = [(await again.next()) for _ in range(8)]
    ids = [one.named.execution_id for one in (*seen, *told)]
    assert sorted(ids) == [f"{trace}-{number}" for number in range(10)]
    assert ids[:3] == [f"{trace}-{number}" for number in range(3)]
    await again.close()

    # From where it is told last, there is nothing more.
    at_end = Follower.of_traces(feed, after=told[-1].cursor, correlation_id=trace)
    await following(feed, at_end)
    await record(traces, *hooks(trace, 10))
    assert (await at_end.next()).named.execution_id == f"{trace}-10"
    await at_end.close()


@pytest.mark.lengthy
async def test_a_cursor_of_another_graph_is_refused(feed: TraceFeed, traces: Traces) -> None:
    trace = new_id()
    follower = Follower.of_traces(feed, correlation_id=trace)
    await following(feed, follower)
    await record(traces, *hooks(trace, 0))
    cursor = (await follower.next()).cursor
    await follower.close()
    for positions in ({number: seq + 1_000 for number, seq in cursor.positions.items()}, {2**31 + 5: 1}):
        wrong = Follower.of_traces(feed, after=Cursor(positions, now()))
        with pytest.raises(InvalidInput, match="after: is of another graph"):
            await wrong.next()
    assert feed.subscribers == 0


@pytest.mark.lengthy
async def test_who_comes_back_too_late_is_told_since_when_to_read_anew(
    feed: TraceFeed, traces: Traces, graph: Graph
) -> None:
    trace = new_id()
    follower = Follower.of_traces(feed, correlation_id=trace)
    await following(feed, follower)
    await record(traces, *hooks(trace, 0))
    first = await follower.next()
    await record(traces, *hooks(trace, 1))
    second = await follower.next()
    await follower.close()
    [(writer, seq)] = second.cursor.positions.items() - first.cursor.positions.items()
    await statement(graph, "MATCH (w:ChangeWriter {number: $number}) SET w.floor = $floor", number=writer, floor=seq)
    late = Follower.of_traces(feed, after=first.cursor, correlation_id=trace)
    told = await late.next()
    assert (told.named, told.thing, told.read_from) == (None, None, first.cursor.at)
    await following(feed, late)
    await record(traces, *hooks(trace, 2))
    while (update := await late.next()).named.execution_id != f"{trace}-2":
        assert update.read_from is None
    await late.close()


@pytest.mark.lengthy
async def test_what_is_taken_away_while_it_is_told_is_said(
    feed: TraceFeed, traces: Traces, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "PAGE", 2)
    trace = new_id()
    first = Follower.of_traces(feed, correlation_id=trace)
    await following(feed, first)
    await record(traces, *hooks(trace, 0))
    cursor = (await first.next()).cursor
    await first.close()
    for number in range(1, 7):
        await record(traces, *hooks(trace, number))
    page, pages = feed._tail._reads.page, 0

    async def pruned(*args: Any) -> list[Change]:
        nonlocal pages
        pages += 1
        if pages == 2:
            await ChangePruning(graph).prune(now() + timedelta(hours=1), timedelta(minutes=30))
        return await page(*args)

    monkeypatch.setattr(feed._tail._reads, "page", pruned)
    late = Follower.of_traces(feed, after=cursor, correlation_id=trace)
    told = [await late.next() for _ in range(3)]
    assert [one.named and one.named.execution_id for one in told] == [f"{trace}-1", f"{trace}-2", None]
    assert told[-1].read_from == cursor.at
    await record(traces, *hooks(trace, 7))
    assert (await late.next()).named.execution_id == f"{trace}-7"
    await late.close()


@pytest.mark.lengthy
async def test_a_process_that_was_stopped_too_long_says_so_and_goes_on(
    feed: TraceFeed, other: Graph, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace, elsewhere = new_id(), Traces(other)
    follower, begun = Follower.of_traces(feed, correlation_id=trace), now()
    await following(feed, follower)
    await record(elsewhere, *hooks(trace, 0))
    first = await follower.next()
    stopped, goes_on, look = asyncio.Event(), asyncio.Event(), feed._tail._reads.look

    async def later(*args: Any) -> Look:
        stopped.set()
        await goes_on.wait()
        return await look(*args)

    with monkeypatch.context() as patch:
        patch.setattr(feed._tail._reads, "look", later)
        await asyncio.wait_for(stopped.wait(), PATIENCE_S)
        for number in range(1, 6):
            await record(elsewhere, *hooks(trace, number))
        pruning = ChangePruning(graph)
        assert await pruning.prune(now() + timedelta(hours=1), timedelta(minutes=30)) >= 5
        goes_on.set()
        gap = await follower.next()
    assert (gap.named, gap.thing) == (None, None)
    assert gap.read_from is not None
    assert begun - timedelta(minutes=2) < gap.read_from <= first.cursor.at
    await record(elsewhere, *hooks(trace, 6))
    update = await follower.next()
    assert (update.named.execution_id, update.read_from) == (f"{trace}-6", None)
    await follower.close()

    # Who comes back to where that was said is told the rest, and nothing more of it.
    again = Follower.of_traces(feed, after=gap.cursor, correlation_id=trace)
    update = await again.next()
    assert (update.named.execution_id, update.read_from) == (f"{trace}-6", None)
    await again.close()


@pytest.mark.lengthy
async def test_a_place_within_a_change_whose_writer_is_gone_is_one_of_this_graph(
    feed: TraceFeed, traces: Traces, graph: Graph
) -> None:
    trace = new_id()
    follower = Follower.of_traces(feed, correlation_id=trace)
    await following(feed, follower)
    await record(traces, *hooks(trace, 0, 1))
    cursor = (await follower.next()).cursor
    await follower.close()
    assert cursor.part is not None
    gone = 2**31 + 6
    old = now() - timedelta(hours=3)
    for positions in ({**cursor.positions, gone: 4}, cursor.positions):
        late = Follower.of_traces(feed, after=Cursor(positions, old, (gone, 1)), correlation_id=trace)
        update = await late.next()
        assert (update.thing, update.read_from) == (None, old)
        await late.close()
        young = Follower.of_traces(feed, after=Cursor(positions, now(), (gone, 1)), correlation_id=trace)
        with pytest.raises(InvalidInput, match="after: is of another graph"):
            await young.next()


@pytest.mark.lengthy
async def test_who_waits_for_what_does_not_come_is_told_so(
    feed: TraceFeed, traces: Traces, other: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace, others = new_id(), trace_feed(Tail(other, POLL_MS), TraceSearch(other))
    follower, theirs = Follower.of_traces(feed, correlation_id=trace), Follower.of_traces(others, correlation_id=trace)
    await following(feed, follower)
    await following(others, theirs)
    stuck = asyncio.Event()

    async def never() -> bool:
        stuck.set()
        return await asyncio.Future()

    monkeypatch.setattr(others._tail, "_look", never)
    monkeypatch.setattr(tails, "_CATCH_UP_S", 0.05)
    await asyncio.wait_for(stuck.wait(), PATIENCE_S)
    await record(traces, *hooks(trace, 0))
    cursor = (await follower.next()).cursor
    late = Follower.of_traces(others, after=cursor, correlation_id=trace)
    with pytest.raises(GraphUnavailable, match="has not heard yet"):
        await late.next()
    await follower.close()
    await theirs.close()


@pytest.mark.lengthy
async def test_a_slow_follower_is_told_what_it_missed(
    feed: TraceFeed, traces: Traces, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE", 3)
    trace = new_id()
    await record(traces, *hooks(trace, *range(3)))  # nobody follows: nothing is read
    assert feed._spreading is None

    slow = Follower.of_traces(feed, correlation_id=trace)
    await following(feed, slow)
    await record(traces, *hooks(trace, *range(10, 20)))
    rest = [await slow.next() for _ in range(3)]
    assert [update.named.execution_id for update in rest] == [f"{trace}-{n}" for n in (17, 18, 19)]
    assert [update.missed for update in rest] == [7, 0, 0]

    monkeypatch.setattr(module, "PENDING", 0)
    await record(traces, *hooks(trace, *range(20, 26)))
    monkeypatch.setattr(module, "PENDING", 10)
    await record(traces, *hooks(trace, 26))
    assert (await slow.next()).missed == 6
    await slow.close()


@pytest.mark.lengthy
async def test_what_cannot_be_read_is_missed(feed: TraceFeed, traces: Traces, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = new_id()
    follower = Follower.of_traces(feed, correlation_id=trace)
    await following(feed, follower)

    async def away(_names: Iterable[TraceNews]) -> dict[TraceNews, Trace]:
        raise GraphUnavailable("the engine does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(feed, "_read", away)
        await record(traces, *hooks(trace, 0, 1))
        await until(lambda: bool(feed._subscribers) and next(iter(feed._subscribers)).missed >= 2)
    await record(traces, *hooks(trace, 2))
    assert (await follower.next()).missed >= 2
    await follower.close()


@pytest.mark.lengthy
async def test_while_the_graph_is_away_nothing_is_lost(
    feed: TraceFeed, other: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace, elsewhere = new_id(), Traces(other)
    follower = Follower.of_traces(feed, correlation_id=trace)
    await following(feed, follower)
    failed = asyncio.Event()

    async def away(*_: object, **__: object) -> None:
        failed.set()
        raise GraphUnavailable("the engine does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(feed._tail._reads, "look", away)
        await asyncio.wait_for(failed.wait(), PATIENCE_S)
        await record(elsewhere, *hooks(trace, 0))
    assert (await follower.next()).named.execution_id == f"{trace}-0"
    await follower.close()


@pytest.mark.lengthy
async def test_events_of_the_lineage_are_told_whoever_makes_them(graph: Graph, other: Graph) -> None:
    events, pattern_id = event_feed(Tail(graph, POLL_MS), Events(graph)), new_id()
    wanted = EventFilter(pattern_id=pattern_id)
    everything = Follower(events, wanted.passes)
    created = Follower(events, EventFilter(pattern_id=pattern_id, event_types={EventType.PATTERN_CREATED}).passes)
    await following(events, everything, created)
    pattern = NewPattern(pattern_id=pattern_id, name="sort")
    await Lineage(other).create_pattern(pattern, NewVersion(activate=True), Origin())
    first = await everything.next()
    assert isinstance(first.thing, LineageEvent)
    assert (first.named, first.thing.pattern_id) == (first.thing.event_id, pattern_id)
    only = await created.next()
    assert only.thing is not None
    assert only.thing.event_type is EventType.PATTERN_CREATED
    for follower in (everything, created):
        await follower.close()
