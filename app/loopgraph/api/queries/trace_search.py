"""Searching and comparing traces."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from strawberry import relay

from loopgraph.api.types.common import Info, encode_cursor, page_info, page_of, plain, validated
from loopgraph.api.types.enums import TraceStatus
from loopgraph.api.types.trace_diff import TraceDiff
from loopgraph.api.types.traces import Trace
from loopgraph.contracts.trace_search import TraceFilter
from loopgraph.effects.trace_mapping import trace_key
from loopgraph.orchestrators.trace_diff import diff


def _about(description: str) -> Any:
    return strawberry.field(default=None, description=description)


@strawberry.input(
    description="Which traces; what is left out does not filter, and a trace must pass all that is given."
)
class TraceFilterInput:
    session_id: strawberry.ID | None = None
    status: list[TraceStatus] = strawberry.field(default_factory=list, description="Any of these.")
    agent: str | None = _about(
        "The agent that the routing selected, or the type of the subagent whose work the trace is."
    )
    tool: str | None = _about("A step of the trace itself, not of its subagents, ran this tool.")
    failed_tool: str | None = _about("A step of the trace itself ran this tool and failed.")
    pattern_id: strawberry.ID | None = _about("A step ran a version of this pattern.")
    node_id: strawberry.ID | None = _about("A step ran this version of a pattern.")
    all_tags: list[str] = strawberry.field(default_factory=list, description="All of these.")
    any_tags: list[str] = strawberry.field(default_factory=list, description="At least one of these.")
    text: str | None = _about(
        "The prompt or the answer contains it, whatever the case. It is looked for trace by trace: give a range of time."
    )
    min_duration_ms: float | None = _about("Inclusive; traces of unknown duration do not pass.")
    max_duration_ms: float | None = _about("Inclusive; traces of unknown duration do not pass.")
    source: str | None = None
    user_id: str | None = None
    roots_only: bool = strawberry.field(
        default=False, description="No subagents, and nothing else that another trace spawned."
    )
    incomplete_only: bool = strawberry.field(
        default=False, description="In progress, without a beginning, or ended by the service's time limit."
    )
    since: datetime | None = _about("Inclusive.")
    until: datetime | None = _about("Exclusive.")


@strawberry.type
class TraceSearchQuery:
    @strawberry.field(
        description="Traces, newest first. A filter that few traces pass looks at a bounded number of them for each page: "
        "then the page can hold fewer than `first`, even none, and the search goes on after its endCursor."
    )
    async def traces(
        self, info: Info, first: int = 20, after: str | None = None, filter: TraceFilterInput | None = None
    ) -> relay.Connection[Trace]:
        wanted = validated(TraceFilter, plain(filter) if filter else {}, "filter")
        page = page_of(info, first, after)
        found = await info.context.services.search.traces(wanted, page, info.context.principal)
        edges = [relay.Edge(node=Trace.of(trace), cursor=encode_cursor(trace_key(trace))) for trace in found.traces]
        about = page_info(edges, has_more=found.has_more, after=after)
        if found.searched_to is not None:
            about.end_cursor = encode_cursor(found.searched_to)
        return relay.Connection(edges=edges, page_info=about)

    @strawberry.field(
        description="What differs between two traces with all that they spawned: steps of the same name and input correspond "
        "in their order, then steps of the same name. White space, the order of keys, and UUIDs make no difference."
    )
    async def trace_diff(self, info: Info, a: strawberry.ID, b: strawberry.ID) -> TraceDiff:
        return TraceDiff.of(await diff(info.context.services.traces, a, b, info.context.principal))
