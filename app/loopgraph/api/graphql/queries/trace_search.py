"""Searching and comparing traces."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.common import Info, plain, validated
from loopgraph.api.graphql.types.connections import Connection
from loopgraph.api.graphql.types.traces.diff import TraceDiff
from loopgraph.api.graphql.types.traces.search import TraceFilterInput
from loopgraph.api.graphql.types.traces.trace import TRACES, Trace
from loopgraph.contracts.traces.search import TraceFilter, TraceStructure
from loopgraph.orchestrators.traces.diff import diff
from loopgraph.orchestrators.traces.search import find


@strawberry.type
class TraceSearchQuery:
    @strawberry.field(
        description="Traces, newest first. A filter that few traces pass looks at a bounded number of them for each page: "
        "then the page can hold fewer than `first`, even none, and the search goes on after its endCursor."
    )
    async def traces(
        self, info: Info, first: int = 20, after: str | None = None, filter: TraceFilterInput | None = None
    ) -> Connection[Trace]:
        given = plain(filter) if filter else {}
        structure = given.pop("structure", None)
        wanted = validated(TraceFilter, given, "filter")
        page, principal, services = TRACES.page(info, first, after), info.context.principal, info.context.services
        if structure is None:
            found = await services.search.traces(wanted, page, principal)
        else:
            shape = validated(TraceStructure, structure, "filter.structure")
            found = await find(services.search, services.traces, wanted, shape, page, principal)
        answer = TRACES.connection(found.traces, Trace.of, has_more=found.has_more, after=after)
        if found.searched_to is not None:
            answer.page_info.end_cursor = TRACES.cursor(found.searched_to)
        return answer

    @strawberry.field(
        description="What differs between two traces with all that they spawned: steps of the same name and input correspond "
        "in their order, then steps of the same name. White space, the order of keys, and the ids of the runs themselves make "
        "no difference."
    )
    async def trace_diff(self, info: Info, a: strawberry.ID, b: strawberry.ID) -> TraceDiff:
        return TraceDiff.of(await diff(info.context.services.traces, a, b, info.context.principal))
