"""How long the event loop works without coming round, in the processor time of its thread: other load makes no difference."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass
class Stretches:
    """How long the loop worked between two times that it came round."""

    longest_s: float = 0.0


@contextlib.asynccontextmanager
async def watched() -> AsyncIterator[Stretches]:
    """Watches the loop during the block."""
    found, before = Stretches(), time.thread_time()

    def came_round() -> None:
        nonlocal before, handle
        now = time.thread_time()
        found.longest_s, before = max(found.longest_s, now - before), now
        handle = loop.call_later(0, came_round)

    loop = asyncio.get_running_loop()
    handle = loop.call_later(0, came_round)
    gc.disable()  # the service puts collections off, too
    try:
        yield found
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    finally:
        gc.enable()
        handle.cancel()
