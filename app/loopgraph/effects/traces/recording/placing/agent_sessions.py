"""Sessions that are the threads of subagents: some clients tell of these in log records as of sessions of their own.

As soon as somebody says whose subagent a session is (``SessionSeen.agent_of``), all of it belongs to the trace of that: what
comes is put there, and what had come before is handed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.traces.events import OF_SESSION, UNNAMED, TraceStarted
from loopgraph.contracts.traces.observations import LogRecorded, SessionSeen
from loopgraph.contracts.traces.precedence import Place
from loopgraph.effects.graph.errors import LostRace
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.traces.recording import mapping
from loopgraph.effects.traces.recording.aliases import HAND_OVER, session_row
from loopgraph.effects.traces.recording.joining import ENDS, GOING_ON, RANKS, Properties, by_order, joined, weighted
from loopgraph.effects.traces.recording.nodes import Piece
from loopgraph.effects.traces.recording.placing.prompt_order import NEVER

_LOCK_SESSIONS = query("traces/lock_sessions")
_LOCK_TRACES = query("traces/lock_traces")
_ENSURE_TRACES = query("traces/ensure_traces")
_LINK_SESSIONS = query("traces/link_sessions")
_UPDATE_TRACES = query("traces/update_traces")
_LATE_LOGS_OF_SESSIONS = query("traces/late_logs_of_sessions")
_MOVE_TO_SESSION = query("traces/move_to_session")
_MOVE_TRACES = query("traces/move_traces_to_session")
_REMOVE = query("traces/remove_provisional")

_EVER = datetime(1, 1, 1, tzinfo=UTC)
_OF_AGENT = ("status", "completed_at", "error_type", "error_message", "prompt_text", ENDS, GOING_ON, RANKS)
"""What of a trace that a subagent was taken for is the subagent's."""


class Agent(NamedTuple):
    """The session that a subagent works for, and its trace."""

    session: str
    trace: str


async def agents_of(
    tx: Transaction, pieces: Sequence[Piece], sessions: Iterable[str], received_at: datetime, turn: str
) -> tuple[dict[str, Agent], dict[str, Agent]]:
    """Which of these sessions, and of those that the pieces tell of, are threads of subagents: as it is stored, and as is known
    now. Nobody else changes what is in order in these sessions until the transaction ends; nor do two begin one at once, of whom
    neither sees what the other tells."""
    told = {
        event.session_id: Agent(event.agent_of, event.agent_trace)
        for event in (piece.event for piece in pieces)
        if isinstance(event, SessionSeen) and event.agent_of and event.agent_trace
    }
    begun = [
        mapping.keyed_session({"session_id": id_, "created_at": received_at}) for id_ in sorted({*sessions, *told})
    ]
    rows = await tx.run(_LOCK_SESSIONS, rows=begun, turn=turn)
    stored = {row["session_id"]: Agent(row["agent_of"], row["agent_trace"]) for row in rows if row["agent_trace"]}
    return stored, {**told, **stored}


def of_agents(pieces: Sequence[Piece], agents: Mapping[str, Agent]) -> list[Piece]:
    """The pieces, those of threads of subagents in the traces of these."""
    return [_placed(piece, agents) for piece in pieces] if agents else list(pieces)


def _placed(piece: Piece, agents: Mapping[str, Agent]) -> Piece:
    session = piece.given.get("session_id") or (piece.observation.prompt_of if piece.observation else None)
    agent = agents.get(session or "")
    if agent is None or piece.observation is None or isinstance(piece.event, SessionSeen):
        return piece
    event, given = piece.event, piece.given
    if isinstance(event, TraceStarted) and event.agent_id:
        return piece
    if not _is_of_thread(piece, str(session)):  # a span of the prompt's trace that names the subagent's thread
        return replace(piece, given={**given, "session_id": agent.session})
    if isinstance(event, TraceStarted):
        own = {"correlation_id": agent.trace, "session_id": agent.session}
        more = ("prompt_text", GOING_ON, RANKS) if event.source != OF_SESSION else (GOING_ON, RANKS)
        return replace(piece, given={**own, **{name: given[name] for name in more if name in given}})
    placed = {name: value for name, value in given.items() if name not in ("root_id", "ordered_at")}
    if placed.get("correlation_id") or isinstance(event, LogRecorded):
        placed["correlation_id"] = agent.trace
    if placed.get("session_id"):
        placed["session_id"] = agent.session
    return replace(piece, given=by_order(placed, Place.BY_ORDER) if RANKS in placed else placed)


def _is_of_thread(piece: Piece, session: str) -> bool:
    """Whether it is in the session itself, or in what seemed to be a prompt of that."""
    if piece.observation and piece.observation.prompt_of == session:
        return True
    trace = piece.correlation_id or session
    return trace == session or trace.startswith(f"{session}{UNNAMED}")


async def give_agents(
    tx: Transaction, agents: Mapping[str, Agent], prompts: Mapping[str, Iterable[str]], received_at: datetime, turn: str
) -> list[Properties]:
    """Hands over what these sessions hold, of which it has just become known that they are threads of subagents; the traces of
    those that something was handed to. ``prompts`` are the traces of their prompts."""
    given = []
    for session, agent in sorted(agents.items()):
        trace = await _give(tx, session, agent, [session, *prompts.get(session, ())], received_at, turn)
        given += [trace] if trace else []
    return given


async def _give(
    tx: Transaction, session: str, agent: Agent, ids: Iterable[str], received_at: datetime, turn: str
) -> Properties | None:
    rows = await tx.run(_LOCK_TRACES, correlation_ids=sorted({*ids, agent.trace}), turn=turn)
    traces = {row["properties"]["correlation_id"]: row["properties"] for row in rows}
    subagent = traces.pop(agent.trace, None)
    if subagent is None:
        own = weighted({"correlation_id": agent.trace, "session_id": agent.session}, {"session_id": (0, 0)})
        subagent = mapping.keyed_trace(joined(mapping.stub(agent.trace, received_at), own))
        await tx.run(_ENSURE_TRACES, rows=[subagent])
        await tx.run(_LINK_SESSIONS, rows=[session_row(subagent)])
    for id_, trace in sorted(traces.items()):
        subagent = joined(subagent, {name: trace[name] for name in _OF_AGENT if name in trace})
        for statement in HAND_OVER:
            await tx.run(statement, provisional=id_, into=agent.trace)
        [row] = await tx.run(_REMOVE, provisional=id_)
        if not row["removed"]:
            raise LostRace(_REMOVE.name)
    time = {"since": _EVER, "until": NEVER}
    await tx.run(_LATE_LOGS_OF_SESSIONS, session_id=session, prompt=agent.trace, **time)
    await tx.run(_MOVE_TRACES, session_id=session, into=agent.session, turn=turn)
    await tx.run(_MOVE_TO_SESSION, correlation_id=agent.trace, session_id=agent.session, turn=turn)
    subagent = mapping.keyed_trace(subagent)
    await tx.run(_UPDATE_TRACES, rows=[{"id": agent.trace, "changes": subagent}])
    return subagent
