"""Queries of chains of agents."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.analytics.chains import AgentChains
from loopgraph.api.graphql.types.analytics.subjects import AnalyticsWindowInput, time_range
from loopgraph.api.graphql.types.common import Info, checked
from loopgraph.api.graphql.types.connections import checked_size
from loopgraph.api.graphql.types.list_size import ListSize
from loopgraph.api.graphql.types.weight import READS_MUCH
from loopgraph.contracts.base import Name
from loopgraph.orchestrators.analytics.chains import find_agent_chains


@strawberry.type
class ChainQuery:
    @strawberry.field(
        description="Which agents hand work to which, over the prompts that began in the window: each sequence from the "
        "agent of the prompt down to a subagent that hands on nothing. The newest 40,000 traces of the window are looked at.",
        directives=[ListSize(slicing_arguments=["first"], sized_fields=["chains"]), READS_MUCH],
    )
    async def agent_chains(
        self,
        info: Info,
        window: AnalyticsWindowInput | None = None,
        agent: str | None = None,
        first: int = 50,
    ) -> AgentChains:
        span = time_range(window)
        wanted, size = checked(Name | None, agent, "agent"), checked_size(info, first)
        found = await find_agent_chains(info.context.services.chains, span, wanted, info.context.principal, size)
        return AgentChains.of(found, span)
