"""In which circumstances executions took place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loopgraph.assets import query
from loopgraph.contracts.loop.proposals import Circumstances
from loopgraph.effects.graph.client import Graph

_CIRCUMSTANCES = query("feedback/circumstances")

_DIMENSIONS: Final = ("agent", "agent_type", "project", "tool", "hook_type", "model")
_CHARACTERS: Final = 500
"""Inputs that begin with the same so many characters and are of the same length are taken for the same."""

_EMPTY: Final = frozenset({"0 ", "2 {}", '2 ""', "4 null"})


class CircumstanceReads:
    """Reads them."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def of_executions(self, execution_ids: Sequence[str]) -> list[Circumstances]:
        """Those of some executions, in one statement; unknown ids are absent."""
        rows = await self._graph.read(_CIRCUMSTANCES, execution_ids=list(execution_ids), characters=_CHARACTERS)
        return [
            Circumstances(
                row["execution_id"],
                {name: row[name] for name in _DIMENSIONS if row[name]},
                next((row[name] for name in ("arguments", "tool_input") if row[name] not in (None, *_EMPTY)), None),
            )
            for row in rows
        ]
