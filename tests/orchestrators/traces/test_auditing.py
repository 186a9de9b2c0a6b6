"""Accesses in the audit trail: noted at once, written in the background, and never in anybody's way."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest

from loopgraph.contracts.audit import ActorType, EventFilter, EventType, LineageEvent, Origin
from loopgraph.contracts.base import Page
from loopgraph.contracts.traces.events import HookExecuted, RoutingDecided, TraceCompleted, TraceStarted
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.traces.accesses import Accesses
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import EngineFailure
from loopgraph.orchestrators.traces import auditing as module
from loopgraph.orchestrators.traces.auditing import Auditing
from loopgraph.settings import Audited
from support.access import mate
from support.traces import at, make_version, record

ALL = tuple(Audited)


async def events_of(graph: Graph, node_id: str) -> list[LineageEvent]:
    page = await Events(graph).page(EventFilter(node_id=node_id), Page(first=50))
    return [
        event
        for event in page.events
        if event.event_type in (EventType.EXECUTION_RECORDED, EventType.LINEAGE_TRAVERSED)
    ]


async def test_executions_of_versions_are_noted_once_they_are_over(graph: Graph) -> None:
    auditing, traces, node_id, trace = Auditing(graph, ALL), TraceWrites(graph), await make_version(graph), new_id()
    ran = {"correlation_id": trace, "execution_id": new_id(), "hook_type": "Check", "node_id": node_id}
    begun = HookExecuted(**ran, started_at=at(1))
    ended = HookExecuted(**ran, completed_at=at(2), duration_ms=1_000.0, success=False, error_type="Oops")
    other = HookExecuted(correlation_id=trace, execution_id=new_id(), hook_type="Check", success=True)
    auditing.recorded(
        await record(
            traces,
            TraceStarted(correlation_id=trace, timestamp=at(0)),
            RoutingDecided(correlation_id=trace, selected_agent="sorter", timestamp=at(0)),
            begun,
            other,
        )
    )
    await auditing.write()
    assert await events_of(graph, node_id) == []
    for _ in range(2):  # what is told again is no other execution
        auditing.recorded(
            await record(traces, ended, TraceCompleted(correlation_id=trace, success=True, timestamp=at(3)))
        )
        await auditing.write()
    auditing.recorded([Recorded(kind="hook", correlation_id=trace, execution_id=ran["execution_id"], repeated=False)])
    await auditing.write()
    [event] = await events_of(graph, node_id)
    assert (event.actor_type, event.actor_id, event.correlation_id) == (ActorType.AGENT, "sorter", trace)
    assert event.data == {
        "execution_id": ran["execution_id"], "status": "error", "duration_ms": 1_000.0, "error_type": "Oops",
    }  # fmt: skip
    assert (await Events(graph).page(EventFilter(node_id=node_id), Page(first=9), mate("ann"))).events != ()
    assert event.event_id not in await Events(graph).by_id([event.event_id], mate("ann"))
    trail = await Events(graph).pages_of_versions([node_id], EventFilter(), Page(first=50))
    assert event not in trail[node_id].events
    seen = await Events(graph).page(EventFilter(correlation_id=trace), Page(first=9), mate("ann"))
    assert seen.events == ()


async def test_traversals_are_noted_with_who_asked(graph: Graph) -> None:
    auditing, node_id = Auditing(graph, ALL), await make_version(graph)
    asker = Origin(actor_type=ActorType.USER, actor_id="ada", correlation_id=new_id())
    auditing.traversed(asker, "ancestors", [node_id], {"max_depth": 3, "as_of": None}, 7)
    many = [node_id, *(new_id() for _ in range(99))]
    auditing.traversed(asker, "common_ancestors", many, {}, 1)
    await auditing.write()
    [event] = await events_of(graph, node_id)
    assert (event.actor_id, event.event_type) == ("ada", EventType.LINEAGE_TRAVERSED)
    assert event.data == {
        "operation": "ancestors", "starts": [node_id], "start_count": 1, "max_depth": 3, "reached": 7,
    }  # fmt: skip
    both = (await Events(graph).page(EventFilter(correlation_id=asker.correlation_id), Page(first=9))).events
    assert [(each.data["start_count"], len(each.data["starts"]), each.node_id) for each in both] == [
        (100, 20, None), (1, 1, node_id),
    ]  # fmt: skip


async def test_nothing_is_noted_that_no_setting_asks_for(graph: Graph) -> None:
    node_id = await make_version(graph)
    for audited in ((), (Audited.EXECUTIONS,)):
        auditing = Auditing(graph, audited)
        auditing.traversed(Origin(), "ancestors", [node_id], {}, 1)
        await auditing.write()
        assert await events_of(graph, node_id) == []


async def test_what_waits_while_the_graph_is_away_is_written_when_it_is_there(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditing, node_id = Auditing(graph, ALL), await make_version(graph)

    async def away(self: Accesses, events: Sequence[LineageEvent]) -> None:
        raise EngineFailure("away")

    auditing.traversed(Origin(), "ancestors", [node_id], {}, 1)
    with monkeypatch.context() as patch:
        patch.setattr(Accesses, "write", away)
        with pytest.raises(EngineFailure):
            await auditing.write()
        auditing.traversed(Origin(), "descendants", [node_id], {}, 2)
    await auditing.write()
    assert sorted(event.data["reached"] for event in await events_of(graph, node_id)) == [1, 2]
    assert auditing.lost == 0


async def test_what_cannot_be_written_keeps_nothing_else_from_it(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    auditing, node_id, write = Auditing(graph, ALL), await make_version(graph), Accesses.write

    async def picky(self: Accesses, events: Sequence[LineageEvent]) -> None:
        if any(event.data["reached"] == 2 for event in events):
            raise ValueError("not this one")
        await write(self, events)

    monkeypatch.setattr(Accesses, "write", picky)
    for reached in range(5):
        auditing.traversed(Origin(), "ancestors", [node_id], {}, reached)
    with caplog.at_level(logging.ERROR):
        await auditing.write()
    assert sorted(event.data["reached"] for event in await events_of(graph, node_id)) == [0, 1, 3, 4]
    assert auditing.lost == 1
    assert "not this one" in caplog.text


async def test_only_so_many_wait(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    auditing, node_id = Auditing(graph, ALL), await make_version(graph)
    for reached in range(5):
        auditing.traversed(Origin(), "ancestors", [node_id], {}, reached)
    assert (auditing.lost, "accesses are lost" in caplog.text) == (2, True)
    await auditing.write()
    assert sorted(event.data["reached"] for event in await events_of(graph, node_id)) == [2, 3, 4]
