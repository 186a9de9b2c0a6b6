"""Searching traces, on every engine."""

from __future__ import annotations

import random
from typing import Any

import pytest

from loopgraph.contracts.base import Page
from loopgraph.contracts.trace_search import TraceFilter
from loopgraph.contracts.traces import RoutingDecided, TraceCompleted, TraceEvent, TraceStarted, TraceStatus
from loopgraph.effects import trace_mapping
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph import Graph
from loopgraph.effects.trace_search import TraceSearch
from loopgraph.effects.traces import Traces
from support.traces import at, record

ANYBODY = None


@pytest.fixture
def traces(graph: Graph) -> Traces:
    return Traces(graph)


@pytest.fixture
def search(graph: Graph) -> TraceSearch:
    return TraceSearch(graph)


async def test_pages_of_traces(traces: Traces, search: TraceSearch) -> None:
    session = new_id()
    events: list[TraceEvent] = []
    for number in range(7):
        trace = f"{session}-{number}"
        tags = ("even",) if number % 2 == 0 else ()
        events.append(TraceStarted(correlation_id=trace, session_id=session, timestamp=at(number), tags=tags))
        if number < 3:
            events.append(TraceCompleted(correlation_id=trace, success=number > 0))
        if number > 4:
            events.append(RoutingDecided(correlation_id=trace, selected_agent=f"agent-{session}"))
    random.Random(5).shuffle(events)
    await record(traces, *events)

    async def numbers(first: int = 100, after: str | None = None, **filter: Any) -> list[int]:
        page = await search.traces(TraceFilter(**filter), Page(first=first, after=after), ANYBODY)
        return [int(trace.correlation_id.rpartition("-")[2]) for trace in page.traces]

    assert await numbers(session_id=session) == [6, 5, 4, 3, 2, 1, 0]
    assert await numbers(session_id=session, status=TraceStatus.SUCCESS) == [2, 1]
    assert await numbers(session_id=session, tag="even", since=at(2), until=at(6)) == [4, 2]
    assert await numbers(agent=f"agent-{session}", since=at(0)) == [6, 5]

    page = await search.traces(TraceFilter(session_id=session), Page(first=3), ANYBODY)
    assert page.has_more
    last = trace_mapping.trace_key(page.traces[-1])
    assert await numbers(first=4, after=last, session_id=session) == [3, 2, 1, 0]
    rest = await search.traces(TraceFilter(session_id=session), Page(first=4, after=last), ANYBODY)
    assert not rest.has_more
