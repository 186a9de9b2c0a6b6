"""Reads what executions of versions say of their quality."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from loopgraph.assets import query
from loopgraph.contracts.analytics.quality import ReportedQuality
from loopgraph.contracts.base import Principal
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.reads import LAST, reader_of

_REPORTED = query("analytics/reported_quality")

MOST_EXECUTIONS: Final = 10_000
"""So many executions of a version are looked at, the latest."""


class QualityReads:
    """Reads quality scores."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def reported(self, node_ids: Iterable[str], principal: Principal | None) -> dict[str, ReportedQuality]:
        """What the executions of each version say that the principal may see; one statement for each, as in ``dependents``."""
        found = {}
        for node_id in dict.fromkeys(node_ids):
            [row] = await self._graph.read(
                _REPORTED,
                above=f"{node_id}|",
                before=f"{node_id}|{LAST}",
                reader=reader_of(principal),
                limit=MOST_EXECUTIONS,
            )
            found[node_id] = ReportedQuality(row["executions"], row["scored"], row["mean"])
        return found
