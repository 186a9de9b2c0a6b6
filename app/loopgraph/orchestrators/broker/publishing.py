"""From the graph into a topic: what every process tells of its commits, as messages, in batches of which each is there once.

The graph keeps how far the batches are: before one is sent, where it ends, and once it is there, its number. A process that is
killed between the two leaves a batch of which the broker knows whether it is there: so whoever goes on leaves nothing out, and
sends nothing twice. What is told is kept in the graph until it is published.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Sequence
from typing import Final

from loopgraph.computes.broker.outgoing import messages_of, used_in
from loopgraph.computes.live.following import Following
from loopgraph.contracts.broker import Outbox, Outgoing
from loopgraph.contracts.live import Change, Cursor, Told
from loopgraph.effects.broker.connection import Connection
from loopgraph.effects.broker.publishing import Batches, batches
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.live.outboxes import LENGTH, Outboxes
from loopgraph.effects.live.reads import ChangeReads
from loopgraph.effects.traces.reading.uses_told import uses_told
from loopgraph.errors import Blame, BrokerUnavailable, LoopgraphError, blame_of
from loopgraph.orchestrators.broker.metrics import BrokerMetrics
from loopgraph.orchestrators.broker.standing import Standing

logger = logging.getLogger(__name__)

_RENEW_S: Final = LENGTH.total_seconds() / 4
_LOOK_S: Final = 5.0
"""How often it is looked whether the broker answers, also while there is nothing to publish, or something is being sent."""

_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 15.0

MOST: Final = 1_000
"""So many messages a batch has, about."""


class _Elsewhere(Exception):
    """Another process has the outbox."""


class Publishing:
    """Publishes in one topic what is told on a graph. ``poll_ms``: how often it is looked what other processes have committed."""

    def __init__(self, connection: Connection, topic: str, graph: Graph, poll_ms: int, metrics: BrokerMetrics) -> None:
        self._connection = connection
        self._topic = topic
        self._graph = graph
        self._changes = ChangeReads(graph)
        self._events = Events(graph)
        self._outboxes = Outboxes(graph)
        self._poll_s = poll_ms / 1000
        self._metrics = metrics
        self.standing = Standing("producer", metrics.up)
        self._poked = asyncio.Event()
        self._closing = asyncio.Event()
        self._complete_at = time.monotonic()
        self._answers = True  # the broker, when it was asked last

    def close(self) -> None:
        """Has it end once what is told by now is published."""
        self._closing.set()
        self._poked.set()

    async def run_forever(self) -> None:
        """Until it is closed, or cancelled. Raises nothing that passes."""
        self._graph.writers.listeners.add(self._hear)
        pause_s = _FIRST_PAUSE_S
        try:
            while not self._closing.is_set():
                began = time.monotonic()
                try:
                    await self._publish_what_is_there()
                except _Elsewhere:
                    self.standing.rests(f"another process publishes in {self._topic}")
                    pause_s = _RENEW_S
                except BrokerUnavailable as error:
                    self._wait_for_broker(error)
                except Exception as error:
                    if not isinstance(error, LoopgraphError) or blame_of(error) is not Blame.GRAPH:
                        logger.exception("what is told could not be published; trying again")
                    self.standing.waits(f"{error}; what is told is published when the graph answers")
                if time.monotonic() - began > _LONGEST_PAUSE_S:
                    pause_s = _FIRST_PAUSE_S
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        finally:
            self._graph.writers.listeners.discard(self._hear)

    def _hear(self, _: Change) -> None:
        self._poked.set()

    def _wait_for_broker(self, error: BrokerUnavailable) -> None:
        self.standing.waits(f"{error}; what is told is kept in the graph and published when it answers")

    async def _publish_what_is_there(self) -> None:
        outbox = await self._taken()
        try:
            async with batches(self._connection, self._topic) as sender, self._looking(sender):
                outbox = await self._settled(outbox, sender)
                await self._follow(outbox, sender)
        finally:
            with contextlib.suppress(LoopgraphError):
                await self._outboxes.release(self._topic)

    @contextlib.asynccontextmanager
    async def _looking(self, sender: Batches) -> AsyncIterator[None]:
        """Looks until the end of the block whether the broker answers."""
        self._answers = True  # it has just been connected
        looking = asyncio.create_task(self._look_on(sender))
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _look_on(self, sender: Batches) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                await sender.look()
            except BrokerUnavailable as error:
                self._answers = False
                self._wait_for_broker(error)
            else:
                self._answers = True

    async def _taken(self) -> Outbox:
        """The outbox, leased to this process. One that is new begins now. Raises _Elsewhere."""
        writers = await self._changes.writers()
        newest = await asyncio.gather(*(self._changes.newest(one) for one in writers))
        begin = Cursor({one.number: seq for one, seq in zip(writers, newest, strict=True)}, now())
        outbox = await self._outboxes.take(self._topic, begin)
        if outbox is None:
            raise _Elsewhere
        return outbox

    async def _settled(self, outbox: Outbox, sender: Batches) -> Outbox:
        """The outbox after the batch that was begun, if that is there, else before it."""
        if outbox.next is None:
            return outbox
        if await sender.last() == outbox.number + 1:
            return Outbox(outbox.name, outbox.number + 1, outbox.next, None)
        return outbox._replace(next=None)

    async def _follow(self, outbox: Outbox, sender: Batches) -> None:
        following, saved_at = Following(outbox.cursor.positions), float("-inf")
        while True:
            self._poked.clear()
            found = await self._changes.look(following.wanted())
            told = following.take(found.changes)
            for part in _parts(told):
                outbox = await self._published(outbox, part, sender)
            known = following.know(found.writers)
            if known.lost:
                self._metrics.lost.inc()
                logger.error("some of what was told since %s is not kept any more: not published", outbox.cursor.at)
            again = known.new or known.lost or following.adapt(told)
            if again:
                continue
            self._complete_at = time.monotonic()
            self._metrics.unpublished.set_function(lambda: time.monotonic() - self._complete_at)
            outbox = outbox._replace(cursor=Cursor(dict(following.positions), outbox.cursor.at))
            if self._closing.is_set() or time.monotonic() - saved_at > _RENEW_S:
                await self._save(outbox, complete=True)
                saved_at = time.monotonic()
            if self._answers:
                self.standing.works(f"all that is told is published in {self._topic}")
            if self._closing.is_set():
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), self._poll_s)

    async def _published(self, outbox: Outbox, told: Sequence[Told], sender: Batches) -> Outbox:
        """Publishes some changes; the outbox after them."""
        last = told[-1]
        after = Cursor({**last.before, last.change.writer: last.change.seq}, last.change.at)
        messages = await self._messages(told)
        if not messages:
            return outbox._replace(cursor=after)
        await self._save(outbox._replace(next=after), complete=False)
        await sender.send(outbox.number + 1, messages)
        uses = sum(b'"type":"loopgraph.usage.' in (one.value or b"") for one in messages)
        self._metrics.published["usage"].inc(uses)
        self._metrics.published["lineage"].inc(len(messages) - uses)
        return Outbox(outbox.name, outbox.number + 1, after, None)

    async def _messages(self, told: Sequence[Told]) -> list[Outgoing]:
        if left_out := sum(one.change.left_out for one in told):
            self._metrics.lost.inc()
            logger.error("%d things that one commit changed are not told one by one: not published", left_out)
        named = [id_ for one in told for id_ in one.change.events]
        events = await self._events.by_id(named) if named else {}
        return messages_of(told, events, await uses_told(self._graph, *used_in(told)))

    async def _save(self, outbox: Outbox, *, complete: bool) -> None:
        if not await self._outboxes.save(outbox, complete=complete):
            raise _Elsewhere


def _parts(told: Sequence[Told]) -> list[list[Told]]:
    """Changes together, as many as tell of some ``MOST`` things."""
    parts: list[list[Told]] = []
    count = MOST
    for one in told:
        if count >= MOST:
            parts.append([])
            count = 0
        parts[-1].append(one)
        count += len(one.change.events) + len(one.change.traces)
    return parts
