"""Learned patterns that should be one, or two: proposed with evidence, and applied when somebody says so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from loopgraph.contracts.audit import ActorType
from loopgraph.contracts.base import Contract, Unit

MOST_OPEN: Final = 200
"""So many proposals wait at a time: with more, nobody reviews them."""


class ProposalKind(StrEnum):
    """What is proposed: two patterns become one, or one becomes two."""

    MERGE = "merge"
    SPLIT = "split"


class ProposalStatus(StrEnum):
    """Life of a proposal. Outdated: what it is about was merged, split or edited meanwhile."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    OUTDATED = "outdated"


class ProposalEvidence(Contract):
    """Why. ``score`` is how well prompts of the one match the other: of a merge at least the score from which a trace joins a
    pattern, of a split how little the two kinds of prompts do. ``plan_similarity`` is how much their steps have in common.
    ``successes`` and ``failures`` are those of what would be merged into the other, or split off; the ``other_…`` those of what
    stays. ``exemplar_ids`` are the prompts of a split that would go, ``node_ids`` the versions in use that it was made on."""

    score: Unit
    plan_similarity: Unit
    successes: int
    failures: int
    other_successes: int
    other_failures: int
    exemplar_ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()
    node_ids: tuple[str, ...] = ()


class PlanProposal(Contract):
    """A proposal. ``pattern_id`` is what would be merged, or split; ``other_id`` what it would be merged into, and after a split
    what was split off. ``node_id`` is the version that came of it. What is decided is None while it is open."""

    proposal_id: str
    kind: ProposalKind
    status: ProposalStatus
    pattern_id: str
    other_id: str | None = None
    evidence: ProposalEvidence
    created_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    actor_type: ActorType | None = None
    reason: str | None = None
    node_id: str | None = None


def proposal_id_of(kind: ProposalKind, basis: Iterable[str]) -> str:
    """The same for the same proposal on the same evidence: the patterns, their versions in use, and their prompts."""
    told = "\x00".join([kind.value, *sorted(basis)])
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]
