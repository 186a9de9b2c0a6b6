"""Which prompt an event is of that does not name it: the last that its session had begun before, if the client names none.

Only a session of an older client has such prompts; their ids say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.traces import OF_SESSION, UNNAMED, HookExecuted, TraceStarted
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.traces.joining import GOING_ON
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
    at = piece.event.timestamp
    begun = [prompt for prompt in prompts[session] if at is None or prompt[0] <= at]
    if not begun:
        return piece
    _, prompt = max(begun)
    if isinstance(piece.event, TraceStarted) and piece.event.source == OF_SESSION:
        # What else it says is of a trace that need not be.
        kept = {name: piece.given[name] for name in (GOING_ON,) if name in piece.given}
        return replace(piece, given={"correlation_id": prompt, **kept})
    given: dict[str, Any] = dict(piece.given)
    if given.get("correlation_id") == session:
        given["correlation_id"] = prompt
    if isinstance(piece.event, HookExecuted) or given.get("agent_id"):
        given.setdefault("root_id", prompt)
    return replace(piece, given=given)
