"""Coding agents that tell of their work in log records: recorded or documented, they become prompts, calls, tools."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.agents.endings import DENIED, INTERRUPTED
from loopgraph.computes.otel.dialects.table import EVENTS
from loopgraph.computes.otel.json import read_logs
from loopgraph.computes.otel.logs import observe_logs
from senders.picture import Picture, picture_of
from senders.record import read
from support.otlp import attributes, logs

Json = dict[str, Any]

TURN = {"input_tokens": 140, "cache_read_tokens": 10, "output_tokens": 18, "reasoning_tokens": 2}
"""What the client itself says that its turn has used (``codex.turn.token_usage``)."""

GEMINI = {"session.id": "s-1", "prompt_id": "s-1########0"}


@pytest.fixture(scope="module")
def codex() -> Picture:
    return picture_of(read("codex"))


def test_what_codex_sent_comes_to_one_prompt_with_its_calls_and_its_tool(codex: Picture) -> None:
    [prompt] = [trace for trace in codex.traces.values() if trace.get("prompt_text")]
    assert prompt["prompt_text"] == "run the echo please"
    assert prompt["session_id"] == "01a22272-c1e9-74f1-8e55-a062d4faad8a"
    calls = list(codex.calls.values())
    # They name no trace: the graph finds their prompt by the session.
    assert {(call["model"], call["service_name"], call["correlation_id"]) for call in calls} == {
        ("gpt-5-codex", "openai", prompt["session_id"])
    }
    assert {name: sum(call[name] for call in calls) for name in TURN} == TURN
    [tool] = [step for step in codex.steps.values() if step["hook_type"] == "ToolUse"]
    assert (tool["tool_name"], tool["tool_use_id"], tool["tool_input"]) == (
        "exec_command",
        "call_1",
        {"cmd": "echo from-codex"},
    )
    assert "from-codex" in tool["tool_response"]
    assert (tool["status"], tool["duration_ms"]) == ("success", 468.0)


def test_spans_of_codex_repeat_no_call(codex: Picture) -> None:
    assert len(codex.calls) == 2
    assert {step["hook_type"] for step in codex.steps.values()} == {"Internal", "Server", "ToolUse"}


def test_records_of_codex_are_named_by_their_events(codex: Picture) -> None:
    assert {"codex.conversation_starts", "codex.api_request"} <= {log.get("name") for log in codex.logs.values()}


def test_records_without_a_trace_belong_to_the_session() -> None:
    record = attributes(
        {"event.name": "codex.sse_event", "conversation.id": "c-1", "model": "m", "input_token_count": 7}
    )
    picture = picture_of([("logs", logs({"timeUnixNano": "1", "attributes": record}))])
    [call] = picture.calls.values()
    assert (call["correlation_id"], call["input_tokens"]) == ("c-1", 7)
    assert picture.traces["c-1"]["session_id"] == "c-1"


def test_a_request_of_codex_that_failed_is_a_call_and_one_that_did_not_is_none() -> None:
    def asked(**more: Any) -> Json:
        about = {"event.name": "codex.api_request", "conversation.id": "c-1", "model": "m", **more}
        return {"timeUnixNano": "1", "attributes": attributes(about)}

    refused = {"http.response.status_code": "429", "error.message": "too many"}
    picture = picture_of([("logs", logs(asked(**{"http.response.status_code": "200"}), asked(**refused)))])
    [call] = picture.calls.values()
    assert (call["status"], call["response_status"], call["error_message"]) == ("error", 429, "too many")
    assert len(picture.logs) == 1


def test_what_gemini_cli_sent_comes_to_one_prompt_with_its_calls_and_its_tool() -> None:
    picture = picture_of(read("gemini_cli"))
    [prompt] = [trace for trace in picture.traces.values() if trace.get("source") == "user_prompt"]
    # It has given its prompt the id of the session, as it does without a person: the graph finds the prompt by the session.
    assert prompt["prompt_text"] == "run the echo please"
    trace = prompt["session_id"]
    calls = list(picture.calls.values())
    assert {(call["model"], call["service_name"], call["correlation_id"]) for call in calls} == {
        ("gemini-2.5-flash", "google", trace)
    }
    # One chooses the model, one calls the tool, one answers; the spans repeat them.
    assert [(call["input_tokens"], call["output_tokens"]) for call in calls] == [(80, 11)] * 3
    assert "gemini is done" in str(calls)
    [tool] = [step for step in picture.steps.values() if step["hook_type"] == "ToolUse"]
    assert (tool["tool_name"], tool["correlation_id"], tool["status"]) == ("run_shell_command", trace, "success")
    assert tool["tool_input"]["command"] == "echo from-gemini"


NAMES = sorted(
    {
        place
        for row in EVENTS.values()
        for value in vars(row).values()
        if isinstance(value, tuple)
        for place in value
        if isinstance(place, str)
    }
)
VALUES = st.one_of(
    st.sampled_from(["c-1", "", " ", "200", "-1", "true", '{"a": 1}', "[", "x" * 300]),
    st.text(max_size=20),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.floats(),
    st.none(),
)


@pytest.mark.lengthy
@given(
    st.sampled_from([*EVENTS, "gen_ai.user.message", "gen_ai.choice", "gen_ai.client.inference.operation.details"]),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8),
    st.sampled_from(["", "0af7651916cd43dd8448eb211c80319c"]),
    st.sampled_from(["", "b7ad6b7169203331", "x"]),
    st.sampled_from([{}, {"body": {"stringValue": "x"}}, {"body": {"kvlistValue": {"values": []}}}]),
)
def test_any_record_is_observed_or_refused(name: str, values: Json, trace: str, span: str, body: Json) -> None:
    about = attributes({**values, "event.name": name})
    record = {"timeUnixNano": "1", "attributes": about, "traceId": trace, "spanId": span, **body}
    report = observe_logs(read_logs(logs(record)))
    assert bool(report.refused) != bool(report.observations)


def gemini(name: str, **more: Any) -> Json:
    return {
        "timeUnixNano": "1772366400000000000",
        "attributes": attributes({"event.name": f"gemini_cli.{name}", **GEMINI, **more}),
    }


def test_events_of_gemini_cli_as_its_source_has_them() -> None:
    """The names and the values are those of packages/core/src/telemetry/types.ts."""
    tokens = {"input_token_count": 100, "output_token_count": 20, "cached_content_token_count": 60}
    answer = {"model": "gemini-2.5-pro", **tokens, "thoughts_token_count": 5, "tool_token_count": 0, "duration_ms": 900}
    ran = {"function_name": "read_file", "function_args": '{"path": "a"}', "duration_ms": 3, "success": True}
    failed = {"model": "gemini-2.5-pro", "error": "quota", "error.type": "Quota", "status_code": 429}
    picture = picture_of(
        [
            (
                "logs",
                logs(
                    gemini("user_prompt", prompt="read a", prompt_length=6),
                    gemini("api_response", **answer, response_text="done", status_code=200),
                    gemini("api_error", **failed),
                    gemini("tool_call", **ran, decision="accept"),
                    gemini("tool_call", **{**ran, "success": False}, error="no such file", error_type="enoent"),
                    gemini("config", core_tools_enabled="x"),
                ),
            )
        ]
    )
    [(trace, prompt)] = picture.traces.items()
    assert (prompt["prompt_text"], prompt["session_id"]) == ("read a", "s-1")
    done, refused = sorted(picture.calls.values(), key=lambda call: call["status"], reverse=True)
    assert (done["model"], done["service_name"], done["response_body"]) == ("gemini-2.5-pro", "google", "done")
    assert (done["input_tokens"], done["cache_read_tokens"]) == (100, 60)
    assert (done["output_tokens"], done["reasoning_tokens"]) == (25, 5)
    assert (refused["status"], refused["response_status"], refused["error_type"]) == ("error", 429, "Quota")
    ok, bad = sorted(picture.steps.values(), key=lambda step: step["status"], reverse=True)
    assert (ok["tool_name"], ok["tool_input"], ok["correlation_id"]) == ("read_file", {"path": "a"}, trace)
    assert (bad["status"], bad["error_message"], bad["error_type"]) == ("error", "no such file", "enoent")
    assert [log["name"] for log in picture.logs.values()] == ["gemini_cli.config"]


def of_codex(name: str, **more: Any) -> Json:
    about = attributes({"event.name": f"codex.{name}", "conversation.id": "c-1", "call_id": "call_1", **more})
    return {"timeUnixNano": "1772366400000000000", "attributes": about}


def step_of(*records: Json) -> Json:
    [step] = picture_of([("logs", logs(*records))]).steps.values()
    return step


@pytest.mark.parametrize("decision", ["denied", "denied_with_network_policy_deny", "timed_out", "timedout", "abort"])
def test_a_call_of_codex_that_was_not_allowed_is_denied(decision: str) -> None:
    """The decisions are those of ``ReviewDecision`` in codex-rs/protocol."""
    step = step_of(of_codex("tool_decision", tool_name="exec_command", decision=decision, source="User"))
    assert (step["status"], step["error_type"], step["error_message"]) == ("denied", DENIED, "rejected by User")
    assert "completed_at" in step
    assert step["context"]["decision"] == decision


@pytest.mark.parametrize(
    "decision", ["approved", "approved_for_session", "approvedforsession", "approved_with_amendment"]
)
def test_a_call_of_codex_that_was_allowed_is_open(decision: str) -> None:
    step = step_of(of_codex("tool_decision", tool_name="exec_command", decision=decision, source="Config"))
    assert "status" not in step
    assert "completed_at" not in step


def test_a_decision_that_names_no_call_is_a_step_only_if_it_is_its_end() -> None:
    about = {"tool_name": "shell", "call_id": ""}
    picture = picture_of([("logs", logs(of_codex("tool_decision", decision="approved", **about)))])
    assert (len(picture.steps), len(picture.logs)) == (0, 1)
    assert step_of(of_codex("tool_decision", decision="denied", **about))["status"] == "denied"


@pytest.mark.parametrize(
    ("told", "status", "error_type", "message"),
    [
        ({"decision": "reject"}, "denied", DENIED, "rejected"),
        ({"decision": "reject", "error": "no", "error_type": "x"}, "denied", DENIED, "no"),
        ({"error": "not in this mode", "error_type": "policy_violation"}, "denied", DENIED, "not in this mode"),
        (
            {"error": "a is read-only", "error_type": "permission_denied"},
            "error",
            "permission_denied",
            "a is read-only",
        ),
        ({"decision": "accept"}, "interrupted", INTERRUPTED, None),
        ({}, "interrupted", INTERRUPTED, None),
    ],
)
def test_a_call_of_gemini_cli_that_did_not_succeed(
    told: Json, status: str, error_type: str, message: str | None
) -> None:
    """What was cancelled has no error (packages/core/src/scheduler/state-manager.ts, tool-executor.ts)."""
    step = step_of(gemini("tool_call", function_name="write_file", success=False, duration_ms=3, **told))
    assert (step["status"], step["error_type"], step.get("error_message")) == (status, error_type, message)


def session_of_codex(name: str, **more: Any) -> Json:
    about = {"event.name": f"codex.{name}", "conversation.id": "c-1", **more}
    return {"timeUnixNano": "1", "traceId": "0af7651916cd43dd8448eb211c80319c", "attributes": attributes(about)}


def test_what_a_turn_of_codex_has_cost_is_told_with_its_trace() -> None:
    turn = "01a22658-c976-7542-9df4-16d1c6c2ecfa"
    cost = session_of_codex("turn_cost", **{"turn.id": turn, "usage.estimated_usd": "0.04"})
    picture = picture_of([("logs", logs(cost))])
    [record] = picture.logs.values()
    assert (record["correlation_id"], record["session_id"]) == (turn, "c-1")
    assert record["context"]["usage.estimated_usd"] == "0.04"
    assert not picture.calls


def test_a_prompt_that_codex_withholds_has_no_text() -> None:
    picture = picture_of([("logs", logs(session_of_codex("user_prompt", prompt="[REDACTED]", prompt_length="7")))])
    [prompt] = [trace for trace in picture.traces.values() if trace.get("source") == "user_prompt"]
    assert "prompt_text" not in prompt


def test_records_of_agent_clients_go_by_their_own_time_and_by_the_order_of_prompts() -> None:
    told = session_of_codex(
        "tool_result", call_id="c", tool_name="t", **{"event.timestamp": "2026-11-29T04:40:40.654Z"}
    )
    report = observe_logs(
        read_logs(logs(told, session_of_codex("api_request", **{"http.response.status_code": "200"})))
    )
    placed = [one for one in report.observations if one.event.kind in ("hook", "log")]
    assert [one.prompt_of for one in placed] == ["c-1", "c-1"]
    assert {one.otel_trace_id for one in report.observations} == {None}
    assert placed[0].event.timestamp == datetime(2026, 11, 29, 4, 40, 40, 654_000, tzinfo=UTC)


def test_the_answer_to_spawn_agent_names_the_session_that_is_the_subagents_thread() -> None:
    answer = '{"agent_id":"c-2","nickname":"Cantor"}'

    def agents(**more: Any) -> list[str]:
        told = session_of_codex(
            "tool_result", call_id="c", tool_name="spawn_agent", output=answer, success="true", **more
        )
        report = observe_logs(read_logs(logs(told)))
        return [one.event.session_id for one in report.observations if getattr(one.event, "agent_of", None) == "c-1"]

    assert agents() == agents(agent_name="/root") == ["c-2"]
    assert agents(agent_name="Cantor") == [], "a subagent's own works for a session that is not named"
