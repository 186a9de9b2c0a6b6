"""``loopgraph migrate`` and what ``loopgraph doctor`` says of migrations, as a user runs them."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema.migrations import migrations
from loopgraph.effects.schema.schema import SCHEMA_VERSION, recorded_version
from loopgraph.settings import Settings
from support import old_databases

pytestmark = pytest.mark.slow


@pytest.fixture
async def old_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Graph]:
    """A database of schema 2, whose engine this process owns."""
    url = f"embedded:{tmp_path / 'graph'}"
    monkeypatch.setenv("LOOPGRAPH_GRAPH_URL", url)
    async with Graph.open(Settings()) as graph:
        await old_databases.load(graph, 2)
        yield graph


async def run(*arguments: str, **environment: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loopgraph", *arguments, stdout=PIPE, stderr=PIPE, env={**os.environ, **environment}
    )
    output, complaints = await process.communicate()
    return process.returncode, (output + complaints).decode()


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


async def test_status_changes_nothing_of_an_empty_database(tmp_path: Path) -> None:
    settings = Settings(graph_url=f"embedded:{tmp_path / 'graph'}")
    async with Graph.open(settings) as graph:
        code, _ = await run("migrate", "--status", LOOPGRAPH_GRAPH_URL=settings.graph_url)
        assert code == 0
        assert await recorded_version(graph) is None
