"""Large writes that give way: beside others who write to the same places, they are done in smaller parts."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from loopgraph.errors import GraphContended

T = TypeVar("T")
R = TypeVar("R")

MOST_LOSSES: Final = 4
"""So often a part may lose to others before it is done in smaller ones: each time costs as much as writing it."""

_RESTS_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Before the smallest part is tried again."""


class GivingWay:
    """Writes in parts of the size that was possible last: a quarter after one that lost to others, then twice that."""

    def __init__(self, rests_s: Sequence[float] = _RESTS_S) -> None:
        self._share = 1.0
        self._rests_s = rests_s

    async def write(self, items: Sequence[T], write: Callable[[Sequence[T]], Awaitable[R]]) -> list[R]:
        """What ``write`` returns for parts of the items, which it writes whole or not at all, in their order.

        Raises GraphContended if there is no way for a single one either.
        """
        results: list[R] = []
        done = rests = 0
        while done < len(items):
            part = items[done : done + math.ceil(len(items) * self._share)]
            try:
                results.append(await write(part))
            except GraphContended:
                if len(part) > 1:
                    self._share = min(self._share, len(part) / len(items)) / 4
                    continue
                if rests == len(self._rests_s):
                    raise
                await asyncio.sleep(self._rests_s[rests])
                rests += 1
            else:
                done, rests = done + len(part), 0
                self._share = min(1.0, 2 * self._share)
        return results
