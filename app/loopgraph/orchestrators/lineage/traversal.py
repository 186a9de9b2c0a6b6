"""Traversals: the effects fetch the edges around the starts, the computes fold them, the effects fetch the versions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

from loopgraph.computes.lineage import algorithms
from loopgraph.contracts.base import Contract
from loopgraph.contracts.lineage.patterns import (
    ANCESTRY,
    Direction,
    LineageEdge,
    LineageGraph,
    LineageNode,
    LineagePath,
    PathMetric,
    PatternVersion,
    RelationshipType,
    TraversalFilter,
)
from loopgraph.effects.clock import now
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.lineage.reads import LineageReads, Subgraph
from loopgraph.errors import InvalidInput, NotFound


class CommonAncestors(Contract):
    """Versions that are ancestors of all the versions asked about (each counts as its own ancestor), nearest first.

    ``nearest`` are those that are no ancestor of another common ancestor, as ``git merge-base --all`` has it.
    """

    all: tuple[PatternVersion, ...]
    nearest: tuple[PatternVersion, ...]


class Traversals:
    """Answers questions about ancestry."""

    def __init__(self, reads: LineageReads, max_nodes: int) -> None:
        self._reads = reads
        self._max_nodes = max_nodes

    def limit(self, wanted: int | None) -> int:
        """The number of nodes a traversal may return. Raises InvalidInput above the service's maximum."""
        if wanted is not None and not 1 <= wanted <= self._max_nodes:
            raise InvalidInput("maxNodes", f"must be between 1 and {self._max_nodes}, not {wanted}")
        return wanted or self._max_nodes

    async def traverse(
        self, start_ids: Sequence[str], filter: TraversalFilter, max_nodes: int | None = None
    ) -> dict[str, LineageGraph]:
        """What each start reaches by itself. The number of statements does not grow with the starts; unknown ones are absent."""
        limit, as_of = self.limit(max_nodes), filter.as_of or now()
        own = {start: [start] for start in start_ids}
        subgraph = await self._reads.subgraph(
            own.values(),
            filter.direction,
            filter.relationship_types,
            as_of=as_of,
            max_depth=filter.max_depth,
            max_nodes=limit,
            whole=True,
        )
        reached = await made_of(subgraph.edges, partial(_reach_each, own, subgraph, filter, as_of, limit))
        wanted = {node_id for answer in reached.values() for node_id in answer.order}
        versions = subgraph.versions | await self._reads.versions(wanted - subgraph.versions.keys())
        return await made_of(
            subgraph.edges,
            lambda: {
                start: _graph((start,), answer, versions, filter)
                for start, answer in reached.items()
                if start in versions
            },
        )

    async def pattern_lineage(
        self, pattern_id: str, filter: TraversalFilter, max_nodes: int | None = None
    ) -> LineageGraph:
        """The lineage of one pattern; see ``pattern_lineages``. Raises NotFound."""
        found = await self.pattern_lineages([pattern_id], filter, max_nodes)
        if pattern_id not in found:
            raise NotFound("Pattern", pattern_id)
        return found[pattern_id]

    async def pattern_lineages(
        self, pattern_ids: Sequence[str], filter: TraversalFilter, max_nodes: int | None = None
    ) -> dict[str, LineageGraph]:
        """Every version of each pattern, their ancestors and their descendants, with the edges among either.

        ``depth`` counts from the pattern's own versions. ``filter.direction`` is not looked at. The number of statements does
        not grow with the patterns; unknown ones are absent.
        """
        limit = self.limit(max_nodes)
        known = list(await self._reads.patterns(pattern_ids))
        pages = await self._reads.versions_pages(known, limit)
        versions = {version.node_id: version for page in pages.values() for version in page.versions}
        own = {id_: [version.node_id for version in reversed(page.versions)] for id_, page in pages.items()}
        more = {id_ for id_, page in pages.items() if page.has_more}
        return await self._around(own, versions, filter, limit, more)

    async def neighbourhood(self, node_id: str, filter: TraversalFilter, max_nodes: int | None = None) -> LineageGraph:
        """One version, its ancestors and its descendants, with the edges among either. ``filter.direction`` is not looked at.

        Raises NotFound, InvalidInput.
        """
        limit = self.limit(max_nodes)
        around = await self._around({node_id: [node_id]}, await self._known([node_id]), filter, limit)
        return around[node_id]

    async def _around(
        self,
        own: Mapping[str, Sequence[str]],
        versions: dict[str, PatternVersion],
        filter: TraversalFilter,
        limit: int,
        more: Collection[str] = (),
    ) -> dict[str, LineageGraph]:
        """What lies around groups of versions that were read, in both directions. Of the groups in ``more`` there are others."""
        as_of = filter.as_of or now()
        reached: dict[str, list[algorithms.Reached]] = {id_: [] for id_ in own}
        for direction in (Direction.ANCESTORS, Direction.DESCENDANTS):
            one_way = filter.model_copy(update={"direction": direction})
            subgraph = await self._reads.subgraph(
                own.values(),
                direction,
                filter.relationship_types,
                as_of=as_of,
                max_depth=filter.max_depth,
                max_nodes=limit,
                whole=True,
            )
            versions |= subgraph.versions
            for id_, answer in (
                await made_of(subgraph.edges, partial(_reach_each, own, subgraph, one_way, as_of, limit))
            ).items():
                reached[id_].append(answer)
        # An ancestor can lead to a descendant past the group itself, by an edge that neither direction meets.
        met = {node_id for both in reached.values() for answer in both for node_id in answer.order}
        edges = await self._reads.edges(met, Direction.ANCESTORS, filter.relationship_types)

        def unite_all() -> dict[str, algorithms.Reached]:
            between = algorithms.Followed(edges, filter.relationship_types, as_of)
            return {
                id_: algorithms.union(
                    *both, between=between.among({node for answer in both for node in answer.order}), max_nodes=limit
                )
                for id_, both in reached.items()
            }

        wholes = await made_of(edges, unite_all)
        wanted = {node_id for whole in wholes.values() for node_id in whole.order}
        versions |= await self._reads.versions(wanted - versions.keys())
        return await made_of(
            edges,
            lambda: {
                id_: _graph(tuple(own[id_]), whole, versions, filter, more=id_ in more) for id_, whole in wholes.items()
            },
        )

    async def path(
        self,
        source_id: str,
        target_id: str,
        metric: PathMetric,
        types: frozenset[RelationshipType] = ANCESTRY,
        as_of: datetime | None = None,
    ) -> LineagePath | None:
        """The best path from an earlier version to a later one, None if there is none.

        Raises NotFound, and InvalidInput where only a search of more versions than the service's maximum could tell: the
        engine finds a path of fewest edges that are open now, others are found among all ancestors of the target.
        """
        if metric is PathMetric.HOPS and as_of is None:
            return await self._open_path(source_id, target_id, types)
        ends = await self._known((source_id, target_id))
        found = await self._path_among_ancestors(source_id, target_id, metric, types, as_of or now())
        if found is None:
            return None
        edges, cost = found
        versions = ends | await self._reads.versions({edge.target_node_id for edge in edges} - ends.keys())
        return _path([source_id, *(edge.target_node_id for edge in edges)], versions, edges, cost)

    async def _open_path(
        self, source_id: str, target_id: str, types: frozenset[RelationshipType]
    ) -> LineagePath | None:
        node_ids = await self._reads.active_path(source_id, target_id, types)
        if node_ids is None:
            await self._known((source_id, target_id))
            return None
        versions, edges = await asyncio.gather(self._known(node_ids), self._reads.edges_along(node_ids, types))
        return None if edges is None else _path(node_ids, versions, edges, float(len(edges)))

    async def _path_among_ancestors(
        self,
        source_id: str,
        target_id: str,
        metric: PathMetric,
        types: frozenset[RelationshipType],
        as_of: datetime,
    ) -> tuple[tuple[LineageEdge, ...], float] | None:
        subgraph = await self._reads.subgraph(
            [[target_id]], Direction.ANCESTORS, types, as_of=as_of, max_depth=None, max_nodes=self._max_nodes
        )
        if not subgraph.complete:
            raise InvalidInput("targetNodeId", f"{target_id} has more than {self._max_nodes} ancestors")
        return algorithms.shortest_path(
            source_id, target_id, subgraph.edges, metric, as_of=as_of, relationship_types=types
        )

    async def common_ancestors(
        self, node_ids: Sequence[str], types: frozenset[RelationshipType] = ANCESTRY
    ) -> CommonAncestors:
        """The common ancestors of two or more versions. Raises NotFound, InvalidInput."""
        if len(set(node_ids)) < 2:
            raise InvalidInput("nodeIds", "name at least two different versions")
        known, as_of = await self._known(node_ids), now()
        filter = TraversalFilter(relationship_types=types)
        subgraph = await self._reads.subgraph(
            [[node_id] for node_id in known],
            Direction.ANCESTORS,
            types,
            as_of=as_of,
            max_depth=None,
            max_nodes=self._max_nodes,
        )
        if not subgraph.complete:
            raise InvalidInput("nodeIds", f"one of these versions has more than {self._max_nodes} ancestors")

        def compare() -> tuple[tuple[str, ...], tuple[str, ...]]:
            own = {node_id: [node_id] for node_id in known}
            reached = list(_reach_each(own, subgraph, filter, as_of, self._max_nodes).values())
            common = algorithms.common_ancestors(*(answer.depth for answer in reached))
            return common, algorithms.nearest_common_ancestors(common, reached[0].edges)

        common, nearest = await made_of(subgraph.edges, compare)
        versions = known | await self._reads.versions(set(common) - known.keys())
        return CommonAncestors(
            all=tuple(versions[node_id] for node_id in common),
            nearest=tuple(versions[node_id] for node_id in nearest),
        )

    async def _known(self, node_ids: Collection[str]) -> dict[str, PatternVersion]:
        versions = await self._reads.versions(node_ids)
        for node_id in node_ids:
            if node_id not in versions:
                raise NotFound("PatternVersion", node_id)
        return versions


