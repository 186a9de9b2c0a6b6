"""``loopgraph watch`` as a user runs it: what was there is told as one, and then each session in a line."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from support.engines import EngineUnderTest
from support.transcripts import RECORDED, Fresh, copied
from support.waiting import PATIENCE_S

HEEDING_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
"""A shell starts background jobs with SIGINT ignored, and children inherit that; a terminal does not."""

RUN = f"{HEEDING_CTRL_C}from loopgraph.commands.app import main; main()"


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_it_tells_programs_an_object_a_line(tmp_path: Path, embedded_engine: EngineUnderTest) -> None:
    home = tmp_path / ".claude"
    copied(RECORDED, home / "projects" / "-p", Fresh(), ["33333333"])
    process = await started(tmp_path, embedded_engine, "--json")
    assert process.stdout
    try:
        told = json.loads(await asyncio.wait_for(process.stdout.readline(), PATIENCE_S))
        assert (told["client"], told["events"] > 0) == ("claude-code", True)
    finally:
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert process.returncode == 130


async def started(folder: Path, engine: EngineUnderTest, *options: str) -> asyncio.subprocess.Process:
    """The command, in a process of its own whose home is the folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOOPGRAPH_", "CLAUDE_"))}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUN, "watch", "claude-code", *options,
        env=kept | {
            "HOME": str(folder),
            "LOOPGRAPH_GRAPH_URL": engine.url,
            "LOOPGRAPH_GRAPH_USER": engine.user,
            "LOOPGRAPH_GRAPH_PASSWORD": engine.password,
            "LOOPGRAPH_GRAPH_DATABASE": str(engine.database),
        },
        stdout=PIPE, stderr=PIPE, start_new_session=True,
    )  # fmt: skip


@pytest.mark.lengthy
async def test_it_tells_of_each_session_what_was_recorded_and_nothing_else(
    tmp_path: Path, embedded_engine: EngineUnderTest
) -> None:
    home, recorded = tmp_path / ".claude", tmp_path / "recorded"
    copied(RECORDED, recorded, Fresh(), ["33333333", "66666666", "88888888"])
    there, later, odd, *_ = sorted(recorded.rglob("*.jsonl"))
    folder = home / "projects" / "-p"
    folder.mkdir(parents=True)
    there.rename(folder / there.name)
    process = await started(tmp_path, embedded_engine)
    assert process.stdout

    async def line() -> str:
        assert process.stdout
        return (await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)).decode()

    try:
        assert re.match(r"Claude Code: 1 file read, 0 unchanged · ", await line())
        assert re.match(r"1 session · ", await line())
        assert re.match(r"events \d+ new, 0 known · ", await line())
        later.rename(folder / later.name)
        said = rf"\d\d:\d\d:\d\d Claude Code {later.stem}: \d prompts? · .*\d events\n"
        assert re.fullmatch(said, await line())
        odd.rename(folder / "a\nb\x1b[2J.jsonl")
        assert re.fullmatch(r"\d\d:\d\d:\d\d Claude Code a\\nb\\x1b\[2J: \d prompts? · .*\n", await line())
    finally:
        process.send_signal(signal.SIGINT)
        rest, complaints = await process.communicate()
    assert (process.returncode, rest) == (130, b"")
    assert complaints.decode() == "following Claude Code; Ctrl-C ends it\n"
