"""ASGI middleware: requests as spans of OpenTelemetry, where a setting asks for that."""

from __future__ import annotations

import logging
from typing import Any, Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loopgraph.api.http.metrics import route_of
from loopgraph.api.metrics import METHODS, OTHER
from loopgraph.contracts.spans import MARK, Spans

logger = logging.getLogger(__name__)

_MARK: Final = MARK.encode()
_CORRELATION: Final = b"x-correlation-id"
_QUIET: Final = frozenset({"/healthz", "/livez", "/readyz", "/metrics"})


class Traced:
    """A span for each request, with the route as the code has it: not of what machines ask for every few seconds, and not of what
    a Loopgraph tells of itself. Its own metrics, sent to itself, are taken and left: ``/metrics`` has them."""

    def __init__(self, app: ASGIApp, spans: Spans, instance: str) -> None:
        self._app = app
        self._spans = spans
        self._instance = instance.encode()
        self._said = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _QUIET:
            await self._app(scope, receive, send)
            return
        mark = next((value for name, value in scope["headers"] if name == _MARK), None)
        if mark is None:
            await self._request(scope, receive, send)
        elif mark == self._instance and scope["path"].endswith("/v1/metrics"):
            if not self._said:
                logger.warning("LOOPGRAPH_OTEL_URL is this service itself, which does not store its own metrics")
                self._said = True
            await Response(media_type="application/x-protobuf")(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"] if scope["method"] in METHODS else OTHER
        with self._spans.request(method, scope["headers"], {"http.request.method": method}) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    told: dict[str, Any] = {"http.response.status_code": message["status"]}
                    route = route_of(scope)
                    if route != OTHER:
                        told["http.route"] = route
                        span.called(f"{method} {route}")
                    for name, value in message.get("headers", ()):
                        if name == _CORRELATION:  # the one that is on the lines of the log
                            told["loopgraph.correlation_id"] = value.decode("latin-1")
                    span.told(told)
                    if message["status"] >= 500:
                        span.failed(str(message["status"]))
                await send(message)

            await self._app(scope, receive, noted)
