"""Tells each who follows one kind of thing what happens to it: read once for all, handed out to each who wants it and may see it.

Those who commit never wait. One task reads the things that were told of, however many follow; one who does not keep up loses the
oldest of what waits for him, and is told how many. Who comes back with a cursor is first told what was told meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

from loopgraph.contracts.live import Change, Cursor, Told
from loopgraph.errors import LoopgraphError, ShuttingDown
from loopgraph.orchestrators.live.tail import Lost, Past, Tail

logger = logging.getLogger(__name__)

N = TypeVar("N", bound=Hashable)
T = TypeVar("T")

QUEUE: Final = 1_000
"""So many updates wait for one subscriber at most."""

PENDING: Final = 10_000
"""So many things that were told of wait to be handed out at most."""

AT_ONCE: Final = 500
"""So many of them are read at once, by one statement."""


class Update(NamedTuple, Generic[N, T]):
    """Something that one who follows is told: what was ``named``, and the thing as it was soon after.

    ``missed`` is how many before it were left out, at most. ``read_from``: of what was told since then, some is not kept any
    more, so that all of it is to be read anew; that alone is told where both are None. ``cursor`` is where one goes on after
    it.
    """

    named: N | None
    thing: T | None
    cursor: Cursor
    missed: int = 0
    read_from: datetime | None = None
    answers: dict[Any, Any] | None = None
    """What is made of it for those who are told the same, once for all of them; None where nobody else is."""


@dataclass(eq=False)
class _Subscriber(Generic[N, T]):
    passes: Callable[[T], bool]
    seen: Mapping[int, int]
    """Up to here it was told, or is told by other means."""
    waiting: deque[Update[N, T]] = field(default_factory=deque)
    missed: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def wants(self, change: Change) -> bool:
        return change.seq > self.seen.get(change.writer, 0)

    def offer(self, update: Update[N, T]) -> None:
        if len(self.waiting) >= QUEUE:
            left_out = self.waiting.popleft()
            self.missed += 1
            if left_out.read_from is not None:  # that counts more than what comes next
                self.waiting[0] = self.waiting[0]._replace(read_from=left_out.read_from, answers=None)
        self.waiting.append(update)
        self.ready.set()

    def take(self) -> Update[N, T]:
        update = self.waiting.popleft()
        missed, self.missed = self.missed, 0
        if not self.waiting:
            self.ready.clear()
        return update._replace(missed=missed, answers=None) if missed else update


class Feed(Generic[N, T]):
    """Tells of one kind of thing. ``named`` is what a change tells of it, ``read`` reads the things by what was named; those that
    are not there are absent."""

    def __init__(
        self,
        tail: Tail,
        named: Callable[[Change], Sequence[N]],
        read: Callable[[Sequence[N]], Awaitable[Mapping[N, T]]],
    ) -> None:
        self._tail = tail
        self._named = named
        self._read = read
        self._subscribers: set[_Subscriber[N, T]] = set()
        self._pending: deque[Told | _Gap[N, T]] = deque()
        self._things = 0
        self._spreading: asyncio.Task[None] | None = None
        tail.listen(self)

    @property
    def subscribers(self) -> int:
        """How many follow now."""
        return len(self._subscribers)

    def hear(self, told: Sequence[Told]) -> None:
        """Takes note of what was told; returns at once and never fails."""
        if not self._subscribers:
            return
        for one in told:
            count = len(self._named(one.change))
            if one.change.left_out or (count and self._things >= PENDING):
                self._miss(one.change, one.change.left_out + (count if self._things >= PENDING else 0))
            if count and self._things < PENDING:
                self._pending.append(one)
                self._things += count
        self._begin_to_spread()

    def lose(self, lost: Lost) -> None:
        """Takes note of what nobody here is told, to say so to each who follows, after what was told before."""
        if self._subscribers:
            self._pending.append(_Gap(lost, tuple(self._subscribers)))
        self._begin_to_spread()

    def end(self, ended: ShuttingDown) -> None:
        """Wakes those who follow: there is an end."""
        for subscriber in self._subscribers:
            subscriber.ready.set()

    def _begin_to_spread(self) -> None:
        if self._pending and (self._spreading is None or self._spreading.done()):
            self._spreading = asyncio.create_task(self._spread())

    async def updates(
        self, passes: Callable[[T], bool], after: Cursor | None = None
    ) -> AsyncGenerator[Update[N, T], None]:
        """What is told from now on, or after a cursor, of the things that pass, until it is closed. Raises InvalidInput for a
        cursor of another graph, and ServiceErrors, among them ShuttingDown in the middle of it."""
        async with self._tail.followed():
            past = None if after is None else await self._tail.since(after)
            # What is before that is told of the past, or was told.
            subscriber: _Subscriber[N, T] = _Subscriber(passes, past.upto if past else self._tail.positions)
            self._subscribers.add(subscriber)
            try:
                if past is not None and after is not None:
                    if past.read_from is not None:
                        yield Update(None, None, after, read_from=past.read_from)
                    async for update in self._replayed(passes, past, after):
                        yield update
                while True:
                    await subscriber.ready.wait()
                    self._tail.check()
                    yield subscriber.take()
            finally:
                self._subscribers.discard(subscriber)

    async def _replayed(
        self, passes: Callable[[T], bool], past: Past, after: Cursor
    ) -> AsyncGenerator[Update[N, T], None]:
        writer, done = past.part or (0, 0)
        partly = (writer, past.positions.get(writer, 0) + 1)
        said = past.read_from is not None
        async for page, lost in self._tail.pages(past):
            self._tail.check()
            if lost and not said:  # taken away since it was begun to tell it
                said = True
                yield Update(None, None, after, read_from=after.at)
            missed = 0
            for some in _portions(page, self._named):
                things = await self._read([name for one in some for name in self._named(one.change)])
                for one in some:
                    missed += one.change.left_out
                    skipped = done if one.change[:2] == partly else 0
                    for item in self._of(one, things):
                        if item.place >= skipped and passes(item.thing):
                            yield item.told(missed)
                            missed = 0

    def _of(self, told: Told, things: Mapping[N, T]) -> Iterator[_Item[N, T]]:
        """What a change tells, each with its place in it."""
        names = self._named(told.change)
        for index, name in enumerate(names):
            if (thing := things.get(name)) is not None:
                yield _Item(index, name, thing, told, len(names))

    async def _spread(self) -> None:
        """Hands out what is pending until nothing is."""
        while self._pending and self._subscribers:
            batch: list[Told] = []
            count = 0
            while self._pending and count < AT_ONCE:
                first = self._pending[0]
                if isinstance(first, _Gap):
                    break
                self._pending.popleft()
                batch.append(first)
                count += len(self._named(first.change))
            if not batch and isinstance(gap := self._pending.popleft(), _Gap):
                self._say(gap)
                continue
            self._things -= count
            try:
                things = await self._read([name for one in batch for name in self._named(one.change)])
            except LoopgraphError as error:
                logger.warning("%d updates are not told: %s", count, error)
                for one in batch:
                    self._miss(one.change, len(self._named(one.change)))
                continue
            for one in batch:
                for item in self._of(one, things):
                    self._tell(item)
        self._pending.clear()
        self._things = 0

    def _tell(self, item: _Item[N, T]) -> None:
        update: Update[N, T] | None = None
        for subscriber in self._subscribers:
            if subscriber.wants(item.source.change) and subscriber.passes(item.thing):
                update = update or item.told(0)
                subscriber.offer(update)

    def _say(self, gap: _Gap[N, T]) -> None:
        update: Update[N, T] = Update(None, None, gap.lost.cursor, read_from=gap.lost.since)
        for subscriber in self._subscribers.intersection(gap.subscribers):
            subscriber.offer(update)

    def _miss(self, change: Change, updates: int) -> None:
        for subscriber in self._subscribers:
            if subscriber.wants(change):
                subscriber.missed += updates


class _Gap(NamedTuple, Generic[N, T]):
    """Something was lost for those who followed then."""

    lost: Lost
    subscribers: Sequence[_Subscriber[N, T]]


class _Item(NamedTuple, Generic[N, T]):
    place: int
    name: N
    thing: T
    source: Told
    among: int

    def told(self, missed: int) -> Update[N, T]:
        cursor = self.source.cursor(self.among, self.place + 1)
        return Update(self.name, self.thing, cursor, missed, answers=None if missed else {})


def _portions(told: Sequence[Told], named: Callable[[Change], Sequence[object]]) -> Iterator[list[Told]]:
    """Changes together, as many as name some ``AT_ONCE`` things."""
    portion: list[Told] = []
    count = 0
    for one in told:
        portion.append(one)
        count += len(named(one.change))
        if count >= AT_ONCE:
            yield portion
            portion, count = [], 0
    if portion:
        yield portion
