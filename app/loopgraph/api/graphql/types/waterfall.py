"""Traces over time: lines of a timeline, bars of a waterfall."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Self, TypeVar

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.enums import SpanKind, TraceStatus
from loopgraph.contracts import assembly
from loopgraph.contracts.base import Page
from loopgraph.errors import InvalidInput

T = TypeVar("T")


@strawberry.type(description="One line of a timeline.")
class TimelineEntry:
    timestamp: datetime
    event_type: str
    data: JSON

    @classmethod
    def of(cls, entry: assembly.TimelineEntry) -> Self:
        return shape(cls, entry)


@strawberry.type
class TimelineEntryEdge:
    cursor: str
    node: TimelineEntry


@strawberry.type(description="Lines of a timeline, in the order of time.")
class TimelineConnection:
    page_info: relay.PageInfo
    edges: list[TimelineEntryEdge]


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


@strawberry.type
class WaterfallRowEdge:
    cursor: str
    node: WaterfallRow


@strawberry.type(description="Bars of a waterfall, in the order in which they are drawn.")
class WaterfallConnection:
    page_info: relay.PageInfo
    edges: list[WaterfallRowEdge]


def part_of(items: Sequence[T], page: Page, key: Callable[[T], str]) -> tuple[Sequence[T], bool]:
    """The items of a page of what is at hand in order, and whether more follow. ``page.after`` is the key of the last item seen.

    Raises InvalidInput for a key of no item.
    """
    begin = 0
    if page.after is not None:
        begin = next((number for number, item in enumerate(items, 1) if key(item) == page.after), -1)
        if begin < 0:
            raise InvalidInput("after", "must be a cursor of this connection, of something that is still there")
    end = begin + page.first
    return items[begin:end], end < len(items)


def about(cursors: Sequence[str], *, has_more: bool, after: str | None) -> relay.PageInfo:
    """What a connection says of its page."""
    return relay.PageInfo(
        has_next_page=has_more,
        has_previous_page=after is not None,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )
