"""What the graph says of a secret, remembered for a moment.

So what is revoked or ended, by whichever process, is refused everywhere within ``REMEMBERED_S``. What is not there is not
remembered: what is made is taken at once. What the graph said last is kept longer, for whoever asks for just that (``last``).
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

REMEMBERED_S: Final = 2.0
_MOST: Final = 1_000


class Remembering(Generic[T]):
    """What is known by digests. ``read`` asks the graph about a secret; several who ask about one at once ask it once."""

    def __init__(self, read: Callable[[str], Awaitable[T | None]], digest_of: Callable[[str], str]) -> None:
        self._read = read
        self._digest_of = digest_of
        self._known: OrderedDict[str, tuple[float, T]] = OrderedDict()
        self._reading: dict[str, asyncio.Task[T | None]] = {}

    async def about(self, secret: str) -> T | None:
        """What is known of a secret; None for nothing. Raises what the graph raises."""
        digest = self._digest_of(secret)
        known = self._known.get(digest)
        if known is not None and time.monotonic() - known[0] < REMEMBERED_S:
            return known[1]
        reading = self._reading.get(digest)
        if reading is None:
            reading = self._reading[digest] = asyncio.create_task(self._asked(digest, secret))
            reading.add_done_callback(lambda done: self._settled(digest, done))
        return await asyncio.shield(reading)

    def last(self, secret: str, within_s: float) -> T | None:
        """What the graph said of a secret when it was asked last, if it has answered within so many seconds; else None."""
        known = self._known.get(self._digest_of(secret))
        return known[1] if known is not None and time.monotonic() - known[0] < within_s else None

    def forget(self, secret: str) -> None:
        """Has the graph asked again about a secret."""
        digest = self._digest_of(secret)
        self._known.pop(digest, None)
        self._reading.pop(digest, None)

    def _settled(self, digest: str, done: asyncio.Task[T | None]) -> None:
        if self._reading.get(digest) is done:
            del self._reading[digest]
        if not done.cancelled():
            done.exception()  # whoever waited is told

    async def _asked(self, digest: str, secret: str) -> T | None:
        began, this = time.monotonic(), asyncio.current_task()
        found = await self._read(secret)
        if self._reading.get(digest) is not this:
            return found  # it was to be forgotten meanwhile
        self._known.pop(digest, None)
        if found is not None:
            self._known[digest] = began, found
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return found
