"""Sending messages: one by one to a topic of dead letters, and in numbered batches of which each is there once.

A numbered batch is a transaction of the broker, which also notes the number, as the offset of a group that nobody is a member of.
So whether a batch is there can be asked for, whatever happened to whoever sent it; and whoever begins to send in its place ends
what the one before had begun.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError
from aiokafka.structs import OffsetAndMetadata

from loopgraph.contracts.broker import Outgoing
from loopgraph.effects.broker.connection import REQUEST_MS, Connection

LARGEST: Final = 16 * 1024 * 1024
"""What the client sends at most; the broker has a bound of its own, which is usually lower."""

_LONGEST: Final = 1_000
"""So many bytes of what is said of a message that is too large."""

LOOKING_S: Final = REQUEST_MS / 1000 + 1
"""So long a question may take: a little longer than the client waits for an answer, so that it tries a new connection then."""

_ENDING_S: Final = 5.0
_LINGER_MS: Final = 5


class Letters:
    """Sends messages to topics of dead letters."""

    def __init__(self, producer: Any, connection: Connection) -> None:
        self._producer = producer
        self._connection = connection

    async def send(self, topic: str, letters: Sequence[Outgoing]) -> None:
        """Returns when all of them are stored; of what is too large for the broker, what we say of it alone. Raises
        BrokerUnavailable."""
        with self._connection.speaking():
            async with asyncio.timeout(2 * REQUEST_MS / 1000):
                await asyncio.gather(*(self._send(topic, letter) for letter in letters))

    async def _send(self, topic: str, letter: Outgoing) -> None:
        headers, value = list(letter.headers), letter.value
        if value is None and letter.key is None:
            value = b""  # the client sends nothing without both
        with contextlib.suppress(MessageSizeTooLargeError):
            await self._producer.send_and_wait(topic, value, letter.key, headers=headers)
            return
        size = len(value or b"")
        left_out = ("loopgraph-left-out", f"a value of {size} bytes, which is too large here".encode())
        with contextlib.suppress(MessageSizeTooLargeError):
            await self._producer.send_and_wait(topic, b"", letter.key, headers=[*headers, left_out])
            return
        left_out = (left_out[0], f"a value of {size} bytes, its key and its headers, which are too large here".encode())
        ours = [(name, text[:_LONGEST]) for name, text in letter.said]
        await self._producer.send_and_wait(topic, b"", None, headers=[*ours, left_out])


@contextlib.asynccontextmanager
async def letters(connection: Connection) -> AsyncIterator[Letters]:
    """A sender of dead letters until the end of the block. Raises BrokerUnavailable."""
    async with _started(connection, AIOKafkaProducer, acks="all", max_request_size=LARGEST) as producer:
        yield Letters(producer, connection)


class Batches:
    """Sends batches to one topic."""

    def __init__(self, producer: Any, reader: Any, connection: Connection, topic: str) -> None:
        self._producer = producer
        self._reader = reader
        self._connection = connection
        self._topic = topic

    async def last(self) -> int | None:
        """The number of the last batch that was there when this began; None where the broker knows of none. What this has sent
        itself is told a moment later. Raises BrokerUnavailable."""
        with self._connection.speaking():
            async with asyncio.timeout(LOOKING_S):
                number: int | None = await self._reader.committed(TopicPartition(self._topic, 0))
                return number

    async def look(self) -> None:
        """Returns when those who take batches have answered: the broker that keeps their numbers and, of a topic that something
        was sent to, those that lead its partitions. Nothing is written. Raises BrokerUnavailable, after ``LOOKING_S`` at the
        latest."""
        numbers = self._producer.client.cluster.partitions_for_topic(self._topic) or ()
        places = [TopicPartition(self._topic, number) for number in numbers]
        with self._connection.speaking():
            try:
                async with asyncio.timeout(LOOKING_S):
                    await asyncio.gather(self.last(), self._reader.end_offsets(places))
            except KafkaTimeoutError as error:  # it says how the client asks, and not what is wrong
                raise TimeoutError from error

    async def send(self, number: int, messages: Sequence[Outgoing]) -> None:
        """Sends a batch: all of it is there afterwards, and its number. Raises BrokerUnavailable, when it may be there or not;
        then nothing more can be sent by this."""
        producer = self._producer
        with self._connection.speaking():
            async with asyncio.timeout(6 * REQUEST_MS / 1000):
                await producer.begin_transaction()
                sent = [
                    await producer.send(self._topic, one.value, one.key, headers=list(one.headers)) for one in messages
                ]
                await asyncio.gather(*sent)
                offsets = {TopicPartition(self._topic, 0): OffsetAndMetadata(number, "")}
                await producer.send_offsets_to_transaction(offsets, group_of(self._topic))
                await producer.commit_transaction()


@contextlib.asynccontextmanager
async def batches(connection: Connection, topic: str) -> AsyncIterator[Batches]:
    """The one sender of batches to a topic until the end of the block: whoever was it before is none any more, and what it had
    not ended is there as a whole or not at all. Raises BrokerUnavailable."""
    options = {"transactional_id": group_of(topic), "max_request_size": LARGEST, "linger_ms": _LINGER_MS}
    reading = {"group_id": group_of(topic), "enable_auto_commit": False}
    async with (
        _started(connection, AIOKafkaProducer, **options) as producer,
        _started(connection, AIOKafkaConsumer, **reading) as reader,
    ):
        yield Batches(producer, reader, connection, topic)


def group_of(topic: str) -> str:
    """The transactional id of a topic's batches, and the group that their numbers are noted for."""
    return f"loopgraph.outbox.{topic}"


@contextlib.asynccontextmanager
async def _started(connection: Connection, kind: Any, **options: Any) -> AsyncIterator[Any]:
    client = kind(**{**connection.options, **options})
    try:
        with connection.speaking():
            async with asyncio.timeout(6 * REQUEST_MS / 1000):
                await client.start()
        yield client
    finally:
        with contextlib.suppress(Exception):  # a broker that is away takes no goodbye
            async with asyncio.timeout(_ENDING_S):
                await client.stop()
