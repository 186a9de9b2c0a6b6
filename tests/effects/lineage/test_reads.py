"""Reads of patterns, versions and edges: pages, many ids at once, and the subgraph around a start."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.lineage.patterns import ANCESTRY, Direction, Pattern, RelationshipType
from loopgraph.effects.clock import new_id, now, time_key
from loopgraph.effects.graph.client import Graph
from support.lineage import DERIVED, EVERY_TYPE, MERGED, Room


@pytest.fixture
def room(graph: Graph) -> Room:
    return Room.on(graph)


async def tagged(room: Room, count: int, **more: str) -> tuple[str, list[Pattern]]:
    """So many patterns of one new tag, the newest first; every other one has a version in use."""
    tag, made = new_id(), []
    for number in range(count):
        new = NewPattern(name=f"Name {number}x", tags=("other", tag), **more)
        created = await room.lineage.create_pattern(new, NewVersion(activate=bool(number % 2)), room.origin)
        made.append(created.pattern)
    return tag, made[::-1]


class TestPatterns:
    @pytest.mark.parametrize("first", [1, 2, 4, 5, 6])
    async def test_pages_follow_without_gaps_or_duplicates(self, room: Room, first: int) -> None:
        tag, patterns = await tagged(room, 5)
        seen: list[Pattern] = []
        after = None
        while True:
            page = await room.reads.patterns_page(Page(first=first, after=after), tag=tag)
            seen += page.patterns
            if not page.has_more:
                break
            assert len(page.patterns) == first
            after = time_key(seen[-1].created_at, seen[-1].pattern_id)
        assert seen == patterns
        assert [pattern.current_node_id is not None for pattern in seen] == [False, True, False, True, False]

    async def test_filters_hold_together(self, room: Room) -> None:
        kind = new_id()
        tag, patterns = await tagged(room, 3, pattern_type=kind)
        page = Page(first=10)
        for filter, found in (
            ({"pattern_type": kind}, patterns),
            ({"pattern_type": kind, "tag": tag, "name_contains": "nAME 1"}, patterns[1:2]),
            ({"pattern_type": kind, "name_contains": "' OR 1=1 //"}, []),
            ({"pattern_type": kind[:-1]}, []),
            ({"tag": tag[:-1]}, []),
        ):
            assert (await room.reads.patterns_page(page, **filter)).patterns == tuple(found)

    async def test_the_newest_of_all_are_found_without_a_filter(self, room: Room) -> None:
        _, patterns = await tagged(room, 2)
        page = await room.reads.patterns_page(Page(first=2))
        assert (page.patterns, page.has_more) == (tuple(patterns), True)


class TestVersions:
    async def test_the_newest_of_each_of_many_patterns(self, room: Room) -> None:
        ids = []
        for count in (1, 3, 6):
            pattern_id = (await room.pattern()).pattern.pattern_id
            for _ in range(count - 1):
                await room.lineage.add_version(pattern_id, NewVersion(), room.origin)
            ids.append(pattern_id)
        asked = [*ids, "nothing", ids[0]]
        for first, below, numbers in (
            (10, None, [[1], [3, 2, 1], [6, 5, 4, 3, 2, 1]]),
            (2, None, [[1], [3, 2], [6, 5]]),
            (2, 4, [[1], [3, 2], [3, 2]]),
            (3, 3, [[1], [2, 1], [2, 1]]),
            (5, 1, [[], [], []]),
            (1, 2**40, [[1], [3], [6]]),
        ):
            pages = await room.reads.versions_pages(asked, first, below)
            assert [[version.version for version in pages[id_].versions] for id_ in ids] == numbers
            oldest = [page[-1] if page else 1 for page in numbers]
            assert [pages[id_].has_more for id_ in ids] == [number > 1 for number in oldest]
            assert pages["nothing"].versions == ()

    async def test_many_by_id(self, room: Room) -> None:
        ids = await room.versions(50)
        found = await room.reads.versions([*ids, *ids, "nobody"])
        assert sorted(found) == sorted(ids)
        assert await room.reads.versions([]) == {}


class TestEdges:
    async def test_by_id_whatever_their_type_open_or_closed(self, room: Room) -> None:
        a, b = await room.versions(2)
        edges = [(await room.connect(a, b, kind))[0] for kind in RelationshipType]
        edges[0] = await room.lineage.disconnect(edges[0].edge_id, "", room.origin)
        found = await room.reads.edges_by_id([*(edge.edge_id for edge in edges), "nothing"])
        assert found == {edge.edge_id: edge for edge in edges}

    async def test_into_and_out_of_by_type_in_order_of_creation(self, room: Room) -> None:
        a, b, c = await room.versions(3)
        pairs = [(b, c), (a, b), (a, c)]
        edges = [(await room.connect(*pair))[0] for pair in pairs]
        other, _ = await room.connect(a, c, MERGED)
        assert await room.reads.edges([b, c], Direction.ANCESTORS, {DERIVED}) == edges
        assert await room.reads.edges([a], Direction.DESCENDANTS, EVERY_TYPE) == [*edges[1:], other]
        assert await room.reads.edges([a], Direction.ANCESTORS, EVERY_TYPE) == []

    async def test_the_path_of_open_edges(self, room: Room) -> None:
        a, b, c, d = await room.versions(4)
        steps = [(await room.connect(*pair))[0] for pair in ((a, b), (b, c), (c, d))]
        parallel, _ = await room.connect(b, c, MERGED)
        short, _ = await room.connect(a, d, RelationshipType.RELATED_TO)
        assert await room.reads.active_path(a, d, ANCESTRY) == (a, b, c, d)
        assert await room.reads.edges_along((a, b, c, d), ANCESTRY) == tuple(steps)
        assert await room.reads.active_path(a, d, EVERY_TYPE) == (a, d)
        assert await room.reads.edges_along((a, d), EVERY_TYPE) == (short,)
        assert await room.reads.active_path(d, a, EVERY_TYPE) is None
        assert await room.reads.active_path(a, a, ANCESTRY) == (a,)
        assert await room.reads.edges_along((a,), ANCESTRY) == ()
        await room.lineage.disconnect(steps[1].edge_id, "", room.origin)
        assert await room.reads.active_path(a, d, ANCESTRY) == (a, b, c, d)
        assert await room.reads.edges_along((a, b, c, d), ANCESTRY) == (steps[0], parallel, steps[2])
        assert await room.reads.active_path(a, d, {DERIVED}) is None
        assert await room.reads.edges_along((a, b, c, d), {DERIVED}) is None

    async def test_the_subgraph_says_whether_it_is_complete(self, room: Room) -> None:
        ids = await room.versions(5)
        edges = [(await room.connect(*pair))[0] for pair in pairwise(ids)]
        for max_nodes, complete in ((5, True), (4, False), (1, False)):
            found = await room.reads.subgraph(
                [[ids[-1]]], Direction.ANCESTORS, ANCESTRY, as_of=now(), max_depth=None, max_nodes=max_nodes
            )
            assert found.complete == complete
            assert {edge.edge_id for edge in found.edges} >= {edge.edge_id for edge in edges[5 - max_nodes :]}

    async def test_the_subgraph_of_nothing(self, room: Room) -> None:
        for groups in ([], [[]], [["nobody"]]):
            found = await room.reads.subgraph(
                groups, Direction.DESCENDANTS, ANCESTRY, as_of=now() - timedelta(days=1), max_depth=3, max_nodes=10
            )
            assert (found.edges, found.complete) == ((), True)
