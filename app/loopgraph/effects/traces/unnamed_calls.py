"""Which tool call an event is of, where the client gives its calls no ids (``call_order``); what is stored already follows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.traces import HookExecuted
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.traces import mapping
from loopgraph.effects.traces.call_order import Call, CallOrder
from loopgraph.effects.traces.joining import Properties, joined, micros, told_at
from loopgraph.effects.traces.nodes import Piece

_UNNAMED_CALLS = query("traces/unnamed_calls")
_LOCK_HOOKS = query("traces/lock_hooks")
_UPDATE_HOOKS = query("traces/update_hooks")
_CREATE_HOOKS = query("traces/create_hooks")

_MOST = 100
"""So many of the last calls of one tool with one input are looked at in a trace."""

_Kind = tuple[str, str]
"""The trace, and how the ids of the calls of one tool with one input begin."""


async def of_unnamed_calls(tx: Transaction, pieces: Sequence[Piece], turn: str) -> list[Piece]:
    """The pieces, each of the call that it is about; they are in the traces of their prompts already."""
    kinds = sorted({kind for piece in pieces if (kind := _kind(piece))})
    if not kinds:
        return list(pieces)
    known: defaultdict[_Kind, list[Call]] = defaultdict(list)
    rows = [{"correlation_id": trace, "prefix": prefix} for trace, prefix in kinds]
    for row in await tx.run(_UNNAMED_CALLS, rows=rows, limit=_MOST * len(rows)):
        call = Call(row["execution_id"], row["begun"], row["ended"], row["since"], row["recorded"])
        known[row["correlation_id"], row["prefix"]].append(call)
    orders = {kind: CallOrder(kind[1], known[kind]) for kind in kinds}
    stored = {call.id for calls in known.values() for call in calls}
    ends = {call.ended for calls in known.values() for call in calls}
    placed = [_placed(piece, orders[kind]) if (kind := _kind(piece)) else piece for piece in pieces]
    final = [_settled(piece, orders[kind]) if (kind := _kind(piece)) else piece for piece in placed]
    for order in orders.values():
        await _follow(tx, {at: way for at, way in order.moved.items() if at in ends and way[0] in stored}, turn)
    return final


def _kind(piece: Piece) -> _Kind | None:
    if piece.observation is None or not piece.observation.unnamed_call or not isinstance(piece.event, HookExecuted):
        return None
    prefix, _, _ = piece.event.execution_id.rpartition("/")
    return piece.correlation_id or "", f"{prefix}/"


def _placed(piece: Piece, order: CallOrder) -> Piece:
    """The piece with the id of its call, which is known from then on, and with what tells its report from others."""
    event = piece.event
    assert isinstance(event, HookExecuted)
    started, completed, id_ = event.started_at, event.completed_at, event.execution_id
    if started:
        return _named(piece, order.begins(started, id_), call_begun=started)
    if completed and event.duration_ms is not None:
        since = completed - timedelta(milliseconds=event.duration_ms)
        return _named(piece, order.was(since, completed, id_), call_since=since, call_recorded=completed)
    if completed:
        return _named(piece, order.ends(completed, id_), call_ended=completed)
    return piece


def _named(piece: Piece, id_: str, **report: datetime) -> Piece:
    assert isinstance(piece.event, HookExecuted)
    event = piece.event.model_copy(update={"execution_id": id_})
    return replace(piece, event=event, given={**piece.given, "execution_id": id_, **report})


def _settled(piece: Piece, order: CallOrder) -> Piece:
    """An end that a later piece has given to another call."""
    ended = piece.given.get("call_ended")
    way = order.moved.get(ended) if ended else None
    return _named(piece, way[1]) if way else piece


# What is stored


async def _follow(tx: Transaction, moved: Mapping[datetime, tuple[str, str]], turn: str) -> None:
    """Moves the ends of stored calls."""
    moved = {at: way for at, way in moved.items() if way[0] != way[1]}
    if not moved:
        return
    ids = sorted({id_ for way in moved.values() for id_ in way})
    rows = await tx.run(_LOCK_HOOKS, execution_ids=ids, turn=turn)
    hooks = {row["properties"]["execution_id"]: row["properties"] for row in rows}
    there = set(hooks)
    for at, (giver, taker) in sorted(moved.items()):
        if giver in hooks:
            hooks[giver], end = _without_end(hooks[giver], at)
            end = {**end, "execution_id": taker}
            hooks[taker] = joined(hooks[taker], end) if taker in hooks else end
    keyed = [mapping.keyed_hook(hooks[id_]) for id_ in sorted(hooks)]
    changed: list[Row] = [
        {"id": hook["execution_id"], "changes": hook} for hook in keyed if hook["execution_id"] in there
    ]
    await tx.run(_UPDATE_HOOKS, rows=changed)
    await tx.run(_CREATE_HOOKS, rows=[_clean(hook) for hook in keyed if hook["execution_id"] not in there])


_OF_END = ("status", "completed_at", "duration_ms", "tool_response", "error_type", "error_message")


def _without_end(hook: Properties, at: datetime) -> tuple[Properties, Properties]:
    """A call without its end, and the end as a call by itself."""
    left, end = told_at(hook, micros(at), _OF_END)
    in_progress = {"status": "in_progress"} if left.get("status") is None else {}
    begun: dict[str, Any] = {"call_ended": None, "ordered_at": hook.get("call_begun") or hook.get("ordered_at")}
    alone: dict[str, Any] = {"call_begun": None, "call_since": None, "call_recorded": None, "started_at": None}
    ordered = {"ordered_at": at} if hook.get("ordered_at") else {}
    return {**left, **begun, **in_progress}, {**end, **alone, "call_ended": at, **ordered}


def _clean(hook: Properties) -> Properties:
    return {name: value for name, value in hook.items() if value is not None}
