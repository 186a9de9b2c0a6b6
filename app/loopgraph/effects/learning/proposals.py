"""Proposals that learned patterns become one, or two, in the graph."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import orjson

from loopgraph.assets import query
from loopgraph.contracts.base import Page
from loopgraph.contracts.learning.proposals import (
    PlanProposal,
    ProposalEvidence,
    ProposalKind,
    ProposalStatus,
)
from loopgraph.effects.clock import new_id, now, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.traces.reading.reads import LAST

_CLAIM = query("learning/claim_round")
_ROUND = query("learning/round")
_CHANGED = query("learning/changed_after")
_CREATE = query("learning/create_proposals")
_PAGE = query("learning/proposals_page")
_OPEN = query("learning/open_proposals")
_BY_ID = query("learning/proposals_by_id")
_DECIDE = query("learning/decide_proposal")
_MOVE_TAUGHT = query("learning/move_taught")
_PROMPTS = query("learning/prompts_of_traces")

NAME: Final = "upkeep"
"""The rounds of looking for proposals."""

LEASE: Final = timedelta(seconds=60)
"""So long other processes leave the next look to whoever had the last one."""

MOVED_AT_ONCE: Final = 500

_BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Looked(NamedTuple):
    """How far learned patterns were looked at: those that were changed up to an instant, and of that instant up to an id.
    ``is_others``: another process does it."""

    round: int
    is_others: bool
    at: datetime
    pattern_id: str


class Changed(NamedTuple):
    """A learned pattern that is to be looked at."""

    pattern_id: str
    at: datetime


class ProposalLog:
    """Reads and writes proposals. Each method is one statement or one transaction."""

    def __init__(self, graph: Graph, lease: timedelta = LEASE) -> None:
        self._graph = graph
        self._lease = lease
        self._owner = new_id()

    async def looked(self) -> Looked:
        """How far it was looked."""
        rows = await self._graph.read(_ROUND, name=NAME)
        if not rows:
            return Looked(0, is_others=False, at=_BEGIN, pattern_id="")
        [row] = rows
        others = row["owner"] not in (None, self._owner) and row["until"] is not None and row["until"] > now()
        instant, _, pattern_id = (row["backfilled_to"] or f"{_BEGIN.isoformat()}|").partition("|")
        return Looked(row["round"], others, datetime.fromisoformat(instant), pattern_id)

    async def changed(self, looked: Looked, limit: int) -> list[Changed]:
        """The learned patterns that were changed since, at most so many, in the order of their changes."""
        wanted = limit
        while True:  # a round of learning changes many at one instant
            rows = await self._graph.read(_CHANGED, since=looked.at, limit=wanted)
            after = (looked.at, looked.pattern_id)
            found = [Changed(row["pattern_id"], row["updated_at"]) for row in rows]
            fresh = [one for one in found if (one.at, one.pattern_id) > after]
            if len(fresh) >= limit or len(rows) < wanted:
                return fresh[:limit]
            wanted *= 2

    async def propose(self, looked: Looked, last: Changed | None, proposals: Sequence[PlanProposal]) -> bool:
        """Writes proposals, those that were made before on the same evidence left as they are, and how far it was looked; whether
        it was its turn."""
        reached = f"{last.at.isoformat()}|{last.pattern_id}" if last else None

        async def work(tx: Transaction) -> bool:
            [row] = await tx.run(
                _CLAIM,
                name=NAME,
                round=looked.round,
                turn=new_id(),
                owner=self._owner,
                until=now() + self._lease,
                backfilled_to=reached,
            )
            if row["claimed"]:
                await tx.write(_CREATE, list(map(_row, proposals)))
            return bool(row["claimed"])

        return await self._graph.transaction(work)

    async def page(self, kind: ProposalKind | None, status: ProposalStatus | None, page: Page) -> list[PlanProposal]:
        """Proposals, newest first, one more than the page has."""
        wanted = {"kind": kind.value if kind else None, "status": status.value if status else None}
        rows = await self._graph.read(_PAGE, before=page.after or LAST, limit=page.first + 1, **wanted)
        return list(map(_proposal, rows))

    async def open(self, limit: int) -> list[PlanProposal]:
        """Those that wait for a decision, the oldest first."""
        return list(map(_proposal, await self._graph.read(_OPEN, above="", limit=limit)))

    async def by_id(self, proposal_ids: Collection[str]) -> dict[str, PlanProposal]:
        """Proposals; unknown ids are absent."""
        rows = await self._graph.read(_BY_ID, proposal_ids=sorted(set(proposal_ids)))
        return {one.proposal_id: one for one in map(_proposal, rows)}

    async def decide(self, decided: PlanProposal) -> bool:
        """Says what became of a proposal; whether it was open."""
        [row] = await self._graph.write(_DECIDE, proposal_id=decided.proposal_id, decided=decision(decided))
        return bool(row["written"])

    async def move_taught(self, pattern_id: str) -> None:
        """Ties the traces that taught a merged pattern to the one that it is part of, slice by slice; may be repeated."""
        while True:
            [row] = await self._graph.write(_MOVE_TAUGHT, pattern_id=pattern_id, limit=MOVED_AT_ONCE)
            if row["moved"] < MOVED_AT_ONCE:
                return

    async def prompts(self, correlation_ids: Collection[str]) -> dict[str, str]:
        """The prompts of traces, as far as they are kept."""
        rows = await self._graph.read(_PROMPTS, correlation_ids=sorted(correlation_ids))
        return {row["correlation_id"]: row["prompt_text"] for row in rows}


def key_of(one: PlanProposal) -> str:
    """The key by which a proposal is found among all."""
    return time_key(one.created_at, one.proposal_id)


def decision(one: PlanProposal) -> dict[str, Any]:
    """What is written of a proposal that is decided."""
    return {
        "status": one.status.value,
        "decided_at": one.decided_at,
        "decided_by": one.decided_by,
        "actor_type": one.actor_type.value if one.actor_type else None,
        "reason": one.reason,
        "node_id": one.node_id,
        "other_id": one.other_id,
    }


def _row(one: PlanProposal) -> Row:
    return {
        "proposal_id": one.proposal_id,
        "kind": one.kind.value,
        "status": one.status.value,
        "time_key": key_of(one),
        "pattern_id": one.pattern_id,
        "other_id": one.other_id,
        "evidence": orjson.dumps(one.evidence.model_dump(mode="json")).decode(),
        "created_at": one.created_at,
    }


def _proposal(row: Row) -> PlanProposal:
    found = row["proposal"]
    names = PlanProposal.model_fields.keys() - {"evidence"}
    evidence = ProposalEvidence.model_validate_json(found["evidence"])
    return PlanProposal(**{name: found[name] for name in names if name in found}, evidence=evidence)
