"""What bounds a request whatever it asks for: the size of its body, the time it takes to come, and the memory of all of them."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Mapping
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loopgraph.api.errors import problem_response
from loopgraph.errors import Overloaded

SLOWEST: Final = 64 * 1024
"""So many bytes of a body are as good as a second of patience."""

SMALL: Final = 64 * 1024
"""Bodies up to so many bytes are taken in whatever else is in work."""

_DRAINED = 4


class Room:
    """What the bodies in work take of memory together; at most ``most`` bytes, and any one alone."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._lock = threading.Lock()  # what is decompressed grows in a thread

    def share(self) -> Share:
        """The part of one request."""
        return Share(self)

    def take(self, share: Share, more: int) -> None:
        """Raises Overloaded if there is no room."""
        with self._lock:
            others = self._taken - share.bytes
            if others and share.bytes + more > SMALL and self._taken + more > self._most:
                raise Overloaded(f"bodies of {self._taken:,} bytes are in work")
            self._taken += more
            share.bytes += more

    def give_back(self, share: Share) -> None:
        with self._lock:
            self._taken -= share.bytes
            share.bytes = 0


class Share:
    """What one request takes of the room for bodies, until the end of the block."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.bytes = 0

    def grow(self, more: int) -> None:
        """Takes more; from any thread. Raises Overloaded if there is no room."""
        self._room.take(self, more)

    def __enter__(self) -> Share:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.give_back(self)


class _TooLarge(Exception):
    """The body went over the limit while it was being read."""


class _TooSlow(Exception):
    """The client's time is over."""


class _Body:
    """What comes of the body of one request."""

    def __init__(self, receive: Receive, maximum: int, patience_s: float, share: Share) -> None:
        self._receive = receive
        self._maximum = maximum
        self._patience_s = self._left_s = patience_s
        self._share = share
        self._bytes = 0
        self._ended = False

    async def receive(self) -> Message:
        """The next part. Raises _TooLarge, _TooSlow, Overloaded."""
        message = await self._next()
        self._bytes += (more := len(message.get("body", b"")))
        if self._bytes > self._maximum:
            raise _TooLarge
        if more:
            self._share.grow(more)
        return message

    async def drain(self) -> None:
        """Takes some of the rest in and throws it away: a client that is still sending reads no answer. Raises _TooSlow."""
        surplus = _DRAINED * self._maximum
        while surplus > 0 and not self._ended:
            surplus -= len((await self._next()).get("body", b""))

    async def _next(self) -> Message:
        if self._ended:
            return await self._receive()  # until the client goes, which may take hours
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left_s):
                message = await self._receive()
        except TimeoutError:
            raise _TooSlow from None
        earned_s = len(message.get("body", b"")) / SLOWEST
        self._left_s = min(self._patience_s, self._left_s - (time.monotonic() - began) + earned_s)
        self._ended = not message.get("more_body", False)
        return message


class BodyLimit:
    """ASGI middleware: answers 413 as soon as a body is larger than ``maximum`` bytes (``others`` are those of paths), 408 when
    it comes too slowly, and 429 when there is no room for it.

    An endpoint finds its share of the room as ``request.state.share``, for what it makes of the body.
    """

    def __init__(
        self,
        app: ASGIApp,
        maximum: int,
        others: Mapping[str, int] | None = None,
        *,
        patience_s: float = 10.0,
        room: Room | None = None,
    ) -> None:
        self._app = app
        self._maximum = maximum
        self._others = others or {}
        self._patience_s = patience_s
        self._room = room or Room(sys.maxsize)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        maximum = self._others.get(scope["path"], self._maximum)
        with self._room.share() as share:
            scope.setdefault("state", {})["share"] = share
            await self._limited(scope, _Body(receive, maximum, self._patience_s, share), maximum, send)

    async def _limited(self, scope: Scope, body: _Body, maximum: int, send: Send) -> None:
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            try:
                declared = dict(scope["headers"]).get(b"content-length", b"0")
                if not declared.isdigit() or int(declared) > maximum:
                    raise _TooLarge
                await self._app(scope, body.receive, noted)
            except _TooLarge:
                await body.drain()
                response = _problem(413, "BODY_TOO_LARGE", f"the body is larger than {maximum} bytes")
            except Overloaded as error:
                await body.drain()
                response = problem_response(error, {"connection": "close"})
            else:
                return
        except ClientDisconnect:
            return  # nobody reads an answer
        except _TooSlow:
            response = _problem(408, "BODY_TOO_SLOW", "the rest of the body did not come in time")
        if not started:
            await response(scope, body.receive, send)


def _problem(status: int, code: str, message: str) -> JSONResponse:
    body = {"error": {"code": code, "field": "body", "message": message}}
    return JSONResponse(body, status_code=status, headers={"connection": "close"})
