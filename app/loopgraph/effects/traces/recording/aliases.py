"""Which prompt an OpenTelemetry trace belongs to: spans do not know it, so their trace is provisional until some report does.

A provisional trace has the OpenTelemetry trace id as its correlation id. As soon as one report names both, or two reports about
one hook execution or one subagent name one each, everything moves to the prompt's trace and the provisional one is removed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.traces.events import HookExecuted, TraceStarted
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.errors import LostRace
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.traces.recording import mapping
from loopgraph.effects.traces.recording.folding import Batch
from loopgraph.effects.traces.recording.joining import Properties, joined
from loopgraph.effects.traces.recording.mapping import BEGUN, ENDED
from loopgraph.effects.traces.recording.nodes import Piece

_TRACES_BY_OTEL_ID = query("traces/traces_by_otel_id")
_LOCK_TRACES = query("traces/lock_traces")
_ENSURE_TRACES = query("traces/ensure_traces")
_UPDATE_TRACES = query("traces/update_traces")
_LEAVE_SESSIONS = query("traces/leave_sessions")
_LINK_SESSIONS = query("traces/link_sessions")
HAND_OVER = tuple(
    query(f"traces/hand_over_{what}")
    for what in ("hooks", "calls", "calls_of_hooks", "logs", "subagents", "continued", "feedback")
)
"""What gives all that hangs at a trace to another one."""
_REMOVE = query("traces/remove_provisional")

_OWN = frozenset({
    "correlation_id", "root_id", "time_key", "session_key", "open_key", "turn",
    "parent_id", "spawned_by", "spawn_rule", "spawn_evidence", "continued_from",
})  # fmt: skip
"""Properties of a trace that say nothing about another one, or that follow from evidence (``effects.trace_linking``)."""


class KnownPrompts(NamedTuple):
    """The prompts' traces by OpenTelemetry trace id; ``left`` are ids of provisional traces that have yet to be handed over."""

    by_otel_id: dict[str, str]
    left: list[str]


async def known_prompts(tx: Transaction, pieces: Iterable[Piece]) -> KnownPrompts:
    """The prompt's trace of each OpenTelemetry trace that earlier reports have tied to one."""
    ids = sorted({item.otel_trace_id for item in pieces if item.otel_trace_id})
    rows = await tx.run(_TRACES_BY_OTEL_ID, otel_trace_ids=ids) if ids else []
    return KnownPrompts(
        {row["otel_trace_id"]: row["correlation_id"] for row in rows},
        sorted({row["otel_trace_id"] for row in rows if row["left"]}),
    )


def new_prompts(pieces: Iterable[Piece], batch: Batch, known: Container[str]) -> dict[str, str]:
    """The prompt's trace of each OpenTelemetry trace that these reports tie to one, by themselves or with what is stored."""
    provisional: set[str] = set()
    direct: list[set[str]] = []
    executions: defaultdict[str, set[str]] = defaultdict(set)
    subagents: defaultdict[str, set[str]] = defaultdict(set)
    for item in pieces:
        root_id, otel_trace_id = item.root_id, item.otel_trace_id
        if not item.observation or root_id is None:
            continue
        if otel_trace_id:
            provisional.add(otel_trace_id)
            direct.append({otel_trace_id, root_id})
        match item.event:
            case HookExecuted() as event:
                roots, stored = executions[event.execution_id], batch.hooks.get(event.execution_id)
            case TraceStarted(agent_id=str()) as event:
                roots, stored = subagents[event.correlation_id], batch.traces.get(event.correlation_id)
            case _:
                continue
        roots.add(root_id)
        if stored and stored.get("root_id"):
            roots.add(stored["root_id"])
            if stored["root_id"] == stored.get("otel_root_id"):
                provisional.add(stored["root_id"])
    prompts: dict[str, str] = {}
    for roots in [*direct, *executions.values(), *subagents.values()]:
        certain = roots - provisional
        if len(certain) == 1:  # a subagent that outlives its prompt may be reported under several
            prompts |= {
                id_: next(iter(certain)) for id_ in roots & provisional if id_ not in known and id_ not in prompts
            }
    return prompts


async def hand_over(
    tx: Transaction, provisional: str, prompt: str, received_at: datetime, turn: str
) -> Properties | None:
    """Moves all that hangs at a provisional trace to the prompt's, and removes it; the prompt's as it is then.

    None, and nothing happens, if there is no such provisional trace; one that a client has begun itself is none.
    """
    stored = await tx.run(_LOCK_TRACES, correlation_ids=sorted((provisional, prompt)), turn=turn)
    traces = {row["properties"]["correlation_id"]: row["properties"] for row in stored}
    if provisional not in traces or not traces[provisional].keys().isdisjoint((BEGUN, ENDED)):
        return None
    before: Mapping[str, object] = traces.get(prompt, {})
    known = {name: value for name, value in traces[provisional].items() if name not in _OWN}
    after = mapping.keyed_trace(joined(dict(before) or mapping.stub(prompt, received_at), known))
    if before:
        await tx.run(_UPDATE_TRACES, rows=[{"id": prompt, "changes": after}])
    else:
        await tx.run(_ENSURE_TRACES, rows=[after])
    if after.get("session_id") and after["session_id"] != before.get("session_id"):
        if before.get("session_id"):
            await tx.run(_LEAVE_SESSIONS, rows=[{"correlation_id": prompt}])
        await tx.run(_LINK_SESSIONS, rows=[session_row(after)])
    for statement in HAND_OVER:
        await tx.run(statement, provisional=provisional, into=prompt)
    [row] = await tx.run(_REMOVE, provisional=provisional)
    if not row["removed"]:
        raise LostRace(_REMOVE.name)
    return after


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
        "owner": trace.get("owner"),
        "shared_in": trace.get("shared_in"),
        "unclaimed": trace.get("unclaimed"),
    }
