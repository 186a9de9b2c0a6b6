"""What is not known of a trace, and by how much the clocks that reported it contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from loopgraph.contracts.traces.assembly import TraceParts
from loopgraph.contracts.traces.events import TraceClosure, TraceStatus
from loopgraph.contracts.traces.records import Trace

_NAMED = 3
"""How many ids a reason names before it only counts."""


def missing_of(parts: TraceParts) -> Iterator[str]:
    """One plain sentence for each thing that is not known of a trace itself."""
    trace = parts.trace
    id_ = trace.correlation_id
    if not trace.started or trace.started_at is None:
        yield f"the start of trace {id_} is unknown"
    if trace.closed_by == TraceClosure.SPANS:
        yield f"the root of trace {id_} is unknown: its spans hang below one that was not sent"
    elif trace.closed_by is not None:
        yield f"the end of trace {id_} is unknown: it was closed by {trace.closed_by}"
    elif trace.status is TraceStatus.IN_PROGRESS:
        yield f"trace {id_} has not ended"
    if trace.agent_id is not None and trace.spawned_by is None:
        yield f"which step spawned trace {id_} is unknown"
    elif trace.spawn_rule is not None and trace.spawn_rule.startswith("inferred"):
        yield f"that step {trace.spawned_by} spawned trace {id_} is {trace.spawn_rule}"
    hooks, calls = parts.hooks, parts.endpoints
    yield from _several(
        "step", "of which only endpoint calls are known", (h.execution_id for h in hooks if not h.hook_type)
    )
    yield from _several("step", "without an end", (h.execution_id for h in hooks if _open(h.status) and h.hook_type))
    yield from _several("endpoint call", "without an end", (call.call_id for call in calls if _open(call.status)))


def _open(status: TraceStatus) -> bool:
    return status is TraceStatus.IN_PROGRESS


def _several(kind: str, problem: str, ids: Iterable[str]) -> Iterator[str]:
    named = list(ids)
    if named:
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        yield f"{kind}{'s' if len(named) > 1 else ''} {problem}: {', '.join(named[:_NAMED])}{more}"


def skew_of(parts: TraceParts, children: Sequence[Trace]) -> float:
    """The largest contradiction between times of a trace, its steps, its calls and the traces it spawned, in milliseconds.

    A part contradicts when it begins before the whole it is in, and anything does that ends before it begins.
    """
    trace = parts.trace
    starts = {hook.execution_id: hook.started_at for hook in parts.hooks}

    def outer(id_: str | None) -> datetime | None:
        return starts.get(id_ or "") or trace.started_at

    def orders() -> Iterator[tuple[datetime | None, datetime | None]]:
        """Pairs of instants of which the first cannot be the later one."""
        yield trace.started_at, trace.completed_at
        for hook in parts.hooks:
            yield outer(hook.parent_id), hook.started_at
            yield hook.started_at, hook.completed_at
        for call in parts.endpoints:
            yield outer(call.hook_execution_id), call.started_at
            yield call.started_at, call.completed_at
        for child in children:
            yield outer(child.spawned_by), child.started_at

    skews = (first - second for first, second in orders() if first and second and first > second)
    return max(skews, default=timedelta(0)) / timedelta(milliseconds=1)
