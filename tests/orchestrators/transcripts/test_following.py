"""Transcripts are followed as they are written, by a process of their own and by the service."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from loopgraph.computes.pricing.price_list import PriceList
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.contracts.traces.transcripts import TranscriptProgress
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.transcripts.positions import Positions
from loopgraph.errors import GraphUnavailable, SetupError
from loopgraph.main import create_app
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.orchestrators.transcripts import following
from loopgraph.orchestrators.transcripts.clients import CLIENTS, clients_named
from loopgraph.orchestrators.transcripts.following import TranscriptFollower
from loopgraph.settings import Settings
from support.engines import EngineUnderTest
from support.service import nodes, serving
from support.traces import Traces, statement
from support.transcripts import RECORDED, Fresh, copied
from support.waiting import until


class Home:
    """A client's folder that grows."""

    def __init__(self, graph: Graph, folder: Path) -> None:
        self.graph = graph
        self.fresh = Fresh()
        self.folder = folder / ".claude"
        self.source = copied(RECORDED, folder / "recorded", self.fresh)
        (self.folder / "projects").mkdir(parents=True)
        self.told: list[TranscriptProgress] = []

    def path(self, prefix: str) -> Path:
        """The recorded transcript of the session that begins so."""
        [session] = [new for old, new in self.fresh.names.items() if old.startswith(prefix) and "-" in old]
        [path] = self.source.rglob(f"{session}.jsonl")
        return path

    def write(self, path: Path, content: bytes) -> None:
        """Writes, at the end, what is to stand in the client's folder in place of a recorded file."""
        target = self.folder / path.relative_to(self.source)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("ab") as file:
            file.write(content)

    async def prompts(self, path: Path) -> dict[str, str]:
        """The prompts of a session and how they are."""
        rows = await statement(
            self.graph,
            "MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace) RETURN t.prompt_text AS text, t.status AS status",
            id=path.stem,
        )
        return {row["text"]: row["status"] for row in rows}

    async def comes_to(self, path: Path, prompts: dict[str, str]) -> None:
        async def is_so() -> bool:
            return await self.prompts(path) == prompts

        await until(is_so)


@pytest.fixture
def home(graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    made = Home(graph, tmp_path)
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(made.folder))
    return made


class Unsteady(Recorder):
    """Its graph is away as long as a test says so."""

    away = False
    refused = 0

    async def record(self, events: Any, **how: Any) -> Any:
        if self.away:
            self.refused += 1
            raise GraphUnavailable("the graph does not answer")
        return await super().record(events, **how)


@contextlib.asynccontextmanager
async def followed(home: Home) -> AsyncIterator[Unsteady]:
    recorder = Unsteady(Traces(home.graph, PriceList()), Privacy())
    follower = TranscriptFollower(
        [CLIENTS["claude-code"]],
        recorder,
        Positions(home.graph),
        told=lambda client, progress: home.told.append(progress),
    )
    following_ = asyncio.create_task(follower.run_forever())
    try:
        yield recorder
        assert not following_.done()
    finally:
        following_.cancel()
        await asyncio.gather(following_, return_exceptions=True)
        await recorder.close(1)


def parts(path: Path, marker: bytes) -> tuple[bytes, bytes]:
    """A file before and from the line with a marker on."""
    content = path.read_bytes()
    start = content.rindex(b"\n", 0, content.index(marker)) + 1
    return content[:start], content[start:]


@pytest.mark.lengthy
async def test_what_is_there_is_imported_and_what_is_written_is_recorded_as_it_is_written(home: Home) -> None:
    there, later = home.path("3333"), home.path("8888")
    begin, second = parts(later, b'"content":"SECOND-B please"')
    home.write(there, there.read_bytes())
    home.write(later, begin)
    async with followed(home):
        await home.comes_to(there, {"DENY-ME please": "success"})
        await home.comes_to(later, {"MULTI-A please": "success"})
        middle = len(second) // 2
        home.write(later, second[:middle])
        await until(lambda: len(home.told) > 1)
        home.write(later, second[middle:])
        await home.comes_to(
            later, {"MULTI-A please": "success", "SECOND-B please": "success", "REWIND-D please": "success"}
        )
        new = home.path("7777")
        home.write(new, new.read_bytes())
        for path in sorted((new.with_suffix("") / "subagents").iterdir(), reverse=True):
            home.write(path, path.read_bytes())  # what is said about a subagent may come after its first lines
        await home.comes_to(new, {"NEST-TOP please": "success", "NEST-L1 go": "success", "NEST-L2 go": "success"})

        async def is_linked() -> bool:
            rows = await statement(
                home.graph,
                "MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace) WHERE t.agent_id IS NOT NULL "
                "RETURN t.spawn_rule AS r",
                id=new.stem,
            )
            return [row["r"] for row in rows] == ["exact: client"] * 2

        await until(is_linked)


