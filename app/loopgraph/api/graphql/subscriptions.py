"""Subscriptions, over ``graphql-transport-ws`` and server-sent events."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

import strawberry

from loopgraph.api.graphql.types.common import Info, plain, validated
from loopgraph.api.graphql.types.loop.runs import FeedbackRun
from loopgraph.api.graphql.types.traces.updates import TraceUpdate, TraceUpdateFilterInput
from loopgraph.contracts.trace_updates import TraceUpdateFilter


@strawberry.type
class Subscription:
    @strawberry.subscription(description="A run of the loop: at once, and again whenever it moves, until it has ended.")
    async def feedback_run(self, info: Info, id: strawberry.ID) -> AsyncGenerator[FeedbackRun, None]:
        async for run in info.context.services.worker.updates(id):
            yield FeedbackRun.of(run)

    @strawberry.subscription(
        description="What is recorded for traces from now on, by the process that is asked. To miss nothing, subscribe first and "
        "read what there is then."
    )
    async def trace_updates(
        self, info: Info, filter: TraceUpdateFilterInput | None = None
    ) -> AsyncGenerator[TraceUpdate, None]:
        wanted = validated(TraceUpdateFilter, plain(filter) if filter else {}, "filter")
        updates = info.context.services.feed.updates(wanted, info.context.principal)
        async with contextlib.aclosing(updates):
            async for update in updates:
                yield TraceUpdate.of(update)
