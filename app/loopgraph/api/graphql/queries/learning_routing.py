"""Queries of agents that are recommended: for which requests, what came of that, and what another policy would have."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.common import Info, plain, validated
from loopgraph.api.graphql.types.connections import Connection
from loopgraph.api.graphql.types.enums import RoutingPolicy
from loopgraph.api.graphql.types.learning.matching import MatchContextInput
from loopgraph.api.graphql.types.learning.routing import (
    RECOMMENDATIONS,
    AgentAdvice,
    AgentRecommendation,
    RoutingPolicyEffect,
)
from loopgraph.api.graphql.types.weight import READS_MUCH
from loopgraph.contracts.learning.features import MatchContext


@strawberry.type
class LearningRoutingQuery:
    @strawberry.field(
        description="Which agent a request should go to: the one of the learned pattern that fits surely enough, else the one "
        "with the best record. Asking logs nothing, and chance has no share; the mutation of this name logs for a trace."
    )
    async def recommend_agent(self, info: Info, request: str, context: MatchContextInput | None = None) -> AgentAdvice:
        where = validated(MatchContext, plain(context) if context else {}, "context")
        return AgentAdvice.of(await info.context.services.routing.recommend(request, where))

    @strawberry.field(description="The agents that were recommended for traces, newest first.")
    async def agent_recommendations(
        self, info: Info, first: int = 20, after: str | None = None
    ) -> Connection[AgentRecommendation]:
        page = RECOMMENDATIONS.page(info, first, after)
        found = await info.context.services.routing.page(page, info.context.principal)
        return RECOMMENDATIONS.connection(
            found.recommendations, AgentRecommendation.of, has_more=found.has_more, after=after
        )

    @strawberry.field(
        description="What another policy of recommending agents would have come to, by what was logged of the one that was used.",
        directives=[READS_MUCH],
    )
    async def routing_policy_effect(
        self, info: Info, policy: RoutingPolicy, agent: str | None = None, days: int = 90
    ) -> RoutingPolicyEffect:
        return RoutingPolicyEffect.of(await info.context.services.routing.effect(policy, agent, days))
