"""Queries of plans: how to do again what went well, to whom that was handed, and whether it helped."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.common import Info, plain, validated
from loopgraph.api.graphql.types.connections import Connection
from loopgraph.api.graphql.types.learning.matching import MatchContextInput
from loopgraph.api.graphql.types.learning.replays import OFFERS, ReplayEffect, ReplayOffer, ReplayPlan
from loopgraph.api.graphql.types.weight import READS_MUCH
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.errors import InvalidInput


@strawberry.type
class LearningReplayQuery:
    @strawberry.field(
        description="How to do again what went well before: the plan of a learned pattern, or of the one that fits a request "
        "best; null if there is none. Asking hands nothing out: nothing of it is logged."
    )
    async def replay_plan(
        self,
        info: Info,
        pattern_id: strawberry.ID | None = None,
        request: str | None = None,
        context: MatchContextInput | None = None,
        least_support: int = 1,
    ) -> ReplayPlan | None:
        replays = info.context.services.replays
        if (pattern_id is None) == (request is None):
            raise InvalidInput("request", "or patternId is needed, and one of them alone")
        if pattern_id is not None:
            plan = await replays.plan(pattern_id)
            return ReplayPlan.of(plan) if plan else None
        where = validated(MatchContext, plain(context) if context else {}, "context")
        found = await replays.plan_for(request or "", where, info.context.principal, least_support)
        return ReplayPlan.of(*found) if found else None

    @strawberry.field(
        description="The usage log of a learned pattern: to which prompts its plan was offered, newest first."
    )
    async def replay_offers(
        self, info: Info, pattern_id: strawberry.ID, first: int = 20, after: str | None = None
    ) -> Connection[ReplayOffer]:
        page = OFFERS.page(info, first, after)
        found = await info.context.services.replays.offers(pattern_id, page, info.context.principal)
        return OFFERS.connection(found.offers, ReplayOffer.of, has_more=found.has_more, after=after)

    @strawberry.field(
        description="Whether plans help, of one pattern or of all: success and duration of sessions that were given them against "
        "those from which they were withheld by chance.",
        directives=[READS_MUCH],
    )
    async def replay_effect(self, info: Info, pattern_id: strawberry.ID | None = None, days: int = 90) -> ReplayEffect:
        return ReplayEffect.of(await info.context.services.replays.effect(pattern_id, days))
