"""Which prompt an OpenTelemetry trace belongs to: spans do not know it, so their trace is provisional until some report does.

A provisional trace has the OpenTelemetry trace id as its correlation id. As soon as one report names both, or two reports about
one hook execution or one subagent name one each, everything moves to the prompt's trace and the provisional one is removed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from loopgraph.assets import query
from loopgraph.contracts.traces import HookExecuted, TraceStarted
from loopgraph.effects import trace_mapping as mapping
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph import Row, Transaction
from loopgraph.effects.observations import joined
from loopgraph.effects.trace_nodes import Piece

_ROOTS_BY_KEY = query("traces/roots_by_key")
_TRACES_BY_OTEL_ID = query("traces/traces_by_otel_id")
_LOCK_TRACES = query("traces/lock_traces")
_ENSURE_TRACES = query("traces/ensure_traces")
_UPDATE_TRACES = query("traces/update_traces")
_LINK_SESSIONS = query("traces/link_sessions")
_HAND_OVER = tuple(
    query(f"traces/hand_over_{what}") for what in ("hooks", "calls", "calls_of_hooks", "logs", "subagents", "continued")
)
_REMOVE = query("traces/remove_provisional")

_OWN = frozenset({"correlation_id", "root_id", "time_key", "session_key", "open_key", "turn"})
"""Properties of a trace that say nothing about another one."""


async def placed(tx: Transaction, pieces: Sequence[Piece], received_at: datetime, turn: str) -> list[Piece]:
    """The pieces, each in the trace of its prompt as far as that is known; what was provisional until now is moved there."""
    reports = [item for item in pieces if item.observation]
    if not reports:
        return list(pieces)
    prompts = await _prompts(tx, reports)
    for provisional, prompt in sorted(prompts.items()):
        await _hand_over(tx, provisional, prompt, received_at, turn)
    return [item.placed(prompts) for item in pieces]


async def _prompts(tx: Transaction, reports: Iterable[Piece]) -> dict[str, str]:
    """The prompt's trace of each OpenTelemetry trace that is tied to one, by these reports or by earlier ones."""
    provisional = {item.otel_trace_id for item in reports if item.otel_trace_id}
    executions: defaultdict[str, set[str]] = defaultdict(set)
    subagents: defaultdict[str, set[str]] = defaultdict(set)
    groups = []
    for item in reports:
        if item.root_id is None:
            continue
        if item.otel_trace_id:
            groups.append({item.otel_trace_id, item.root_id})
        match item.event:
            case HookExecuted() as event:
                executions[event.execution_id].add(item.root_id)
            case TraceStarted(agent_id=str()) as event:
                subagents[event.correlation_id].add(item.root_id)
    if executions or subagents:
        stored = await tx.run(_ROOTS_BY_KEY, execution_ids=sorted(executions), correlation_ids=sorted(subagents))
        for row in stored:
            (executions if row["key"] in executions else subagents)[row["key"]].add(row["root_id"])
            if row["provisional"]:
                provisional.add(row["root_id"])
    prompts: dict[str, str] = {}
    if provisional:
        for row in await tx.run(_TRACES_BY_OTEL_ID, otel_trace_ids=sorted(provisional)):
            prompts[row["otel_trace_id"]] = row["correlation_id"]
    for roots in [*groups, *executions.values(), *subagents.values()]:
        certain = roots - provisional
        if len(certain) == 1:  # a subagent that outlives its prompt may be reported under several
            prompts |= {id_: next(iter(certain)) for id_ in roots & provisional if id_ not in prompts}
    return prompts


async def _hand_over(tx: Transaction, provisional: str, prompt: str, received_at: datetime, turn: str) -> None:
    """Moves all that hangs at a provisional trace to the prompt's, and removes it; nothing if there is none."""
    stored = await tx.run(_LOCK_TRACES, correlation_ids=sorted((provisional, prompt)), turn=turn)
    traces = {row["properties"]["correlation_id"]: row["properties"] for row in stored}
    if provisional not in traces:
        return
    before: Mapping[str, object] = traces.get(prompt, {})
    known = {name: value for name, value in traces[provisional].items() if name not in _OWN}
    after = mapping.keyed_trace(joined(dict(before) or mapping.stub(prompt, received_at), known))
    if before:
        await tx.run(_UPDATE_TRACES, rows=[{"id": prompt, "changes": after}])
    else:
        await tx.run(_ENSURE_TRACES, rows=[after])
    if after.get("session_id") and not before.get("session_id"):
        await tx.run(_LINK_SESSIONS, rows=[session_row(after)])
    for statement in _HAND_OVER:
        await tx.run(statement, provisional=provisional, into=prompt)
    await tx.run(_REMOVE, provisional=provisional)


def session_row(trace: Mapping[str, object]) -> Row:
    """What ties a trace to its session: a row for ``link_sessions``."""
    session_id, created_at = trace["session_id"], trace["created_at"]
    assert isinstance(session_id, str)
    assert isinstance(created_at, datetime)
    return {
        "correlation_id": trace["correlation_id"],
        "session_id": session_id,
        "created_at": created_at,
        "session_time_key": time_key(created_at, session_id),
    }
