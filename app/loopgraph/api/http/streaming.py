"""A file that is sent while it is made.

The status goes out with the first part. What fails before is answered as on every door. What fails after that ends the connection
without the end of its chunked body: every client tells that from a whole answer. The connection also ends when the client reads
nothing for long; when the client goes, nothing more is read for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from loopgraph.api.errors import problem_response
from loopgraph.errors import LoopgraphError
from loopgraph.orchestrators.exporting.exports import Exports
from loopgraph.orchestrators.exporting.streams import Export

logger = logging.getLogger(__name__)

PATIENCE_S: Final = 300.0
"""A client may pause so long between two reads: what it does with the rows takes its time."""

_AT_ONCE: Final = 256 * 1024
"""So many bytes are handed on before it is waited for that the client reads."""


class _Stalled(Exception):
    """The client has read nothing for long."""


class StreamedExport(Response):
    """The answer that is an export. ``make`` makes it, in one of the places that there are."""

    def __init__(self, exports: Exports, make: Callable[[], Awaitable[Export]], patience_s: float = PATIENCE_S) -> None:
        super().__init__()
        self._exports = exports
        self._make = make
        self._patience_s = patience_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it, until it is complete or the client has gone."""
        work = asyncio.ensure_future(self._answer(scope, receive, send))
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work
        finally:
            for task in (work, gone):
                task.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = False

        async def noted(message: Message) -> None:
            nonlocal sent
            sent = True
            try:
                async with asyncio.timeout(self._patience_s):
                    await send(message)
            except TimeoutError:
                raise _Stalled from None

        try:
            with self._exports.place():
                export = await self._make()
                async with aclosing(export.chunks):
                    await self._stream(export, scope, noted)
        except _Stalled:
            logger.warning("an export was given up: its client has read nothing for %.0f s", self._patience_s)
        except LoopgraphError as error:
            if not sent:
                await problem_response(error)(scope, receive, send)
            else:
                logger.error("an export was broken off: %s: %s", type(error).__name__, error)

    async def _stream(self, export: Export, scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _headers(export)})
        if scope["method"] != "HEAD":
            async for chunk in export.chunks:
                for at in range(0, len(chunk), _AT_ONCE):
                    await send({"type": "http.response.body", "body": chunk[at : at + _AT_ONCE], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _headers(export: Export) -> list[tuple[bytes, bytes]]:
    headers = {
        "content-type": export.media_type,
        "content-disposition": f'attachment; filename="{export.filename}"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    if export.truncated:
        headers["x-loopgraph-truncated"] = "true"
    if export.pending:
        headers["x-loopgraph-pending"] = str(export.pending)
    return [(name.encode(), value.encode()) for name, value in headers.items()]


async def _gone(receive: Receive) -> None:
    """Returns when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
