"""Reads the patterns that are in force: their texts, and when they were last used."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.analytics.quality import KeptForm
from loopgraph.contracts.analytics.standing import UnusedPattern
from loopgraph.contracts.traces.uses import OBSERVED, stands_for_itself
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.values import json_value

_TEXTS = query("analytics/current_texts")
_FORMS = query("analytics/current_forms")
_UNUSED = query("analytics/unused_patterns")

MOST_PATTERNS: Final = 2_000
"""So many patterns in force are looked at, the newest."""

MOST_FORMS: Final = 10_000
"""The same where no text is read."""


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
        """The texts of the patterns in force (of a type; None: of all), without those that were only seen where more is known of
        another of their name, and whether there are more."""
        rows = await self._graph.read(_TEXTS, pattern_type=pattern_type, observed=OBSERVED, limit=MOST_PATTERNS + 1)
        looked_at = rows[:MOST_PATTERNS]
        known = {(row["pattern_type"], row["name"]) for row in looked_at if not row["observed"]}
        found = []
        for row in looked_at:
            if not stands_for_itself(row["pattern_type"], row["name"], row["observed"], known):
                continue
            path = (json_value(row["metadata"]) or {}).get("path")
            text = row["template_code"] or ""
            found.append(
                CurrentText(row["pattern_id"], row["pattern_type"], text, path if isinstance(path, str) else "")
            )
        return found, len(rows) > MOST_PATTERNS

    async def forms(self, pattern_type: str | None) -> tuple[list[KeptForm], bool]:
        """The forms of the texts of the newest ``MOST_FORMS`` patterns in force (of a type; None: of all), without those that
        were only seen where more is known of another of their name, and whether there are more, in one statement."""
        rows = await self._graph.read(_FORMS, pattern_type=pattern_type, observed=OBSERVED, limit=MOST_FORMS + 1)
        looked_at = rows[:MOST_FORMS]
        known = {(row["pattern_type"], row["name"]) for row in looked_at if not row["observed"]}
        found = [
            KeptForm(row["pattern_id"], row["node_id"], row["text_form"])
            for row in looked_at
            if stands_for_itself(row["pattern_type"], row["name"], row["observed"], known)
        ]
        return found, len(rows) > MOST_FORMS

    async def unused(self, pattern_type: str | None, since: datetime) -> tuple[list[UnusedPattern], bool]:
        """The patterns in force (of a type; None: of all) that were not used since an instant, without those that were only seen
        where more is known of another of their name, and whether there may be more."""
        [row] = await self._graph.read(_UNUSED, pattern_type=pattern_type, observed=OBSERVED, limit=MOST_PATTERNS)
        known = {(kind, name) for _, kind, name, observed, _ in row["patterns"] if not observed}
        found = [
            UnusedPattern(pattern_id=id_, last_used_at=last)
            for id_, kind, name, observed, last in row["patterns"]
            if (last is None or last < since) and stands_for_itself(kind, name, observed, known)
        ]
        return found, len(row["patterns"]) >= MOST_PATTERNS
