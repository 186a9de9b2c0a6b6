"""Queries of the analytic views."""

from __future__ import annotations

from datetime import datetime

import strawberry

from loopgraph.api.graphql.types.common import Info, shape, validated
from loopgraph.api.graphql.types.connections import checked_size
from loopgraph.api.graphql.types.traces.analytics import AgentSuccessRate, EndpointReliability, HookPerformance
from loopgraph.contracts.analytics import TimeRange

_RANGE = (
    "Over the traces that began at `since` or later and before `until`; without a range, over all of them. "
    "It is what limits the work."
)


def _range(since: datetime | None, until: datetime | None) -> TimeRange:
    return validated(TimeRange, {"since": since, "until": until}, path="")


@strawberry.type
class AnalyticsQuery:
    @strawberry.field(
        description="Agents (those that a routing selected, and types of subagents) by the success rate of their traces, the "
        f"highest first. {_RANGE}"
    )
    async def agent_success_rates(
        self, info: Info, since: datetime | None = None, until: datetime | None = None, first: int = 100
    ) -> list[AgentSuccessRate]:
        range, limit = _range(since, until), checked_size(info, first)
        found = await info.context.services.analytics.agent_success_rates(range, info.context.principal, limit)
        return [shape(AgentSuccessRate, row) for row in found]

    @strawberry.field(description=f"Types of steps and their tools, the most frequent first. {_RANGE}")
    async def hook_performance(
        self, info: Info, since: datetime | None = None, until: datetime | None = None, first: int = 100
    ) -> list[HookPerformance]:
        range, limit = _range(since, until), checked_size(info, first)
        found = await info.context.services.analytics.hook_performance(range, info.context.principal, limit)
        return [shape(HookPerformance, row) for row in found]

    @strawberry.field(description=f"Endpoints, the most frequently called first. {_RANGE}")
    async def endpoint_reliability(
        self, info: Info, since: datetime | None = None, until: datetime | None = None, first: int = 100
    ) -> list[EndpointReliability]:
        range, limit = _range(since, until), checked_size(info, first)
        found = await info.context.services.analytics.endpoint_reliability(range, info.context.principal, limit)
        return [shape(EndpointReliability, row) for row in found]
