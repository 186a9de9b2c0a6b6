"""What waits in the graph, of all processes on it: for whoever watches the service."""

from __future__ import annotations

from typing import Final

from loopgraph.assets import query
from loopgraph.contracts.loop.feedback import ImprovementStatus, RunStatus
from loopgraph.effects.graph.client import Graph

_BACKLOGS = query("system/backlogs")

KINDS: Final = ("counting", "learning", "runs", "review")

MOST: Final = 100_000
"""So many of each are counted: more is only known to be that much."""


class Backlogs:
    """Counts what waits, by one statement that reads a bounded number of nodes."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def waiting(self) -> dict[str, int]:
        """How much waits to be counted (``counting``) and learned from (``learning``), how many feedback runs are open (``runs``)
        and how many improvements wait for a person (``review``)."""
        rows = await self._graph.read(
            _BACKLOGS,
            most=MOST,
            open=[status for status in RunStatus if status.open],
            for_review=[status for status in ImprovementStatus if status.for_review],
        )
        found = dict.fromkeys(KINDS, 0)
        for row in rows:
            found[row["of"]] += row["waiting"]
        return found
