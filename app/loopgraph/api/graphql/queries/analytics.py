"""Queries of the analytic views."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

import strawberry

from loopgraph.api.graphql.types.analytics.subjects import AnalyticsWindowInput, time_range
from loopgraph.api.graphql.types.common import Info, shape, validated
from loopgraph.api.graphql.types.connections import checked_size
from loopgraph.api.graphql.types.enums import UsageDimension
from loopgraph.api.graphql.types.list_size import SHORT
from loopgraph.api.graphql.types.traces.analytics import (
    AgentSuccessRate,
    EndpointReliability,
    HookPerformance,
    ModelUsage,
    PriceList,
)
from loopgraph.computes.pricing.price_list import source
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.effects.clock import now
from loopgraph.errors import InvalidInput

_RANGE = "Over the traces that began in the window; without one, over all of them."

Bound = Annotated[
    datetime | None, strawberry.argument(deprecation_reason="Use `window`, as all other figures have it.")
]
"""One end of a range, as the first release asked for it."""


def _range(window: AnalyticsWindowInput | None, since: datetime | None, until: datetime | None) -> TimeRange:
    """The range that is asked for, in one way or the other; without any, all that there is. Raises InvalidInput."""
    if window is None:
        return validated(TimeRange, {"since": since, "until": until}, path="")
    if since or until:
        raise InvalidInput("window", "must stand alone, without since and until")
    return time_range(window)


@strawberry.type
class AnalyticsQuery:
    @strawberry.field(
        description="Agents (those that a routing selected, and types of subagents) by the success rate of their traces, the "
        f"highest first. {_RANGE}"
    )
    async def agent_success_rates(
        self,
        info: Info,
        window: AnalyticsWindowInput | None = None,
        since: Bound = None,
        until: Bound = None,
        first: int = 100,
    ) -> list[AgentSuccessRate]:
        range, limit = _range(window, since, until), checked_size(info, first)
        found = await info.context.services.views.agent_success_rates(range, info.context.principal, limit)
        return [shape(AgentSuccessRate, row) for row in found]

    @strawberry.field(description=f"Types of steps and their tools, the most frequent first. {_RANGE}")
    async def hook_performance(
        self,
        info: Info,
        window: AnalyticsWindowInput | None = None,
        since: Bound = None,
        until: Bound = None,
        first: int = 100,
    ) -> list[HookPerformance]:
        range, limit = _range(window, since, until), checked_size(info, first)
        found = await info.context.services.views.hook_performance(range, info.context.principal, limit)
        return [shape(HookPerformance, row) for row in found]

    @strawberry.field(description=f"Endpoints, the most frequently called first. {_RANGE}")
    async def endpoint_reliability(
        self,
        info: Info,
        window: AnalyticsWindowInput | None = None,
        since: Bound = None,
        until: Bound = None,
        first: int = 100,
    ) -> list[EndpointReliability]:
        range, limit = _range(window, since, until), checked_size(info, first)
        found = await info.context.services.views.endpoint_reliability(range, info.context.principal, limit)
        return [shape(EndpointReliability, row) for row in found]

    @strawberry.field(
        description="What calls of language models used and cost, told apart by what `by` names (by default, their model), the "
        f"most expensive first. {_RANGE}"
    )
    async def model_usage(
        self,
        info: Info,
        by: list[UsageDimension] | None = None,
        window: AnalyticsWindowInput | None = None,
        project: str | None = None,
        first: int = 100,
    ) -> list[ModelUsage]:
        dimensions = [UsageDimension.MODEL] if by is None else by
        found = await info.context.services.analytics.model_usage(
            _range(window, None, None), dimensions, info.context.principal, checked_size(info, first), project
        )
        return [ModelUsage.of(row) for row in found]

    @strawberry.field(description="By what the costs of calls are computed that their senders do not say.")
    async def price_list(self, info: Info) -> PriceList:
        public = await asyncio.to_thread(source, now().date())
        own = info.context.services.prices.own_models
        return PriceList(name=public.name, newest_price_since=public.newest, own_models=list(own[:SHORT]))
