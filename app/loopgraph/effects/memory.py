"""Full collections of cyclic garbage, at times when they hold up nobody.

Python looks through all objects whenever enough new ones have lasted. In the middle of a large answer these are millions, and
nothing is served for as long as that takes (0.4 s for 25,000 values that are looked up one by one). The answer itself leaves no
garbage that only such a look would find, so it is put off until nobody waits.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

_NEVER = 1_000_000
EVERY_S = 10.0
LATEST = 6
"""So many times in a row a collection is put off at most."""


class Collector:
    """Collects when ``busy`` says no, and every minute whatever it says."""

    def __init__(self, busy: Callable[[], bool], every_s: float = EVERY_S) -> None:
        self._busy = busy
        self._every_s = every_s
        self._put_off = 0
        self.collections = 0

    async def run_forever(self) -> None:
        """Collects until it is cancelled; then Python does it again as it likes."""
        young, middle, old = gc.get_threshold()
        gc.set_threshold(young, middle, _NEVER)
        try:
            while True:
                await asyncio.sleep(self._every_s)
                self.look()
        finally:
            gc.set_threshold(young, middle, old)

    def look(self) -> None:
        """Collects, unless that is to be put off."""
        if self._busy() and self._put_off < LATEST:
            self._put_off += 1
            return
        self._put_off = 0
        gc.collect()
        self.collections += 1
