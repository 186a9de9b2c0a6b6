"""How work ends, with the real Claude Code: ``make agents`` brings it.

Each session runs offline against a stand-in for its model, with our hooks and its OpenTelemetry. Every tool call must then have
ended in the graph as the client wrote into its own transcripts, before these are read and afterwards.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from conftest import settings_for
from support.engines import EngineUnderTest
from support.recorded_endings import calls, traces
from support.service import Service, serving
from support.stand_in import Script, standing_in
from support.traces import statement
from support.waiting import PATIENCE_S, until

Json = dict[str, Any]

CLIENT = Path(__file__).parent / "node_modules/@anthropic-ai/claude-code-linux-x64/claude"
ANSWER = "That was all."
STOPPED = "The user doesn't want to proceed with this tool use."
"""What a client that is interrupted writes as the result of a call, as if it had been rejected."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CLIENT.exists(), reason="Claude Code is not there for this platform: make agents"),
]


def bash(command: str) -> Json:
    return {"name": "Bash", "arguments": {"command": command, "description": "a command"}}


def agent(prompt: str) -> Json:
    asked = {
        "description": "some work",
        "prompt": prompt,
        "subagent_type": "general-purpose",
        "run_in_background": False,
    }
    return {"name": "Agent", "arguments": asked}


@dataclass(frozen=True)
class Scenario:
    """What the model does, what people forbade, and how the calls must have ended: how many with each status."""

    script: Script
    ends: Mapping[str, int]
    denied: Sequence[str] = ()


SCENARIOS = {
    "denied": Scenario(
        {
            "DENY-ME": [
                bash("rm -rf ../elsewhere"),
                {"name": "Write", "arguments": {"file_path": "/elsewhere.txt", "content": "x"}},
                bash("echo ok"),
            ]
        },
        {"denied": 2, "success": 1},
    ),
    "refused": Scenario(
        {
            "REFUSE-ME": [
                bash("curl http://127.0.0.1:1/"),
                {"name": "NoSuchTool", "arguments": {}},
                {"name": "Bash", "arguments": {"description": "a command is missing"}},
                bash("exit 3"),
                [bash("echo one"), bash("echo two; exit 1")],
            ]
        },
        {"denied": 1, "error": 4, "success": 1},
        denied=("Bash(curl:*)",),
    ),
    "nested": Scenario(
        {
            "NEST-L2": [bash("echo l2")],
            "NEST-L1": [bash("echo l1"), agent("NEST-L2 go")],
            "NEST-TOP": [agent("NEST-L1 go")],
        },
        {"success": 4},
    ),
    "one of three fails": Scenario(
        {
            "SUB-ONE": [[bash("echo one"), bash("echo one-b")]],
            "SUB-BAD": [bash("exit 1"), {"refused": "the model refuses this subagent"}],
            "SUB-LAST": [bash("echo last")],
            "SPAWN-THREE": [[agent("SUB-ONE go"), agent("SUB-BAD go"), agent("SUB-LAST go")]],
        },
        {"success": 5, "error": 2},
    ),
}


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    async with serving(settings_for(embedded_engine).model_copy(update={"loop_poll_ms": 3_600_000})) as service:
        yield service


@dataclass(frozen=True)
class Place:
    """Where a home can be, and the service that is told of it, with its graph."""

    root: Path
    url: str
    graph: EngineUnderTest


@pytest.fixture(name="place")
def _place(service: Service, embedded_engine: EngineUnderTest, tmp_path: Path) -> Place:
    return Place(tmp_path, service.url, embedded_engine)


