"""A pure-ASGI middleware that records the HTTP requests of its host application as endpoint calls."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from loopgraph.clients.context import at
from loopgraph.clients.events import TraceEvents, now, outcome_fields
from loopgraph.clients.inbound import Inbound, read_headers

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class TracingMiddleware:
    """Records every HTTP request as an endpoint call of ``service_name``, and runs it in the trace that it belongs to.

        app.add_middleware(TracingMiddleware, recorder=recorder, service_name="shop", exclude={"/healthz"})

    The trace is that of the request's ``X-Correlation-ID`` or ``traceparent``; a request that brings none begins a trace, which
    ends with it. The answer has ``X-Correlation-ID``. Steps and calls that the application records belong to that trace.
    An exception is recorded and goes on unchanged. Bodies are counted, not read. WebSocket and lifespan pass untouched.
    ``exclude`` names paths that are not traced. The host enters the recorder, in its lifespan: ``async with recorder: yield``.
    """

    def __init__(
        self, app: ASGIApp, *, recorder: TraceEvents, service_name: str, exclude: Collection[str] = ()
    ) -> None:
        self._app, self._recorder, self._service_name = app, recorder, service_name
        self._exclude = frozenset(exclude)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection."""
        if scope["type"] != "http" or scope["path"] in self._exclude:
            await self._app(scope, receive, send)
            return
        inbound, root_path = read_headers(scope["headers"]), scope.get("root_path", "")
        exchange = _Exchange(receive, send, inbound.place.correlation_id)
        failure: BaseException | None = None
        if inbound.new:
            self._recorder.start_trace(correlation_id=inbound.place.correlation_id, source="http")
        try:
            with at(inbound.place):
                await self._app(scope, exchange.receive, exchange.send)
        except BaseException as error:  # a cancelled request is recorded, too
            failure = error
            raise
        finally:
            self._record(inbound, exchange, scope, path_template(scope, root_path), failure)

    def _record(
        self, inbound: Inbound, exchange: _Exchange, scope: Scope, template: str, failure: BaseException | None
    ) -> None:
        trace, outcome, duration_ms = inbound.place, exchange.outcome(failure), exchange.duration_ms()
        self._recorder.record_endpoint_call(
            self._service_name,
            template,
            correlation_id=trace.correlation_id,
            call_id=inbound.call_id,
            hook_execution_id=trace.parent_execution_id,
            http_method=scope["method"],
            started_at=exchange.started_at,
            duration_ms=duration_ms,
            response_status=exchange.status or (None if failure is None else 500),
            context={
                "path": scope["path"],
                "request_bytes": max(exchange.request_bytes, announced_bytes(scope)),
                "response_bytes": exchange.response_bytes,
            },
            **outcome,
        )
        if inbound.new:
            self._recorder.complete_trace(correlation_id=trace.correlation_id, duration_ms=duration_ms, **outcome)


class _Exchange:
    """Watches one request and its response go by. The response ends with its last byte, not with what runs after it."""

    def __init__(self, receive: Receive, send: Send, correlation_id: str) -> None:
        self._receive, self._send = receive, send
        self._answered_header = (b"x-correlation-id", correlation_id.encode())
        self.started_at = now()
        self._began, self._ended = time.perf_counter(), 0.0
        self._disconnected = False
        self.status: int | None = None
        self.request_bytes = self.response_bytes = 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self.request_bytes += len(message.get("body", b""))
        elif message["type"] == "http.disconnect" and not self._ended:
            self._disconnected = True
        return message

    async def send(self, message: Message) -> None:
        last = False
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [item for item in message.get("headers", ()) if item[0].lower() != b"x-correlation-id"]
            message = {**message, "headers": [*headers, self._answered_header]}
        elif message["type"] == "http.response.body":
            self.response_bytes += len(message.get("body", b""))
            last = not message.get("more_body", False)
        await self._send(message)
        if last and not self._ended:
            self._ended = time.perf_counter()

    def duration_ms(self) -> float:
        """Milliseconds from the request to the last byte of the response, or until now if there was none."""
        return ((self._ended or time.perf_counter()) - self._began) * 1000

    def outcome(self, failure: BaseException | None) -> dict[str, Any]:
        """Whether it succeeded, and what went wrong: an exception, the client's leaving, or an answer of the 5xx."""
        if failure is not None:
            return outcome_fields(failure)
        if self._disconnected:
            return {"success": False, "error_type": "Disconnected", "error_message": "the client left before the end"}
        if not self._ended:
            return {"success": False, "error_type": "Incomplete", "error_message": "the response was not finished"}
        if self.status is not None and self.status >= 500:
            return {"success": False, "error_type": str(self.status)}
        return {"success": True}


def announced_bytes(scope: Scope) -> int:
    """The request's Content-Length; the application need not have read all of it. 0 where there is none."""
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(value) if value.isdigit() else 0


def path_template(scope: Scope, root_path: str) -> str:
    """The route's path with its parameters by name, such as ``/items/{item_id}``, after the application has routed the request.

    FastAPI leaves the route in the scope. Starlette leaves the parameters' values, which are then put back for names.
    ``root_path`` is that of the scope before routing: what came since is the path of mounts.
    """
    mounted = scope.get("root_path", "").removeprefix(root_path)
    template: object = getattr(scope.get("route"), "path", None)
    if isinstance(template, str):
        return f"{mounted}{template}"
    path: str = scope["path"]
    for name, value in reversed(scope.get("path_params", {}).items()):
        head, found, tail = path.rpartition(f"/{value}")
        if found and tail[:1] in ("", "/"):
            path = f"{head}/{{{name}}}{tail}"
    return path
