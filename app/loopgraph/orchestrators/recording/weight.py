"""Events that take long to go through: those are gone through in a thread, so that others are answered meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final, ParamSpec, TypeVar

from pydantic import BaseModel

P = ParamSpec("P")
T = TypeVar("T")

HEAVY: Final = 128 * 1024
"""So many characters take tens of milliseconds to look for secrets in."""

_VALUE: Final = 16
"""A value takes as long as so many characters, whatever it is."""

_FLAT: Final = frozenset({int, float, bool, type(None), datetime})
"""The types of most values that are no texts, and hold no others."""

_THREADS: Final = ThreadPoolExecutor(2, thread_name_prefix="loopgraph-heavy")


def weight_of(event: BaseModel) -> int:
    """The characters of its texts and names, and a little for every value that it was given; of what is heavy, no more is counted
    than it takes to see that."""
    weight, values = 0, list[Any]([event])
    while values and weight < HEAVY:
        value = values.pop()
        kind = type(value)
        if kind is str:
            weight += _VALUE + len(value)
        elif kind is dict:
            weight += 2 * _VALUE * len(value)
            if weight < HEAVY:
                for name, item in value.items():
                    weight += len(name) if type(name) is str else len(str(name))
                    if type(item) is str:
                        weight += len(item)
                    else:
                        values.append(item)
        elif kind in _FLAT:
            weight += _VALUE
        elif isinstance(value, str):
            weight += _VALUE + len(value)
        elif isinstance(value, list | tuple):
            weight += _VALUE * len(value)
            if weight < HEAVY:
                values += value
        elif isinstance(value, BaseModel):  # last: it is slow to say of anything that it is none
            held = value.__dict__
            for name in value.__pydantic_fields_set__:
                item = held[name]
                kind = type(item)
                if kind is str:
                    weight += _VALUE + len(item)
                elif kind in _FLAT:
                    weight += _VALUE
                elif item:
                    values.append(item)
        else:
            weight += _VALUE
    return weight


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What some work comes to; it is done in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, lambda: work(*args, **kwargs))
