"""``loopgraph traces load`` as a user runs it: from a file and from a pipe, what it prints, and how it ends."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from support.command import command, settings_of
from support.engines import EngineUnderTest
from support.traces import statement


def events(mark: str, traces: int) -> list[dict[str, Any]]:
    """A beginning, a step and an end of each trace."""
    found: list[dict[str, Any]] = []
    for number in range(traces):
        id_, at = f"{mark}.{number}", f"2025-04-01T10:{number % 60:02}:00Z"
        step = {"execution_id": f"{id_}.1", "hook_type": "ToolUse", "tool_name": f"Bash {mark}", "started_at": at}
        found += [
            {"kind": "start", "correlation_id": id_, "timestamp": at, "user_id": f"user {mark}"},
            {"kind": "hook", "correlation_id": id_, "duration_ms": 5, "success": True, **step},
            {"kind": "complete", "correlation_id": id_, "timestamp": at, "success": True},
        ]
    return found


def written(path: Path, lines: list[Any]) -> Path:
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
    return path


async def counted(graph: Graph, mark: str) -> int:
    """The executions in the day's bucket of the user."""
    rows = await statement(
        graph,
        "MATCH (b:UsageBucket) WHERE b.bucket_key STARTS WITH 'd|user||' AND b.bucket_key CONTAINS $mark "
        "RETURN b.executions AS n",
        mark=mark,
    )
    return sum(row["n"] for row in rows)


@pytest.mark.slow
async def test_a_file_is_loaded_and_counted_and_again_nothing_is_new(
    engine: EngineUnderTest, graph: Graph, tmp_path: Path
) -> None:
    mark = new_id()
    file, environment = written(tmp_path / "events.ndjson", events(mark, 30)), settings_of(engine)
    code, output, complaints = await command("traces", "load", file, **environment)
    assert (code, complaints) == (0, "")
    assert output.startswith("90 lines · events 90 new, 0 known, 0 refused · ")
    assert await counted(graph, mark) == 30
    code, output, complaints = await command("traces", "load", file, "--no-progress", **environment)
    assert (code, complaints) == (0, "")
    assert output.startswith("90 lines · events 0 new, 90 known, 0 refused · ")
    code, output, _ = await command("traces", "load", file, "--after", "81", **environment)
    assert (code, output.startswith("90 lines · events 0 new, 9 known, 0 refused · ")) == (0, True)
    assert await counted(graph, mark) == 30
    code, output, _ = await command("traces", "load", file, "--after", "90", **environment)
    assert (code, output.startswith("90 lines · events 0 new, 0 known, 0 refused · ")) == (0, True)
    code, output, complaints = await command("traces", "load", file, "--after", "99999", **environment)
    assert (code, output, complaints) == (2, "", "loopgraph: --after: the file has 90 lines\n")


@pytest.mark.lengthy
async def test_wrong_lines_are_told_by_their_numbers_and_more_are_counted(
    engine: EngineUnderTest, graph: Graph, tmp_path: Path
) -> None:
    mark = new_id()
    lines: list[Any] = events(mark, 1)
    lines[1:1] = ["not JSON\n"] * 25
    code, output, complaints = await command(
        "traces", "load", written(tmp_path / "events.ndjson", lines), **settings_of(engine)
    )
    assert code == 1
    assert output.startswith("28 lines · events 3 new, 0 known, 25 refused · ")
    told = complaints.splitlines()
    assert told[0].startswith("line 2: body: is not JSON")
    assert (len(told), told[-1]) == (21, "more lines are refused, which are only counted")
    assert await counted(graph, mark) == 1


@pytest.mark.slow
async def test_a_pipe_is_loaded(engine: EngineUnderTest, graph: Graph, tmp_path: Path) -> None:
    mark = new_id()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loopgraph", "traces", "load", "-", "--no-progress",
        env={**settings_of(engine), "PATH": ""}, stdin=PIPE, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    output, complaints = await process.communicate(written(tmp_path / "events", events(mark, 3)).read_bytes())
    assert (process.returncode, complaints) == (0, b"")
    assert output.startswith(b"9 lines \xc2\xb7 events 9 new, 0 known, 0 refused")
    assert await counted(graph, mark) == 3


@pytest.mark.lengthy
async def test_a_file_without_an_event_is_not_said_to_be_loaded(engine: EngineUnderTest, tmp_path: Path) -> None:
    for text in ("", "\n\n"):
        (file := tmp_path / "events.ndjson").write_text(text)
        code, output, complaints = await command("traces", "load", file, "--no-progress", **settings_of(engine))
        assert (code, complaints) == (1, f"loopgraph: there is nothing to load: {file} has no event\n")
        assert output.startswith(f"{text.count(chr(10))} lines · events 0 new, 0 known, 0 refused · ")


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nothing.ndjson"], 2, "FILE: nothing.ndjson cannot be read: No such file or directory"),
        (["."], 2, "FILE: . cannot be read: Is a directory"),
        (["nothing.ndjson", "--after", "-1"], 2, "equal to 0"),
        ([], 2, "Missing argument 'FILE'"),
    ],
)
async def test_says_plainly_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found, output, complaints = await command("traces", "load", *arguments)
    assert (found, output) == (code, "")
    assert words in complaints
    assert "Traceback" not in complaints
