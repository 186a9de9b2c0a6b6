"""Edges between versions that are there: drawn once, closed but never deleted, and never round in a circle."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loopgraph.contracts.audit import EventType
from loopgraph.contracts.lineage.patterns import Direction, EdgeStrength, RelationshipType
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import Conflict, CycleRefused, InvalidInput, NotFound
from support.lineage import DERIVED, EVERY_TYPE, MERGED, Room


@pytest.fixture
def room(graph: Graph) -> Room:
    return Room.on(graph)


async def test_what_it_draws_comes_back_and_is_told(room: Room) -> None:
    a, b = (await room.pattern()).version, (await room.pattern()).version
    more: dict[str, Any] = {
        "edge_id": new_id(),
        "edge_strength": EdgeStrength.STRONG,
        "similarity_score": 0.25,
        "metadata": {"k": None},
        "breaking_changes": True,
        "change_summary": "s",
    }
    edge, repeated = await room.connect(a.node_id, b.node_id, **more)
    assert not repeated
    assert edge.model_dump(include=set(more)) == more
    assert (edge.weight, edge.valid_from, edge.valid_to) == (0.5, edge.created_at, None)
    assert (edge.source_pattern_id, edge.target_pattern_id) == (a.pattern_id, b.pattern_id)
    assert await room.reads.edges([a.node_id], Direction.DESCENDANTS, EVERY_TYPE) == [edge]
    event = await room.the_event(EventType.EDGE_CREATED)
    assert (event.pattern_id, event.node_id, event.edge_id) == (b.pattern_id, b.node_id, edge.edge_id)
    assert event.after is not None
    assert event.after["source_node_id"] == a.node_id


async def test_a_retry_gives_the_first_edge_and_other_content_is_a_conflict(room: Room) -> None:
    a, b, c = await room.versions(3)
    edge_id = new_id()
    first, _ = await room.connect(a, b, edge_id=edge_id)
    assert await room.connect(a, b, edge_id=edge_id) == (first, True)
    for other in ({"target": c}, {"kind": MERGED}, {"change_summary": "other"}):
        with pytest.raises(Conflict) as caught:
            await room.connect(**{"source": a, "target": b, "edge_id": edge_id, **other})
        assert (caught.value.kind, caught.value.id) == ("LineageEdge", edge_id)
    assert [event.event_type for event in await room.written()].count(EventType.EDGE_CREATED) == 1


async def test_two_versions_are_connected_once_by_each_type(room: Room) -> None:
    a, b = await room.versions(2)
    edge, _ = await room.connect(a, b)
    with pytest.raises(Conflict, match=f"'{a} → {b}': they are already connected by DERIVED_FROM"):
        await room.connect(a, b)
    other, _ = await room.connect(a, b, MERGED)
    assert await room.reads.edges([b], Direction.ANCESTORS, EVERY_TYPE) == [edge, other]


async def test_after_the_edge_is_closed_they_may_be_connected_again(room: Room) -> None:
    a, b = await room.versions(2)
    first, _ = await room.connect(a, b)
    closed = await room.lineage.disconnect(first.edge_id, "a mistake", room.origin)
    assert closed.valid_to is not None
    assert first.valid_from < closed.valid_to
    assert closed.deactivation_reason == "a mistake"
    second, _ = await room.connect(a, b)
    assert await room.reads.edges([b], Direction.ANCESTORS, EVERY_TYPE) == [closed, second]
    event = await room.the_event(EventType.EDGE_DEACTIVATED)
    assert (event.edge_id, event.node_id, event.data) == (first.edge_id, b, {"reason": "a mistake"})
    assert event.after == {"valid_to": closed.valid_to.isoformat()}
    assert event.before is not None
    assert event.before["source_node_id"] == a


async def test_a_closed_edge_cannot_be_closed_again(room: Room) -> None:
    a, b = await room.versions(2)
    edge, _ = await room.connect(a, b)
    closed = await room.lineage.disconnect(edge.edge_id, "", room.origin)
    assert closed.valid_to is not None
    with pytest.raises(Conflict, match=f"was deactivated at {closed.valid_to.isoformat()[:19]}"):
        await room.lineage.disconnect(edge.edge_id, "", room.origin)
    assert await room.reads.edges_by_id([edge.edge_id]) == {edge.edge_id: closed}


async def test_unknown_ids_are_named(room: Room) -> None:
    [a] = await room.versions(1)
    for source, target in ((a, "nobody"), ("nobody", a)):
        with pytest.raises(NotFound, match="no PatternVersion has the id 'nobody'"):
            await room.connect(source, target)
    with pytest.raises(NotFound, match="no LineageEdge has the id 'nothing'"):
        await room.lineage.disconnect("nothing", "", room.origin)


async def test_a_version_is_not_its_own_ancestor(room: Room) -> None:
    [a] = await room.versions(1)
    with pytest.raises(InvalidInput, match="targetNodeId: must differ from sourceNodeId"):
        await room.connect(a, a)


async def test_a_cycle_is_refused_with_its_path(room: Room) -> None:
    a, b, c, d = await room.versions(4)
    kinds = (DERIVED, RelationshipType.FORKED_FROM, RelationshipType.DEPRECATED_BY)
    for source, target, kind in zip((a, b, c), (b, c, d), kinds, strict=True):
        await room.connect(source, target, kind)
    events = await room.written()
    with pytest.raises(CycleRefused) as caught:
        await room.connect(d, a, MERGED)
    assert caught.value.path == (d, a, b, c, d)
    assert " → ".join(caught.value.path) in str(caught.value)
    assert await room.reads.edges([a], Direction.ANCESTORS, EVERY_TYPE) == []
    assert await room.written() == events


async def test_related_versions_may_be_connected_round_about(room: Room) -> None:
    a, b = await room.versions(2)
    await room.connect(a, b)
    await room.connect(b, a, RelationshipType.RELATED_TO)
    with pytest.raises(CycleRefused):
        await room.connect(b, a)


async def test_a_closed_edge_closes_no_cycle(room: Room) -> None:
    a, b, c = await room.versions(3)
    edge, _ = await room.connect(a, b)
    await room.connect(b, c)
    await room.lineage.disconnect(edge.edge_id, "", room.origin)
    back, _ = await room.connect(c, a)
    with pytest.raises(CycleRefused):
        await room.connect(a, b)
    assert back.valid_from - edge.valid_from < timedelta(minutes=1)