def _reach_each(
    starts: Mapping[str, Sequence[str]], subgraph: Subgraph, filter: TraversalFilter, as_of: datetime, max_nodes: int
) -> dict[str, algorithms.Reached]:
    """What each group of starts reaches by itself."""
    followed = algorithms.Followed(subgraph.edges, filter.relationship_types, as_of)
    return {
        id_: algorithms.reach(group, followed, filter, as_of=as_of, max_nodes=max_nodes)
        for id_, group in starts.items()
    }


def _path(
    node_ids: Sequence[str],
    versions: Mapping[str, PatternVersion],
    edges: tuple[LineageEdge, ...],
    cost: float,
) -> LineagePath:
    return LineagePath(versions=tuple(versions[node_id] for node_id in node_ids), edges=edges, cost=cost)


def _graph(
    start_ids: tuple[str, ...],
    reached: algorithms.Reached,
    versions: dict[str, PatternVersion],
    filter: TraversalFilter,
    *,
    more: bool = False,
) -> LineageGraph:
    """The contract of an answer, without the versions whose status is not wanted. ``more`` there is than was reached."""
    shown = [
        node_id for node_id in reached.order if filter.statuses is None or versions[node_id].status in filter.statuses
    ]
    among = set(shown)
    edges = tuple(edge for edge in reached.edges if edge.source_node_id in among and edge.target_node_id in among)
    into = Counter(edge.target_node_id for edge in edges)
    out_of = Counter(edge.source_node_id for edge in edges)
    return LineageGraph(
        start_ids=start_ids,
        nodes=tuple(
            LineageNode(
                version=versions[node_id],
                depth=reached.depth[node_id],
                in_degree=into[node_id],
                out_degree=out_of[node_id],
            )
            for node_id in shown
        ),
        edges=edges,
        reached=len(reached.order),
        truncated=reached.truncated or more,
    )
