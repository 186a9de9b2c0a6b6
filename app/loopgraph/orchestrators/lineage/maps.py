"""Maps of the lineage: all versions of the patterns that edges connect, or of all patterns, in outline and with their edges."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.maps import LineageMap, MapFilter, VersionOutline
from loopgraph.contracts.lineage.patterns import Direction, LineageEdge, Pattern, RelationshipType
from loopgraph.effects.clock import now, time_key
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.lineage.outlines import OutlineReads
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.errors import InvalidInput

PAGE = 500
"""So many patterns are looked at with one statement."""

_TYPES = frozenset(RelationshipType)


class Maps:
    """Answers with all there is of a lineage. A map looks at no more than ``max_nodes`` versions, however few it shows."""

    def __init__(self, reads: LineageReads, outlines: OutlineReads, max_nodes: int) -> None:
        self._reads = reads
        self._outlines = outlines
        self._max_nodes = max_nodes

    async def of_family(self, pattern_id: str, filter: MapFilter, max_nodes: int | None = None) -> LineageMap | None:
        """All versions of a pattern and of every pattern that edges connect with it, any way round and over any number of
        others; None if there is no such pattern.

        Where there are too many, those of the nearest patterns. The number of statements grows with how many patterns lie between
        this one and the farthest, not with how many there are. Raises InvalidInput.
        """
        looked, edges = self._looked(filter, max_nodes), dict[str, LineageEdge]()
        known = await self._reads.patterns([pattern_id])
        if not known:
            return None
        waiting = [known[pattern_id]]
        while waiting and not looked.enough:
            found = await self._outlines.newest(looked.at(waiting))
            looked.keep(found)
            ids, ends = [version.node_id for version in found], dict[str, None]()
            for direction in Direction:
                for edge in await self._reads.edges(ids, direction, _TYPES):
                    if edge.open_at(looked.as_of):
                        edges[edge.edge_id] = edge
                        ends |= {edge.source_pattern_id: None, edge.target_pattern_id: None}
            new = [end for end in ends if end not in looked.patterns][: looked.room + 1]
            near = await self._reads.patterns(new) if new else {}
            waiting = [near[end] for end in new if end in near]
        return await made_of(len(looked.wanted), lambda: looked.map(edges.values()))

    async def of_everything(self, filter: MapFilter, max_nodes: int | None = None) -> LineageMap:
        """All versions, those of the newest patterns first. Raises InvalidInput."""
        looked, page = self._looked(filter, max_nodes), Page(first=PAGE)
        while True:
            found = await self._reads.patterns_page(page, pattern_type=filter.pattern_type)
            looked.keep(await self._outlines.newest(looked.at(found.patterns)))
            if not found.has_more or looked.enough:
                break
            last = found.patterns[-1]
            page = Page(first=PAGE, after=time_key(last.created_at, last.pattern_id))
        looked.cut = looked.cut or found.has_more
        ids = [version.node_id for version in looked.shown]
        edges = await self._reads.edges(ids, Direction.DESCENDANTS, _TYPES) if ids else []
        return await made_of(edges, lambda: looked.map(edges))

    def _looked(self, filter: MapFilter, max_nodes: int | None) -> _Looked:
        if max_nodes is not None and not 1 <= max_nodes <= self._max_nodes:
            raise InvalidInput("maxNodes", f"must be between 1 and {self._max_nodes}, not {max_nodes}")
        if filter.since and filter.as_of and filter.since > filter.as_of:
            raise InvalidInput("since", "must not be after `asOf`")
        return _Looked(filter, filter.as_of or now(), self._max_nodes, max_nodes or self._max_nodes)


class _Looked:
    """The patterns and versions that were looked at for a map, at how many more there is ``room`` to look, and which it wants.

    ``cut``: there is more than it looked at.
    """

    def __init__(self, filter: MapFilter, as_of: datetime, room: int, limit: int) -> None:
        self._filter = filter
        self.as_of = as_of
        self.room = room
        self._limit = limit
        self.patterns: dict[str, Pattern] = {}
        self.wanted: list[VersionOutline] = []
        self.cut = False

    @property
    def enough(self) -> bool:
        """Whether nothing more is to be looked at."""
        return self.cut or len(self.wanted) > self._limit

    @property
    def shown(self) -> list[VersionOutline]:
        """The versions of the map."""
        return self.wanted[: self._limit]

    def at(self, patterns: Iterable[Pattern]) -> list[tuple[Pattern, int]]:
        """Some more patterns, and at how many of the newest versions of each there is room to look."""
        taken = []
        for pattern in patterns:
            count = min(pattern.latest_version, self.room)
            self.cut = self.cut or count < pattern.latest_version
            self.room -= count
            self.patterns[pattern.pattern_id] = pattern
            if count:
                taken.append((pattern, count))
        return taken

    def keep(self, found: Iterable[VersionOutline]) -> None:
        """Versions of patterns that were looked at; those that the filter does not want are forgotten."""
        since, type_ = self._filter.since, self._filter.pattern_type
        self.wanted += [
            version
            for version in found
            if version.created_at <= self.as_of
            and (since is None or version.created_at >= since)
            and type_ in (None, self.patterns[version.pattern_id].pattern_type)
        ]

    def map(self, edges: Iterable[LineageEdge]) -> LineageMap:
        """The map, with those of some edges that were valid and are between its versions, in order of creation."""
        shown = self.shown
        ids = {version.node_id for version in shown}
        inside = [
            edge
            for edge in edges
            if edge.source_node_id in ids and edge.target_node_id in ids and edge.open_at(self.as_of)
        ]
        of = dict.fromkeys(version.pattern_id for version in shown)
        return LineageMap(
            patterns=tuple(self.patterns[pattern_id] for pattern_id in of),
            versions=tuple(shown),
            edges=tuple(sorted(inside, key=lambda edge: (edge.created_at, edge.edge_id))),
            truncated=self.cut or len(self.wanted) > self._limit,
        )
