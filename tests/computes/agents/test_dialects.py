"""The dialects of agent clients, event by event: the payloads that their public documentation shows."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.api.http.hooks.agent_hooks import DIALECTS
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import SessionSeen, SpawnRule
from loopgraph.contracts.traces.precedence import Ending
from loopgraph.errors import InvalidInput
from support.dialects import AT, OWN_ID, observed, only

Json = dict[str, Any]

TURN = "01a2250b-1208-74b2-90db-e18c12c038ee"


def codex(event: str, **fields: Any) -> Json:
    return {"session_id": "cx-1", "turn_id": TURN, "cwd": "/w", "hook_event_name": event, "model": "gpt-5", **fields}


def gemini(event: str, **fields: Any) -> Json:
    common = {"session_id": "ge-1", "transcript_path": "/t", "cwd": "/w", "timestamp": "2026-11-28T13:50:01.250Z"}
    return {**common, "hook_event_name": event, **fields}


def cursor(event: str, **fields: Any) -> Json:
    common = {"conversation_id": "cu-1", "generation_id": TURN, "workspace_roots": ["/w"], "model": "a-model"}
    return {**common, "hook_event_name": event, "cursor_version": "2.4.1", "user_email": "dev@example.com", **fields}


def copilot(**fields: Any) -> Json:
    return {"sessionId": "co-1", "timestamp": 1795874000100, "cwd": "/w", **fields}


# Codex


def test_codex_names_its_turns_and_calls() -> None:
    started = only("codex", codex("UserPromptSubmit", prompt="fix it", permission_mode="default"), TraceStarted)
    assert (started.correlation_id, started.session_id, started.prompt_text) == (TURN, "cx-1", "fix it")
    assert started.context == {"permission_mode": "default"}
    call = {"tool_name": "Bash", "tool_use_id": "c1", "tool_input": {"command": "ls"}}
    begun = only("codex", codex("PreToolUse", **call), HookExecuted)
    ended = only("codex", codex("PostToolUse", **call, tool_response="a"), HookExecuted)
    assert begun.execution_id == ended.execution_id == "cx-1/c1"
    assert (begun.status, begun.started_at, ended.status, ended.completed_at) == ("in_progress", AT, "success", AT)
    assert (ended.tool_input, ended.tool_response, ended.root_id) == ({"command": "ls"}, "a", TURN)
    over = only("codex", codex("Stop", stop_hook_active=False, last_assistant_message="done"), TraceCompleted)
    assert (over.correlation_id, over.status, over.response_text) == (TURN, "success", "done")
    assert over.context == {"stop_hook_active": False}


def test_a_turn_of_codex_that_is_not_unique_is_told_from_those_of_other_sessions() -> None:
    ids = {
        only("codex", codex("UserPromptSubmit", turn_id="1", session_id=session), TraceStarted).correlation_id
        for session in ("cx-1", "cx-2")
    }
    assert ids == {"cx-1/1", "cx-2/1"}


def test_codex_does_not_tell_how_a_call_ended_so_others_may() -> None:
    [ran] = [
        one
        for one in observed("codex", codex("PostToolUse", tool_name="Bash", tool_use_id="c", tool_response="no"))
        if isinstance(one.event, HookExecuted)
    ]
    assert ran.ending == Ending.TELEMETRY < Ending.TOLD


def test_codex_names_who_spawned_a_subagent() -> None:
    answer = '{"agent_id": "a-1", "nickname": "Kuhn"}'
    body = codex("PostToolUse", tool_name="spawn_agent", tool_use_id="c5", tool_input={}, tool_response=answer)
    [spawned] = [one for one in observed("codex", body) if one.spawn_rule]
    assert (spawned.spawn_rule, spawned.event.kind) == (SpawnRule.TOOL_RESPONSE, "start")
    assert isinstance(spawned.event, TraceStarted)
    assert (spawned.event.correlation_id, spawned.event.spawned_by) == ("cx-1/a-1", "cx-1/c5")
    inner = only(
        "codex", codex("UserPromptSubmit", agent_id="a-1", agent_type="default", prompt="deeper"), TraceStarted
    )
    assert (inner.correlation_id, inner.source, inner.agent_type, inner.prompt_text, inner.root_id) == (
        "cx-1/a-1", "subagent", "default", "deeper", None,
    )  # fmt: skip
    over = only("codex", codex("SubagentStop", agent_id="a-1", last_assistant_message="ok"), TraceCompleted)
    assert (over.correlation_id, over.response_text) == ("cx-1/a-1", "ok")


def test_an_interrupted_turn_of_codex_ends_with_all_that_is_open() -> None:
    body = codex("Interrupt")
    assert only("codex", body, TraceCompleted).status is TraceStatus.INTERRUPTED
    assert only("codex", body, SessionSeen).cut_off_at == AT


def test_codex_tells_its_notify_program_of_a_whole_turn() -> None:
    body = {
        "type": "agent-turn-complete", "thread-id": "th-1", "turn-id": TURN, "cwd": "/w", "client": "codex-tui",
        "input-messages": ["fix it", "soon"], "last-assistant-message": "done",
    }  # fmt: skip
    started, over = (one.event for one in observed("codex", body)[:2])
    assert isinstance(started, TraceStarted)
    assert (started.correlation_id, started.session_id, started.prompt_text) == (TURN, "th-1", "fix it\nsoon")
    assert started.timestamp is None, "it says nothing of when the turn began"
    assert isinstance(over, TraceCompleted)
    assert (over.correlation_id, over.response_text, over.context) == (TURN, "done", {"client": "codex-tui"})


def test_a_session_of_codex() -> None:
    [begun] = [one.event for one in observed("codex", codex("SessionStart", source="startup")) if one.rank == 5]
    assert isinstance(begun, SessionSeen)
    assert (begun.started_at, begun.source, begun.cut_off_at) == (AT, "startup", AT)
    seen = {
        (one.event.model, one.event.cwd, one.event.client)
        for one in observed("codex", codex("Stop"))
        if isinstance(one.event, SessionSeen)
    }
    assert seen == {("gpt-5", "/w", "codex")}
    ended = only("codex", codex("SessionEnd", reason="other"), SessionSeen)
    assert (ended.ended_at, ended.end_reason, ended.cut_off_at) == (AT, "other", AT)
    on = only("codex", codex("SessionStart", source="compact"), SessionSeen)
    assert on.cut_off_at is None, "what is open goes on"


# Gemini CLI


def test_gemini_names_nothing_but_the_instant() -> None:
    body = gemini("BeforeAgent", prompt="fix it")
    started = only("gemini", body, TraceStarted)
    assert started.correlation_id.startswith("ge-1/prompt:")
    assert started.timestamp == datetime(2026, 11, 28, 13, 50, 1, 250_000, UTC)
    assert (started.prompt_text, started.context) == ("fix it", {})
    again = only("gemini", dict(reversed(body.items())), TraceStarted)
    assert again == started, "told again it is the same, whoever tells it"
    call = {"tool_name": "read_file", "tool_input": {"file_path": "a"}}
    [begun] = [one for one in observed("gemini", gemini("BeforeTool", **call)) if isinstance(one.event, HookExecuted)]
    assert (begun.unnamed_call, begun.prompt_of) == (True, "ge-1")
    response = {"llmContent": "a", "returnDisplay": ""}
    ended = only("gemini", gemini("AfterTool", **call, tool_response=response), HookExecuted)
    assert (ended.status, ended.tool_response) == ("success", response)
    [over] = [
        one
        for one in observed("gemini", gemini("AfterAgent", prompt="fix it", prompt_response="done"))
        if isinstance(one.event, TraceCompleted)
    ]
    assert over.prompt_of == "ge-1"
    assert isinstance(over.event, TraceCompleted)
    assert (over.event.response_text, over.event.context) == ("done", {})


@pytest.mark.parametrize(
    ("tool", "response", "status", "kind", "message"),
    [
        (
            "run_shell_command",
            {"llmContent": "Output: x\nExit Code: 3\nGroup: 1"},
            "error",
            "tool_error",
            "exit code 3",
        ),
        ("run_shell_command", {"llmContent": "Output: Exit Code: 3\nExit Code: 0"}, "success", None, None),
        ("read_file", {"llmContent": "Exit Code: 3"}, "success", None, None),
        ("x", {"error": {"message": "gone", "type": "file_not_found"}}, "error", "file_not_found", "gone"),
        ("x", {"error": {"message": "no", "type": "policy_violation"}}, "denied", "permission_denied", "no"),
        ("x", "a text", "success", None, None),
    ],
)
def test_how_a_call_of_gemini_ended(
    tool: str, response: Any, status: str, kind: str | None, message: str | None
) -> None:
    body = gemini("AfterTool", tool_name=tool, tool_input={}, tool_response=response)
    ended = only("gemini", body, HookExecuted)
    assert (ended.status, ended.error_type, ended.error_message) == (status, kind, message)


@pytest.mark.parametrize("event", ["BeforeModel", "AfterModel", "BeforeToolSelection"])
def test_of_the_requests_of_gemini_only_the_model_is_kept(event: str) -> None:
    request = {"model": "gemini-2.5-flash", "messages": [{"role": "user", "content": "all of it"}]}
    seen = observed("gemini", gemini(event, llm_request=request, llm_response={"text": "x"}))
    assert {one.event.kind for one in seen} == {"session"}
    assert {one.event.model for one in seen if isinstance(one.event, SessionSeen)} == {None, "gemini-2.5-flash"}
    assert "all of it" not in str(seen)


# Cursor


def test_cursor_names_its_generations_and_calls() -> None:
    started = only("cursor", cursor("beforeSubmitPrompt", prompt="fix it", attachments=[]), TraceStarted)
    assert (started.correlation_id, started.session_id, started.prompt_text) == (TURN, "cu-1", "fix it")
    assert started.context == {"attachments": []}
    call = {"tool_name": "Shell", "tool_input": {"command": "ls"}, "tool_use_id": "tu1"}
    begun = only("cursor", cursor("preToolUse", **call, agent_message="Looking"), HookExecuted)
    output = '{"exitCode": 0, "stdout": "a"}'
    ended = only("cursor", cursor("postToolUse", **call, tool_output=output, duration=5432), HookExecuted)
    assert begun.execution_id == ended.execution_id == "cu-1/tu1"
    assert (ended.status, ended.duration_ms, ended.tool_response) == ("success", 5432, {"exitCode": 0, "stdout": "a"})
    failing = only("cursor", cursor("postToolUse", **call, tool_output='{"exitCode": 2}'), HookExecuted)
    assert (failing.status, failing.error_message) == ("error", "exit code 2")


@pytest.mark.parametrize(
    ("fields", "status", "kind"),
    [
        ({"failure_type": "error"}, "error", "tool_error"),
        ({"failure_type": "timeout"}, "timeout", "timeout"),
        ({"failure_type": "permission_denied"}, "denied", "permission_denied"),
        ({"failure_type": "error", "is_interrupt": True}, "interrupted", "interrupt"),
    ],
)
def test_how_a_call_of_cursor_failed(fields: Json, status: str, kind: str) -> None:
    call = {"tool_name": "Shell", "tool_use_id": "tu1", "tool_input": {}, "error_message": "why", "duration": 5}
    ended = only("cursor", cursor("postToolUseFailure", **call, **fields), HookExecuted)
    assert (ended.status, ended.error_type, ended.error_message) == (status, kind, "why")


@pytest.mark.parametrize(
    ("said", "status"), [("completed", "success"), ("aborted", "interrupted"), ("error", "error"), (None, "success")]
)
def test_how_a_generation_of_cursor_ended(said: str | None, status: str) -> None:
    body = cursor("stop", status=said, loop_count=0)
    assert only("cursor", body, TraceCompleted).status == status
    cut_off = [one.event.cut_off_at for one in observed("cursor", body) if isinstance(one.event, SessionSeen)]
    assert (AT in cut_off) == (status == "interrupted")  # and all that is open with it


def test_a_trace_of_cursor_is_its_users() -> None:
    prompt = only("cursor", cursor("beforeSubmitPrompt", prompt="fix it"), TraceStarted)
    below = only(
        "cursor", cursor("subagentStart", subagent_id="sa", subagent_type="explore", task="look"), TraceStarted
    )
    assert prompt.user_id == below.user_id == "dev@example.com"


def test_a_text_of_cursor_is_its_answer_unless_it_goes_on() -> None:
    [told] = [
        one
        for one in observed("cursor", cursor("afterAgentResponse", text="done"))
        if isinstance(one.event, TraceCompleted)
    ]
    assert isinstance(told.event, TraceCompleted)
    assert (told.event.response_text, told.ending) == ("done", Ending.AROUND)


def test_the_older_events_of_cursor() -> None:
    begun = only("cursor", cursor("beforeShellExecution", command="ls", sandbox=False), HookExecuted)
    ended = only("cursor", cursor("afterShellExecution", command="ls", output="a", duration=12), HookExecuted)
    assert begun.execution_id == ended.execution_id, "but for the id of the event"
    assert (ended.tool_name, ended.tool_input, ended.tool_response) == ("Shell", {"command": "ls"}, "a")
    mcp = {"tool_name": "query", "tool_input": '{"q": 1}', "result_json": '{"rows": []}', "duration": 2}
    called = only("cursor", cursor("afterMCPExecution", **mcp), HookExecuted)
    assert (called.tool_name, called.tool_input, called.tool_response) == ("query", {"q": 1}, {"rows": []})
    edits = [{"old_string": "a", "new_string": "b"}]
    edited = only("cursor", cursor("afterFileEdit", file_path="/w/a.py", edits=edits), HookExecuted)
    assert (edited.tool_name, edited.tool_input) == ("Edit", {"file_path": "/w/a.py", "edits": edits})
    read = only("cursor", cursor("beforeReadFile", file_path="/w/a.py", content="x"), HookExecuted)
    assert (read.tool_name, read.tool_response) == ("Read", "x")


def test_a_subagent_of_cursor_names_the_call_that_spawned_it() -> None:
    body = cursor("subagentStart", subagent_id="sa", subagent_type="explore", task="look", tool_call_id="tu9")
    [spawned] = [one for one in observed("cursor", body) if one.spawn_rule]
    assert isinstance(spawned.event, TraceStarted)
    assert (spawned.spawn_rule, spawned.event.spawned_by) == (SpawnRule.CLIENT, "cu-1/tu9")
    begun = only("cursor", body, TraceStarted)
    assert (begun.correlation_id, begun.agent_type, begun.prompt_text, begun.root_id) == (
        "cu-1/sa",
        "explore",
        "look",
        TURN,
    )
    over = only("cursor", cursor("subagentStop", subagent_id="sa", status="error", summary="none"), TraceCompleted)
    assert (over.correlation_id, over.status, over.response_text) == ("cu-1/sa", "error", "none")
    unnamed = only("cursor", cursor("subagentStop", subagent_type="explore", status="completed"), HookExecuted)
    assert (unnamed.execution_id, unnamed.hook_type) == (OWN_ID, "subagentStop")


def test_a_session_of_cursor() -> None:
    begun = only(
        "cursor", {"session_id": "cu-2", "hook_event_name": "sessionStart", "composer_mode": "agent"}, SessionSeen
    )
    assert (begun.session_id, begun.client, begun.started_at) == ("cu-2", "cursor", AT)
    seen = [one.event for one in observed("cursor", cursor("stop")) if isinstance(one.event, SessionSeen)]
    known = ("cwd", "model", "client_version", "user_id")
    assert {name: value for one in seen for name in known if (value := getattr(one, name))} == {
        "cwd": "/w",
        "model": "a-model",
        "client_version": "2.4.1",
        "user_id": "dev@example.com",
    }


# Copilot CLI


def test_the_events_of_copilot_are_known_by_their_fields() -> None:
    call = {"toolName": "bash", "toolArgs": '{"command": "ls"}'}
    result = {"resultType": "success", "textResultForLlm": "a"}
    started = only("copilot", copilot(prompt="fix it"), TraceStarted)
    assert started.correlation_id.startswith("co-1/prompt:")
    assert started.timestamp == datetime.fromtimestamp(1795874000.1, UTC)
    begun = only("copilot", copilot(**call), HookExecuted)
    ended = only("copilot", copilot(**call, toolResult=result), HookExecuted)
    assert (begun.status, begun.tool_input) == ("in_progress", {"command": "ls"})
    assert (ended.status, ended.tool_response) == ("success", result)
    assert begun.execution_id.rpartition("/")[0] == ended.execution_id.rpartition("/")[0]
    wrong = only("copilot", copilot(**call, error="no such tool"), HookExecuted)
    assert (wrong.status, wrong.error_message) == ("error", "no such tool")
    assert only("copilot", copilot(stopReason="end_turn", transcriptPath="/t"), TraceCompleted).status == "success"
    assert only("copilot", copilot(source="new", initialPrompt="fix it"), SessionSeen).source == "new"
    assert only("copilot", copilot(reason="complete"), SessionSeen).end_reason == "complete"
    for body, event in (
        (copilot(toolName="bash", toolInput={}, permissionSuggestions=[]), "permissionRequest"),
        (copilot(trigger="auto"), "preCompact"),
        (copilot(notification_type="permission_prompt", message="?"), "notification"),
        (copilot(something="new"), "unknown"),
    ):
        assert only("copilot", body, HookExecuted).hook_type == event


def test_the_events_of_copilot_that_are_named_as_other_clients_name_them() -> None:
    named = {"session_id": "co-1", "timestamp": "2026-11-29T01:53:57.237Z", "hook_event_name": "PostToolUse"}
    result = {"result_type": "success", "text_result_for_llm": "one\n<shellId: 1 completed with exit code 7>"}
    ended = only("copilot", {**named, "tool_name": "Bash", "tool_input": {}, "tool_result": result}, HookExecuted)
    assert (ended.status, ended.error_message) == ("error", "exit code 7")
    stopped = only("copilot", {**named, "hook_event_name": "Stop", "stop_reason": "end_turn"}, TraceCompleted)
    assert stopped.status == "success"
    prompted = only("copilot", {**named, "hook_event_name": "UserPromptSubmit", "prompt": "x"}, TraceStarted)
    assert prompted.prompt_text == "x"


@pytest.mark.parametrize(
    ("kind", "status"), [("denied", "denied"), ("rejected", "denied"), ("failure", "error"), ("timeout", "timeout")]
)
def test_how_a_call_of_copilot_ended(kind: str, status: str) -> None:
    result = {"resultType": kind, "textResultForLlm": "why"}
    ended = only("copilot", copilot(toolName="bash", toolArgs={}, toolResult=result), HookExecuted)
    assert (ended.status, ended.error_message) == (status, "why")


def test_an_error_of_copilot_ends_the_prompt_unless_it_goes_on() -> None:
    error = {"name": "ModelError", "message": "overloaded", "stack": "…"}
    for goes_on, ends in ((True, 0), (False, 1)):
        body = copilot(error=error, errorContext="model_call", recoverable=goes_on)
        step = only("copilot", body, HookExecuted)
        assert (step.status, step.error_type, step.error_message) == ("error", "ModelError", "overloaded")
        assert sum(isinstance(one.event, TraceCompleted) for one in observed("copilot", body)) == ends


# All of them


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize(
    "body", [None, [], "x", {}, {"session_id": 1}, {"conversation_id": "", "hook_event_name": "x"}]
)
def test_what_is_no_event_is_refused(client: str, body: Any) -> None:
    with pytest.raises(InvalidInput):
        observed(client, body)


_NAMES = st.sampled_from(
    [
        "session_id",
        "sessionId",
        "conversation_id",
        "turn_id",
        "generation_id",
        "hook_event_name",
        "type",
        "timestamp",
        "prompt",
        "tool_name",
        "toolName",
        "tool_use_id",
        "tool_input",
        "toolArgs",
        "tool_response",
        "toolResult",
        "tool_output",
        "error",
        "agent_id",
        "agentId",
        "parentAgentId",
        "subagent_id",
        "llm_request",
        "cwd",
        "model",
        "source",
        "reason",
        "status",
        "text",
    ]
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=9)
    | st.just("spawn_agent"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_EVENTS = st.sampled_from(
    [
        "UserPromptSubmit",
        "PreToolUse",
        "PostToolUse",
        "Stop",
        "Interrupt",
        "BeforeAgent",
        "AfterTool",
        "BeforeModel",
        "beforeSubmitPrompt",
        "postToolUse",
        "postToolUseFailure",
        "stop",
        "subagentStart",
        "subagentStop",
        "errorOccurred",
        "agent-turn-complete",
    ]
)


@pytest.mark.lengthy
@pytest.mark.parametrize("client", DIALECTS)
@given(st.dictionaries(_NAMES, _VALUES, max_size=9), _EVENTS | st.none())
def test_whatever_is_sent_is_understood_or_refused(client: str, body: Json, event: str | None) -> None:
    sent = {"session_id": "s", **body, **({"hook_event_name": event} if event else {})}
    with contextlib.suppress(InvalidInput):
        assert observed(client, sent)
