"""The reader of the embedded engine: it reads everything, and the engine refuses it every kind of write, by every door."""

from __future__ import annotations

import contextlib
import http.client
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest
from neo4j.exceptions import AuthError, Neo4jError

from loopgraph.analyst import ReadOnlyGraph, connect
from loopgraph.assets import schema_statements
from loopgraph.effects.engine.admin import answer_to, command
from loopgraph.effects.engine.embedded import EmbeddedEngine
from loopgraph.effects.engine.folder import EngineFolder
from loopgraph.effects.engine.java import DATABASE
from loopgraph.effects.engine.reader import READER, reading_address
from loopgraph.errors import EngineStartError, InvalidInput, SetupError
from loopgraph.settings import Engine
from support.own_engine import engine_in
from support.prepared import prepared
from support.quick import first_quick

FILL = (
    "CREATE (p:Pattern {pattern_id: 'p', name: 'one'})-[:HAS_VERSION]->(v:PatternVersion {node_id: 'v1'})"
    "-[:REFINED_FROM {edge_id: 'e1'}]->(:PatternVersion {node_id: 'v2'})"
)

WRITES = {
    "create": "CREATE (:Pattern {pattern_id: 'forged'})",
    "create of a new label": "CREATE (:Forged {id: 1})",
    "create of a relationship": "MATCH (a:PatternVersion), (b:Pattern) CREATE (a)-[:REFINED_FROM {edge_id: 'x'}]->(b)",
    "create of a relationship of a new type": "MATCH (a:PatternVersion), (b:Pattern) CREATE (a)-[:FORGED]->(b)",
    "merge": "MERGE (p:Pattern {pattern_id: 'forged'})",
    "merge of what is there": "MERGE (p:Pattern {pattern_id: 'p'}) ON MATCH SET p.name = 'two'",
    "merge of a relationship": "MATCH (a:PatternVersion {node_id: 'v1'}), (b:Pattern) MERGE (a)-[:FORGED]->(b)",
    "set": "MATCH (p:Pattern) SET p.name = 'two'",
    "set of all": "MATCH (p:Pattern) SET p = {pattern_id: 'p', name: 'two'}",
    "set on a relationship": "MATCH ()-[r:REFINED_FROM]->() SET r.edge_id = 'two'",
    "set of a label": "MATCH (p:Pattern) SET p:Forged",
    "remove": "MATCH (p:Pattern) REMOVE p.name",
    "delete": "MATCH (p:Pattern) DELETE p",
    "detach delete": "MATCH (n) DETACH DELETE n",
    "delete of a relationship": "MATCH ()-[r:REFINED_FROM]->() DELETE r",
    "foreach": "MATCH (p:Pattern) FOREACH (i IN [1] | SET p.name = 'two')",
    "subquery": "MATCH (p:Pattern) CALL { WITH p SET p.name = 'two' RETURN 1 AS one } RETURN one",
    "subquery in transactions": "UNWIND [1] AS i CALL { WITH i CREATE (:Pattern {pattern_id: 'forged'}) } IN TRANSACTIONS",
    "union": "RETURN 1 AS one UNION MATCH (p:Pattern) SET p.name = 'two' RETURN 1 AS one",
    "conditional procedure": "CALL apoc.do.when(true, \"MATCH (p:Pattern) SET p.name = 'two'\", '', {}) YIELD value RETURN value",
    "running procedure": "CALL apoc.cypher.doIt(\"MATCH (p:Pattern) SET p.name = 'two'\", {}) YIELD value RETURN value",
    "merging procedure": "CALL apoc.merge.node(['Pattern'], {pattern_id: 'forged'}) YIELD node RETURN node",
    "creating procedure": "CALL apoc.create.node(['Pattern'], {pattern_id: 'forged'}) YIELD node RETURN node",
    "renaming procedure": "CALL apoc.refactor.rename.label('Pattern', 'Forged')",
    "index": "CREATE INDEX forged IF NOT EXISTS FOR (n:Pattern) ON (n.name)",
    "constraint": "CREATE CONSTRAINT forged IF NOT EXISTS FOR (n:Pattern) REQUIRE n.name IS UNIQUE",
    "type constraint": "CREATE CONSTRAINT forged IF NOT EXISTS FOR (n:Pattern) REQUIRE n.name IS :: STRING",
    "drop of a constraint": "DROP CONSTRAINT agent_name",
    "drop of an index": "DROP INDEX `Agent[name]`",
    "user": "CREATE USER forged SET PASSWORD 'forged-forged'",
    "password": "ALTER USER root SET PASSWORD 'forged-forged'",
    "own password": "ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'forged-forged'",
    "drop of a user": "DROP USER root",
    "load of a file": "LOAD CSV FROM 'file:///etc/passwd' AS line RETURN line",
    "two statements": "MATCH (p:Pattern) RETURN p.name; MATCH (p:Pattern) SET p.name = 'two'",
}
"""Statements of Cypher that must change nothing. Most are refused as the reader's, some because the engine has no such thing."""

