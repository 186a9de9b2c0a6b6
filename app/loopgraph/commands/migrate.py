"""``loopgraph migrate``."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.terminal import configure_logging, err, out, plainly
from loopgraph.contracts.counted import counted
from loopgraph.settings import Settings

if TYPE_CHECKING:
    from loopgraph.effects.schema.migrations import RecordedMigration


@plainly
def migrate(
    status: Annotated[bool, typer.Option("--status", help="Only list the migrations; change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a database that an older loopgraph wrote up to date. It can be interrupted, and goes on when it is run again."""
    settings = Settings()
    configure_logging("warning")
    asyncio.run((_status if status else _migrate)(settings, as_json=as_json))


async def _status(settings: Settings, *, as_json: bool) -> None:
    from loopgraph.effects.graph.client import Graph
    from loopgraph.effects.schema.migrations import migrations, recorded_migrations
    from loopgraph.effects.schema.schema import look

    async with Graph.open(settings, create=False) as graph:
        lacking = {migration.name for migration in (await look(graph) or ())}
        recorded = {migration.name: migration for migration in await recorded_migrations(graph)}
    if as_json:
        print_json([_told(one.name, recorded.get(one.name), lacking) for one in migrations()])
        return
    width = max(len(migration.name) for migration in migrations())
    for migration in migrations():
        known = recorded.get(migration.name)
        if known is None:
            state = "pending" if migration.name in lacking else "not needed: the database began later, or is empty"
        elif known.applied_at is None:
            state = f"under way since {known.started_at:%Y-%m-%d %H:%M:%S} UTC, {counted(known.rows, 'row')} written"
        else:
            state = f"applied {known.applied_at:%Y-%m-%d %H:%M:%S} UTC, {counted(known.rows, 'row')} written"
        changed = known is not None and known.digest != migration.digest
        out.print(f"{migration.name:<{width}}  {state}{', of other content' if changed else ''}", markup=False)


def _told(name: str, known: RecordedMigration | None, lacking: Collection[str]) -> dict[str, object]:
    if known is None:
        return {"migration": name, "state": "pending" if name in lacking else "not needed", "rows": 0}
    return {"migration": name, "state": "under way" if known.applied_at is None else "applied", "rows": known.rows}


async def _migrate(settings: Settings, *, as_json: bool) -> None:
    from loopgraph.effects.graph.client import Graph
    from loopgraph.effects.schema.schema import SCHEMA_VERSION, examine, upgrade

    async with Graph.open(settings) as graph:
        lacking = await examine(graph)
        told = err if as_json else out
        await upgrade(graph, lacking, lambda progress: told.print(str(progress), markup=False))
    if as_json:
        print_json({"applied": [migration.name for migration in lacking or ()], "schema_version": SCHEMA_VERSION})
        return
    done = f"{counted(len(lacking), 'migration')} applied" if lacking else "nothing to do"
    out.print(f"{done}; the database has schema version {SCHEMA_VERSION}")
