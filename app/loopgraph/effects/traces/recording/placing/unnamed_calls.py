"""Which tool call an event is of, where the client gives its calls no ids (``call_order``); what is stored already follows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.contracts.traces.precedence import Clock
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.traces.recording import mapping
from loopgraph.effects.traces.recording.joining import Properties, joined, micros, told_at
from loopgraph.effects.traces.recording.nodes import Piece
from loopgraph.effects.traces.recording.placing.call_order import CallOrder, Kind, Report

_UNNAMED_CALLS = query("traces/unnamed_calls")
_UNNAMED_CALLS_IN = query("traces/unnamed_calls_in")
_STRADDLING = query("traces/straddling_calls")
_LOCK_HOOKS = query("traces/lock_hooks")
_UPDATE_HOOKS = query("traces/update_hooks")
_CREATE_HOOKS = query("traces/create_hooks")
_REMOVE_HOOKS = query("traces/remove_hooks")
_HAND_OVER_FEEDBACK = query("traces/hand_over_feedback_of_hooks")

_MOST = 100
"""So many of the last calls of one tool with one input are looked at in a trace."""

_Kind = tuple[str, str]
"""The trace, and how the ids of the calls of one tool with one input begin."""


async def of_unnamed_calls(tx: Transaction, pieces: Sequence[Piece], turn: str) -> list[Piece]:
    """The pieces, each of the call that it is about; they are in the traces of their prompts already."""
    kinds = sorted({kind for piece in pieces if (kind := _kind(piece))})
    if not kinds:
        return list(pieces)
    known = await _known(tx, kinds)
    orders = {kind: CallOrder(kind[1], known[kind]) for kind in kinds}
    for piece in pieces:
        if (kind := _kind(piece)) and (report := _report(piece)):
            orders[kind].add(report, _event(piece).execution_id)
    settled = {kind: order.settled() for kind, order in orders.items()}
    for kind in kinds:
        await _follow(tx, known[kind], settled[kind], turn)
    return [_placed(piece, settled[kind]) if (kind := _kind(piece)) else piece for piece in pieces]


async def settle_calls(tx: Transaction, traces: Iterable[str], turn: str) -> None:
    """Settles the calls of traces that some have been moved to: their reports may lie with others by now."""
    found: defaultdict[_Kind, int] = defaultdict(int)
    for row in await tx.run(_UNNAMED_CALLS_IN, correlation_ids=sorted(traces), limit=_MOST * _MOST):
        prefix, _, _ = row["execution_id"].rpartition("/")
        found[row["correlation_id"], row["unnamed_as"] or f"{prefix}/"] += 1
    kinds = sorted(kind for kind, count in found.items() if count > 1)
    if not kinds:
        return
    known = await _known(tx, kinds)
    for kind in kinds:
        await _follow(tx, known[kind], CallOrder(kind[1], known[kind]).settled(), turn)


async def split_calls(tx: Transaction, trace: str, since: datetime, until: datetime, turn: str) -> None:
    """Parts the calls of a trace of which only the beginning or the end is in this time: a prompt has begun in between."""
    for row in await tx.run(_STRADDLING, correlation_id=trace, since=since, until=until):
        id_, begun, ended = row["execution_id"], Report(Kind.BEGINS, row["begun"]), Report(Kind.ENDS, row["ended"])
        alone = f"{id_.rpartition('/')[0]}/{micros(ended.at):016d}"
        await _follow(tx, [(begun, id_), (ended, id_)], {begun: id_, ended: alone}, turn)


async def _known(tx: Transaction, kinds: Sequence[_Kind]) -> defaultdict[_Kind, list[tuple[Report, str]]]:
    """The stored reports, and which calls they have been taken for."""
    known: defaultdict[_Kind, list[tuple[Report, str]]] = defaultdict(list)
    rows = [{"correlation_id": trace, "prefix": prefix} for trace, prefix in kinds]
    for row in await tx.run(_UNNAMED_CALLS, rows=rows, limit=_MOST * len(rows)):
        known[row["correlation_id"], row["prefix"]] += [(report, row["execution_id"]) for report in _stored(row)]
    return known


def _kind(piece: Piece) -> _Kind | None:
    if piece.observation is None or not isinstance(piece.event, HookExecuted):
        return None
    if piece.observation.unnamed_as:
        return piece.correlation_id or "", piece.observation.unnamed_as
    if not piece.observation.unnamed_call:
        return None
    prefix, _, _ = piece.event.execution_id.rpartition("/")
    return piece.correlation_id or "", f"{prefix}/"


def _event(piece: Piece) -> HookExecuted:
    assert isinstance(piece.event, HookExecuted)
    return piece.event


def _stored(row: Row) -> list[Report]:
    told = [
        Report(Kind.NAMED, row["named"], row["named_since"], row["execution_id"]) if row["named"] else None,
        Report(Kind.BEGINS, row["begun"]) if row["begun"] else None,
        Report(Kind.RECORD, row["recorded"], row["since"]) if row["recorded"] else None,
        Report(Kind.ENDS, row["ended"]) if row["ended"] else None,
    ]
    return [one for one in told if one]


def _report(piece: Piece) -> Report | None:
    """What a piece tells of its call; nothing, if it names that and does not tell the whole."""
    event, observation = _event(piece), piece.observation
    assert observation is not None
    if observation.unnamed_as:
        if event.started_at is None or event.completed_at is None:
            return None
        return Report(Kind.NAMED, event.completed_at, event.started_at, event.execution_id)
    if event.started_at:
        return Report(Kind.BEGINS, event.started_at)
    # A hook of the end knows how long a call ran, and not how long it had waited by then, to be allowed or for a processor.
    if event.completed_at and event.duration_ms is not None and observation.clock > Clock.STAMPED:
        since = event.completed_at - timedelta(milliseconds=event.duration_ms)
        return Report(Kind.RECORD, event.completed_at, since)
    return Report(Kind.ENDS, event.completed_at) if event.completed_at else None


def _placed(piece: Piece, settled: Mapping[Report, str]) -> Piece:
    """The piece with the id of its call, and with what tells its report from others."""
    report = _report(piece)
    if report is None:
        return piece
    id_ = settled[report]
    told: Properties = {_AT[report.kind]: report.at} | ({_SINCE[report.kind]: report.since} if report.since else {})
    event = _event(piece).model_copy(update={"execution_id": id_})
    return replace(piece, event=event, given={**piece.given, "execution_id": id_, **told})


_AT = {
    Kind.NAMED: "call_named",
    Kind.BEGINS: "call_begun",
    Kind.RECORD: "call_recorded",
    Kind.ENDS: "call_ended",
}
_SINCE = {Kind.NAMED: "call_named_since", Kind.RECORD: "call_since"}


# What is stored


async def _follow(
    tx: Transaction, known: Sequence[tuple[Report, str]], settled: Mapping[Report, str], turn: str
) -> None:
    """Moves the reports of stored calls that are of other ones: ends alone, or all that is known of a call."""
    now: defaultdict[str, set[str]] = defaultdict(set)
    for report, id_ in known:
        now[id_].add(settled[report])
    ends = [(report, id_) for report, id_ in known if report.kind is Kind.ENDS and settled[report] != id_]
    whole = {id_: next(iter(ids)) for id_, ids in now.items() if len(ids) == 1 and id_ not in ids}
    if not (ends or whole):
        return
    ids = sorted({id_ for report, was in ends for id_ in (was, settled[report])} | whole.keys() | {*whole.values()})
    rows = await tx.run(_LOCK_HOOKS, execution_ids=ids, turn=turn)
    hooks = {row["properties"]["execution_id"]: row["properties"] for row in rows}
    there = set(hooks)
    for report, was in sorted(ends, key=lambda end: end[0].at):
        if was in hooks and was not in whole:
            hooks[was], end = _without_end(hooks[was], report.at)
            _join(hooks, settled[report], end)
    for was, into in sorted(whole.items()):
        if was in hooks:
            _join(hooks, into, hooks.pop(was))
    keyed = [mapping.keyed_hook(hooks[id_]) for id_ in sorted(hooks)]
    changed: list[Row] = [{"id": hook["execution_id"], "changes": hook} for hook in keyed]
    gone = sorted(whole.keys() & there)
    await tx.run(_UPDATE_HOOKS, rows=[row for row in changed if row["id"] in there])
    await tx.run(_CREATE_HOOKS, rows=[_clean(hook) for hook in keyed if hook["execution_id"] not in there])
    await tx.run(_HAND_OVER_FEEDBACK, rows=[{"was": id_, "into": whole[id_]} for id_ in gone])
    await tx.run(_REMOVE_HOOKS, execution_ids=gone)


def _join(hooks: dict[str, Properties], into: str, told: Properties) -> None:
    own = {name: value for name, value in told.items() if name not in ("turn", "lock")} | {"execution_id": into}
    hooks[into] = joined(hooks[into], own) if into in hooks else own


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
