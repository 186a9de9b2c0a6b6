"""What was read of buckets, as long as nobody has changed any: the number of their round tells, whichever process counts."""

from __future__ import annotations

import asyncio
import contextvars
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, Final, NamedTuple, TypeVar, cast

from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.contracts.analytics.windows import Bucket

T = TypeVar("T")

MOST: Final = 100_000
"""So many numbers and names are kept, some 30 MB."""


class _Kept(NamedTuple):
    round: int
    value: Any
    weight: int


class Remembered:
    """Answers by what was asked, the latest last. What was read when buckets had this round, or a later one, is what they hold
    as long as that is their round: it lacks nothing that any round up to this one has counted."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._reading: dict[tuple[Hashable, int], asyncio.Task[Any]] = {}
        self._weight = 0

    async def get(self, asked: Hashable, round_: int | None, read: Callable[[], Awaitable[T]]) -> T:
        """What was answered in this round, or what ``read`` answers, which those share who ask for it meanwhile; None: it is not
        known which round it is. Nobody may change what is answered."""
        if round_ is None:
            return await read()
        kept = self._kept.get(asked)
        if kept is not None and kept.round == round_:
            self._kept.move_to_end(asked)
            return cast("T", kept.value)
        reading = self._reading.get((asked, round_))
        if reading is None:
            # In a context of its own: the time of who asks first is no limit for what all wait for.
            reading = asyncio.create_task(self._read(asked, round_, read), context=contextvars.Context())
            self._reading[asked, round_] = reading
        return cast("T", await asyncio.shield(reading))

    async def _read(self, asked: Hashable, round_: int, read: Callable[[], Awaitable[T]]) -> T:
        try:
            value = await read()
        finally:
            del self._reading[asked, round_]
        self._keep(asked, _Kept(round_, value, 1 + weight_of(value)))
        return value

    def _keep(self, asked: Hashable, kept: _Kept) -> None:
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
