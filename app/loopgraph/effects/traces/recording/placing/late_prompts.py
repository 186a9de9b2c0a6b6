"""Sets right what had gone by order before more was known of the prompts of a session.

Every report that does not name its prompt is of the last one that had begun before it. So where a prompt is told of after its
work, what its time has brought lies with the prompt before, or with the session: steps, calls and log records remember the
instant that they went by (``ordered_at``), and traces how their last ends were told (``ENDS``), so that an end can be given on
and taken back. Where a telling turns out to be of a prompt that others know better, or of another than it had been taken for, it
goes there, and with it what is in its time (``prompt_order``). A subagent is of the prompt that it began in, and where it hangs
is drawn again.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.traces.precedence import Trust
from loopgraph.effects.graph.errors import LostRace
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.graph.values import json_text, json_value
from loopgraph.effects.traces.recording import mapping
from loopgraph.effects.traces.recording.aliases import HAND_OVER, session_row
from loopgraph.effects.traces.recording.joining import (
    ENDS,
    GOING_ON,
    TELLINGS,
    Properties,
    joined,
    micros,
    weighted,
    without_end,
)
from loopgraph.effects.traces.recording.placing.agent_sessions import give_agents
from loopgraph.effects.traces.recording.placing.prompt_order import Move, PromptOrder
from loopgraph.effects.traces.recording.placing.unnamed_calls import settle_calls, split_calls
from loopgraph.effects.traces.recording.placing.unnamed_prompts import Orders, given_by, tellings_in, tellings_text

_LOCK_TRACES = query("traces/lock_traces")
_ENSURE_TRACES = query("traces/ensure_traces")
_UPDATE_TRACES = query("traces/update_traces")
_LINK_SESSIONS = query("traces/link_sessions")
_LATE_WORK = query("traces/late_work")
_REMOVE = query("traces/remove_provisional")
_LATE_HOOKS = query("traces/late_hooks")
_LATE_OTHERS = tuple(query(f"traces/late_{what}") for what in ("calls", "logs"))
_LATE_SUBAGENTS = query("traces/late_subagents")
_LATE_HOOKS_OF_SUBAGENTS = query("traces/late_hooks_of_subagents")
_MOVED_SUBAGENTS = query("traces/moved_subagents")
_WAITING_LOGS = query("traces/waiting_logs")
_LATE_LOGS_OF_SESSIONS = query("traces/late_logs_of_sessions")


class _Retold(NamedTuple):
    """A telling that is of another prompt than it had been taken for."""

    telling: str
    was: str
    now: str


async def give_late_prompts(tx: Transaction, orders: Orders, received_at: datetime, turn: str) -> list[Properties]:
    """Moves what lies elsewhere than it belongs by all that is known now; the traces that have changed by that."""
    moved: dict[str, Properties] = {}
    for session in sorted(orders.known):
        before, after = orders.stored[session], orders.known[session]
        if before.tellings != after.tellings:
            moved |= await _Session(session, tx, received_at, turn).arrange(before, after)
    prompts = {session: {*orders.stored[session].prompts.values()} for session in orders.new_agents}
    for trace in await give_agents(tx, orders.new_agents, prompts, received_at, turn):
        moved[trace["correlation_id"]] = trace
    return [moved[id_] for id_ in sorted(moved)]


class _Session:
    """One session that more is known of."""

    def __init__(self, session: str, tx: Transaction, received_at: datetime, turn: str) -> None:
        self._id, self._tx, self._received_at, self._turn = session, tx, received_at, turn
        self._traces: dict[str, Properties] = {}
        self._subagents: dict[str, Properties] = {}

    async def arrange(self, before: PromptOrder, after: PromptOrder) -> dict[str, Properties]:
        retold = [
            _Retold(id_, before.prompts[id_], after.prompts[id_])
            for id_ in sorted(before.prompts)
            if before.prompts[id_] != after.prompts[id_]
        ]
        moves = [move for move in before.moves_to(after) if move.into and await self._holds_any(move)]
        if not (retold or moves):
            return {}
        ids = {move.out_of or self._id for move in moves} | {str(move.into) for move in moves}
        ids |= {one.was for one in retold} | {one.now for one in retold}
        rows = await self._tx.run(_LOCK_TRACES, correlation_ids=sorted(ids), turn=self._turn)
        self._traces = {row["properties"]["correlation_id"]: row["properties"] for row in rows}
        for id_ in sorted({*(one.now for one in retold), *(str(move.into) for move in moves)} - self._traces.keys()):
            await self._begin(id_)
        for one in retold:
            self._retell(one, after)
        for move in moves:
            await self._move(move)
        left = {one.telling for one in retold if one.was == one.telling}
        changed: list[Row] = [
            {"id": id_, "changes": mapping.keyed_trace(trace)}
            for id_, trace in sorted(self._traces.items())
            if id_ not in left
        ]
        await self._tx.run(_UPDATE_TRACES, rows=changed)
        for one in retold:
            if one.was == one.telling and one.was in self._traces:
                await self._remove(one)
        await settle_calls(self._tx, [row["id"] for row in changed], self._turn)
        subagents = await self._tx.run(_MOVED_SUBAGENTS, correlation_ids=sorted({str(move.into) for move in moves}))
        known = self._subagents | {row["properties"]["correlation_id"]: row["properties"] for row in subagents}
        return known | {row["id"]: row["changes"] for row in changed}

    async def _holds_any(self, move: Move) -> bool:
        previous = move.out_of or self._id
        time = {"since": move.since, "until": move.until}
        if move.out_of is None:
            [row] = await self._tx.run(_WAITING_LOGS, session_id=self._id, **time)
            if row["waiting"]:
                return True
        [found] = await self._tx.run(_LATE_WORK, session_id=self._id, previous=previous, **time)
        here = found["steps"] or found["subagents"]
        return bool(here or _told_in(move, found["ends"]) or _is_in(move, found["at_work"]))

    async def _begin(self, id_: str) -> None:
        """The trace of a prompt that has just become known."""
        own = weighted({"correlation_id": id_, "session_id": self._id}, {"session_id": (Trust.HEARSAY, 0)})
        trace = mapping.keyed_trace(joined(mapping.stub(id_, self._received_at), own))
        await self._tx.run(_ENSURE_TRACES, rows=[trace])
        await self._tx.run(_LINK_SESSIONS, rows=[session_row(trace)])
        self._traces[id_] = trace

    def _retell(self, one: _Retold, after: PromptOrder) -> None:
        telling = after.tellings[one.telling]
        if one.was != one.telling and (was := self._traces.get(one.was)):
            rest = [other for other in tellings_in(was.get(TELLINGS)) if other.id != one.telling]
            self._traces[one.was] = {**was, TELLINGS: tellings_text(rest)}
        now = self._traces[one.now]
        told = given_by(telling) if one.now == one.telling else {TELLINGS: tellings_text([telling])}
        hooked = {"hooked": True} if (telling.given or {}).get("hooked") else {}
        self._traces[one.now] = joined(now, {**told, **hooked})

    async def _move(self, move: Move) -> None:
        previous, prompt = move.out_of or self._id, str(move.into)
        time = {"since": move.since, "until": move.until}
        if move.out_of is None:
            await self._tx.run(_LATE_LOGS_OF_SESSIONS, session_id=self._id, prompt=prompt, **time)
        of_agents = {"session_id": self._id, "prompt": prompt, "turn": self._turn, **time}
        await self._tx.run(_LATE_HOOKS_OF_SUBAGENTS, **of_agents)
        for row in await self._tx.run(_LATE_SUBAGENTS, **of_agents):
            self._subagents[row["properties"]["correlation_id"]] = row["properties"]
        if previous not in self._traces:
            return
        await split_calls(self._tx, previous, move.since, move.until, self._turn)
        place = {"previous": previous, "prompt": prompt, "turn": self._turn, **time}
        await self._tx.run(_LATE_HOOKS, spawning_tools=sorted(mapping.SPAWNING_TOOLS), **place)
        for statement in _LATE_OTHERS:
            await self._tx.run(statement, **place)
        left, given = self._traces[previous], self._traces[prompt]
        ends, at_work = _told_in(move, left.get(ENDS)), left.get(GOING_ON)
        at_work = at_work if _is_in(move, at_work) else None
        if not (ends or at_work):
            return
        kept = {key: end for key, end in (json_value(left.get(ENDS)) or {}).items() if key not in ends}
        left = {**without_end(left, {micros_of(key) for key in ends}), ENDS: json_text(kept) if kept else None}
        left |= {GOING_ON: None} if at_work else {}
        for end in kept.values():
            left = joined(left, _read(end))
        for end in ends.values():
            given = joined(given, _read(end))
        given = joined(given, {ENDS: json_text(ends) if ends else None, GOING_ON: at_work})
        self._traces[previous], self._traces[prompt] = left, given

    async def _remove(self, one: _Retold) -> None:
        """A prompt that was another one: what is left in it goes there."""
        for statement in HAND_OVER:
            await self._tx.run(statement, provisional=one.was, into=one.now)
        [row] = await self._tx.run(_REMOVE, provisional=one.was)
        if not row["removed"]:
            raise LostRace(_REMOVE.name)


def _is_in(move: Move, at: datetime | None) -> bool:
    return at is not None and move.since <= at < move.until


def _told_in(move: Move, ends: str | None) -> dict[str, Properties]:
    """Those of the ends of a trace that were told in the time of a move."""
    since, until = micros(move.since), micros(move.until)
    return {key: end for key, end in (json_value(ends) or {}).items() if since <= micros_of(key) < until}


def micros_of(key: str) -> int:
    """The instant of an end, by its key."""
    return int(key.partition("|")[0])


def _read(end: Properties) -> Properties:
    """An end as it was given: instants are texts in JSON."""
    at = end.get("completed_at")
    return {**end, "completed_at": datetime.fromisoformat(at)} if at else end
