"""``loopgraph traces`` as a user runs it beside a running engine: what it prints, how it ends, and what a kill leaves."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loopgraph.commands.app import app
from loopgraph.effects.archive.retention import Retention
from loopgraph.effects.archive.segments import MANIFEST_SUFFIX, Archive
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from loopgraph.orchestrators.archive.pruning import Pruning
from loopgraph.orchestrators.archive.restoration import restore
from loopgraph.settings import Settings
from support.agent_session import observations, story, tell
from support.command import command
from support.prepared import prepared
from support.quick import first_quick
from support.retention import counting, memory, prompt, remember
from support.traces import statement
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
PROMPTS = 200
"""More than one transaction deletes."""


@pytest.fixture(scope="module")
async def own_graph(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Graph]:
    """A graph of its own, because the commands prune all that is old; this process owns the engine."""
    folder = prepared(tmp_path_factory.mktemp("retention") / "graph")
    async with Graph.open(Settings(graph_url=f"embedded:{folder}")) as graph:
        await schema.prepare(graph)
        os.environ["LOOPGRAPH_GRAPH_URL"] = f"embedded:{folder}"
        yield graph
        del os.environ["LOOPGRAPH_GRAPH_URL"]


async def start(*arguments: str | Path) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loopgraph", "traces", *map(str, arguments), stdout=PIPE, stderr=PIPE
    )


async def run(*arguments: str | Path) -> str:
    """What the command prints; it must end well."""
    code, output, complaints = await command("traces", *arguments)
    assert (code, complaints) == (0, "")
    return output


@pytest.mark.exhaustive
async def test_prune_and_restore_beside_a_running_engine(
    own_graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPGRAPH_ARCHIVE_FOLDER", str(tmp_path))  # of which --archive is another one
    begun = now() - 40 * DAY
    await remember(own_graph, prompt("old", begun), begun)
    await remember(own_graph, prompt("open", begun)[:2], begun)
    await remember(own_graph, prompt("new", now()), now())
    before = await memory(own_graph, "")
    options = ("prune", "--older-than", "30d")

    rehearsed = await run(*options, "--dry-run")
    assert await memory(own_graph, "") == before
    counts = "EndpointCall 1 · HookExecution 2 · LogRecord 2 · MetricPoint 1 · RoutingDecision 1 · "
    assert f"would be archived and deleted: {counts}Trace 2\nand the sessions of which" in rehearsed
    pruned = await run(*options)
    assert f"\narchived: {counts}Session 1 · Trace 2\ndeleted: {counts}Session 1 · Trace 2\n" in pruned
    for output in (rehearsed, pruned):
        assert "\nkept 1: in progress\n" in output
    named = re.findall(rf"^segment ({re.escape(str(tmp_path))}/traces-.*\.jsonl\.zst)$", pruned, re.M)
    assert sorted(map(Path, named)) == Archive(tmp_path).segments()
    assert await memory(own_graph, "old") == []

    restored = await run("restore", tmp_path)
    told = json.loads(await run("restore", tmp_path, "--json"))
    assert (any(told["made"].values()), told["segments"] != []) == (False, True), told
    assert await memory(own_graph, "") == before
    assert f"restored: {counts}Session 1 · Trace 2\n" in restored
    assert "there already: Agent 1\n" in restored, "nothing is counted twice"
    again = await run("restore", *named)
    assert await memory(own_graph, "") == before
    assert "restored" not in again
    await run(*options)


async def test_the_session_of_a_real_agent_comes_back_whole(own_graph: Graph, tmp_path: Path) -> None:
    telling = tell()
    for sent in telling.sent:
        await remember(own_graph, observations(sent), now())
    before, told = await memory(own_graph, ""), await story(own_graph, telling)
    report = await Pruning(Retention(own_graph), Archive(tmp_path), now() + DAY, counted=counting(own_graph)).run()
    assert report.deleted["Session"] >= 1
    assert await memory(own_graph, telling.session_id) == []
    await restore(Retention(own_graph), [tmp_path])
    assert await memory(own_graph, "") == before
    assert await story(own_graph, telling) == told


async def traces_left(graph: Graph, name: str) -> int:
    [row] = await statement(
        graph, "MATCH (t:Trace) WHERE t.correlation_id STARTS WITH $name RETURN count(t) AS left", name=name
    )
    left: int = row["left"]
    return left


@pytest.mark.exhaustive
@pytest.mark.parametrize("moment", first_quick(["archived", "deleting"]))
async def test_a_kill_loses_nothing(own_graph: Graph, tmp_path: Path, moment: str) -> None:
    begun, name = now() - 40 * DAY, f"kill-{moment}"
    events = [event for n in range(PROMPTS) for event in prompt(f"{name}.{n}", begun)]
    await remember(own_graph, events, begun)
    before = await memory(own_graph, name)
    options = ("prune", "--older-than", "30d", "--archive", tmp_path)
    process = await start(*options)
    async with asyncio.timeout(PATIENCE_S):
        while not Archive(tmp_path).segments() or (
            moment == "deleting" and await traces_left(own_graph, name) == 2 * PROMPTS
        ):
            assert process.returncode is None, await process.communicate()
            await asyncio.sleep(0.005)
    process.kill()
    await process.wait()
    [segment] = Archive(tmp_path).segments()
    assert (
        json.loads(segment.with_name(segment.name.replace(".jsonl.zst", MANIFEST_SUFFIX)).read_text())["deleted_at"]
        is None
    )
    if moment == "deleting":
        assert 0 < await traces_left(own_graph, name) < 2 * PROMPTS

    await restore(Retention(own_graph), [tmp_path])
    assert await memory(own_graph, name) == before
    assert "\ndeleted: " in await run(*options)
    assert await memory(own_graph, name) == []
    assert Archive(tmp_path).pending() == []
    await restore(Retention(own_graph), [tmp_path])
    assert await memory(own_graph, name) == before
    await Pruning(Retention(own_graph), Archive(tmp_path), now() - 30 * DAY, counted=counting(own_graph)).run()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["prune", "--older-than", "90", "--archive", "a"], 2, "--older-than: '90' is not a duration; write a number and"),
        (["prune", "--older-than", "0d", "--archive", "a"], 2, "--older-than: '0d' is not a duration"),
        (["prune", "--older-than", "-3d", "--archive", "a"], 2, "--older-than: '-3d' is not a duration"),
        (["prune", "--older-than", "999999999w", "--archive", "a"], 2, "is more than a thousand years"),
        (["prune", "--archive", "a"], 2, "Missing option '--older-than'"),
        (["restore"], 2, "Missing argument 'PATH…'"),
        (["restore", "nothing"], 2, "nothing: is neither a segment (*.jsonl.zst) nor a folder that holds one"),
        (["restore", "empty"], 2, "empty: is neither a segment (*.jsonl.zst) nor a folder that holds one"),
    ],
)  # fmt: skip
def test_says_plainly_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["traces", *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == code
    assert words in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


@pytest.mark.exhaustive
async def test_an_archive_that_cannot_be_used_is_told(own_graph: Graph, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    code, output, complaints = await command("traces", "prune", "--older-than", "90d", "--archive", file)
    assert (code, output) == (2, "")
    assert complaints == f"loopgraph: archive: {file} cannot be written: File exists\n"
