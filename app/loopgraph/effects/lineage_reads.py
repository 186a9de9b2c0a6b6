"""Reads of the lineage: patterns, versions, edges, and the subgraph a traversal needs. All take many ids at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from loopgraph.assets import query
from loopgraph.contracts.base import Contract, Page
from loopgraph.contracts.lineage import Direction, LineageEdge, Pattern, PatternVersion, RelationshipType
from loopgraph.effects import mapping
from loopgraph.effects.graph import Graph

_PATTERNS_BY_ID = query("lineage/patterns_by_id")
_PATTERNS_PAGE = query("lineage/patterns_page")
_VERSIONS_BY_ID = query("lineage/versions_by_id")
_VERSIONS_PAGE = query("lineage/versions_page")
_EDGE_BY_ID = query("lineage/edge_by_id")
_EDGES = {Direction.ANCESTORS: query("lineage/edges_into"), Direction.DESCENDANTS: query("lineage/edges_out_of")}
_REACHED = {
    Direction.ANCESTORS: query("lineage/reached_ancestors"),
    Direction.DESCENDANTS: query("lineage/reached_descendants"),
}

LEVELS = 16
"""So many levels are asked for one by one, which stops where a filter or a depth stops; deeper sets are fetched whole."""

_LAST_KEY = "~"
_LAST_VERSION = 2**31


class PatternPage(Contract):
    """Patterns with their time keys, newest first, and whether more follow."""

    patterns: tuple[Pattern, ...]
    has_more: bool


class VersionPage(Contract):
    """Versions of one pattern, newest first, and whether more follow."""

    versions: tuple[PatternVersion, ...]
    has_more: bool


@dataclass(frozen=True)
class Subgraph:
    """Edges around some versions; ``complete`` is False where a limit cut the search."""

    edges: tuple[LineageEdge, ...]
    complete: bool


class LineageReads:
    """Reads patterns, versions and edges."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def patterns(self, pattern_ids: Sequence[str]) -> dict[str, Pattern]:
        """Patterns by id; unknown ids are absent."""
        rows = await self._graph.read(_PATTERNS_BY_ID, pattern_ids=pattern_ids)
        found = (mapping.pattern(row["pattern"], row["current_node_id"]) for row in rows)
        return {pattern.pattern_id: pattern for pattern in found}

    async def patterns_page(
        self, page: Page, *, pattern_type: str | None = None, tag: str | None = None, name_contains: str | None = None
    ) -> PatternPage:
        """One page of patterns, newest first. ``page.after`` is the time key of the last pattern seen."""
        rows = await self._graph.read(
            _PATTERNS_PAGE,
            before=page.after or _LAST_KEY,
            pattern_type=pattern_type,
            tag=tag,
            name_contains=name_contains,
            limit=page.first + 1,
        )
        patterns = tuple(mapping.pattern(row["pattern"], row["current_node_id"]) for row in rows)
        return PatternPage(patterns=patterns[: page.first], has_more=len(patterns) > page.first)

    async def versions(self, node_ids: Iterable[str]) -> dict[str, PatternVersion]:
        """Versions by id; unknown ids are absent."""
        rows = await self._graph.read(_VERSIONS_BY_ID, node_ids=list(dict.fromkeys(node_ids)))
        return {found.node_id: found for found in (mapping.version(row["version"]) for row in rows)}

    async def versions_pages(
        self, pattern_ids: Sequence[str], first: int, below: int | None = None
    ) -> dict[str, VersionPage]:
        """The newest ``first`` versions of each pattern whose number is below ``below`` (None: all)."""
        limit = first + 1
        rows = await self._graph.read(
            _VERSIONS_PAGE, pattern_ids=pattern_ids, below=below or _LAST_VERSION, limit=limit
        )
        found: dict[str, list[PatternVersion]] = {pattern_id: [] for pattern_id in pattern_ids}
        for row in rows:
            found[row["pattern_id"]].append(mapping.version(row["version"]))
        return {
            pattern_id: VersionPage(versions=tuple(versions[:first]), has_more=len(versions) > first)
            for pattern_id, versions in found.items()
        }

    async def edge(self, edge_id: str) -> LineageEdge | None:
        """An edge by its id, open or closed."""
        rows = await self._graph.read(_EDGE_BY_ID, edge_id=edge_id)
        return mapping.edge(rows[0]["edge"], rows[0]["relationship_type"]) if rows else None

    async def edges(
        self, node_ids: Collection[str], direction: Direction, types: Collection[RelationshipType]
    ) -> list[LineageEdge]:
        """The edges into (ANCESTORS) or out of (DESCENDANTS) these versions, open and closed, in order of creation."""
        statement = _EDGES[direction].choose(EDGE_TYPES=[kind.value for kind in types])
        rows = await self._graph.read(statement, node_ids=list(node_ids))
        found = [mapping.edge(row["edge"], row["relationship_type"]) for row in rows]
        return sorted(found, key=lambda edge: (edge.created_at, edge.edge_id))

    async def subgraph(
        self,
        start_ids: Collection[str],
        direction: Direction,
        types: Collection[RelationshipType],
        *,
        as_of: datetime,
        max_depth: int | None,
        max_nodes: int,
    ) -> Subgraph:
        """The edges of everything reachable, or of at least the ``max_nodes`` nearest versions.

        Cost is linear in the edges reached. Within ``LEVELS`` levels only edges valid at ``as_of`` are followed; beyond, all.
        """
        edges: dict[str, LineageEdge] = {}
        seen, frontier, depth = set(start_ids), set(start_ids), 0
        while frontier and len(seen) <= max_nodes and depth != max_depth:
            if depth >= LEVELS and (max_depth is None or max_depth > LEVELS):
                rest = await self._reached(frontier, direction, types, max_nodes + 1)
                if len(rest) <= max_nodes:
                    found = await self.edges(frontier | rest, direction, types)
                    edges.update((edge.edge_id, edge) for edge in found)
                    return Subgraph(tuple(edges.values()), complete=len(seen | rest) <= max_nodes)
            found = await self.edges(frontier, direction, types)
            edges.update((edge.edge_id, edge) for edge in found)
            ends = {_far_end(edge, direction) for edge in found if edge.open_at(as_of)}
            frontier = ends - seen
            seen |= ends
            depth += 1
        return Subgraph(tuple(edges.values()), complete=len(seen) <= max_nodes)

    async def _reached(
        self, start_ids: Collection[str], direction: Direction, types: Collection[RelationshipType], limit: int
    ) -> set[str]:
        statement = _REACHED[direction].choose(EDGE_TYPES=[kind.value for kind in types])
        rows = await self._graph.read(statement, node_ids=list(start_ids), limit=limit)
        return {row["node_id"] for row in rows}


def _far_end(edge: LineageEdge, direction: Direction) -> str:
    return edge.source_node_id if direction is Direction.ANCESTORS else edge.target_node_id
