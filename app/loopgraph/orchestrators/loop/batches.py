"""Runs over many patterns, started at once: which patterns, then one run after the other, then what became of each."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from loopgraph.computes.agents.fields import first_problem
from loopgraph.contracts.audit import EventType, Origin
from loopgraph.contracts.lineage.changes import request_hash
from loopgraph.contracts.loop.schedules import MAX_BATCH, FeedbackBatch, NewBatch, PatternStart, StartOutcome
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import make_event
from loopgraph.effects.loop.batches import FeedbackBatches
from loopgraph.effects.loop.runs import FeedbackRuns
from loopgraph.errors import Conflict, InvalidInput, UserError

_AT_ONCE: Final = 10
_SLICE: Final = 10


class Batches:
    """Starts runs over many patterns. A batch goes on where it stopped: the ids of its runs follow from its own."""

    def __init__(self, graph: Graph) -> None:
        self._batches = FeedbackBatches(graph)
        self._runs = FeedbackRuns(graph)

    async def start(self, new: NewBatch, origin: Origin, batch_id: str | None = None) -> FeedbackBatch:
        """A batch whose patterns have all been tried. The same ``batch_id`` with the same inputs gives the first result again.

        Raises InvalidInput where no pattern is meant, or more than ``MAX_BATCH``, and Conflict if the id is taken by another.
        """
        hash_ = request_hash(new)
        if batch_id is not None and (earlier := await self._batches.known(batch_id, hash_)):
            return await self.go_on(earlier)
        pattern_ids = await self._batches.chosen(new)
        if not pattern_ids:
            raise InvalidInput("tag" if new.tag else "patternType", "no pattern is like that")
        if len(pattern_ids) > MAX_BATCH:
            raise InvalidInput("tag" if new.tag else "patternType", f"means more than {MAX_BATCH} patterns")
        batch = FeedbackBatch(
            batch_id=batch_id or new_id(),
            pattern_ids=tuple(pattern_ids),
            inputs=new.inputs,
            created_at=now(),
            actor_type=origin.actor_type,
            created_by=origin.actor_id,
            correlation_id=origin.correlation_id,
        )
        data = {"batch_id": batch.batch_id, "patterns": len(pattern_ids), "inputs": new.inputs}
        event = make_event(EventType.FEEDBACK_BATCH_STARTED, origin, data=data)
        return await self.go_on(await self._batches.create(batch, hash_, event))

    async def go_on(self, batch: FeedbackBatch) -> FeedbackBatch:
        """The batch when all of its patterns have been tried: at once, if they have been."""
        if batch.completed_at is not None:
            return batch
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(pattern_id: str) -> PatternStart:
            async with limit:
                return await self._start(batch, pattern_id)

        starts = await asyncio.gather(*map(one, batch.pattern_ids))
        return await self._batches.complete(batch, starts)

    async def go_on_with_old(self, before: datetime) -> None:
        """Goes on with batches of before an instant, whose process has left them."""
        for batch in await self._batches.unfinished(before, _SLICE):
            await self.go_on(batch)

    async def _start(self, batch: FeedbackBatch, pattern_id: str) -> PatternStart:
        run_id = request_hash(batch.batch_id, pattern_id)[:32]
        try:
            run = await self._runs.start(batch.input_of(pattern_id), batch.origin, run_id)
        except Conflict as error:
            if error.id == run_id:
                return PatternStart(pattern_id=pattern_id, outcome=StartOutcome.INVALID, message=str(error))
            message = str(error)
            return PatternStart(
                pattern_id=pattern_id, outcome=StartOutcome.ALREADY_OPEN, run_id=error.id, message=message
            )
        except (UserError, ValidationError) as error:  # inputs of an older release can have become wrong
            wrong = first_problem(error) if isinstance(error, ValidationError) else error
            return PatternStart(pattern_id=pattern_id, outcome=StartOutcome.INVALID, message=str(wrong))
        return PatternStart(pattern_id=pattern_id, outcome=StartOutcome.STARTED, run_id=run.run_id)
