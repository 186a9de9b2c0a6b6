"""Writers that meet: of one process, whose writes may share transactions, and of two, which know nothing of each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from conftest import settings_for
from loopgraph.contracts.audit import EventType
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion, ParentLink
from loopgraph.contracts.lineage.patterns import Direction, PatternStatus
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import Conflict, CycleRefused, InvalidTransition
from support.engines import EngineUnderTest
from support.lineage import DERIVED, EVERY_TYPE, MERGED, Room, outcomes, parents
from support.quick import first_quick

pytestmark = pytest.mark.slow

ROUNDS = 12
"""Pairs of writers, and rings of four, in each test."""


@pytest.fixture(scope="module")
async def other_graph(engine: EngineUnderTest) -> AsyncIterator[Graph]:
    """A second client of the engine: what another process of the service would have."""
    async with Graph.open(settings_for(engine)) as opened:
        yield opened


@pytest.fixture(params=first_quick(["two processes", "one process"]))
def rooms(request: pytest.FixtureRequest, graph: Graph, other_graph: Graph) -> tuple[Room, Room]:
    """Two rooms to write through, and one origin, on one client or on two."""
    first = Room.on(graph)
    return first, first if request.param == "one process" else Room(other_graph, first.origin)


async def types_written(room: Room) -> list[EventType]:
    return [event.event_type for event in await room.written()]


class TestCreating:
    @pytest.mark.parametrize("named", ["pattern", "version", "both"])
    async def test_one_id_is_made_once_and_everybody_gets_it(self, rooms: Sequence[Room], named: str) -> None:
        for _ in range(ROUNDS):
            pattern = NewPattern(name="sorting", pattern_id=None if named == "version" else new_id())
            version = NewVersion(node_id=None if named == "pattern" else new_id(), activate=True)
            made = await asyncio.gather(
                *(room.lineage.create_pattern(pattern, version, room.origin) for room in rooms * 2)
            )
            assert sorted(created.repeated for created in made) == [False, True, True, True]
            assert len({created.version.node_id for created in made}) == 1
            assert len({created.version.created_at for created in made}) == 1
            assert {created.pattern.current_node_id for created in made} == {made[0].version.node_id}
        assert await types_written(rooms[0]) == [EventType.PATTERN_CREATED] * ROUNDS

    async def test_one_id_with_two_contents_has_one_winner(self, rooms: Sequence[Room]) -> None:
        for _ in range(ROUNDS):
            pattern = NewPattern(name="sorting", pattern_id=new_id())
            won, lost = await outcomes(
                room.lineage.create_pattern(pattern, NewVersion(template_code=str(number)), room.origin)
                for number, room in enumerate(rooms)
            )
            assert [type(error) for error in lost] == [Conflict]
            [created] = won
            assert await rooms[0].reads.versions([created.version.node_id]) == {
                created.version.node_id: created.version
            }

    async def test_one_version_id_is_made_once(self, rooms: Sequence[Room]) -> None:
        pattern_id = (await rooms[0].pattern()).pattern.pattern_id
        for number in range(2, ROUNDS + 2):
            new = NewVersion(node_id=new_id(), version=number)
            made = await asyncio.gather(*(room.lineage.add_version(pattern_id, new, room.origin) for room in rooms * 2))
            assert sorted(created.repeated for created in made) == [False, True, True, True]
            assert {created.version.version for created in made} == {number}
            assert all(created.edges == made[0].edges for created in made)

    async def test_one_edge_id_is_given_out_once_whatever_the_type(self, rooms: Sequence[Room]) -> None:
        first = (await rooms[0].pattern()).version
        for _ in range(ROUNDS):
            edge_id = new_id()
            links = (
                ParentLink(node_id=first.node_id, relationship_type=kind, edge_id=edge_id) for kind in (DERIVED, MERGED)
            )
            won, lost = await outcomes(
                room.lineage.add_version(first.pattern_id, NewVersion(parents=(link,)), room.origin)
                for room, link in zip(rooms, links, strict=True)
            )
            assert [type(error) for error in lost] == [Conflict]
            [created] = won
            assert await rooms[0].reads.edges_by_id([edge_id]) == {edge_id: created.edges[0]}

    async def test_a_hundred_versions_are_numbered_without_gap_or_duplicate(self, rooms: Sequence[Room]) -> None:
        first = await rooms[0].pattern()
        pattern_id = first.pattern.pattern_id
        made = await asyncio.gather(
            *(rooms[i % 2].lineage.add_version(pattern_id, NewVersion(), rooms[0].origin) for i in range(100))
        )
        assert sorted(created.version.version for created in made) == list(range(2, 102))
        page = (await rooms[0].reads.versions_pages([pattern_id], 200))[pattern_id]
        assert [version.version for version in page.versions] == list(range(101, 0, -1))
        assert {version.node_id: version for version in page.versions[:-1]} == {
            created.version.node_id: created.version for created in made
        }
        pattern = (await rooms[0].reads.patterns([pattern_id]))[pattern_id]
        assert (pattern.latest_version, pattern.current_node_id) == (101, first.version.node_id)
        edges = await rooms[0].reads.edges([first.version.node_id], Direction.DESCENDANTS, EVERY_TYPE)
        assert {edge.target_node_id for edge in edges} == {created.version.node_id for created in made}
        assert (await types_written(rooms[0])).count(EventType.VERSION_ADDED) == 100

    async def test_one_version_number_is_given_out_once(self, rooms: Sequence[Room]) -> None:
        pattern_id = (await rooms[0].pattern()).pattern.pattern_id
        for number in range(2, ROUNDS + 2):
            won, lost = await outcomes(
                room.lineage.add_version(pattern_id, NewVersion(version=number), room.origin) for room in rooms * 2
            )
            assert [created.version.version for created in won] == [number]
            assert {type(error) for error in lost} == {Conflict}

    async def test_a_refused_writer_does_not_spoil_its_neighbours(self, rooms: Sequence[Room]) -> None:
        """Writers of one process share a transaction; the mistake of one is undone without the others."""
        pattern_id = (await rooms[0].pattern()).pattern.pattern_id
        wrong = NewVersion(parents=parents(["nobody"]))
        won, lost = await outcomes(
            rooms[i % 2].lineage.add_version(pattern_id, wrong if i % 5 == 0 else NewVersion(), rooms[0].origin)
            for i in range(20)
        )
        assert (len(won), len(lost)) == (16, 4)
        assert sorted(created.version.version for created in won) == list(range(2, 18))
        assert (await types_written(rooms[0])).count(EventType.VERSION_ADDED) == 16


class TestConnecting:
    async def test_two_edges_that_would_close_a_cycle_together_have_one_winner(self, rooms: Sequence[Room]) -> None:
        for _ in range(ROUNDS):
            a, b = await rooms[0].versions(2)
            won, lost = await outcomes([rooms[0].connect(a, b), rooms[1].connect(b, a)])
            assert (len(won), [type(error) for error in lost]) == (1, [CycleRefused])
            edge, _ = won[0]
            assert isinstance(lost[0], CycleRefused)
            assert lost[0].path == (edge.target_node_id, edge.source_node_id, edge.target_node_id)
            assert await rooms[0].reads.edges([a, b], Direction.ANCESTORS, EVERY_TYPE) == [edge]

    async def test_four_edges_that_would_close_a_ring_have_three_winners(self, rooms: Sequence[Room]) -> None:
        for _ in range(ROUNDS):
            ids = await rooms[0].versions(4)
            won, lost = await outcomes(
                rooms[i % 2].connect(ids[i], ids[(i + 1) % 4], kind) for i, kind in enumerate((DERIVED, MERGED) * 2)
            )
            assert (len(won), [type(error) for error in lost]) == (3, [CycleRefused])
            assert isinstance(lost[0], CycleRefused)
            assert sorted(set(lost[0].path)) == sorted(ids)

    async def test_two_versions_are_connected_once(self, rooms: Sequence[Room]) -> None:
        for _ in range(ROUNDS):
            a, b = await rooms[0].versions(2)
            won, lost = await outcomes(room.connect(a, b) for room in rooms * 2)
            assert (len(won), {type(error) for error in lost}) == (1, {Conflict})
            assert await rooms[0].reads.edges([b], Direction.ANCESTORS, EVERY_TYPE) == [won[0][0]]

    @pytest.mark.exhaustive
    async def test_one_edge_id_is_drawn_once_and_everybody_gets_it(self, rooms: Sequence[Room]) -> None:
        for _ in range(ROUNDS):
            a, b = await rooms[0].versions(2)
            edge_id = new_id()
            drawn = await asyncio.gather(*(room.connect(a, b, edge_id=edge_id) for room in rooms * 2))
            assert sorted(repeated for _, repeated in drawn) == [False, True, True, True]
            assert all(edge == drawn[0][0] for edge, _ in drawn)
        assert (await types_written(rooms[0])).count(EventType.EDGE_CREATED) == ROUNDS

    @pytest.mark.exhaustive
    async def test_an_edge_is_closed_once(self, rooms: Sequence[Room]) -> None:
        for _ in range(ROUNDS):
            a, b = await rooms[0].versions(2)
            edge, _ = await rooms[0].connect(a, b)
            closed, lost = await outcomes(
                room.lineage.disconnect(edge.edge_id, str(number), room.origin) for number, room in enumerate(rooms)
            )
            assert [type(error) for error in lost] == [Conflict]
            assert await rooms[0].reads.edges_by_id([edge.edge_id]) == {edge.edge_id: closed[0]}


class TestLifecycle:
    async def test_a_draft_is_activated_or_rejected(self, rooms: Sequence[Room]) -> None:
        for _ in range(ROUNDS):
            node_id = (await rooms[0].pattern(activate=False)).version.node_id
            won, lost = await outcomes(
                [
                    rooms[0].lineage.activate(node_id, rooms[0].origin),
                    rooms[1].lineage.reject(node_id, "", rooms[1].origin),
                ]
            )
            assert [type(error) for error in lost] == [InvalidTransition]
            assert await rooms[0].reads.versions([node_id]) == {node_id: won[0]}

    async def test_a_pattern_has_one_current_version(self, rooms: Sequence[Room]) -> None:
        pattern_id = (await rooms[0].pattern()).pattern.pattern_id
        drafts = [
            (await rooms[0].lineage.add_version(pattern_id, NewVersion(), rooms[0].origin)).version.node_id
            for _ in range(ROUNDS)
        ]
        activated = await asyncio.gather(
            *(rooms[i % 2].lineage.activate(node_id, rooms[0].origin) for i, node_id in enumerate(drafts))
        )
        assert {version.status for version in activated} == {PatternStatus.ACTIVE}
        # Each took over from another, so what the events tell is one chain, which ends with the one in use.
        events = [event for event in await rooms[0].written() if event.event_type is EventType.VERSION_ACTIVATED]
        taken_over = {event.before["current_node_id"] for event in events if event.before}
        [last] = {*drafts} - taken_over
        assert len(taken_over) == ROUNDS
        pattern = (await rooms[0].reads.patterns([pattern_id]))[pattern_id]
        assert pattern.current_node_id == last
        await rooms[1].lineage.make_current(drafts[0], rooms[1].origin)
        assert (await rooms[0].reads.patterns([pattern_id]))[pattern_id].current_node_id == drafts[0]

    async def test_versions_and_states_and_edges_change_side_by_side(self, rooms: Sequence[Room]) -> None:
        """Locks are taken in several orders here; a deadlock is undone and tried again, and nothing is lost."""
        first = await rooms[0].pattern()
        pattern_id = first.pattern.pattern_id
        drafts = [
            (await rooms[0].lineage.add_version(pattern_id, NewVersion(), rooms[0].origin)).version.node_id
            for _ in range(8)
        ]
        origin = rooms[0].origin
        won, lost = await outcomes(
            [
                *(rooms[i % 2].lineage.activate(node_id, origin) for i, node_id in enumerate(drafts)),
                *(rooms[i % 2].lineage.add_version(pattern_id, NewVersion(), origin) for i in range(8)),
                *(rooms[i % 2].connect(drafts[i], drafts[i + 1]) for i in range(7)),
                rooms[1].lineage.deprecate(first.version.node_id, "", drafts[3], origin),
            ]
        )
        assert (len(won), lost) == (24, [])
        page = (await rooms[0].reads.versions_pages([pattern_id], 100))[pattern_id]
        assert [version.version for version in page.versions] == list(range(17, 0, -1))
