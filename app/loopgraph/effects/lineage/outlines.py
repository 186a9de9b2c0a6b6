"""Versions in outline: what it takes to draw many of them. Their texts stay where they are, for these are most of a version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from loopgraph.assets import query
from loopgraph.contracts.lineage.maps import VersionOutline
from loopgraph.contracts.lineage.patterns import Pattern
from loopgraph.contracts.stored import stored
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import CHUNK, made_of

_VERSION_OUTLINES = query("lineage/version_outlines")
_COLUMNS: Final = ("node_id", "pattern_id", "version", "label", "status", "created_at", "usage_count")


class OutlineReads:
    """Reads versions in outline."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def newest(self, wanted: Iterable[tuple[Pattern, int]]) -> list[VersionOutline]:
        """The newest so many versions of each pattern, in the order of these, newest first. One statement."""
        patterns = list(wanted)
        chunks = _chunks(patterns)
        if not chunks:
            return []
        rows = await self._graph.read(_VERSION_OUTLINES, chunks=chunks)
        current = {pattern.pattern_id: pattern.current_node_id for pattern, _ in patterns}
        place = {pattern.pattern_id: place for place, (pattern, _) in enumerate(patterns)}

        def make() -> list[VersionOutline]:
            found = [_outline(values, current) for row in rows for values in row["outlines"]]
            return sorted(found, key=lambda one: (place[one.pattern_id], -one.version))

        return await made_of(sum(len(row["outlines"]) for row in rows), make)


def _outline(values: list[Any], current: dict[str, str | None]) -> VersionOutline:
    held = {name: value for name, value in zip(_COLUMNS, values, strict=True) if value is not None}
    return stored(VersionOutline, {**held, "in_use": current[held["pattern_id"]] == held["node_id"]})


def _chunks(wanted: Iterable[tuple[Pattern, int]]) -> list[list[dict[str, Any]]]:
    """Ranges of numbers, in lists that have at most ``CHUNK`` versions each."""
    chunks: list[list[dict[str, Any]]] = []
    room = 0
    for pattern, count in wanted:
        newest, last = pattern.latest_version, max(1, pattern.latest_version - count + 1)
        while newest >= last:
            if not room:
                chunks.append([])
                room = CHUNK
            oldest = max(last, newest - room + 1)
            chunks[-1].append({"pattern_id": pattern.pattern_id, "newest": newest, "oldest": oldest})
            room -= newest - oldest + 1
            newest = oldest - 1
    return chunks
