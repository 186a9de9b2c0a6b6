"""Batches of runs in the graph: made once, completed once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from loopgraph.assets import query
from loopgraph.contracts.audit import LineageEvent
from loopgraph.contracts.loop.schedules import MAX_BATCH, FeedbackBatch, PatternChoice, PatternStart, StartOutcome
from loopgraph.effects.clock import now, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.graph.values import json_text, json_value
from loopgraph.effects.lineage.audit import record
from loopgraph.effects.lineage.mapping import Properties, only_fields
from loopgraph.errors import Conflict

_CHOOSE = query("schedules/choose_patterns")
_BY_ID = query("schedules/batches_by_id")
_CREATE = query("schedules/create_batch")
_TIE_TO_SCHEDULE = query("schedules/tie_batch")
_COMPLETE = query("schedules/complete_batch")
_TIE_RUNS = query("schedules/tie_runs")
_OPEN = query("schedules/open_batches")

_LAST_KEY = "~"
_JSON = ("inputs", "starts")


class FeedbackBatches:
    """Keeps which runs are to be started together, and what became of that."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def chosen(self, choice: PatternChoice) -> list[str]:
        """The ids of the patterns that are meant, each once; of a tag or a type the newest ``MAX_BATCH`` and at most one more."""
        if choice.pattern_ids:
            return list(dict.fromkeys(choice.pattern_ids))
        rows = await self._graph.read(
            _CHOOSE, before=_LAST_KEY, tag=choice.tag, pattern_type=choice.pattern_type, limit=MAX_BATCH + 1
        )
        return [row["pattern_id"] for row in rows]

    async def known(self, batch_id: str, request_hash: str) -> FeedbackBatch | None:
        """The batch of this id, if the same asked for it. Raises Conflict if the id is taken by another."""
        return _same(await self._graph.read(_BY_ID, batch_ids=[batch_id]), batch_id, request_hash)

    async def by_id(self, batch_ids: Collection[str]) -> dict[str, FeedbackBatch]:
        """Batches by id; unknown ids are absent."""
        rows = await self._graph.read(_BY_ID, batch_ids=list(batch_ids))
        return {found.batch_id: found for found in map(_batch, rows)}

    async def unfinished(self, before: datetime, limit: int) -> list[FeedbackBatch]:
        """Batches that were made before an instant and of which not all patterns have been tried, the oldest first."""
        return [_batch(row) for row in await self._graph.read(_OPEN, before=time_key(before, ""), limit=limit)]

    async def create(self, batch: FeedbackBatch, request_hash: str, event: LineageEvent) -> FeedbackBatch:
        """The batch as it is kept: a new one, or the earlier one of this id. Errors as ``known``."""

        async def work(tx: Transaction) -> FeedbackBatch:
            rows = await tx.run(_BY_ID, batch_ids=[batch.batch_id])
            if earlier := _same(rows, batch.batch_id, request_hash):
                return earlier
            await add(tx, batch, request_hash, event)
            return batch

        return await self._graph.transaction(work)

    async def complete(self, batch: FeedbackBatch, starts: Sequence[PatternStart]) -> FeedbackBatch:
        """The batch with what became of its patterns; or as it is now, if somebody else was faster."""
        at = now()
        changes = {
            "starts": json_text([start.model_dump(mode="json") for start in starts]),
            "completed_at": at,
            "open_key": None,
        }
        run_ids = [start.run_id for start in starts if start.outcome is StartOutcome.STARTED]

        async def work(tx: Transaction) -> FeedbackBatch:
            rows = await tx.run(_COMPLETE, batch_id=batch.batch_id, turn=at, changes=changes)
            if not rows:
                return _batch((await tx.run(_BY_ID, batch_ids=[batch.batch_id]))[0])
            if run_ids:
                await tx.run(_TIE_RUNS, batch_id=batch.batch_id, run_ids=run_ids)
            return _batch(rows[0])

        return await self._graph.transaction(work)


async def add(tx: Transaction, batch: FeedbackBatch, request_hash: str, event: LineageEvent) -> None:
    """Writes a new batch and its event as part of a transaction."""
    await tx.run(_CREATE, batch=_properties(batch, request_hash))
    if batch.schedule_id is not None:
        await tx.run(_TIE_TO_SCHEDULE, batch_id=batch.batch_id, schedule_id=batch.schedule_id)
    await record(tx, event)


def _same(rows: Sequence[Row], batch_id: str, request_hash: str) -> FeedbackBatch | None:
    if rows and rows[0]["batch"]["request_hash"] != request_hash:
        raise Conflict("FeedbackBatch", batch_id, "the id is taken by a batch with other inputs")
    return _batch(rows[0]) if rows else None


def _properties(batch: FeedbackBatch, request_hash: str) -> Properties:
    values = {
        **batch.model_dump(exclude={*_JSON}),
        "inputs": json_text(batch.inputs),
        "request_hash": request_hash,
        "open_key": time_key(batch.created_at, batch.batch_id),
    }
    return {name: value for name, value in values.items() if value is not None}


def _batch(row: Row) -> FeedbackBatch:
    properties = row["batch"]
    return FeedbackBatch(
        **only_fields(FeedbackBatch, properties, *_JSON),
        inputs=json_value(properties["inputs"]),
        starts=json_value(properties.get("starts")) or (),
    )
