"""What happened in a trace, in the order of time (seed 003 §2.3), and how its hook executions are nested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from loopgraph.contracts.assembly import TimelineEntry, TraceParts
from loopgraph.contracts.traces import HookExecution


def timeline(parts: TraceParts) -> tuple[TimelineEntry, ...]:
    """One entry for the prompt, the routing, each hook execution, each endpoint call and the end of a trace.

    What is not there yet has no entry. A step is dated by its start, or by the best that is known instead. At one instant the
    order above holds. ``duration_ms`` and ``total_duration_ms`` are milliseconds.
    """
    trace, routing = parts.trace, parts.routing
    entries = []
    if trace.started and trace.started_at is not None:
        entries.append(
            TimelineEntry(
                timestamp=trace.started_at,
                event_type="prompt_submitted",
                data={"prompt": trace.prompt_text},
            )
        )
    if routing is not None:
        entries.append(
            TimelineEntry(
                timestamp=routing.created_at,
                event_type="agent_routed",
                data={"agent": routing.selected_agent, "confidence": routing.confidence_total},
            )
        )
    entries += [
        TimelineEntry(
            timestamp=hook.at,
            event_type="hook_executed",
            data={"hook_type": hook.hook_type, "tool": hook.tool_name, "duration_ms": hook.duration_ms},
        )
        for hook in parts.hooks
    ]
    entries += [
        TimelineEntry(
            timestamp=call.at,
            event_type="endpoint_called",
            data={
                "service": call.service_name,
                "endpoint": call.endpoint_path,
                "status": call.response_status,
                "duration_ms": call.duration_ms,
            },
        )
        for call in parts.endpoints
    ]
    if trace.completed_at is not None:
        entries.append(
            TimelineEntry(
                timestamp=trace.completed_at,
                event_type="execution_completed",
                data={"status": trace.status.value, "success": trace.success, "total_duration_ms": trace.duration_ms},
            )
        )
    return tuple(sorted(entries, key=lambda entry: entry.timestamp))


def nested(hooks: Sequence[HookExecution]) -> Mapping[str | None, Sequence[HookExecution]]:
    """The hook executions by the execution they are nested in, each group in the order given; None holds the outermost.

    Outermost is also what names a parent that is not among ``hooks`` (the seeds' clients name the trace), and the first of
    those that name each other in a circle: nothing is lost.
    """
    known = {hook.execution_id for hook in hooks}
    parent = {hook.execution_id: hook.parent_id if hook.parent_id in known else None for hook in hooks}
    settled: set[str | None] = {None}
    for hook in hooks:
        walked: set[str | None] = set()
        step: str | None = hook.execution_id
        while step not in settled and step not in walked:
            walked.add(step)
            step = parent[step] if step is not None else None
        if step in walked and step is not None:
            parent[step] = None
        settled |= walked
    groups: defaultdict[str | None, list[HookExecution]] = defaultdict(list)
    for hook in hooks:
        groups[parent[hook.execution_id]].append(hook)
    return dict(groups)