class Home:
    """A home with a project, in which the client runs with our hooks and sends OpenTelemetry."""

    def __init__(self, place: Place, script: Script, denied: Sequence[str] = ()) -> None:
        self.project, self._place, self._script = place.root / "project", place, script
        self.project.mkdir()
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("LOOPGRAPH_", "CLAUDE", "OTEL"))
        }
        self._variables = kept | {
            "HOME": str(place.root),
            "CLAUDE_CONFIG_DIR": str(place.root / ".claude"),
            "LOOPGRAPH_HOOK_SPOOL": str(place.root / "spool"),
            "LOOPGRAPH_HOOK_TIMEOUT": "20",
            "ANTHROPIC_API_KEY": "none",
            "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
            "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": place.url,
        }
        settings = self.project / ".claude/settings.json"
        settings.parent.mkdir()
        settings.write_text(json.dumps({"permissions": {"deny": list(denied)}}))

    async def install(self) -> None:
        await self.finished(
            sys.executable, "-m", "loopgraph", "hooks", "install", "--project", "--url", self._place.url
        )

    async def run(self, *arguments: str) -> str:
        """What a session that comes to its end prints."""
        with standing_in(self._script, ANSWER) as api:
            return await self.finished(*self._client(*arguments), ANTHROPIC_BASE_URL=api)

    async def stop(self, how: signal.Signals, *arguments: str) -> None:
        """A session that gets a signal while a command runs, which says so by a file."""
        with standing_in(self._script, ANSWER) as api:
            process = await self._started(*self._client(*arguments), ANTHROPIC_BASE_URL=api)
            await until(lambda: self._is_waiting() or process.returncode is not None)
            assert process.returncode is None
            process.send_signal(how)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.communicate(), PATIENCE_S)
            assert process.returncode is not None

    async def import_transcripts(self) -> None:
        """Reads what the client wrote into the graph of the service."""
        await self.finished(
            *(sys.executable, "-m", "loopgraph", "import", "claude-code", str(self._place.root / ".claude")),
            LOOPGRAPH_GRAPH_URL=self._place.graph.url,
            LOOPGRAPH_GRAPH_USER=self._place.graph.user,
            LOOPGRAPH_GRAPH_PASSWORD=self._place.graph.password,
            LOOPGRAPH_GRAPH_DATABASE=self._place.graph.database,
        )

    def _is_waiting(self) -> bool:
        """Whether the last command runs, and the client has written all of what was before it."""
        results = [call["result"] for call in self.told().values()]
        return (self.project / "begun").exists() and len(results) == 2 and results.count(None) == 1

    def told(self) -> dict[str, Json]:
        """The results of the tool calls by what the client wrote; None for one that it does not tell."""
        lines = [
            json.loads(line)
            for file in (self._place.root / ".claude/projects").glob("**/*.jsonl")
            for line in file.read_text().splitlines()
        ]
        blocks = [
            (line, block)
            for line in lines
            if isinstance(content := (line.get("message") or {}).get("content"), list)
            for block in content
        ]
        found: dict[str, Json] = {block["id"]: {"result": None} for _, block in blocks if block["type"] == "tool_use"}
        for line, block in blocks:
            if block["type"] == "tool_result":
                found[block["tool_use_id"]] = {
                    "result": block.get("content"),
                    "is_error": block.get("is_error") is True,
                    "denial": line.get("toolDenialKind"),
                }
        return found

    def _client(self, *arguments: str) -> tuple[str, ...]:
        return (
            str(CLIENT),
            "--print",
            "--allowedTools",
            "Bash(echo:*)",
            "Bash(exit:*)",
            "Bash(touch:*)",
            "Agent",
            "Task",
            *arguments,
        )

    async def _started(self, *command: str, **variables: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *command,
            cwd=self.project,
            env=self._variables | variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def finished(self, *command: str, **variables: str) -> str:
        process = await self._started(*command, **variables)
        printed, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S * 4)
        assert process.returncode == 0, printed.decode()
        return printed.decode()


def ended(told: Json) -> str:
    """The status of a call by its transcript."""
    stopped = told["denial"] in ("interrupted", "cancelled") or str(told["result"]).startswith(STOPPED)
    if told["result"] is None or stopped:
        return "interrupted"
    if told["denial"]:
        return "denied"
    return "error" if told["is_error"] else "success"


async def statuses(service: Service, session: str) -> dict[str, str]:
    return {id_: call["status"] for id_, call in (await calls(service.parts.graph, session)).items()}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
async def test_every_call_ended_as_the_transcript_says(scenario: Scenario, service: Service, place: Place) -> None:
    home, session = Home(place, scenario.script, scenario.denied), str(uuid4())
    await home.install()
    prompt = list(scenario.script)[-1]
    assert ANSWER in await home.run("--session-id", session, "--", f"{prompt} please")
    told = {id_: ended(call) for id_, call in home.told().items()}
    assert {status: list(told.values()).count(status) for status in set(told.values())} == scenario.ends
    assert await statuses(service, session) == told
    await home.import_transcripts()
    assert await statuses(service, session) == told
    assert {trace["status"] for trace in await traces(service.parts.graph, session)} <= {"success", "error"}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=lambda how: how.name)
async def test_what_was_stopped_ends_and_the_session_goes_on(
    how: signal.Signals, service: Service, place: Place
) -> None:
    script: Script = {"STOP-ME": [bash("echo before"), bash("touch begun; sleep 600")], "GO-ON": [bash("echo again")]}
    home, session = Home(place, script), str(uuid4())
    await home.install()
    await home.stop(how, "--session-id", session, "--allowedTools", "Bash", "--", "STOP-ME please")
    assert ANSWER in await home.run("--resume", session, "--", "GO-ON please")
    told = {id_: ended(call) for id_, call in home.told().items()}
    await home.import_transcripts()
    assert await statuses(service, session) == told
    assert sorted(told.values()) == ["interrupted", "success", "success"]
    first, second = await traces(service.parts.graph, session)
    assert (first["status"], second["status"]) == ("interrupted", "success")


async def test_a_rating_is_kept_from_the_model_and_counts_for_the_prompt_before(service: Service, place: Place) -> None:
    """The client shows what came of it, and its model is not asked; while the service is away, the hook keeps the rating."""
    home, session = Home(place, {}), str(uuid4())
    await home.install()
    assert ANSWER in await home.run("--session-id", session, "--", "Plan the work please")
    for number in (4, 2):
        shown = await home.run("--resume", session, "--", f"/rate {number} the plan was good")
        assert f"Loopgraph: rated {number} of 5: “Plan the work please”" in shown
        assert ANSWER not in shown
    rows = await statement(
        service.parts.graph,
        "MATCH (f:Feedback)-[:ABOUT]->(t:Trace {session_id: $session}) RETURN f.rating AS rating, t.prompt_text AS prompt",
        session=session,
    )
    assert sorted((row["rating"], row["prompt"]) for row in rows) == [
        (2, "Plan the work please"),
        (4, "Plan the work please"),
    ]