SQL = {
    "insert": "INSERT INTO Pattern SET pattern_id = 'forged'",
    "create vertex": "CREATE VERTEX Pattern SET pattern_id = 'forged'",
    "create edge": "CREATE EDGE REFINED_FROM FROM (SELECT FROM PatternVersion LIMIT 1) TO (SELECT FROM Pattern LIMIT 1)",
    "update": "UPDATE Pattern SET name = 'two'",
    "delete": "DELETE FROM Pattern",
    "delete vertex": "DELETE VERTEX FROM Pattern",
    "move vertex": "MOVE VERTEX (SELECT FROM Pattern) TO TYPE:PatternVersion",
    "truncate": "TRUNCATE TYPE Pattern UNSAFE",
    "create type": "CREATE VERTEX TYPE Forged",
    "create property": "CREATE PROPERTY Pattern.forged STRING",
    "alter property": "ALTER PROPERTY Pattern.pattern_id DEFAULT 'forged'",
    "drop property": "DROP PROPERTY Pattern.pattern_id FORCE",
    "drop type": "DROP TYPE Pattern UNSAFE",
    "alter type": "ALTER TYPE Pattern NAME Forged",
    "create index": "CREATE INDEX ON Pattern (name) NOTUNIQUE",
    "rebuild index": "REBUILD INDEX *",
    "alter database": "ALTER DATABASE `arcadedb.command.timeout` 1",
    "define function": 'DEFINE FUNCTION a.forged "SELECT 1" LANGUAGE sql',
    "define function of a language": 'DEFINE FUNCTION a.forged "return 1" LANGUAGE js',
    "import": "IMPORT DATABASE file:///etc/passwd",
    "export": "EXPORT DATABASE file://forged.jsonl.tgz",
    "backup": "BACKUP DATABASE file://forged.zip",
    "trigger": "CREATE TRIGGER forged BEFORE CREATE ON TYPE Pattern EXECUTE SQL 'SELECT 1'",
    "materialized view": "CREATE MATERIALIZED VIEW Forged AS SELECT FROM Pattern",
    "script": "BEGIN; UPDATE Pattern SET name = 'two'; COMMIT;",
}

HARMLESS = {
    "profile": "PROFILE MATCH (p:Pattern) SET p.name = 'two'",
    "profile of a creation": "PROFILE CREATE (:Pattern {pattern_id: 'forged'})",
    "profile of a deletion": "PROFILE MATCH (p:Pattern) DETACH DELETE p",
    "explain": "EXPLAIN CREATE (:Pattern {pattern_id: 'forged'})",
}
"""Answered with a plan, in which it says that the writing was refused; of ``EXPLAIN``, nothing is run."""

CHECKS = ("CHECK DATABASE FIX", "CHECK DATABASE FIX COMPRESS")
"""What the engine does refuse nobody: it mends broken records, of which a sound database has none."""

SERVER = (
    "create database forged",
    f"drop database {DATABASE}",
    f"close database {DATABASE}",
    'create user {"name": "forged", "password": "forged-forged"}',
    "drop user root",
    "set server setting arcadedb.queryMaxConcurrent 1",
    f"set database setting {DATABASE} arcadedb.command.timeout 1",
    "shutdown",
)


RUNS_AWAY = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH DISTINCT a % 7 AS c RETURN count(c) AS all"


