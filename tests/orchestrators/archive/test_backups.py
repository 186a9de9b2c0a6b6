"""Backups: made while events are recorded, checked before they replace anything, put in place at once or not at all."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import zipfile
from asyncio.subprocess import DEVNULL
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.engine.folder import EngineFolder
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import ForeignData, InvalidInput, SetupError
from loopgraph.orchestrators.archive.backups import back_up, restore
from loopgraph.settings import Settings
from support.command import command
from support.traces import at, statement
from support.waiting import until

pytestmark = pytest.mark.slow

PRESENT = "MATCH (t:Trace)-[:RAN]->(h:HookExecution) RETURN t.correlation_id AS trace, h.execution_id AS execution"


def on(folder: Path) -> Settings:
    return Settings(graph_url=f"embedded:{folder}")


async def record(graph: Graph, batch: int, of: int = 50) -> None:
    """Records a batch of executions, each in a trace of its own."""
    names = [f"{batch:06d}-{number:03d}" for number in range(of)]
    events = [
        HookExecuted(correlation_id=f"t-{name}", execution_id=f"h-{name}", hook_type="PostToolUse", success=True)
        for name in names
    ]
    outcomes = await TraceWrites(graph).record(events, received_at=at(batch))
    assert all(isinstance(outcome, Recorded) for outcome in outcomes)


async def batches(graph: Graph) -> dict[int, int]:
    """How many executions of each batch are there, whole."""
    found: dict[int, int] = {}
    for row in await statement(graph, PRESENT):
        assert row["trace"][1:] == row["execution"][1:]
        batch = int(row["trace"].split("-")[1])
        found[batch] = found.get(batch, 0) + 1
    return found


class Made(NamedTuple):
    """A graph of three batches, and a backup from when it had the first."""

    folder: Path
    file: Path

    def copied(self, folder: Path) -> Path:
        """A copy of its folder, for one test."""
        shutil.copytree(self.folder, folder)
        return folder


@pytest.fixture(scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    made = Made(tmp_path_factory.mktemp("made") / "graph", tmp_path_factory.mktemp("backup") / "backup.zip")
    async with Graph.open(on(made.folder)) as graph:
        await schema.prepare(graph)
        await record(graph, 0)
        await back_up(on(made.folder), made.file)
        for batch in (1, 2):
            await record(graph, batch)
    return made


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def contents(folder: Path) -> set[int]:
    async with Graph.open(on(folder)) as graph:
        await schema.prepare(graph)
        return set(await batches(graph))


@pytest.mark.exhaustive
async def test_a_backup_taken_while_events_are_recorded_has_all_that_was_acknowledged(tmp_path: Path) -> None:
    live, new, file = tmp_path / "live", tmp_path / "new", tmp_path / "backup.zip"
    acknowledged = -1
    stop = asyncio.Event()

    async with Graph.open(on(live)) as graph:
        await schema.prepare(graph)

        async def write() -> None:
            nonlocal acknowledged
            while not stop.is_set():
                await record(graph, acknowledged + 1)
                acknowledged += 1

        writing = asyncio.create_task(write())
        await until(lambda: acknowledged >= 40 or writing.done())
        before = acknowledged
        assert await back_up(on(live), file) == file.stat().st_size
        after = acknowledged
        stop.set()
        await writing
        assert after > before  # it was recorded meanwhile
        assert not list((live / "engine" / "backups").rglob("*.zip"))
    assert file.stat().st_mode & 0o077 == 0

    restored = await restore(on(new), file)
    assert (restored.folder, restored.replaced) == (new, None)
    async with Graph.open(on(new)) as graph:
        await schema.prepare(graph)
        found = await batches(graph)
        await record(graph, 999_999)  # it goes on
    # Batches were recorded one after the other, each in one transaction: those that are there are the first, and whole.
    assert found == dict.fromkeys(range(len(found)), 50)
    assert before < len(found) <= after + 2
    assert EngineFolder(new).password() != EngineFolder(live).password()


async def test_what_is_there_is_replaced_only_when_asked_and_put_aside(made: Made, tmp_path: Path) -> None:
    folder = made.copied(tmp_path / "graph")
    with pytest.raises(SetupError, match="exists already"):
        await back_up(on(folder), made.file)
    with pytest.raises(SetupError, match="holds a graph already"):
        await restore(on(folder), made.file)
    async with Graph.open(on(folder)):
        with pytest.raises(SetupError, match="is in use: stop the service first"):
            await restore(on(folder), made.file, replace=True)
    restored = await restore(on(folder), made.file, replace=True)
    assert await contents(folder) == {0}
    assert restored.replaced is not None
    assert await contents(restored.replaced) == {0, 1, 2}
    assert names(tmp_path) == {"graph", restored.replaced.name}


@pytest.mark.exhaustive
async def test_the_commands_say_it_to_programs_and_a_file_that_is_not_there_is_what_is_wrong(
    made: Made, tmp_path: Path
) -> None:
    folder, file = made.copied(tmp_path / "graph"), tmp_path / "backup.zip"
    here, new = {"LOOPGRAPH_GRAPH_URL": f"embedded:{folder}"}, {"LOOPGRAPH_GRAPH_URL": f"embedded:{tmp_path / 'new'}"}
    code, _, problem = await command("restore", file, **here)
    assert (code, problem) == (2, f"loopgraph: FILE: there is no {file}\n"), "and nothing of --replace"
    code, told, problem = await command("backup", file, "--json", **here)
    assert (code, json.loads(told)) == (0, {"file": str(file), "bytes": file.stat().st_size}), problem
    code, told, problem = await command("restore", file, "--json", **new)
    assert (code, json.loads(told)) == (0, {"folder": str(tmp_path / "new"), "replaced": None}), problem
    code, _, problem = await command("restore", file, **here)
    assert code == 1
    assert "holds a graph already; `--replace` puts it aside" in problem


async def test_a_damaged_backup_replaces_nothing(made: Made, tmp_path: Path) -> None:
    folder, file = made.copied(tmp_path / "graph"), tmp_path / "backup.zip"
    whole = made.file.read_bytes()
    with zipfile.ZipFile(made.file) as outer:
        middle = outer.getinfo("database.zip").header_offset + outer.getinfo("database.zip").file_size // 2

    broken = {
        "is no backup, or is damaged": [b"", b"no zip file", whole[: len(whole) // 2]],
        "damaged": [whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]],
    }
    for message, contents_ in broken.items():
        for content in contents_:
            file.write_bytes(content)
            with pytest.raises((InvalidInput, SetupError), match=message):
                await restore(on(folder), file, replace=True)
    assert await contents(folder) == {0, 1, 2}
    assert names(tmp_path) == {"backup.zip", "graph"}


@pytest.mark.exhaustive
async def test_a_backup_of_a_newer_program_is_refused_before_anything_is_replaced(made: Made, tmp_path: Path) -> None:
    folder, file = made.copied(tmp_path / "graph"), tmp_path / "backup.zip"
    async with Graph.open(on(folder)) as graph:
        await statement(graph, "MATCH (s:SchemaVersion {key: 'loopgraph'}) SET s.version = 999")
        await back_up(on(folder), file)
    with pytest.raises(SetupError, match="use a newer loopgraph"):
        await restore(on(tmp_path / "new"), file)
    assert not (tmp_path / "new").exists()


async def test_what_cannot_be_backed_up_or_restored_to(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="there is no graph"):
        await back_up(on(tmp_path / "nothing"), tmp_path / "backup.zip")
    with pytest.raises(InvalidInput, match="FILE: there is no "):
        await restore(on(tmp_path / "nothing"), tmp_path / "backup.zip")
    assert names(tmp_path) == set()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.txt").write_text("mine")
    with zipfile.ZipFile(tmp_path / "backup.zip", "w"):
        pass
    with pytest.raises(ForeignData, match="holds other data"):
        await restore(on(tmp_path / "foreign"), tmp_path / "backup.zip", replace=True)
    with pytest.raises(SetupError, match="use its own tools"):
        await back_up(Settings(graph_url="bolt://127.0.0.1:9"), tmp_path / "backup.zip")


async def killed_at(moment: Callable[[], bool], file: Path, folder: Path) -> None:
    """Runs ``loopgraph restore`` and kills it when a moment has come, if it ever comes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "loopgraph", "restore", "--replace", str(file)),
        env={**os.environ, "LOOPGRAPH_GRAPH_URL": f"embedded:{folder}"},
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    await until(lambda: moment() or process.returncode is not None, 0.002)
    if process.returncode is None:
        process.kill()
    await process.wait()


@pytest.mark.exhaustive
async def test_a_restore_that_is_killed_leaves_the_old_graph_or_the_new(made: Made, tmp_path: Path) -> None:
    folder = made.copied(tmp_path / "graph")
    staging = EngineFolder(tmp_path / "graph.restoring")

    def aside() -> list[Path]:
        return list(tmp_path.glob("graph.replaced-*"))

    def opened() -> bool:
        record = staging.record()
        return record is not None and record.pid is not None

    moments: tuple[Callable[[], bool], ...] = (
        opened,
        lambda: bool(aside()),
    )
    for moment in moments:
        await killed_at(moment, made.file, folder)
        assert await contents(folder) in ({0, 1, 2}, {0})
    await restore(on(folder), made.file, replace=True)
    assert await contents(folder) == {0}
    assert not staging.path.exists()
    kept = [await contents(folder) for folder in aside()]
    assert {0, 1, 2} in kept  # the old graph is never lost
