"""Batches of recorded history on every engine: whole or not at all, once, and after whatever was there before."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from loopgraph.contracts.audit import EventFilter, EventType, Origin
from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.changes import (
    Imported,
    ImportedVersion,
    NewPattern,
    NewVersion,
    ParentLink,
    PatternTip,
)
from loopgraph.contracts.lineage.patterns import ANCESTRY, Direction, RelationshipType
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.imports import LineageImport
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.errors import NotFound

ORIGIN = Origin(actor_id="importer")
LONG_AGO = datetime(1999, 12, 31, tzinfo=UTC)


def item(pattern_id: str, node_id: str, *parents: str, name: str = "a pattern") -> ImportedVersion:
    return ImportedVersion(
        pattern=NewPattern(pattern_id=pattern_id, name=name),
        version=NewVersion(
            node_id=node_id,
            activate=True,
            created_at=LONG_AGO,
            created_by="Ada",
            parents=tuple(
                ParentLink(node_id=parent, relationship_type=RelationshipType.MERGED_INTO) for parent in parents
            ),
        ),
    )


@pytest.fixture
def history(graph: Graph) -> LineageImport:
    return LineageImport(graph)


async def test_one_batch_holds_versions_of_several_patterns(graph: Graph, history: LineageImport) -> None:
    p, q, a, b, c, d = (new_id() for _ in range(6))
    batch = [item(p, a, name="first"), item(q, b, a), item(p, c, b, a, name="second"), item(q, d, c)]
    assert await history.add(batch, ORIGIN) == Imported(patterns=2, versions=4, edges=4)
    assert await history.known([a, b, c, d, "nothing"]) == {a, b, c, d}
    reads = LineageReads(graph)
    versions = await reads.versions([a, b, c, d])
    assert [(versions[id_].pattern_id, versions[id_].version) for id_ in (a, b, c, d)] == [
        (p, 1), (q, 1), (p, 2), (q, 2)
    ]  # fmt: skip
    assert [versions[id_].pattern_name for id_ in (a, c)] == ["first", "second"]
    patterns = await reads.patterns([p, q])
    assert (patterns[p].name, patterns[p].latest_version, patterns[p].current_node_id) == ("first", 2, None)
    assert (patterns[p].created_at, patterns[p].created_by) == (LONG_AGO, "Ada")
    edges = await reads.edges([d, c, b], Direction.ANCESTORS, ANCESTRY)
    assert {(edge.source_pattern_id, edge.target_pattern_id, edge.valid_from) for edge in edges} == {
        (p, q, LONG_AGO), (q, p, LONG_AGO), (p, p, LONG_AGO)
    }  # fmt: skip


async def test_what_is_there_is_left_as_it_is(graph: Graph, history: LineageImport) -> None:
    p, a, b = (new_id() for _ in range(3))
    await history.add([item(p, a)], ORIGIN)
    assert await history.add([item(p, a), item(p, b, a)], ORIGIN) == Imported(versions=1, edges=1)
    assert await history.add([item(p, a), item(p, b, a)], ORIGIN) == Imported()
    events = (await Events(graph).page(EventFilter(pattern_id=p), Page(first=100))).events
    assert [event.event_type for event in reversed(events)] == [
        EventType.PATTERN_IMPORTED, EventType.VERSION_ADDED, EventType.VERSION_ADDED
    ]  # fmt: skip
    assert events[0].after == {"version": 2, "status": "active"}
    assert [edge["source_node_id"] for edge in events[0].data["edges"]] == [a]


async def test_imports_that_run_at_once_add_everything_once(graph: Graph, history: LineageImport) -> None:
    p, ids = new_id(), [new_id() for _ in range(20)]
    batch = [item(p, id_, *ids[:index][-1:]) for index, id_ in enumerate(ids)]
    results = await asyncio.gather(*(LineageImport(graph).add(batch[:end], ORIGIN) for end in (20, 20, 12, 5)))
    assert sum(result.versions for result in results) == 20
    assert sum(result.edges for result in results) == 19
    assert sum(result.patterns for result in results) == 1
    reads = LineageReads(graph)
    assert sorted(version.version for version in (await reads.versions(ids)).values()) == list(range(1, 21))
    assert len(await reads.edges(ids, Direction.ANCESTORS, ANCESTRY)) == 19


async def test_a_batch_with_an_unknown_parent_changes_nothing(graph: Graph, history: LineageImport) -> None:
    p, a, b = (new_id() for _ in range(3))
    with pytest.raises(NotFound):
        await history.add([item(p, a), item(p, b, "nothing")], ORIGIN)
    assert not await history.known([a, b])
    assert not await LineageReads(graph).patterns([p])


async def test_history_without_ids_or_parents_is_refused() -> None:
    named, root = NewPattern(pattern_id="p", name="p"), NewVersion(node_id="a", parents=())
    for pattern, version in (
        (named.model_copy(update={"pattern_id": None}), root),
        (named, root.model_copy(update={"node_id": None})),
        (named, root.model_copy(update={"parents": None})),
    ):
        with pytest.raises(ValidationError, match="names pattern_id, node_id and parents"):
            ImportedVersion(pattern=pattern, version=version)


async def test_edges_of_the_future_are_valid_from_the_import_on(graph: Graph, history: LineageImport) -> None:
    p, a, b = (new_id() for _ in range(3))
    later = item(p, b, a)
    tomorrow = now() + timedelta(days=1)
    version = later.version.model_copy(update={"created_at": tomorrow})
    await history.add([item(p, a), later.model_copy(update={"version": version})], ORIGIN)
    [edge] = await LineageReads(graph).edges([b], Direction.ANCESTORS, ANCESTRY)
    assert edge.valid_from <= now() < tomorrow == edge.created_at


async def test_tips_are_put_into_use_and_patterns_renamed(graph: Graph, history: LineageImport) -> None:
    p, q, a, b, c = (new_id() for _ in range(5))
    await history.add([item(p, a), item(p, b, a), item(q, c)], ORIGIN)
    reads = LineageReads(graph)

    async def follow(*tips: PatternTip) -> dict[str, tuple[str, str | None]]:
        await history.follow(tips, ORIGIN)
        return {id_: (found.name, found.current_node_id) for id_, found in (await reads.patterns([p, q])).items()}

    assert await follow(
        PatternTip(pattern_id=p, node_id=b, name="renamed"),
        PatternTip(pattern_id=q, node_id=c),
        PatternTip(pattern_id="nothing", node_id=None, name="x"),
    ) == {p: ("renamed", b), q: ("a pattern", c)}
    assert await follow(PatternTip(pattern_id=q, node_id=None)) == {p: ("renamed", b), q: ("a pattern", None)}
    await Lineage(graph).deprecate(a, "no good", None, ORIGIN)
    assert await follow(PatternTip(pattern_id=p, node_id=a)) == {p: ("renamed", b), q: ("a pattern", None)}
    changes = EventFilter(pattern_id=q, event_types=frozenset({EventType.CURRENT_VERSION_CHANGED}))
    assert [(event.before, event.after) for event in (await Events(graph).page(changes, Page(first=9))).events] == [
        ({"current_node_id": c}, {"current_node_id": None}),
        ({"current_node_id": None}, {"current_node_id": c}),
    ]
