"""Queries of one trace, and of the episode that it is part of."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.common import Info, sliced
from loopgraph.api.graphql.types.traces import Episode, Trace
from loopgraph.api.graphql.types.waterfall import TimelineEntry
from loopgraph.computes.traces.timeline import timeline
from loopgraph.contracts.assembly import AssembledTrace
from loopgraph.errors import NotFound
from loopgraph.orchestrators.traces.episodes import episode


@strawberry.type
class TraceQuery:
    @strawberry.field(
        description="A trace with all that belongs to it, by its correlation id, or else by its OpenTelemetry trace id; null "
        "if there is none."
    )
    async def trace(self, info: Info, correlation_id: strawberry.ID) -> Trace | None:
        tree = await _tree(info, correlation_id)
        return Trace.whole(tree) if tree else None

    @strawberry.field(
        description="All that came of one human request, as one tree; `id` is the correlation id (or OpenTelemetry trace id) "
        "of any of its traces, also of a subagent's. Null if there is none."
    )
    async def episode(self, info: Info, id: strawberry.ID) -> Episode | None:
        try:
            return Episode.of(await episode(info.context.services.traces, id, info.context.principal))
        except NotFound:
            return None

    @strawberry.field(
        description="What happened in a trace, in the order of time: `first` entries, by default as many as a page may have, "
        "after `offset` of them; null if there is no such trace."
    )
    async def trace_timeline(
        self, info: Info, correlation_id: strawberry.ID, first: int | None = None, offset: int = 0
    ) -> list[TimelineEntry] | None:
        tree = await _tree(info, correlation_id)
        return TimelineEntry.all_of(sliced(info, timeline(tree), first, offset)) if tree else None


async def _tree(info: Info, id_: str) -> AssembledTrace | None:
    """The trace with this correlation id or, if none has it, with this OpenTelemetry trace id."""
    trees, traces = info.context.loaders.trace_tree, info.context.services.traces
    if (tree := await trees.load(id_)) is not None:
        return tree
    other = await traces.by_otel_trace_id(id_, info.context.principal)
    return await trees.load(other) if other else None
