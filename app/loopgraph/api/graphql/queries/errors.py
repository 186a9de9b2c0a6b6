"""Queries of error patterns."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.queries.usage import known
from loopgraph.api.graphql.types.analytics.errors import ErrorPatterns
from loopgraph.api.graphql.types.analytics.subjects import AnalyticsWindowInput, time_range
from loopgraph.api.graphql.types.common import Info, validated
from loopgraph.api.graphql.types.connections import checked_size
from loopgraph.api.graphql.types.list_size import ListSize
from loopgraph.api.graphql.types.weight import READS_MUCH
from loopgraph.contracts.analytics.failures import FailureFilter
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.analytics.error_patterns import find_error_patterns


@strawberry.type
class ErrorQuery:
    @strawberry.field(
        description="What went wrong by itself (not what was denied or interrupted) in traces that began in the window: in "
        "whole traces, steps and calls of endpoints, by the templates that the messages follow. A failure that is told again "
        "further out counts once, where it happened: a step or a trace that says what a call or a step within it failed with, "
        "alone or among other words, or the status of its response, or nothing, is that failure. Each call that failed is one, "
        "also of those that were tried again. The newest 40,000 traces of the window are looked at; with `nodeId`, `project` or "
        "`agent`, the newest of these; one of `nodeId` and `project` at once.",
        directives=[ListSize(slicing_arguments=["first"], sized_fields=["patterns"]), READS_MUCH],
    )
    async def error_patterns(
        self,
        info: Info,
        window: AnalyticsWindowInput | None = None,
        agent: str | None = None,
        tool: str | None = None,
        endpoint: str | None = None,
        node_id: strawberry.ID | None = None,
        project: str | None = None,
        first: int = 50,
    ) -> ErrorPatterns:
        span = time_range(window)
        if node_id is not None and project is not None:
            raise InvalidInput("project", "cannot be asked for with nodeId")
        wanted = {"agent": agent, "tool": tool, "endpoint": endpoint, "node_id": node_id, "project": project}
        filter, size = validated(FailureFilter, wanted, path=""), checked_size(info, first)
        if node_id is not None:
            await known(info, Subject(SubjectKind.PATTERN_VERSION, node_id))
        found = await find_error_patterns(info.context.services.failures, span, filter, info.context.principal, size)
        return ErrorPatterns.of(found, span)