class Guarded:
    """An engine with something in it, its reader, and its owner, who sees whether that has changed anything."""

    def __init__(self, path: Path, engine: EmbeddedEngine, reader: ReadOnlyGraph) -> None:
        self.folder, self.engine, self.reader = EngineFolder(path), engine, reader
        address = engine.ensure_running()
        self.owner = neo4j.GraphDatabase.driver(address.url, auth=(address.user, address.password))

    def run(self, statement: str) -> list[dict[str, Any]]:
        """A statement of the owner's."""
        with self.owner.session(database=DATABASE) as session:
            return [dict(record) for record in session.run(statement)]  # type: ignore[arg-type]

    def state(self) -> tuple[Any, ...]:
        """Everything that a write could change."""
        nodes = self.run("MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties")
        edges = self.run("MATCH ()-[r]->() RETURN type(r) AS type, properties(r) AS properties")
        constraints = sorted(row["name"] for row in self.run("SHOW CONSTRAINTS"))
        indexes = sorted(row["name"] for row in self.run("SHOW INDEXES"))
        types = command(
            self.folder, f"/api/v1/command/{DATABASE}", {"language": "sql", "command": "SELECT FROM schema:types"}
        )
        schema = [{"name": t["name"], "properties": t.get("properties")} for t in types["result"]]
        users = answer_to(self.folder, ("root", self.folder.password()), "GET", "/api/v1/server/users")
        databases = answer_to(self.folder, ("root", self.folder.password()), "GET", "/api/v1/databases")
        files = sorted(str(file.relative_to(self.folder.path)) for file in self.folder.root.glob("*"))
        return sorted(map(repr, nodes)), sorted(map(repr, edges)), constraints, indexes, schema, users, databases, files

    def by_http(self, method: str, path: str, body: object = None) -> int:
        """The status of what the reader asks for by HTTP."""
        status, _ = answer_to(self.folder, (READER, self.folder.reader_password_file.read_text()), method, path, body)
        return status


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    path = prepared(tmp_path_factory.mktemp("graph"))
    engine = engine_in(path)
    try:
        engine.ensure_running()
        with connect(f"embedded:{path}") as reader:
            one = Guarded(path, engine, reader)
            with one.owner:
                for statement in schema_statements(Engine.EMBEDDED):
                    one.run(statement)
                one.run(FILL)
                yield one
    finally:
        engine.close()


@contextlib.contextmanager
def _time_limit(guarded: Guarded, milliseconds: int) -> Iterator[None]:
    """The engine's limit for everybody, until the end of the block."""

    def limit(milliseconds: int) -> None:
        body = {"language": "sql", "command": f"ALTER DATABASE `arcadedb.command.timeout` {milliseconds}"}
        command(guarded.folder, f"/api/v1/command/{DATABASE}", body)

    limit(milliseconds)
    try:
        yield
    finally:
        limit(30_000)


def _suppressed(guarded: Guarded, statement: str) -> None:
    with contextlib.suppress(Neo4jError):
        guarded.run(statement)


@pytest.mark.lengthy
def test_it_reads_everything(guarded: Guarded) -> None:
    rows = guarded.reader.rows(
        "MATCH (p:Pattern)-[:HAS_VERSION]->(v)-[e:REFINED_FROM]->(w) RETURN p, v.node_id AS v, e, w"
    )
    assert rows == [
        {"p": {"pattern_id": "p", "name": "one"}, "v": "v1", "e": {"edge_id": "e1"}, "w": {"node_id": "v2"}}
    ]


@pytest.mark.lengthy
@pytest.mark.parametrize("write", first_quick(WRITES, 9))
def test_no_statement_of_it_changes_anything(guarded: Guarded, write: str) -> None:
    before = guarded.state()
    for open_session in (guarded.reader.session, lambda: guarded.reader.driver.session(database=DATABASE)):
        with open_session() as session, pytest.raises(Neo4jError):
            session.run(WRITES[write]).consume()  # type: ignore[arg-type]
    assert guarded.state() == before


@pytest.mark.lengthy
@pytest.mark.parametrize("write", HARMLESS)
def test_no_plan_of_it_changes_anything(guarded: Guarded, write: str) -> None:
    before = guarded.state()
    with guarded.reader.driver.session(database=DATABASE) as session:
        assert list(session.run(HARMLESS[write])) == []  # type: ignore[arg-type]
    assert guarded.state() == before


@pytest.mark.lengthy
@pytest.mark.parametrize("check", CHECKS)
def test_no_check_of_it_changes_a_sound_database(guarded: Guarded, check: str) -> None:
    before = guarded.state()
    guarded.by_http("POST", f"/api/v1/command/{DATABASE}", {"language": "sql", "command": check})
    assert guarded.state() == before


@pytest.mark.lengthy
@pytest.mark.parametrize("write", first_quick(SQL, 6))
def test_no_sql_of_it_changes_anything(guarded: Guarded, write: str) -> None:
    before = guarded.state()
    for language in ("sql", "sqlscript"):
        body = {"language": language, "command": SQL[write]}
        assert guarded.by_http("POST", f"/api/v1/command/{DATABASE}", body) >= 400
    assert guarded.state() == before


