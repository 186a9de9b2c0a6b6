"""Traces over time: lines of a timeline, bars of a waterfall."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Self

import strawberry
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.connections import Connection
from loopgraph.api.graphql.types.enums import SpanKind, TimelineKind, TraceStatus
from loopgraph.api.graphql.types.traces.analytics import ModelUsageSums
from loopgraph.computes.traces.branches import Branch
from loopgraph.contracts.traces import assembly


@strawberry.type(description="One line of a timeline.")
class TimelineEntry:
    timestamp: datetime
    kind: TimelineKind
    event_type: str = strawberry.field(
        description="What happened, as a text.", deprecation_reason="Use `kind`, which is an enum."
    )
    data: JSON

    @classmethod
    def of(cls, entry: assembly.TimelineEntry) -> Self:
        return shape(cls, entry, kind=TimelineKind(entry.event_type))


@strawberry.type(description="Lines of a timeline, in the order of time.")
class TimelineConnection(Connection[TimelineEntry]):
    pass


@strawberry.type(description="One bar of a waterfall. What is not known is null.")
class WaterfallRow:
    branch: strawberry.Private[Callable[[], Awaitable[Branch]]]
    span_id: strawberry.ID = strawberry.field(
        description="The own id of the trace, step or endpoint call that it stands for."
    )
    kind: SpanKind
    name: str
    parent_id: strawberry.ID | None = strawberry.field(
        description="The `spanId` of the bar that it is under; null for the outermost."
    )
    depth: int
    start_offset_ms: float | None = strawberry.field(
        description="Since the start of the whole; negative where clocks contradict each other."
    )
    duration_ms: float | None
    self_ms: float | None = strawberry.field(description="The part of the duration in which nothing under it ran.")
    critical: bool = strawberry.field(
        description="Whether the end waited for it: it lies on the chain that leads back from the end through whatever "
        "finished last."
    )
    status: TraceStatus

    @strawberry.field(
        description="What calls of models used that were made straight from it; of a call, what it used itself. Each is counted "
        "once, however many layers tell of it."
    )
    async def own_usage(self) -> ModelUsageSums:
        return ModelUsageSums.of((await self.branch()).own)

    @strawberry.field(description="What calls of models used in it and in all that is under it, subagents too.")
    async def branch_usage(self) -> ModelUsageSums:
        return ModelUsageSums.of((await self.branch()).whole)

    @classmethod
    def of(cls, row: assembly.WaterfallRow, branch: Callable[[], Awaitable[Branch]]) -> Self:
        """``branch`` is asked for only if somebody asks what was used."""
        given = row._asdict()
        return cls(span_id=given.pop("id"), branch=branch, **given)


@strawberry.type(description="Bars of a waterfall, in the order in which they are drawn.")
class WaterfallConnection(Connection[WaterfallRow]):
    pass
