"""Subscriptions, over ``graphql-transport-ws`` and server-sent events."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from loopgraph.api.graphql.types.analytics.live import DashboardUpdate, PatternMetricsUpdate
from loopgraph.api.graphql.types.analytics.subjects import AnalyticsWindowInput, window
from loopgraph.api.graphql.types.common import Info, plain, validated
from loopgraph.api.graphql.types.lineage.events import EventFilterInput, LineageEventUpdate
from loopgraph.api.graphql.types.loop.runs import FeedbackRun
from loopgraph.api.graphql.types.traces.updates import TraceUpdate, TraceUpdateFilterInput
from loopgraph.computes.live.cursors import cursor_of
from loopgraph.contracts.audit import EventFilter
from loopgraph.contracts.live import Cursor
from loopgraph.contracts.traces.updates import TraceUpdateFilter
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.live.feeds import wanted_events, wanted_traces
from loopgraph.orchestrators.live.watches import LONGEST_S, SHORTEST_S

MOST_WATCHED = 100

After = Annotated[
    str | None,
    strawberry.argument(
        description="The `cursor` of the last update that was received, to go on after it; left out: from now on. Over "
        "server-sent events, the header `Last-Event-ID` says the same, and counts before this."
    ),
]
Every = Annotated[
    int, strawberry.argument(description=f"Seconds between two updates at least, {SHORTEST_S} to {LONGEST_S:,}.")
]
OverWindow = Annotated[
    AnalyticsWindowInput | None,
    strawberry.argument(description="Over which time; what is left out of it moves on with the clock."),
]


def _place(info: Info, after: str | None) -> Cursor | None:
    """Where somebody goes on who comes back. Raises InvalidInput."""
    text = info.context.place.last_event_id or after
    return None if text is None else cursor_of(text, "after")


def _checked(every: int) -> int:
    if not SHORTEST_S <= every <= LONGEST_S:
        raise InvalidInput("every", f"must be between {SHORTEST_S} and {LONGEST_S:,} seconds, not {every}")
    return every


def _period(asked: AnalyticsWindowInput | None) -> tuple[object, object]:
    return (asked.since, asked.until) if asked else (None, None)


@strawberry.type
class Subscription:
    @strawberry.subscription(description="A run of the loop: at once, and again whenever it moves, until it has ended.")
    async def feedback_run(self, info: Info, id: strawberry.ID) -> AsyncGenerator[FeedbackRun, None]:
        async with contextlib.aclosing(info.context.services.run_feed.updates(id)) as runs:
            async for run in runs:
                yield FeedbackRun.of(run)

    @strawberry.subscription(
        description="What is recorded for traces from now on, by every process on the graph. To miss nothing, subscribe "
        "first and "
        "read what there is then; and after a disconnect, go on with the cursor of the last update."
    )
    async def trace_updates(
        self, info: Info, filter: TraceUpdateFilterInput | None = None, after: After = None
    ) -> AsyncGenerator[TraceUpdate, None]:
        wanted = validated(TraceUpdateFilter, plain(filter) if filter else {}, "filter")
        passes = wanted_traces(wanted, info.context.principal)
        updates = info.context.services.feed.updates(passes, _place(info, after))
        async with contextlib.aclosing(updates):
            read_from = None
            async for update in updates:
                if update.thing is None:  # there is no trace to tell it with: the next one does
                    read_from = read_from or update.read_from
                    continue
                info.context.place.cursor = update.cursor
                yield TraceUpdate.told(update._replace(read_from=read_from, answers=None) if read_from else update)
                read_from = None

    @strawberry.subscription(
        description="Changes of the lineage as they are written to its audit trail, by every process on the graph."
    )
    async def lineage_events(
        self, info: Info, filter: EventFilterInput | None = None, after: After = None
    ) -> AsyncGenerator[LineageEventUpdate, None]:
        wanted = validated(EventFilter, plain(filter) if filter else {}, "filter")
        updates = info.context.services.event_feed.updates(
            wanted_events(wanted, info.context.principal), _place(info, after)
        )
        async with contextlib.aclosing(updates):
            async for update in updates:
                info.context.place.cursor = update.cursor
                yield LineageEventUpdate.told(update)

    @strawberry.subscription(
        description=f"Figures of at most {MOST_WATCHED} patterns: at once, and again when they have changed, whichever process "
        "recorded why."
    )
    async def pattern_metrics(
        self,
        info: Info,
        ids: list[strawberry.ID],
        every: Every = 5,
        window: OverWindow = None,
        after: After = None,
    ) -> AsyncGenerator[PatternMetricsUpdate, None]:
        wanted, principal, services = tuple(dict.fromkeys(ids)), info.context.principal, info.context.services
        if not 1 <= len(wanted) <= MOST_WATCHED:
            raise InvalidInput("ids", f"must name 1 to {MOST_WATCHED} patterns")
        _window(window)  # what is wrong with it is told at once
        updates = services.watches.updates(
            ("patternMetrics", wanted, _period(window), principal),
            lambda: services.reckoning.pattern_metrics(wanted, _window(window), principal),
            _checked(every),
            _place(info, after),
        )
        async with contextlib.aclosing(updates):
            async for update in updates:
                info.context.place.cursor = update.cursor
                yield PatternMetricsUpdate.told(update)

    @strawberry.subscription(
        description="Everything at a glance: at once, and again when it has changed, whichever process recorded why."
    )
    async def dashboard(
        self, info: Info, every: Every = 5, window: OverWindow = None, after: After = None
    ) -> AsyncGenerator[DashboardUpdate, None]:
        principal, services = info.context.principal, info.context.services
        _window(window)
        updates = services.watches.updates(
            ("dashboard", _period(window), principal),
            lambda: services.reckoning.dashboard(_window(window), principal),
            _checked(every),
            _place(info, after),
        )
        async with contextlib.aclosing(updates):
            async for update in updates:
                info.context.place.cursor = update.cursor
                yield DashboardUpdate.told(update)


_window = window  # arguments of this name hide it
