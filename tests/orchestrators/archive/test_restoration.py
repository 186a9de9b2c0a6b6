"""Segments that were written under an older schema: what they hold gets what migrations have given to the rest since."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loopgraph.contracts.traces.retention import KEYS, Node, NodeId, Relationship
from loopgraph.effects.archive.retention import Retention
from loopgraph.effects.archive.segments import Archive, Item, Origin
from loopgraph.effects.clock import new_id, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import migrations as framework
from loopgraph.orchestrators.archive.restoration import restore
from support import old_databases
from support.quick import first_quick
from support.traces import statement

pytestmark = pytest.mark.slow

PAIRS = 150
"""More than one transaction of a backfill."""


def old_items(name: str, version: int) -> Iterator[Item]:
    """Sessions and their traces as a program of this version stored them, with names of our own."""
    sessions, traces = (old_databases.nodes(version, label) for label in ("Session", "Trace"))
    assert {trace["status"] for trace in traces} > {"in_progress"}
    for number in range(PAIRS):
        session, trace = sessions[number % len(sessions)], traces[number % len(traces)]
        ids = NodeId("Session", f"{name}.s{2 * number:04d}"), NodeId("Trace", f"{name}.t{2 * number:04d}")
        for id_, properties in zip(ids, (session, trace), strict=True):
            yield Node(id_, {**properties, KEYS[id_.label]: id_.key}, ids[1].key)
        yield Relationship("HAS_TRACE", *ids, {})


def archived(items: list[Item], folder: Path, version: int) -> None:
    segment = Archive(folder).begin(Origin(version, "an older one", datetime(2025, 1, 1, tzinfo=UTC)))
    segment.write(items)
    segment.close()


async def stored(graph: Graph, label: str, name: str, property_: str) -> dict[str, object]:
    """A property of what the name stands before, by key."""
    key = KEYS[label]
    text = f"MATCH (n:{label}) WHERE n.{key} STARTS WITH $name RETURN n.{key} AS key, n.{property_} AS value"
    return {row["key"]: row["value"] for row in await statement(graph, text, name=f"{name}.")}


@pytest.fixture
async def name(graph: Graph) -> AsyncIterator[str]:
    """What a test calls its nodes; they go, because other tests would stumble over what they lack."""
    name = new_id()
    yield name
    for label in ("Session", "Trace"):
        await statement(
            graph, f"MATCH (n:{label}) WHERE n.{KEYS[label]} STARTS WITH $name DETACH DELETE n", name=f"{name}."
        )


@pytest.mark.parametrize("cut_off", first_quick([False, True]), ids=["at once", "at the second attempt"])
async def test_what_was_archived_under_an_older_schema_gets_the_backfills_of_later_ones(
    graph: Graph, tmp_path: Path, name: str, cut_off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(framework, "_SOME", 20)
    retention = Retention(graph)
    items = list(old_items(name, 1))
    nodes = {item.id: item.properties for item in items if isinstance(item, Node)}
    archived(items, tmp_path, 1)
    odd = [f"{2 * number + 1:04d}" for number in range(PAIRS)]  # in between lies what is none of an archive's business
    text = (
        "UNWIND $odd AS n CREATE (:Session {session_id: $name + '.s' + n, created_at: $at}) "
        "CREATE (:Trace {correlation_id: $name + '.t' + n, status: 'in_progress'})"
    )
    await statement(graph, text, odd=odd, name=name, at=datetime(2026, 1, 1, tzinfo=UTC))
    if cut_off:
        await retention.restore_nodes([item for item in items if isinstance(item, Node)])
        assert set((await stored(graph, "Session", name, "time_key")).values()) == {None}

    report = await restore(retention, [tmp_path])
    assert sum(report.made.values()) == (0 if cut_off else 2 * PAIRS)
    assert report.relationships == {"HAS_TRACE": PAIRS}
    keys = await stored(graph, "Session", name, "time_key")
    assert keys == {
        key: time_key(nodes[id_].get("started_at") or nodes[id_]["created_at"], key)
        if (id_ := NodeId("Session", key)) in nodes
        else None
        for key in keys
    }
    assert len(keys) == 2 * PAIRS
    keys = await stored(graph, "Trace", name, "open_key")
    assert keys == {
        key: nodes[id_]["time_key"]
        if (id_ := NodeId("Trace", key)) in nodes and nodes[id_]["status"] == "in_progress"
        else None
        for key in keys
    }
    assert any(keys.values())


@pytest.mark.exhaustive
async def test_what_has_changed_since_it_was_archived_stays_as_it_is(graph: Graph, tmp_path: Path, name: str) -> None:
    items = list(old_items(name, 1))
    archived(items, tmp_path, 1)
    text = "CREATE (:Trace {correlation_id: $id, status: 'denied', ended_hash: 'a', agent_type: 'another'})"
    trace_ids = [item.id.key for item in items if isinstance(item, Node) and item.id.label == "Trace"]
    for id_ in trace_ids[:3]:
        await statement(graph, text, id=id_)
    report = await restore(Retention(graph), [tmp_path])
    assert report.known["Trace"] == 3
    assert report.completed["Trace"] == 3, "they lacked all else"
    for property_, value in (("status", "denied"), ("agent_type", "another"), ("open_key", None)):
        found = await stored(graph, "Trace", name, property_)
        assert [found[id_] for id_ in trace_ids[:3]] == [value] * 3
    created = await stored(graph, "Trace", name, "created_at")
    assert None not in created.values()


async def test_an_archive_of_this_schema_gets_nothing(graph: Graph, tmp_path: Path, name: str) -> None:
    archived(list(old_items(name, 1)), tmp_path, framework.migrations()[-1].number)
    await restore(Retention(graph), [tmp_path])
    assert set((await stored(graph, "Session", name, "time_key")).values()) == {None}
