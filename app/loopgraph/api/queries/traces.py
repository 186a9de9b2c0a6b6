"""Queries over traces."""

from __future__ import annotations

import strawberry

from loopgraph.api.types.common import Info, shape
from loopgraph.api.types.traces import TimelineEntry, Trace
from loopgraph.computes.timeline import timeline


@strawberry.type
class TraceQuery:
    @strawberry.field(description="A trace with all that belongs to it; null if there is none.")
    async def trace(self, info: Info, correlation_id: strawberry.ID) -> Trace | None:
        parts = await info.context.loaders.trace_parts.load(correlation_id)
        return Trace.whole(parts) if parts else None

    @strawberry.field(description="What happened in a trace, in the order of time; null if there is no such trace.")
    async def trace_timeline(self, info: Info, correlation_id: strawberry.ID) -> list[TimelineEntry] | None:
        parts = await info.context.loaders.trace_parts.load(correlation_id)
        return [shape(TimelineEntry, entry) for entry in timeline(parts)] if parts else None
