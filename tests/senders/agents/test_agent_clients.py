"""Real agent clients, offline, with the hooks that ``loopgraph hooks install`` gives them: ``make agents`` brings them.

Each runs against a stand-in for its model's API, and what it did is then in the graph as its own screen shows it.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from conftest import settings_for
from loopgraph.clients.hook_spool import Spool
from support.agent_clients import ANSWER, CHILD, CLIENTS, PROMPT, AgentClient, environment
from support.definition_files import PROJECT, put
from support.engines import EngineUnderTest
from support.joined_clients import picture
from support.recorded_clients import session, tree
from support.service import Service, serving
from support.stand_in import standing_in
from support.traces import statement
from support.waiting import PATIENCE_S

Json = dict[str, Any]

MODULES = Path(__file__).parent / "node_modules"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    async with serving(settings_for(embedded_engine).model_copy(update={"loop_poll_ms": 3_600_000})) as service:
        yield service


@pytest.fixture(params=CLIENTS.values(), ids=lambda client: client.name)
def client(request: pytest.FixtureRequest) -> AgentClient:
    """A client that is there."""
    client: AgentClient = request.param
    if not (MODULES / client.binary).exists():
        pytest.skip(f"{client.name} is not there for this platform: make agents")
    return client


async def run(client: AgentClient, home: Path, url: str, *, telemetry: bool = False, away: bool = False) -> str:
    """What the client printed. It must end well, with our hooks in its settings, and with OpenTelemetry if that is wanted.

    What its hooks kept because the service had too much to do is sent at the end, unless the service is ``away``.
    """
    project = home / "project"
    put(project, PROJECT)
    with standing_in(client.script, ANSWER) as api:
        variables = environment(client, home, api)
        install = [sys.executable, "-m", "loopgraph", "hooks", "install", "--client", client.name, "--url", url]
        await _finished(install, variables, project)
        client.settle(home, api)
        if telemetry and client.telemetry:
            client.telemetry(home, url)
        printed = await _finished(client.command(MODULES), variables, project)
    if not away:
        await _finished([sys.executable, "-m", "loopgraph", "hooks", "flush"], variables, project)
    return printed


async def _finished(command: list[str], variables: dict[str, str], folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=variables,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S * 4)
    text = printed.decode(errors="replace")
    assert process.returncode == 0, text
    return text


CALLS = {
    "codex": [("Bash", "success"), ("Bash", "success"), ("view_image", "interrupted"), ("spawn_agent", "success")],
    "gemini": [("run_shell_command", "success"), ("run_shell_command", "error"), ("run_shell_command", "success")],
    "copilot": [("bash", "success"), ("bash", "error"), ("view", "interrupted"), ("bash", "success")],
}
"""The first calls of the prompt, as they ended."""

USES = {
    "codex": [("memory", "AGENTS.md"), ("skill", "look-agents")],
    "gemini": [("memory", "GEMINI.md"), ("skill", "look-gemini")],
    "copilot": [
        ("memory", ".github/copilot-instructions.md"),
        ("memory", "AGENTS.md"),
        ("memory", "GEMINI.md"),
        ("skill", "look-github"),
    ],
}
"""What it used of the files in the project."""

SUBAGENTS = {
    "codex": ("Bash", ("spawn_agent", "exact: tool_response")),
    "copilot": ("bash", ("task", "inferred: only call")),
}
"""The call of the subagent, and what it hangs under."""


async def test_what_a_client_did_is_in_the_graph(client: AgentClient, service: Service, tmp_path: Path) -> None:
    assert ANSWER in await run(client, tmp_path, service.url)
    found = "MATCH (s:Session) WHERE s.cwd = $cwd RETURN s.session_id AS id"
    [row] = await statement(service.parts.graph, found, cwd=str(tmp_path / "project"))
    prompt, *subagents = await tree(service.parts.graph, row["id"])
    assert (prompt["source"], prompt["status"], prompt["prompt"]) == ("user_prompt", "success", PROMPT)
    assert prompt["answer"] == (None if client.name == "copilot" else ANSWER)
    assert prompt["calls"][: len(CALLS[client.name])] == CALLS[client.name]
    assert len(prompt["calls"]) == len(client.script[PROMPT])
    told = [(one["prompt"], one["status"], *one["calls"], one["spawned_by"]) for one in subagents]
    expected = SUBAGENTS.get(client.name)
    assert told == ([(CHILD, "success", (expected[0], "success"), expected[1])] if expected else [])
    used = "MATCH (h:HookExecution {session_id: $id, hook_type: 'Pattern'}) RETURN h.pattern_type AS kind, h.pattern_name AS name"
    uses = await statement(service.parts.graph, used, id=row["id"])
    assert sorted((use["kind"], use["name"]) for use in uses) == USES[client.name]
    stored = await session(service.parts.graph, row["id"])
    assert stored["ended_at"] > stored["started_at"]


async def test_hooks_and_telemetry_of_a_client_tell_of_one_prompt(
    client: AgentClient, service: Service, tmp_path: Path
) -> None:
    if client.telemetry is None:
        pytest.skip(f"of {client.name} only hooks are known")
    assert ANSWER in await run(client, tmp_path, service.url, telemetry=True)
    found = "MATCH (s:Session) WHERE s.cwd = $cwd RETURN s.session_id AS id"
    [row] = await statement(service.parts.graph, found, cwd=str(tmp_path / "project"))
    prompt, *subagents = await picture(service.parts.graph, row["id"])
    assert (prompt["source"], prompt["status"], prompt["prompt"]) == ("user_prompt", "success", PROMPT)
    assert (prompt["answer"], len(prompt["tools"])) == (ANSWER, len(client.script[PROMPT]))
    assert len(prompt["tokens"]) == len(client.script[PROMPT]) + 1
    told = [(one["source"], one["prompt"], len(one["tools"]), len(one["tokens"])) for one in subagents]
    assert told == ([("subagent", CHILD, 1, 2)] if client.name == "codex" else [])


async def test_a_client_does_its_work_while_the_service_is_away(client: AgentClient, tmp_path: Path) -> None:
    with socket.socket() as held:  # a port at which nobody answers
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        assert ANSWER in await run(client, tmp_path, url, away=True)
    waiting, _ = Spool(tmp_path / "spool", f"{url}/api/hooks/{client.name}").waiting()
    assert waiting >= 2 * len(CALLS[client.name]), "nothing of it is lost"
