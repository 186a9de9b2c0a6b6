"""``/metrics``: what Prometheus scrapes, and the middleware that counts requests.

A scrape is answered whether the graph is there or not. It asks the graph one bounded statement, and that seldom: what was seen
some seconds before is told to whoever else asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loopgraph import __version__
from loopgraph.api.access import Action, Door
from loopgraph.api.metrics import CONTENT_TYPE, OTHER, HttpMetrics, Metrics
from loopgraph.api.services import Services
from loopgraph.effects.engine.disk import free_bytes
from loopgraph.errors import LoopgraphError
from loopgraph.settings import default_data_folder

PATH: Final = "/metrics"

PATIENCE_S: Final = 1.0
"""So long a scrape waits for the graph. Prometheus itself waits ten seconds, if nothing else is said."""

AGAIN_S: Final = 5.0
"""What was seen of the graph is as good for so long."""


async def metrics(request: Request) -> Response:
    """The metrics, in the text format of Prometheus."""
    services: Services = request.app.state.services
    looks: Looks = request.app.state.looks
    await looks.look(services, upgrading=request.app.state.upgrade.pending)
    return Response(services.metrics.text(), headers={"content-type": CONTENT_TYPE})


class Looks:
    """Looks at what is not counted where it happens. One for each service; those who ask at once look together."""

    def __init__(self, metrics: Metrics) -> None:
        self._state = metrics.state
        self._looking: asyncio.Task[None] | None = None
        self._seen_at = float("-inf")
        self._up = False

    async def look(self, services: Services, *, upgrading: bool = False) -> None:
        """Brings up to date what is older than some seconds. Raises nothing: what cannot be seen is left out."""
        await self._look_at_graph_and_disks(services)
        stopping = services.recorder.closed
        self._state.at(
            "stopping" if stopping else "upgrading" if upgrading else "serving" if self._up else "unavailable"
        )

    async def _look_at_graph_and_disks(self, services: Services) -> None:
        if time.monotonic() - self._seen_at < AGAIN_S:
            return
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(services))
        await asyncio.shield(self._looking)

    async def _look(self, services: Services) -> None:
        await asyncio.gather(self._look_at_graph(services), self._look_at_disks(services))
        self._seen_at = time.monotonic()

    async def _look_at_graph(self, services: Services) -> None:
        state, graph = self._state, services.graph
        state.info.clear()
        state.info.labels(__version__, graph.server.engine.value, ".".join(map(str, graph.server.version or ()))).set(1)
        try:
            async with asyncio.timeout(PATIENCE_S):
                waiting = await services.backlogs.waiting()
        except (LoopgraphError, TimeoutError):
            self._up = False
            state.backlog.clear()
        else:
            self._up = True
            for of, count in waiting.items():
                state.backlog.labels(of).set(count)
        state.up.set(self._up)
        state.stores.set(graph.health.trouble is None and graph.health.full() is None)

    async def _look_at_disks(self, services: Services) -> None:
        settings = services.settings
        places = {
            "dead_letters": settings.dead_letters,
            "archive": settings.archive_folder or default_data_folder() / "archive",
        }
        if settings.embedded_folder is not None:
            places["graph"] = settings.embedded_folder
        for of, folder in places.items():
            free = await asyncio.to_thread(free_bytes, folder)
            if free is None:
                with contextlib.suppress(KeyError):
                    self._state.disk_free.remove(of)
            else:
                self._state.disk_free.labels(of).set(free)
        with contextlib.suppress(OSError):
            self._state.dead_letters.set(await services.recorder.put_aside())


class Counted:
    """ASGI middleware: counts requests by the path of their door, as it is written in the code, never as it was asked for."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            with self._metrics.sockets.track_inprogress():
                await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status, streams = time.perf_counter(), 500, False

        async def noted(message: Message) -> None:
            nonlocal status, streams
            if message["type"] == "http.response.start":
                status = message["status"]
                streams = any(
                    name == b"content-type" and value.startswith(b"text/event-stream")
                    for name, value in message.get("headers", ())
                )
            await send(message)

        self._metrics.in_work.inc()
        try:
            await self._app(scope, receive, noted)
        finally:
            self._metrics.in_work.dec()
            took_s = None if streams else time.perf_counter() - began
            self._metrics.answered(route_of(scope), scope["method"], status, took_s)


def route_of(scope: Scope) -> str:
    """The path of the door that a request came to, with the names of its parameters; ``other`` if it came to none."""
    return getattr(scope.get("route"), "path", None) or OTHER


metrics_routes = [Door(PATH, metrics, Action.SEE_FIGURES, without_graph=True)]
