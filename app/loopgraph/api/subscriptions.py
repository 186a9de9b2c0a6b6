"""Subscriptions, over ``graphql-transport-ws`` and server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import strawberry

from loopgraph.api.types.common import Info
from loopgraph.api.types.feedback import FeedbackRun


@strawberry.type
class Subscription:
    @strawberry.subscription(description="A run of the loop: at once, and again whenever it moves, until it has ended.")
    async def feedback_run(self, info: Info, id: strawberry.ID) -> AsyncGenerator[FeedbackRun, None]:
        async for run in info.context.services.worker.updates(id):
            yield FeedbackRun.of(run)
