"""Backing the embedded engine's graph up, and restoring it: checked as a whole before anything is replaced."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import NamedTuple

from loopgraph.effects.engine import backup
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema.schema import look
from loopgraph.errors import SetupError
from loopgraph.settings import EMBEDDED_SCHEME, Settings


class Restored(NamedTuple):
    """Where the graph is now, and where the one that was there before is, if there was one."""

    folder: Path
    replaced: Path | None


def folder_of(settings: Settings) -> Path:
    """The folder of the embedded engine. Raises SetupError for a server, which has tools of its own for this."""
    if settings.embedded_folder is None:
        raise SetupError(
            f"{settings.graph_url} is a server: use its own tools (neo4j-admin database backup or dump, Memgraph snapshots)"
        )
    return settings.embedded_folder


async def back_up(settings: Settings, target: Path) -> int:
    """Writes a backup of the graph to a new file; its bytes. The service may run meanwhile. Raises SetupError."""
    return await asyncio.to_thread(backup.back_up, folder_of(settings), target, settings)


async def restore(settings: Settings, source: Path, *, replace: bool = False) -> Restored:
    """Puts a backup in the place of the settings' folder. Raises InvalidInput, SetupError or ForeignData, and then nothing has
    changed.

    The backup is unpacked beside it, opened by the engine, and looked at; then the two folders change places in one step. One
    that was killed has left the old graph or the new one, and what it left beside is cleared by the next.
    """
    folder = folder_of(settings)
    await asyncio.to_thread(backup.check_source, source)
    await asyncio.to_thread(backup.check_target, folder, replace=replace)
    staging = folder.with_name(folder.name + ".restoring")
    try:
        await asyncio.to_thread(backup.unpack, source, staging)
        staged = settings.model_copy(update={"graph_url": f"{EMBEDDED_SCHEME}{staging}"})
        async with Graph.open(staged) as graph:
            if await look(graph) is None:
                raise SetupError(f"{source} holds an empty database")
        replaced = await asyncio.to_thread(backup.put_in_place, staging, folder)
    finally:
        await asyncio.to_thread(shutil.rmtree, staging, ignore_errors=True)
    return Restored(folder, replaced)
