"""Traversals: examples, limits, sizes that punish path enumeration, and agreement with networkx on random graphs."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.lineage.algorithms import (
    Followed,
    Reached,
    common_ancestors,
    leaves,
    nearest_common_ancestors,
    reach,
    roots,
    shortest_path,
    union,
)
from loopgraph.contracts.lineage.patterns import (
    Direction,
    EdgeStrength,
    LineageEdge,
    PathMetric,
    RelationshipType,
    TraversalFilter,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
EVERY_TYPE = frozenset(RelationshipType)


def edge(source: str, target: str, kind: RelationshipType = RelationshipType.DERIVED_FROM, **more: Any) -> LineageEdge:
    """An edge that has been open for ten days."""
    given = {
        "edge_id": f"{source}:{target}:{kind.value}",
        "source_node_id": source,
        "target_node_id": target,
        "source_pattern_id": "p",
        "target_pattern_id": "p",
        "relationship_type": kind,
        "created_at": NOW - 10 * DAY,
        "created_by": "test",
        "valid_from": NOW - 10 * DAY,
    }
    return LineageEdge(**{**given, **more})


def chain(text: str, **more: Any) -> list[LineageEdge]:
    """``chain("a b c")`` are the edges a→b and b→c."""
    names = text.split()
    return [edge(source, target, **more) for source, target in itertools.pairwise(names)]


def ancestors(node: str, edges: Sequence[LineageEdge], *, max_nodes: int = 100_000, **wanted: Any) -> Reached:
    return reach([node], edges, TraversalFilter(**wanted), as_of=NOW, max_nodes=max_nodes)


def descendants(node: str, edges: Sequence[LineageEdge], *, max_nodes: int = 100_000, **wanted: Any) -> Reached:
    wanted = {"direction": Direction.DESCENDANTS, **wanted}
    return reach([node], edges, TraversalFilter(**wanted), as_of=NOW, max_nodes=max_nodes)


DIAMOND = [edge("a", "b"), edge("a", "c"), edge("b", "d"), edge("c", "d"), edge("d", "e")]


class TestReach:
    def test_ancestors_are_breadth_first_with_depths_edges_and_degrees(self) -> None:
        found = ancestors("e", DIAMOND)
        assert found.order == ("e", "d", "b", "c", "a")
        assert found.depth == {"e": 0, "d": 1, "b": 2, "c": 2, "a": 3}
        assert found.edges == tuple(DIAMOND)
        assert found.in_degree == {"a": 0, "b": 1, "c": 1, "d": 2, "e": 1}
        assert found.out_degree == {"a": 2, "b": 1, "c": 1, "d": 1, "e": 0}
        assert not found.truncated

    def test_descendants_go_along_the_edges(self) -> None:
        found = descendants("b", DIAMOND)
        assert found.order == ("b", "d", "e")
        assert [step.edge_id for step in found.edges] == ["b:d:DERIVED_FROM", "d:e:DERIVED_FROM"]

    def test_several_starts_share_one_breadth_first_order(self) -> None:
        found = reach(["c", "b", "c"], DIAMOND, TraversalFilter(), as_of=NOW, max_nodes=10)
        assert found.order == ("c", "b", "a")
        assert found.depth == {"c": 0, "b": 0, "a": 1}

    def test_a_version_without_edges_reaches_itself(self) -> None:
        found = ancestors("alone", DIAMOND)
        assert (found.order, found.edges, found.truncated) == (("alone",), (), False)
        assert (found.in_degree, found.out_degree) == ({"alone": 0}, {"alone": 0})

    @pytest.mark.parametrize(("max_depth", "truncated"), [(1, True), (2, True), (3, False), (4, False)])
    def test_what_lies_beyond_the_depth_makes_it_truncated(self, max_depth: int, truncated: bool) -> None:
        found = ancestors("e", DIAMOND, max_depth=max_depth)
        assert max(found.depth.values()) == min(max_depth, 3)
        assert found.truncated == truncated

    def test_edges_at_the_last_depth_that_lead_back_do_not(self) -> None:
        assert not ancestors("d", [*DIAMOND, edge("b", "c"), edge("c", "b")][2:], max_depth=1).truncated

    def test_edges_between_versions_at_the_last_depth_belong_to_the_answer(self) -> None:
        found = ancestors("d", [*DIAMOND, edge("b", "c")], max_depth=1)
        assert {step.edge_id for step in found.edges} >= {"b:c:DERIVED_FROM"}

    @pytest.mark.parametrize(
        ("max_nodes", "order", "truncated"),
        [(5, ("e", "d", "b", "c", "a"), False), (4, ("e", "d", "b", "c"), True), (1, ("e",), True)],
    )
    def test_the_nearest_are_kept_and_the_rest_is_called_truncated(
        self, max_nodes: int, order: tuple[str, ...], truncated: bool
    ) -> None:
        found = ancestors("e", DIAMOND, max_nodes=max_nodes)
        assert (found.order, found.truncated) == (order, truncated)
        assert all(step.source_node_id in order and step.target_node_id in order for step in found.edges)

    def test_more_starts_than_nodes_is_truncated(self) -> None:
        found = reach(["a", "b", "c"], DIAMOND, TraversalFilter(), as_of=NOW, max_nodes=2)
        assert (found.order, found.truncated) == (("a", "b"), True)

    def test_only_the_wanted_types_are_followed_and_counted(self) -> None:
        edges = [
            edge("a", "b"),
            edge("a", "b", RelationshipType.RELATED_TO),
            edge("x", "b", RelationshipType.RELATED_TO),
        ]
        assert ancestors("b", edges).order == ("b", "a")
        assert ancestors("b", edges).in_degree["b"] == 1
        assert ancestors("b", edges, relationship_types=EVERY_TYPE).order == ("b", "a", "x")
        assert ancestors("b", edges, relationship_types=EVERY_TYPE).in_degree["b"] == 3

    def test_as_of_decides_which_edges_are_open(self) -> None:
        edges = [edge("a", "b", valid_from=NOW - 3 * DAY, valid_to=NOW - DAY), edge("c", "b", valid_from=NOW - 2 * DAY)]

        def order(as_of: datetime) -> tuple[str, ...]:
            return reach(["b"], edges, TraversalFilter(), as_of=as_of, max_nodes=10).order

        assert order(NOW - 4 * DAY) == ("b",)
        assert order(NOW - 3 * DAY) == ("b", "a")
        assert order(NOW - 2 * DAY) == ("b", "a", "c")
        assert order(NOW - DAY) == ("b", "c")

    def test_an_edge_handed_over_twice_counts_once(self) -> None:
        found = ancestors("e", DIAMOND + DIAMOND)
        assert found == ancestors("e", DIAMOND)

    def test_a_cycle_of_related_versions_ends(self) -> None:
        ring = chain("a b c a", kind=RelationshipType.RELATED_TO)
        assert ancestors("a", ring, relationship_types=EVERY_TYPE).depth == {"a": 0, "c": 1, "b": 2}


class TestUnion:
    def test_ancestors_and_descendants_of_one_version(self) -> None:
        whole = union(ancestors("b", DIAMOND), descendants("b", DIAMOND), max_nodes=10)
        assert whole.order == ("b", "a", "d", "e")
        assert whole.depth == {"b": 0, "a": 1, "d": 1, "e": 2}
        assert [step.edge_id for step in whole.edges] == ["a:b:DERIVED_FROM", "b:d:DERIVED_FROM", "d:e:DERIVED_FROM"]
        assert whole.in_degree == {"b": 1, "a": 0, "d": 1, "e": 1}
        assert whole.out_degree == {"b": 1, "a": 1, "d": 1, "e": 0}
        assert not whole.truncated

    def test_each_version_is_at_its_least_depth_and_the_nearest_are_kept(self) -> None:
        ring = chain("a b c d a", kind=RelationshipType.RELATED_TO)
        both = (call("a", ring, relationship_types=EVERY_TYPE) for call in (ancestors, descendants))
        whole = union(*both, max_nodes=3)
        assert whole.depth == {"a": 0, "d": 1, "b": 1}
        assert {step.edge_id for step in whole.edges} == {"a:b:RELATED_TO", "d:a:RELATED_TO"}
        assert whole.truncated

    def test_it_is_truncated_if_one_of_them_was(self) -> None:
        assert union(ancestors("b", DIAMOND), descendants("b", DIAMOND, max_nodes=2), max_nodes=10).truncated


class TestShortestPath:
    def path(self, source: str, target: str, edges: Sequence[LineageEdge], metric: PathMetric) -> Any:
        return shortest_path(source, target, edges, metric, as_of=NOW)

    def nodes(self, steps: Sequence[LineageEdge]) -> list[str]:
        return [step.target_node_id for step in steps]

    def test_hops_and_weight_may_disagree(self) -> None:
        strong = chain("a b c d", edge_strength=EdgeStrength.CRITICAL)
        weak = edge("a", "d", edge_strength=EdgeStrength.WEAK)
        steps, cost = self.path("a", "d", [weak, *strong], PathMetric.HOPS)
        assert (steps, cost) == ((weak,), 1.0)
        steps, cost = self.path("a", "d", [weak, *strong], PathMetric.WEIGHT)
        assert (steps, cost) == (tuple(strong), 0.0)

    def test_the_cost_is_minus_the_logarithm_of_the_product(self) -> None:
        edges = [edge("a", "b", similarity_score=0.75, confidence_score=0.25), edge("b", "c", similarity_score=0.75)]
        _, cost = self.path("a", "c", edges, PathMetric.WEIGHT)
        assert cost == pytest.approx(-math.log(0.5 * 0.625))

    def test_equal_costs_go_to_fewer_hops_and_then_to_the_first_given(self) -> None:
        free = {"edge_strength": EdgeStrength.CRITICAL}
        long, short = chain("a x y d", **free), chain("a b d", **free)
        other = chain("a c d", **free)
        assert self.path("a", "d", [*long, *short, *other], PathMetric.WEIGHT)[0] == tuple(short)
        assert self.path("a", "d", [*long, *other, *short], PathMetric.WEIGHT)[0] == tuple(other)
        assert self.path("a", "d", [*long, *other, *short], PathMetric.HOPS)[0] == tuple(other)

    def test_of_parallel_edges_the_strongest_is_taken(self) -> None:
        weak = edge("a", "b", edge_strength=EdgeStrength.WEAK)
        strong = edge("a", "b", RelationshipType.REFINED_FROM, edge_strength=EdgeStrength.STRONG)
        assert self.path("a", "b", [weak, strong], PathMetric.WEIGHT)[0] == (strong,)

    @pytest.mark.parametrize("metric", PathMetric)
    def test_to_itself_it_is_empty_and_against_the_edges_there_is_none(self, metric: PathMetric) -> None:
        assert self.path("a", "a", DIAMOND, metric) == ((), 0.0)
        assert self.path("unknown", "unknown", DIAMOND, metric) == ((), 0.0)
        assert self.path("e", "a", DIAMOND, metric) is None
        assert self.path("a", "unknown", DIAMOND, metric) is None

    @pytest.mark.parametrize("metric", PathMetric)
    def test_closed_edges_and_other_types_are_no_way(self, metric: PathMetric) -> None:
        closed = edge("a", "b", valid_to=NOW)
        related = edge("a", "b", RelationshipType.RELATED_TO)
        assert self.path("a", "b", [closed, related], metric) is None
        found = shortest_path("a", "b", [closed], metric, as_of=NOW - DAY)
        assert found is not None
        found = shortest_path("a", "b", [related], metric, as_of=NOW, relationship_types=EVERY_TYPE)
        assert found is not None
        assert found[0] == (related,)


class TestCommonAncestors:
    def test_nearest_first(self) -> None:
        edges = [*chain("root a b"), *chain("a c")]
        depths = [ancestors(node, edges).depth for node in ("b", "c")]
        assert common_ancestors(*depths) == ("a", "root")

    def test_a_version_is_its_own_ancestor(self) -> None:
        edges = chain("a b c")
        common = common_ancestors(ancestors("b", edges).depth, ancestors("c", edges).depth)
        assert common == ("b", "a")
        assert nearest_common_ancestors(common, edges) == ("b",)

    def test_a_criss_cross_merge_has_two(self) -> None:
        edges = [edge("r", "a"), edge("r", "b"), *(edge(old, new) for new in ("x", "y") for old in ("a", "b"))]
        common = common_ancestors(ancestors("x", edges).depth, ancestors("y", edges).depth)
        assert common == ("a", "b", "r")
        assert nearest_common_ancestors(common, edges) == ("a", "b")

    def test_strangers_have_none(self) -> None:
        edges = [*chain("a b"), *chain("c d")]
        common = common_ancestors(ancestors("b", edges).depth, ancestors("d", edges).depth)
        assert common == ()
        assert nearest_common_ancestors(common, edges) == ()

    def test_three_versions_and_none(self) -> None:
        edges = [*chain("r a b"), *chain("a c"), *chain("r d")]
        common = common_ancestors(*(ancestors(node, edges).depth for node in "bcd"))
        assert common == ("r",)
        assert common_ancestors() == ()


class TestRootsAndLeaves:
    def test_of_a_whole_lineage(self) -> None:
        edges = [*DIAMOND, edge("z", "d", RelationshipType.MERGED_INTO)]
        assert roots("ezdcba", edges) == ("z", "a")
        assert leaves("ezdcba", edges) == ("e",)

    def test_of_a_part_only_its_own_edges_count(self) -> None:
        assert roots(["d", "e"], DIAMOND) == ("d",)
        assert leaves(["a", "b"], DIAMOND) == ("b",)

    def test_related_versions_are_not_ancestors(self) -> None:
        edges = [edge("a", "b", RelationshipType.RELATED_TO)]
        assert roots(["a", "b"], edges) == leaves(["a", "b"], edges) == ("a", "b")


class TestSize:
    """Counting paths, or recursing, would not end here; the processor has milliseconds of work with what is linear."""

    def test_two_hundred_diamonds(self) -> None:
        edges = []
        for i in range(200):
            for side in ("l", "r"):
                edges += [edge(f"n{i}", f"{side}{i}"), edge(f"{side}{i}", f"n{i + 1}")]

        begin = time.process_time()
        found = ancestors("n200", edges)
        paths = [shortest_path("n0", "n200", edges, metric, as_of=NOW) for metric in PathMetric]
        common = common_ancestors(found.depth, ancestors("l199", edges).depth)
        nearest = nearest_common_ancestors(common, edges)
        seconds = time.process_time() - begin

        assert (len(found.order), len(found.edges), found.depth["n0"]) == (601, 800, 400)
        assert [len(path[0]) for path in paths if path] == [400, 400]
        assert nearest == ("l199",)
        assert seconds < 2.0

    @pytest.mark.lengthy
    def test_a_chain_of_five_thousand(self) -> None:
        edges = [edge(f"v{i}", f"v{i + 1}") for i in range(5_000)]

        begin = time.process_time()
        found = ancestors("v5000", edges)
        paths = [shortest_path("v0", "v5000", edges, metric, as_of=NOW) for metric in PathMetric]
        ends = roots(found.order, edges), leaves(found.order, edges)
        seconds = time.process_time() - begin

        assert (len(found.order), found.depth["v0"]) == (5_001, 5_000)
        assert [len(path[0]) for path in paths if path] == [5_000, 5_000]
        assert ends == (("v0",), ("v5000",))
        assert seconds < 2.0


NODES = st.integers(min_value=0, max_value=11)
PAIRS = st.lists(st.tuples(NODES, NODES, st.sampled_from(EdgeStrength)), max_size=40, unique_by=lambda pair: pair[:2])


@st.composite
def digraphs(draw: st.DrawFn) -> list[LineageEdge]:
    """Any digraph without self-loops on twelve versions, cycles included."""
    return [edge(f"n{a:02}", f"n{b:02}", edge_strength=strength) for a, b, strength in draw(PAIRS) if a != b]


@st.composite
def dags(draw: st.DrawFn) -> list[LineageEdge]:
    """Any DAG on twelve versions: edges go from the smaller number to the larger."""
    pairs = {(min(a, b), max(a, b)): strength for a, b, strength in draw(PAIRS) if a != b}
    return [edge(f"n{a:02}", f"n{b:02}", edge_strength=strength) for (a, b), strength in pairs.items()]


def as_networkx(edges: Sequence[LineageEdge]) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(f"n{i:02}" for i in range(12))
    for each in edges:
        graph.add_edge(each.source_node_id, each.target_node_id, cost=-math.log(each.weight))
    return graph


class TestAgreesWithNetworkx:
    @pytest.mark.lengthy
    @given(digraphs(), NODES, st.none() | st.integers(min_value=1, max_value=6))
    def test_reach(self, edges: list[LineageEdge], start: int, max_depth: int | None) -> None:
        node, graph = f"n{start:02}", as_networkx(edges)
        for along, call in ((graph, descendants), (graph.reverse(), ancestors)):
            found = call(node, edges, max_depth=max_depth)
            expected = nx.single_source_shortest_path_length(along, node, cutoff=max_depth)
            assert found.depth == expected
            assert [found.depth[each] for each in found.order] == sorted(expected.values())
            inside = graph.subgraph(found.order)
            assert {(each.source_node_id, each.target_node_id) for each in found.edges} == set(inside.edges)
            assert found.in_degree == dict(inside.in_degree)
            assert found.out_degree == dict(inside.out_degree)
            assert found.truncated == (len(found.order) < len(nx.single_source_shortest_path_length(along, node)))

    @pytest.mark.lengthy
    @given(digraphs(), NODES, st.integers(min_value=1, max_value=12))
    def test_a_limit_keeps_the_nearest(self, edges: list[LineageEdge], start: int, max_nodes: int) -> None:
        whole = ancestors(f"n{start:02}", edges)
        found = ancestors(f"n{start:02}", edges, max_nodes=max_nodes)
        assert found.order == whole.order[:max_nodes]
        assert found.truncated == (len(whole.order) > max_nodes)
        assert found.depth == {node: whole.depth[node] for node in found.order}

    @pytest.mark.lengthy
    @given(digraphs(), NODES, NODES)
    def test_shortest_paths(self, edges: list[LineageEdge], first: int, last: int) -> None:
        source, target, graph = f"n{first:02}", f"n{last:02}", as_networkx(edges)
        for metric, weight in ((PathMetric.HOPS, None), (PathMetric.WEIGHT, "cost")):
            found = shortest_path(source, target, edges, metric, as_of=NOW)
            if not nx.has_path(graph, source, target):
                assert found is None
                continue
            assert found is not None
            steps, cost = found
            assert cost == pytest.approx(nx.shortest_path_length(graph, source, target, weight=weight))
            nodes = [source, *(step.target_node_id for step in steps)]
            assert nodes[-1] == target
            assert [step.source_node_id for step in steps] == nodes[:-1]

    @pytest.mark.lengthy
    @given(dags(), st.lists(NODES, min_size=2, max_size=3))
    def test_nearest_common_ancestors(self, edges: list[LineageEdge], starts: list[int]) -> None:
        nodes, graph = [f"n{i:02}" for i in starts], as_networkx(edges)
        reached = [ancestors(node, edges) for node in nodes]
        common = common_ancestors(*(each.depth for each in reached))
        expected = set.intersection(*(nx.ancestors(graph, node) | {node} for node in nodes))
        assert set(common) == expected
        lowest = {node for node in expected if not nx.descendants(graph, node) & expected}
        for each in reached:
            assert set(nearest_common_ancestors(common, each.edges)) == lowest

    @pytest.mark.lengthy
    @given(dags())
    def test_roots_and_leaves(self, edges: list[LineageEdge]) -> None:
        graph = as_networkx(edges)
        nodes = list(graph)
        assert list(roots(nodes, edges)) == [node for node in nodes if graph.in_degree(node) == 0]
        assert list(leaves(nodes, edges)) == [node for node in nodes if graph.out_degree(node) == 0]


@pytest.mark.parametrize("direction", list(Direction))
def test_edges_that_are_looked_up_once_serve_any_start(direction: Direction) -> None:
    filter = TraversalFilter(direction=direction)
    followed = Followed(DIAMOND, filter.relationship_types, NOW)
    for start in ("a", "b", "c", "d"):
        one = reach([start], DIAMOND, filter, as_of=NOW, max_nodes=10)
        assert reach([start], followed, filter, as_of=NOW, max_nodes=10) == one
