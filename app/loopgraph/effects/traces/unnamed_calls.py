"""Which tool call an event is of, where the client gives its calls no ids: that of the tool and the input that had begun last.

The end of a call takes the id of its beginning. Where the end comes first, the beginning takes that of the end. Several calls of
one tool with one input in one trace are told apart if they come in their order, as they do where a client waits for its hooks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from loopgraph.assets import query
from loopgraph.contracts.traces import HookExecuted
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.traces.nodes import Piece

_UNNAMED_CALLS = query("traces/unnamed_calls")

_MOST = 100
"""So many of the last calls of one tool with one input are looked at in a trace."""

_Kind = tuple[str, str]
"""The trace, and how the ids of the calls of one tool with one input begin."""


@dataclass
class _Known:
    """A call that is there, or that the batch brings."""

    id: str
    started_at: datetime | None
    completed_at: datetime | None


async def of_unnamed_calls(tx: Transaction, pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, each of the call that it is about; they are in the traces of their prompts already."""
    kinds = sorted({kind for piece in pieces if (kind := _kind(piece))})
    if not kinds:
        return list(pieces)
    known: defaultdict[_Kind, list[_Known]] = defaultdict(list)
    rows = [{"correlation_id": trace, "prefix": prefix} for trace, prefix in kinds]
    for row in await tx.run(_UNNAMED_CALLS, rows=rows, limit=_MOST * len(rows)):
        call = _Known(row["execution_id"], row["started_at"], row["completed_at"])
        known[row["correlation_id"], row["prefix"]].append(call)
    return [_placed(piece, known[kind]) if (kind := _kind(piece)) else piece for piece in pieces]


def _kind(piece: Piece) -> _Kind | None:
    if piece.observation is None or not piece.observation.unnamed_call or not isinstance(piece.event, HookExecuted):
        return None
    prefix, _, _ = piece.event.execution_id.rpartition("/")
    return piece.correlation_id or "", f"{prefix}/"


def _placed(piece: Piece, known: list[_Known]) -> Piece:
    """The piece with the id of its call, which is known from then on."""
    event = piece.event
    assert isinstance(event, HookExecuted)
    started, completed = event.started_at, event.completed_at
    call = _begun_at(started, known) if started else _ended_at(completed, known) if completed else None
    if call is None:
        known.append(_Known(event.execution_id, started, completed))
        return piece
    call.started_at, call.completed_at = call.started_at or started, call.completed_at or completed
    named = event.model_copy(update={"execution_id": call.id})
    return replace(piece, event=named, given={**piece.given, "execution_id": call.id})


def _begun_at(at: datetime, known: list[_Known]) -> _Known | None:
    again = next((call for call in known if call.started_at == at), None)
    ends = [call for call in known if call.started_at is None and call.completed_at and call.completed_at >= at]
    return again or min(ends, key=lambda call: call.completed_at or at, default=None)


def _ended_at(at: datetime, known: list[_Known]) -> _Known | None:
    again = next((call for call in known if call.completed_at == at), None)
    open_ = [call for call in known if call.completed_at is None and call.started_at and call.started_at <= at]
    return again or max(open_, key=lambda call: call.started_at or at, default=None)
