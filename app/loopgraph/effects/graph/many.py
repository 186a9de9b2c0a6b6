"""What is made of many rows is made in a thread or in slices: it would hold up the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sized
from typing import TypeVar

T = TypeVar("T")

MANY = 600
"""So many rows take some 5 ms."""


CHUNK = 200
"""So many things of which lists are made by the graph go into one list: a few milliseconds of the driver's time."""


def chunks(ids: Iterable[str]) -> list[list[str]]:
    """Ids in lists of at most ``CHUNK``."""
    all_ids = list(ids)
    return [all_ids[begin : begin + CHUNK] for begin in range(0, len(all_ids), CHUNK)]


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
