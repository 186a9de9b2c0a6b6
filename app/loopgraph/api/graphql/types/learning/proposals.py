"""Proposals that learned patterns become one, or two."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.connections import Listing
from loopgraph.api.graphql.types.enums import ActorType, ProposalKind, ProposalStatus
from loopgraph.api.graphql.types.nodes import PATTERN, VERSION, link
from loopgraph.contracts.learning import proposals as contracts
from loopgraph.effects.learning.proposals import key_of

PROPOSALS = Listing[contracts.PlanProposal]("plan proposals", key_of)


@strawberry.type(description="Why learned patterns should be one, or two.")
class PlanProposalEvidence:
    score: float = strawberry.field(
        description="Of a merge, the least score with which prompts of each match the other, 0..1; of a split, how near prompts "
        "of the two kinds are by meaning."
    )
    plan_similarity: float = strawberry.field(description="How much the steps of both have in common, 0..1.")
    successes: Long = strawberry.field(description="Successful traces of what would be merged, or split off.")
    failures: Long = strawberry.field(description="Failed ones of it.")
    other_successes: Long = strawberry.field(
        description="Successful traces of what it would be merged into, or of the rest."
    )
    other_failures: Long = strawberry.field(description="Failed ones of that.")
    prompts: int = strawberry.field(
        description="How many prompts that the pattern keeps would be split off; 0 of a merge."
    )

    @classmethod
    def of(cls, one: contracts.ProposalEvidence) -> Self:
        return shape(cls, one, prompts=len(one.exemplar_ids))


@strawberry.type(description="A proposal that two learned patterns become one, or one becomes two.")
class PlanProposal:
    proposal_id: strawberry.ID = strawberry.field(
        description="Its id, which follows from what it is about and its evidence."
    )
    kind: ProposalKind = strawberry.field(description="Which of both.")
    status: ProposalStatus = strawberry.field(description="What became of it.")
    pattern_id: strawberry.ID
    other_id: strawberry.ID | None = strawberry.field(
        description="What it would be merged into; of a split that was carried out, the new pattern."
    )
    evidence: PlanProposalEvidence = strawberry.field(description="Why.")
    created_at: datetime = strawberry.field(description="When it was made, in UTC.")
    decided_at: datetime | None = strawberry.field(description="When it was decided, in UTC; null: it is open.")
    decided_by: str | None = strawberry.field(description="Who decided; null: it is open.")
    actor_type: ActorType | None = strawberry.field(description="What kind of actor that is.")
    reason: str | None = strawberry.field(description="Why it was decided so, in words, if that was said.")
    node_id: strawberry.ID | None = strawberry.field(
        description="The own id of the version that came of it; null: none did."
    )
    pattern = link("pattern", "pattern_id", PATTERN, "What would be merged, or split.")
    other = link("pattern", "other_id", PATTERN, "The other pattern.")
    plan_version = link("version", "node_id", VERSION, "The version that came of it.")

    @classmethod
    def of(cls, one: contracts.PlanProposal) -> Self:
        return shape(cls, one, evidence=PlanProposalEvidence.of(one.evidence))
