"""How far each file of transcripts has been read: in the graph, beside what was recorded of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from loopgraph.assets import query
from loopgraph.contracts.stored import stored
from loopgraph.contracts.traces.transcripts import Position
from loopgraph.effects.graph.client import Graph

_POSITIONS = query("transcripts/positions_by_id")
_SAVE = query("transcripts/save_positions")


class Positions:
    """Reads and keeps positions."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def by_id(self, file_ids: Iterable[str]) -> dict[str, Position]:
        """The positions of files that have been read before, by their ids."""
        rows = await self._graph.read(_POSITIONS, file_ids=list(file_ids))
        known = (stored(Position, row["position"]) for row in rows)
        return {position.file_id: position for position in known}

    async def save(self, positions: Sequence[Position]) -> None:
        """Keeps how far files have been read; all before is recorded."""
        await self._graph.write(_SAVE, rows=[position.model_dump() for position in positions])
