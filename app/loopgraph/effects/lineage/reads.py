"""Reads of the lineage: patterns, versions, edges, and the subgraph a traversal needs. All take many ids at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from typing import NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.base import Contract, Page
from loopgraph.contracts.lineage.patterns import Direction, LineageEdge, Pattern, PatternVersion, RelationshipType
from loopgraph.contracts.traces.uses import OBSERVED
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import chunks, made_of
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.lineage import mapping

_PATTERNS_BY_ID = query("lineage/patterns_by_id")
_COUNT_PATTERNS = query("lineage/count_patterns")
_LAST_USES = query("lineage/last_uses")
_PATTERNS_PAGE = query("lineage/patterns_page")
_VERSIONS_IN_LISTS = query("lineage/versions_in_lists")
_VERSIONS_PAGE = query("lineage/versions_page")
_EDGES_BY_ID = query("lineage/edges_by_id")
_ACTIVE_PATHS = query("lineage/active_paths")
_EDGES = {Direction.ANCESTORS: query("lineage/edges_into"), Direction.DESCENDANTS: query("lineage/edges_out_of")}
_REACHED = {
    Direction.ANCESTORS: query("lineage/reached_ancestors"),
    Direction.DESCENDANTS: query("lineage/reached_descendants"),
}

HOPS = 256
"""How far the queries ``reached_*`` look."""

_NARROW = 8
"""From so many versions at most, ``HOPS`` levels are asked for at once; they are searched from each of them."""

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
    """Edges around some versions, and those versions that were read along; ``complete`` is False where a limit cut a search."""

    edges: tuple[LineageEdge, ...]
    complete: bool
    versions: dict[str, PatternVersion]


class LineageReads:
    """Reads patterns, versions and edges."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def patterns(self, pattern_ids: Sequence[str]) -> dict[str, Pattern]:
        """Patterns by id; unknown ids are absent."""
        rows = await self._graph.read(_PATTERNS_BY_ID, pattern_ids=pattern_ids)
        found = (mapping.pattern(row["pattern"], row["current_node_id"]) for row in rows)
        return {pattern.pattern_id: pattern for pattern in found}

    async def count_patterns(self) -> int:
        """How many patterns there are, without those that were only seen, and are out of use since their files are known."""
        rows = await self._graph.read(_COUNT_PATTERNS, observed=OBSERVED)
        return int(rows[0]["patterns"])

    async def last_uses(self, pattern_ids: Sequence[str]) -> dict[str, datetime]:
        """When a version of each pattern was used last; those that never were, and unknown ids, are absent."""
        rows = await self._graph.read(_LAST_USES, pattern_ids=pattern_ids)
        return {row["pattern_id"]: row["last_used_at"] for row in rows}

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
        ids = dict.fromkeys(node_ids)
        if not ids:
            return {}
        rows = await self._graph.read(_VERSIONS_IN_LISTS, chunks=chunks(ids))
        return await made_of(ids, lambda: _versions(rows))

    async def versions_pages(
        self, pattern_ids: Sequence[str], first: int, below: int | None = None
    ) -> dict[str, VersionPage]:
        """The newest ``first`` versions of each pattern whose number is below ``below`` (None: all)."""
        limit = first + 1
        rows = await self._graph.read(
            _VERSIONS_PAGE,
            pattern_ids=list(dict.fromkeys(pattern_ids)),
            below=_LAST_VERSION if below is None else min(below, _LAST_VERSION),
            limit=limit,
        )
        found: dict[str, list[PatternVersion]] = {pattern_id: [] for pattern_id in pattern_ids}
        for version in await made_of(rows, lambda: [mapping.version(row["version"]) for row in rows]):
            found[version.pattern_id].append(version)
        for versions in found.values():
            versions.sort(key=lambda version: version.version, reverse=True)
        return {
            pattern_id: VersionPage(versions=tuple(versions[:first]), has_more=len(versions) > first)
            for pattern_id, versions in found.items()
        }

    async def edges_by_id(self, edge_ids: Sequence[str]) -> dict[str, LineageEdge]:
        """Edges by id, open or closed; unknown ids are absent."""
        rows = await self._graph.read(_EDGES_BY_ID, edge_ids=edge_ids)
        found = (mapping.edge(row["edge"], row["relationship_type"]) for row in rows)
        return {edge.edge_id: edge for edge in found}

    async def edges(
        self, node_ids: Collection[str], direction: Direction, types: Collection[RelationshipType]
    ) -> list[LineageEdge]:
        """The edges into (ANCESTORS) or out of (DESCENDANTS) these versions, open and closed, in order of creation."""
        statement = _EDGES[direction].choose(EDGE_TYPES=[kind.value for kind in types])
        rows = await self._graph.read(statement, chunks=chunks(node_ids))
        return await made_of(_size(rows, "edges"), lambda: _edges(rows))

    async def active_path(
        self, source_id: str, target_id: str, types: Collection[RelationshipType]
    ) -> tuple[str, ...] | None:
        """The versions on a shortest path of edges that are open now, None if there is none."""
        if source_id == target_id:
            return (source_id,)
        statement = _ACTIVE_PATHS.choose(EDGE_TYPES=[kind.value for kind in types])
        rows = await self._graph.read(statement, pairs=[{"source_node_id": source_id, "target_node_id": target_id}])
        return tuple(rows[0]["node_ids"]) if rows else None

    async def edges_along(
        self, node_ids: Sequence[str], types: Collection[RelationshipType]
    ) -> tuple[LineageEdge, ...] | None:
        """The edges that are open now from each version to the next, None where there is no such edge (any more)."""
        found = await self.edges(node_ids[1:], Direction.ANCESTORS, types) if len(node_ids) > 1 else []
        open_now = {
            (edge.source_node_id, edge.target_node_id): edge for edge in reversed(found) if edge.valid_to is None
        }
        steps = tuple(open_now[pair] for pair in pairwise(node_ids) if pair in open_now)
        return steps if len(steps) == len(node_ids) - 1 else None

    async def subgraph(
        self,
        groups: Iterable[Collection[str]],
        direction: Direction,
        types: Collection[RelationshipType],
        *,
        as_of: datetime,
        max_depth: int | None,
        max_nodes: int,
        whole: bool = False,
    ) -> Subgraph:
        """The edges around everything that each group of starts reaches by edges valid at ``as_of``.

        Of a group that reaches more than ``max_nodes`` versions, at least the edges around the nearest so many. Cost is linear
        in the edges reached; the number of statements grows with the depth, not with the number of groups. Where the versions are
        wanted ``whole``, those come with it that the same statements can read.
        """
        walks = [_Walk(group, max_depth, max_nodes) for group in groups]
        edges: dict[str, LineageEdge] = {}
        versions: dict[str, PatternVersion] = {}
        ends: dict[str, list[str]] = {}
        deep = max_depth is None or max_depth > HOPS
        while wanted := set[str]().union(*(walk.advance(ends) for walk in walks)):
            if deep and len(wanted) <= _NARROW:
                near = await self._reached(wanted, direction, types, max_nodes, whole)
                deep = (
                    len(near.node_ids) - len(wanted) < max_nodes
                )  # what is as dense as that is cut within a few levels
                versions |= near.versions
                wanted, found = near.node_ids - ends.keys(), near.edges
            else:
                found = await self.edges(wanted, direction, types)
            ends.update((node_id, []) for node_id in wanted)
            for edge in found:
                edges[edge.edge_id] = edge
                if edge.open_at(as_of):
                    near_end, far_end = edge.source_node_id, edge.target_node_id
                    if direction is Direction.ANCESTORS:
                        near_end, far_end = far_end, near_end
                    ends[near_end].append(far_end)
        return Subgraph(tuple(edges.values()), not any(walk.cut for walk in walks), versions)

    async def _reached(
        self,
        start_ids: Collection[str],
        direction: Direction,
        types: Collection[RelationshipType],
        limit: int,
        whole: bool,
    ) -> _Reached:
        of = "= $node_ids[0]" if len(start_ids) == 1 else "IN $node_ids"
        statement = _REACHED[direction].choose(EDGE_TYPES=[kind.value for kind in types], IS_START=of)
        rows = await self._graph.read(statement, node_ids=list(start_ids), limit=limit, whole=whole)
        node_ids = {node_id for row in rows for node_id in row["node_ids"]}
        many = _size(rows, "edges", "versions")
        return await made_of(many, lambda: _Reached(node_ids, _edges(rows), _versions(rows)))


