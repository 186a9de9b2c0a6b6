"""The mutation by which an agent is recommended for a trace, so that it is known afterwards what came of it."""

from __future__ import annotations

from typing import Annotated

import strawberry

from loopgraph.api.graphql.types.common import Info, plain, validated
from loopgraph.api.graphql.types.expected import Expected, mutation
from loopgraph.api.graphql.types.learning.matching import MatchContextInput
from loopgraph.api.graphql.types.learning.routing import AgentAdvice, AgentRecommendation
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.effects.clock import now


@strawberry.input(description="For which trace an agent is to be recommended.")
class RecommendAgentInput:
    correlation_id: strawberry.ID = strawberry.field(
        description="The trace, by its own id or its global one: it has to be recorded."
    )
    request: str | None = strawberry.field(
        default=None,
        description="What is to be done, at most 20,000 characters; left out: the trace's prompt, if that is kept.",
    )
    context: MatchContextInput | None = strawberry.field(
        default=None, description="Where it is asked; left out: the project of the trace."
    )


@strawberry.type(description="The agent that is recommended for a trace.")
class RecommendAgentPayload:
    advice: AgentAdvice = strawberry.field(description="Who is recommended, and why.")
    recommendation: AgentRecommendation | None = strawberry.field(
        description="What was logged; null: nobody is recommended, and nothing was logged."
    )


RecommendAgentResult = Annotated[RecommendAgentPayload | Expected, strawberry.union("RecommendAgentResult")]


@strawberry.type
class LearningMutation:
    @mutation(
        "Which agent a trace should go to; chance has the share in it that the settings say. It is logged, and held against what "
        "comes of the trace. Asked again for the same trace, it is the same agent."
    )
    async def recommend_agent(self, info: Info, input: RecommendAgentInput) -> RecommendAgentResult:
        where = validated(MatchContext, plain(input.context) if input.context else {}, "input.context")
        routing, principal = info.context.services.routing, info.context.principal
        advice, logged = await routing.route(input.correlation_id, input.request, where, principal, now())
        return RecommendAgentPayload(
            advice=AgentAdvice.of(advice), recommendation=AgentRecommendation.of(logged) if logged else None
        )