@pytest.mark.lengthy
@pytest.mark.parametrize("statement", SERVER)
def test_it_commands_nothing(guarded: Guarded, statement: str) -> None:
    before = guarded.state()
    assert guarded.by_http("POST", "/api/v1/server", {"command": statement}) >= 400
    assert guarded.state() == before


REQUESTS = {
    "batch": ("POST", f"/api/v1/batch/{DATABASE}", {"@type": "vertex", "@class": "Pattern", "pattern_id": "forged"}),
    "time series": ("POST", f"/api/v1/ts/{DATABASE}/write", {}),
    "user": (
        "POST",
        "/api/v1/server/users",
        {"name": "forged", "password": "forged-forged", "databases": {"*": ["admin"]}},
    ),
    "own groups": ("PUT", f"/api/v1/server/users?name={READER}", {"databases": {"*": ["admin"]}}),
    "password of the owner": ("PUT", "/api/v1/server/users?name=root", {"password": "forged-forged"}),
    "no user": ("DELETE", "/api/v1/server/users?name=root", None),
    "group": ("POST", "/api/v1/server/groups", {"database": "*", "name": READER, "access": ["updateSchema"]}),
    "no group": ("DELETE", "/api/v1/server/groups?database=*&name=admin", None),
    "token": ("POST", "/api/v1/server/api-tokens", {"name": "forged", "database": "*", "permissions": {}}),
}


@pytest.mark.lengthy
@pytest.mark.parametrize("request_", REQUESTS)
def test_it_asks_for_nothing_else_by_http(guarded: Guarded, request_: str) -> None:
    before = guarded.state()
    assert guarded.by_http(*REQUESTS[request_]) >= 400
    assert guarded.state() == before


@pytest.mark.lengthy
@pytest.mark.parametrize("language", ["gremlin", "graphql", "mongo", "java", "js", "redis"])
def test_no_other_language_of_the_engine_lets_it_write(guarded: Guarded, language: str) -> None:
    before = guarded.state()
    for text in ("g.addV('Pattern')", "mutation { a }", "{insert: 'Pattern', documents: [{a: 1}]}", "SET a b", "1 + 1"):
        guarded.by_http("POST", f"/api/v1/command/{DATABASE}", {"language": language, "command": text})
    assert guarded.state() == before


def test_what_is_made_later_is_read_and_not_written(guarded: Guarded) -> None:
    guarded.run("CREATE (:Later {id: 1})-[:AFTER {id: 2}]->(:Later {id: 3})")
    try:
        assert guarded.reader.rows("MATCH (l:Later)-[a:AFTER]->() RETURN l.id AS l, a.id AS a") == [{"l": 1, "a": 2}]
        before = guarded.state()
        for write in (
            "CREATE (:Later {id: 4})",
            "MATCH (l:Later) SET l.id = 5",
            "MATCH (l:Later) DETACH DELETE l",
            "MATCH ()-[a:AFTER]->() SET a.id = 6",
            "MATCH (a:Later {id: 3}), (b:Later {id: 1}) CREATE (a)-[:AFTER {id: 7}]->(b)",
        ):
            with guarded.reader.session() as session, pytest.raises(Neo4jError):
                session.run(write).consume()  # type: ignore[arg-type]
        assert guarded.state() == before
    finally:
        guarded.run("MATCH (l:Later) DETACH DELETE l")


def test_it_reaches_no_other_database(guarded: Guarded) -> None:
    command(guarded.folder, "/api/v1/server", {"command": "create database other"})
    try:
        with guarded.owner.session(database="other") as session:
            session.run("CREATE (:Secret {id: 1})").consume()
        with guarded.reader.driver.session(database="other") as session, pytest.raises(Neo4jError):
            session.run("MATCH (s:Secret) RETURN s.id").consume()
    finally:
        command(guarded.folder, "/api/v1/server", {"command": "drop database other"})


