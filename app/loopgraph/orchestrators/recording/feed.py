"""Tells subscribers what is recorded for traces, as it is recorded by this process.

The writer is never kept waiting: it leaves what it has recorded here. One task reads the traces that were touched, each once
for all subscribers however many events came, and hands the updates out; a subscriber that does not keep up loses its oldest
ones, and is told how many. Without subscribers nothing is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field

from loopgraph.contracts.base import Principal
from loopgraph.contracts.trace_updates import TracePart, TraceUpdate, TraceUpdateFilter
from loopgraph.contracts.traces import Recorded, Trace
from loopgraph.effects.traces.reads import subject_of
from loopgraph.effects.traces.search import TraceSearch
from loopgraph.errors import LoopgraphError

logger = logging.getLogger(__name__)

QUEUE = 1_000
"""How many updates wait for one subscriber at most."""

PENDING = 10_000
"""How many recorded events wait to be handed out at most."""

AT_ONCE = 500
"""How many of them are handed out at once; their traces are one statement."""


@dataclass(eq=False)
class _Subscriber:
    filter: TraceUpdateFilter
    subject: str | None
    waiting: deque[TraceUpdate] = field(default_factory=deque)
    missed: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def may_see(self, trace: Trace) -> bool:
        return self.subject is None or trace.user_id in (None, self.subject)

    def offer(self, update: TraceUpdate) -> None:
        if len(self.waiting) >= QUEUE:
            self.waiting.popleft()
            self.missed += 1
        self.waiting.append(update)
        self.ready.set()

    def take(self) -> TraceUpdate:
        update = self.waiting.popleft()
        missed, self.missed = self.missed, 0
        if not self.waiting:
            self.ready.clear()
        return update.model_copy(update={"missed": missed}) if missed else update


class TraceFeed:
    """What is recorded for traces, told to whoever follows them."""

    def __init__(self, search: TraceSearch) -> None:
        self._search = search
        self._subscribers: set[_Subscriber] = set()
        self._pending: deque[Recorded] = deque()
        self._spreading: asyncio.Task[None] | None = None

    @property
    def subscribers(self) -> int:
        """How many follow traces now."""
        return len(self._subscribers)

    def publish(self, recorded: Iterable[Recorded]) -> None:
        """Takes note of what was recorded; returns at once and never fails. Repetitions changed nothing, and are no news."""
        if not self._subscribers:
            return
        news = [item for item in recorded if item.correlation_id is not None and not item.repeated]
        lost = max(0, len(self._pending) + len(news) - PENDING)
        self._pending.extend(news[: len(news) - lost])
        self._miss(lost)
        if self._pending and (self._spreading is None or self._spreading.done()):
            self._spreading = asyncio.create_task(self._spread())

    async def updates(
        self, filter: TraceUpdateFilter, principal: Principal | None
    ) -> AsyncGenerator[TraceUpdate, None]:
        """What is recorded from now on for the traces that pass and that the principal may see, until it is closed."""
        subscriber = _Subscriber(filter, subject_of(principal))
        self._subscribers.add(subscriber)
        try:
            while True:
                await subscriber.ready.wait()
                yield subscriber.take()
        finally:
            self._subscribers.discard(subscriber)

    async def _spread(self) -> None:
        """Hands out what is pending until nothing is."""
        while self._pending and self._subscribers:
            batch = [self._pending.popleft() for _ in range(min(len(self._pending), AT_ONCE))]
            try:
                traces = await self._search.heads(item.correlation_id for item in batch if item.correlation_id)
            except LoopgraphError as error:
                logger.warning("%d updates of traces are not told: %s", len(batch), error)
                self._miss(len(batch))
                continue
            for item in batch:
                if trace := traces.get(item.correlation_id or ""):
                    self._tell(item, trace)
        self._pending.clear()

    def _tell(self, item: Recorded, trace: Trace) -> None:
        update = TraceUpdate(kind=TracePart(item.kind), execution_id=item.execution_id, trace=trace, missed=0)
        for subscriber in self._subscribers:
            if subscriber.may_see(trace) and subscriber.filter.passes(trace):
                subscriber.offer(update)

    def _miss(self, updates: int) -> None:
        for subscriber in self._subscribers:
            subscriber.missed += updates
