"""Searching traces, on every engine."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import ValidationError

from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.search import StepMatch, TraceFilter, TracePage
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.traces.reading import search as trace_search
from loopgraph.effects.traces.reading.search import TraceSearch
from loopgraph.effects.traces.recording import mapping as trace_mapping
from support.access import mate, owned
from support.traces import Traces, at, make_version, record

ANYBODY = None


@pytest.fixture
def traces(graph: Graph) -> Traces:
    return Traces(graph)


@pytest.fixture
def search(graph: Graph) -> TraceSearch:
    return TraceSearch(graph)


def names(page: TracePage) -> list[str]:
    """What stands behind the last dash of each trace's id."""
    return [trace.correlation_id.rpartition("-")[2] for trace in page.traces]


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

    async def numbers(first: int = 100, after: str | None = None, **filter: Any) -> str:
        page = await search.traces(TraceFilter(**filter), Page(first=first, after=after), ANYBODY)
        assert not page.has_more
        return "".join(names(page))

    assert await numbers(session_id=session) == "6543210"
    assert await numbers(session_id=session, all_tags=("even",), since=at(2), until=at(6)) == "42"
    assert await numbers(agent=f"agent-{session}", since=at(0)) == "65"

    page = await search.traces(TraceFilter(session_id=session), Page(first=3), ANYBODY)
    assert (names(page), page.has_more, page.searched_to) == (["6", "5", "4"], True, None)
    last = trace_mapping.trace_key(page.traces[-1])
    assert await numbers(first=4, after=last, session_id=session) == "3210"
    page = await search.traces(TraceFilter(agent=f"agent-{session}"), Page(first=1), ANYBODY)
    assert (names(page), page.has_more) == (["6"], True)


@pytest.fixture(scope="module")
async def find(graph: Graph) -> Callable[..., Awaitable[set[str]]]:
    """A search in a session of six traces; the traces found, by name."""
    traces, session, node_id = Traces(graph), new_id(), await make_version(graph)
    [version] = (await LineageReads(graph).versions([node_id])).values()

    def start(name: str, second: float, **more: Any) -> TraceStarted:
        return TraceStarted(
            **{"correlation_id": f"{session}-{name}", "session_id": session, "timestamp": at(second), **more}
        )

    def step(name: str, tool: str, *, ok: bool = True, **more: Any) -> HookExecuted:
        return HookExecuted(
            correlation_id=f"{session}-{name}",
            execution_id=new_id(),
            hook_type="ToolUse",
            tool_name=tool,
            success=ok,
            **more,
        )

    def end(name: str, second: float, **more: Any) -> TraceCompleted:
        return TraceCompleted(
            **{"correlation_id": f"{session}-{name}", "timestamp": at(second), "success": True, **more}
        )

    await record(
        traces,
        start("fast", 0, prompt_text="Sort the LIST", tags=("a", "b"), source="ci", user_id="ada"),
        step("fast", "Bash"),
        end("fast", 0.25),
        start("slow", 1, prompt_text="Count", tags=("b", "c")),
        step("slow", "Bash", ok=False),
        step("slow", "Read"),
        end("slow", 61, response_text="A list of 3 words: größer", status=TraceStatus.ERROR, success=False),
        start("told", 2, tags=("c",)),  # of unknown start at the client: its duration is what it says
        end("told", 2, duration_ms=5_000.0, status=TraceStatus.TIMEOUT, success=False),
        start("open", 3),
        step("open", "Read", node_id=node_id),
        start("sub", 4, parent_id=f"{session}-open", agent_id="a1", agent_type="explorer"),
        step("sub", "Grep"),
        end("sub", 5),
        start("routed", 0),
        RoutingDecided(correlation_id=f"{session}-routed", selected_agent="explorer"),
        end("routed", 1),
    )  # fmt: skip
    await owned(graph)

    async def find(principal: Principal | None = ANYBODY, **filter: Any) -> set[str]:
        for name, value in filter.items():
            filter[name] = {"PATTERN": version.pattern_id, "NODE": node_id}.get(str(value), value)
        wanted = TraceFilter(**{"session_id": session, **filter})
        return set(names(await TraceSearch(graph).traces(wanted, Page(first=50), principal)))

    return find


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({}, "fast slow told open sub routed"),
        ({"status": ["error", "timeout"]}, "slow told"),
        ({"agent": "explorer"}, "sub routed"),
        ({"tool": "Bash"}, "fast slow"),
        ({"tool": "Grep"}, "sub"),
        ({"failed_tool": "Bash"}, "slow"),
        ({"failed_tool": "Read"}, ""),
        ({"failed_tool": "Bash", "tool": "Read"}, "slow"),
        ({"pattern_id": "PATTERN"}, "open"),
        ({"node_id": "NODE"}, "open"),
        ({"node_id": "NODE", "pattern_id": "another"}, ""),
        ({"all_tags": ["b", "c"]}, "slow"),
        ({"any_tags": ["a", "c"]}, "fast slow told"),
        ({"text": " list "}, "fast slow"),
        ({"text": "GRÖSSER"}, ""),
        ({"text": "größER"}, "slow"),
        ({"min_duration_ms": 250}, "fast slow told sub routed"),
        ({"max_duration_ms": 250}, "fast"),
        ({"min_duration_ms": 251, "max_duration_ms": 5_000}, "told sub routed"),
        ({"source": "ci"}, "fast"),
        ({"user_id": "ada"}, "fast"),
        ({"roots_only": True}, "fast slow told open routed"),
        ({"incomplete_only": True}, "open"),
        ({"status": ["success"], "roots_only": True, "min_duration_ms": 1_000}, "routed"),
        ({"principal": mate("bob")}, "slow told open sub routed"),
        ({"principal": mate("ada"), "tool": "Bash"}, "fast slow"),
    ],
)
async def test_filters(find: Callable[..., Awaitable[set[str]]], filter: dict[str, Any], expected: str) -> None:
    assert await find(**filter) == set(expected.split())


