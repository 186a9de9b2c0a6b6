"""From topics into the graph: each message is recorded, or among the dead letters, before it is said to be done with.

What is delivered again was recorded under the same ids, and changes nothing: so every message has its effect once, whoever is
killed when. Partitions are given up between two batches, never within one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from loopgraph.computes.broker.outgoing import letter_of
from loopgraph.contracts.base import Principal
from loopgraph.contracts.broker import Message, Outgoing, Partition
from loopgraph.contracts.counted import counted
from loopgraph.contracts.traces.observations import Recordable
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.broker.connection import Connection
from loopgraph.effects.broker.membership import Membership, joined
from loopgraph.effects.broker.publishing import letters
from loopgraph.effects.clock import now
from loopgraph.errors import BrokerUnavailable, ServiceError, ShuttingDown, UserError
from loopgraph.orchestrators.broker.metrics import BrokerMetrics
from loopgraph.orchestrators.broker.standing import Standing
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.settings import KafkaStart

logger = logging.getLogger(__name__)

MOST: Final = 4_000
"""So many messages are taken at once, and then said to be done with."""

_TOGETHER: Final = 1_000
"""So many of them are recorded together. While they are, those after them are read."""

_WAIT_S: Final = 0.5
_LOOK_S: Final = 5.0
"""How often it is looked how many messages wait, and so whether the broker is there."""

_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 15.0

T = TypeVar("T")


class _GivenUp(Exception):
    """What was taken is left to whoever has the partitions next."""


class Consuming:
    """Records what comes in some topics. ``read`` makes the event of a message (UserError for what is none); what is new is the
    ``sender``'s. ``dead_letters`` names the topic of those of a topic."""

    def __init__(
        self,
        connection: Connection,
        topics: Sequence[str],
        group: str,
        start: KafkaStart,
        dead_letters: Callable[[str], str],
        read: Callable[[Message], Recordable],
        recorder: Recorder,
        sender: Principal | None,
        metrics: BrokerMetrics,
    ) -> None:
        self._connection = connection
        self._topics = topics
        self._group = group
        self._start = start
        self._dead_letters = dead_letters
        self._read = read
        self._recorder = recorder
        self._sender = sender
        self._metrics = metrics
        self.standing = Standing("consumer", metrics.up)
        self._turn = asyncio.Lock()
        self._wanted = asyncio.Event()  # partitions are to be given up, or all is to end
        self._closing = asyncio.Event()
        self._owed: dict[Partition, int] = {}  # recorded, and not yet committed
        self._shared_out = 0  # so often partitions were given up
        self._looked_at = 0.0
        self._gauges: set[tuple[str, str]] = set()

    def close(self) -> None:
        """Has it end after the batch that it is at."""
        self._closing.set()
        self._wanted.set()

    async def run_forever(self) -> None:
        """Until it is closed, or cancelled. Raises nothing that passes."""
        pause_s = _FIRST_PAUSE_S
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                async with joined(self._connection, self._topics, self._group, self._start, self._give_up) as member:
                    await self._take_all(member)
            except BrokerUnavailable as error:
                self.standing.waits(f"{error}; messages wait there and are read when it answers")
            except Exception as error:
                logger.exception("messages could not be consumed; trying again")
                self.standing.waits(
                    f"{type(error).__name__}: {error}; the log says more, and nothing is read until then"
                )
            self._show({})
            if time.monotonic() - began > _LONGEST_PAUSE_S:
                pause_s = _FIRST_PAUSE_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _take_all(self, member: Membership) -> None:
        self._looked_at = 0.0
        self._owed.clear()
        while not self._closing.is_set():
            shared_out = self._shared_out
            taken = await member.take(MOST, _WAIT_S)
            if taken:
                async with self._turn:
                    try:
                        if shared_out != self._shared_out:
                            raise _GivenUp  # perhaps they are others' by now
                        await self._settle(member, taken)
                    except _GivenUp:
                        member.go_back(taken)
            if time.monotonic() - self._looked_at > _LOOK_S:
                await self._look(member)

    async def _give_up(self) -> None:
        """Returns when nothing is at work any more: partitions go to others now."""
        self._wanted.set()
        try:
            async with self._turn:
                self._shared_out += 1
                self._owed.clear()
                self._metrics.rebalances.inc()
        finally:
            if not self._closing.is_set():
                self._wanted.clear()

    async def _settle(self, member: Membership, taken: Sequence[Message]) -> None:
        """Records messages, puts aside what is none, and says that they are done with. Raises _GivenUp, BrokerUnavailable."""
        outcomes = await self._recorded(taken)
        poison = [
            (message, outcome)
            for message, outcome in zip(taken, outcomes, strict=True)
            if isinstance(outcome, UserError)
        ]
        if poison:
            await self._put_aside(poison)
        for message in taken:
            self._owed[message.partition] = max(self._owed.get(message.partition, 0), message.offset + 1)
        await self._commit(member)
        recorded = [outcome for outcome in outcomes if isinstance(outcome, Recorded)]
        repeated = sum(outcome.repeated for outcome in recorded)
        self._metrics.messages["recorded"].inc(len(recorded) - repeated)
        self._metrics.messages["repeated"].inc(repeated)
        self._metrics.messages["dead_letter"].inc(len(poison))

    async def _commit(self, member: Membership) -> None:
        """Says what is done with. Where that cannot be said now, it is later, or the messages come again and change nothing."""
        try:
            if self._owed and not await member.commit(self._owed):
                logger.info("messages are recorded that come again to another member")
        except BrokerUnavailable as error:
            self.standing.waits(f"{error}; what was read is recorded, and perhaps read again")
        else:
            self._owed.clear()

    async def _recorded(self, taken: Sequence[Message]) -> list[Recorded | UserError]:
        """What became of each message; some are read while those before them are recorded. Raises _GivenUp."""
        parts: list[asyncio.Task[list[Recorded | UserError]]] = []
        try:
            for begin in range(0, len(taken), _TOGETHER):
                parts.append(asyncio.create_task(self._recorded_together(taken[begin : begin + _TOGETHER])))
                if len(parts) > 1:
                    await parts[-2]
            return [outcome for part in parts for outcome in await part]
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    async def _recorded_together(self, messages: Sequence[Message]) -> list[Recorded | UserError]:
        """What became of each message; what brings no time is dated by the broker's. While the graph is away nothing is taken.
        Raises _GivenUp."""
        read = [self._event_of(message) for message in messages]
        sound = [pair for pair in zip(messages, read, strict=True) if not isinstance(pair[1], UserError)]
        at, events = now(), [event for event in read if not isinstance(event, UserError)]
        sent = [min(message.sent_at, at) for message, _ in sound]  # a sender's clock may be far ahead

        async def record() -> list[Recorded | UserError]:
            return await self._recorder.record(events, received_at=sent, sender=self._sender)

        outcomes = iter(await self._patiently(record) if events else ())
        return [event if isinstance(event, UserError) else next(outcomes) for event in read]

    def _event_of(self, message: Message) -> Recordable | UserError:
        try:
            return self._read(message)
        except UserError as error:
            return error

    async def _put_aside(self, poison: Sequence[tuple[Message, UserError]]) -> None:
        by_topic: dict[str, list[Outgoing]] = {}
        for message, error in poison:
            topic = self._dead_letters(message.partition.topic)
            by_topic.setdefault(topic, []).append(letter_of(message, str(error), error.code, now()))

        async def send() -> None:
            async with letters(self._connection) as sender:
                while by_topic:
                    topic, many = next(iter(by_topic.items()))
                    await sender.send(topic, many)
                    del by_topic[topic]  # if the next cannot be sent now, these are not sent again
                    logger.error("%d messages could not be recorded and are in the topic %s", len(many), topic)

        await self._patiently(send)

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does what has to be done before anything else is taken. Raises _GivenUp when the partitions are wanted elsewhere, or
        it is closed."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await work()
            except ShuttingDown:
                self.close()
                raise _GivenUp from None
            except ServiceError as error:
                self.standing.waits(f"{error}; no more messages are read until then, and none is lost")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), pause_s)
            if self._wanted.is_set():
                raise _GivenUp
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _look(self, member: Membership) -> None:
        """Looks how many messages wait. A broker that is away is waited for: the client finds it again."""
        self._looked_at = time.monotonic()
        try:
            async with self._turn:
                await self._commit(member)
            lag = await member.lag()
        except BrokerUnavailable as error:
            self.standing.waits(f"{error}; messages wait there and are read when it answers")
            return
        self._show(lag)
        many = counted(len(lag), "partition")
        self.standing.works(f"group {self._group} reads {', '.join(self._topics)}; {many} of it here")

    def _show(self, lag: dict[Partition, int]) -> None:
        for labels in self._gauges - {(topic, str(number)) for topic, number in lag}:
            self._metrics.lag.remove(*labels)
        self._gauges = {(topic, str(number)) for topic, number in lag}
        for (topic, number), count in lag.items():
            self._metrics.lag.labels(topic, str(number)).set(count)
