"""What was read of buckets, as long as nobody has changed the days that it is about, whichever process counts."""

from __future__ import annotations

import asyncio
import contextvars
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar, cast

from loopgraph.computes.analytics.recent import RecentRounds
from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.contracts.analytics.windows import Bucket, Window

T = TypeVar("T")

MOST: Final = 500_000
"""So many numbers and names are kept, some 30 MB."""


class _Kept(NamedTuple):
    round: int
    value: Any
    weight: int


Asked = tuple[Hashable, Window]


class Remembered:
    """Answers by what was asked, the latest last. What was read when buckets had a round, or a later one, lacks nothing that any
    round up to this one has counted: it is what they hold as long as no later round has changed a day of its window."""

    def __init__(self, recent: RecentRounds, most: int = MOST) -> None:
        self.recent = recent
        self._most = most
        self._kept: OrderedDict[Asked, _Kept] = OrderedDict()
        self._reading: dict[tuple[Asked, int], asyncio.Task[Any]] = {}
        self._weight = 0

    async def get(
        self,
        what: Hashable,
        window: Window,
        read: Callable[[], Awaitable[T]],
        in_parts: Callable[[datetime], Awaitable[T]] | None = None,
    ) -> T:
        """What was answered about a window, if that is what buckets hold, or what is read, which those share who ask for it
        meanwhile. Nobody may change what is answered. ``in_parts`` reads the same in two parts, what is before a midnight and the
        rest: that is for what is asked again when hardly more than the last days have changed."""
        asked, round_ = (what, window), self.recent.round
        kept = self._kept.get(asked)
        if kept is not None and self.recent.keeps(window, kept.round):
            self._kept[asked] = kept._replace(round=round_)
            self._kept.move_to_end(asked)
            return cast("T", kept.value)
        reading = self._reading.get((asked, round_))
        if reading is None:
            is_asked_again = kept is not None
            if is_asked_again and in_parts is not None and (midnight := self.recent.open_since(window)):
                read = partial(in_parts, midnight)
            # In a context of its own: the time of who asks first is no limit for what all wait for.
            reading = asyncio.create_task(self._read(asked, round_, read), context=contextvars.Context())
            self._reading[asked, round_] = reading
        return cast("T", await asyncio.shield(reading))

    async def _read(self, asked: Asked, round_: int, read: Callable[[], Awaitable[T]]) -> T:
        try:
            value = await read()
        finally:
            del self._reading[asked, round_]
        self._keep(asked, _Kept(round_, value, 1 + weight_of(value)))
        return value

    def _keep(self, asked: Asked, kept: _Kept) -> None:
        if (before := self._kept.pop(asked, None)) is not None:
            self._weight -= before.weight
        if kept.weight > self._most:
            return
        self._kept[asked] = kept
        self._weight += kept.weight
        while self._weight > self._most:
            self._weight -= self._kept.popitem(last=False)[1].weight


def weight_of(value: Any) -> int:
    """How many numbers and names an answer holds, about."""
    match value:
        case UsageSums():
            counts = len(value.statuses) + len(value.errors) + len(value.durations) + len(value.measures)
            return 30 + counts + sum(6 * len(tallies) for tallies in value.dimensions.values())
        case Bucket():
            return 1 + weight_of(value.sums)
        case Mapping():
            return sum(1 + weight_of(one) for one in value.values())
        case list():
            return sum(map(weight_of, value))
    return 4