@pytest.mark.lengthy
async def test_a_line_that_is_half_written_waits_for_its_rest(home: Home) -> None:
    path = home.path("6666")
    content = path.read_bytes()
    cut = content.index(b'"finally"')
    home.write(path, content[:cut])
    async with followed(home):
        await home.comes_to(path, {"RETRY-ME please": "in_progress"})
        home.write(path, content[cut:])
        await home.comes_to(path, {"RETRY-ME please": "success"})


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_graph_that_is_away_is_waited_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_PAUSE_S", 0.05)
    path, other = home.path("3333"), home.path("6666")
    home.write(path, path.read_bytes())
    async with followed(home) as recorder:
        await home.comes_to(path, {"DENY-ME please": "success"})
        recorder.away = True
        home.write(other, other.read_bytes())
        await until(lambda: recorder.refused > 2)
        recorder.away = False
        await home.comes_to(other, {"RETRY-ME please": "success"})


@pytest.mark.lengthy
async def test_what_nobody_has_thought_of_is_logged_and_following_goes_on(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(following, "_PAUSE_S", 0.05)
    homes, failures = following.TranscriptFollower._homes, [KeyError("homes"), TypeError("homes")]
    run, others = following.TranscriptImport.run, [TypeError("run"), RecursionError("run")]

    async def failing_homes(self: Any, client: Any) -> Any:
        if failures:
            raise failures.pop()
        return await homes(self, client)

    async def failing_run(self: Any, paths: Any, **how: Any) -> Any:
        if others:
            raise others.pop()
        return await run(self, paths, **how)

    monkeypatch.setattr(following.TranscriptFollower, "_homes", failing_homes)
    monkeypatch.setattr(following.TranscriptImport, "run", failing_run)
    path = home.path("3333")
    home.write(path, path.read_bytes())
    async with followed(home):
        await home.comes_to(path, {"DENY-ME please": "success"})
    logged = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert logged == ["homes", "'homes'", "run", "run"]


async def test_a_folder_that_comes_later_is_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_LOOK_S", 0.05)
    (home.folder / "projects").rmdir()
    home.folder.rmdir()
    path = home.path("3333")
    async with followed(home):
        await asyncio.sleep(0)
        home.write(path, path.read_bytes())
        await home.comes_to(path, {"DENY-ME please": "success"})


@pytest.mark.lengthy
async def test_a_folder_that_goes_and_comes_again_is_followed_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a home is mounted anew: what was watched is no more, and nothing tells so."""
    monkeypatch.setattr(following, "_LOOK_S", 0.05)
    monkeypatch.setattr(following, "_PAUSE_S", 0.05)
    path, other, third = home.path("3333"), home.path("6666"), home.path("8888")
    home.write(path, path.read_bytes())
    async with followed(home):
        await home.comes_to(path, {"DENY-ME please": "success"})
        (home.folder / "projects").rename(home.folder.parent / "away")
        home.write(other, other.read_bytes())
        await home.comes_to(other, {"RETRY-ME please": "success"})
        shutil.rmtree(home.folder)
        await asyncio.sleep(0)
        home.write(third, third.read_bytes())
        await home.comes_to(
            third, {"MULTI-A please": "success", "SECOND-B please": "success", "REWIND-D please": "success"}
        )


def test_a_client_that_there_is_not_is_told() -> None:
    assert [client.name for client in clients_named(["all"])] == list(CLIENTS)
    assert [client.name for client in clients_named(["claude-code", "claude-code"])] == ["claude-code"]
    with pytest.raises(SetupError, match=r"there are no transcripts of 'clippy': name claude-code.* or all"):
        clients_named(["claude-code", "clippy"])


@pytest.mark.lengthy
async def test_the_service_follows_them_if_it_is_asked_to(home: Home, embedded_engine: EngineUnderTest) -> None:
    path = home.path("3333")
    asked = Settings(
        graph_url=embedded_engine.url,
        graph_user=embedded_engine.user,
        graph_password=embedded_engine.password,
        graph_database=embedded_engine.database,
        watch=("claude-code",),
    )
    async with serving(asked) as service:
        home.write(path, path.read_bytes())
        document = "query ($id: ID!) { session(id: $id) { traces(first: 5) { edges { node { promptText status } } } } }"

        async def is_told() -> bool:
            found = (await service.query(document, id=path.stem))["session"]
            told = [(trace["promptText"], trace["status"]) for trace in nodes(found["traces"])] if found else []
            return told == [("DENY-ME please", "SUCCESS")]

        await until(is_told)


def test_the_service_does_not_start_for_a_client_that_there_is_not() -> None:
    with pytest.raises(SetupError, match="there are no transcripts of 'clippy'"):
        create_app(Settings(watch=("clippy",)))
