"""``create_app(settings)``: the only place where the parts of the service are put together."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from loopgraph.api.graphql.app import graphql_app
from loopgraph.api.http.batch import PATH as BATCH
from loopgraph.api.http.batch import batch_routes
from loopgraph.api.http.claude_code import agent_hook_routes
from loopgraph.api.http.health import health_routes
from loopgraph.api.http.ingest import ingest_routes
from loopgraph.api.http.limits import BodyLimit
from loopgraph.api.http.otlp import otlp_routes
from loopgraph.api.services import Services
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.computes.privacy.redaction import Redactor
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.loop.evidence import EvidenceReads
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.effects.schema import schema
from loopgraph.effects.traces.analytics import Analytics
from loopgraph.effects.traces.dead_letters import DeadLetters
from loopgraph.effects.traces.search import TraceSearch
from loopgraph.effects.traces.sessions import SessionReads
from loopgraph.effects.traces.writes import Traces
from loopgraph.errors import InvalidInput, SetupError
from loopgraph.orchestrators.archive.housekeeping import Housekeeping
from loopgraph.orchestrators.lineage.traversal import Traversals
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from loopgraph.orchestrators.loop.worker import LoopWorker
from loopgraph.orchestrators.recording.feed import TraceFeed
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.settings import CaptureContent, Settings, default_data_folder

logger = logging.getLogger(__name__)


def build_privacy(settings: Settings) -> Privacy:
    """What decides what is kept of an event. Raises SetupError, naming the setting, for a name or a pattern that cannot work."""
    try:
        redactor = Redactor(settings.redact_names, settings.redact_patterns, settings.redact_emails)
    except InvalidInput as error:
        setting = "LOOPGRAPH_REDACT_NAMES" if error.field.startswith("extra_names") else "LOOPGRAPH_REDACT_PATTERNS"
        raise SetupError(f"{setting}: {error.problem}") from error
    return Privacy(redactor, settings.capture_content, settings.max_field_bytes)


def build_services(settings: Settings, graph: Graph) -> Services:
    """The parts of the service on an open graph."""
    execution_timeout = timedelta(minutes=settings.execution_timeout_minutes)
    reads, traces, search = LineageReads(graph), Traces(graph), TraceSearch(graph)
    feed = TraceFeed(search)
    return Services(
        settings=settings,
        graph=graph,
        lineage=Lineage(graph),
        lineage_reads=reads,
        events=Events(graph),
        traversals=Traversals(reads, settings.max_traversal_nodes),
        traces=traces,
        sessions=SessionReads(graph),
        search=search,
        feed=feed,
        analytics=Analytics(graph),
        recorder=Recorder(
            traces,
            build_privacy(settings),
            DeadLetters(settings.dead_letter_folder or default_data_folder() / "dead-letters"),
            batch_events=settings.ingest_batch_events,
            queue_events=settings.ingest_queue_events,
            queue_bytes=settings.ingest_queue_bytes,
            feed=feed,
        ),
        feedback=FeedbackReads(graph),
        evidence=EvidenceReads(graph),
        loop=FeedbackLoop(graph, execution_timeout),
        worker=LoopWorker(graph, settings.loop_poll_ms, execution_timeout),
        assignments=Assignments(graph),
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
    )


@contextlib.asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """The parts of the service on the graph that the settings name, its schema in place."""
    async with Graph.open(settings) as graph:
        await schema.prepare(graph)
        yield build_services(settings, graph)


def _otlp_grpc(settings: Settings, services: Services) -> contextlib.AbstractAsyncContextManager[None]:
    """OTLP over gRPC, if the settings ask for it. Raises SetupError without the extra that it needs."""
    if settings.otlp_grpc_port is None:
        return contextlib.nullcontext()
    try:
        from loopgraph.api.http.otlp_grpc import otlp_grpc
    except ModuleNotFoundError as error:
        raise SetupError("LOOPGRAPH_OTLP_GRPC_PORT needs an extra: pip install 'loopgraph[grpc]'") from error
    return otlp_grpc(settings, services.recorder)


def create_app(settings: Settings | None = None) -> Starlette:
    """The ASGI application. The graph is opened and closed by its lifespan."""
    settings = settings or Settings()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_services(settings) as services:
            app.state.services = services
            housekeeping = build_housekeeping(services)
            background = [asyncio.create_task(work.run_forever()) for work in (services.worker, housekeeping)]
            gc.freeze()  # what start made stays: a full collection need not look at it again
            logger.info("serving on the graph %s at %s", services.graph.server.agent, services.graph.url)
            if settings.capture_content is CaptureContent.FULL:
                logger.warning("LOOPGRAPH_CAPTURE_CONTENT=full: the content of traces is stored with the secrets in it")
            async with _otlp_grpc(settings, services):
                yield
            await services.recorder.close(settings.ingest_drain_ms / 1000)
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)

    graphql = graphql_app(settings)
    return Starlette(
        routes=[
            *health_routes,
            *ingest_routes,
            *batch_routes,
            *agent_hook_routes,
            *otlp_routes,
            Route("/graphql", graphql, methods=["GET", "POST"]),
            WebSocketRoute("/graphql", graphql),
        ],
        middleware=[Middleware(BodyLimit, maximum=settings.max_body_bytes, others={BATCH: settings.max_batch_bytes})],
        lifespan=lifespan,
    )
