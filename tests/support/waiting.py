"""Waiting for what must come true. A test fails only when it does not: how long it takes says how busy the machine is."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Final

PATIENCE_S: Final = 240.0
"""Longer than anything that a test waits for takes on a machine that is ten times too busy."""


def comes_true(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> bool:
    """Whether a condition becomes true before the patience ends; blocks."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


async def until(condition: Callable[[], bool | Awaitable[bool]], pause_s: float = 0.01) -> None:
    """Returns when a condition is true, which nothing tells of. Raises TimeoutError when the patience ends."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            answer = condition()
            if await answer if inspect.isawaitable(answer) else answer:
                return
            await asyncio.sleep(pause_s)
