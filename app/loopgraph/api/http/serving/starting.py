"""A service that listens before it is up: the port is open, ``/livez`` says that the process lives, ``/metrics`` what is known
of the process and that it starts, and all else only that.

The engine takes seconds to start, and a server elsewhere may be away. Who waits for the service sees the reason meanwhile; a
start that fails ends the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from loopgraph import __version__
from loopgraph.api.http.metrics import PATH as METRICS
from loopgraph.api.http.serving.upgrading import TRY_AGAIN_LATER
from loopgraph.api.metrics import CONTENT_TYPE, Metrics

RETRY_AFTER_S: Final = 1

_ALIVE: Final = frozenset({"/livez", "/healthz"})


class Early:
    """Wraps the whole application. ``ready`` is called when it is up, ``failed`` with a sentence when it cannot be. ``metrics``
    are those of the service: nobody is told apart yet, and nothing is in them but what the process is at."""

    def __init__(
        self, app: ASGIApp, ready: Callable[[], None], failed: Callable[[str], None], metrics: Metrics | None = None
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._ready = ready
        self._failed = failed
        self.up = False
        """Whether the application answers for itself."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif self.up:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope["path"])(scope, receive, send)
        else:
            await WebSocket(scope, receive, send).close(TRY_AGAIN_LATER)

    async def _run(self, scope: Scope, told: asyncio.Queue[Message], hear: Send) -> None:
        await self._app(scope, told.get, hear)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The life of the application, which the server is told has begun before it has."""
        told, ended = asyncio.Queue[Message](), asyncio.Queue[Message]()
        ending = False

        async def hear(message: Message) -> None:
            match message["type"]:
                case "lifespan.startup.complete":
                    self.up = True
                    self._ready()
                case "lifespan.startup.failed":
                    if not ending:
                        self._failed(message.get("message") or "the service could not be started")
                case _:
                    ended.put_nowait(message)

        told.put_nowait(await receive())
        living = asyncio.create_task(self._run(scope, told, hear))
        await send({"type": "lifespan.startup.complete"})
        last = await receive()
        ending = True
        if self.up:
            self.up = False
            told.put_nowait(last)
        else:
            living.cancel()
        [problem] = await asyncio.gather(living, return_exceptions=True)
        if problem is not None and not isinstance(problem, asyncio.CancelledError) and ended.empty():
            ended.put_nowait({"type": "lifespan.shutdown.complete"})  # why it could not be started was told before
        await send(ended.get_nowait() if not ended.empty() else {"type": "lifespan.shutdown.complete"})

    def _answer(self, path: str) -> Response:
        if path in _ALIVE:
            return JSONResponse({"status": "ok", "version": __version__})
        if path == METRICS and self._metrics is not None:
            return Response(self._metrics.text(), headers={"content-type": CONTENT_TYPE})
        problem = {"code": "STARTING", "message": "the service is starting: its graph is being opened"}
        body = {"status": "starting", **problem} if path == "/readyz" else {"error": problem}
        return JSONResponse(body, status_code=503, headers={"retry-after": str(RETRY_AFTER_S)})
