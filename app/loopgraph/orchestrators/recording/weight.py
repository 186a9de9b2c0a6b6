"""Events that take long to go through: those are gone through in a thread, so that others are answered meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from pydantic import BaseModel

P = ParamSpec("P")
T = TypeVar("T")

HEAVY: Final = 128 * 1024
"""So many characters take tens of milliseconds to look for secrets in."""

_VALUE: Final = 16
"""A value takes as long as so many characters, whatever it is."""

_THREADS: Final = ThreadPoolExecutor(2, thread_name_prefix="loopgraph-heavy")


def is_heavy(event: BaseModel) -> bool:
    """Whether it has so many characters and values; looks at no more of them than it must."""
    left, values = HEAVY, list[Any]([event])
    while values and left > 0:
        value = values.pop()
        left -= _VALUE
        if isinstance(value, str):
            left -= len(value)
        elif isinstance(value, dict):
            left -= _VALUE * len(value)
            if left > 0:
                left -= sum(map(len, map(str, value)))
                values += value.values()
        elif isinstance(value, list | tuple):
            left -= _VALUE * len(value)
            if left > 0:
                values += value
        elif isinstance(value, BaseModel):
            values += filter(None, value.__dict__.values())
    return left <= 0


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What some work comes to; it is done in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, lambda: work(*args, **kwargs))
