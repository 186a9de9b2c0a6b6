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

from starlette.applications import Starlette

from loopgraph.api.errors import nowhere
from loopgraph.api.graphql.pace import Pace
from loopgraph.api.http.limits import Room
from loopgraph.api.services import Services
from loopgraph.api.startup import check_settings
from loopgraph.computes.definitions.choice import choose
from loopgraph.computes.pricing.own import OwnPrices
from loopgraph.computes.pricing.price_list import PriceList, load
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.computes.success.own import OwnCriteria
from loopgraph.effects.analytics.chains import ChainReads
from loopgraph.effects.analytics.dependents import DependentReads
from loopgraph.effects.analytics.failures import ErrorAnnotations, FailureReads
from loopgraph.effects.analytics.quality import QualityReads
from loopgraph.effects.analytics.standing import StandingReads
from loopgraph.effects.engine.embedded import EmbeddedEngine
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.definitions import DefinitionReads
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.loop.evidence import EvidenceReads
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.effects.memory import Collector
from loopgraph.effects.schema import schema
from loopgraph.effects.schema.rehearsal import rehearse_beside
from loopgraph.effects.schema.upgrade import Upgrade
from loopgraph.effects.traces.analytics import Analytics
from loopgraph.effects.traces.dead_letters import DeadLetters
from loopgraph.effects.traces.reads import TraceReads
from loopgraph.effects.traces.records import RecordReads
from loopgraph.effects.traces.search import TraceSearch
from loopgraph.effects.traces.sessions import SessionReads
from loopgraph.effects.traces.use_figures import UseReads
from loopgraph.effects.traces.writes import TraceWrites
from loopgraph.effects.transcripts.positions import Positions
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.comparing import Comparing
from loopgraph.orchestrators.analytics.overviews import Overviews
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.orchestrators.analytics.trends import Trends
from loopgraph.orchestrators.analytics.views import Views
from loopgraph.orchestrators.archive.housekeeping import Housekeeping
from loopgraph.orchestrators.lineage.traversal import Traversals
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from loopgraph.orchestrators.loop.rendering import Renderings
from loopgraph.orchestrators.loop.worker import LoopWorker
from loopgraph.orchestrators.recording.feed import TraceFeed
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.orchestrators.traces.uses import UseLinker
from loopgraph.orchestrators.transcripts.clients import clients_named
from loopgraph.orchestrators.transcripts.following import TranscriptFollower
from loopgraph.settings import CaptureContent, Settings, default_data_folder, unknown_settings

logger = logging.getLogger(__name__)


def price_list(settings: Settings) -> PriceList:
    """The list of prices. Raises SetupError if one's own are not understood."""
    return PriceList(OwnPrices.read(settings.prices_file) if settings.prices_file else None)


def success_criteria(settings: Settings) -> OwnCriteria:
    """What success is. Raises SetupError if one's own criteria are not understood."""
    return OwnCriteria.read(settings.success_file) if settings.success_file else OwnCriteria()


def build_recorder(
    settings: Settings,
    graph: Graph,
    dead_letters: DeadLetters | None = None,
    feed: TraceFeed | None = None,
    prices: PriceList | None = None,
) -> Recorder:
    """The way of every event into an open graph."""
    return Recorder(
        TraceWrites(graph, prices or price_list(settings), choose),
        Privacy.configured(settings),
        dead_letters,
        batch_events=settings.ingest_batch_events,
        queue_events=settings.ingest_queue_events,
        queue_bytes=settings.ingest_queue_bytes,
        feed=feed,
        health=graph.health,
    )


def build_services(settings: Settings, graph: Graph) -> Services:
    """The parts of the service on an open graph."""
    execution_timeout = timedelta(minutes=settings.execution_timeout_minutes)
    reads, search = LineageReads(graph), TraceSearch(graph)
    feed, prices, assignments = TraceFeed(search), price_list(settings), Assignments(graph)
    judge = success_criteria(settings).judge
    analytics, usage, rolling = Analytics(graph), UsageReads(graph), Rolling(graph, judge, settings.usage_attributes)
    buckets = Buckets(usage, rolling)
    overviews = Overviews(buckets, reads)
    return Services(
        settings=settings,
        graph=graph,
        lineage=Lineage(graph),
        lineage_reads=reads,
        events=Events(graph),
        traversals=Traversals(reads, settings.max_traversal_nodes),
        traces=TraceReads(graph),
        records=RecordReads(graph),
        sessions=SessionReads(graph),
        search=search,
        feed=feed,
        failures=FailureReads(graph),
        error_annotations=ErrorAnnotations(graph),
        dependents=DependentReads(graph),
        chains=ChainReads(graph),
        quality=QualityReads(graph),
        standing=StandingReads(graph),
        analytics=analytics,
        recorder=build_recorder(settings, graph, DeadLetters(settings.dead_letters), feed, prices),
        prices=prices,
        feedback=FeedbackReads(graph),
        evidence=EvidenceReads(graph),
        loop=FeedbackLoop(graph, execution_timeout, judge),
        worker=LoopWorker(graph, settings.loop_poll_ms, execution_timeout, judge),
        assignments=assignments,
        renderings=Renderings(reads, DefinitionReads(graph), assignments),
        use_linker=UseLinker(graph, choose, settings.loop_poll_ms),
        uses=UseReads(graph, judge),
        rolling=rolling,
        buckets=buckets,
        overviews=overviews,
        comparing=Comparing(buckets, reads),
        views=Views(buckets, analytics),
        trends=Trends(buckets, overviews),
    )


