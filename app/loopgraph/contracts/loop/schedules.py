"""Runs of the loop over many patterns: batches that start them, and schedules that start batches."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.base import Contract, Id, Instant, JsonMap, Name
from loopgraph.contracts.loop.feedback import LoopInput

MAX_BATCH: Final = 200
"""So many patterns can be meant at once."""

Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Cron = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class PatternChoice(Contract):
    """Which patterns are meant: those that are named, or all that have the tag and are of the type."""

    pattern_ids: Annotated[tuple[Id, ...], Field(max_length=MAX_BATCH)] = ()
    tag: Tag | None = None
    pattern_type: Name | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_filter = self.tag is not None or self.pattern_type is not None
        if bool(self.pattern_ids) == by_filter:
            raise ValueError("either pattern_ids or a tag or pattern_type is needed, and not both")
        return self


class NewBatch(PatternChoice):
    """Runs to be started. ``inputs`` are those of ``LoopInput`` without the pattern."""

    inputs: JsonMap

    def input_of(self, pattern_id: str) -> LoopInput:
        """What the run of one pattern is to do."""
        return LoopInput(pattern_id=pattern_id, **self.inputs)


class StartOutcome(StrEnum):
    """What became of one pattern of a batch."""

    STARTED = "started"
    ALREADY_OPEN = "already_open"
    INVALID = "invalid"


class PatternStart(Contract):
    """What became of one pattern of a batch: ``run_id`` is the run that was started, or that was open already; ``message`` says
    why none was started."""

    pattern_id: Id
    outcome: StartOutcome
    run_id: Id | None = None
    message: str | None = None


class FeedbackBatch(Contract):
    """Runs that were started together. Which patterns are meant is settled when the batch is made; of those that a schedule meant
    beyond ``MAX_BATCH``, ``left_out`` says how many at least.

    ``starts`` are there when all patterns have been tried: since then it is completed, and nothing of it is tried again.
    """

    batch_id: Id
    pattern_ids: tuple[Id, ...]
    left_out: Annotated[int, Field(ge=0)] = 0
    inputs: JsonMap
    schedule_id: Id | None = None
    starts: tuple[PatternStart, ...] = ()
    created_at: Instant
    actor_type: ActorType
    created_by: Name
    correlation_id: Id | None = None
    completed_at: Instant | None = None

    @property
    def origin(self) -> Origin:
        """Who starts its runs, and as part of what."""
        return Origin(actor_type=self.actor_type, actor_id=self.created_by, correlation_id=self.correlation_id)

    def input_of(self, pattern_id: str) -> LoopInput:
        """What the run of one pattern is to do."""
        return LoopInput(pattern_id=pattern_id, **self.inputs)


class NewSchedule(NewBatch):
    """Runs to be started again and again: at the times of ``cron``, by the clock of ``time_zone``."""

    name: Name
    cron: Cron
    time_zone: Name = "UTC"
    paused: bool = False


class ScheduleChanges(Contract):
    """What is to be changed of a schedule; None leaves it as it is."""

    name: Name | None = None
    cron: Cron | None = None
    time_zone: Name | None = None
    paused: bool | None = None


class Schedule(Contract):
    """Runs that are started again and again.

    ``next_at`` is when it is due, None while it is paused. ``last_at`` is when it last started runs, for its time ``last_due_at``
    (what was missed while no service ran is made up for once), in the batch ``last_batch_id``. ``revision`` grows with every
    change.
    """

    schedule_id: Id
    name: Name
    cron: Cron
    time_zone: Name
    pattern_ids: tuple[Id, ...] = ()
    tag: Tag | None = None
    pattern_type: Name | None = None
    inputs: JsonMap
    paused: bool
    next_at: Instant | None
    last_at: Instant | None = None
    last_due_at: Instant | None = None
    last_batch_id: Id | None = None
    revision: Annotated[int, Field(ge=1)]
    created_at: Instant
    created_by: Name
    updated_at: Instant


class SchedulePage(Contract):
    """Schedules, newest first, and whether more follow."""

    schedules: tuple[Schedule, ...]
    has_more: bool
