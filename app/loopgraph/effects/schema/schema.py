"""Constraints and indexes, applied once per version and engine, and the check that a database is ours."""

from __future__ import annotations

import logging

from loopgraph.assets import query, schema_statements
from loopgraph.effects.clock import now
from loopgraph.effects.graph.capabilities import CAPABILITIES
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import ForeignData, SetupError

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 2


async def recorded_version(graph: Graph) -> int | None:
    """The schema version recorded in the database, None if it was never set up."""
    rows = await graph.read(query("system/schema_version"))
    return rows[0]["version"] if rows else None


async def prepare(graph: Graph) -> None:
    """Brings an empty or older database of ours to ``SCHEMA_VERSION``; idempotent.

    Raises ForeignData for a database that holds something else, SetupError for an engine or a schema that does not fit.
    """
    server = graph.server
    oldest = CAPABILITIES[server.engine].oldest
    if oldest and server.version and server.version < oldest:
        raise SetupError(f"{server.agent} is too old: {'.'.join(map(str, oldest))} or later is needed")
    recorded = await recorded_version(graph)
    if recorded == SCHEMA_VERSION:
        return
    if recorded is not None and recorded > SCHEMA_VERSION:
        raise SetupError(
            f"the database has schema version {recorded}, this program knows {SCHEMA_VERSION}: use a newer loopgraph"
        )
    if recorded is None and (rows := await graph.read(query("system/any_node"))):
        labels = ", ".join(rows[0]["labels"]) or "no label"
        raise ForeignData(
            f"the database at {graph.url} holds other data (a node labelled {labels}) and was left as it is; "
            "name an empty database with LOOPGRAPH_GRAPH_DATABASE"
        )
    for statement in schema_statements(server.engine):
        await graph.run_alone(statement)
    await graph.write(
        query("system/record_schema_version"), version=SCHEMA_VERSION, engine=server.engine.value, now=now()
    )
    logger.info("schema version %d is in place on %s", SCHEMA_VERSION, server.agent)
