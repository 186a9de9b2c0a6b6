"""Searching and comparing traces."""

from __future__ import annotations

import strawberry
from strawberry import relay

from loopgraph.api.graphql.types.common import Info, encode_cursor, page_info, page_of, plain, validated
from loopgraph.api.graphql.types.trace_diff import TraceDiff
from loopgraph.api.graphql.types.trace_search import TraceFilterInput
from loopgraph.api.graphql.types.traces import Trace
from loopgraph.contracts.trace_search import TraceFilter, TraceStructure
from loopgraph.effects.traces.mapping import trace_key
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
    ) -> relay.Connection[Trace]:
        given = plain(filter) if filter else {}
        structure = given.pop("structure", None)
        wanted = validated(TraceFilter, given, "filter")
        page, principal, services = page_of(info, first, after), info.context.principal, info.context.services
        if structure is None:
            found = await services.search.traces(wanted, page, principal)
        else:
            shape = validated(TraceStructure, structure, "filter.structure")
            found = await find(services.search, services.traces, wanted, shape, page, principal)
        edges = [relay.Edge(node=Trace.of(trace), cursor=encode_cursor(trace_key(trace))) for trace in found.traces]
        about = page_info(edges, has_more=found.has_more, after=after)
        if found.searched_to is not None:
            about.end_cursor = encode_cursor(found.searched_to)
        return relay.Connection(edges=edges, page_info=about)

    @strawberry.field(
        description="What differs between two traces with all that they spawned: steps of the same name and input correspond "
        "in their order, then steps of the same name. White space, the order of keys, and the ids of the runs themselves make "
        "no difference."
    )
    async def trace_diff(self, info: Info, a: strawberry.ID, b: strawberry.ID) -> TraceDiff:
        return TraceDiff.of(await diff(info.context.services.traces, a, b, info.context.principal))