@pytest.mark.exhaustive
@pytest.mark.slow
def test_it_neither_sees_nor_ends_what_others_run(guarded: Guarded) -> None:
    running = threading.Thread(target=lambda: _suppressed(guarded, RUNS_AWAY), daemon=True)
    with _time_limit(guarded, 3_000):
        running.start()
        while running.is_alive() and not (
            others := [row for row in guarded.run("SHOW TRANSACTIONS") if row["currentQuery"] == RUNS_AWAY]
        ):
            pass
        assert others
        assert {row["username"] for row in guarded.reader.rows("SHOW TRANSACTIONS")} == {READER}
        [told] = guarded.reader.rows(f"TERMINATE TRANSACTIONS '{others[0]['transactionId']}'")
        assert told["message"] == "Transaction not found."
        running.join()


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_read_that_never_ends_is_ended_and_others_go_on_meanwhile(guarded: Guarded) -> None:
    ended: list[str] = []

    def run_away() -> None:
        with pytest.raises(Neo4jError) as refused:
            guarded.reader.rows(RUNS_AWAY)
        ended.append(str(refused.value.code))

    running = threading.Thread(target=run_away, daemon=True)
    with _time_limit(guarded, 2_000):
        running.start()
        written = 0
        while running.is_alive():
            guarded.run(f"MERGE (p:Pattern {{pattern_id: 'p'}}) SET p.written = {written}")
            written += 1
    guarded.run("MATCH (p:Pattern) REMOVE p.written")
    assert ended == ["Neo.ClientError.Transaction.TransactionTimedOut"]
    assert written > 0


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_a_read_that_takes_too_much_memory_is_ended_and_the_engine_goes_on(guarded: Guarded) -> None:
    before = guarded.engine.pid
    with pytest.raises(Neo4jError, match=r"budget|Limit"):
        guarded.reader.rows(
            "UNWIND range(1, 30000) AS a UNWIND range(1, 30000) AS b RETURN size(collect([a, b])) AS size"
        )
    assert guarded.reader.rows("RETURN 1 AS one") == [{"one": 1}]
    assert guarded.engine.pid == before


def test_whoever_asks_is_told_the_same_also_at_the_same_time(tmp_path: Path, guarded: Guarded) -> None:
    told = []
    asking = [threading.Thread(target=lambda: told.append(reading_address(guarded.folder))) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(told) == 4
    assert len(set(told)) == 1
    assert told[0].password not in repr(told[0])
    assert told[0].password != guarded.folder.password()
    mode = stat.S_IMODE(guarded.folder.reader_password_file.stat().st_mode)
    assert mode == 0o600
    assert not list(guarded.folder.path.glob("*.new"))


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_a_lost_password_is_replaced_and_the_old_one_is_refused(guarded: Guarded) -> None:
    old = reading_address(guarded.folder)
    guarded.folder.reader_password_file.unlink()
    new = reading_address(guarded.folder)
    assert new.password != old.password
    with neo4j.GraphDatabase.driver(new.url, auth=(new.user, new.password)) as driver:
        driver.verify_connectivity(database=DATABASE)
    with neo4j.GraphDatabase.driver(old.url, auth=(old.user, old.password)) as driver, pytest.raises(AuthError):
        driver.verify_connectivity(database=DATABASE)
    guarded.reader.close()
    guarded.reader = connect(f"embedded:{guarded.folder.path}")


def test_a_user_who_was_given_more_is_given_what_it_should_have(guarded: Guarded) -> None:
    owner = ("root", guarded.folder.password())
    more = {"databases": {"*": ["admin"]}}
    assert answer_to(guarded.folder, owner, "PUT", f"/api/v1/server/users?name={READER}", more)[0] == http.client.OK
    reading_address(guarded.folder)
    _, users = answer_to(guarded.folder, owner, "GET", "/api/v1/server/users")
    assert {"name": READER, "databases": {DATABASE: [READER]}} in users["result"]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_it_stays_over_a_restart_of_the_engine(tmp_path: Path) -> None:
    engine = engine_in(tmp_path)
    try:
        engine.ensure_running()
        first = reading_address(EngineFolder(tmp_path))
    finally:
        engine.close()
    with connect(f"embedded:{tmp_path}") as graph:  # starts the engine again, and ends it
        assert graph.rows("RETURN 1 AS one") == [{"one": 1}]
        assert reading_address(EngineFolder(tmp_path)).password == first.password
    assert not EngineFolder(tmp_path).is_locked()


def test_where_no_engine_runs_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="start `loopgraph serve`"):
        reading_address(EngineFolder(tmp_path))


def test_where_there_is_no_database_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="there is no database yet"):
        connect(f"embedded:{tmp_path}/graph")
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_a_user_of_the_embedded_engine_cannot_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="has its own reader"):
        connect(f"embedded:{tmp_path}", user="root")


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_an_engine_of_an_older_loopgraph_is_told_of(tmp_path: Path) -> None:
    folder = EngineFolder(tmp_path)
    with pytest.raises(EngineStartError, match="stop its services"):
        answer_to(folder, (READER, ""), "GET", "/api/v1/databases")
