"""The query of how the service is."""

from __future__ import annotations

import contextlib

import strawberry

from loopgraph import __version__
from loopgraph.api.graphql.types.common import Info
from loopgraph.errors import LoopgraphError


@strawberry.type(description="How the service that was asked and its graph are now.")
class ServiceHealth:
    version: str = strawberry.field(description="The version of the service.")
    is_ready: bool = strawberry.field(description="Whether the graph answers, and stores what it is given.")
    trouble: str | None = strawberry.field(description="Why it is not ready; null if it is.")
    engine: str = strawberry.field(description="Which kind of graph database: `embedded`, `neo4j` or `memgraph`.")
    engine_agent: str = strawberry.field(description="The name and version by which it calls itself.")
    latency_ms: float | None = strawberry.field(
        description="What the smallest answer of the graph took, in milliseconds; null if it is not ready."
    )
    waiting_events: int = strawberry.field(
        description="So many events were taken in by this process and are not recorded yet."
    )
    dead_letters: int | None = strawberry.field(
        description="So many events could not be recorded and were put aside, by any process that shares the folder of the "
        "letters (`loopgraph letters`); null if that folder cannot be read."
    )


@strawberry.type
class HealthQuery:
    @strawberry.field(description="How the service that is asked and its graph are now.")
    async def service_health(self, info: Info) -> ServiceHealth:
        services = info.context.services
        graph, recorder = services.graph, services.recorder
        latency_ms, trouble = None, None
        try:
            latency_ms = await graph.health.ready()
        except LoopgraphError as error:
            trouble = str(error)
        letters = None
        with contextlib.suppress(OSError):
            letters = await recorder.put_aside()
        return ServiceHealth(
            version=__version__,
            is_ready=trouble is None,
            trouble=trouble,
            engine=graph.server.engine.value,
            engine_agent=graph.server.agent,
            latency_ms=latency_ms,
            waiting_events=recorder.waiting,
            dead_letters=letters,
        )
