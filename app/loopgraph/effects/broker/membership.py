"""A member of a consumer group: takes messages, and says up to where they are done with."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from loopgraph.contracts.broker import Message, Partition
from loopgraph.effects.broker.connection import Connection
from loopgraph.settings import KafkaStart

SESSION_MS: Final = 10_000
"""After so long without a sign of life the partitions of a member go to others."""

REBALANCE_MS: Final = 60_000
"""So long a batch may take to be ended when partitions are shared out anew; then its messages come again, elsewhere."""

_FOREVER_MS: Final = 2**31 - 1

_LAST_MS: Final = 253_402_300_799_000
"""The last second of the year 9999: a broker that does not look stores whatever senders take for milliseconds."""

LEAVING_S: Final = 5.0
"""So long a member takes to say goodbye, at most."""


class Membership:
    """One member. Made by ``joined``."""

    def __init__(self, consumer: Any, connection: Connection) -> None:
        self._consumer = consumer
        self._connection = connection

    async def take(self, most: int, wait_s: float) -> list[Message]:
        """The next messages, as soon as there are some; none after ``wait_s``. While partitions are shared out it waits for
        the end of that, and so must keep nobody from giving them up. Raises BrokerUnavailable."""
        with self._connection.speaking():
            found = await self._consumer.getmany(timeout_ms=int(wait_s * 1000), max_records=most)
        return [_message(record) for records in found.values() for record in records]

    def go_back(self, messages: Sequence[Message]) -> None:
        """Has these messages come again, as far as their partitions are still this member's."""
        first: dict[Partition, int] = {}
        for message in messages:
            first[message.partition] = min(first.get(message.partition, message.offset), message.offset)
        for partition, offset in first.items():
            with contextlib.suppress(IllegalStateError):
                self._consumer.seek(TopicPartition(*partition), offset)

    async def commit(self, upto: Mapping[Partition, int]) -> bool:
        """Says which message of each partition is next; whether that counts: not where others have the partitions by now, who
        get their messages again. Raises BrokerUnavailable."""
        offsets = {TopicPartition(*partition): offset for partition, offset in upto.items()}
        with self._connection.speaking():
            try:
                async with asyncio.timeout(SESSION_MS / 1000):
                    await self._consumer.commit(offsets)
            except (CommitFailedError, IllegalStateError):
                return False
        return True

    async def lag(self) -> dict[Partition, int]:
        """How many messages of each of its partitions are not committed. Raises BrokerUnavailable."""
        with self._connection.speaking():
            async with asyncio.timeout(SESSION_MS / 1000):
                assigned = self._consumer.assignment()
                if not assigned:
                    await self._consumer.topics()  # whether anybody answers
                    return {}
                ends = await self._consumer.end_offsets(assigned)
                lag: dict[Partition, int] = {}
                for partition, end in ends.items():
                    done = await self._consumer.committed(partition)
                    if done is None:
                        [done] = (await self._consumer.beginning_offsets([partition])).values()
                    lag[Partition(partition.topic, partition.partition)] = max(0, end - done)
                return lag


@contextlib.asynccontextmanager
async def joined(
    connection: Connection,
    topics: Sequence[str],
    group: str,
    start: KafkaStart,
    giving_up: Callable[[], Awaitable[None]],
) -> AsyncIterator[Membership]:
    """A member of a group until the end of the block. ``giving_up`` is awaited before partitions go to others. Raises
    BrokerUnavailable."""
    with connection.speaking():
        consumer = AIOKafkaConsumer(
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset=start.value,
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=SESSION_MS // 4,
            max_poll_interval_ms=_FOREVER_MS,  # who waits for the graph takes nothing, and stays a member
            rebalance_timeout_ms=REBALANCE_MS,
            isolation_level="read_committed",
            metadata_max_age_ms=30_000,  # topics that come later are found
            **connection.options,
        )
        consumer.subscribe(topics=list(topics), listener=_Listener(giving_up))
    try:
        with connection.speaking():
            await consumer.start()
        yield Membership(consumer, connection)
    finally:
        with contextlib.suppress(Exception):  # a broker that is away takes no goodbye
            async with asyncio.timeout(LEAVING_S):
                await consumer.stop()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # its base has no types
    def __init__(self, giving_up: Callable[[], Awaitable[None]]) -> None:
        self._giving_up = giving_up

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        if revoked:
            await self._giving_up()

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """They begin where their group is."""


def _message(record: Any) -> Message:
    return Message(
        Partition(record.topic, record.partition),
        record.offset,
        datetime.fromtimestamp(min(max(0, record.timestamp), _LAST_MS) / 1000, UTC),
        record.key,
        record.value,
        tuple((name, value or b"") for name, value in record.headers),
    )
