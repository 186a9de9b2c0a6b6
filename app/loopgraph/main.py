"""``create_app(settings)``: the only place where the parts of the service are put together."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import sys
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware

from loopgraph.api.access.cookies import Cookies
from loopgraph.api.access.hosts import public_origin
from loopgraph.api.errors import nowhere
from loopgraph.api.graphql.pace import Pace
from loopgraph.api.http.metrics import Looks
from loopgraph.api.http.serving.limits import Room
from loopgraph.api.metrics import Metrics
from loopgraph.api.services import Services
from loopgraph.building import build_follower, build_housekeeping, build_learner, build_services, build_traffic
from loopgraph.checking import check_settings
from loopgraph.computes.pricing.price_list import load
from loopgraph.configured import success_criteria
from loopgraph.effects.engine.embedded import EmbeddedEngine
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.memory import Collector
from loopgraph.effects.schema import schema
from loopgraph.effects.schema.rehearsal import rehearse_beside
from loopgraph.effects.schema.upgrade import Upgrade
from loopgraph.orchestrators.learning.settling import Settling
from loopgraph.orchestrators.live.keeping import ChangeKeeping
from loopgraph.settings import CaptureContent, Settings, unknown_settings

if TYPE_CHECKING:
    from loopgraph.effects.telemetry.telling import Telling
    from loopgraph.orchestrators.broker.traffic import Traffic

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def open_services(settings: Settings, *, create: bool = True) -> AsyncIterator[Services]:
    """The parts of the service on the graph that the settings name, its schema in place. ``create``: see ``Graph.open``."""
    async with Graph.open(settings, create=create) as graph:
        await schema.prepare(graph, settings.migrate)
        yield build_services(settings, graph)


def _otlp_grpc(settings: Settings, services: Services, room: Room) -> contextlib.AbstractAsyncContextManager[None]:
    """The door for OTLP over gRPC, if the settings ask for it."""
    if settings.otlp_grpc_port is None:
        return contextlib.nullcontext()
    from loopgraph.api.http.otel.otlp_grpc import otlp_grpc  # it needs an extra

    return otlp_grpc(settings, services.recorder, room, services.callers, services.rate_limits)


@contextlib.asynccontextmanager
async def _working(
    settings: Settings, services: Services, pace: Pace, room: Room, traffic: Traffic | None
) -> AsyncIterator[None]:
    """What works beside the doors, until the end of the block; then what waits is recorded."""
    housekeeping, garbage = build_housekeeping(services), Collector(pace.idle)
    keeping = ChangeKeeping(services.graph, timedelta(minutes=settings.live_keep_minutes))
    workers = (
        services.worker,
        services.watcher,
        services.schedules,
        services.use_linker,
        services.rolling,
        services.auditing,
        services.prompt_search,
        housekeeping,
        keeping,
        garbage,
    )
    background = [asyncio.create_task(work.run_forever()) for work in workers]
    if settings.learning:
        settling = Settling(services.graph, success_criteria(settings).judge)
        background += [
            asyncio.create_task(work.run_forever()) for work in (build_learner(services), settling, services.upkeep)
        ]
    if settings.watch:
        background.append(asyncio.create_task(build_follower(services).run_forever()))
    background += [asyncio.create_task(rehearse_beside(settings)), asyncio.create_task(_load_prices())]
    sys.setswitchinterval(0.001)  # a thread that reckons leaves the event loop its turns sooner
    gc.freeze()  # what start made stays: a full collection need not look at it again
    logger.info("serving on the graph %s at %s", services.graph.server.agent, services.graph.url)
    if settings.capture_content is CaptureContent.FULL:
        logger.warning("LOOPGRAPH_CAPTURE_CONTENT=full: the content of traces is stored with the secrets in it")
    if traffic is not None:
        traffic.start()
    async with _otlp_grpc(settings, services, room):
        yield
    await services.recorder.close(settings.ingest_drain_ms / 1000)
    if traffic is not None:
        await traffic.close(settings.ingest_drain_ms / 1000)
    await _end(background)


async def _load_prices() -> None:
    """Loads the list of prices, which no start need wait for: the first call of a model finds it there."""
    await asyncio.to_thread(load)
    gc.freeze()  # it stays, too


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _telling(settings: Settings, metrics: Metrics) -> tuple[Telling | None, list[Middleware]]:
    """What tells of the service by OpenTelemetry, with the middleware for it, if the settings ask for it."""
    if not settings.otel_url:
        return None, []
    from loopgraph.api.http.serving.traced import Traced
    from loopgraph.effects.telemetry.telling import Telling  # it needs an extra

    telling = Telling(settings, metrics.registry.collect)
    metrics.tell(telling.spans)
    return telling, [Middleware(Traced, spans=telling.spans, instance=telling.instance)]


def create_app(settings: Settings | None = None, engine: EmbeddedEngine | None = None) -> Starlette:
    """The ASGI application. The graph is opened and closed by its lifespan, with ``engine`` if it is given.

    Raises SetupError for settings that cannot be, among them to listen beyond loopback where nobody is told apart. Without
    ``settings`` they are those of the environment, and what may be misspelt there is logged.
    """
    from loopgraph.api.doors import doors  # commands that serve nothing need not wait for all types of GraphQL

    if settings is None:
        settings = Settings()
        for sentence in unknown_settings(os.environ):
            logger.warning("%s", sentence)
    check_settings(settings)  # what is wrong is told before the graph is opened
    pace, metrics = Pace(), Metrics()
    telling, traced = _telling(settings, metrics)
    room = Room(settings.max_bodies_bytes)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with (
            Graph.open(settings, engine=engine, metrics=metrics.graph) as graph,
            contextlib.AsyncExitStack() as running,
        ):
            lacking = await schema.examine(graph)
            schema.check_allowed(lacking, settings.migrate)
            services = app.state.services = build_services(settings, graph, metrics)
            app.state.looks = Looks(metrics)
            traffic = app.state.traffic = build_traffic(services)
            app.state.cookies = Cookies(public_origin(settings), settings.root_path)
            upgrade = app.state.upgrade = Upgrade(graph, lacking)
            ending = set[asyncio.Task[None]]()

            def begin_to_end() -> None:
                services.tail.end()
                if traffic is not None:
                    traffic.take_no_more()
                ending.add(asyncio.create_task(services.recorder.close(settings.ingest_drain_ms / 1000)))

            app.state.begin_to_end = begin_to_end

            if telling is not None:
                looks = app.state.looks

                async def look() -> None:
                    await looks.look(services, upgrading=upgrade.pending)

                running.push_async_callback(telling.close)
                sending = asyncio.create_task(telling.send_metrics_forever(look))
                running.push_async_callback(_end, [sending])

            async def begin() -> None:
                await running.enter_async_context(_working(settings, services, pace, room, traffic))

            if upgrade.pending:  # the doors say so meanwhile
                upgrading = asyncio.create_task(upgrade.run(begin))
                running.push_async_callback(_end, [upgrading])
            else:
                await begin()
            yield

    routes, middleware = doors(settings, pace, room, metrics, traced)
    app = Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={404: nowhere, 405: nowhere},
        lifespan=lifespan,
    )
    app.state.metrics = metrics  # known before there are services
    return app
