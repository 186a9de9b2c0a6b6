"""Requests that come at once are done together: as if one had come after the other, each with its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from itertools import pairwise
from typing import Any

import pytest

from loopgraph.contracts.audit import EventType
from loopgraph.contracts.lineage.changes import Created, NewPattern, NewVersion, ParentLink
from loopgraph.contracts.lineage.patterns import Direction, RelationshipType
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import Conflict, CycleRefused, InvalidInput, NotFound
from support.lineage import DERIVED, EVERY_TYPE, MERGED, Room, outcomes


@pytest.fixture
def room(graph: Graph) -> Room:
    return Room.on(graph)


async def at_once(*attempts: Awaitable[Any]) -> list[Any]:
    """What each of some requests is answered that come while another one is being done."""
    return await asyncio.gather(*attempts, return_exceptions=True)


class TestAdding:
    def add(self, room: Room, pattern_id: str, **version: Any) -> Awaitable[Created]:
        return room.lineage.add_version(pattern_id, NewVersion(**version), room.origin)

    @pytest.mark.lengthy
    async def test_many_take_the_statements_of_one(self, room: Room) -> None:
        patterns = [(await room.pattern()).pattern.pattern_id for _ in range(3)]
        await self.add(room, patterns[0], activate=True)
        before = room.graph.statements
        await self.add(room, patterns[0], activate=True)
        alone = room.graph.statements - before
        before = room.graph.statements
        await at_once(*(self.add(room, patterns[number % 3], activate=True) for number in range(31)))
        assert room.graph.statements - before <= 2 * alone  # the first is alone

    async def test_each_is_the_child_of_the_one_before(self, room: Room) -> None:
        first = await room.pattern()
        pattern_id = first.pattern.pattern_id
        made: list[Created] = await at_once(
            *(self.add(room, pattern_id, activate=number % 2 == 0, label=str(number)) for number in range(12))
        )
        by_number = sorted(made, key=lambda created: created.version.version)
        assert [created.version.version for created in by_number] == list(range(2, 14))
        current = first.version.node_id
        for created in by_number:
            [edge] = created.edges
            assert (edge.source_node_id, edge.source_pattern_id) == (current, pattern_id)
            if created.version.label is not None and int(created.version.label) % 2 == 0:
                current = created.version.node_id
            assert created.pattern.current_node_id == current
            assert created.pattern.latest_version == created.version.version
        found = (await room.reads.patterns([pattern_id]))[pattern_id]
        assert (found.latest_version, found.current_node_id) == (13, current)
        ids = [created.version.node_id for created in made]
        assert await room.reads.versions(ids) == {created.version.node_id: created.version for created in made}
        assert len(await room.reads.edges(ids, Direction.ANCESTORS, EVERY_TYPE)) == 12
        events = [event for event in await room.written() if event.event_type is EventType.VERSION_ADDED]
        assert {event.node_id for event in events} == set(ids)

    async def test_drafts_hang_under_the_latest_where_none_is_in_use(self, room: Room) -> None:
        first = await room.pattern(activate=False)
        made: list[Created] = await at_once(*(self.add(room, first.pattern.pattern_id) for _ in range(5)))
        chain = [first.version.node_id]
        for created in sorted(made, key=lambda created: created.version.version):
            assert [edge.source_node_id for edge in created.edges] == chain[-1:]
            chain.append(created.version.node_id)

    @pytest.mark.lengthy
    async def test_each_gets_its_own_error_and_the_others_are_made(self, room: Room) -> None:
        pattern_id = (await room.pattern()).pattern.pattern_id
        a, b = await room.versions(2)
        taken, own, edge_id = new_id(), new_id(), new_id()
        await room.connect(a, b, edge_id=taken)
        link = ParentLink(node_id=a, relationship_type=MERGED)

        def linked(edge_id: str) -> tuple[ParentLink, ...]:
            return (link.model_copy(update={"edge_id": edge_id}),)

        answers = await at_once(
            self.add(room, pattern_id),
            self.add(room, "nobody"),
            self.add(room, pattern_id, parents=(ParentLink(node_id="nobody", relationship_type=DERIVED),)),
            self.add(room, pattern_id, version=1),
            self.add(room, pattern_id, version=99),
            self.add(room, pattern_id, parents=linked(taken)),
            self.add(room, pattern_id, node_id=own),
            self.add(room, pattern_id, node_id=own),
            self.add(room, pattern_id, node_id=own, label="other"),
            self.add(room, pattern_id, parents=linked(edge_id)),
            self.add(room, pattern_id, parents=linked(edge_id), label="another with this edge"),
            self.add(room, pattern_id, node_id="itself", parents=(ParentLink(node_id="itself"),)),
            self.add(room, pattern_id, parents=(ParentLink(node_id=a), ParentLink(node_id=b)), activate=True),
        )
        kinds = [type(answer) for answer in answers]
        assert kinds[:6] == [Created, NotFound, NotFound, Conflict, InvalidInput, Conflict]
        assert sorted(kind.__name__ for kind in kinds[6:9]) == ["Conflict", "Created", "Created"]
        assert sorted(kind.__name__ for kind in kinds[9:11]) == ["Conflict", "Created"]
        assert kinds[11:] == [InvalidInput, Created]
        made = [answer for answer in answers if isinstance(answer, Created)]
        assert sum(created.repeated for created in made) == 1
        new = {created.version.node_id: created.version.version for created in made}
        assert sorted(new.values()) == list(range(2, 2 + len(new)))
        found = (await room.reads.patterns([pattern_id]))[pattern_id]
        assert (found.latest_version, found.current_node_id) == (1 + len(new), answers[12].version.node_id)
        assert {edge.source_pattern_id for edge in answers[12].edges} == {
            (await room.reads.versions([a]))[a].pattern_id
        }

    async def test_a_wrong_request_takes_no_number_from_another(self, room: Room) -> None:
        pattern_id = (await room.pattern()).pattern.pattern_id
        answers = await at_once(
            self.add(room, pattern_id),
            self.add(room, pattern_id, parents=(ParentLink(node_id="nobody"),)),
            self.add(room, pattern_id, version=3),
            self.add(room, pattern_id, version=3),
        )
        assert [type(answer) for answer in answers] == [Created, NotFound, Created, Conflict]


class TestCreating:
    def create(
        self, room: Room, pattern_id: str | None = None, name: str = "made", **version: Any
    ) -> Awaitable[Created]:
        new = NewPattern(pattern_id=pattern_id, name=name)
        return room.lineage.create_pattern(new, NewVersion(**version), room.origin)

    async def test_many_take_the_statements_of_one(self, room: Room) -> None:
        [parent] = await room.versions(1)
        link = (ParentLink(node_id=parent, relationship_type=RelationshipType.FORKED_FROM),)
        before = room.graph.statements
        await self.create(room, activate=True, parents=link)
        alone = room.graph.statements - before
        before = room.graph.statements
        made: list[Created] = await at_once(*(self.create(room, activate=True, parents=link) for _ in range(31)))
        assert room.graph.statements - before <= 2 * alone  # the first is alone
        stored = await room.reads.patterns([created.pattern.pattern_id for created in made])
        assert stored == {created.pattern.pattern_id: created.pattern for created in made}
        assert {created.pattern.current_node_id for created in made} == {created.version.node_id for created in made}
        edges = await room.reads.edges([parent], Direction.DESCENDANTS, EVERY_TYPE)
        assert {edge.edge_id for edge in edges} > {created.edges[0].edge_id for created in made}

    @pytest.mark.lengthy
    async def test_each_gets_its_own_error_and_the_others_are_made(self, room: Room) -> None:
        a, b = await room.versions(2)
        taken, pattern_id, node_id, edge_id, first = new_id(), new_id(), new_id(), new_id(), new_id()
        await room.connect(a, b, edge_id=taken)

        def under(parent: str, edge_id: str | None = None) -> dict[str, Any]:
            return {"parents": (ParentLink(node_id=parent, relationship_type=MERGED, edge_id=edge_id),)}

        answers = await at_once(
            self.create(room),
            self.create(room, **under("nobody")),
            self.create(room, node_id="itself", **under("itself")),
            self.create(room, **under(a, taken)),
            self.create(room, pattern_id),
            self.create(room, pattern_id),
            self.create(room, pattern_id, "another"),
            self.create(room, node_id=node_id),
            self.create(room, node_id=node_id),
            self.create(room, new_id(), node_id=node_id),
            self.create(room, **under(a, edge_id)),
            self.create(room, label="another with this edge", **under(a, edge_id)),
            self.create(room, node_id=first),
            self.create(room, activate=True, **under(first)),
        )
        kinds = [type(answer) for answer in answers]
        assert kinds[:4] == [Created, NotFound, InvalidInput, Conflict]
        assert sorted(kind.__name__ for kind in kinds[4:7]) == ["Conflict", "Created", "Created"]
        assert sorted(kind.__name__ for kind in kinds[7:10]) == ["Conflict", "Created", "Created"]
        assert sorted(kind.__name__ for kind in kinds[10:12]) == ["Conflict", "Created"]
        assert kinds[12:] == [Created, Created]
        made = [answer for answer in answers if isinstance(answer, Created)]
        assert sum(created.repeated for created in made) == 2
        [edge] = answers[13].edges
        assert (edge.source_node_id, edge.source_pattern_id) == (first, answers[12].pattern.pattern_id)
        for created in made:
            assert (await room.reads.patterns([created.pattern.pattern_id])) == {
                created.pattern.pattern_id: created.pattern
            }
            assert await room.reads.versions([created.version.node_id]) == {created.version.node_id: created.version}
            assert await room.reads.edges([created.version.node_id], Direction.ANCESTORS, EVERY_TYPE) == [
                *created.edges
            ]

    async def test_each_has_its_event(self, room: Room) -> None:
        made: list[Created] = await at_once(*(self.create(room, activate=number % 2 == 0) for number in range(5)))
        events = {event.node_id: event for event in await room.written()}
        assert events.keys() == {created.version.node_id for created in made}
        for created in made:
            event, current = events[created.version.node_id], created.pattern.current_node_id
            assert (event.event_type, event.pattern_id) == (EventType.PATTERN_CREATED, created.pattern.pattern_id)
            assert event.after is not None
            assert event.after.get("current_node_id") == current


class TestConnecting:
    async def test_many_take_the_statements_of_one(self, room: Room) -> None:
        ids = await room.versions(33)
        before = room.graph.statements
        await room.connect(ids[0], ids[1])
        alone = room.graph.statements - before
        before = room.graph.statements
        await at_once(*(room.connect(ids[n], ids[n + 1]) for n in range(1, 32)))
        assert room.graph.statements - before <= 2 * alone + 1  # what they close together is looked for once more
        edges = await room.reads.edges(ids, Direction.ANCESTORS, EVERY_TYPE)
        assert {(edge.source_node_id, edge.target_node_id) for edge in edges} == set(pairwise(ids))

    @pytest.mark.parametrize("length", [2, 3, 5])
    async def test_together_they_close_no_circle(self, room: Room, length: int) -> None:
        ids = await room.versions(length + 1)
        circle = [(ids[n], ids[(n + 1) % length]) for n in range(length)]
        _, refused = await outcomes(
            [room.connect(ids[-1], ids[0]), *(room.connect(source, target) for source, target in circle)]
        )
        [error] = refused
        assert isinstance(error, CycleRefused)
        edges = await room.reads.edges(ids, Direction.ANCESTORS, EVERY_TYPE)
        drawn = {(edge.source_node_id, edge.target_node_id) for edge in edges}
        [missing] = set(circle) - drawn
        assert tuple(error.path[:2]) == missing

    async def test_an_edge_that_is_refused_refuses_no_other(self, room: Room) -> None:
        a, b, c, d = await room.versions(4)
        await room.connect(c, b)
        first, *answers = await at_once(room.connect(d, a), room.connect(a, b), room.connect(b, a), room.connect(a, c))
        assert not isinstance(first, Exception)
        assert [type(answer).__name__ for answer in answers] == ["Drawn", "CycleRefused", "Drawn"]

    @pytest.mark.lengthy
    async def test_each_gets_its_own_error_and_the_others_are_drawn(self, room: Room) -> None:
        a, b, c, d = await room.versions(4)
        first, edge_id = new_id(), new_id()
        await room.connect(a, b, edge_id=first)
        answers = await at_once(
            room.connect(a, c),
            room.connect("nobody", c),
            room.connect(a, b),
            room.connect(a, b, kind=RelationshipType.RELATED_TO),
            room.connect(b, a),
            room.connect(a, b, edge_id=first),
            room.connect(c, d, edge_id=first),
            room.connect(c, d, edge_id=edge_id),
            room.connect(c, d, edge_id=edge_id),
            room.connect(c, d),
        )
        kinds = [type(answer).__name__ for answer in answers]
        assert kinds == [
            "Drawn", "NotFound", "Conflict", "Drawn", "CycleRefused", "Drawn", "Conflict", "Drawn", "Drawn", "Conflict"
        ]  # fmt: skip
        assert [answer.repeated for answer in answers if not isinstance(answer, Exception)] == [
            False,
            False,
            True,
            False,
            True,
        ]
        drawn = {answer.edge.edge_id for answer in answers if not isinstance(answer, Exception)}
        edges = await room.reads.edges([a, b, c, d], Direction.ANCESTORS, EVERY_TYPE)
        assert {edge.edge_id for edge in edges} == drawn
        events = [event for event in await room.written() if event.event_type is EventType.EDGE_CREATED]
        assert sorted(event.edge_id or "" for event in events) == sorted(drawn)
