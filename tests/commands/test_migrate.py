"""``loopgraph migrate`` and what ``loopgraph doctor`` says of migrations, as a user runs them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema.migrations import migrations, recorded_migrations
from loopgraph.effects.schema.schema import SCHEMA_VERSION, recorded_version
from loopgraph.settings import Settings
from support import old_databases
from support.command import command
from support.traces import statement
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.slow


@pytest.fixture
async def old_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Graph]:
    """A database of schema 2, whose engine this process owns."""
    url = f"embedded:{tmp_path / 'graph'}"
    monkeypatch.setenv("LOOPGRAPH_GRAPH_URL", url)
    async with Graph.open(Settings()) as graph:
        await old_databases.load(graph, 2)
        yield graph


async def run(*arguments: str, **environment: str) -> tuple[int, str]:
    code, output, complaints = await command(*arguments, **environment)
    return code, output + complaints


@pytest.mark.exhaustive
async def test_status_doctor_and_migrate(old_graph: Graph) -> None:
    lacking = [migration.name for migration in migrations() if migration.number > 2]
    code, listed = await run("migrate", "--status")
    assert code == 0
    assert [line.split() for line in listed.splitlines() if "pending" in line] == [
        [name, "pending"] for name in lacking
    ]
    assert await recorded_version(old_graph) == 2

    code, said = await run("doctor", LOOPGRAPH_MIGRATE="manual")
    assert code == 1
    assert f"{len(lacking)} of {len(migrations())} pending: {', '.join(lacking)}" in said
    assert "✗ the database is of an older loopgraph: run `loopgraph migrate` to upgrade it" in said
    assert await recorded_version(old_graph) == 2

    code, done = await run("migrate")
    assert code == 0
    assert f"migration 1 of {len(lacking)}, {lacking[0]}" in done
    assert f"{len(lacking)} migrations applied; the database has schema version {SCHEMA_VERSION}" in done

    code, listed = await run("migrate", "--status")
    assert "pending" not in listed
    [line] = [line for line in listed.splitlines() if lacking[0] in line]
    assert " applied 20" in line
    assert int(line.split()[-3].replace(",", "")) > len(old_databases.nodes(2, "Session"))
    assert (await run("migrate"))[1].startswith("nothing to do")
    code, said = await run("doctor")
    assert (code, f"all {len(migrations())} applied" in said) == (0, True)


SESSIONS = 20_000
"""Twenty slices of a backfill: time enough to be killed in between."""


@pytest.mark.exhaustive
async def test_what_a_kill_left_half_done_is_gone_on_with_and_nothing_is_done_twice(old_graph: Graph) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    ids = [f"many-{number:05d}" for number in range(SESSIONS)]
    for first in range(0, SESSIONS, 2_000):
        text = "UNWIND $ids AS id CREATE (:Session {session_id: id, created_at: $at})"
        await statement(old_graph, text, ids=ids[first : first + 2_000], at=at)
    sessions = (await statement(old_graph, "MATCH (s:Session) RETURN count(*) AS n"))[0]["n"]

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loopgraph", "migrate"), stdout=PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        async for line in process.stdout:
            if re.search(rb"_sessions_\S+: [1-9][\d,]* rows? written", line):
                process.kill()
                break
        assert await process.wait() == -signal.SIGKILL
    [half] = [known for known in await recorded_migrations(old_graph) if known.applied_at is None]
    lacking = "MATCH (s:Session) WHERE s.time_key IS NULL RETURN count(*) AS n"
    done = SESSIONS - (await statement(old_graph, lacking))[0]["n"]
    assert half.rows - (sessions - SESSIONS) <= done <= half.rows, "what is recorded is what is written"
    assert 0 < half.rows < sessions, "it was killed in the middle"
    assert await recorded_version(old_graph) == half.number - 1
    _, listed = await run("migrate", "--status")
    assert f"under way since {half.started_at:%Y-%m-%d}" in listed

    code, told = await run("migrate")
    assert (code, f"the database has schema version {SCHEMA_VERSION}" in told) == (0, True), told
    assert (await statement(old_graph, lacking))[0]["n"] == 0
    [whole] = [known for known in await recorded_migrations(old_graph) if known.name == half.name]
    open_traces = (await statement(old_graph, "MATCH (t:Trace) WHERE t.open_key IS NOT NULL RETURN count(*) AS n"))[0][
        "n"
    ]
    assert whole.rows == sessions + open_traces, "each row once"
    keys = await statement(
        old_graph, "MATCH (s:Session) WHERE s.created_at = $at RETURN s.session_id AS id, s.time_key AS k", at=at
    )
    assert {row["id"]: row["k"] for row in keys} == {id_: time_key(at, id_) for id_ in ids}


@pytest.mark.exhaustive
async def test_status_and_doctor_change_nothing_of_an_empty_database(tmp_path: Path) -> None:
    settings = Settings(graph_url=f"embedded:{tmp_path / 'graph'}")
    async with Graph.open(settings) as graph:
        code, _ = await run("migrate", "--status", LOOPGRAPH_GRAPH_URL=settings.graph_url)
        assert code == 0
        code, said = await run("doctor", LOOPGRAPH_GRAPH_URL=settings.graph_url)
        assert (code, "✗ the database is empty: `loopgraph serve` sets it up" in said) == (1, True), said
        assert await recorded_version(graph) is None
        code, said = await run("doctor", "--create", LOOPGRAPH_GRAPH_URL=settings.graph_url)
        assert (code, "✓ healthy" in said) == (0, True), said
        assert await recorded_version(graph) == SCHEMA_VERSION
