"""Traversals of histories in the graph, against networkx on the same histories in memory."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import networkx as nx
import pytest

from loopgraph.computes.lineage.algorithms import leaves, roots
from loopgraph.contracts.lineage.changes import ImportedVersion, NewPattern, NewVersion, ParentLink
from loopgraph.contracts.lineage.patterns import (
    ANCESTRY,
    Direction,
    EdgeStrength,
    LineageEdge,
    LineageGraph,
    PathMetric,
    PatternStatus,
    RelationshipType,
    TraversalFilter,
)
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.imports import LineageImport
from loopgraph.errors import InvalidInput, NotFound
from support.lineage import DERIVED, EVERY_TYPE, Room, parents
from support.quick import first_quick

VERSIONS = 40
Wanted = Callable[[LineageEdge], bool]


@dataclass(frozen=True)
class History:
    """A random history: versions of three patterns, with edges of all types, some of them closed since."""

    room: Room
    ids: list[str]
    patterns: dict[str, list[str]]
    statuses: dict[str, PatternStatus]
    edges: list[LineageEdge]
    instants: list[datetime]
    """Before everything, in the middle of it, between the closing of edges, and after everything."""

    def networkx(self, types: Collection[RelationshipType], as_of: datetime) -> nx.MultiDiGraph:
        graph = nx.MultiDiGraph()
        graph.add_nodes_from(self.ids)
        for edge in self.edges:
            if edge.relationship_type in types and edge.open_at(as_of):
                ends = (edge.source_node_id, edge.target_node_id)
                graph.add_edge(*ends, edge.edge_id, cost=-math.log(edge.weight))
        return graph


@pytest.fixture(scope="module", params=first_quick([1, 2, 3]), ids="seed {}".format)
async def history(request: pytest.FixtureRequest, graph: Graph) -> History:
    chance, room = random.Random(request.param), Room.on(graph)
    begin = now() - timedelta(days=VERSIONS)
    ids = [new_id() for _ in range(VERSIONS)]
    patterns = [NewPattern(pattern_id=new_id(), name="random") for _ in range(3)]
    members: dict[str, list[str]] = {str(pattern.pattern_id): [] for pattern in patterns}
    statuses, imported = {}, []
    for number, node_id in enumerate(ids):
        pattern = chance.choice(patterns)
        members[str(pattern.pattern_id)].append(node_id)
        earlier = chance.sample(ids[:number], min(number, chance.choice([0, 1, 1, 2, 3])))
        links = tuple(
            ParentLink(
                node_id=parent,
                relationship_type=chance.choice(list(RelationshipType)),
                edge_strength=chance.choice(list(EdgeStrength)),
                similarity_score=chance.choice([None, 0.25, 1.0]),
            )
            for parent in earlier
        )
        statuses[node_id] = chance.choice([PatternStatus.DRAFT, PatternStatus.ACTIVE])
        version = NewVersion(
            node_id=node_id,
            parents=links,
            activate=statuses[node_id] is PatternStatus.ACTIVE,
            created_at=begin + number * timedelta(days=1),
        )
        imported.append(ImportedVersion(pattern=pattern, version=version))
    await LineageImport(graph).add(imported, room.origin)
    instants = [begin - timedelta(days=1), begin + timedelta(days=VERSIONS / 2), now()]
    for edge in chance.sample(await room.reads.edges(ids, Direction.ANCESTORS, EVERY_TYPE), 6):
        await room.lineage.disconnect(edge.edge_id, "a test", room.origin)
        instants.append(now())
    edges = await room.reads.edges(ids, Direction.ANCESTORS, EVERY_TYPE)
    return History(room, ids, members, statuses, edges, instants)


def steps(edges: Iterable[LineageEdge]) -> set[tuple[str, str, str]]:
    return {(edge.source_node_id, edge.target_node_id, edge.edge_id) for edge in edges}


def check(
    found: LineageGraph, graph: nx.MultiDiGraph, depths: dict[str, int], shown: Collection[str], reachable: int
) -> None:
    """The answer is breadth-first, its nodes are those of ``depths`` that are shown, and its edges those between them; it says
    whether more are ``reachable``."""
    assert {node.version.node_id: node.depth for node in found.nodes} == {n: d for n, d in depths.items() if n in shown}
    assert [node.depth for node in found.nodes] == sorted(node.depth for node in found.nodes)
    among = graph.subgraph([node.version.node_id for node in found.nodes])
    assert steps(found.edges) == set(among.edges(keys=True))
    assert len(found.edges) == among.number_of_edges()
    for node in found.nodes:
        id_ = node.version.node_id
        assert (node.in_degree, node.out_degree) == (among.in_degree(id_), among.out_degree(id_))
    assert found.reached == len(depths)
    assert found.truncated == (reachable > len(depths))


@pytest.mark.slow
class TestAgreesWithNetworkx:
    @pytest.mark.parametrize("max_depth", [None, 1, 2, 5])
    @pytest.mark.parametrize("direction", Direction)
    @pytest.mark.parametrize("types", [ANCESTRY, EVERY_TYPE, {DERIVED, RelationshipType.MERGED_INTO}])
    async def test_ancestors_and_descendants(
        self, history: History, direction: Direction, types: frozenset[RelationshipType], max_depth: int | None
    ) -> None:
        filter = TraversalFilter(direction=direction, relationship_types=frozenset(types), max_depth=max_depth)
        found = await history.room.traversals.traverse(history.ids, filter)
        graph = history.networkx(types, now())
        along = graph.reverse() if direction is Direction.ANCESTORS else graph
        assert list(found) == history.ids
        for start, answer in found.items():
            assert answer.start_ids == (start,)
            depths = nx.single_source_shortest_path_length(along, start, cutoff=max_depth)
            check(answer, graph, depths, history.ids, len(nx.descendants(along, start)) + 1)

    @pytest.mark.parametrize("direction", Direction)
    async def test_as_of_past_instants(self, history: History, direction: Direction) -> None:
        for as_of in history.instants:
            filter = TraversalFilter(direction=direction, as_of=as_of)
            found = await history.room.traversals.traverse(history.ids, filter)
            graph = history.networkx(ANCESTRY, as_of)
            along = graph.reverse() if direction is Direction.ANCESTORS else graph
            for start, answer in found.items():
                depths = nx.single_source_shortest_path_length(along, start)
                check(answer, graph, depths, history.ids, len(depths))

    async def test_versions_of_other_statuses_are_walked_through(self, history: History) -> None:
        for status in (PatternStatus.DRAFT, PatternStatus.ACTIVE):
            filter = TraversalFilter(statuses=frozenset({status}))
            found = await history.room.traversals.traverse(history.ids, filter)
            graph = history.networkx(ANCESTRY, now())
            shown = [node_id for node_id in history.ids if history.statuses[node_id] is status]
            for start, answer in found.items():
                depths = nx.single_source_shortest_path_length(graph.reverse(), start)
                check(answer, graph, depths, shown, len(depths))

    @pytest.mark.parametrize("max_nodes", [1, 2, 5, 12])
    @pytest.mark.parametrize("direction", Direction)
    async def test_a_limit_keeps_the_nearest(self, history: History, direction: Direction, max_nodes: int) -> None:
        filter = TraversalFilter(direction=direction)
        whole = await history.room.traversals.traverse(history.ids, filter)
        found = await history.room.traversals.traverse(history.ids, filter, max_nodes)
        for start in history.ids:
            kept = [node.version.node_id for node in found[start].nodes]
            assert kept == [node.version.node_id for node in whole[start].nodes][:max_nodes]
            assert found[start].truncated == (whole[start].reached > max_nodes)
            assert found[start].reached == len(kept)
            among = history.networkx(ANCESTRY, now()).subgraph(kept)
            assert steps(found[start].edges) == set(among.edges(keys=True))

    @pytest.mark.parametrize("metric", PathMetric)
    async def test_paths(self, history: History, metric: PathMetric) -> None:
        chance = random.Random(7)
        pairs = [sorted(chance.sample(range(VERSIONS), 2)) for _ in range(20)]
        for as_of in (None, history.instants[2]):
            graph = history.networkx(ANCESTRY, as_of or now())
            weight = "cost" if metric is PathMetric.WEIGHT else None
            for earlier, later in pairs:
                source, target = history.ids[earlier], history.ids[later]
                found = await history.room.traversals.path(source, target, metric, as_of=as_of)
                if not nx.has_path(graph, source, target):
                    assert found is None
                    continue
                assert found is not None
                assert found.cost == pytest.approx(nx.shortest_path_length(graph, source, target, weight=weight))
                ids = [version.node_id for version in found.versions]
                assert (ids[0], ids[-1]) == (source, target)
                assert [(edge.source_node_id, edge.target_node_id) for edge in found.edges] == list(pairwise(ids))
                assert steps(found.edges) <= set(graph.edges(keys=True))

    async def test_common_ancestors(self, history: History) -> None:
        chance, graph = random.Random(7), history.networkx(ANCESTRY, now())
        for count in [2] * 10 + [3] * 5:
            ids = chance.sample(history.ids, count)
            found = await history.room.traversals.common_ancestors(ids)
            common = set.intersection(*(nx.ancestors(graph, node_id) | {node_id} for node_id in ids))
            assert {version.node_id for version in found.all} == common
            lowest = {node_id for node_id in common if not nx.descendants(graph, node_id) & common}
            assert {version.node_id for version in found.nearest} == lowest

    async def test_roots_and_leaves(self, history: History) -> None:
        graph = history.networkx(ANCESTRY, now())
        found = await history.room.traversals.traverse(history.ids, TraversalFilter())
        for start, answer in found.items():
            ids = [node.version.node_id for node in answer.nodes]
            assert set(roots(ids, answer.edges)) == {node_id for node_id in ids if graph.in_degree(node_id) == 0}
            assert leaves(ids, answer.edges) == (start,)

    @pytest.mark.parametrize("max_depth", [None, 1])
    async def test_the_lineage_of_a_pattern(self, history: History, max_depth: int | None) -> None:
        graph = history.networkx(ANCESTRY, now())
        for pattern_id, own in history.patterns.items():
            filter = TraversalFilter(max_depth=max_depth)
            found = await history.room.traversals.pattern_lineage(pattern_id, filter)
            assert found.start_ids == tuple(own)
            depths: dict[str, int] = {}
            for along in (graph, graph.reverse()):
                reached = nx.multi_source_dijkstra_path_length(along, set(own), cutoff=max_depth, weight=None)
                for node_id, depth in reached.items():
                    depths[node_id] = min(depth, depths.get(node_id, depth))
            assert {node.version.node_id: node.depth for node in found.nodes} == depths
            assert [node.depth for node in found.nodes] == sorted(depths.values())
            assert steps(found.edges) == set(graph.subgraph(depths).edges(keys=True))
            every = set(own).union(*(nx.ancestors(graph, one) | nx.descendants(graph, one) for one in own))
            assert found.truncated == (len(every) > len(depths))


class TestRefusals:
    async def test_unknown_versions_and_patterns(self, graph: Graph) -> None:
        room = Room.on(graph)
        [known] = await room.versions(1)
        assert list(await room.traversals.traverse(["nobody", known], TraversalFilter())) == [known]
        for attempt in (
            room.traversals.path("nobody", known, PathMetric.HOPS),
            room.traversals.path(known, "nobody", PathMetric.WEIGHT),
            room.traversals.common_ancestors([known, "nobody"]),
        ):
            with pytest.raises(NotFound, match="no PatternVersion has the id 'nobody'"):
                await attempt
        with pytest.raises(NotFound, match="no Pattern has the id 'nothing'"):
            await room.traversals.pattern_lineage("nothing", TraversalFilter())

    async def test_common_ancestors_are_of_two_or_more(self, graph: Graph) -> None:
        room = Room.on(graph)
        [known] = await room.versions(1)
        with pytest.raises(InvalidInput, match="nodeIds: name at least two different versions"):
            await room.traversals.common_ancestors([known, known])

    @pytest.mark.parametrize("wanted", [0, -1, 20_001])
    async def test_a_limit_is_within_the_services_own(self, graph: Graph, wanted: int) -> None:
        with pytest.raises(InvalidInput, match=f"maxNodes: must be between 1 and 20000, not {wanted}"):
            await Room.on(graph).traversals.traverse([], TraversalFilter(), wanted)

    @pytest.mark.parametrize("metric", PathMetric)
    async def test_the_path_from_a_version_to_itself_is_empty(self, graph: Graph, metric: PathMetric) -> None:
        room = Room.on(graph)
        [known] = await room.versions(1)
        found = await room.traversals.path(known, known, metric)
        assert found is not None
        assert ([version.node_id for version in found.versions], found.edges, found.cost) == ([known], (), 0.0)

    async def test_the_lineage_of_a_pattern_has_the_edges_that_pass_it_by(self, graph: Graph) -> None:
        room = Room.on(graph)
        before = (await room.pattern()).version.node_id
        middle = await room.pattern(parents=parents([before]))
        after = (await room.pattern(parents=parents([middle.version.node_id, before]))).version.node_id
        found = await room.traversals.pattern_lineage(middle.pattern.pattern_id, TraversalFilter())
        pairs = {(edge.source_node_id, edge.target_node_id) for edge in found.edges}
        own = middle.version.node_id
        assert pairs == {(before, own), (own, after), (before, after)}
        degrees = {node.version.node_id: (node.in_degree, node.out_degree) for node in found.nodes}
        assert degrees == {before: (0, 2), own: (1, 1), after: (2, 0)}
