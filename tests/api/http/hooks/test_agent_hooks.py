"""The doors for the hook events of agent clients, through a real socket: the payloads that their documentation shows."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.api.http.hooks.agent_hooks import DIALECTS
from loopgraph.effects.clock import new_id
from support.quick import first_quick
from support.recorded_clients import session as session_of
from support.recorded_clients import tree
from support.service import Service
from support.traces import statement

Json = dict[str, Any]


async def send(service: Service, client: str, *events: Json) -> None:
    for body in events:
        answer = await service.http.post(f"/api/hooks/{client}", json=body)
        assert (answer.status_code, answer.json()) == (200, {}), answer.text


def prompt(text: str, calls: list[tuple[str, str]], **other: Any) -> Json:
    whole = {"source": "user_prompt", "status": "success", "prompt": text, "answer": None, "calls": calls, "steps": []}
    return {**whole, "spawned_by": (None, None), **other}


@pytest.mark.lengthy
async def test_codex(service: Service) -> None:
    id_ = new_id()
    common = {"session_id": id_, "transcript_path": "/t", "cwd": "/w", "model": "gpt-5"}

    def event(name: str, turn: str | None = "turn-1", **fields: Any) -> Json:
        return {**common, **({"turn_id": turn} if turn else {}), "hook_event_name": name, **fields}

    call = {"tool_name": "Bash", "tool_use_id": "c1", "tool_input": {"command": "ls"}}
    await send(
        service,
        "codex",
        event("SessionStart", source="startup"),
        event("UserPromptSubmit", prompt="fix it", permission_mode="default"),
        event("PreToolUse", **call),
        event("PostToolUse", **call, tool_response="a"),
        event("Stop", stop_hook_active=False, last_assistant_message="done"),
        event("UserPromptSubmit", "turn-2", prompt="second prompt"),
        event("PreToolUse", "turn-2", **{**call, "tool_use_id": "c2"}),
        event("Interrupt", "turn-2"),
        {
            "type": "agent-turn-complete", "thread-id": id_, "turn-id": "turn-3", "cwd": "/w",
            "input-messages": ["third"], "last-assistant-message": "done 3",
        },
        event("SessionEnd", None, reason="other"),
    )  # fmt: skip
    assert await tree(service.parts.graph, id_) == [
        prompt("fix it", [("Bash", "success")], answer="done"),
        prompt("second prompt", [("Bash", "interrupted")], status="interrupted"),
        prompt("third", [], answer="done 3"),
    ]
    stored = await session_of(service.parts.graph, id_)
    assert (stored["model"], stored["client"], stored["end_reason"]) == ("gpt-5", "codex", "other")


@pytest.mark.lengthy
@pytest.mark.parametrize("door", first_quick(["gemini", "gemini-cli"]))
async def test_gemini(service: Service, door: str) -> None:
    """Two prompts, and the same call in both, twice in one."""
    id_ = new_id()
    events = []

    def event(name: str, **fields: Any) -> None:
        at = f"2026-11-28T13:50:{len(events):02}.000Z"
        events.append({"session_id": id_, "cwd": "/w", "hook_event_name": name, "timestamp": at, **fields})

    call = {"tool_name": "run_shell_command", "tool_input": {"command": "ls"}}
    event("SessionStart", source="startup")
    event("BeforeAgent", prompt="fix it")
    for response in (
        {"llmContent": "a"},
        {"llmContent": "b", "error": {"message": "gone", "type": "shell_execute_error"}},
    ):
        event("BeforeTool", **call)
        event("AfterTool", **call, tool_response=response)
    event("AfterAgent", prompt="fix it", prompt_response="done")
    event("BeforeAgent", prompt="again")
    event("BeforeTool", **call)
    event("AfterTool", **call, tool_response={"llmContent": "a"})
    event("AfterAgent", prompt="again", prompt_response="done again")
    event("SessionEnd", reason="exit")
    await send(service, door, *events)
    first = prompt("fix it", [("run_shell_command", "success"), ("run_shell_command", "error")], answer="done")
    expected = [first, prompt("again", [("run_shell_command", "success")], answer="done again")]
    assert await tree(service.parts.graph, id_) == expected
    await send(service, door, *events)
    assert await tree(service.parts.graph, id_) == expected


@pytest.mark.lengthy
async def test_cursor(service: Service) -> None:
    id_ = new_id()

    def event(name: str, generation: str | None = "g-1", **fields: Any) -> Json:
        common = {"conversation_id": id_, "workspace_roots": ["/w"], "hook_event_name": name, "model": "a-model"}
        return {**common, **({"generation_id": generation} if generation else {}), **fields}

    shell = {"tool_name": "Shell", "tool_input": {"command": "ls"}, "tool_use_id": "tu1"}
    await send(
        service,
        "cursor",
        event("sessionStart", None, session_id=id_, composer_mode="agent"),
        event("beforeSubmitPrompt", prompt="fix it", attachments=[]),
        event("preToolUse", **shell),
        event("postToolUse", **shell, tool_output='{"exitCode": 0, "stdout": "a"}', duration=20),
        event("preToolUse", tool_name="Task", tool_input={"description": "look"}, tool_use_id="tu2"),
        event("subagentStart", subagent_id="sa", subagent_type="explore", task="look", tool_call_id="tu2"),
        event("subagentStop", subagent_id="sa", subagent_type="explore", status="completed", summary="looked"),
        event("postToolUse", tool_name="Task", tool_input={"description": "look"}, tool_use_id="tu2", tool_output="ok"),
        event("afterAgentResponse", text="done"),
        event("stop", status="completed", loop_count=0),
        event("beforeSubmitPrompt", "g-2", prompt="and again"),
        event("beforeShellExecution", "g-2", command="make"),
        event("afterShellExecution", "g-2", command="make", output="a", duration=12),
        event("afterFileEdit", "g-2", file_path="/w/a.py", edits=[{"old_string": "a", "new_string": "b"}]),
        event("preToolUse", "g-2", tool_name="Grep", tool_input={"pattern": "a"}, tool_use_id="tu3"),
        event("stop", "g-2", status="aborted", loop_count=0),
        event("sessionEnd", None, session_id=id_, reason="user_close"),
    )
    assert await tree(service.parts.graph, id_) == [
        prompt("fix it", [("Shell", "success"), ("Task", "success")], answer="done"),
        prompt("look", [], source="subagent", answer="looked", spawned_by=("Task", "exact: client")),
        prompt("and again", [("Shell", "success"), ("Edit", "success"), ("Grep", "interrupted")], status="interrupted"),
    ]
    stored = await session_of(service.parts.graph, id_)
    assert (stored["cwd"], stored["model"], stored["end_reason"]) == ("/w", "a-model", "user_close")


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("door", ["copilot", "copilot-cli"])
async def test_copilot(service: Service, door: str) -> None:
    id_ = new_id()
    call = {"toolName": "bash", "toolArgs": '{"command":"ls"}'}
    result = {"resultType": "success", "textResultForLlm": "a"}
    bodies: list[Json] = [
        {"source": "new", "initialPrompt": "fix it"},
        {"prompt": "fix it"},
        call,
        {**call, "toolResult": result},
        {"stopReason": "end_turn"},
        {"prompt": "again"},
        call,
        {**call, "toolResult": {"resultType": "denied", "textResultForLlm": "no"}},
        {"reason": "complete"},
    ]
    events = [{"sessionId": id_, "timestamp": 1795874000000 + 100 * n, "cwd": "/w", **b} for n, b in enumerate(bodies)]
    await send(service, door, *events)
    await send(service, door, *events)
    assert await tree(service.parts.graph, id_) == [
        prompt("fix it", [("bash", "success")]),
        prompt("again", [("bash", "denied")], status="interrupted"),  # no event tells that it came to its end
    ]


@pytest.mark.lengthy
@pytest.mark.parametrize("client", DIALECTS)
async def test_secrets_do_not_get_through_and_the_answer_need_not_wait(service: Service, client: str) -> None:
    id_, secret = new_id(), "ghp_" + "a1B2" * 9
    body = {
        "session_id": id_, "conversation_id": id_, "sessionId": id_, "hook_event_name": "Notification", "message": secret,
        "timestamp": "2026-11-28T13:50:00Z",
    }  # fmt: skip
    if client == "copilot":
        del body["session_id"]
    answer = await service.http.post(f"/api/hooks/{client}?ack=queued", json=body)
    assert (answer.status_code, answer.json()) == (202, {}), answer.text
    await service.http.post(f"/api/hooks/{client}", json={**body, "message": "after it"})
    steps = "MATCH (h:HookExecution {session_id: $id}) RETURN properties(h) AS h"
    stored = [row["h"] for row in await statement(service.parts.graph, steps, id=id_)]
    assert len(stored) == 2
    assert "after it" in str(stored)
    assert secret not in str(stored)


@pytest.mark.parametrize("client", DIALECTS)
async def test_what_is_wrong_is_named(service: Service, client: str) -> None:
    address = f"/api/hooks/{client}"
    wrong = await service.http.post(address, json={"hook_event_name": "Stop"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "INVALID_INPUT")
    assert wrong.json()["error"]["field"] in ("session_id", "conversation_id")
    assert (await service.http.post(address, content=b"x", headers={"content-type": "text/plain"})).status_code == 415
    assert (await service.http.get(address)).status_code == 405
