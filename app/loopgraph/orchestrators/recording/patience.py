"""What takes much in waits for a graph that is away for a moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from loopgraph.errors import GraphUnavailable, Overloaded

PATIENCE_S: Final = 60.0
"""How long a graph is waited for that is away: a busy machine, or a server that is started anew, needs no second command."""

_PAUSE_S: Final = 0.5

T = TypeVar("T")


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Does what the graph has to take in; one that is away for a moment is waited for. Others bring events, too: they are served
    first."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await work()
        except Overloaded as error:
            await asyncio.sleep(error.retry_after_s)
        except GraphUnavailable:
            if time.monotonic() >= until:
                raise
            await asyncio.sleep(_PAUSE_S)
