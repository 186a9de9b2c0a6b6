"""What bounds a request whatever it asks for: the size of its body."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DRAINED = 4


class BodyLimit:
    """ASGI middleware: answers 413 as soon as a request body is larger than ``maximum`` bytes; ``others`` are those of paths."""

    def __init__(self, app: ASGIApp, maximum: int, others: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._maximum = maximum
        self._others = others or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        maximum = self._others.get(scope["path"], self._maximum)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > maximum:
            await self._refuse(maximum, scope, receive, send)
            return
        received, started = 0, False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > maximum:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except _TooLarge:
            if not started:
                await self._refuse(maximum, scope, receive, send)

    async def _refuse(self, maximum: int, scope: Scope, receive: Receive, send: Send) -> None:
        # A client that is still sending reads no answer: take some more in, and throw it away.
        surplus = _DRAINED * maximum
        while surplus > 0:
            rest = await receive()
            surplus -= len(rest.get("body", b""))
            if not rest.get("more_body", False):
                break
        message = f"the body is larger than {maximum} bytes"
        body = {"error": {"code": "BODY_TOO_LARGE", "field": "body", "message": message}}
        await JSONResponse(body, status_code=413, headers={"connection": "close"})(scope, receive, send)


class _TooLarge(Exception):
    """The body went over the limit while it was being read."""
