"""Episodes: all that came of one human request."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import strawberry

from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.connections import Listing, sliced
from loopgraph.api.graphql.types.enums import TraceStatus
from loopgraph.api.graphql.types.list_size import SHORT, short_list
from loopgraph.api.graphql.types.nodes import SESSION, TRACE, both
from loopgraph.api.graphql.types.presentation import later, present
from loopgraph.api.graphql.types.traces.pages import drawn
from loopgraph.api.graphql.types.traces.totals import Totals
from loopgraph.api.graphql.types.traces.trace import Trace
from loopgraph.api.graphql.types.traces.waterfall import WaterfallConnection
from loopgraph.contracts.traces import assembly
from loopgraph.orchestrators.traces.episodes import episode

_TRACES = Listing[assembly.AssembledTrace]("traces of an episode", lambda tree: tree.trace.correlation_id)


def _of_whole(name: str) -> Any:
    """Resolves a field of an episode from all that belongs to it."""

    async def resolve(root: Episode, info: Info) -> Any:
        value = getattr(await root.whole(info), name)
        return list(value[:SHORT]) if isinstance(value, tuple) else value

    return resolve


def _trace_lists() -> tuple[Any, Any]:
    async def connection(root: Episode, info: Info, first: int = 100, after: str | None = None) -> Any:
        return _TRACES.whole(info, (await root.whole(info)).traces, first, after, Trace.whole)

    async def slice_(root: Episode, info: Info, first: int | None = None, offset: int = 0) -> Any:
        return [Trace.whole(tree) for tree in sliced(info, (await root.whole(info)).traces, first, offset)]

    description = "The traces of its prompts, in the order of time, each with its tree."
    return both(connection, slice_, TRACE, description, "tracesConnection")


@strawberry.type(
    description="All that came of one human request: completions of background work come back to an agent as new prompts, "
    "each with a trace of its own."
)
class Episode:
    prompts: strawberry.Private[list[str]]
    reading: strawberry.Private[asyncio.Future[assembly.Episode] | None] = None
    episode_id: strawberry.ID = strawberry.field(
        resolver=_of_whole("episode_id"), description="The correlation id of the first prompt's trace."
    )
    session_id: strawberry.ID | None = strawberry.field(resolver=_of_whole("session_id"))
    status: TraceStatus = strawberry.field(
        resolver=_of_whole("status"), description="In progress while any trace is; else that of the last prompt."
    )
    success: bool | None = strawberry.field(resolver=_of_whole("success"))
    started_at: datetime | None = strawberry.field(resolver=_of_whole("started_at"))
    completed_at: datetime | None = strawberry.field(
        resolver=_of_whole("completed_at"), description="The latest end; null while in progress."
    )
    duration_ms: float | None = strawberry.field(resolver=_of_whole("duration_ms"))
    incomplete: bool = strawberry.field(
        resolver=_of_whole("incomplete"), description="Whether anything of it is not known; `missing` says what."
    )
    missing: list[str] = short_list("One plain sentence each.", resolver=_of_whole("missing"))
    skew_ms: float = strawberry.field(
        resolver=_of_whole("skew_ms"),
        description="The largest amount by which clocks contradict each other in a trace.",
    )
    truncated: bool = strawberry.field(
        resolver=_of_whole("truncated"), description="Whether a limit left out a part of it."
    )

    @strawberry.field(description="The session that it is part of.", graphql_type=later(*SESSION) | None)
    async def session(self, info: Info) -> Any:
        session_id = (await self.whole(info)).session_id
        return present(await info.context.loaders.session.load(session_id) if session_id else None)

    traces_connection, traces = _trace_lists()

    @strawberry.field(description="What is in all of its traces.")
    async def totals(self, info: Info) -> Totals:
        return Totals.of((await self.whole(info)).whole)

    @strawberry.field(description="All of it as bars over time, each under what it belongs to.")
    async def waterfall(self, info: Info, first: int = 100, after: str | None = None) -> WaterfallConnection:
        grove = await info.context.services.skeletons.grove(self.prompts, info.context.principal)
        return await drawn(info, grove.tops, first, after)

    async def whole(self, info: Info) -> assembly.Episode:
        """All that belongs to it, read once, when the first field asks for it. Raises NotFound if it was archived since."""
        if self.reading is None:
            self.reading = asyncio.ensure_future(
                episode(info.context.services.traces, self.prompts, info.context.principal)
            )
        return await self.reading
