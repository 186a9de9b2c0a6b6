"""Schedules: made and changed by people, fired by whichever process sees first that one is due."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from loopgraph.computes.loop.cron import next_due
from loopgraph.contracts.audit import ActorType, EventType, Origin
from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.lineage.changes import request_hash
from loopgraph.contracts.loop.schedules import (
    MAX_BATCH,
    FeedbackBatch,
    NewSchedule,
    PatternChoice,
    Schedule,
    ScheduleChanges,
)
from loopgraph.effects.clock import new_id, now, time_zone
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import make_event
from loopgraph.effects.loop.batches import FeedbackBatches
from loopgraph.effects.loop.schedules import FeedbackSchedules
from loopgraph.errors import Blame, blame_of
from loopgraph.orchestrators.loop.batches import Batches

logger = logging.getLogger(__name__)

LEAST_S: Final = 5.0
"""Schedules are looked at no more often: none is due more than once a minute."""

_SLICE: Final = 20
_LEFT_BEHIND: Final = timedelta(minutes=1)
"""A batch that is not completed after so long was left by a process that has ended."""


class Schedules:
    """Makes, changes and fires schedules. ``started`` is called when one has started runs."""

    def __init__(
        self, graph: Graph, poll_ms: int, started: Callable[[], None] = lambda: None, *, least_s: float = LEAST_S
    ) -> None:
        self._schedules = FeedbackSchedules(graph)
        self._batches = FeedbackBatches(graph)
        self._starting = Batches(graph)
        self._poll_s = max(poll_ms / 1000, least_s)
        self._started = started

    async def create(self, new: NewSchedule, origin: Origin, schedule_id: str | None = None) -> Schedule:
        """A new schedule. The same ``schedule_id`` with the same inputs gives the first result again.

        Raises InvalidInput for a cron or a zone that is not understood, Conflict if the id is taken by another.
        """
        at = now()
        due = _due(new.cron, new.time_zone, at)
        schedule = Schedule(
            schedule_id=schedule_id or new_id(),
            **new.model_dump(),
            next_at=None if new.paused else due,
            revision=1,
            created_at=at,
            created_by=origin.actor_id,
            updated_at=at,
        )
        event = make_event(EventType.SCHEDULE_CREATED, origin, data=_told(schedule))
        return await self._schedules.create(schedule, request_hash(new), event)

    async def update(self, schedule_id: str, wanted: ScheduleChanges, origin: Origin) -> Schedule:
        """The schedule with what is wanted changed. What was missed while it was paused is not made up for.

        Raises NotFound, InvalidInput as ``create``, Conflict if somebody else changes it at the same moment.
        """
        schedule = await self._schedules.schedule(schedule_id)
        changes: dict[str, Any] = wanted.model_dump(exclude_none=True)
        changed = schedule.model_copy(update=changes)
        due = _due(changed.cron, changed.time_zone, now())
        if changed.paused:
            changes["next_at"] = None
        elif schedule.paused or {"cron", "time_zone"} & changes.keys():
            changes["next_at"] = due
        event = make_event(EventType.SCHEDULE_UPDATED, origin, data=_told(changed))
        return await self._schedules.change(schedule, event, **changes)

    async def delete(self, schedule_id: str, origin: Origin) -> Schedule:
        """The schedule that was; the runs that it has started go on. Raises NotFound."""
        schedule = await self._schedules.schedule(schedule_id)
        event = make_event(EventType.SCHEDULE_DELETED, origin, data=_told(schedule))
        await self._schedules.delete(schedule_id, event)
        return schedule

    async def run_forever(self) -> None:
        """Fires what is due, every ``poll_ms`` but no more often than every ``least_s``, until it is cancelled.

        Several processes can do so side by side.
        """
        while True:
            await asyncio.sleep(self._poll_s)
            try:
                await self.look(now())
            except Exception as error:
                if blame_of(error) is Blame.GRAPH:
                    logger.warning("schedules are looked at when the graph can: %s", error)
                else:
                    logger.exception("schedules could not be looked at; trying again")

    async def look(self, at: datetime) -> None:
        """Fires every schedule that is due, once for however many of its times have passed, and goes on with batches that were
        left behind."""
        for schedule in await self._schedules.due(at, _SLICE):
            try:
                await self._fire(schedule, at)
            except Exception as error:
                if blame_of(error) is Blame.GRAPH:
                    raise
                logger.exception("schedule %s could not start its runs; trying again", schedule.schedule_id)
        await self._starting.go_on_with_old(at - _LEFT_BEHIND)

    async def _fire(self, schedule: Schedule, at: datetime) -> None:
        origin = Origin(actor_type=ActorType.AUTOMATION, actor_id="schedule")
        choice = PatternChoice(pattern_ids=schedule.pattern_ids, tag=schedule.tag, pattern_type=schedule.pattern_type)
        pattern_ids = await self._batches.chosen(choice)
        batch = FeedbackBatch(
            batch_id=new_id(),
            pattern_ids=tuple(pattern_ids[:MAX_BATCH]),
            left_out=len(pattern_ids[MAX_BATCH:]),
            inputs=schedule.inputs,
            schedule_id=schedule.schedule_id,
            created_at=at,
            actor_type=origin.actor_type,
            created_by=origin.actor_id,
        )
        data = {**_told(schedule), "batch_id": batch.batch_id, "patterns": len(batch.pattern_ids)}
        event = make_event(EventType.SCHEDULE_FIRED, origin, data=data)
        next_at = _due(schedule.cron, schedule.time_zone, at)
        fired = await self._schedules.fire(schedule, batch, request_hash(batch.batch_id), event, next_at)
        if fired is not None:
            await self._starting.go_on(fired)
            self._started()


def _due(cron: str, zone: str, after: datetime) -> datetime:
    return next_due(cron, time_zone(zone), after)


def _told(schedule: Schedule) -> JsonMap:
    """What events tell of a schedule."""
    told = ("schedule_id", "name", "cron", "time_zone", "pattern_ids", "tag", "pattern_type", "paused", "next_at")
    return schedule.model_dump(mode="json", include=set(told))
