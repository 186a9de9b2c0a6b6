"""The doors of the service, and what stands before them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from loopgraph.api.graphql.app import graphql_routes
from loopgraph.api.graphql.pace import Pace
from loopgraph.api.http.agent_hooks import agent_hook_routes
from loopgraph.api.http.batch import batch_routes
from loopgraph.api.http.gate import Gate, allowed_origins
from loopgraph.api.http.health import health_routes
from loopgraph.api.http.ingest import ingest_routes
from loopgraph.api.http.limits import BodyLimit, Room
from loopgraph.api.http.otlp import otlp_routes
from loopgraph.api.http.renderings import rendering_routes
from loopgraph.api.http.upgrading import UntilUpgraded
from loopgraph.settings import Settings


class Doors(NamedTuple):
    """What an application has of them."""

    routes: Sequence[BaseRoute]
    middleware: Sequence[Middleware]


def doors(settings: Settings, pace: Pace, room: Room) -> Doors:
    """All doors, by the settings; bodies that wait at them share the room."""
    event_routes = [*ingest_routes, *batch_routes, *agent_hook_routes, *otlp_routes]
    return Doors(
        routes=[*health_routes, *event_routes, *rendering_routes, *graphql_routes(settings, pace)],
        middleware=[
            Middleware(Gate, settings=settings),
            Middleware(
                CORSMiddleware,
                allow_origins=allowed_origins(settings),
                allow_methods=["GET", "POST"],
                allow_headers=["*"],
                expose_headers=["X-Correlation-ID", "Retry-After"],
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
