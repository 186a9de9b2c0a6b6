"""Takes away what processes told long ago, and writers that nobody uses any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from loopgraph.assets import query
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.telling import change_key
from loopgraph.effects.live.outboxes import held_from
from loopgraph.effects.live.reads import END

_WRITERS = query("changes/writers")
_AGES = query("changes/ages")
_DELETE = query("changes/delete")
_FORGET = query("changes/forget_writer")

SLICE: Final = 500
"""So many changes one transaction takes away."""

FORGOTTEN: Final = timedelta(hours=2)
"""After this time without a change a writer is taken away, at the earliest: its process would have left it long before."""


class ChangePruning:
    """Several processes can do it side by side."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def prune(self, now: datetime, kept: timedelta) -> int:
        """Takes away the changes that are older than ``kept`` and are published, where they are to be; how many there were."""
        pruned, held = 0, await held_from(self._graph, now)
        for row in await self._graph.read(_WRITERS):
            number, floor = row["number"], row["floor"]
            upto = min((positions.get(number, 0) for positions in held), default=END)
            while gone := await self._slice(number, floor, upto, now - kept):
                floor, pruned = floor + len(gone), pruned + len(gone)
                if len(gone) < SLICE:
                    break
            else:
                if row["at"] < (before := now - max(FORGOTTEN, 2 * kept)) and not await self._ages(number, floor, 1):
                    await self._graph.write(_FORGET, number=number, before=before)
        return pruned

    async def _slice(self, number: int, floor: int, upto: int, before: datetime) -> list[str]:
        """Takes away the first changes of a writer, up to a number, that were made before an instant."""
        old: list[str] = []
        latest = before
        for key, at in await self._ages(number, floor, SLICE):
            if at >= before or floor + len(old) >= upto or key != change_key(number, floor + len(old) + 1):
                break
            old.append(key)
            latest = at
        if old:
            await self._graph.write(_DELETE, keys=old, number=number, floor=floor + len(old), at=latest)
        return old

    async def _ages(self, number: int, floor: int, limit: int) -> list[tuple[str, datetime]]:
        above, before = change_key(number, floor), change_key(number, END)
        rows = await self._graph.read(_AGES, above=above, before=before, limit=limit)
        return [(row["key"], row["at"]) for row in rows]
