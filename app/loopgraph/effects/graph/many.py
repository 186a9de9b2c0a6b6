"""What is made of many rows is made in a thread or in slices: it would hold up the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sized
from typing import TypeVar

T = TypeVar("T")

MANY = 300
"""So many rows take some 10 ms."""


async def made_of(rows: Sized | int, make: Callable[[], T]) -> T:
    """What ``make`` makes of some rows (or of so many things)."""
    count = rows if isinstance(rows, int) else len(rows)
    return make() if count <= MANY else await asyncio.to_thread(make)


class Slice:
    """A few milliseconds of work over many small things, after which the event loop comes round."""

    LONGEST_S = 0.005

    def __init__(self) -> None:
        self._began = time.perf_counter()

    async def pause(self) -> None:
        """Lets the loop come round, if it is time."""
        if time.perf_counter() - self._began > self.LONGEST_S:
            await asyncio.sleep(0)
            self._began = time.perf_counter()
