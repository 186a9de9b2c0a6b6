"""Searching traces by GraphQL, through a real socket."""

from __future__ import annotations

import pytest

from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.traces.reading import search as trace_search
from loopgraph.orchestrators.traces import search as structures
from support.service import Json, Service
from support.traces import at


async def session_of(service: Service, traces: int) -> str:
    """A new session with so many traces of one step each; the first of them has failed."""
    session = new_id()
    for number in range(traces):
        trace = f"{session}-{number}"
        await service.parts.recorder.record(
            [
                TraceStarted(correlation_id=trace, session_id=session, timestamp=at(number), tags=("nightly",)),
                HookExecuted(
                    correlation_id=trace,
                    execution_id=new_id(),
                    hook_type="ToolUse",
                    tool_name="Bash",
                    success=number > 0,
                ),
                TraceCompleted(correlation_id=trace, timestamp=at(number + 1), success=number > 0),
            ]
        )
    return session


def found(connection: Json) -> list[str]:
    return [edge["node"]["correlationId"].rpartition("-")[2] for edge in connection["edges"]]


@pytest.mark.lengthy
async def test_filters_and_pages(service: Service) -> None:
    session = await session_of(service, 3)
    filter = {"sessionId": session, "tool": "Bash", "allTags": ["nightly"], "minDurationMs": 1000, "status": "SUCCESS"}
    page = await service.execute("traces_page", first=1, filter=filter)
    assert (found(page), page["pageInfo"]["hasNextPage"]) == (["2"], True)
    page = await service.execute("traces_page", first=1, filter=filter, after=page["pageInfo"]["endCursor"])
    assert (found(page), page["pageInfo"]["hasNextPage"]) == (["1"], False)
    page = await service.execute("traces_page", filter={"sessionId": session, "failedTool": "Bash"})
    assert found(page) == ["0"]


@pytest.mark.lengthy
async def test_a_search_that_stopped_goes_on_after_its_end_cursor(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_search, "FIRST_WINDOW", 2)
    monkeypatch.setattr(trace_search, "MAX_SEARCHED", 2)
    session, after, pages = await session_of(service, 5), None, list[Json]()
    while not pages or pages[-1]["pageInfo"]["hasNextPage"]:
        filter = {"sessionId": session, "failedTool": "Bash"}
        pages.append(await service.execute("traces_page", filter=filter, after=after))
        after = pages[-1]["pageInfo"]["endCursor"]
    assert [found(page) for page in pages] == [[], [], ["0"]]


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ("minDurationMs: 2, maxDurationMs: 1", "filter.minDurationMs: must not be greater than maxDurationMs"),
        ('text: ""', "filter.text: String must have at least 1 character"),
        ('allTags: ["a", ""]', "filter.allTags.1: String must have at least 1 character"),
        ("minDurationMs: -1", "filter.minDurationMs: must be greater than or equal to 0"),
        ('structure: {under: {tool: "Bash"}}', "under, before and after say where the step of has is: give has, too"),
        ("structure: {has: {}}", "filter.structure.has: give at least one condition"),
        ('since: "2026-01-01T00:00:00"', "filter.since: must name its time zone, such as 2026-01-31T12:00:00Z"),
    ],
)
async def test_what_is_wrong_with_a_filter(service: Service, filter: str, message: str) -> None:
    [error] = await service.errors(f"{{ traces(filter: {{{filter}}}) {{ pageInfo {{ endCursor }} }} }}")
    assert message in error["message"]
    assert error["extensions"]["code"] == "INVALID_INPUT"


async def runs(service: Service) -> str:
    """A session of four traces with a subagent each: those of ``1`` and ``3`` run Bash; ``2`` and ``3`` read something after."""
    session = new_id()
    for number in range(4):
        trace, sub = f"{session}-{number}", f"{session}-{number}-sub"
        events: list[TraceEvent] = [
            TraceStarted(correlation_id=trace, session_id=session, timestamp=at(number)),
            HookExecuted(
                correlation_id=trace, execution_id=f"{trace}-agent", hook_type="ToolUse", tool_name="Agent", success=True,
                started_at=at(10), completed_at=at(20),
            ),
            TraceStarted(
                correlation_id=sub, session_id=session, parent_id=trace, spawned_by=f"{trace}-agent", agent_id=new_id(),
                timestamp=at(11),
            ),
        ]  # fmt: skip
        for tool, where, second, ran in (("Bash", sub, 12, number % 2), ("Read", trace, 30, number >= 2)):
            if ran:
                events.append(
                    HookExecuted(
                        correlation_id=where, execution_id=f"{trace}-{tool}", hook_type="ToolUse", tool_name=tool, success=True,
                        started_at=at(second), completed_at=at(second), tool_input={"text": f"{tool} it"},
                    )
                )  # fmt: skip
        await service.parts.recorder.record(events)
    return session


@pytest.mark.lengthy
async def test_structures(service: Service) -> None:
    session = await runs(service)

    async def having(**structure: Json) -> str:
        page = await service.execute("traces_page", filter={"sessionId": session, "structure": structure})
        assert not page["pageInfo"]["hasNextPage"]
        return "".join(found(page))

    bash, read, agent = {"tool": "Bash"}, {"tool": "Read"}, {"tool": "Agent"}
    assert await having(has=bash) == await having(has=bash, under=agent) == "31"
    assert await having(has=bash, under=read) == ""
    assert await having(has=bash, before=read) == await having(has=read, after=bash) == "3"
    assert await having(has=read, before=bash) == ""
    assert await having(without=bash) == "20"
    assert await having(has=read, without=bash) == await having(has={"textInInput": "READ"}, without=bash) == "2"


@pytest.mark.lengthy
async def test_pages_of_structures_stop_and_go_on(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structures, "TREES", 1)
    monkeypatch.setattr(structures, "MAX_TREES", 1)
    session, after, pages = await runs(service), None, list[Json]()
    while not pages or pages[-1]["pageInfo"]["hasNextPage"]:
        filter = {"sessionId": session, "structure": {"without": {"tool": "Bash"}}}
        pages.append(await service.execute("traces_page", first=1, filter=filter, after=after))
        after = pages[-1]["pageInfo"]["endCursor"]
    assert [found(page) for page in pages] == [[], ["2"], [], ["0"]]


@pytest.mark.lengthy
async def test_the_number_of_statements(quiet_service: Service) -> None:
    session = await runs(quiet_service)
    document = """
    query($session: ID!) {
      traces(filter: {sessionId: $session, structure: {has: {tool: "Bash"}, before: {tool: "Read"}}}) { edges { cursor } }
    }
    """
    # The floor and the page, a statement for each match, and those of reading a forest.
    assert await quiet_service.statements(document, session=session) == 2 + 2 + 3


@pytest.mark.lengthy
async def test_a_tree_that_is_too_large_is_left_out(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await runs(service)
    document = "query($filter: TraceFilterInput) { traces(filter: $filter) { edges { node { correlationId } } } }"
    filter = {"sessionId": session, "structure": {"has": {"tool": "Agent"}}}
    monkeypatch.setattr(structures, "MAX_STEPS", 2)  # all four together have seven, and "3" has three
    assert found((await service.query(document, filter=filter))["traces"]) == ["2", "1", "0"]
