"""Runs over many patterns, and schedules that start them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Info, shape
from loopgraph.api.graphql.types.connections import BY_TIME, Listing
from loopgraph.api.graphql.types.enums import StartOutcome
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.api.graphql.types.nodes import BATCH, PATTERN, RUN, SCHEDULE, Loaded, link, own_id
from loopgraph.api.graphql.types.presentation import later_list, present, presents
from loopgraph.contracts.loop import schedules as contracts
from loopgraph.contracts.loop.health import LoopHealth
from loopgraph.effects.clock import time_key

SCHEDULES = Listing[contracts.Schedule]("schedules", lambda one: time_key(one.created_at, one.schedule_id), BY_TIME)


@strawberry.type(description="What became of one pattern of a batch.")
class PatternStart:
    pattern_id: strawberry.ID
    outcome: StartOutcome = strawberry.field(description="Whether a run was started.")
    run_id: strawberry.ID | None = strawberry.field(
        description="The run that was started, or the one that was open already; null where there is none."
    )
    message: str | None = strawberry.field(description="Why none was started; null where one was.")

    pattern = link("pattern", "pattern_id", PATTERN, "The pattern; null if there is none of this id.")
    run = link("run", "run_id", RUN, "The run that was started, or the one that was open already.")

    @classmethod
    def of(cls, start: contracts.PatternStart) -> Self:
        return shape(cls, start)


@presents(contracts.FeedbackBatch)
@strawberry.type(description="Runs of the loop that were started together.")
class FeedbackBatch(Loaded, relay.Node):
    loader = "feedback_batch"
    batch_id: relay.NodeID[str]
    schedule_id: strawberry.ID | None = strawberry.field(
        description="The schedule that started them; null without one."
    )
    inputs: JSON = strawberry.field(description="What each of the runs is to do, as `LoopInput` has it.")
    starts: list[PatternStart] = strawberry.field(
        description="What became of each pattern; empty until all have been tried.",
        directives=[at_most(contracts.MAX_BATCH)],
    )
    left_out: int = strawberry.field(
        description="How many patterns, at least, a schedule means beyond those that a batch can have: nothing was started there."
    )
    created_at: datetime
    created_by: str
    completed_at: datetime | None = strawberry.field(
        description="When all patterns had been tried, in UTC; null before."
    )

    raw_id = own_id("batch_id", "What clients know the batch by; theirs, if they gave it one.")
    schedule = link("schedule", "schedule_id", SCHEDULE, "The schedule that started them; null without one.")

    @classmethod
    def of(cls, batch: contracts.FeedbackBatch) -> Self:
        return shape(cls, batch, starts=[PatternStart.of(start) for start in batch.starts])


async def _patterns(root: Any, info: Info) -> Any:
    found = await info.context.loaders.pattern.load_many(root.pattern_ids)
    return [present(one) for one in found if one is not None]


@presents(contracts.Schedule)
@strawberry.type(description="Runs of the loop that are started again and again.")
class Schedule(Loaded, relay.Node):
    loader = "schedule"
    schedule_id: relay.NodeID[str]
    name: str = strawberry.field(description="What people call it.")
    cron: str = strawberry.field(
        description="When it is due: minute, hour, day of the month, month, day of the week, as cron has them."
    )
    time_zone: str = strawberry.field(description="By the clock of which time zone.")
    pattern_ids: list[strawberry.ID] = strawberry.field(
        description="The patterns that it means; empty where `tag` and `patternType` say that.",
        directives=[at_most(contracts.MAX_BATCH)],
    )
    tag: str | None = strawberry.field(description="It means the patterns that have this tag when it is due.")
    pattern_type: str | None = strawberry.field(description="It means the patterns of this type.")
    inputs: JSON = strawberry.field(description="What each of the runs is to do, as `LoopInput` has it.")
    paused: bool = strawberry.field(description="Whether it starts nothing for now.")
    next_at: datetime | None = strawberry.field(description="When it is due next, in UTC; null while it is paused.")
    last_at: datetime | None = strawberry.field(description="When it last started runs, in UTC; null before.")
    last_due_at: datetime | None = strawberry.field(
        description="The time for which it last started runs, in UTC: earlier than `lastAt` where no service ran meanwhile."
    )
    last_batch_id: strawberry.ID | None = strawberry.field(description="The batch that it last started; null before.")
    revision: int = strawberry.field(description="Grows with every change of the schedule.")
    created_at: datetime
    created_by: str
    updated_at: datetime

    raw_id = own_id("schedule_id", "What clients know the schedule by; theirs, if they gave it one.")
    patterns = strawberry.field(
        resolver=_patterns,
        description="The patterns that it names, as far as they are there; empty where `tag` and `patternType` say it.",
        graphql_type=later_list(*PATTERN),
        directives=[at_most(contracts.MAX_BATCH)],
    )
    last_batch = link("feedback_batch", "last_batch_id", BATCH, "The batch that it last started; null before.")

    @classmethod
    def of(cls, schedule: contracts.Schedule) -> Self:
        return shape(cls, schedule)


@strawberry.type(
    description="How well the loop does: figures of the runs that began in a time, as far as they have come."
)
class FeedbackLoopHealth:
    since: datetime = strawberry.field(description="From when on runs began that count, in UTC.")
    until: datetime = strawberry.field(description="Until when, in UTC.")
    runs: int = strawberry.field(description="How many runs began.")
    open: int = strawberry.field(description="How many of them go on.")
    completed: int = strawberry.field(description="How many came to their end.")
    failed: int = strawberry.field(description="How many could not go on.")
    cancelled: int = strawberry.field(description="How many somebody ended.")
    tested: int = strawberry.field(description="Improvements that an experiment of a run decided on.")
    rejected: int = strawberry.field(description="How many of these it rejected.")
    rejection_rate: float | None = strawberry.field(
        description="Rejected over tested improvements, 0..1; null without any."
    )
    applied: int = strawberry.field(description="Improvements that the loop or a reviewer put into use.")
    applied_by_loop: int = strawberry.field(description="How many of these the loop put into use by itself.")
    held: int = strawberry.field(description="Applied improvements that were not taken back.")
    taken_back: int = strawberry.field(
        description="Applied improvements whose pattern now uses an older version, or one with the content of an older one."
    )
    held_share: float | None = strawberry.field(
        description="Held over applied improvements, 0..1; null without any. What lacks to 1 is the false-positive rate, as far "
        "as it shows: what is no better and was never taken back is not in it."
    )
    held_interval: Interval | None = strawberry.field(description="Wilson's interval of that share, at 95 %.")
    measured: int = strawberry.field(description="Applied improvements whose gain an experiment measured.")
    mean_delta: float | None = strawberry.field(
        description="Mean of their relative gains, such as 0.1 for ten percent; null without any. What was applied because it "
        "looked good looks better than it is, so this is an upper estimate."
    )
    mean_time_between_ms: float | None = strawberry.field(
        description="Mean time from one application to the next, over all patterns, in milliseconds; null below two."
    )

    @classmethod
    def of(cls, health: LoopHealth) -> Self:
        return shape(cls, health, held_interval=Interval.of(health.held_interval))
