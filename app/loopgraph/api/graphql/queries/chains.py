"""Queries of chains of agents."""

from __future__ import annotations

from datetime import datetime

import strawberry

from loopgraph.api.graphql.types.analytics.chains import AgentChains
from loopgraph.api.graphql.types.common import Info, checked, validated
from loopgraph.api.graphql.types.connections import checked_size
from loopgraph.api.graphql.types.list_size import ListSize
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.base import Name
from loopgraph.orchestrators.analytics.chains import find_agent_chains


@strawberry.type
class ChainQuery:
    @strawberry.field(
        description="Which agents hand work to which, over the prompts that began in a range of time: each sequence from the "
        "agent of the prompt down to a subagent that hands on nothing. The newest 40,000 traces of the range are looked at.",
        directives=[ListSize(slicing_arguments=["first"], sized_fields=["chains"])],
    )
    async def agent_chains(
        self,
        info: Info,
        since: datetime | None = None,
        until: datetime | None = None,
        agent: str | None = None,
        first: int = 50,
    ) -> AgentChains:
        span = validated(TimeRange, {"since": since, "until": until}, path="")
        wanted, size = checked(Name | None, agent, "agent"), checked_size(info, first)
        found = await find_agent_chains(info.context.services.chains, span, wanted, info.context.principal, size)
        return AgentChains.of(found)
