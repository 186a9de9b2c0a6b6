"""Commands that look at what a running service has recorded."""

from __future__ import annotations

import asyncio
import json
import re
import webbrowser
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from conftest import settings_for
from loopgraph.commands.app import app
from loopgraph.commands.looking.config import MASK
from loopgraph.settings import Settings
from support.command import command
from support.engines import EngineUnderTest
from support.service import Service, serving
from support.waiting import until


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    async with serving(settings_for(embedded_engine)) as running:
        yield running


@pytest.fixture(scope="module")
async def trace(service: Service) -> str:
    """A trace of a session with a step that failed."""
    trace, session = uuid4().hex, str(uuid4())
    begun = {"hook_event_name": "SessionStart", "session_id": session, "cwd": "/src/a-project", "model": "a-model"}
    assert (await service.http.post("/api/hooks/claude-code", json=begun)).status_code == 200
    events = [
        {"kind": "start", "correlation_id": trace, "session_id": session, "prompt_text": "Mend it\nnow"},
        {"kind": "routing", "correlation_id": trace, "selected_agent": f"agent-{trace}"},
        {"kind": "hook", "correlation_id": trace, "execution_id": uuid4().hex, "hook_type": "PostToolUse",
         "tool_name": "Bash", "duration_ms": 1500, "success": False, "error_message": "no"},
        {"kind": "complete", "correlation_id": trace, "success": False},
    ]  # fmt: skip
    answer = await service.http.post("/api/traces/batch", json=events)
    results = answer.json()["results"]
    assert not [result for result in results if "error" in result], results
    return trace


async def asked(service: Service, *arguments: str, **environment: str) -> str:
    code, told, problem = await command(*arguments, LOOPGRAPH_URL=service.url, **environment)
    assert code == 0, problem
    return told


@pytest.mark.lengthy
async def test_traces_are_listed_with_what_became_of_them(service: Service, trace: str) -> None:
    told = await asked(service, "traces", "list", "--agent", f"agent-{trace}")
    header, line = told.splitlines()
    assert header.split() == ["trace", "began", "status", "took", "steps", "agent", "prompt"]
    assert line.startswith(trace)
    assert "error" in line
    [found] = json.loads(await asked(service, "traces", "list", "--agent", f"agent-{trace}", "--json"))
    assert (found["correlationId"], found["status"]) == (trace, "ERROR")
    assert await asked(service, "traces", "list", "--agent", "nobody") == "there are no such traces\n"
    assert await asked(service, "traces", "list", "--agent", f"agent-{trace}", "--status", "success") == (
        "there are no such traces\n"
    )


@pytest.mark.lengthy
async def test_what_a_trace_failed_with_is_listed_beside_its_prompt(service: Service) -> None:
    trace = uuid4().hex
    events = [
        {"kind": "start", "correlation_id": trace, "prompt_text": "Go on"},
        {"kind": "routing", "correlation_id": trace, "selected_agent": f"agent-{trace}"},
        {"kind": "complete", "correlation_id": trace, "success": False, "error_message": "no disk"},
    ]
    assert (await service.http.post("/api/traces/batch", json=events)).status_code == 200
    header, line = (await asked(service, "traces", "list", "--agent", f"agent-{trace}")).splitlines()
    assert header.split()[-2:] == ["prompt", "error"]
    assert line.split()[-4:] == ["Go", "on", "no", "disk"]


@pytest.mark.lengthy
async def test_a_trace_is_shown_with_all_that_is_under_it(service: Service, trace: str) -> None:
    told = await asked(service, "traces", "show", trace)
    assert told.startswith(f"{trace}: error")
    assert "prompt   Mend it now" in told
    assert "1.5 s" in told
    found = json.loads(await asked(service, "traces", "show", trace, "--json"))
    assert found["correlationId"] == trace
    assert {row["status"] for row in found["steps"]} >= {"ERROR"}
    code, _, problem = await command("traces", "show", "nowhere", LOOPGRAPH_URL=service.url)
    assert (code, problem.partition(":")[0]) == (1, "loopgraph")
    assert "there is no trace 'nowhere'" in problem


@pytest.mark.lengthy
async def test_what_is_recorded_is_followed(service: Service) -> None:
    session = f"session-{uuid4().hex}"
    following = asyncio.create_task(asked(service, "traces", "tail", "--session", session, "--most", "1", "--json"))
    traces: list[str] = []

    async def told() -> bool:
        """Nobody outside knows from when on it hears what is recorded: so that goes on until it has."""
        traces.append(uuid4().hex)
        event = {"correlation_id": traces[-1], "session_id": session, "prompt_text": "Go"}
        assert (await service.http.post("/api/traces/start", json=event)).status_code == 200
        return following.done()

    await until(told)
    [update] = map(json.loads, (await following).splitlines())
    assert update["correlationId"] in traces
    assert update["trace"]["sessionId"] == session


