"""Histories that punish whoever enumerates paths, or asks for one level at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import pytest

from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.lineage.patterns import Direction, LineageGraph, PathMetric, TraversalFilter
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import CycleRefused, InvalidInput
from loopgraph.orchestrators.lineage.traversal import Traversals
from support.lineage import EVERY_TYPE, Room, chain, diamonds, parents

pytestmark = pytest.mark.slow

T = TypeVar("T")

DIAMONDS, CHAIN = 200, 5_000


@dataclass(frozen=True)
class Stored:
    """A history in the graph: its pattern, and its versions from first to last."""

    room: Room
    pattern_id: str
    ids: list[str]

    @property
    def first(self) -> str:
        return self.ids[0]

    @property
    def last(self) -> str:
        return self.ids[-1]


async def stored(graph: Graph, pattern: NewPattern, versions: list[NewVersion]) -> Stored:
    room = Room.on(graph)
    await room.history(pattern, versions)
    return Stored(room, str(pattern.pattern_id), [str(version.node_id) for version in versions])


@pytest.fixture(scope="module")
async def many_diamonds(graph: Graph) -> Stored:
    return await stored(graph, *diamonds(DIAMONDS))


@pytest.fixture(scope="module")
async def long_chain(graph: Graph) -> Stored:
    return await stored(graph, *chain(CHAIN))


def depth_of_last(found: LineageGraph) -> int:
    return found.nodes[-1].depth


@pytest.mark.exhaustive
class TestDiamonds:
    """2^200 paths lead from the first version to the last."""

    async def test_ancestors_and_descendants(self, many_diamonds: Stored) -> None:
        ask = many_diamonds.room.traversals.traverse
        for start, direction in (
            (many_diamonds.last, Direction.ANCESTORS),
            (many_diamonds.first, Direction.DESCENDANTS),
        ):
            found = (await ask([start], TraversalFilter(direction=direction)))[start]
            assert (len(found.nodes), len(found.edges), depth_of_last(found)) == (601, 800, 400)
            assert not found.truncated

    @pytest.mark.parametrize("metric", PathMetric)
    async def test_paths(self, many_diamonds: Stored, metric: PathMetric) -> None:
        ask = many_diamonds.room.traversals.path
        found = await ask(many_diamonds.first, many_diamonds.last, metric)
        assert found is not None
        assert len(found.edges) == 400
        assert (found.versions[0].node_id, found.versions[-1].node_id) == (many_diamonds.first, many_diamonds.last)

    async def test_common_ancestors(self, many_diamonds: Stored) -> None:
        left, right = many_diamonds.ids[-3:-1]
        found = await many_diamonds.room.traversals.common_ancestors([left, right])
        assert len(found.all) == 598
        assert [version.node_id for version in found.nearest] == [many_diamonds.ids[-4]]

    async def test_the_lineage_of_the_pattern(self, many_diamonds: Stored) -> None:
        ask = many_diamonds.room.traversals.pattern_lineage
        found = await ask(many_diamonds.pattern_id, TraversalFilter())
        assert (len(found.nodes), len(found.edges), depth_of_last(found)) == (601, 800, 0)

    async def test_a_cycle_is_found(self, many_diamonds: Stored) -> None:
        async def closing() -> CycleRefused:
            with pytest.raises(CycleRefused) as caught:
                await many_diamonds.room.connect(many_diamonds.last, many_diamonds.first)
            return caught.value

        assert len((await closing()).path) == 402

    async def test_that_there_is_no_cycle_is_found_too(self, many_diamonds: Stored) -> None:
        async def connecting() -> None:
            [outside] = await many_diamonds.room.versions(1)
            await many_diamonds.room.connect(outside, many_diamonds.first)

        await connecting()

    async def test_cut_in_the_middle_there_is_no_path_and_as_of_before_there_is(self, graph: Graph) -> None:
        whole = await stored(graph, *diamonds(DIAMONDS))
        before = now()
        for edge in await whole.room.reads.edges([whole.ids[300]], Direction.ANCESTORS, EVERY_TYPE):
            await whole.room.lineage.disconnect(edge.edge_id, "cut", whole.room.origin)
        ask = whole.room.traversals
        assert await ask.path(whole.first, whole.last, PathMetric.HOPS) is None
        assert await ask.path(whole.first, whole.last, PathMetric.WEIGHT) is None
        past = await ask.path(whole.first, whole.last, PathMetric.HOPS, as_of=before)
        assert past is not None
        assert past.cost == 400
        found = (await ask.traverse([whole.last], TraversalFilter()))[whole.last]
        assert (len(found.nodes), depth_of_last(found)) == (301, 200)


@pytest.mark.exhaustive
class TestChain:
    async def test_every_ancestor_is_there(self, long_chain: Stored) -> None:
        found = (await long_chain.room.traversals.traverse([long_chain.last], TraversalFilter()))[long_chain.last]
        assert [node.version.node_id for node in found.nodes] == long_chain.ids[::-1]
        assert [node.depth for node in found.nodes] == list(range(CHAIN))
        assert (len(found.edges), found.truncated) == (CHAIN - 1, False)

    @pytest.mark.parametrize("metric", PathMetric)
    async def test_the_path_goes_from_end_to_end(self, long_chain: Stored, metric: PathMetric) -> None:
        found = await long_chain.room.traversals.path(long_chain.first, long_chain.last, metric)
        assert found is not None
        assert [version.node_id for version in found.versions] == long_chain.ids

    @pytest.mark.parametrize("max_nodes", [3, 300, 1_000])
    async def test_a_limit_keeps_the_nearest_without_fetching_the_rest(
        self, long_chain: Stored, max_nodes: int
    ) -> None:
        before = long_chain.room.graph.statements
        found = (
            await long_chain.room.traversals.traverse(
                [long_chain.first], TraversalFilter(direction=Direction.DESCENDANTS), max_nodes
            )
        )[long_chain.first]
        assert [node.version.node_id for node in found.nodes] == long_chain.ids[:max_nodes]
        assert (len(found.edges), found.truncated) == (max_nodes - 1, True)
        assert long_chain.room.graph.statements - before <= 6

    @pytest.mark.parametrize("direction", Direction)
    async def test_within_reach_of_one_statement_that_is_all(self, long_chain: Stored, direction: Direction) -> None:
        start = long_chain.ids[200] if direction is Direction.ANCESTORS else long_chain.ids[-201]
        before = long_chain.room.graph.statements
        found = (await long_chain.room.traversals.traverse([start], TraversalFilter(direction=direction)))[start]
        assert long_chain.room.graph.statements - before == 1
        assert (len(found.nodes), len(found.edges), found.truncated) == (201, 200, False)

    @pytest.mark.parametrize("max_depth", [2, 255, 256, 257, 600])
    async def test_a_depth_is_kept(self, long_chain: Stored, max_depth: int) -> None:
        start = long_chain.ids[1_000]
        filter = TraversalFilter(max_depth=max_depth)
        found = (await long_chain.room.traversals.traverse([start], filter))[start]
        assert [node.version.node_id for node in found.nodes] == long_chain.ids[1_000 - max_depth : 1_001][::-1]
        assert found.truncated, "there is more below the depth"

    async def test_starts_do_not_crowd_each_other_out(self, long_chain: Stored) -> None:
        starts = [long_chain.ids[100], long_chain.ids[-1], long_chain.ids[2]]
        found = await long_chain.room.traversals.traverse(starts, TraversalFilter(), 50)
        assert {start: (len(answer.nodes), answer.truncated) for start, answer in found.items()} == {
            starts[0]: (50, True),
            starts[1]: (50, True),
            starts[2]: (3, False),
        }

    async def test_what_only_a_larger_search_could_tell_is_refused(self, long_chain: Stored) -> None:
        small = Traversals(long_chain.room.reads, 500)
        near = await small.path(long_chain.ids[-100], long_chain.last, PathMetric.HOPS)
        far = await small.path(long_chain.ids[-600], long_chain.last, PathMetric.HOPS)
        assert near is not None
        assert far is not None
        assert (near.cost, far.cost) == (99, 599)
        with pytest.raises(InvalidInput, match="has more than 500 ancestors"):
            await small.path(long_chain.ids[-600], long_chain.last, PathMetric.WEIGHT)
        with pytest.raises(InvalidInput, match="has more than 500 ancestors"):
            await small.common_ancestors([long_chain.ids[-100], long_chain.last])


@pytest.mark.exhaustive
async def test_wide_and_deep_at_once(graph: Graph) -> None:
    """Twenty strands side by side: too many to be searched far from each of them."""
    strands, length, root = 20, 40, new_id()
    versions, tips = [NewVersion(node_id=root, parents=())], [root] * strands
    for _ in range(length):
        made = [NewVersion(node_id=new_id(), parents=parents([tip])) for tip in tips]
        versions += made
        tips = [str(version.node_id) for version in made]
    last = new_id()
    versions.append(NewVersion(node_id=last, parents=parents(tips)))
    whole = await stored(graph, NewPattern(pattern_id=new_id(), name="strands"), versions)
    for start, direction in ((last, Direction.ANCESTORS), (root, Direction.DESCENDANTS)):
        before = graph.statements
        filter = TraversalFilter(direction=direction)
        found = (await whole.room.traversals.traverse([start], filter))[start]
        assert (len(found.nodes), len(found.edges)) == (strands * length + 2, strands * (length + 1))
        assert (depth_of_last(found), found.truncated) == (length + 1, False)
        assert graph.statements - before < length + 10


async def test_a_version_with_many_descendants_is_cut_at_the_limit(graph: Graph) -> None:
    root = new_id()
    versions = [
        NewVersion(node_id=root, parents=()),
        *(NewVersion(node_id=new_id(), parents=parents([root])) for _ in range(999)),
    ]
    whole = await stored(graph, NewPattern(pattern_id=new_id(), name="hub"), versions)
    filter = TraversalFilter(direction=Direction.DESCENDANTS)
    found = (await whole.room.traversals.traverse([root], filter, 10))[root]
    assert (len(found.nodes), len(found.edges), found.reached, found.truncated) == (10, 9, 10, True)
    assert {node.depth for node in found.nodes[1:]} == {1}
    of_pattern = await whole.room.traversals.pattern_lineage(whole.pattern_id, TraversalFilter(), 10)
    assert (len(of_pattern.nodes), of_pattern.truncated) == (10, True)
