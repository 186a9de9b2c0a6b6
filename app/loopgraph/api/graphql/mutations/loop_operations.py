"""Mutations that start runs over many patterns, now or by a schedule."""

from __future__ import annotations

from typing import Annotated, Any, Final

import strawberry

from loopgraph.api.graphql.mutations.feedback import LoopOptionsInput, loop_input
from loopgraph.api.graphql.types.changes import ChangeInput, origin_of
from loopgraph.api.graphql.types.common import Info, checked, plain, validated
from loopgraph.api.graphql.types.expected import Expected, mutation
from loopgraph.api.graphql.types.loop.operations import FeedbackBatch, Schedule
from loopgraph.contracts.base import Id, JsonMap
from loopgraph.contracts.loop import schedules as contracts
from loopgraph.contracts.loop.feedback import LoopInput

_IDS: Final = "The patterns, by their own ids or their global ones, at most 200; or else a `tag` or `patternType`."
_TAG: Final = "All patterns that have this tag, at most 200."
_TYPE: Final = "All patterns of this type, at most 200; with a `tag`, those that have both."


@strawberry.input(description="Over which patterns the loop is to run, and what each run is to do.")
class StartFeedbackLoopBatchInput(LoopOptionsInput):
    batch_id: strawberry.ID | None = strawberry.field(
        default=None, description="Your own id makes a retry safe; left out, one is made."
    )
    pattern_ids: list[strawberry.ID] | None = strawberry.field(default=None, description=_IDS)
    tag: str | None = strawberry.field(default=None, description=_TAG)
    pattern_type: str | None = strawberry.field(default=None, description=_TYPE)


@strawberry.input(description="When the loop is to run over which patterns, and what each run is to do.")
class CreateScheduleInput(LoopOptionsInput):
    name: str = strawberry.field(description="What people call it.")
    cron: str = strawberry.field(
        description="Minute, hour, day of the month, month, day of the week, as cron has them: `0 3 * * 1-5`."
    )
    time_zone: str = strawberry.field(
        default="UTC", description="By the clock of which time zone, such as `Europe/Berlin`."
    )
    schedule_id: strawberry.ID | None = strawberry.field(
        default=None, description="Your own id makes a retry safe; left out, one is made."
    )
    pattern_ids: list[strawberry.ID] | None = strawberry.field(default=None, description=_IDS)
    tag: str | None = strawberry.field(default=None, description=_TAG)
    pattern_type: str | None = strawberry.field(default=None, description=_TYPE)
    paused: bool = strawberry.field(default=False, description="Whether it starts nothing for now.")


@strawberry.input(description="What to change of a schedule; what is left out stays.")
class UpdateScheduleInput(ChangeInput):
    schedule_id: strawberry.ID = strawberry.field(description="The schedule, by its own id or its global one.")
    name: str | None = strawberry.field(default=None, description="What people call it.")
    cron: str | None = strawberry.field(default=None, description="When it is due, as cron has it.")
    time_zone: str | None = strawberry.field(default=None, description="By the clock of which time zone.")
    paused: bool | None = strawberry.field(
        default=None, description="True pauses it; false lets it go on from its next time, without what it has missed."
    )


@strawberry.input(description="Which schedule to delete.")
class DeleteScheduleInput(ChangeInput):
    schedule_id: strawberry.ID = strawberry.field(description="The schedule, by its own id or its global one.")


@strawberry.type(description="Runs that were started together.")
class FeedbackBatchPayload:
    batch: FeedbackBatch = strawberry.field(description="The batch, with what became of each pattern.")


@strawberry.type(description="A schedule that was made or changed.")
class SchedulePayload:
    schedule: Schedule = strawberry.field(description="The schedule as it is now.")


@strawberry.type(description="A schedule that was deleted.")
class DeletedSchedulePayload:
    schedule: Schedule = strawberry.field(description="The schedule as it was.")


StartFeedbackLoopBatchResult = Annotated[
    FeedbackBatchPayload | Expected, strawberry.union("StartFeedbackLoopBatchResult")
]
CreateScheduleResult = Annotated[SchedulePayload | Expected, strawberry.union("CreateScheduleResult")]
UpdateScheduleResult = Annotated[SchedulePayload | Expected, strawberry.union("UpdateScheduleResult")]
DeleteScheduleResult = Annotated[DeletedSchedulePayload | Expected, strawberry.union("DeleteScheduleResult")]

_OWN: Final = frozenset({"actor", "correlation_id", "batch_id", "schedule_id"})
_INPUTS: Final = frozenset(LoopInput.model_fields) - {"pattern_id", "correlation_id"}
_OPTIONS: Final = _INPUTS | {"profile"}


def _asked(input_: LoopOptionsInput) -> dict[str, Any]:
    """What an input asks for, as the contracts have it: what each run is to do is kept apart. Raises InvalidInput."""
    own = {name: value for name, value in plain(input_).items() if name not in _OWN | _OPTIONS and value is not None}
    inputs: JsonMap = loop_input(input_, "any").model_dump(mode="json", include=set(_INPUTS))
    return {**own, "inputs": inputs}


@strawberry.type
class LoopOperationsMutation:
    @mutation(
        "Starts runs of the loop over several patterns, each with its own outcome: started, already open, or invalid. "
        "The same with the same `batchId` gives the first answer again."
    )
    async def start_feedback_loop_batch(
        self, info: Info, input: StartFeedbackLoopBatchInput
    ) -> StartFeedbackLoopBatchResult:
        new = validated(contracts.NewBatch, _asked(input))
        batch_id = checked(Id | None, input.batch_id, "input.batchId")
        batch = await info.context.services.batches.start(new, origin_of(info, input), batch_id)
        info.context.services.worker.poke()
        return FeedbackBatchPayload(batch=FeedbackBatch.of(batch))

    @mutation("Makes a schedule, by which the loop runs over patterns again and again.")
    async def create_schedule(self, info: Info, input: CreateScheduleInput) -> CreateScheduleResult:
        new = validated(contracts.NewSchedule, _asked(input))
        schedule_id = checked(Id | None, input.schedule_id, "input.scheduleId")
        schedule = await info.context.services.schedules.create(new, origin_of(info, input), schedule_id)
        return SchedulePayload(schedule=Schedule.of(schedule))

    @mutation("Changes when a schedule is due, pauses it, or lets it go on.")
    async def update_schedule(self, info: Info, input: UpdateScheduleInput) -> UpdateScheduleResult:
        given = {name: value for name, value in plain(input).items() if name not in _OWN}
        wanted = validated(contracts.ScheduleChanges, given)
        origin = origin_of(info, input)
        schedule = await info.context.services.schedules.update(input.schedule_id, wanted, origin)
        return SchedulePayload(schedule=Schedule.of(schedule))

    @mutation("Deletes a schedule; the runs that it has started go on.")
    async def delete_schedule(self, info: Info, input: DeleteScheduleInput) -> DeleteScheduleResult:
        schedule = await info.context.services.schedules.delete(input.schedule_id, origin_of(info, input))
        return DeletedSchedulePayload(schedule=Schedule.of(schedule))
