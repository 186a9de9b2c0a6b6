"""What is made of many rows is made in a thread: it would hold up the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sized
from typing import TypeVar

T = TypeVar("T")

MANY = 300
"""So many rows take some 10 ms."""


async def made_of(rows: Sized | int, make: Callable[[], T]) -> T:
    """What ``make`` makes of some rows (or of so many things)."""
    count = rows if isinstance(rows, int) else len(rows)
    return make() if count <= MANY else await asyncio.to_thread(make)
