"""How the graph is, for people: what ``loopgraph doctor`` prints."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Iterable

from loopgraph.assets import query
from loopgraph.contracts.base import Contract
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from loopgraph.effects.schema.migrations import Migration, migrations
from loopgraph.errors import GraphUnavailable, LoopgraphError
from loopgraph.settings import Migrate, Settings

_COUNTS = query("system/counts")
_LABELS = ("Pattern", "PatternVersion", "LineageEvent", "Trace", "HookExecution", "FeedbackRun", "Decision")
_PINGS = 20


class Diagnosis(Contract):
    """What was found. ``problems`` are plain sentences; empty means healthy. Latency is a median in milliseconds."""

    graph_url: str
    engine: str | None = None
    agent: str | None = None
    version: str | None = None
    schema_version: int | None = None
    migrations: str | None = None
    latency_ms: float | None = None
    counts: dict[str, int] = {}
    problems: tuple[str, ...] = ()

    def lines(self) -> list[tuple[str, str]]:
        """Name and value of each line."""
        known = [
            ("graph", self.graph_url),
            ("engine", self.engine),
            ("agent", self.agent),
            ("version", self.version),
            ("schema", None if self.schema_version is None else f"version {self.schema_version}"),
            ("migrations", self.migrations),
            ("latency", None if self.latency_ms is None else f"{self.latency_ms:.1f} ms"),
            *((label, f"{count:,}") for label, count in self.counts.items()),
        ]
        return [(name, value) for name, value in known if value is not None]


Check = Callable[[Graph], Awaitable[tuple[str, ...]]]
"""Looks at a graph whose schema is in place, and says in sentences what is wrong with it."""


async def diagnose(settings: Settings, *, create: bool = False, checks: Iterable[Check] = ()) -> Diagnosis:
    """Connects and looks, and changes nothing; with ``create`` a database is made, or set up, where there is none yet. ``checks``
    are made where the schema is in place.

    Never raises for what it can put in words.
    """
    found = Diagnosis(graph_url=settings.graph_url)
    try:
        async with Graph.open(settings, create=create) as graph:
            server = graph.server
            found = found.model_copy(
                update={
                    "engine": server.engine.value,
                    "agent": server.agent,
                    "version": ".".join(map(str, server.version)) if server.version else None,
                }
            )
            lacking = await (schema.examine if create else schema.look)(graph)
            if lacking is None:
                return found.model_copy(update={"problems": ("the database is empty: `loopgraph serve` sets it up",)})
            latency_ms = statistics.median([await graph.ping() for _ in range(_PINGS)])
            rows = await graph.read(_COUNTS)
            await graph.health.ready()
            problems = () if lacking else tuple([problem for check in checks for problem in await check(graph)])
            return found.model_copy(
                update={
                    "schema_version": await schema.recorded_version(graph),
                    "migrations": _state(lacking),
                    "problems": (*_pending(lacking, settings), *problems),
                    "latency_ms": latency_ms,
                    "counts": dict.fromkeys(_LABELS, 0) | {row["label"]: row["count"] for row in rows},
                }
            )
    except LoopgraphError as error:
        return found.model_copy(update={"problems": (_advice(error, settings),)})


def _state(lacking: tuple[Migration, ...]) -> str:
    known = len(migrations())
    if not lacking:
        return f"all {known} applied: {migrations()[0].number} to {migrations()[-1].number}"
    return f"{len(lacking)} of {known} pending: {', '.join(migration.name for migration in lacking)}"


def _pending(lacking: tuple[Migration, ...], settings: Settings) -> tuple[str, ...]:
    if not lacking:
        return ()
    also = ", or start the service" if settings.migrate is Migrate.AUTO else ""
    return (f"the database is of an older loopgraph: run `loopgraph migrate`{also} to upgrade it",)


def _advice(error: LoopgraphError, settings: Settings) -> str:
    if isinstance(error, GraphUnavailable) and settings.embedded_folder is None:
        return f"{error} — is a server listening at {settings.graph_url}, and does its TLS fit the scheme?"
    return str(error)
