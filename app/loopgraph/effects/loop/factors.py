"""Reads what may distinguish executions: agent, model, project, client, tools, tags, and the size of what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loopgraph.assets import query
from loopgraph.contracts.loop.distinctions import Circumstances, Factor
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row

_CIRCUMSTANCES = query("distinctions/circumstances")

_MOST: Final = 50
"""So many tools of one trace are told."""


class FactorReads:
    """Reads circumstances. Who asks has read the executions, and so may see them."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def of_executions(self, execution_ids: Sequence[str]) -> dict[str, Circumstances]:
        """The circumstances of some executions, in one statement; those that are gone are absent."""
        rows = await self._graph.read(_CIRCUMSTANCES, execution_ids=list(execution_ids), most=_MOST)
        return {row["execution_id"]: _circumstances(row) for row in rows}


def _circumstances(row: Row) -> Circumstances:
    levels = {
        Factor.AGENT: [row["agent"]],
        Factor.MODEL: row["models"],
        Factor.PROJECT: [row["project"]],
        Factor.CLIENT: [row["client"]],
        Factor.TOOL: row["tools"],
        Factor.TAG: row["tags"] or [],
    }
    known = {factor: frozenset(name for name in names if name) for factor, names in levels.items()}
    return Circumstances(row["unit"], known, row["size"])
