"""One step ahead: the engine answers the next question while the last answer is worked up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def ahead(source: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """What a source gives, in its order; the next is fetched while one is in use. Close it (``aclosing``) if it is left early."""

    async def step() -> tuple[T] | None:
        try:
            return (await anext(source),)
        except StopAsyncIteration:
            return None

    coming = asyncio.create_task(step())
    try:
        while (found := await coming) is not None:
            coming = asyncio.create_task(step())
            yield found[0]
    finally:
        coming.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await coming
