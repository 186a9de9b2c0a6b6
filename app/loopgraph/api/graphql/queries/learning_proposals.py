"""The query of proposals about learned patterns."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.connections import Connection
from loopgraph.api.graphql.types.enums import ProposalKind, ProposalStatus
from loopgraph.api.graphql.types.learning.proposals import PROPOSALS, PlanProposal


@strawberry.type
class LearningProposalQuery:
    @strawberry.field(
        description="Proposals that learned patterns become one, or two, newest first. They are looked for in the background, "
        "and carried out when somebody accepts them."
    )
    async def plan_proposals(
        self,
        info: Info,
        kind: ProposalKind | None = None,
        status: ProposalStatus | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[PlanProposal]:
        page = PROPOSALS.page(info, first, after)
        found = await info.context.services.upkeep.page(kind, status, page)
        return PROPOSALS.connection(found[: page.first], PlanProposal.of, has_more=len(found) > page.first, after=after)
