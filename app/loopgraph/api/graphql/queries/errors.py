"""Queries of error patterns."""

from __future__ import annotations

from datetime import datetime

import strawberry

from loopgraph.api.graphql.types.analytics.errors import ErrorPatterns
from loopgraph.api.graphql.types.common import Info, validated
from loopgraph.api.graphql.types.connections import checked_size
from loopgraph.api.graphql.types.list_size import ListSize
from loopgraph.contracts.analytics.failures import FailureFilter
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.orchestrators.analytics.error_patterns import find_error_patterns


@strawberry.type
class ErrorQuery:
    @strawberry.field(
        description="What went wrong by itself (not what was denied or interrupted) in traces that began in a range of time: in "
        "whole traces, steps and calls of endpoints, by the templates that the messages follow. The newest 40,000 traces of the "
        "range are looked at.",
        directives=[ListSize(slicing_arguments=["first"], sized_fields=["patterns"])],
    )
    async def error_patterns(
        self,
        info: Info,
        since: datetime | None = None,
        until: datetime | None = None,
        agent: str | None = None,
        tool: str | None = None,
        endpoint: str | None = None,
        node_id: strawberry.ID | None = None,
        first: int = 50,
    ) -> ErrorPatterns:
        span = validated(TimeRange, {"since": since, "until": until}, path="")
        wanted = {"agent": agent, "tool": tool, "endpoint": endpoint, "node_id": node_id}
        filter, size = validated(FailureFilter, wanted, path=""), checked_size(info, first)
        found = await find_error_patterns(info.context.services.failures, span, filter, info.context.principal, size)
        return ErrorPatterns.of(found)
