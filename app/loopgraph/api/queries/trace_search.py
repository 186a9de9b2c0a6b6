"""Searching traces."""

from __future__ import annotations

from datetime import datetime

import strawberry
from strawberry import relay

from loopgraph.api.types.common import Info, connection, page_of, plain, validated
from loopgraph.api.types.enums import TraceStatus
from loopgraph.api.types.traces import Trace
from loopgraph.contracts.trace_search import TraceFilter
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
class TraceSearchQuery:
    @strawberry.field(description="Traces, newest first.")
    async def traces(
        self, info: Info, first: int = 20, after: str | None = None, filter: TraceFilterInput | None = None
    ) -> relay.Connection[Trace]:
        wanted = validated(TraceFilter, plain(filter) if filter else {}, "filter")
        page = page_of(info, first, after)
        found = await info.context.services.search.traces(wanted, page, info.context.principal)
        items = ((trace_key(trace), Trace.of(trace)) for trace in found.traces)
        return connection(items, has_more=found.has_more, after=after)
