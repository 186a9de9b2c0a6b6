"""The catalogue against a graph that holds something of everything: no label, type, end or property is unknown, and none is
made up."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from loopgraph.contracts.catalogue.kinds import Kind, Properties
from loopgraph.contracts.catalogue.nodes import NODES
from loopgraph.contracts.catalogue.relationships import CONNECTIONS
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from support.filled import fill
from support.own_engine import own_embedded
from support.traces import statement

Found = dict[str, dict[str, list[Any]]]
"""The values of each property, by label or type."""

pytestmark = pytest.mark.slow

HOLDS = {
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.FLOAT: (int, float),
    Kind.BOOLEAN: bool,
    Kind.INSTANT: datetime,
    Kind.TEXTS: list,
    Kind.JSON: str,
}

NOT_HERE = {
    "Trace.parts_end": "what earlier releases kept: databases of theirs have it",
    "UsageRound.owner": "while everything is counted again",
    "UsageRound.until": "while everything is counted again",
    "UsageRound.challenger": "while processes count by different success criteria",
    "UsageRound.marked_to": "while the traces are marked that earlier success criteria judged",
    "ChangeWriter.turn": "once a process has taken over what another one gave back",
    "SchemaVersion.backfill": "while a migration is at work",
    "SchemaVersion.turn": "while a migration is at work",
    "SchemaVersion.probed_at": "once the service has looked whether the graph takes writes, after it did not",
    "Experiment.reason": "while the units do not split as they should, which is a matter of chance here",
}
"""Properties that the service writes and perhaps nothing in this graph has, by ``Label.property``, each with when it does."""


@pytest.fixture(scope="module")
async def filled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Graph]:
    with own_embedded(tmp_path_factory.mktemp("graph")) as engine:
        async with Graph.open(engine.with_new_database(prepared=True)) as graph:
            await schema.prepare(graph)
            await fill(graph, tmp_path_factory.mktemp("archive"))
            yield graph


@pytest.fixture(scope="module")
async def nodes(filled: Graph) -> Found:
    rows = await statement(filled, "MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties")
    assert all(len(row["labels"]) == 1 for row in rows)
    return _found((row["labels"][0], row["properties"]) for row in rows)


@pytest.fixture(scope="module")
async def relationships(filled: Graph) -> tuple[Found, dict[str, set[tuple[str, str]]]]:
    rows = await statement(
        filled,
        "MATCH (a)-[r]->(b) RETURN type(r) AS type, labels(a)[0] AS start, labels(b)[0] AS end, properties(r) AS properties",
    )
    ends: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        ends[row["type"]].add((row["start"], row["end"]))
    return _found((row["type"], row["properties"]) for row in rows), ends


def _found(rows: Any) -> Found:
    found: Found = {}
    for owner, properties in rows:
        held = found.setdefault(owner, {})
        for name, value in properties.items():
            held.setdefault(name, []).append(value)
    return found


def problems(owner: str, known: Properties, found: dict[str, list[Any]]) -> list[str]:
    """What a graph holds that the catalogue does not say, and the other way round."""
    said = [f"{owner}.{name} is not in the catalogue" for name in sorted(found.keys() - known.keys())]
    said += [
        f"{owner}.{name} is nowhere in the graph"
        for name in sorted(known.keys() - found.keys())
        if f"{owner}.{name}" not in NOT_HERE
    ]
    for name in sorted(found.keys() & known.keys()):
        wrong = [value for value in found[name] if value is not None and not holds(known[name].kind, value)]
        said += [f"{owner}.{name} is no {known[name].kind.value}: {wrong[0]!r}"] if wrong else []
    return said


def holds(kind: Kind, value: Any) -> bool:
    if kind in (Kind.INTEGER, Kind.FLOAT) and isinstance(value, bool):
        return False
    if kind is Kind.JSON:
        json.loads(value)
    if kind is Kind.TEXTS and not all(isinstance(item, str) for item in value):
        return False
    return isinstance(value, HOLDS[kind])  # type: ignore[arg-type]


def test_the_labels_and_their_properties_are_those_of_the_graph(nodes: Found) -> None:
    assert nodes.keys() == {node.label for node in NODES}
    said = [problem for node in NODES for problem in problems(node.label, node.properties, nodes.get(node.label, {}))]
    assert not said, "\n".join(said)


def test_the_types_their_ends_and_properties_are_those_of_the_graph(
    relationships: tuple[Found, dict[str, set[tuple[str, str]]]],
) -> None:
    found, ends = relationships
    assert {connection.type: set(connection.ends) for connection in CONNECTIONS} == ends
    said = [problem for one in CONNECTIONS for problem in problems(one.type, one.properties, found.get(one.type, {}))]
    assert not said, "\n".join(said)


async def test_every_key_is_one(filled: Graph) -> None:
    for node in NODES:
        if node.key:
            [row] = await statement(
                filled, f"MATCH (n:{node.label}) RETURN count(n) AS nodes, count(DISTINCT n.{node.key}) AS keys"
            )
            assert row["nodes"] == row["keys"], node.label
