"""What happened in a trace, in the order of time (seed 003 §2.3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from loopgraph.computes.traces.tree import Key
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.traces.assembly import Head, SpanKind, TimelineEntry
from loopgraph.contracts.traces.records import EndpointCall, HookExecution

Event = Literal["prompt_submitted", "agent_routed", "hook_executed", "endpoint_called", "execution_completed"]


class Moment(NamedTuple):
    """When an entry is, and of what: a step or call, or (``of`` is None) the trace itself."""

    at: datetime
    event: Event
    of: Key | None = None


def moments(head: Head, inside: Iterable[tuple[Key, datetime]]) -> list[Moment]:
    """One for the prompt, the routing, each hook execution, each endpoint call and the end of a trace, in the order of time.

    ``inside`` are its steps and calls, each with the best that is known of when it was. What is not there yet has none. At one
    instant the order above holds.
    """
    trace, routing = head.trace, head.routing
    found = list[Moment]()
    if trace.started and trace.started_at is not None:
        found.append(Moment(trace.started_at, "prompt_submitted"))
    if routing is not None:
        found.append(Moment(routing.created_at, "agent_routed"))
    parts = sorted(inside, key=lambda part: (part[0][0] is SpanKind.CALL, part[1], part[0][1]))
    found += [Moment(at, "hook_executed" if key[0] is SpanKind.STEP else "endpoint_called", key) for key, at in parts]
    if trace.completed_at is not None:
        found.append(Moment(trace.completed_at, "execution_completed"))
    return sorted(found, key=lambda moment: moment.at)


def entry(moment: Moment, head: Head, record: HookExecution | EndpointCall | None) -> TimelineEntry:
    """The entry of a moment; ``record`` is the step or call that it is of. ``…duration_ms`` are milliseconds."""
    return TimelineEntry(timestamp=moment.at, event_type=moment.event, data=_data(moment, head, record))


def _data(moment: Moment, head: Head, record: HookExecution | EndpointCall | None) -> JsonMap:
    trace, routing = head.trace, head.routing
    match record:
        case HookExecution():
            return {"hook_type": record.hook_type, "tool": record.tool_name, "duration_ms": record.duration_ms}
        case EndpointCall():
            return {
                "service": record.service_name,
                "endpoint": record.endpoint_path,
                "status": record.response_status,
                "duration_ms": record.duration_ms,
            }
    if moment.event == "prompt_submitted":
        return {"prompt": trace.prompt_text}
    if moment.event == "agent_routed" and routing is not None:
        return {"agent": routing.selected_agent, "confidence": routing.confidence_total}
    return {"status": trace.status.value, "success": trace.success, "total_duration_ms": trace.duration_ms}
