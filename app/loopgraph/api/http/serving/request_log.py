"""The request log: one line for each request when it is answered, never with a body, a query or a secret.

It says who asked for what and what came of it: the method, the path of the door as the code has it, the status, the
milliseconds, the name of the principal. The correlation id, which is the client's where it sends one, is on that line and on all
others that the request leads to; the answer's header says it.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loopgraph.api.access import name_of
from loopgraph.api.http.metrics import route_of
from loopgraph.api.metrics import METHODS, OTHER
from loopgraph.contracts.base import Id
from loopgraph.effects.clock import new_id
from loopgraph.effects.logs import FIELDS, belonging_to

logger = logging.getLogger("loopgraph.requests")

_ID: Final[TypeAdapter[str]] = TypeAdapter(Id)
_HEADER: Final = b"x-correlation-id"

_QUIET: Final = frozenset({"/healthz", "/livez", "/readyz", "/metrics"})
"""What is asked for every few seconds by machines: told at the level of debugging, unless it fails."""


class RequestLog:
    """ASGI middleware. It gives every request a correlation id, which the doors find in its headers, and logs its end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        correlation_id = _identified(scope)
        began, status, told = time.perf_counter(), 500, correlation_id

        async def noted(message: Message) -> None:
            nonlocal status, told
            if message["type"] == "http.response.start":
                status = message["status"]
                told = MutableHeaders(scope=message).setdefault("x-correlation-id", correlation_id)
            elif message["type"] in ("websocket.close", "websocket.accept"):
                status = message.get("code", 101)
            await send(message)

        with belonging_to(correlation_id):
            try:
                await self._app(scope, receive, noted)
            finally:
                with belonging_to(told):  # some doors answer with that of the trace that the events belong to
                    _log(scope, status, (time.perf_counter() - began) * 1000)


def _identified(scope: Scope) -> str:
    """The correlation id of a request: the client's, if it is one, else a new one, which is then in its headers, too."""
    sent = next((value for name, value in scope["headers"] if name == _HEADER), None)
    if sent is not None:
        try:
            return _ID.validate_python(sent.decode("latin-1"))
        except ValidationError:
            pass
    made = new_id()
    if scope["path"] == "/graphql":  # other doors take what is in this header for the trace that an event belongs to
        scope["headers"] = [
            *((name, value) for name, value in scope["headers"] if name != _HEADER),
            (_HEADER, made.encode()),
        ]
    return made


def _log(scope: Scope, status: int, took_ms: float) -> None:
    level = logging.DEBUG if scope["path"] in _QUIET and status < 400 else logging.INFO
    if not logger.isEnabledFor(level):
        return
    method = scope.get("method", "WEBSOCKET")
    fields: dict[str, Any] = {
        "method": method if method in METHODS or method == "WEBSOCKET" else OTHER,
        "route": route_of(scope),
        "status": status,
        "ms": round(took_ms, 1),
        "principal": name_of(scope.get("state", {}).get("principal")),
    }
    logger.log(level, "%(method)s %(route)s %(status)d %(ms).1f ms %(principal)s", fields, extra={FIELDS: fields})
