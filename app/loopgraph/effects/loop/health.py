"""Reads what became of the runs of a time."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from loopgraph.assets import query
from loopgraph.contracts.loop.feedback import RunStatus
from loopgraph.contracts.loop.health import Fate
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop import mapping

_COUNT_RUNS = query("feedback/count_runs")
_DECISIONS = query("feedback/decisions_of_period")

MOST_RUNS: Final = 20_000
"""The decisions of so many runs are read: the newest."""


class HealthReads:
    """Reads runs and decisions of a time, of all patterns or of one."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def runs(self, since: datetime, until: datetime, pattern_id: str | None) -> dict[RunStatus, int]:
        """How many runs began in ``[since, until)``, by their status now."""
        rows = await self._graph.read(_COUNT_RUNS, **_asked(since, until, pattern_id))
        return {RunStatus(row["status"]): row["runs"] for row in rows}

    async def fates(self, since: datetime, until: datetime, pattern_id: str | None) -> list[Fate]:
        """The decisions on what these runs proposed, of the newest ``MOST_RUNS`` of them."""
        rows = await self._graph.read(_DECISIONS, **_asked(since, until, pattern_id), limit=MOST_RUNS)
        return [Fate(mapping.decision(row["decision"]), row["taken_back"] if row["applied"] else None) for row in rows]


def _asked(since: datetime, until: datetime, pattern_id: str | None) -> dict[str, str | None]:
    return {"above": time_key(since, ""), "before": time_key(until, ""), "pattern_id": pattern_id}
