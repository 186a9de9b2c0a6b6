"""Timelines and nesting, on hand-made parts of a trace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.traces.assembly import TraceParts
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, RoutingDecision, Trace
from support.assembly import nested, timeline

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def made(contract: type[Any], **given: Any) -> Any:
    """A record of which a test says only what it is about."""
    empty = {
        "context": {}, "headers": {}, "modifications_made": {}, "tags": (), "alternatives": (), "retry_count": 0,
        "intelligence_functions_executed": (), "rag_queries_executed": (), "quality_gates_validated": (),
        "status": TraceStatus.IN_PROGRESS, "started": True, "cache_hit": False, "created_at": NOON, "correlation_id": "t",
        "service_name": "s", "endpoint_path": "/p", "http_method": "POST",
    }  # fmt: skip
    return contract(**{name: given.get(name, empty.get(name)) for name in contract.model_fields})


def hook(id_: str, parent: str | None = None, **given: Any) -> HookExecution:
    return made(HookExecution, execution_id=id_, parent_id=parent, **given)


def parts(**given: Any) -> TraceParts:
    return TraceParts(**{"routing": None, "hooks": (), "endpoints": (), "child_ids": (), **given})


WHOLE = parts(
    trace=made(
        Trace, prompt_text="sort", started_at=at(0), completed_at=at(9), duration_ms=9000.0, status=TraceStatus.TIMEOUT
    ),
    routing=made(RoutingDecision, selected_agent="sorter", confidence_total=0.9, created_at=at(1)),
    hooks=(
        hook("a", hook_type="PreToolUse", tool_name="Bash", started_at=at(2), duration_ms=10.0),
        hook("b", hook_type="PostToolUse", started_at=at(4), quality_gates_validated=("x", "y")),
        hook("c", hook_type="Stop", completed_at=at(9), rag_queries_executed=({"q": 1},)),
    ),
    endpoints=(made(EndpointCall, call_id="e", started_at=at(3), response_status=200, duration_ms=5.0),),
)


def test_the_timeline_of_the_seed() -> None:
    assert [(entry.timestamp, entry.event_type, entry.data) for entry in timeline(WHOLE)] == [
        (at(0), "prompt_submitted", {"prompt": "sort"}),
        (at(1), "agent_routed", {"agent": "sorter", "confidence": 0.9}),
        (at(2), "hook_executed", {"hook_type": "PreToolUse", "tool": "Bash", "duration_ms": 10.0}),
        (at(3), "endpoint_called", {"service": "s", "endpoint": "/p", "status": 200, "duration_ms": 5.0}),
        (at(4), "hook_executed", {"hook_type": "PostToolUse", "tool": None, "duration_ms": None}),
        (at(9), "hook_executed", {"hook_type": "Stop", "tool": None, "duration_ms": None}),
        (at(9), "execution_completed", {"status": "timeout", "success": False, "total_duration_ms": 9000.0}),
    ]


def test_what_is_not_there_yet_has_no_entry() -> None:
    stub = made(Trace, started=False)
    assert timeline(parts(trace=stub)) == ()
    [entry] = timeline(parts(trace=stub, hooks=(hook("a", created_at=at(5)),)))
    assert (entry.timestamp, entry.data["hook_type"]) == (at(5), None)


def test_totals() -> None:
    assert (WHOLE.total_hooks, WHOLE.total_endpoints, WHOLE.total_rag_queries, WHOLE.total_quality_gates) == (
        3,
        1,
        1,
        2,
    )


def ids(hooks: Any) -> dict[str | None, list[str]]:
    return {parent: [item.execution_id for item in group] for parent, group in nested(hooks).items()}


def test_nesting() -> None:
    hooks = [hook("a"), hook("b", "a"), hook("c", "b"), hook("d", "a"), hook("e", "t")]
    assert ids(hooks) == {None: ["a", "e"], "a": ["b", "d"], "b": ["c"]}
    assert ids([]) == {}


def test_a_circle_is_opened_at_its_first_member() -> None:
    assert ids([hook("x", "b"), hook("a", "b"), hook("b", "c"), hook("c", "b")]) == {
        None: ["b"],
        "b": ["x", "a", "c"],
    }


@pytest.mark.lengthy
@given(st.lists(st.integers(0, 12), max_size=12))
def test_every_execution_is_under_the_outermost_once(parents: list[int]) -> None:
    groups = nested([hook(str(i), str(parent)) for i, parent in enumerate(parents)])
    seen: list[str] = []
    level = [item.execution_id for item in groups.get(None, ())]
    while level:
        seen += level
        level = [item.execution_id for id_ in level for item in groups.get(id_, ())]
    assert sorted(seen, key=int) == [str(i) for i in range(len(parents))]
