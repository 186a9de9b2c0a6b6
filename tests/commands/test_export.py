"""``loopgraph export …``, as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import settings_for
from loopgraph.commands import export
from loopgraph.contracts.exports.tables import TABLES, TableName
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from support.command import command, settings_of
from support.engines import EngineUnderTest
from support.traces import Traces, make_version, record

STEPS = 30


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def contents(file: Path) -> str:
    return file.read_text()


@pytest.fixture(scope="module")
async def session(embedded_engine: EngineUnderTest) -> str:
    """The id of a session with one trace of some steps."""
    session = new_id()
    async with Graph.open(settings_for(embedded_engine)) as graph:
        await schema.prepare(graph)
        await record(
            Traces(graph),
            TraceStarted(correlation_id=session, session_id=session),
            *(
                HookExecuted(correlation_id=session, execution_id=f"{session}.{n:02}", hook_type="t", success=True)
                for n in range(STEPS)
            ),
            TraceCompleted(correlation_id=session, success=True),
        )
    return session


@pytest.mark.lengthy
async def test_a_table_on_standard_output(embedded_engine: EngineUnderTest, session: str) -> None:
    code, printed, told = await command(
        "export",
        "table",
        "executions",
        "--session",
        session,
        "--columns",
        "execution_id",
        **settings_of(embedded_engine),
    )
    assert (code, told) == (0, "")
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert [row["execution_id"] for row in rows] == [f"{session}.{n:02}" for n in range(STEPS)]


@pytest.mark.lengthy
async def test_a_table_in_a_file_that_takes_the_place_of_another(
    embedded_engine: EngineUnderTest, session: str, tmp_path: Path
) -> None:
    import pyarrow.parquet

    file = tmp_path / "steps.parquet"
    file.write_text("what was there")
    code, printed, told = await command(
        "export", "table", "executions", "--session", session, "--format", "parquet", "--output", file,
        **settings_of(embedded_engine),
    )  # fmt: skip
    assert (code, printed, told) == (0, "", "")
    assert pyarrow.parquet.read_table(file).num_rows == STEPS
    assert names_in(tmp_path) == ["steps.parquet"]


@pytest.mark.lengthy
async def test_a_failure_leaves_no_half_file(
    embedded_engine: EngineUnderTest, session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "steps.csv"
    file.write_text("what was there")
    settings = settings_of(embedded_engine)
    code, _, told = await command("export", "table", "versions", "--pattern", "none", "-o", file, **settings)
    assert (code, "no Pattern has the id 'none'" in told) == (1, True)
    code, _, told = await command("export", "table", "traces", "-o", tmp_path / "no" / "x", **settings)
    assert (code, "cannot be written: No such file or directory" in told) == (1, True)
    assert (names_in(tmp_path), contents(file)) == (["steps.csv"], "what was there")


@pytest.mark.lengthy
async def test_a_series_and_a_graph(embedded_engine: EngineUnderTest, tmp_path: Path) -> None:
    settings = settings_of(embedded_engine)
    code, printed, _ = await command(
        "export",
        "series",
        "executions",
        "--since",
        "2026-01-01",
        "--until",
        "2026-01-02",
        "--format",
        "ndjson",
        **settings,
    )
    assert (code, len(printed.splitlines())) == (0, 2)
    async with Graph.open(settings_for(embedded_engine)) as graph:
        node_id = await make_version(graph)
    code, printed, _ = await command("export", "lineage", "ancestors", "--node", node_id, "--format", "jgf", **settings)
    assert code == 0
    assert list(json.loads(printed)["graph"]["nodes"]) == [node_id]


@pytest.mark.lengthy
async def test_what_cannot_be_names_the_option(embedded_engine: EngineUnderTest) -> None:
    settings = settings_of(embedded_engine)
    for arguments, told in (
        (("table", "patterns", "--session", "s"), "--session: is no filter of patterns"),
        (("table", "traces", "--since", "soon"), "--since: 'soon' names no time"),
        (("table", "traces", "--columns", "x"), "--columns: 'x' is none of"),
        (("lineage", "path", "--source", "a"), "--target: must be given for path"),
        (("series", "executions", "--kind", "tool", "--name", "x"), "--part: must be given for tool"),
    ):
        code, printed, problem = await command("export", *arguments, **settings)
        assert (code, printed) == (2, "")
        assert problem.startswith(f"loopgraph: {told}"), problem


@pytest.mark.lengthy
async def test_the_names_of_columns_are_told_as_they_are(embedded_engine: EngineUnderTest) -> None:
    _, _, told = await command("export", "table", "executions", "--columns", "a", **settings_of(embedded_engine))
    columns = ", ".join(column.name for column in TABLES[TableName.EXECUTIONS].columns)
    assert "session_id" in columns
    assert told == f"loopgraph: --columns: 'a' is none of {columns}\n"


@pytest.mark.lengthy
async def test_the_tables_are_listed() -> None:
    code, printed, _ = await command("export", "tables")
    assert code == 0
    assert all(name.value in printed for name in TABLES)
    code, printed, _ = await command("export", "tables", "traces")
    assert "duration_ms" in printed


@pytest.mark.lengthy
def test_a_reader_that_stops_ends_it_quietly(embedded_engine: EngineUnderTest, session: str) -> None:
    """With a pipe that nobody reads any more; what is written into it fails."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "loopgraph", "export", "table", "executions", "--session", session],
        env={**os.environ, **settings_of(embedded_engine)}, stdout=write, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (export.BROKEN_PIPE, b"")


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_a_standard_output_that_takes_nothing_is_told_in_a_sentence(
    embedded_engine: EngineUnderTest, session: str
) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "loopgraph", "export", "table", "executions", "--session", session],
            env={**os.environ, **settings_of(embedded_engine)}, stdout=full, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    told = b"loopgraph: standard output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, told)


_WRITING = """
import asyncio, signal, sys
from pathlib import Path
from loopgraph.commands import export

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored where the tests run under nohup; then it is ignored here, too

async def work():
    print("writing", flush=True)
    await asyncio.sleep(3600)

with export._whole_file(Path(sys.argv[1])) as file:
    file.write(b"half")
    asyncio.run(work())
"""


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_it_leaves_no_half_file(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "steps.csv"
    file.write_text("what was there")
    with subprocess.Popen(
        [sys.executable, "-c", _WRITING, file], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"writing\n"
        assert len(names_in(tmp_path)) == 2
        run.send_signal(number)
        _, told = run.communicate()
    assert (run.returncode, told) == (128 + number, b"")
    assert (names_in(tmp_path), contents(file)) == (["steps.csv"], "what was there")
