"""Whether a database is ours, which version of the schema it has, and bringing it to the one that this program knows.

An empty database gets the whole schema at once, and all migrations recorded as applied; an older one gets the migrations that
it lacks (``migrations``). A newer one is refused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from loopgraph.assets import query, schema_statements
from loopgraph.contracts.counted import counted
from loopgraph.effects.graph.capabilities import CAPABILITIES
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema.migrations import (
    Migration,
    Progress,
    apply,
    migrations,
    record_applied,
    recorded_migrations,
)
from loopgraph.effects.schema.statements import run_schema
from loopgraph.errors import ForeignData, SetupError
from loopgraph.settings import Migrate

logger = logging.getLogger(__name__)

SCHEMA_VERSION = migrations()[-1].number
"""The number of the newest migration."""

SCHEMA_DIGEST = "e744b25d5acce85e"
"""Of ``cypher/schema/``. A test compares it: whoever changes the schema adds a migration, and then changes this."""

_VERSION = query("system/schema_version")
_ANY_NODE = query("system/any_node")
_FORGET = query("system/forget_schema")
_LOOKS = 5
_PAUSE_S = 0.1


async def recorded_version(graph: Graph) -> int | None:
    """The schema version recorded in the database, None if it was never set up."""
    rows = await graph.read(_VERSION)
    return rows[0]["version"] if rows else None


async def examine(graph: Graph) -> tuple[Migration, ...]:
    """The migrations that the database lacks; an empty one is set up first, and lacks none.

    Raises what ``look`` raises.
    """
    lacking = await look(graph)
    if lacking is None:
        await run_schema(graph, schema_statements(graph.server.engine))
        await record(graph)
        logger.info("schema version %d is in place on %s", SCHEMA_VERSION, graph.server.agent)
    return lacking or ()


async def lay(graph: Graph) -> None:
    """Gives a database that is being filled the whole schema, and no record of it: until ``record`` every program takes it for
    what holds something else. One without anything but the record of a schema loses that."""
    await graph.write(_FORGET)
    await run_schema(graph, schema_statements(graph.server.engine))


async def record(graph: Graph) -> None:
    """Records that a database has the whole schema of this program."""
    await record_applied(graph, migrations(), SCHEMA_VERSION)


async def look(graph: Graph) -> tuple[Migration, ...] | None:
    """The migrations that the database lacks, None if it is empty. Changes nothing.

    Raises ForeignData for a database that holds something else, SetupError for an engine that is too old or a database of a
    newer program.
    """
    server = graph.server
    oldest = CAPABILITIES[server.engine].oldest
    if oldest and server.version and server.version < oldest:
        raise SetupError(f"{server.agent} is too old: {'.'.join(map(str, oldest))} or later is needed")
    version = await _version_of_ours(graph)
    if version is None:
        return None
    if version > SCHEMA_VERSION:
        raise SetupError(
            f"the database has schema version {version}, this program knows {SCHEMA_VERSION}: use a newer loopgraph"
        )
    recorded = {migration.name: migration for migration in await recorded_migrations(graph)}
    if unknown := sorted(recorded.keys() - {migration.name for migration in migrations()}):
        raise SetupError(
            f"the database has had a migration that this program does not know ({unknown[-1]}): use a newer loopgraph"
        )
    return tuple(
        migration
        for migration in migrations()
        if (recorded[migration.name].applied_at is None if migration.name in recorded else migration.number > version)
    )


async def _version_of_ours(graph: Graph) -> int | None:
    """The recorded version; None for an empty database. Raises ForeignData for one that holds something else."""
    for look in range(1, _LOOKS + 1):
        version = await recorded_version(graph)
        rows = await graph.read(_ANY_NODE) if version is None else []
        if not rows:
            return version
        # Another process may be setting the database up, or changing the record of its version: look again.
        if look < _LOOKS:
            await asyncio.sleep(_PAUSE_S)
    labels = ", ".join(rows[0]["labels"]) or "no label"
    other = ("folder", "URL") if graph.is_embedded else ("database", "DATABASE")
    raise ForeignData(
        f"{graph.named} holds other data (a node labelled {labels}), or what a `loopgraph copy` has left that did not end, "
        f"and was left as it is; name an empty {other[0]} with LOOPGRAPH_GRAPH_{other[1]}"
    )


async def upgrade(
    graph: Graph, pending: tuple[Migration, ...], tell: Callable[[Progress], None] = lambda progress: None
) -> None:
    """Applies migrations in order, as ``examine`` gave them. Resumable and idempotent; ``tell`` is told how far it is."""
    if not pending:
        return
    first = pending[0].number
    await record_applied(graph, [known for known in migrations() if known.number < first], first - 1)
    for position, migration in enumerate(pending, start=1):

        def told(rows: int, name: str = migration.name, position: int = position) -> None:
            tell(Progress(name, position, len(pending), rows))

        told(0)
        rows = await apply(graph, migration, told)
        logger.info("migration %s is applied: %d rows written", migration.name, rows)


async def prepare(graph: Graph, migrate: Migrate = Migrate.AUTO) -> None:
    """Brings an empty or older database of ours to ``SCHEMA_VERSION``; idempotent.

    Raises ForeignData for a database that holds something else, SetupError for an engine or a schema that does not fit, and
    for an older database where migrations wait for ``loopgraph migrate``.
    """
    pending = await examine(graph)
    check_allowed(pending, migrate)
    await upgrade(graph, pending)


def check_allowed(pending: tuple[Migration, ...], migrate: Migrate) -> None:
    """Raises SetupError where migrations are pending that only ``loopgraph migrate`` may apply."""
    if pending and migrate is Migrate.MANUAL:
        names = ", ".join(migration.name for migration in pending)
        raise SetupError(
            f"the database is of an older loopgraph and lacks {counted(len(pending), 'migration')} ({names}): "
            "run `loopgraph migrate`, or set LOOPGRAPH_MIGRATE=auto"
        )
