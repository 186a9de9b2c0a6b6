"""Reading the graph from a notebook, on every engine: rows, networks, and writes that are refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from neo4j.exceptions import ClientError

from loopgraph.analyst import ReadOnlyGraph, connect
from loopgraph.contracts.lineage.patterns import RelationshipType
from loopgraph.effects.graph.client import Graph
from support.engines import EngineUnderTest
from support.lineage import Room

WRITES = (
    "CREATE (:Pattern {pattern_id: $id})",
    "MATCH (p:Pattern {pattern_id: $id}) SET p.name = 'forged'",
    "MATCH (p:Pattern {pattern_id: $id}) DETACH DELETE p",
    "MERGE (:Pattern {pattern_id: $id + 'x'})",
    "MATCH (p:Pattern {pattern_id: $id}) CALL { WITH p SET p.name = 'forged' RETURN 1 AS one } RETURN one",
    "CREATE INDEX forged IF NOT EXISTS FOR (n:Pattern) ON (n.forged)",
    "CREATE CONSTRAINT forged IF NOT EXISTS FOR (n:Pattern) REQUIRE n.forged IS UNIQUE",
)


@pytest.fixture(scope="module")
def reading(engine: EngineUnderTest) -> Iterator[ReadOnlyGraph]:
    """What ``connect`` makes of an address: not the embedded engine's own reader, who is in ``test_reader``."""
    login = {"user": engine.user, "password": engine.password, "database": engine.database}
    with connect(engine.url, **login) as graph:
        yield graph


@pytest.fixture
async def ids(graph: Graph) -> dict[str, Any]:
    """Two versions with an edge."""
    room = Room.on(graph)
    created = await room.pattern(template_code="one", parameters={"a": [1]}, change_summary="first")
    second = (await room.versions(1))[0]
    edge, _ = await room.connect(created.version.node_id, second, RelationshipType.RELATED_TO, similarity_score=0.5)
    return {
        "pattern": created.pattern.pattern_id,
        "first": created.version.node_id,
        "second": second,
        "edge": edge.edge_id,
        "at": created.version.created_at,
    }


def test_rows_are_plain_values(reading: ReadOnlyGraph, ids: dict[str, Any]) -> None:
    [row] = reading.rows(
        "MATCH (v:PatternVersion {node_id: $id})-[r:RELATED_TO]->(w) "
        "RETURN v, r, v.created_at AS at, v.tags AS tags, [w.node_id, {at: w.created_at}] AS nested, $given AS given",
        id=ids["first"],
        given=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert row["at"] == row["v"]["created_at"] == ids["at"]
    assert row["at"].tzinfo is UTC
    assert (row["r"]["edge_id"], row["r"]["similarity_score"]) == (ids["edge"], 0.5)
    assert row["v"]["parameters"] == '{"a":[1]}'
    assert row["tags"] == []
    assert row["nested"][0] == ids["second"]
    assert type(row["nested"][1]["at"]) is datetime
    assert row["given"] == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_path_is_its_nodes_and_relationships_in_turn(reading: ReadOnlyGraph, ids: dict[str, Any]) -> None:
    [row] = reading.rows("MATCH p = (:PatternVersion {node_id: $id})-[:RELATED_TO]->() RETURN p", id=ids["first"])
    start, edge, end = row["p"]
    assert (start["node_id"], edge["edge_id"], end["node_id"]) == (ids["first"], ids["edge"], ids["second"])


@pytest.mark.parametrize(
    "returned", ["p AS path", "v, r, w", "collect([v, r, w]) AS all", "{from: v, by: r, to: w} AS map"]
)
def test_a_network_has_what_a_statement_returns(reading: ReadOnlyGraph, ids: dict[str, Any], returned: str) -> None:
    network = reading.network(
        f"MATCH p = (v:PatternVersion {{node_id: $id}})-[r:RELATED_TO]->(w) RETURN {returned}", id=ids["first"]
    )
    first, second = f"PatternVersion:{ids['first']}", f"PatternVersion:{ids['second']}"
    assert set(network) == {first, second}
    assert [(start, end, kind) for start, end, kind in network.edges(data="type")] == [(first, second, "RELATED_TO")]
    assert network.nodes[first]["type"] == "PatternVersion"
    assert network.nodes[first]["change_summary"] == "first"
    [(_, _, edge)] = network.edges(data=True)
    assert (edge["edge_id"], edge["similarity_score"]) == (ids["edge"], 0.5)


def test_edges_of_one_type_between_two_nodes_are_apart_and_none_is_twice(
    reading: ReadOnlyGraph, ids: dict[str, Any]
) -> None:
    network = reading.network(
        "MATCH (v:PatternVersion {node_id: $id})-[r]-(w) RETURN v, r, w UNION ALL "
        "MATCH (v:PatternVersion {node_id: $id})-[r]-(w) RETURN v, r, w",
        id=ids["first"],
    )
    kinds = [kind for _, _, kind in network.edges(data="type") if kind != "ABOUT"]  # of events there are several
    assert sorted(kinds) == ["CURRENT_VERSION", "HAS_VERSION", "RELATED_TO"]


@pytest.mark.lengthy
def test_pandas_polars_and_networkx_take_it_as_it_is(reading: ReadOnlyGraph, ids: dict[str, Any]) -> None:
    import networkx
    import pandas
    import polars

    rows = reading.rows(
        "MATCH (v:PatternVersion) WHERE v.node_id IN $ids RETURN v.node_id AS id, v.version AS version, v.created_at AS at",
        ids=[ids["first"], ids["second"]],
    )
    frame, table = pandas.DataFrame(rows), polars.DataFrame(rows)
    assert sorted(frame["id"]) == sorted(table["id"]) == sorted([ids["first"], ids["second"]])
    assert isinstance(frame["at"].dtype, pandas.DatetimeTZDtype)
    assert table.schema["at"] == polars.Datetime("us", "UTC")
    assert frame["version"].dtype == "int64"
    network = reading.network(
        "MATCH (v:PatternVersion {node_id: $id})-[r:RELATED_TO]->(w) RETURN v, r, w", id=ids["first"]
    )
    assert networkx.descendants(network, f"PatternVersion:{ids['first']}") == {f"PatternVersion:{ids['second']}"}


@pytest.mark.parametrize("write", WRITES)
async def test_neo4j_refuses_writes_of_what_reads(
    engine: EngineUnderTest, reading: ReadOnlyGraph, graph: Graph, ids: dict[str, Any], write: str
) -> None:
    if not engine.name.startswith("neo4j"):
        pytest.skip("access modes: only Neo4j goes by them; what keeps the embedded engine's reader is in test_reader")
    before = await Room.on(graph).state(ids["pattern"])
    for run in (reading.rows, reading.network):
        with pytest.raises(ClientError) as refused:
            run(write, id=ids["pattern"])
        assert refused.value.code == "Neo.ClientError.Statement.AccessMode"
    assert await Room.on(graph).state(ids["pattern"]) == before


@pytest.mark.exhaustive
@pytest.mark.slow
def test_what_analysts_import_weighs_on_nobody_else() -> None:
    code = (
        "import sys; import loopgraph.commands.app, loopgraph.main, loopgraph.api.doors; "
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('networkx', 'pandas', 'polars', 'gqlalchemy') "
        "or name.startswith(('loopgraph.analyst', 'loopgraph.ogm'))))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_connecting_needs_none_of_the_libraries_that_take_it() -> None:
    code = (
        "import sys; import loopgraph.analyst; "
        "print(sorted(name for name in sys.modules if name in ('networkx', 'polars', 'gqlalchemy', 'strawberry')))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
