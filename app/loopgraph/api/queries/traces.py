"""Queries over traces."""

from __future__ import annotations

from datetime import datetime

import strawberry
from strawberry import relay

from loopgraph.api.types.common import Info, connection, page_of, plain, shape, validated
from loopgraph.api.types.enums import TraceStatus
from loopgraph.api.types.traces import TimelineEntry, Trace
from loopgraph.computes.timeline import timeline
from loopgraph.contracts.traces import TraceFilter
from loopgraph.effects.trace_mapping import trace_key


@strawberry.input(description="Which traces; what is left out does not filter.")
class TraceFilterInput:
    session_id: strawberry.ID | None = None
    status: TraceStatus | None = None
    agent: str | None = None
    tag: str | None = None
    since: datetime | None = strawberry.field(default=None, description="Inclusive.")
    until: datetime | None = strawberry.field(default=None, description="Exclusive.")


@strawberry.type
class TraceQuery:
    @strawberry.field(description="A trace with all that belongs to it; null if there is none.")
    async def trace(self, info: Info, correlation_id: strawberry.ID) -> Trace | None:
        parts = await info.context.loaders.trace_parts.load(correlation_id)
        return Trace.whole(parts) if parts else None

    @strawberry.field(description="Traces, newest first.")
    async def traces(
        self, info: Info, first: int = 20, after: str | None = None, filter: TraceFilterInput | None = None
    ) -> relay.Connection[Trace]:
        wanted = validated(TraceFilter, plain(filter) if filter else {}, "filter")
        page = page_of(info, first, after)
        found = await info.context.services.traces.traces(wanted, page, info.context.principal)
        items = ((trace_key(trace), Trace.of(trace)) for trace in found.traces)
        return connection(items, has_more=found.has_more, after=after)

    @strawberry.field(description="What happened in a trace, in the order of time; null if there is no such trace.")
    async def trace_timeline(self, info: Info, correlation_id: strawberry.ID) -> list[TimelineEntry] | None:
        parts = await info.context.loaders.trace_parts.load(correlation_id)
        return [shape(TimelineEntry, entry) for entry in timeline(parts)] if parts else None
