"""Queries of one trace, and of the episode that it is part of."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.traces.episodes import Episode
from loopgraph.api.graphql.types.traces.trace import Trace
from loopgraph.api.graphql.types.traces.waterfall import TimelineConnection
from loopgraph.errors import NotFound
from loopgraph.orchestrators.traces.episodes import prompts


@strawberry.type
class TraceQuery:
    @strawberry.field(
        description="A trace with all that belongs to it, by its correlation id, or else by its OpenTelemetry trace id; null "
        "if there is none."
    )
    async def trace(self, info: Info, correlation_id: strawberry.ID) -> Trace | None:
        return await _trace(info, correlation_id)

    @strawberry.field(
        description="All that came of one human request, as one tree; `id` is the correlation id (or OpenTelemetry trace id) "
        "of any of its traces, also of a subagent's. Null if there is none."
    )
    async def episode(self, info: Info, id: strawberry.ID) -> Episode | None:
        try:
            return Episode(prompts=await prompts(info.context.services.traces, id, info.context.principal))
        except NotFound:
            return None

    @strawberry.field(description="What happened in a trace, in the order of time; null if there is no such trace.")
    async def trace_timeline(
        self, info: Info, correlation_id: strawberry.ID, first: int = 100, after: str | None = None
    ) -> TimelineConnection | None:
        trace = await _trace(info, correlation_id)
        return await trace.timeline_page(info, first, after) if trace else None


async def _trace(info: Info, id_: str) -> Trace | None:
    """The trace with this correlation id or, if none has it, with this OpenTelemetry trace id."""
    heads, traces = info.context.loaders.head, info.context.services.traces
    if (head := await heads.load(id_)) is None:
        other = await traces.by_otel_trace_id(id_, info.context.principal)
        head = await heads.load(other) if other else None
    return Trace.of_head(head) if head else None
