"""Waiting for a state, never for a time."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

LONG_S = 120.0
"""Far more than a busy machine needs."""


async def until(holds: Callable[[], bool | Awaitable[bool]], pause_s: float = 0.02) -> None:
    """Returns as soon as ``holds`` does. Raises TimeoutError after ``LONG_S``."""
    async with asyncio.timeout(LONG_S):
        while True:
            answer = holds()
            if await answer if inspect.isawaitable(answer) else answer:
                return
            await asyncio.sleep(pause_s)
