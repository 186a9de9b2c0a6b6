"""Full collections of cyclic garbage, at times when they hold up nobody.

Python looks through all objects whenever enough new ones have lasted. In the middle of a large answer these are millions, and
nothing is served for as long as that takes (0.4 s for 25,000 values that are looked up one by one). The answer itself leaves no
garbage that only such a look would find, so it is put off until nobody waits. Nor are new objects looked at whenever there are
700 of them: what is made for a large answer lasts until it is sent, and every look was for nothing.

What the C library keeps of the memory that was given back to it goes back to the machine at the same time: after a large answer,
or a hundred thousand vectors, that is tens of megabytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
from collections.abc import Awaitable, Callable
from typing import Final

_NEVER = 1_000_000
_YOUNG = 20_000
EVERY_S = 10.0
LATEST_S = 300.0
"""So long a collection is put off at most."""


def collect_seldom() -> None:
    """For a process that does nothing but take much in: what its start has made is not looked at again, and new objects are
    looked at when there are many of them. Of an import of transcripts that saves a sixteenth of the processor."""
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])


def give_back() -> None:
    """Gives memory that is free within this process back to the machine, where its C library (glibc) can."""
    if _TRIM is not None:
        _TRIM(0)


def _trim() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library
        return None
    return trim


_TRIM: Final = _trim()


class Collector:
    """Collects now and then, as soon as ``idle`` returns."""

    _at_work = 0
    _before = (0, 0, 0)

    def __init__(
        self, idle: Callable[[], Awaitable[object]], every_s: float = EVERY_S, latest_s: float = LATEST_S
    ) -> None:
        self._idle = idle
        self._every_s = every_s
        self._latest_s = latest_s
        self.collections = 0

    async def run_forever(self) -> None:
        """Collects until it is cancelled; then Python does it again as it likes."""
        if not Collector._at_work:
            Collector._before = gc.get_threshold()
        Collector._at_work += 1
        gc.set_threshold(max(_YOUNG, Collector._before[0]), Collector._before[1], _NEVER)
        try:
            while True:
                await asyncio.sleep(self._every_s)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._latest_s):
                        await self._idle()
                gc.collect()
                give_back()
                self.collections += 1
        finally:
            # Several applications of one process do not end in the order in which they began.
            Collector._at_work -= 1
            if not Collector._at_work:
                gc.set_threshold(*Collector._before)
