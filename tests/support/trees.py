"""Trees of traces for the pure rooms: made by hand, and by hypothesis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from loopgraph.contracts.traces.assembly import TraceParts
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, Trace
from support.traces import NOON, at

_EMPTY: dict[str, Any] = {
    "status": TraceStatus.SUCCESS, "started_at": None, "completed_at": None, "duration_ms": None, "error_message": None,
    "error_type": None, "context": {}, "created_at": NOON,
}  # fmt: skip


def _record(contract: Any, **fields: Any) -> Any:
    """A record with these fields; all others are empty."""
    defaults = {**dict.fromkeys(contract.model_fields), **_EMPTY}
    return contract(**{name: value for name, value in {**defaults, **fields}.items() if name in contract.model_fields})


def trace(correlation_id: str, **fields: Any) -> Trace:
    """A stored trace."""
    found: Trace = _record(Trace, correlation_id=correlation_id, **{"started": True, "tags": (), **fields})
    return found


def hook(execution_id: str, correlation_id: str, tool: str = "Bash", **fields: Any) -> HookExecution:
    """A stored hook execution."""
    lists: dict[str, Any] = {
        "intelligence_functions_executed": (), "rag_queries_executed": (), "quality_gates_validated": (),
        "modifications_made": {}, "hook_type": "ToolUse", "tool_name": tool,
    }  # fmt: skip
    found: HookExecution = _record(
        HookExecution, execution_id=execution_id, correlation_id=correlation_id, **{**lists, **fields}
    )
    return found


def call(call_id: str, correlation_id: str, service: str = "api", **fields: Any) -> EndpointCall:
    """A stored endpoint call."""
    given = {"service_name": service, "endpoint_path": "/", "http_method": "POST", "headers": {}, "retry_count": 0}
    found: EndpointCall = _record(EndpointCall, call_id=call_id, correlation_id=correlation_id, **{**given, **fields})
    return found


def parts(*records: Trace | HookExecution | EndpointCall) -> dict[str, TraceParts]:
    """The parts of the traces among these records."""
    traces = [record for record in records if isinstance(record, Trace)]
    return {
        one.correlation_id: TraceParts(
            trace=one,
            routing=None,
            hooks=tuple(r for r in records if isinstance(r, HookExecution) and r.correlation_id == one.correlation_id),
            endpoints=tuple(
                r for r in records if isinstance(r, EndpointCall) and r.correlation_id == one.correlation_id
            ),
            child_ids=tuple(other.correlation_id for other in traces if other.parent_id == one.correlation_id),
        )
        for one in traces
    }


_SECONDS = st.integers(0, 8)


def _instants(draw: st.DrawFn) -> Mapping[str, datetime | None]:
    """A start and an end on a coarse clock, so that many coincide; either can be unknown."""
    start, length = draw(_SECONDS), draw(st.integers(0, 4))
    return {
        "started_at": at(start) if draw(st.booleans()) else None,
        "completed_at": at(start + length) if draw(st.booleans()) else None,
    }


@st.composite
def trees(draw: st.DrawFn, tools: Iterable[str] = ("Bash", "Read", "Agent")) -> dict[str, TraceParts]:
    """The parts of a tree of up to three traces under ``t0``; parents are anything, also circles and what is not there."""
    trace_ids = [f"t{n}" for n in range(draw(st.integers(1, 3)))]
    hook_ids = [f"h{n}" for n in range(draw(st.integers(0, 7)))]
    maybe_hook = st.sampled_from([None, "nowhere", *hook_ids])
    records: list[Trace | HookExecution | EndpointCall] = [
        trace(
            id_,
            parent_id=draw(st.sampled_from(trace_ids)) if id_ != "t0" else None,
            spawned_by=draw(maybe_hook),
            agent_type=draw(st.sampled_from([None, "explorer"])) if id_ != "t0" else None,
            prompt_text=draw(st.sampled_from([None, "sort", "count"])),
        )
        for id_ in trace_ids
    ]
    statuses = st.sampled_from([TraceStatus.SUCCESS, TraceStatus.ERROR])
    records += [
        hook(
            id_,
            draw(st.sampled_from(trace_ids)),
            draw(st.sampled_from(list(tools))),
            parent_id=draw(maybe_hook),
            status=draw(statuses),
            tool_input=draw(st.sampled_from([None, {"command": "ls"}, {"command": "rm"}])),
            **_instants(draw),
        )
        for id_ in hook_ids
    ]
    records += [
        call(
            f"c{n}",
            draw(st.sampled_from(trace_ids)),
            draw(st.sampled_from(["api", "db"])),
            hook_execution_id=draw(maybe_hook),
            **_instants(draw),
        )
        for n in range(draw(st.integers(0, 3)))
    ]
    return parts(*records)
