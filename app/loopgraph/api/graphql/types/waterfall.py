"""Traces over time: lines of a timeline, bars of a waterfall."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Self

import strawberry
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.enums import SpanKind, TraceStatus
from loopgraph.contracts import assembly


@strawberry.type(description="One line of a timeline.")
class TimelineEntry:
    timestamp: datetime
    event_type: str
    data: JSON

    @classmethod
    def all_of(cls, entries: Iterable[assembly.TimelineEntry]) -> list[Self]:
        return [shape(cls, entry) for entry in entries]


@strawberry.type(description="One bar of a waterfall. What is not known is null.")
class WaterfallRow:
    id: strawberry.ID = strawberry.field(description="The id of the trace, step or endpoint call.")
    kind: SpanKind
    name: str
    parent_id: strawberry.ID | None = strawberry.field(description="The id of the bar that it is under.")
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

    @classmethod
    def of(cls, row: assembly.WaterfallRow) -> Self:
        return cls(**row._asdict())
