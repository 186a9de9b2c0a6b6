"""The doors of the service, and what stands before them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from loopgraph.api.graphql.app import graphql_routes
from loopgraph.api.graphql.ids import own_id
from loopgraph.api.graphql.pace import Pace
from loopgraph.api.graphql.schema import build_schema
from loopgraph.api.http.batch import batch_routes
from loopgraph.api.http.console import console_routes
from loopgraph.api.http.exports import export_routes
from loopgraph.api.http.health import health_routes
from loopgraph.api.http.hooks.agent_hooks import agent_hook_routes
from loopgraph.api.http.ingest import ingest_routes
from loopgraph.api.http.metrics import Counted, metrics_routes
from loopgraph.api.http.otel.otlp import otlp_routes
from loopgraph.api.http.pattern_stream import pattern_stream_routes
from loopgraph.api.http.renderings import rendering_routes
from loopgraph.api.http.serving.gate import Gate, allowed_origins
from loopgraph.api.http.serving.limits import BodyLimit, Room
from loopgraph.api.http.serving.prefix import Prefix
from loopgraph.api.http.serving.request_log import RequestLog
from loopgraph.api.http.serving.upgrading import UntilUpgraded
from loopgraph.api.http.sessions import session_routes
from loopgraph.api.mcp.door import mcp_routes
from loopgraph.api.metrics import Metrics
from loopgraph.api.openapi.door import openapi_routes
from loopgraph.api.rest.doors import rest_routes
from loopgraph.settings import Settings


class Doors(NamedTuple):
    """What an application has of them."""

    routes: Sequence[BaseRoute]
    middleware: Sequence[Middleware]


def doors(settings: Settings, pace: Pace, room: Room, metrics: Metrics, traced: Sequence[Middleware] = ()) -> Doors:
    """All doors, by the settings; bodies that wait at them share the room, and requests are counted in ``metrics``. ``traced``
    makes spans of them."""
    schema = build_schema(settings)
    event_routes = [*ingest_routes, *batch_routes, *agent_hook_routes, *otlp_routes]
    return Doors(
        routes=[
            *health_routes,
            *metrics_routes,
            *event_routes,
            *rendering_routes,
            *pattern_stream_routes(own_id),
            *rest_routes(schema, pace),
            *export_routes,
            *openapi_routes,
            *graphql_routes(schema, settings, pace),
            *mcp_routes(schema, pace),
            *session_routes,
            *console_routes(settings),
        ],
        middleware=[
            *([Middleware(Prefix, root_path=settings.root_path)] if settings.root_path else []),
            Middleware(Counted, metrics=metrics.http),
            *traced,
            *([Middleware(RequestLog)] if settings.log_requests else []),
            Middleware(Gate, settings=settings),
            Middleware(
                CORSMiddleware,
                allow_origins=allowed_origins(settings),
                allow_methods=["GET", "POST"],
                allow_headers=["*"],
                expose_headers=[
                    "X-Correlation-ID",
                    "Retry-After",
                    "ETag",
                    "Content-Disposition",
                    "X-Loopgraph-Truncated",
                    "X-Loopgraph-Pending",
                ],
            ),
            Middleware(UntilUpgraded),
            Middleware(
                BodyLimit,
                maximum=settings.max_body_bytes,
                others=dict.fromkeys([route.path for route in event_routes], settings.max_batch_bytes),
                patience_s=settings.client_timeout_ms / 1000,
                room=room,
            ),
        ],
    )
