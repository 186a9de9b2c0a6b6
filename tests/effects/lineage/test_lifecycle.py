"""The lifecycle of a version and its pattern's current one: every step, every impossible step, and what is written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import product

import pytest

from loopgraph.contracts.audit import EventType
from loopgraph.contracts.lineage.changes import NewVersion
from loopgraph.contracts.lineage.patterns import TRANSITIONS, Direction, EdgeStrength, PatternStatus, RelationshipType
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import Conflict, CycleRefused, InvalidInput, InvalidTransition, NotFound
from support.lineage import EVERY_TYPE, Room

Step = Callable[[Room, str], Awaitable[object]]

STEPS: dict[PatternStatus, Step] = {
    PatternStatus.ACTIVE: lambda room, node_id: room.lineage.activate(node_id, room.origin),
    PatternStatus.DEPRECATED: lambda room, node_id: room.lineage.deprecate(node_id, "old", None, room.origin),
    PatternStatus.ARCHIVED: lambda room, node_id: room.lineage.archive(node_id, room.origin),
    PatternStatus.REJECTED: lambda room, node_id: room.lineage.reject(node_id, "bad", room.origin),
}
WAYS: dict[PatternStatus, list[PatternStatus]] = {
    PatternStatus.DRAFT: [],
    PatternStatus.ACTIVE: [PatternStatus.ACTIVE],
    PatternStatus.DEPRECATED: [PatternStatus.ACTIVE, PatternStatus.DEPRECATED],
    PatternStatus.ARCHIVED: [PatternStatus.ACTIVE, PatternStatus.DEPRECATED, PatternStatus.ARCHIVED],
    PatternStatus.REJECTED: [PatternStatus.REJECTED],
}
"""The steps that lead from a draft to each status."""

IMPOSSIBLE = [(current, wanted) for current, wanted in product(WAYS, STEPS) if wanted not in TRANSITIONS[current]]


@pytest.fixture
def room(graph: Graph) -> Room:
    return Room.on(graph)


async def brought_to(room: Room, status: PatternStatus) -> str:
    """A version of a new pattern in this status."""
    node_id = (await room.pattern(activate=False)).version.node_id
    for step in WAYS[status]:
        await STEPS[step](room, node_id)
    return node_id


async def current_of(room: Room, pattern_id: str) -> str | None:
    return (await room.reads.patterns([pattern_id]))[pattern_id].current_node_id


async def add(room: Room, pattern_id: str, *, activate: bool = True) -> str:
    return (await room.lineage.add_version(pattern_id, NewVersion(activate=activate), room.origin)).version.node_id


class TestSteps:
    async def test_from_draft_to_archive(self, room: Room) -> None:
        before = now()
        draft = (await room.pattern(activate=False)).version
        active = await room.lineage.activate(draft.node_id, room.origin)
        assert active.activated_at is not None
        assert active == draft.model_copy(
            update={
                "status": PatternStatus.ACTIVE,
                "activated_at": active.activated_at,
                "updated_at": active.updated_at,
            }
        )
        deprecated, edge = await room.lineage.deprecate(draft.node_id, "slow", None, room.origin)
        assert edge is None
        assert (deprecated.status, deprecated.deprecation_reason) == (PatternStatus.DEPRECATED, "slow")
        archived = await room.lineage.archive(draft.node_id, room.origin)
        assert archived.status is PatternStatus.ARCHIVED
        dates = (archived.created_at, archived.activated_at, archived.deprecated_at, archived.archived_at)
        assert before <= min(filter(None, dates))
        assert sorted(filter(None, dates)) == list(dates)
        assert await room.reads.versions([draft.node_id]) == {draft.node_id: archived}

    async def test_each_step_is_told_with_before_and_after(self, room: Room) -> None:
        node_id = await brought_to(room, PatternStatus.ARCHIVED)
        rejected = await brought_to(room, PatternStatus.REJECTED)
        told = [
            (event.event_type, event.node_id, event.before, event.after, event.data) for event in await room.written()
        ]
        nothing = {"current_node_id": None}
        in_use = {"current_node_id": node_id}
        assert told[1:4] == [
            (EventType.VERSION_ACTIVATED, node_id, {"status": "draft", **nothing}, {"status": "active", **in_use}, {}),
            (
                EventType.VERSION_DEPRECATED,
                node_id,
                {"status": "active", **in_use},
                {"status": "deprecated", **nothing},
                {"reason": "old", "replaced_by": None},
            ),
            (
                EventType.VERSION_ARCHIVED,
                node_id,
                {"status": "deprecated", **nothing},
                {"status": "archived", **nothing},
                {},
            ),
        ]
        assert told[5:] == [
            (
                EventType.VERSION_REJECTED,
                rejected,
                {"status": "draft", **nothing},
                {"status": "rejected", **nothing},
                {"reason": "bad"},
            )
        ]
        events = await room.written()
        assert {event.correlation_id for event in events} == {room.origin.correlation_id}
        assert {event.actor_id for event in events} == {"tester"}

    @pytest.mark.lengthy
    @pytest.mark.parametrize(("current", "wanted"), IMPOSSIBLE)
    async def test_an_impossible_step_names_both_states_and_changes_nothing(
        self, room: Room, current: PatternStatus, wanted: PatternStatus
    ) -> None:
        node_id = await brought_to(room, current)
        [version] = (await room.reads.versions([node_id])).values()
        state = await room.state(version.pattern_id)
        with pytest.raises(InvalidTransition) as caught:
            await STEPS[wanted](room, node_id)
        assert (caught.value.id, caught.value.current, caught.value.wanted) == (node_id, current, wanted)
        assert str(caught.value) == f"PatternVersion {node_id!r} is {current.value} and cannot become {wanted.value}"
        assert await room.state(version.pattern_id) == state

    @pytest.mark.parametrize("step", [*STEPS.values(), lambda room, id_: room.lineage.make_current(id_, room.origin)])
    async def test_an_unknown_version_is_named(self, room: Room, step: Step) -> None:
        with pytest.raises(NotFound, match="no PatternVersion has the id 'nobody'"):
            await step(room, "nobody")
        assert await room.written() == []

    async def test_a_reason_that_could_not_be_read_back_is_refused(self, room: Room) -> None:
        a, b = (await room.pattern()).version, (await room.pattern(activate=False)).version
        edge, _ = await room.connect(a.node_id, b.node_id)
        state, long = await room.state(a.pattern_id, b.pattern_id), "x" * 1_000_001
        for attempt in (
            room.lineage.deprecate(a.node_id, long, None, room.origin),
            room.lineage.reject(b.node_id, long, room.origin),
            room.lineage.disconnect(edge.edge_id, long, room.origin),
        ):
            with pytest.raises(InvalidInput, match="reason: must have at most 1000000 characters"):
                await attempt
        assert await room.state(a.pattern_id, b.pattern_id) == state


class TestCurrentVersion:
    async def test_what_is_activated_comes_into_use(self, room: Room) -> None:
        first = await room.pattern()
        pattern_id = first.pattern.pattern_id
        second = await add(room, pattern_id, activate=False)
        assert await current_of(room, pattern_id) == first.version.node_id
        await room.lineage.activate(second, room.origin)
        assert await current_of(room, pattern_id) == second

    async def test_it_can_be_moved_among_active_versions(self, room: Room) -> None:
        first = await room.pattern()
        pattern_id, node_id = first.pattern.pattern_id, first.version.node_id
        second = await add(room, pattern_id)
        await room.lineage.make_current(node_id, room.origin)
        assert await current_of(room, pattern_id) == node_id
        event = await room.the_event(EventType.CURRENT_VERSION_CHANGED)
        assert (event.before, event.after) == ({"current_node_id": second}, {"current_node_id": node_id})
        await room.lineage.make_current(node_id, room.origin)
        await room.the_event(EventType.CURRENT_VERSION_CHANGED)  # no second one: nothing has changed

    @pytest.mark.parametrize("status", [status for status in WAYS if status is not PatternStatus.ACTIVE])
    async def test_only_an_active_version_can_be_current(self, room: Room, status: PatternStatus) -> None:
        node_id = await brought_to(room, status)
        [version] = (await room.reads.versions([node_id])).values()
        state = await room.state(version.pattern_id)
        with pytest.raises(InvalidInput, match=f"nodeId: {node_id} is {status.value}; only an active version can be"):
            await room.lineage.make_current(node_id, room.origin)
        assert await room.state(version.pattern_id) == state

    async def test_after_a_deprecation_the_newest_active_version_is_in_use(self, room: Room) -> None:
        first = await room.pattern()
        pattern_id = first.pattern.pattern_id
        second, third = await add(room, pattern_id), await add(room, pattern_id)
        await add(room, pattern_id, activate=False)
        await room.lineage.make_current(first.version.node_id, room.origin)
        for node_id, then in ((first.version.node_id, third), (third, second), (second, None)):
            await room.lineage.deprecate(node_id, "", None, room.origin)
            assert await current_of(room, pattern_id) == then

    async def test_a_deprecation_of_another_leaves_it_alone(self, room: Room) -> None:
        first = await room.pattern()
        second = await add(room, first.pattern.pattern_id)
        await room.lineage.deprecate(first.version.node_id, "", None, room.origin)
        assert await current_of(room, first.pattern.pattern_id) == second


class TestReplacement:
    async def test_a_replacement_takes_over_and_gets_an_edge(self, room: Room) -> None:
        first = await room.pattern()
        pattern_id, node_id = first.pattern.pattern_id, first.version.node_id
        second, third = await add(room, pattern_id), await add(room, pattern_id)
        await room.lineage.make_current(node_id, room.origin)
        version, edge = await room.lineage.deprecate(node_id, "slower", second, room.origin)
        assert version.status is PatternStatus.DEPRECATED
        assert edge is not None
        assert (edge.source_node_id, edge.target_node_id) == (node_id, second)
        assert (edge.relationship_type, edge.change_summary) == (RelationshipType.DEPRECATED_BY, "slower")
        assert edge.edge_strength is EdgeStrength.STRONG
        assert edge in await room.reads.edges([node_id], Direction.DESCENDANTS, EVERY_TYPE)
        assert await current_of(room, pattern_id) == second != third
        event = await room.the_event(EventType.VERSION_DEPRECATED)
        assert (event.node_id, event.edge_id) == (node_id, edge.edge_id)
        assert event.before == {"status": "active", "current_node_id": node_id}
        assert event.after == {"status": "deprecated", "current_node_id": second}
        assert event.data == {"reason": "slower", "replaced_by": second}

    @pytest.mark.parametrize("own", [True, False])
    async def test_a_draft_or_a_version_of_another_pattern_replaces_but_is_not_current(
        self, room: Room, own: bool
    ) -> None:
        first, other = await room.pattern(), await room.pattern()
        pattern_id = first.pattern.pattern_id
        replacement = await add(room, pattern_id, activate=False) if own else other.version.node_id
        _, edge = await room.lineage.deprecate(first.version.node_id, "", replacement, room.origin)
        assert edge is not None
        assert edge.target_node_id == replacement
        assert await current_of(room, pattern_id) is None

    @pytest.mark.parametrize("status", [PatternStatus.REJECTED, PatternStatus.ARCHIVED])
    async def test_what_is_put_away_replaces_nothing(self, room: Room, status: PatternStatus) -> None:
        version, replacement = (await room.pattern()).version, await brought_to(room, status)
        state = await room.state(version.pattern_id)
        with pytest.raises(InvalidInput, match=f"replacedBy: {replacement} is {status.value}"):
            await room.lineage.deprecate(version.node_id, "", replacement, room.origin)
        assert await room.state(version.pattern_id) == state

    async def test_wrong_replacements_are_refused_and_nothing_changes(self, room: Room) -> None:
        first = await room.pattern()
        pattern_id, node_id = first.pattern.pattern_id, first.version.node_id
        second = await add(room, pattern_id)  # refines the first
        state = await room.state(pattern_id)
        with pytest.raises(InvalidInput, match="replacedBy: a version cannot replace itself"):
            await room.lineage.deprecate(node_id, "", node_id, room.origin)
        with pytest.raises(NotFound, match="'nobody'"):
            await room.lineage.deprecate(node_id, "", "nobody", room.origin)
        with pytest.raises(CycleRefused) as caught:
            await room.lineage.deprecate(second, "", node_id, room.origin)
        assert (caught.value.field, caught.value.path) == ("replacedBy", (second, node_id, second))
        assert await room.state(pattern_id) == state

    async def test_a_second_deprecation_is_an_impossible_step_whatever_it_names(self, room: Room) -> None:
        first = await room.pattern()
        second = await add(room, first.pattern.pattern_id)
        await room.lineage.deprecate(first.version.node_id, "", second, room.origin)
        for replacement in (second, None, "nobody"):
            with pytest.raises(InvalidTransition, match="is deprecated and cannot become deprecated"):
                await room.lineage.deprecate(first.version.node_id, "", replacement, room.origin)

    async def test_two_that_are_connected_so_already_are_not_connected_again(self, room: Room) -> None:
        first = await room.pattern()
        second = await add(room, first.pattern.pattern_id)
        await room.connect(first.version.node_id, second, RelationshipType.DEPRECATED_BY)
        state = await room.state(first.pattern.pattern_id)
        with pytest.raises(Conflict, match="already connected by DEPRECATED_BY"):
            await room.lineage.deprecate(first.version.node_id, "", second, room.origin)
        assert await room.state(first.pattern.pattern_id) == state
