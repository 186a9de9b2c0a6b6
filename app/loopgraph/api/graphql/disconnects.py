"""An operation whose client has closed its connection is given up: nobody reads an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from starlette.requests import Request

T = TypeVar("T")

CLIENT_CLOSED_REQUEST: Final = 499
"""The status in the log of a request whose client did not wait for the answer."""


class Gone(Exception):
    """The client has closed its connection; nobody reads an answer."""


async def while_connected(request: Request, work: Awaitable[T]) -> T:
    """What some work comes to, which is given up when the client closes the connection. The body of the request has been read.
    Raises Gone."""
    execution = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({execution, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not execution.done():
            raise Gone
        return execution.result()
    finally:
        unfinished = [task for task in (execution, gone) if not task.done()]
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    """Returns when the client has closed its connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
