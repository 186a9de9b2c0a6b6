"""Queries over batches and schedules of the improvement loop."""

from __future__ import annotations

from datetime import timedelta

import strawberry

from loopgraph.api.graphql.queries.dependents import days_ago
from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.connections import Connection
from loopgraph.api.graphql.types.loop.operations import SCHEDULES, FeedbackBatch, FeedbackLoopHealth, Schedule
from loopgraph.orchestrators.loop.health import loop_health


@strawberry.type
class LoopOperationsQuery:
    @strawberry.field(description="Runs that were started together, by the id of their batch; null if there is none.")
    async def feedback_batch(self, info: Info, batch_id: strawberry.ID) -> FeedbackBatch | None:
        found = await info.context.loaders.feedback_batch.load(batch_id)
        return FeedbackBatch.of(found) if found else None

    @strawberry.field(description="A schedule by its own id; null if there is none.")
    async def schedule(self, info: Info, schedule_id: strawberry.ID) -> Schedule | None:
        found = await info.context.loaders.schedule.load(schedule_id)
        return Schedule.of(found) if found else None

    @strawberry.field(description="All schedules, newest first.")
    async def schedules(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Schedule]:
        found = await info.context.services.schedule_reads.page(SCHEDULES.page(info, first, after))
        return SCHEDULES.connection(found.schedules, Schedule.of, has_more=found.has_more, after=after)

    @strawberry.field(
        description="How well the loop does, by the runs that began in the last so many days, over all patterns or one: how much "
        "was rejected, what was applied, what it gained, and how much of that has held."
    )
    async def feedback_loop_health(
        self, info: Info, days: int = 30, pattern_id: strawberry.ID | None = None
    ) -> FeedbackLoopHealth:
        since = days_ago(days)
        until = since + timedelta(days=days, hours=1)  # the end of this hour
        found = await loop_health(info.context.services.loop_health_reads, since, until, pattern_id)
        return FeedbackLoopHealth.of(found)
