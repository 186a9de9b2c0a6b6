"""Which prompt an event is of that does not name it: the last that its session had begun before, if the client names none.

Only a session of a client that names none has such prompts; their ids say so. What was told of before its prompt goes to it when
that is told of (``late_prompts``), by the instant that it keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.traces import OF_SESSION, UNNAMED, EndpointCalled, HookExecuted, TraceCompleted, TraceStarted
from loopgraph.contracts.uses import PatternUsed
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.graph.values import json_text
from loopgraph.effects.traces.joining import ENDS, GOING_ON, micros
from loopgraph.effects.traces.nodes import Piece

_UNNAMED_PROMPTS = query("traces/unnamed_prompts")

_MOST = 100
"""So many of the last prompts of a session are looked at: what arrives later than that is of the session itself."""

_Prompts = Mapping[str, list[tuple[datetime, str]]]
"""When the prompts of sessions began, and their ids."""


async def of_unnamed_prompts(tx: Transaction, pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, each in the trace of its prompt; those of sessions whose prompts have names stay as they are."""
    sessions = sorted({id_ for piece in pieces if (id_ := _session(piece))})
    if not sessions:
        return list(pieces)
    prompts: dict[str, list[tuple[datetime, str]]] = {id_: [] for id_ in sessions}
    for row in await tx.run(_UNNAMED_PROMPTS, session_ids=sessions, prefix=UNNAMED, limit=_MOST * len(sessions)):
        prompts[row["session_id"]].append((row["begun"], row["correlation_id"]))
    for piece in pieces:
        event = piece.event
        if not isinstance(event, TraceStarted) or event.session_id not in prompts or not event.timestamp:
            continue
        if event.correlation_id.startswith(f"{event.session_id}{UNNAMED}"):
            prompts[event.session_id].append((event.timestamp, event.correlation_id))
    return [_placed(piece, prompts) for piece in pieces]


def _session(piece: Piece) -> str | None:
    return piece.observation.prompt_of if piece.observation else None


def _placed(piece: Piece, prompts: _Prompts) -> Piece:
    session = _session(piece)
    if session is None:
        return piece
    at = piece.event.timestamp or piece.given.get(GOING_ON)
    begun = [prompt for prompt in prompts[session] if at is None or prompt[0] <= at]
    prompt = max(begun)[1] if begun else None
    if prompt is None and not isinstance(piece.event, TraceStarted):
        return replace(piece, given=_given(piece, session, None))
    if prompt is None:
        return piece
    if isinstance(piece.event, TraceStarted) and piece.event.source == OF_SESSION:
        # What else it says is of a trace that need not be.
        at_work = {GOING_ON: at} if GOING_ON in piece.given else {}
        return replace(piece, given={"correlation_id": prompt, **at_work})
    return replace(piece, given=_given(piece, session, prompt))


def _given(piece: Piece, session: str, prompt: str | None) -> dict[str, Any]:
    given: dict[str, Any] = _ordered(piece, session)
    if prompt is None:
        return given
    if given.get("correlation_id") == session:
        given["correlation_id"] = prompt
    if isinstance(piece.event, HookExecuted | PatternUsed) or given.get("agent_id"):
        given.setdefault("root_id", prompt)
    return given


def _ordered(piece: Piece, session: str) -> dict[str, Any]:
    """What a piece gives, and by which instant it goes: if its prompt is told of later, it is found by that."""
    event, given = piece.event, dict(piece.given)
    if event.timestamp is None or given.get("correlation_id") != session:
        return given
    if isinstance(event, HookExecuted | EndpointCalled | PatternUsed):
        given["ordered_at"] = event.timestamp
    elif isinstance(event, TraceCompleted) and "status" in given:
        end = {name: value for name, value in given.items() if name not in ("correlation_id", "context")}
        given[ENDS] = json_text(
            {f"{micros(event.timestamp):016d}|{piece.observation.source}": end} if piece.observation else {}
        )
    return given
