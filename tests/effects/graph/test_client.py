"""The client against every engine at hand: values, transactions, errors."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from neo4j.exceptions import IncompleteCommit, TransientError

from loopgraph.assets import CHOICES, Access, Query, all_queries, load_query
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.errors import LostRace
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.schema.schema import SCHEMA_VERSION, prepare, recorded_version
from loopgraph.errors import GraphContended, GraphFault, GraphRefused, GraphUnavailable
from loopgraph.settings import Engine, Settings
from support.engines import EngineUnderTest


@pytest.fixture
def make_query(tmp_path: Path):
    def make(access: str, parameters: str, returns: str, text: str) -> Query:
        header = f"// For a test.\n// access: {access}\n// parameters: {parameters}\n// returns: {returns}\n"
        name = uuid4().hex
        (tmp_path / f"{name}.cypher").write_text(header + text)
        return load_query(tmp_path, name)

    return make


async def test_the_schema_is_in_place_and_prepare_is_idempotent(graph: Graph) -> None:
    await prepare(graph)
    assert await recorded_version(graph) == SCHEMA_VERSION


@pytest.mark.lengthy
@pytest.mark.parametrize("name", [query.name for query in all_queries()])
async def test_every_query_explains(graph: Graph, name: str) -> None:
    query = next(query for query in all_queries() if query.name == name)
    chosen = query.choose(**{word: CHOICES[word][0] for word in query.choices})
    await graph.explain(chosen)


async def test_instants_come_back_aware_and_in_utc(graph: Graph, make_query) -> None:
    query = make_query("read", "a, b, c", "a, b, c", "RETURN $a AS a, $b AS b, $c AS c")
    instant = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
    zones = [
        instant,
        instant.astimezone(timezone(timedelta(hours=5, minutes=45))),
        instant.astimezone(ZoneInfo("Europe/Paris")),
    ]
    [row] = await graph.read(query, a=zones[0], b=zones[1], c=zones[2])
    assert row == {"a": instant, "b": instant, "c": instant}
    assert all(value.tzinfo is UTC for value in row.values())


async def test_the_first_statement_of_a_connection_is_read_like_all_others(engine: EngineUnderTest, make_query) -> None:
    query = make_query("read", "a", "a", "RETURN $a AS a")
    value = {"at": datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC), "list": [1, 0.5, None, {"inner": ["x"]}]}
    login = {"graph_user": engine.user, "graph_password": engine.password, "graph_database": engine.database}
    async with Graph.open(Settings(graph_url=engine.url, graph_pool_size=1, **login)) as graph:
        for _ in range(2):
            assert await graph.read(query, a=value) == [{"a": value}]
        with pytest.raises(GraphFault):
            await graph.read(make_query("read", "a", "b", "RETURN $a.b.c.d() AS b"), a=value)
        assert await graph.read(query, a=value) == [{"a": value}]  # by the same connection


async def test_the_driver_makes_no_text_of_rows_for_its_log(
    graph: Graph, make_query, caplog: pytest.LogCaptureFixture
) -> None:
    query = make_query("read", "rows, ids", "found", "UNWIND $rows AS row RETURN row.said + $ids[0] AS found")
    with caplog.at_level("DEBUG", logger="neo4j"):
        answer = await graph.transaction(lambda tx: tx.run(query, rows=[{"said": "what was said"}], ids=("of whom",)))
    assert answer == [{"found": "what was saidof whom"}]
    [told] = [record.getMessage() for record in caplog.records if "UNWIND" in record.getMessage()]
    assert "what was said" not in told
    assert "of whom" not in told


async def test_naive_instants_are_refused(graph: Graph, make_query) -> None:
    query = make_query("read", "a", "a", "RETURN $a AS a")
    with pytest.raises(ValueError, match="time zone"):
        await graph.read(query, a=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


async def test_wrong_parameters_are_named(graph: Graph, make_query) -> None:
    query = make_query("read", "a", "a", "RETURN $a AS a")
    with pytest.raises(TypeError, match=r"missing or unknown: a, b"):
        await graph.read(query, b=1)


async def test_a_failing_transaction_changes_nothing(graph: Graph, make_query) -> None:
    create = make_query("write", "id", "id", "CREATE (n:GraphTest {id: $id}) RETURN n.id AS id")
    count = make_query("read", "id", "c", "MATCH (n:GraphTest {id: $id}) RETURN count(n) AS c")
    id_ = uuid4().hex

    async def work(tx) -> None:
        await tx.run(create, id=id_)
        raise LookupError("after the write")

    with pytest.raises(LookupError):
        await graph.transaction(work)
    rows = await graph.read(count, id=id_)
    assert sum(row["c"] for row in rows) == 0


async def test_a_wrong_column_is_a_fault(graph: Graph, make_query) -> None:
    with pytest.raises(GraphFault, match="returned b, not a"):
        await graph.read(make_query("read", "nothing", "a", "RETURN 1 AS b"))


async def test_a_wrong_password_is_refused_in_plain_words(engine: EngineUnderTest) -> None:
    settings = Settings(graph_url=engine.url, graph_user=engine.user, graph_password="not the password")
    with pytest.raises(GraphRefused, match="LOOPGRAPH_GRAPH_PASSWORD"):
        async with Graph.open(settings):
            pass


async def test_nobody_listening_is_unavailable() -> None:
    with pytest.raises(GraphUnavailable, match="does not answer"):
        async with Graph.open(Settings(graph_url="bolt://127.0.0.1:9")):
            pass


async def test_the_engine_is_recognised(graph: Graph, engine: EngineUnderTest) -> None:
    expected = Engine(engine.name.partition("-")[0])
    assert graph.server.engine is expected
    assert await graph.ping() > 0


async def test_a_read_whose_end_is_lost_is_run_again_and_a_write_is_not(graph: Graph) -> None:
    attempts = 0

    async def work(_: Transaction) -> int:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise IncompleteCommit("connection lost during the commit")
        return attempts

    assert await graph.transaction(work, Access.READ) == 2
    attempts = 0
    with pytest.raises(GraphUnavailable, match="whose outcome is not known"):
        await graph.transaction(work)
    assert attempts == 1


async def test_a_large_transaction_gives_up_after_the_defeats_it_allows_and_takes_nobody_with_it(graph: Graph) -> None:
    attempts = 0

    async def large(_: Transaction) -> None:
        nonlocal attempts
        attempts += 1
        raise LostRace("a test") if attempts % 2 else TransientError("others were faster")

    async def small(_: Transaction) -> str:
        return "done"

    gives_up, *others = await asyncio.gather(
        graph.transaction(large, contended="place", most_losses=3),
        *(graph.transaction(small, contended="place") for _ in range(3)),
        return_exceptions=True,
    )
    assert isinstance(gives_up, GraphContended)
    assert attempts == 3
    assert others == ["done"] * 3
