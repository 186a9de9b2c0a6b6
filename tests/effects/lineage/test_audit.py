"""The audit trail, read: every filter, pages without gaps or duplicates, and the two forms of an entry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loopgraph.contracts.audit import ActorType, EventFilter, EventType, LineageEvent, Origin, Severity
from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.changes import NewVersion
from loopgraph.effects.clock import new_id, now, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events, make_event, record
from support.lineage import Room

MINUTE = timedelta(minutes=1)
START = datetime(2001, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
END = START + 90 * MINUTE
"""Long ago, so that no other test finds these events among the newest."""

WINDOW = {"since": START, "until": END}


class Trail:
    """Ninety events, a minute apart, each with its own mix of what can be filtered by."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.patterns = [new_id() for _ in range(2)]
        self.nodes = [new_id() for _ in range(3)]
        self.correlations = [new_id() for _ in range(2)]
        self.actors = [new_id() for _ in range(2)]
        self.events = [self._event(number) for number in range(90)]

    def _event(self, number: int) -> LineageEvent:
        origin = Origin(
            actor_type=list(ActorType)[number % 4],
            actor_id=self.actors[number % 2],
            correlation_id=[*self.correlations, None][number // 2 % 3],
        )
        made = make_event(
            list(EventType)[number % len(EventType)],
            origin,
            pattern_id=[*self.patterns, None][number // 3 % 3],
            node_id=[*self.nodes, None][number % 4],
            before={"number": number - 1} if number else None,
            after={"number": number, "nested": {"list": [None, 1.5, "x"]}},
            data={"odd": bool(number % 2)},
        )
        severity = list(Severity)[number % 5]  # stored events keep theirs, whatever their type has today
        return made.model_copy(update={"recorded_at": START + number * MINUTE, "severity": severity})

    async def found(self, filter: EventFilter, first: int = 1_000) -> list[LineageEvent]:
        """What the graph answers of these events."""
        page = await Events(self.graph).page(filter, Page(first=first))
        assert not page.has_more
        return [event for event in page.events if event in self.events]

    def expected(self, wanted: Callable[[LineageEvent], bool]) -> list[LineageEvent]:
        return [event for event in reversed(self.events) if wanted(event)]


@pytest.fixture(scope="module")
async def trail(graph: Graph) -> Trail:
    trail = Trail(graph)
    await graph.transaction(lambda tx: record(tx, *trail.events))
    return trail


def only(**fields: Any) -> Callable[[LineageEvent], bool]:
    return lambda event: all(getattr(event, name) == value for name, value in fields.items())


def key_of(event: LineageEvent) -> str:
    return time_key(event.recorded_at, event.event_id)


class TestFilters:
    async def test_everything_comes_back_as_it_was_written(self, trail: Trail) -> None:
        assert await trail.found(EventFilter(**WINDOW)) == trail.expected(lambda _: True)
        by_id = await Events(trail.graph).by_id([trail.events[5].event_id, "nothing"])
        assert by_id == {trail.events[5].event_id: trail.events[5]}

    async def test_by_pattern_node_and_correlation(self, trail: Trail) -> None:
        for pattern_id in trail.patterns:
            assert await trail.found(EventFilter(pattern_id=pattern_id)) == trail.expected(only(pattern_id=pattern_id))
        for node_id in trail.nodes:
            assert await trail.found(EventFilter(node_id=node_id)) == trail.expected(only(node_id=node_id))
        for id_ in trail.correlations:
            assert await trail.found(EventFilter(correlation_id=id_)) == trail.expected(only(correlation_id=id_))
        assert await trail.found(EventFilter(pattern_id=trail.patterns[0][:-1])) == []

    async def test_by_type_severity_and_actor(self, trail: Trail) -> None:
        types = frozenset({EventType.EDGE_CREATED, EventType.VERSION_ADDED})
        severities = frozenset({Severity.WARNING, Severity.CRITICAL})
        assert await trail.found(EventFilter(**WINDOW, event_types=types)) == trail.expected(
            lambda event: event.event_type in types
        )
        assert await trail.found(EventFilter(**WINDOW, severities=severities)) == trail.expected(
            lambda event: event.severity in severities
        )
        assert await trail.found(EventFilter(**WINDOW, actor_type=ActorType.AGENT)) == trail.expected(
            only(actor_type=ActorType.AGENT)
        )
        assert await trail.found(EventFilter(actor_id=trail.actors[1])) == trail.expected(
            only(actor_id=trail.actors[1])
        )
        assert await trail.found(EventFilter(**WINDOW, event_types=frozenset())) == []

    @pytest.mark.parametrize("key", ["nothing", "pattern_id", "node_id", "correlation_id"])
    async def test_by_time_the_start_belongs_to_it_and_the_end_does_not(self, trail: Trail, key: str) -> None:
        ids = {"pattern_id": trail.patterns[0], "node_id": trail.nodes[0], "correlation_id": trail.correlations[0]}
        narrowed = {key: ids[key]} if key in ids else {}
        since, until = trail.events[12].recorded_at, trail.events[60].recorded_at
        whole = trail.expected(only(**narrowed))
        for filter, wanted in (
            (EventFilter(**narrowed, since=since, until=until), [e for e in whole if since <= e.recorded_at < until]),
            (EventFilter(**narrowed, since=since, until=END), [e for e in whole if since <= e.recorded_at]),
            (EventFilter(**narrowed, since=START, until=until), [e for e in whole if e.recorded_at < until]),
        ):
            assert await trail.found(filter) == wanted
        empty = EventFilter(**narrowed, since=until, until=since)
        assert await trail.found(empty) == []

    async def test_several_filters_hold_together(self, trail: Trail) -> None:
        filter = EventFilter(
            pattern_id=trail.patterns[1],
            node_id=trail.nodes[2],
            correlation_id=trail.correlations[0],
            actor_id=trail.actors[0],
            until=trail.events[80].recorded_at,
        )
        wanted = trail.expected(
            only(
                pattern_id=trail.patterns[1],
                node_id=trail.nodes[2],
                correlation_id=trail.correlations[0],
                actor_id=trail.actors[0],
            )
        )
        assert wanted
        assert await trail.found(filter) == [event for event in wanted if event.recorded_at < filter.until]


class TestPages:
    @pytest.mark.parametrize("first", [1, 7, 30, 89, 90])
    @pytest.mark.parametrize("narrowed", [False, True])
    async def test_pages_follow_without_gaps_or_duplicates(self, trail: Trail, first: int, narrowed: bool) -> None:
        filter = EventFilter(**WINDOW, node_id=trail.nodes[0] if narrowed else None)
        seen: list[LineageEvent] = []
        after = None
        while True:
            page = await Events(trail.graph).page(filter, Page(first=first, after=after))
            seen += page.events
            assert len(page.events) == first or not page.has_more
            if not page.has_more:
                break
            after = key_of(page.events[-1])
        wanted = only(node_id=trail.nodes[0]) if narrowed else only()
        assert seen == trail.expected(wanted)

    async def test_events_of_one_instant_are_told_apart(self, graph: Graph) -> None:
        origin, at = Origin(correlation_id=new_id()), now()
        made = [make_event(EventType.BASELINE_SET, origin).model_copy(update={"recorded_at": at}) for _ in range(20)]
        await graph.transaction(lambda tx: record(tx, *made))
        seen: list[str] = []
        after = None
        for _ in range(7):
            page = await Events(graph).page(
                EventFilter(correlation_id=origin.correlation_id), Page(first=3, after=after)
            )
            seen += [event.event_id for event in page.events]
            after = key_of(page.events[-1])
        assert seen == sorted((event.event_id for event in made), reverse=True)

    async def test_what_is_written_meanwhile_does_not_shift_a_page(self, graph: Graph) -> None:
        room = Room.on(graph)
        pattern_id = (await room.pattern()).pattern.pattern_id
        for _ in range(5):
            await room.lineage.add_version(pattern_id, NewVersion(), room.origin)
        filter = EventFilter(pattern_id=pattern_id)
        before = await room.written()
        first = await room.events.page(filter, Page(first=3))
        await room.lineage.add_version(pattern_id, NewVersion(), room.origin)
        second = await room.events.page(filter, Page(first=3, after=key_of(first.events[-1])))
        assert [*first.events, *second.events] == list(reversed(before))
        assert not second.has_more


class TestPagesOfMany:
    @pytest.mark.lengthy
    @pytest.mark.parametrize("filter", [EventFilter(), EventFilter(event_types=frozenset({EventType.VERSION_ADDED}))])
    async def test_each_owner_gets_the_page_that_it_would_get_alone(self, graph: Graph, filter: EventFilter) -> None:
        room = Room.on(graph)
        patterns, versions = [], []
        for count in (0, 2, 5):
            made = await room.pattern()
            patterns.append(made.pattern.pattern_id)
            versions.append(made.version.node_id)
            for _ in range(count):
                added = await room.lineage.add_version(made.pattern.pattern_id, NewVersion(), room.origin)
                versions.append(added.version.node_id)
        await room.lineage.deprecate(versions[0], "", versions[1], room.origin)
        await graph.transaction(  # an event of a pattern, not of a version
            lambda tx: record(tx, make_event(EventType.PATTERN_UPDATED, room.origin, pattern_id=patterns[0]))
        )
        for owner, ids, ask in (
            ("pattern_id", patterns, room.events.pages_of_patterns),
            ("node_id", versions, room.events.pages_of_versions),
        ):
            for first in (1, 3, 100):
                page = Page(first=first)
                pages = await ask([*ids, "nothing"], filter, page)
                after = Page(first=first, after=key_of(pages[ids[1]].events[-1])) if pages[ids[1]].events else page
                following = await ask(ids, filter, after)
                for id_ in ids:
                    alone = filter.model_copy(update={owner: id_})
                    assert pages[id_] == await room.events.page(alone, page)
                    assert following[id_] == await room.events.page(alone, after)
                    assert await ask([id_], filter, page) == {id_: pages[id_]}
                assert pages["nothing"].events == ()

    async def test_an_owner_that_the_filter_excludes_has_none(self, graph: Graph) -> None:
        room = Room.on(graph)
        ids = [(await room.pattern()).pattern.pattern_id for _ in range(2)]
        filter = EventFilter(pattern_id=ids[0])
        for asked in (ids, ids[1:]):
            pages = await room.events.pages_of_patterns(asked, filter, Page(first=5))
            assert pages[ids[1]].events == ()


def test_an_audit_log_entry_is_flat_with_iso_time() -> None:
    origin = Origin(actor_type=ActorType.AGENT, actor_id="a", correlation_id="c")
    event = make_event(
        EventType.EDGE_CREATED, origin, pattern_id="p", node_id="n", edge_id="e", after={"x": 1}, data={"y": 2}
    ).model_copy(update={"recorded_at": START, "event_id": "id"})
    assert event.audit_log_entry() == {
        "event_id": "id",
        "event_type": "edge_created",
        "severity": "info",
        "timestamp": "2001-05-06T07:08:09.123456+00:00",
        "actor": {"type": "agent", "id": "a"},
        "pattern_id": "p",
        "node_id": "n",
        "edge_id": "e",
        "correlation_id": "c",
        "before": None,
        "after": {"x": 1},
        "data": {"y": 2},
    }


def test_a_time_series_entry_has_unix_seconds_and_the_keys_to_group_by() -> None:
    event = make_event(EventType.VERSION_DEPRECATED, Origin(actor_id="a"), pattern_id="p", node_id="n").model_copy(
        update={"recorded_at": START}
    )
    assert event.time_series_entry() == {
        "timestamp": 989132889.123456,
        "event_type": "version_deprecated",
        "severity": "warning",
        "pattern_id": "p",
        "node_id": "n",
        "actor_type": "system",
        "actor_id": "a",
        "value": 1,
    }


def test_there_are_more_than_twenty_types_and_four_kinds_of_actor() -> None:
    """Seed 002 asks for both."""
    assert len(EventType) >= 20
    assert {actor.value for actor in ActorType} == {"system", "user", "agent", "automation"}