def build_housekeeping(services: Services) -> Housekeeping:
    """What keeps the traces of an open graph in order."""
    settings = services.settings
    return Housekeeping(
        services.graph,
        services.feed,
        timeout=timedelta(minutes=settings.trace_timeout_minutes) if settings.trace_timeout_minutes else None,
        retention=timedelta(days=settings.retention_days) if settings.retention_days else None,
        archive=settings.archive_folder or default_data_folder() / "archive",
        prune_every=timedelta(hours=settings.retention_every_hours),
        counted=services.rolling.count_all,
    )


def build_follower(services: Services) -> TranscriptFollower:
    """What follows the transcripts that the settings name. Raises SetupError for a client that there is not."""
    settings = services.settings
    return TranscriptFollower(
        clients_named(settings.watch),
        services.recorder,
        Positions(services.graph),
        quiet_for=timedelta(minutes=settings.trace_timeout_minutes) if settings.trace_timeout_minutes else None,
        line_bytes=settings.max_transcript_line_bytes,
        news=lambda client, news: logger.debug("recorded of %s: %s", client.title, news),
    )


@contextlib.asynccontextmanager
async def open_services(settings: Settings, *, create: bool = True) -> AsyncIterator[Services]:
    """The parts of the service on the graph that the settings name, its schema in place. ``create``: see ``Graph.open``."""
    async with Graph.open(settings, create=create) as graph:
        await schema.prepare(graph, settings.migrate)
        yield build_services(settings, graph)


def _otlp_grpc(settings: Settings, recorder: Recorder, room: Room) -> contextlib.AbstractAsyncContextManager[None]:
    """The door for OTLP over gRPC, if the settings ask for it."""
    if settings.otlp_grpc_port is None:
        return contextlib.nullcontext()
    from loopgraph.api.http.otlp_grpc import otlp_grpc  # it needs an extra

    return otlp_grpc(settings, recorder, room)


@contextlib.asynccontextmanager
async def _working(settings: Settings, services: Services, pace: Pace, room: Room) -> AsyncIterator[None]:
    """What works beside the doors, until the end of the block; then what waits is recorded."""
    housekeeping, garbage = build_housekeeping(services), Collector(pace.idle)
    workers = (services.worker, services.use_linker, services.rolling, housekeeping, garbage)
    background = [asyncio.create_task(work.run_forever()) for work in workers]
    if settings.watch:
        background.append(asyncio.create_task(build_follower(services).run_forever()))
    background += [asyncio.create_task(rehearse_beside(settings)), asyncio.create_task(_load_prices())]
    sys.setswitchinterval(0.001)  # a thread that reckons leaves the event loop its turns sooner
    gc.freeze()  # what start made stays: a full collection need not look at it again
    logger.info("serving on the graph %s at %s", services.graph.server.agent, services.graph.url)
    if settings.capture_content is CaptureContent.FULL:
        logger.warning("LOOPGRAPH_CAPTURE_CONTENT=full: the content of traces is stored with the secrets in it")
    async with _otlp_grpc(settings, services.recorder, room):
        yield
    await services.recorder.close(settings.ingest_drain_ms / 1000)
    await _end(background)


async def _load_prices() -> None:
    """Loads the list of prices, which no start need wait for: the first call of a model finds it there."""
    await asyncio.to_thread(load)
    gc.freeze()  # it stays, too


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


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
    clients_named(settings.watch)
    check_settings(settings)  # what is wrong is told before the graph is opened
    pace = Pace()
    room = Room(settings.max_bodies_bytes)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with Graph.open(settings, engine=engine) as graph, contextlib.AsyncExitStack() as running:
            lacking = await schema.examine(graph)
            schema.check_allowed(lacking, settings.migrate)
            services = app.state.services = build_services(settings, graph)
            upgrade = app.state.upgrade = Upgrade(graph, lacking)

            async def begin() -> None:
                await running.enter_async_context(_working(settings, services, pace, room))

            if upgrade.pending:  # the doors say so meanwhile
                upgrading = asyncio.create_task(upgrade.run(begin))
                running.push_async_callback(_end, [upgrading])
            else:
                await begin()
            yield

    routes, middleware = doors(settings, pace, room)
    return Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={404: nowhere, 405: nowhere},
        lifespan=lifespan,
    )
