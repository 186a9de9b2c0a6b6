"""Hand-made records of traces, of which a test says only what it is about, and forests of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from loopgraph.computes.traces import waterfall as computes
from loopgraph.computes.traces.timeline import entry, moments
from loopgraph.computes.traces.tree import Node, Record, grow, plant
from loopgraph.contracts.base import Contract
from loopgraph.contracts.traces.assembly import (
    AssembledTrace,
    Forest,
    Head,
    SpanKind,
    TimelineEntry,
    TraceParts,
    WaterfallRow,
)
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, RoutingDecision, Trace

C = TypeVar("C", bound=Contract)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

_EMPTY: dict[str, Any] = {
    "context": {}, "headers": {}, "modifications_made": {}, "tags": (), "alternatives": (), "retry_count": 0,
    "intelligence_functions_executed": (), "rag_queries_executed": (), "quality_gates_validated": (),
    "status": TraceStatus.SUCCESS, "started": True, "cache_hit": False, "created_at": NOON, "correlation_id": "t",
    "service_name": "s", "endpoint_path": "/p", "http_method": "POST", "hook_type": "ToolUse",
}  # fmt: skip


def ms(milliseconds: float) -> datetime:
    """``milliseconds`` after noon."""
    return NOON + timedelta(milliseconds=milliseconds)


def made(contract: type[C], begin: float | None = None, end: float | None = None, **given: Any) -> C:
    """A record that ran from one millisecond after noon to another, as far as they are given."""
    times = {
        "started_at": None if begin is None else ms(begin),
        "completed_at": None if end is None else ms(end),
        "duration_ms": end - begin if begin is not None and end is not None and end >= begin else None,
    }
    values = {**_EMPTY, **times, **given}
    return contract(**{name: values.get(name) for name in contract.model_fields})


def trace(id_: str, begin: float | None = None, end: float | None = None, **given: Any) -> Trace:
    """A trace; in progress without an end."""
    status = TraceStatus.IN_PROGRESS if end is None else TraceStatus.SUCCESS
    return made(Trace, begin, end, **{"correlation_id": id_, "status": status, **given})


def step(id_: str, of: str, begin: float | None = None, end: float | None = None, **given: Any) -> HookExecution:
    """A step of a trace."""
    return made(HookExecution, begin, end, execution_id=id_, correlation_id=of, **given)


def call(id_: str, of: str, begin: float | None = None, end: float | None = None, **given: Any) -> EndpointCall:
    """An endpoint call of a trace."""
    return made(EndpointCall, begin, end, call_id=id_, correlation_id=of, **given)


def routing(**given: Any) -> RoutingDecision:
    """A routing decision."""
    return made(RoutingDecision, **given)


def forest(
    *records: Trace | HookExecution | EndpointCall, continued: dict[str, str] | None = None, truncated: bool = False
) -> Forest:
    """The records as they are read from the graph."""
    hooks: defaultdict[str, list[HookExecution]] = defaultdict(list)
    calls: defaultdict[str, list[EndpointCall]] = defaultdict(list)
    for record in records:
        if isinstance(record, HookExecution):
            hooks[record.correlation_id].append(record)
        elif isinstance(record, EndpointCall):
            calls[record.correlation_id].append(record)
    parts = {
        one.correlation_id: TraceParts(
            trace=one,
            routing=None,
            hooks=tuple(hooks[one.correlation_id]),
            endpoints=tuple(calls[one.correlation_id]),
            child_ids=(),
        )
        for one in records
        if isinstance(one, Trace)
    }
    return Forest(parts=parts, continued_from=continued or {}, truncated=truncated)


def grown(tree: AssembledTrace) -> Node[Record]:
    """The tree of nodes of an assembled trace."""
    found, waiting = dict[str, TraceParts](), [tree]
    for one in waiting:  # grows while it is walked
        found[one.trace.correlation_id] = one
        waiting += one.child_traces
    return grow(found, tree.trace.correlation_id)


def waterfall(traces: Sequence[AssembledTrace]) -> tuple[WaterfallRow, ...]:
    """The rows of assembled traces."""
    drawn = computes.Waterfall([grown(tree) for tree in traces])
    return tuple(drawn.bar(node).row() for node in drawn.nodes)


def critical_path(traces: Sequence[AssembledTrace]) -> tuple[computes.Segment, ...]:
    """The critical path of assembled traces."""
    return computes.critical_path([grown(tree) for tree in traces])


def timeline(parts: TraceParts) -> tuple[TimelineEntry, ...]:
    """All entries of a trace."""
    head = Head(parts.trace, parts.routing, None)
    steps = {(SpanKind.STEP, hook.execution_id): hook for hook in parts.hooks} | {
        (SpanKind.CALL, one.call_id): one for one in parts.endpoints
    }
    found = moments(head, ((key, record.at) for key, record in steps.items()))
    return tuple(entry(moment, head, steps[moment.of] if moment.of else None) for moment in found)


def nested(hooks: Sequence[HookExecution]) -> dict[str | None, list[HookExecution]]:
    """The executions of one trace by the execution they are nested in; None holds the outermost."""
    groups: dict[str | None, list[HookExecution]] = {}
    if hooks:
        [top] = plant([trace(hooks[0].correlation_id), *hooks]).tops
        for node in top.walk():
            if isinstance(node.record, HookExecution) and node.parent:
                outer = None if node.parent is top else node.parent.key[1]
                groups.setdefault(outer, []).append(node.record)
    return {outer: sorted(group, key=hooks.index) for outer, group in groups.items()}
