"""One session, told by hooks, by its transcripts as they are followed, and by imports of them, all at the same time."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest

from loopgraph.computes.pricing.price_list import PriceList
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.transcripts.positions import Positions
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.orchestrators.transcripts.clients import CLIENTS
from loopgraph.orchestrators.transcripts.following import TranscriptFollower
from loopgraph.orchestrators.transcripts.importing import TranscriptImport
from support import agent_session
from support.skills_session import Skills, tell
from support.traces import Traces
from support.waiting import until

CLIENT = CLIENTS["claude-code"]


async def story(graph: Graph, skills: Skills) -> dict[str, Any]:
    told = await agent_session.story(graph, skills.telling)
    told["hooks"] = [step for step in told["hooks"] if step["hook_type"] != "Pattern"]
    return {name: skills.telling.plain(repr(rows)) for name, rows in told.items()}


@pytest.mark.lengthy
async def test_hooks_a_follower_and_imports_at_once_come_to_one_session(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorders = [Recorder(Traces(graph, PriceList()), Privacy()) for _ in range(3)]
    by_hooks, by_follower, by_import = recorders
    calm = tell(tmp_path / "calm" / "projects")
    for thing in calm.hooks:
        await by_hooks.record(thing)
    await TranscriptImport(CLIENT, by_import, Positions(graph)).run([tmp_path / "calm"])

    skills = tell(tmp_path / "recorded" / "projects")
    home = tmp_path / ".claude"
    (home / "projects").mkdir(parents=True)
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home))
    written = asyncio.Event()

    async def hooks() -> None:
        for thing in skills.hooks:
            await by_hooks.record(thing)

    async def write() -> None:
        """The client's files, some lines and halves of lines at a time, each in its turn."""
        files = {
            home / path.relative_to(tmp_path / "recorded"): path.read_bytes()
            for path in sorted((tmp_path / "recorded").rglob("*"))
            if path.is_file()
        }
        for path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
        for start in itertools.count(0, 2_000):
            left = {path: content[start : start + 2_000] for path, content in files.items() if content[start:]}
            if not left:
                break
            for path, part in left.items():
                with path.open("ab") as file:
                    file.write(part)
                await asyncio.sleep(0)
        written.set()

    async def imports() -> None:
        while not written.is_set():
            await TranscriptImport(CLIENT, by_import, Positions(graph)).run([home])

    follower = TranscriptFollower([CLIENT], by_follower, Positions(graph))
    following = asyncio.create_task(follower.run_forever())
    try:
        await asyncio.gather(hooks(), write(), imports())
        expected = await story(graph, calm)

        async def is_one() -> bool:
            return await story(graph, skills) == expected

        await until(is_one)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        for recorder in recorders:
            await recorder.close(5)
