"""The mutations by which proposals about learned patterns are decided."""

from __future__ import annotations

from typing import Annotated

import strawberry

from loopgraph.api.graphql.types.changes import ActorInput, ChangeInput, origin_of
from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.expected import Expected, mutation
from loopgraph.api.graphql.types.learning.proposals import PlanProposal


@strawberry.input(description="Which proposal is decided, and why.")
class DecidePlanProposalInput:
    proposal_id: strawberry.ID = strawberry.field(description="Which one is decided.")
    reason: str | None = strawberry.field(default=None, description="Why, in words.")
    actor: ActorInput | None = strawberry.field(
        default=None, description="Who decides. Left out: the principal of the request, or an anonymous user."
    )


@strawberry.type(description="A proposal that was decided.")
class PlanProposalPayload:
    proposal: PlanProposal = strawberry.field(description="The proposal as it is now.")


DecidePlanProposalResult = Annotated[PlanProposalPayload | Expected, strawberry.union("DecidePlanProposalResult")]


@strawberry.type
class LearningProposalMutation:
    @mutation(
        "Carries a proposal out: one pattern becomes part of another, with all that it was taught, or a part of one becomes a "
        "new pattern. Either way a new version says so in the lineage."
    )
    async def accept_plan_proposal(self, info: Info, input: DecidePlanProposalInput) -> DecidePlanProposalResult:
        origin = origin_of(info, ChangeInput(actor=input.actor))
        decided = await info.context.services.upkeep.accept(input.proposal_id, input.reason, origin)
        return PlanProposalPayload(proposal=PlanProposal.of(decided))

    @mutation("Says that a proposal is not to be carried out; on the same evidence, it is not made again.")
    async def dismiss_plan_proposal(self, info: Info, input: DecidePlanProposalInput) -> DecidePlanProposalResult:
        origin = origin_of(info, ChangeInput(actor=input.actor))
        decided = await info.context.services.upkeep.dismiss(input.proposal_id, input.reason, origin)
        return PlanProposalPayload(proposal=PlanProposal.of(decided))