@pytest.mark.parametrize(
    ("filter", "problem"),
    [
        ({"min_duration_ms": 2, "max_duration_ms": 1}, "min_duration_ms must not be greater than max_duration_ms"),
        ({"since": at(1), "until": at(1)}, "since must be before until"),
        ({"text": "  "}, "at least 1 character"),
        ({"all_tags": [""]}, "at least 1 character"),
        ({"min_duration_ms": -1}, "greater than or equal to 0"),
    ],
)
def test_filters_that_make_no_sense(filter: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        TraceFilter(**filter)


async def test_a_search_that_finds_little_looks_at_a_bounded_number(
    graph: Graph, traces: Traces, search: TraceSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_search, "FIRST_WINDOW", 4)
    monkeypatch.setattr(trace_search, "MAX_SEARCHED", 20)
    session = new_id()
    await record(
        traces,
        *(
            TraceStarted(
                correlation_id=f"{session}-{number}",
                session_id=session,
                timestamp=at(number),
                tags=("rare",) * (number < 2),
            )
            for number in range(50)
        ),
    )
    rare = TraceFilter(session_id=session, all_tags=("rare",))
    before = graph.statements
    page = await search.traces(rare, Page(first=1), ANYBODY)
    assert graph.statements - before == 4  # windows of 4 and 16
    assert (page.traces, page.has_more) == ((), True)
    pages = [page]
    while pages[-1].has_more:
        after = pages[-1].searched_to or trace_mapping.trace_key(pages[-1].traces[-1])
        pages.append(await search.traces(rare, Page(first=1, after=after), ANYBODY))
    assert [names(page) for page in pages] == [[], [], ["1"], ["0"]]

    before = graph.statements
    everything = await search.traces(TraceFilter(session_id=session), Page(first=40), ANYBODY)
    assert (len(everything.traces), everything.has_more, graph.statements - before) == (40, True, 1)


async def test_a_part_that_is_cut_goes_on_where_it_was_cut(
    traces: Traces, search: TraceSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_search, "FIRST_WINDOW", 5)
    session = new_id()
    await record(
        traces,
        *(
            TraceStarted(correlation_id=f"{session}-{number}", session_id=session, timestamp=at(number), tags=("x",))
            for number in range(9)
        ),
    )
    filter = TraceFilter(session_id=session, all_tags=("x",))
    parts = [part async for part in search.parts(filter, None, ANYBODY, limit=3)]
    found = [trace.correlation_id.rpartition("-")[2] for part in parts for trace in part.traces]
    assert "".join(found) == "876543210"
    assert parts[-1].floor is None


async def test_trees_that_have_a_step(traces: Traces, search: TraceSearch) -> None:
    root, other = new_id(), new_id()
    await record(
        traces,
        TraceStarted(correlation_id=root),
        TraceStarted(correlation_id=f"{root}-sub", parent_id=root, agent_type="explorer"),
        TraceStarted(correlation_id=f"{root}-deep", parent_id=f"{root}-sub", agent_type="tester"),
        HookExecuted(
            correlation_id=f"{root}-deep", execution_id=f"{root}-bash", hook_type="ToolUse", tool_name="Bash", success=False
        ),
        EndpointCalled(
            correlation_id=f"{root}-deep", call_id=f"{root}-called", service_name="api", endpoint_path="/x", success=True,
            hook_execution_id=f"{root}-bash",
        ),
        EndpointCalled(correlation_id=other, call_id=f"{other}-called", service_name="db", endpoint_path="/y"),
    )  # fmt: skip

    await record(
        traces,
        TraceStarted(correlation_id=f"{root}-lost", root_id=root, agent_id="a1", agent_type="lost"),
        HookExecuted(
            correlation_id=f"{root}-lost",
            execution_id=f"{root}-grep",
            hook_type="ToolUse",
            tool_name="Grep",
            success=True,
        ),
    )

    async def having(**match: Any) -> set[str]:
        return await search.having([root, other, "unknown"], StepMatch(**match))

    assert await having(tool="Bash") == await having(tool="Bash", agent_type="tester", status="error") == {root}
    assert await having(tool="Grep", agent_type="lost") == {root}
    assert await having(tool="Bash", agent_type="explorer") == await having(tool="Read") == set()
    assert await having(service="api") == await having(endpoint="/x", status="success") == {root}
    assert await having(service="db") == await having(status="in_progress") == {other}
    assert await having(status="error") == await having(agent_type="tester") == {root}
    assert await search.having([], StepMatch(tool="Bash")) == set()
