"""Reads who used a pattern lately, and what of the loop goes on over it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from loopgraph.assets import query
from loopgraph.contracts.analytics.dependents import RecentUses, UseGroup
from loopgraph.contracts.base import Principal
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.reads import LAST, reader_of

_USED_VERSIONS = query("analytics/used_versions")
_RECENT_USES = query("analytics/recent_uses")
_OPEN = query("analytics/open_experiments")

MOST_VERSIONS: Final = 100
MOST_USES: Final = 50_000
"""Of so many versions so many uses each are looked at, the latest."""


class DependentReads:
    """Reads who depends on a pattern."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def recent_uses(self, pattern_id: str, since: datetime, principal: Principal | None) -> RecentUses:
        """The uses of the versions of a pattern that began at ``since`` or later and are over, those that the principal may see.

        One statement for each version that was used since then: a range over a key that comes from a row uses no index.
        """
        rows = await self._graph.read(_USED_VERSIONS, pattern_id=pattern_id, since=since, limit=MOST_VERSIONS + 1)
        found, whole = list[UseGroup](), len(rows) <= MOST_VERSIONS
        for row in rows[:MOST_VERSIONS]:
            node_id = row["node_id"]
            uses = await self._graph.read(
                _RECENT_USES,
                above=f"{node_id}|{time_key(since, '')}",
                before=f"{node_id}|{LAST}",
                reader=reader_of(principal),
                limit=MOST_USES,
            )
            groups = [UseGroup(node_id=node_id, **each) for each in uses]
            whole = whole and sum(group.uses for group in groups) < MOST_USES
            found += groups
        return RecentUses(found, whole)

    async def going_on(self, pattern_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The ids of the experiments and of the runs over a pattern that go on."""
        rows = await self._graph.read(_OPEN, pattern_id=pattern_id)
        experiments = sorted(row["key"] for row in rows if row["kind"] == "experiment")
        runs = sorted(row["key"] for row in rows if row["kind"] == "run")
        return tuple(experiments), tuple(runs)
