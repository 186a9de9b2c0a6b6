"""Gives a prompt that the client gave no id, and that is told of after its work, what had gone by order to what was known before.

Every report that does not name its prompt is of the last one that had begun before it. So where the prompt comes last, what its
time has brought lies with the prompt before, or with the session: steps and calls remember the instant that they went by
(``ordered_at``), and traces how their last ends were told (``ENDS``), so that an end can be given on and taken back. A subagent
stays where it is if nothing else tells of its call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.precedence import Trust
from loopgraph.contracts.traces import UNNAMED, TraceStarted
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.graph.values import json_text, json_value
from loopgraph.effects.traces import mapping
from loopgraph.effects.traces.aliases import session_row
from loopgraph.effects.traces.joining import ENDS, GOING_ON, Properties, joined, micros, weighted, without_end
from loopgraph.effects.traces.nodes import Piece

_UNNAMED_PROMPTS = query("traces/unnamed_prompts")
_LOCK_TRACES = query("traces/lock_traces")
_ENSURE_TRACES = query("traces/ensure_traces")
_UPDATE_TRACES = query("traces/update_traces")
_LINK_SESSIONS = query("traces/link_sessions")
_LATE_WORK = query("traces/late_work")
_REMOVE_EMPTY = query("traces/remove_empty")
_LATE_HOOKS = query("traces/late_hooks")
_LATE_CALLS = query("traces/late_calls")

_MOST = 100
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class _Late(NamedTuple):
    """A prompt that has just been told of, what lies before it, and when it and the next one began."""

    session: str
    prompt: str
    previous: str
    since: datetime
    until: datetime

    def ends_in(self, ends: str | None) -> dict[str, Properties]:
        """Those of the ends of a trace that were told in the time of the prompt."""
        told = json_value(ends) or {}
        return {key: end for key, end in told.items() if micros(self.since) <= micros_of(key) < micros(self.until)}


async def give_late_prompts(
    tx: Transaction, pieces: Sequence[Piece], received_at: datetime, turn: str
) -> list[Properties]:
    """Moves what is of the prompts that are new among these pieces; the traces of those that something was moved to."""
    told: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
    for event in (piece.event for piece in pieces if piece.observation):
        if type(event) is TraceStarted and event.timestamp and _has_no_name(event):
            told[str(event.session_id)][event.correlation_id] = event.timestamp
    if not told:
        return []
    rows = await tx.run(_UNNAMED_PROMPTS, session_ids=sorted(told), prefix=UNNAMED, limit=_MOST * len(told))
    known = {
        session: [(row["begun"], row["correlation_id"]) for row in rows if row["session_id"] == session]
        for session in told
    }
    late = [one for session in sorted(told) for one in _late(session, told[session], known[session])]
    moved = []
    for one in late:
        place = {"previous": one.previous, "since": one.since, "until": one.until}
        [*found] = await tx.run(_LATE_WORK, **place)
        if found and (found[0]["steps"] or one.ends_in(found[0]["ends"])):
            moved.append(await _move(tx, one, received_at, turn))
    return moved


def _has_no_name(event: TraceStarted) -> bool:
    return (
        bool(event.session_id)
        and event.correlation_id.startswith(f"{event.session_id}{UNNAMED}")
        and not event.agent_id
    )


def _late(session: str, told: dict[str, datetime], known: list[tuple[datetime, str]]) -> list[_Late]:
    there = {id_ for _, id_ in known}
    order = sorted(known)
    late = []
    for begun, id_ in sorted((at, id_) for id_, at in told.items() if id_ not in there):
        earlier = [prompt for prompt in order if prompt < (begun, id_)]
        later = [prompt for prompt in order if prompt > (begun, id_)]
        late.append(
            _Late(session, id_, earlier[-1][1] if earlier else session, begun, later[0][0] if later else _NEVER)
        )
        order = sorted([*order, (begun, id_)])
    return late


async def _move(tx: Transaction, late: _Late, received_at: datetime, turn: str) -> Properties:
    locked = await tx.run(_LOCK_TRACES, correlation_ids=sorted((late.previous, late.prompt)), turn=turn)
    traces = {row["properties"]["correlation_id"]: row["properties"] for row in locked}
    previous, prompt = traces[late.previous], traces.get(late.prompt)
    if prompt is None:
        own = {"correlation_id": late.prompt, "session_id": late.session}
        prompt = mapping.keyed_trace(
            joined(mapping.stub(late.prompt, received_at), weighted(own, {"session_id": (Trust.HEARSAY, 0)}))
        )
        await tx.run(_ENSURE_TRACES, rows=[prompt])
        await tx.run(_LINK_SESSIONS, rows=[session_row(prompt)])
    place = {"previous": late.previous, "prompt": late.prompt, "since": late.since, "until": late.until, "turn": turn}
    for statement in (_LATE_HOOKS, _LATE_CALLS):
        await tx.run(statement, **place)
    ends, at_work = late.ends_in(previous.get(ENDS)), previous.get(GOING_ON)
    if at_work and not late.since <= at_work < late.until:
        at_work = None
    if ends or at_work:
        told = json_value(previous.get(ENDS)) or {}
        kept = {key: end for key, end in told.items() if key not in ends}
        left = {**without_end(previous, {micros_of(key) for key in ends}), ENDS: json_text(kept) if kept else None}
        left |= {GOING_ON: None} if at_work else {}
        for end in kept.values():
            left = joined(left, _read(end))
        for end in ends.values():
            prompt = joined(prompt, _read(end))
        prompt = joined(prompt, {ENDS: json_text(ends) if ends else None, GOING_ON: at_work})
        changed = [{"id": trace["correlation_id"], "changes": mapping.keyed_trace(trace)} for trace in (left, prompt)]
        await tx.run(_UPDATE_TRACES, rows=changed)
    if late.previous == late.session:
        await tx.run(_REMOVE_EMPTY, correlation_id=late.previous)
    return prompt


def micros_of(key: str) -> int:
    """The instant of an end, by its key."""
    return int(key.partition("|")[0])


def _read(end: Properties) -> Properties:
    """An end as it was given: instants are texts in JSON."""
    at = end.get("completed_at")
    return {**end, "completed_at": datetime.fromisoformat(at)} if at else end