class _Reached(NamedTuple):
    """Starts and what they reach, and the edges of all of these; their versions, if they were wanted."""

    node_ids: set[str]
    edges: list[LineageEdge]
    versions: dict[str, PatternVersion]


def _size(rows: Iterable[Row], *columns: str) -> int:
    """How many things are in the lists of some columns."""
    return sum(len(row[column]) for row in rows for column in columns)


def _edges(rows: Iterable[Row]) -> list[LineageEdge]:
    """The edges in lists of pairs, in order of creation."""
    found = (mapping.edge(*pair) for row in rows for pair in row["edges"])
    return sorted(found, key=lambda edge: (edge.created_at, edge.edge_id))


def _versions(rows: Iterable[Row]) -> dict[str, PatternVersion]:
    """The versions in lists, by id."""
    found = (mapping.version(properties) for row in rows for properties in row["versions"])
    return {version.node_id: version for version in found}


class _Walk:
    """A breadth-first search over edges that become known bit by bit; it says whose edges it needs to go on."""

    def __init__(self, starts: Collection[str], max_depth: int | None, max_nodes: int) -> None:
        self._depth = dict.fromkeys(starts, 0)
        self._queue = deque(self._depth)
        self._max_depth = max_depth
        self._max_nodes = max_nodes

    @property
    def cut(self) -> bool:
        """Whether more was found than ``max_nodes``."""
        return len(self._depth) > self._max_nodes

    def advance(self, ends: Mapping[str, Sequence[str]]) -> set[str]:
        """Goes as far as the far ``ends`` of known edges lead; returns the versions whose edges it needs. None: it is done.

        It needs those of the last level and of the nearest ``max_nodes`` as well, for the edges between them.
        """
        while self._queue and self._queue[0] in ends and not self.cut:
            node_id = self._queue.popleft()
            depth = self._depth[node_id] + 1
            if self._max_depth is not None and depth > self._max_depth:
                continue
            for end in ends[node_id]:
                if end not in self._depth:
                    self._depth[end] = depth
                    self._queue.append(end)
        needed = islice(self._depth, self._max_nodes) if self.cut else self._queue
        return {node_id for node_id in needed if node_id not in ends}
