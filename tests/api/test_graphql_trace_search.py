"""Searching traces by GraphQL, through a real socket."""

from __future__ import annotations

import pytest

from loopgraph.contracts.traces import HookExecuted, TraceCompleted, TraceStarted
from loopgraph.effects import trace_search
from loopgraph.effects.clock import new_id
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


async def test_filters_and_pages(service: Service) -> None:
    session = await session_of(service, 3)
    filter = {"sessionId": session, "tool": "Bash", "allTags": ["nightly"], "minDurationMs": 1000, "status": "SUCCESS"}
    page = await service.execute("traces_page", first=1, filter=filter)
    assert (found(page), page["pageInfo"]["hasNextPage"]) == (["2"], True)
    page = await service.execute("traces_page", first=1, filter=filter, after=page["pageInfo"]["endCursor"])
    assert (found(page), page["pageInfo"]["hasNextPage"]) == (["1"], False)
    page = await service.execute("traces_page", filter={"sessionId": session, "failedTool": "Bash"})
    assert found(page) == ["0"]


async def test_a_search_that_stopped_goes_on_after_its_end_cursor(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_search, "FIRST_WINDOW", 2)
    monkeypatch.setattr(trace_search, "MAX_SEARCHED", 2)
    session, after, pages = await session_of(service, 5), None, []
    while not pages or pages[-1]["pageInfo"]["hasNextPage"]:
        filter = {"sessionId": session, "failedTool": "Bash"}
        pages.append(await service.execute("traces_page", filter=filter, after=after))
        after = pages[-1]["pageInfo"]["endCursor"]
    assert [found(page) for page in pages] == [[], [], ["0"]]


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ("minDurationMs: 2, maxDurationMs: 1", "minDurationMs must not be greater than maxDurationMs"),
        ('text: ""', "filter.text: String must have at least 1 character"),
        ('allTags: ["a", ""]', "filter.allTags.1: String must have at least 1 character"),
        ("minDurationMs: -1", "filter.minDurationMs: must be greater than or equal to 0"),
        ('since: "2026-01-01T00:00:00"', "filter.since: must name its time zone, such as 2026-01-31T12:00:00Z"),
    ],
)
async def test_what_is_wrong_with_a_filter(service: Service, filter: str, message: str) -> None:
    [error] = await service.errors(f"{{ traces(filter: {{{filter}}}) {{ pageInfo {{ endCursor }} }} }}")
    assert message in error["message"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
