"""Which prompt an event is of that does not name it: the last that its session had begun before, if the client names none.

So it is in sessions of clients that name no prompts (their ids say so), and of those of whose prompts several tell
(``Observation.in_order``). What was told of before its prompt goes to it when that is told of (``late_prompts``), by the instant
that it keeps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.traces.events import (
    OF_SESSION,
    UNNAMED,
    EndpointCalled,
    HookExecuted,
    TraceCompleted,
    TraceStarted,
)
from loopgraph.contracts.traces.observations import LogRecorded, SessionSeen
from loopgraph.contracts.traces.precedence import Place, Trust
from loopgraph.contracts.traces.uses import PatternUsed
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.graph.values import json_text, json_value
from loopgraph.effects.traces.recording.joining import (
    BEGUN_AS,
    ENDS,
    GOING_ON,
    TELLINGS,
    Properties,
    by_order,
    micros,
    weighted,
)
from loopgraph.effects.traces.recording.nodes import Piece
from loopgraph.effects.traces.recording.placing.agent_sessions import Agent, agents_of, of_agents
from loopgraph.effects.traces.recording.placing.prompt_order import APART, NEVER, PromptOrder, Telling, Way

_TOLD_PROMPTS = query("traces/told_prompts")

_MOST = 100
"""So many of the last prompts of a session are looked at, before what a batch tells of, beside as many as that can tell of: what
goes by order to an earlier one is of the session itself."""

_WAYS = {"hook": Way.HOOK, "transcript": Way.TRANSCRIPT}
"""By how the name of a source begins; all others are log records."""


class Orders(NamedTuple):
    """The prompts of sessions: as the graph has them, and with those that a batch tells of; and which sessions are threads of
    subagents, and have no prompts: ``new_agents`` are those of which that has just become known."""

    stored: Mapping[str, PromptOrder]
    known: Mapping[str, PromptOrder]
    agents: Mapping[str, Agent]
    new_agents: Mapping[str, Agent]


async def orders_of(tx: Transaction, pieces: Sequence[Piece], received_at: datetime, turn: str) -> Orders:
    """The prompts of the sessions in which these pieces go by order, which nobody else changes until the transaction ends."""
    told: defaultdict[str, list[Telling]] = defaultdict(list)
    sessions = {id_ for piece in pieces if (id_ := _session(piece))}
    for piece in pieces:
        if telling := _telling(piece):
            told[str(piece.given["session_id"])].append(telling)
    sessions |= told.keys()
    if not sessions and not any(isinstance(piece.event, SessionSeen) and piece.event.agent_of for piece in pieces):
        return Orders({}, {}, {}, {})
    known_agents, agents = await agents_of(tx, pieces, sessions, received_at, turn)
    new_agents = {id_: agent for id_, agent in agents.items() if id_ not in known_agents}
    ids = sorted((sessions - agents.keys()) | new_agents.keys())
    asked = [{"session_id": id_, "until": until} for id_, until in _latest(pieces, ids).items()]
    rows = await tx.run(_TOLD_PROMPTS, rows=asked, prefix=UNNAMED, limit=_MOST * len(ids) + len(pieces))
    stored = {id_: [one for row in rows if row["session_id"] == id_ for one in _stored(row)] for id_ in ids}
    return Orders(
        {id_: PromptOrder(stored[id_]) for id_ in ids},
        {id_: PromptOrder(_united([*stored[id_], *told[id_]])) for id_ in ids if id_ not in agents},
        agents,
        new_agents,
    )


def _latest(pieces: Sequence[Piece], sessions: Iterable[str]) -> dict[str, datetime]:
    """Until when prompts of these sessions can matter for the pieces: what a transcript tells may be long ago."""
    latest: dict[str, datetime] = {}
    for piece in pieces:
        session, at = _session(piece) or piece.given.get("session_id"), _instant(piece)
        if session and at:
            latest[session] = max(at + 2 * APART, latest.get(session, at))
    return {id_: latest.get(id_, NEVER) for id_ in sessions}


def of_unnamed_prompts(pieces: Sequence[Piece], known: Orders) -> list[Piece]:
    """The pieces, each in the trace of its prompt; those of sessions whose prompts have names stay as they are."""
    orders, pieces = known.known, of_agents(pieces, known.agents)
    if not orders:
        return list(pieces)
    same = {id_: prompt for order in orders.values() for id_, prompt in order.prompts.items() if id_ != prompt}
    return [_placed(_told(piece, orders), orders).placed(same) for piece in pieces]


# Tellings


def _telling(piece: Piece) -> Telling | None:
    """What a piece tells of a prompt, if that is one of several tellings, or has no name."""
    event, observation = piece.event, piece.observation
    if observation is None or not isinstance(event, TraceStarted) or event.agent_id or not event.timestamp:
        return None
    if not event.session_id:
        return None
    unnamed = event.correlation_id.startswith(f"{event.session_id}{UNNAMED}")
    if not (observation.in_order or unnamed):
        return None
    text = _text(piece.given.get(BEGUN_AS))
    if not observation.in_order:
        return Telling(event.correlation_id, event.timestamp, text, Way.ALONE)
    if not unnamed:
        return Telling(event.correlation_id, event.timestamp, text, Way.NAMED)
    way = _WAYS.get(observation.source.partition(".")[0], Way.RECORD)
    return Telling(event.correlation_id, event.timestamp, text, way, _kept(piece.given))


def _text(begun_as: str | None) -> str | None:
    return begun_as.partition("|")[2] if begun_as else None


def _kept(given: Properties) -> dict[str, Any]:
    """What a report gave, as JSON."""
    told: dict[str, Any] = json_value(json_text({name: given[name] for name in given if name != "correlation_id"}))
    return told


_INSTANTS = ("started_at", "prompted_at", "asked_at", "begun_at")


def given_by(telling: Telling) -> Properties:
    """What the report gave that told of a prompt, if that is a prompt by itself."""
    given = dict(telling.given or {})
    given |= {name: datetime.fromisoformat(given[name]) for name in _INSTANTS if given.get(name)}
    return {**given, "correlation_id": telling.id, TELLINGS: tellings_text([telling])}


def tellings_text(tellings: Iterable[Telling]) -> str | None:
    """Tellings as they are stored; None for none."""
    told = {
        one.id: {"at": one.at, "text": one.text, "way": int(one.way), "given": one.given}
        for one in sorted(tellings, key=lambda one: one.id)
    }
    return json_text(told) if told else None


def tellings_in(text: str | None) -> list[Telling]:
    """Tellings as they were stored."""
    return [
        Telling(id_, datetime.fromisoformat(told["at"]), told["text"], Way(told["way"]), told["given"])
        for id_, told in (json_value(text) or {}).items()
    ]


def _stored(row: Row) -> list[Telling]:
    tellings = tellings_in(row["tellings"])
    id_, begun = row["correlation_id"], row["begun"]
    if not id_.startswith(f"{row['session_id']}{UNNAMED}"):
        return [*tellings, Telling(id_, begun, _text(row["begun_as"]), Way.NAMED)]
    return tellings or [Telling(id_, begun, None, Way.ALONE)]


def _united(tellings: Sequence[Telling]) -> list[Telling]:
    """The tellings, those of one id as one: of the first of them, with the first text."""
    found: dict[str, Telling] = {}
    for one in sorted(tellings, key=lambda one: one.at):
        known = found.get(one.id)
        found[one.id] = replace(known, text=known.text or one.text) if known else one
    return list(found.values())


# Pieces


def _session(piece: Piece) -> str | None:
    return piece.observation.prompt_of if piece.observation else None


def _told(piece: Piece, orders: Mapping[str, PromptOrder]) -> Piece:
    """The piece with the telling that it is, if it names no prompt; it is no more than that if others know the prompt better."""
    telling, order = _telling(piece), orders.get(piece.given.get("session_id", ""))
    if telling is None or telling.given is None or order is None or telling.id not in order.prompts:
        return piece
    if order.prompts[telling.id] == telling.id:
        return replace(piece, given=given_by(telling))
    names = ("session_id", "prompted_at", "hooked")
    given: Properties = {"correlation_id": telling.id} | {
        name: piece.given[name] for name in names if name in piece.given
    }
    placed = weighted(given, {"session_id": (Trust.HEARSAY, 0)})
    return replace(piece, given={**placed, TELLINGS: tellings_text([telling])})


def _instant(piece: Piece) -> datetime | None:
    """The instant that a piece goes by."""
    told_at = piece.observation.told_at if piece.observation else None
    at: datetime | None = piece.event.timestamp or told_at or piece.given.get(GOING_ON)
    return at


def _placed(piece: Piece, orders: Mapping[str, PromptOrder]) -> Piece:
    session = _session(piece)
    if session is None or session not in orders:
        return piece
    order, telling = orders[session], _telling_of(piece, session)
    prompt = order.prompts.get(telling or "") or order.at(_instant(piece))
    if prompt is None and isinstance(piece.event, TraceStarted) and not piece.given.get("agent_id"):
        return piece
    piece = _untold(piece, session) if telling else piece
    if prompt and isinstance(piece.event, TraceStarted) and piece.event.source == OF_SESSION:
        # What else it says is of a trace that need not be.
        at_work = {GOING_ON: piece.given[GOING_ON]} if GOING_ON in piece.given else {}
        return replace(piece, given={"correlation_id": prompt, **at_work})
    return replace(piece, given=_given(piece, session, prompt))


def _telling_of(piece: Piece, session: str) -> str | None:
    """The telling of its prompt that a piece names. It goes by order all the same: as long as that is not known, and also when
    it turns out to be of another prompt than it had been taken for."""
    id_ = piece.correlation_id
    return id_ if id_ and id_.startswith(f"{session}{UNNAMED}") else None


def _untold(piece: Piece, session: str) -> Piece:
    """The piece as if it did not name the telling of its prompt."""
    given = {name: value for name, value in piece.given.items() if name != "root_id"}
    return replace(piece, given={**given, "correlation_id": session})


def _given(piece: Piece, session: str, prompt: str | None) -> dict[str, Any]:
    given: dict[str, Any] = _ordered(piece, session)
    if prompt is None:
        return given
    if given.get("correlation_id") == session or isinstance(piece.event, LogRecorded):
        given["correlation_id"] = prompt
    if isinstance(piece.event, HookExecuted | PatternUsed) or given.get("agent_id"):
        given.setdefault("root_id", prompt)
    return given


def _ordered(piece: Piece, session: str) -> dict[str, Any]:
    """What a piece gives, and by which instant it goes: if its prompt is told of later, it is found by that."""
    event, given, at = piece.event, dict(piece.given), _instant(piece)
    if isinstance(event, LogRecorded) and event.timestamp:
        given["ordered_at"] = event.timestamp
    if at and given.get("correlation_id") != session and _is_of_agent(piece):
        return {**by_order(given, Place.BY_ORDER, ("root_id",), at), "ordered_at": at}
    if event.timestamp is None or given.get("correlation_id") != session:
        return given
    if isinstance(event, HookExecuted | PatternUsed):
        given = {**by_order(given, Place.BY_ORDER, at=at), "ordered_at": event.timestamp}
    elif isinstance(event, EndpointCalled):
        given = {**by_order(given, Place.BY_ORDER), "ordered_at": event.timestamp}
    elif isinstance(event, TraceCompleted) and "status" in given:
        end = {name: value for name, value in given.items() if name not in ("correlation_id", "context")}
        given[ENDS] = json_text(
            {f"{micros(event.timestamp):016d}|{piece.observation.source}": end} if piece.observation else {}
        )
    return given


def _is_of_agent(piece: Piece) -> bool:
    """Whether it is of a subagent of which it does not say for which prompt that works."""
    if piece.given.get("root_id"):
        return False
    return isinstance(piece.event, HookExecuted | PatternUsed) or bool(piece.given.get("agent_id"))