@pytest.mark.lengthy
async def test_sessions_are_listed(service: Service, trace: str) -> None:
    told = await asked(service, "sessions", "--first", "500")
    assert told.splitlines()[0].split() == ["session", "began", "ended", "client", "model", "project"]
    assert "a-model" in told
    began = [re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", line) for line in told.splitlines()[1:]]
    assert all(began), "of one whose beginning nobody told, when it was first heard of"
    assert "a-model" in [
        one["model"] for one in json.loads(await asked(service, "sessions", "--first", "500", "--json"))
    ]


@pytest.mark.lengthy
async def test_a_document_is_asked(service: Service, trace: str, tmp_path: Path) -> None:
    file = tmp_path / "trace.graphql"
    file.write_text("query One($id: ID!) { trace(correlationId: $id) { status } } query Two { __typename }")
    for variables in (["-v", f"id={trace}"], ["--variables", json.dumps({"id": trace})]):
        told = await asked(service, "query", str(file), "--operation", "One", *variables)
        assert json.loads(told) == {"trace": {"status": "ERROR"}}

    file.write_text("{ nowhere }")
    code, told, problem = await command("query", str(file), LOOPGRAPH_URL=service.url)
    assert (code, told) == (1, "")
    assert problem.startswith("✗ Cannot query field 'nowhere'")

    for arguments, named in (
        (["query", str(tmp_path / "none")], "FILE"),
        (["query", str(file), "-v", "id"], "--variable"),
        (["query", str(file), "--variables", "[]"], "--variables"),
    ):
        code, _, problem = await command(*arguments, LOOPGRAPH_URL=service.url)
        assert code == 2
        assert problem.startswith(f"loopgraph: {named}"), problem


@pytest.mark.lengthy
async def test_the_console_is_opened(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = list[str]()

    def browse(url: str) -> bool:
        opened.append(url)
        return len(opened) == 1

    monkeypatch.setattr(webbrowser, "open", browse)
    assert (await command("open", LOOPGRAPH_URL=service.url))[:2] == (0, f"{service.url}/\n")
    code, told, problem = await command("open", LOOPGRAPH_URL=service.url)
    assert (code, told) == (3, f"{service.url}/\n")
    assert "no browser" in problem
    assert opened == [f"{service.url}/"] * 2


@pytest.mark.lengthy
async def test_every_setting_is_shown_with_where_it_is_from_and_no_secret() -> None:
    secret = "very-secret"
    given = {
        "LOOPGRAPH_GRAPH_PASSWORD": secret,
        "LOOPGRAPH_EMBEDDING_KEY": secret,
        "LOOPGRAPH_EMBEDDING_URL": f"https://me:{secret}@models.example.org/v1",
        "LOOPGRAPH_EMBEDDING_MODEL": "a-model",
        "LOOPGRAPH_LOOP_WORKERS": "3",
    }
    code, told, _ = await command("config", "show", "--json", **given)
    assert code == 0
    assert secret not in told
    found = {one["setting"]: (one["value"], one["from"]) for one in json.loads(told)}
    assert list(found) == [f"LOOPGRAPH_{name.upper()}" for name in Settings.model_fields]
    assert found["LOOPGRAPH_LOOP_WORKERS"] == (3, "environment")
    assert found["LOOPGRAPH_GRAPH_PASSWORD"] == (MASK, "environment")
    assert found["LOOPGRAPH_EMBEDDING_URL"] == (f"https://{MASK}@models.example.org/v1", "environment")
    assert found["LOOPGRAPH_PORT"] == (8053, "default")
    assert found["LOOPGRAPH_GENERATOR_KEY"] == ("", "default")
    code, told, _ = await command("config", "show", **given)
    assert (code, secret in told) == (0, False)


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("words", "completed"),
    [("loopgraph tra", ["traces"]), ("loopgraph traces l", ["list", "load"]), ("loopgraph doctor --j", ["--json"])],
)
def test_shells_complete_commands_and_options(words: str, completed: list[str]) -> None:
    asked = {"_LOOPGRAPH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    found = CliRunner(env=asked).invoke(app, [], prog_name="loopgraph")
    assert (found.exit_code, found.stdout.split()) == (0, completed)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_the_doctor_says_it_as_json_and_makes_nothing(tmp_path: Path, service: Service) -> None:
    folder = tmp_path / "none"
    code, told, _ = await command("doctor", "--json", LOOPGRAPH_GRAPH_URL=f"embedded:{folder}")
    found = json.loads(told)
    assert (code, found["healthy"]) == (1, False)
    assert found["problems"]
    assert not folder.exists()
    settings = service.parts.settings
    environment = {
        "LOOPGRAPH_GRAPH_URL": settings.graph_url,
        "LOOPGRAPH_GRAPH_USER": settings.graph_user,
        "LOOPGRAPH_GRAPH_PASSWORD": settings.graph_password.get_secret_value(),
    } | ({"LOOPGRAPH_GRAPH_DATABASE": settings.graph_database} if settings.graph_database else {})
    code, told, _ = await command("doctor", "--json", **environment)
    found = json.loads(told)
    assert (code, found["healthy"], found["engine"]) == (0, True, "embedded"), found
