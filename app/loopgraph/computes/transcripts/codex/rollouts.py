"""The rollouts of one thread: one that was taken back to an earlier turn goes on in another file, which names what it keeps.

By the published sources of the client (codex-rs/protocol, codex-rs/thread-store): ``history_base`` has the id of a rollout, which
its file is named by, and the ordinal of the first of its lines that is not kept. Of the thread's other rollouts nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from loopgraph.computes.transcripts.codex.threads import id_in, own_id_in
from loopgraph.computes.transcripts.lines import instant_of, mapping_of, record_of

TAKEN_BACK: Final = "taken_back"
"""What stands about a rollout: the ids of the turns of its thread that were taken back when it was begun."""

_BEGINNINGS: Final = (b'"task_started"', b'"turn_started"')


@dataclass(frozen=True)
class Rollout:
    """One file of a thread. ``base`` is the id of the rollout that it goes on from, and of that the lines before the ordinal
    ``kept`` are."""

    id: str
    thread_id: str
    begun: datetime
    base: str
    kept: int


def rollout_of(path: str, first_line: bytes) -> Rollout | None:
    """The rollout that a file is, by its first line; None if it does not tell when it was begun."""
    id_, thread_id = own_id_in(path), id_in(path)
    record = record_of(first_line) or {}
    payload = mapping_of(record.get("payload"))
    begun = instant_of(payload.get("timestamp")) or instant_of(record.get("timestamp"))
    if record.get("type") != "session_meta" or not id_ or not thread_id or begun is None:
        return None
    base = mapping_of(payload.get("history_base"))
    name, kept = base.get("thread_id"), base.get("end_ordinal_exclusive")
    has_base = isinstance(name, str) and isinstance(kept, int)
    return Rollout(id_, thread_id, begun, *((name, kept) if has_base else ("", 0)))


def not_kept(rollout: Rollout, others: Iterable[Rollout]) -> dict[str, int]:
    """The rollouts of its thread that were there when one was begun, by their ids, each with the ordinal of the first line in it
    that was taken back then."""
    before = {one.id: one for one in others if one.thread_id == rollout.thread_id and one.begun < rollout.begun}
    kept = _kept(rollout, before)
    return {id_: kept.get(id_, 0) for id_ in before}


def _kept(rollout: Rollout, before: Mapping[str, Rollout]) -> dict[str, int]:
    kept: dict[str, int] = {}
    at: Rollout | None = rollout
    while at and at.base and at.base not in kept:
        kept[at.base] = at.kept
        at = before.get(at.base)
    return kept


def turns_from(lines: Iterable[bytes | None], ordinal: int) -> list[str]:
    """The ids of the turns that begin at a line of this ordinal or after it."""
    turns = []
    for line in lines:
        if line is None or not any(what in line for what in _BEGINNINGS):
            continue
        record = record_of(line) or {}
        payload, number = mapping_of(record.get("payload")), record.get("ordinal")
        turn_id = payload.get("turn_id")
        begins = record.get("type") == "event_msg" and payload.get("type") in ("task_started", "turn_started")
        if begins and isinstance(turn_id, str) and turn_id and isinstance(number, int) and number >= ordinal:
            turns.append(turn_id)
    return turns
