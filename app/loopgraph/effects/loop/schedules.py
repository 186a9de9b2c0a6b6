"""Schedules in the graph. A change is a compare-and-set on the schedule's revision, so that of several processes one fires it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.audit import LineageEvent
from loopgraph.contracts.base import Page
from loopgraph.contracts.loop.schedules import FeedbackBatch, Schedule, SchedulePage
from loopgraph.effects.clock import now, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.graph.values import json_text, json_value
from loopgraph.effects.lineage.audit import record
from loopgraph.effects.lineage.mapping import Properties, only_fields
from loopgraph.effects.loop import batches
from loopgraph.errors import Conflict, NotFound

_BY_ID = query("schedules/schedules_by_id")
_PAGE = query("schedules/schedules_page")
_DUE = query("schedules/due_schedules")
_CREATE = query("schedules/create_schedule")
_CHANGE = query("schedules/change_schedule")
_DELETE = query("schedules/delete_schedule")

_LAST_KEY = "~"


class FeedbackSchedules:
    """Keeps schedules, and notes when they fire."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def schedule(self, schedule_id: str) -> Schedule:
        """A schedule. Raises NotFound."""
        found = await self.by_id([schedule_id])
        if schedule_id not in found:
            raise NotFound("Schedule", schedule_id)
        return found[schedule_id]

    async def by_id(self, schedule_ids: Collection[str]) -> dict[str, Schedule]:
        """Schedules by id; unknown ids are absent."""
        rows = await self._graph.read(_BY_ID, schedule_ids=list(schedule_ids))
        return {found.schedule_id: found for found in map(_schedule, rows)}

    async def page(self, page: Page) -> SchedulePage:
        """One page of all schedules, newest first. ``page.after`` is the time key of the last schedule seen."""
        rows = await self._graph.read(_PAGE, before=page.after or _LAST_KEY, limit=page.first + 1)
        found = tuple(map(_schedule, rows))
        return SchedulePage(schedules=found[: page.first], has_more=len(found) > page.first)

    async def due(self, at: datetime, limit: int) -> list[Schedule]:
        """Schedules that are due at an instant, the first due first."""
        return [_schedule(row) for row in await self._graph.read(_DUE, before=time_key(at, "~"), limit=limit)]

    async def create(self, schedule: Schedule, request_hash: str, event: LineageEvent) -> Schedule:
        """The schedule as it is kept: a new one, or the earlier one of this id that the same asked for.

        Raises Conflict if the id is taken by another.
        """
        properties = {
            **_properties(schedule.model_dump()),
            "request_hash": request_hash,
            "time_key": time_key(schedule.created_at, schedule.schedule_id),
        }

        async def work(tx: Transaction) -> Schedule:
            rows = await tx.run(_BY_ID, schedule_ids=[schedule.schedule_id])
            if rows and rows[0]["schedule"]["request_hash"] != request_hash:
                raise Conflict("Schedule", schedule.schedule_id, "the id is taken by a schedule with other inputs")
            if rows:
                return _schedule(rows[0])
            await tx.run(_CREATE, schedule={name: value for name, value in properties.items() if value is not None})
            await record(tx, event)
            return schedule

        return await self._graph.transaction(work)

    async def change(self, schedule: Schedule, event: LineageEvent, **changes: Any) -> Schedule:
        """The schedule with some of its fields changed. Raises Conflict if it is not as it was read, NotFound."""
        at = now()

        async def work(tx: Transaction) -> Schedule:
            changed = await _change(tx, schedule, at, changes)
            if changed is None:
                if not await tx.run(_BY_ID, schedule_ids=[schedule.schedule_id]):
                    raise NotFound("Schedule", schedule.schedule_id)
                raise Conflict(
                    "Schedule", schedule.schedule_id, "somebody else has just changed it; look and try again"
                )
            await record(tx, event)
            return changed

        return await self._graph.transaction(work)

    async def fire(
        self, schedule: Schedule, batch: FeedbackBatch, request_hash: str, event: LineageEvent, next_at: datetime
    ) -> FeedbackBatch | None:
        """The batch that a due schedule starts, and the schedule due again at ``next_at``; None if somebody else was faster."""
        changes = {
            "next_at": next_at,
            "last_at": batch.created_at,
            "last_due_at": schedule.next_at,
            "last_batch_id": batch.batch_id,
        }

        async def work(tx: Transaction) -> FeedbackBatch | None:
            if await _change(tx, schedule, batch.created_at, changes) is None:
                return None
            await batches.add(tx, batch, request_hash, event)
            return batch

        return await self._graph.transaction(work)

    async def delete(self, schedule_id: str, event: LineageEvent) -> None:
        """Deletes a schedule; what it has started goes on. Raises NotFound."""

        async def work(tx: Transaction) -> None:
            if not await tx.run(_DELETE, schedule_id=schedule_id):
                raise NotFound("Schedule", schedule_id)
            await record(tx, event)

        await self._graph.transaction(work)


async def _change(tx: Transaction, schedule: Schedule, at: datetime, changes: Properties) -> Schedule | None:
    needed = {"schedule_id": schedule.schedule_id, "next_at": schedule.next_at}
    properties = _properties({**needed, **changes, "revision": schedule.revision + 1, "updated_at": at})
    rows = await tx.run(
        _CHANGE, schedule_id=schedule.schedule_id, revision=schedule.revision, turn=at, changes=properties
    )
    return _schedule(rows[0]) if rows else None


def _properties(fields: Properties) -> Properties:
    """Fields of a schedule as properties: ``due_key`` is there only while it is not paused, for an index that stays small."""
    due = fields["next_at"]
    encoded = {"inputs": json_text(fields["inputs"])} if "inputs" in fields else {}
    return {**fields, **encoded, "due_key": time_key(due, fields["schedule_id"]) if due else None}


def _schedule(row: Row) -> Schedule:
    properties = row["schedule"]
    return Schedule(
        **{"next_at": None} | only_fields(Schedule, properties, "inputs"), inputs=json_value(properties["inputs"])
    )
