"""Ends what is open in a session that is over, or that has gone on with another prompt: nobody else will tell of its end.

What is concluded follows from what is stored, whatever came first: a trace is cut off when

- its session has ended (``cut_off_at`` of the session), and the trace had begun before;
- a person's later prompt (``prompted_at`` of the session) has left it behind; a subagent is left behind with its prompt,
  unless its call has returned already: then it works on in the background. One that was cut off before that was known, or
  before it was known that its prompt had ended well, is open again.

It is then ``INTERRUPTED`` (a trace of the session itself: ``SUCCESS``), with all its steps and calls that are open. So are those
of a trace that had ended by itself and was left behind all the same: whether its end or the later prompt came first is no matter.
Any report of how a thing itself ended outweighs that, and the error goes with it. A trace that the client's hooks tell of
(``hooked``) would have been ended by a hook, so the span of its prompt, which ends in any case, does not outweigh it; of any
other trace everything does, as its spans may still be on their way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.traces.events import OF_SESSION, TraceStatus
from loopgraph.contracts.traces.precedence import CONCLUDED, Ending
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.traces.recording import mapping
from loopgraph.effects.traces.recording.folding import Batch
from loopgraph.effects.traces.recording.joining import Properties, level, reopened, weighted
from loopgraph.effects.traces.recording.nodes import Nodes
from loopgraph.effects.traces.recording.standings import signs_of_life

_UNENDED = query("traces/unended_of_sessions")

_CUT_OFF = query("traces/interrupted_in_traces")


_TYPE = "interrupt"

_EVER = datetime(1970, 1, 1, tzinfo=UTC)

_RETURNED = "spawned_by_tool_response"
"""The call that spawned a subagent, once it has returned."""


async def end_what_is_left(tx: Transaction, batch: Batch, moved: Iterable[Properties] = ()) -> list[str]:
    """Concludes which traces of the sessions of a batch are cut off, and ends what is open in them, in memory; returns their
    ids. ``moved`` are traces that have changed without the batch."""
    sessions = {session["session_id"]: session for session in batch.sessions.all() if _cuts(session)}
    ids = await _end_what_is_cut(tx, batch, sessions, moved) if sessions else []
    await _date(tx, batch, ids)
    return ids


async def _end_what_is_cut(
    tx: Transaction, batch: Batch, sessions: dict[str, Properties], moved: Iterable[Properties]
) -> list[str]:
    if rows := _newly_cut(batch, moved):
        for row in await tx.run(_UNENDED, rows=rows):
            nodes: Nodes = getattr(batch, row["kind"])
            nodes.found(row["nodes"])
    cut, ended = _cut_traces(batch, sessions), _ended_traces(batch, sessions)
    await _reopen(tx, batch, _wrongly_cut(batch, sessions, cut))
    for nodes in (batch.hooks, batch.calls):
        for node in list(nodes.all()):
            id_, is_open = node["correlation_id"], not mapping.is_final(node)
            if (id_ in cut and (is_open or _is_failed_by_telemetry(node))) or (is_open and id_ in ended):
                _end(nodes, node, batch.traces.get(id_) or node)
            elif is_open and _is_over(node, sessions.get(node.get("session_id") or "")):
                _end(nodes, node, node)  # in a trace with an end of its own
    unended = [trace for id_ in cut if _end(batch.traces, trace := batch.traces.get(id_) or {}, trace)]
    return sorted(trace["correlation_id"] for trace in unended)


def _cuts(session: Properties) -> bool:
    return bool(session.get("cut_off_at") or session.get("prompted_at"))


def _newly_cut(batch: Batch, moved: Iterable[Properties]) -> list[Properties]:
    """The sessions in which something may have just been cut off, or should not have been: all that is in them if they are
    ``over``, else what is in their unsettled traces, in those that began ``since`` the prompt before a later one (None: in no
    others), and in ``traces`` of which something is new that matters here."""
    changed: defaultdict[str, list[str]] = defaultdict(list)
    settled = set()
    for trace in moved:
        changed[trace.get("session_id") or ""].append(trace["correlation_id"])
    for before, after in batch.traces.pairs():
        if before and _standing(before) != _standing(after) and _may_be_left(batch, after):
            changed[after.get("session_id") or ""].append(after["correlation_id"])
        if _is_cut_off(before) and not mapping.is_unsettled(after):
            settled.add(after.get("session_id"))  # it had not been left with its subagents
    rows = []
    for session in batch.sessions.all():
        id_ = session["session_id"]
        before = batch.sessions.stored(id_)
        over, gone_on = (before.get(name) != session.get(name) for name in ("cut_off_at", "prompted_at"))
        if before and (over or gone_on or id_ in changed or id_ in settled):
            since = before.get("prompted_at") or _EVER if gone_on else None
            rows.append({"session_id": id_, "over": over, "since": since, "traces": changed[id_]})
    return rows


def _standing(trace: Properties) -> tuple[Any, ...]:
    return (bool(trace.get("hooked")), mapping.is_unsettled(trace), trace.get("prompted_at") or trace.get("started_at"))


def _may_be_left(batch: Batch, trace: Properties) -> bool:
    """Whether a later prompt has left a trace behind, or its session has ended, or hooks tell of it from now on."""
    session = batch.sessions.get(trace.get("session_id") or "") or {}
    return (
        bool(trace.get("hooked")) != bool(batch.traces.stored(trace["correlation_id"]).get("hooked"))
        or _is_over(trace, session)
        or _is_before(_begun(trace), session.get("prompted_at"))
    )


def _cut_traces(batch: Batch, sessions: dict[str, Properties]) -> set[str]:
    """The traces without an end of their own that are cut off."""
    cut, subagents = set(), []
    for trace in batch.traces.all():
        session = sessions.get(trace.get("session_id") or "")
        if session is None or not mapping.is_unsettled(trace):
            continue
        if _is_over(trace, session):
            cut.add(trace["correlation_id"])
        elif trace.get("agent_id"):
            subagents.append(trace)
        elif _is_before(trace.get("prompted_at") or trace.get("started_at"), session.get("prompted_at")):
            cut.add(trace["correlation_id"])
    left = {trace["correlation_id"] for trace in subagents if trace.get("root_id") in cut and not trace.get(_RETURNED)}
    return cut | left


def _ended_traces(batch: Batch, sessions: dict[str, Properties]) -> set[str]:
    """The traces with an end of their own that a later prompt has left behind: nothing in them goes on."""
    return {
        trace["correlation_id"]
        for trace in batch.traces.all()
        if (session := sessions.get(trace.get("session_id") or "")) is not None
        and not mapping.is_unsettled(trace)
        and _is_before(trace.get("prompted_at") or trace.get("started_at"), session.get("prompted_at"))
    }


def _wrongly_cut(batch: Batch, sessions: dict[str, Properties], cut: set[str]) -> set[str]:
    """The subagents that were cut off, though it is known by now that they work on in the background of their session."""
    return {
        trace["correlation_id"]
        for trace in batch.traces.all()
        if trace["correlation_id"] not in cut
        and trace.get("agent_id")
        and trace.get("session_id") in sessions
        and _is_cut_off(batch.traces.stored(trace["correlation_id"]))
        and (trace.get(_RETURNED) or batch.traces.get(trace.get("root_id") or ""))
    }


async def _reopen(tx: Transaction, batch: Batch, traces: set[str]) -> None:
    """Takes back the end of traces that were cut off, and of all that is in them."""
    if not traces:
        return
    for row in await tx.run(_CUT_OFF, correlation_ids=sorted(traces)):
        nodes: Nodes = getattr(batch, row["kind"])
        nodes.found(row["nodes"])
    for nodes in (batch.traces, batch.hooks, batch.calls):
        for node in list(nodes.all()):
            if node["correlation_id"] in traces and _is_cut_off(node):
                nodes.put(reopened(node))


def _is_cut_off(node: Properties) -> bool:
    return bool(node) and mapping.is_final(node) and level("status", node) == Ending.CUT_OFF


def _begun(node: Properties) -> datetime:
    at: datetime = node.get("prompted_at") or node.get("started_at") or node["created_at"]
    return at


def _is_over(node: Properties, session: Properties | None) -> bool:
    return session is not None and _is_before(_begun(node), session.get("cut_off_at"))


def _is_before(begun: datetime | None, over: datetime | None) -> bool:
    return begun is not None and over is not None and begun < over


def _is_failed_by_telemetry(node: Properties) -> bool:
    """Whether only telemetry tells that a step failed that hooks tell of: that is how it tells of what was stopped."""
    return bool(node.get("hooked")) and node["status"] == TraceStatus.ERROR


def _end(nodes: Nodes, node: Properties, trace: Properties) -> bool:
    """Ends a trace, a step or a call, unless a report says more; whether it did."""
    at_level = int(Ending.CUT_OFF) if trace.get("hooked") else CONCLUDED[0]
    if mapping.is_final(node) and level("status", node) >= at_level:
        return False
    ended = {"status": TraceStatus.INTERRUPTED.value, "error_type": _TYPE}
    if node.get("source") == OF_SESSION:  # its end is that of the session
        ended = {"status": TraceStatus.SUCCESS.value}
    nodes.join(weighted({nodes.key: node[nodes.key], **ended}, dict.fromkeys(ended, (at_level, 0))), node)
    return True


async def _date(tx: Transaction, batch: Batch, newly_ended: list[str]) -> None:
    """Dates the ends of traces by the last that began or ended in them, as far as nobody tells when it was; also of those that
    had been ended before, of which more has arrived."""
    dated = {*newly_ended, *(trace["correlation_id"] for trace in batch.traces.all() if _is_dated_by_parts(trace))}
    if not dated:
        return
    signs: defaultdict[str, set[datetime]] = defaultdict(set)
    stored = [sign._asdict() for sign in await signs_of_life(tx, newly_ended)] if newly_ended else []
    steps = (hook for hook in batch.hooks.all() if not hook.get("ends_with_trace"))
    rows: list[Properties] = [*batch.traces.all(), *steps, *batch.calls.all(), *stored]
    for row in rows:
        signs[row["correlation_id"]] |= {at for name in ("started_at", "completed_at") if (at := row.get(name))}
    for id_ in sorted(dated):
        trace, last = batch.traces.get(id_) or {}, max(signs[id_], default=None)
        if last is not None and trace.get("completed_at") != last:
            end = {"correlation_id": id_, "completed_at": last}
            weight = (CONCLUDED[0], int(last.timestamp() * 1e6))
            batch.traces.join(weighted(end, {"completed_at": weight}), trace)


def _is_dated_by_parts(trace: Properties) -> bool:
    """Whether a trace was ended here, and not because it had fallen silent or its spans had ended."""
    if not mapping.is_final(trace) or trace.get("closed_by"):
        return False
    if trace.get("completed_at") is None:
        return level("status", trace) in (CONCLUDED[0], Ending.CUT_OFF)
    return level("completed_at", trace) == CONCLUDED[0]
