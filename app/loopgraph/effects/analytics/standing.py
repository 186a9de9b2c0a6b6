"""Reads the patterns that are in force: their texts, and when they were last used."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.analytics.standing import UnusedPattern
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.values import json_value

_TEXTS = query("analytics/current_texts")
_UNUSED = query("analytics/unused_patterns")

MOST_PATTERNS: Final = 2_000
"""So many patterns in force are looked at, the newest."""


class CurrentText(NamedTuple):
    """A pattern in force and the text of its version in use; ``path`` is that of its file, "" without one."""

    pattern_id: str
    pattern_type: str
    text: str
    path: str


class StandingReads:
    """Reads the patterns that are in force."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def texts(self, pattern_type: str | None) -> tuple[list[CurrentText], bool]:
        """The texts of the patterns in force (of a type; None: of all), and whether there are more."""
        rows = await self._graph.read(_TEXTS, pattern_type=pattern_type, limit=MOST_PATTERNS + 1)
        found = []
        for row in rows[:MOST_PATTERNS]:
            path = (json_value(row["metadata"]) or {}).get("path")
            text = row["template_code"] or ""
            found.append(
                CurrentText(row["pattern_id"], row["pattern_type"], text, path if isinstance(path, str) else "")
            )
        return found, len(rows) > MOST_PATTERNS

    async def unused(self, pattern_type: str | None, since: datetime) -> tuple[list[UnusedPattern], bool]:
        """The patterns in force (of a type; None: of all) that were not used since an instant, and whether there may be more."""
        [row] = await self._graph.read(_UNUSED, pattern_type=pattern_type, since=since, limit=MOST_PATTERNS)
        found = [UnusedPattern(pattern_id=id_, last_used_at=last) for id_, last in row["unused"]]
        return found, row["looked_at"] >= MOST_PATTERNS
