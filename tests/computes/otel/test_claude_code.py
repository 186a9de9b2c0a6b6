"""Spans, log records and data points of the agent client as observations: the recorded session, and what was derived from it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from loopgraph.computes.otel.json import read_logs, read_points, read_spans
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.computes.otel.metrics import observe_points
from loopgraph.computes.otel.report import Report
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.contracts.traces.events import EndpointCalled, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import LogRecorded, MetricMeasured, SessionSeen, SpawnRule, Temporality
from loopgraph.contracts.traces.precedence import Ending
from support.agent_session import AGENT, NOTICE, PROMPT, SESSION
from support.otlp import attributes, recorded

Json = dict[str, Any]

OTEL, OTEL_NOTICE = "9ca9e824b3659a0e27f8505c82c2b1f9", "719bbdc8cc5d60adebaec1f8e8ad7e42"
SUBAGENT = f"{SESSION}/{AGENT}"
SPAWNER = f"{SESSION}/toolu_Fix-the-failing-test_4_0"
INSIDE = f"{SESSION}/toolu_Explore-callers_0_0"


def spans(body: Json | None = None) -> Report:
    return observe_spans(read_spans(recorded("/v1/traces")[0] if body is None else body))


def logs(body: Json | None = None) -> Report:
    return observe_logs(read_logs(recorded("/v1/logs")[0] if body is None else body))


def of_source(report: Report, source: str) -> list[Any]:
    """What the spans or events of this name say, in their order."""
    return [item for item in report.observations if item.source == f"otel.claude_code.{source}"]


def changed(body: Json, changes: dict[str, str]) -> Json:
    """The body with other ids."""
    text = json.dumps(body)
    for old, new in changes.items():
        text = text.replace(old, new)
    result: Json = json.loads(text)
    return result


def without(body: Json, *names: str) -> Json:
    """The body of a trace request without the spans of these names."""
    result: Json = json.loads(json.dumps(body))
    for per_resource in result["resourceSpans"]:
        for per_scope in per_resource["scopeSpans"]:
            per_scope["spans"] = [span for span in per_scope["spans"] if span["name"] not in names]
    return result


def record(name: str, **attributes_: Any) -> Json:
    """A log request of one event of the recorded session, with other attributes; those that are None are left out."""
    body: Json = json.loads(json.dumps(recorded("/v1/logs")[0]))
    [per_scope] = body["resourceLogs"][0]["scopeLogs"]
    found = next(item for item in per_scope["logRecords"] if item["body"]["stringValue"] == f"claude_code.{name}")
    kept = [pair for pair in found["attributes"] if pair["key"] not in attributes_]
    found["attributes"] = kept + attributes({key: value for key, value in attributes_.items() if value is not None})
    per_scope["logRecords"] = [found]
    return body


# Spans


def test_an_interaction_begins_and_ends_the_trace_of_its_prompt() -> None:
    started, completed = of_source(spans(), "interaction")
    assert (started.event.correlation_id, started.event.session_id) == (OTEL, SESSION)
    assert (started.event.source, started.event.prompt_text) == ("user_prompt", "Fix-the-failing-test please")
    assert started.event.timestamp == datetime(2026, 11, 21, 0, 56, 29, 439000, tzinfo=UTC)
    assert (completed.event.success, completed.event.duration_ms) == (True, 858.218809)
    assert {(item.rank, item.clock, item.place, item.otel_trace_id) for item in (started, completed)} == {
        (3, 6, 4, OTEL)
    }


def test_a_notification_continues_the_call_that_began_the_work() -> None:
    started, _, spawned, told = of_source(spans(recorded("/v1/traces")[1]), "interaction")
    assert (started.event.source, started.event.continues) == ("task_notification", SPAWNER)
    assert (spawned.event.correlation_id, spawned.event.spawned_by) == (SUBAGENT, SPAWNER)
    assert (spawned.spawn_rule, spawned.otel_trace_id) == (SpawnRule.TASK_NOTIFICATION, None)
    assert (told.event.correlation_id, told.event.status, told.ending) == (SUBAGENT, TraceStatus.SUCCESS, Ending.TOLD)


def test_a_prompt_that_the_client_keeps_to_itself_is_not_known() -> None:
    body = changed(recorded("/v1/traces")[0], {"Fix-the-failing-test please": "<REDACTED>"})
    started = of_source(spans(body), "interaction")[0].event
    assert started.prompt_text is None


def test_a_tool_call_is_one_execution_timed_by_its_execution_alone() -> None:
    report = spans()
    waits, executions, calls = (of_source(report, f"tool{part}") for part in (".blocked_on_user", ".execution", ""))
    ids = [f"{SESSION}/toolu_Fix-the-failing-test_{n}_0" for n in range(5)] + [INSIDE]
    assert [[item.event.execution_id for item in found] for found in (waits, executions, calls)] == [ids] * 3
    execution, call = executions[1], calls[1]
    assert (execution.event.status, execution.event.error_type) == (TraceStatus.ERROR, "tool_error")
    assert execution.event.error_message is not None
    assert execution.event.error_message.startswith("File does not exist")
    assert execution.event.duration_ms == 5.718432
    assert execution.span_id == f"{OTEL}/12f55d969e8818e8"
    assert (execution.clock, execution.place, execution.event.root_id) == (6, 1, OTEL)
    assert (call.event.status, call.event.started_at, call.event.duration_ms) == (None, None, None)
    assert (call.event.tool_name, call.place) == ("Read", 5)
    assert call.event.context["completed_at"] == "2026-11-21T00:56:29.959708+00:00"
    wait = waits[1].event
    assert (wait.context["decision"], wait.context["wait_ms"], waits[1].place) == ("accept", 46.0, 1)


def test_a_wait_whose_tool_call_comes_later_stands_for_itself() -> None:
    waits = of_source(spans(without(recorded("/v1/traces")[0], "claude_code.tool")), "tool.blocked_on_user")
    assert {type(item.event) for item in waits} == {LogRecorded}
    first = waits[0].event
    assert isinstance(first, LogRecorded)
    assert (first.record_id, first.correlation_id, first.session_id) == (f"{OTEL}/4ba431c354434739", OTEL, SESSION)


def test_requests_to_the_model_are_calls() -> None:
    requests = of_source(spans(), "llm_request")
    assert [item.event.call_id for item in requests[:2]] == [f"{SESSION}/req_1", f"{SESSION}/req_2"]
    call = requests[0].event
    assert (call.service_name, call.endpoint_path, call.model) == ("anthropic", "/v1/messages", "claude-opus-5-5")
    assert (call.input_tokens, call.output_tokens, call.retry_count) == (120, 15, 0)
    assert (call.status, call.duration_ms) == (TraceStatus.SUCCESS, 60.601429)
    assert call.context["events"][0]["name"] == "gen_ai.request.attempt"
    inside = [item.event.call_id for item in requests if item.event.correlation_id == SUBAGENT]
    assert inside == [f"{SESSION}/req_6", f"{SESSION}/req_8"]
    assert {item.nested_in for item in requests} == {None}


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ({"cache_read_tokens": 80, "cache_creation_tokens": 20, "cache_creation_1h_tokens": 5}, (220, 80, 20, 5)),
        ({"cache_read_tokens": 80}, (200, 80, 0, 0)),
        ({"cache_creation_1h_tokens": 5}, (120, 0, 0, None)),  # of none
    ],
)
def test_the_client_counts_cached_tokens_beside_the_others(sent: dict[str, int], meant: tuple[int | None, ...]) -> None:
    from_logs = of_source(logs(record("api_request", **sent)), "api_request")[0].event
    counts = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")
    assert tuple(getattr(from_logs, name) for name in counts) == meant
    assert not sent.keys() & from_logs.context.keys()


def test_a_request_without_its_id_goes_by_what_its_span_and_its_record_say() -> None:
    body = changed(recorded("/v1/traces")[0], {'"request_id"': '"other_id"', '"attempt"': '"attempts"'})
    call = of_source(spans(body), "llm_request")[0].event
    [told] = of_source(logs(record("api_request", request_id=None)), "api_request")
    assert (call.call_id, call.retry_count) == (told.event.call_id, 0)


def test_a_request_that_a_tool_makes_is_nested_in_its_execution() -> None:
    """The first request of the main agent, put under the execution of the first tool call."""
    body = recorded("/v1/traces")[0]
    request = body["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    request["parentSpanId"] = "ea1d3d2cb0fbe867"
    assert of_source(spans(body), "llm_request")[0].nested_in == f"{SESSION}/toolu_Fix-the-failing-test_0_0"


def test_a_subagent_hangs_under_the_span_that_executed_the_call() -> None:
    [place] = of_source(spans(), "subagent")
    assert place.event.model_copy(update={"user_id": None}) == TraceStarted(
        correlation_id=SUBAGENT, session_id=SESSION, source="subagent", agent_id=AGENT, root_id=OTEL, parent_id=OTEL
    )
    assert place.parent_span_ids == (f"{OTEL}/bd6086a6ef7629b4",)
    assert (place.place, place.otel_trace_id, place.event.timestamp) == (5, OTEL, None)


def test_what_a_subagents_own_tools_ask_of_the_model_is_no_evidence_for_its_place() -> None:
    """The last request of the subagent, put under the execution of its own tool call."""
    body = recorded("/v1/traces")[0]
    for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        if span["spanId"] == "a58d317d3d08334b":
            span["parentSpanId"] = "54e4d18122999797"
    report = spans(body)
    [place] = of_source(report, "subagent")
    assert place.parent_span_ids == (f"{OTEL}/bd6086a6ef7629b4",)
    assert of_source(report, "llm_request")[-2].nested_in == INSIDE


def test_two_subagents_at_once_hang_under_their_own_calls() -> None:
    """The recorded spans of the subagent and of the call that spawned it, and a twin of all of them, the twin's first."""
    body = recorded("/v1/traces")[0]
    ids = {"bd6086a6ef7629b4", "ba6a3f5e725a6038", "3a51bb289febce22", "97b66c8a3ab84ae1", "54e4d18122999797"}
    both = [span for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"] if span["spanId"] in ids]
    twin = changed({"spans": both}, {AGENT: "b22", "test_4_0": "test_5_0", **{id_: id_[:-2] + "ff" for id_ in ids}})
    body["resourceSpans"][0]["scopeSpans"][0]["spans"] = twin["spans"][::-1] + both
    report = spans(body)
    places = {item.event.agent_id: item.parent_span_ids for item in of_source(report, "subagent")}
    assert places == {AGENT: (f"{OTEL}/bd6086a6ef7629b4",), "b22": (f"{OTEL}/bd6086a6ef7629ff",)}
    keys = {item.span_id: item.event.execution_id for item in of_source(report, "tool.execution")}
    assert keys[f"{OTEL}/bd6086a6ef7629b4"] == SPAWNER
    assert keys[f"{OTEL}/bd6086a6ef7629ff"] == f"{SESSION}/toolu_Fix-the-failing-test_5_0"


def test_a_span_that_is_not_known_yet_is_a_step() -> None:
    body = changed(recorded("/v1/traces")[0], {"claude_code.llm_request": "claude_code.brand_new"})
    step = of_source(spans(body), "brand_new")[0].event
    assert (step.execution_id, step.tool_name) == (f"{OTEL}/5f84d9831b23c1c2", "claude_code.brand_new")


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/logs", "/v1/metrics"])
def test_the_session_is_seen_once_in_each_request(path: str) -> None:
    body = recorded(path)[0]
    match path:
        case "/v1/traces":
            report = spans(body)
        case "/v1/logs":
            report = logs(body)
        case _:
            report = observe_points(read_points(body))
    [seen] = [item.event for item in report.observations if isinstance(item.event, SessionSeen)]
    assert (seen.session_id, seen.client, seen.client_version) == (SESSION, "claude-code", "2.1.329")
    assert seen.user_id is not None
    assert seen.context["host.arch"] == "amd64"
    assert seen.context["terminal.type"] == "non-interactive"
    events: list[Any] = [item.event for item in report.observations]
    rest = [event.context for event in events if not isinstance(event, SessionSeen)]
    assert path == "/v1/metrics" or not any("terminal.type" in context for context in rest)
    assert len(report.items) == len(report.observations)


@pytest.mark.parametrize(("path", "prompt"), [("/v1/traces", OTEL), ("/v1/logs", PROMPT)])
def test_the_traces_of_a_session_are_its_users(path: str, prompt: str) -> None:
    report = spans(recorded(path)[0]) if path == "/v1/traces" else logs(recorded(path)[0])
    [user] = {item.event.user_id for item in report.observations if isinstance(item.event, SessionSeen)}
    named = {
        item.event.correlation_id: item.event.user_id
        for item in report.observations
        if isinstance(item.event, TraceStarted) and item.event.user_id
    }
    assert user is not None
    assert named.items() >= {(prompt, user), (SUBAGENT, user)}


# Log records


def test_a_prompts_record_ties_it_to_its_trace() -> None:
    [started] = of_source(logs(), "user_prompt")
    assert (started.event.correlation_id, started.otel_trace_id) == (PROMPT, OTEL)
    assert started.event.prompt_text == "Fix-the-failing-test please"
    assert (started.rank, started.clock, started.place) == (3, 3, 4)
    notice, spawned, told = of_source(logs(recorded("/v1/logs")[1]), "user_prompt")
    assert (notice.event.correlation_id, notice.event.continues) == (NOTICE, SPAWNER)
    assert (notice.otel_trace_id, spawned.otel_trace_id) == (OTEL_NOTICE, None)
    assert (told.event.correlation_id, told.event.status, told.otel_trace_id) == (SUBAGENT, TraceStatus.SUCCESS, None)


def test_the_result_of_a_tool_ends_its_execution() -> None:
    results = of_source(logs(), "tool_result")
    failed = results[1].event
    assert (failed.correlation_id, failed.root_id) == (PROMPT, PROMPT)
    assert (failed.status, failed.duration_ms, failed.error_type) == (TraceStatus.ERROR, 5.0, "TelemetrySafeError")
    assert failed.tool_input == {"file_path": "/home/dev/proj/missing.py"}
    assert failed.completed_at == datetime(2026, 11, 21, 0, 56, 29, 961000, tzinfo=UTC)
    assert (results[1].place, results[1].clock, results[1].otel_trace_id) == (2, 3, OTEL)
    [inside] = [item.event for item in results if item.event.correlation_id == SUBAGENT]
    assert (inside.execution_id, inside.root_id, inside.status) == (INSIDE, PROMPT, TraceStatus.SUCCESS)


def test_a_decision_leaves_the_course_of_the_call_open() -> None:
    decision = of_source(logs(), "tool_decision")[0].event
    assert (decision.status, decision.started_at, decision.completed_at) == (None, None, None)
    assert (decision.context["decision"], decision.context["source"]) == ("accept", "config")


def test_a_request_to_the_model_costs() -> None:
    requests = of_source(logs(), "api_request")
    first = requests[0].event
    assert (first.call_id, first.correlation_id, first.cost_usd) == (f"{SESSION}/req_1", PROMPT, 0.0007800000000000001)
    assert (first.status, first.duration_ms, first.model) == (TraceStatus.SUCCESS, 56.0, "claude-opus-5-5")
    assert [item.event.correlation_id for item in requests].count(SUBAGENT) == 2


def test_a_request_that_failed_says_why_and_one_without_an_id_counts() -> None:
    body = changed(
        record("api_request", error="overloaded", status_code="529", attempt=3), {"api_request": "api_error"}
    )
    [failed] = of_source(logs(body), "api_error")
    assert (failed.event.status, failed.event.error_message) == (TraceStatus.ERROR, "overloaded")
    assert (failed.event.response_status, failed.event.retry_count) == (529, 2)
    [kept] = of_source(logs(record("api_request", request_id=None)), "api_request")
    assert isinstance(kept.event, EndpointCalled)
    assert (kept.event.correlation_id, kept.event.input_tokens) == (PROMPT, 120)


def test_the_end_of_a_subagent() -> None:
    [completed] = of_source(logs(), "subagent_completed")
    assert (completed.event.correlation_id, completed.event.success) == (SUBAGENT, True)
    assert completed.event.duration_ms == 181.0
    places = [item.event for item in of_source(logs(), "subagent")]
    assert {(place.correlation_id, place.root_id) for place in places} == {(SUBAGENT, PROMPT)}
    assert "general-purpose" in {place.agent_type for place in places}
    [failed] = of_source(logs(record("subagent_completed", success="false")), "subagent_completed")
    assert failed.event.success is False


def test_everything_else_stays_a_record_of_its_trace_or_session() -> None:
    records = [item.event for item in logs().observations if isinstance(item.event, LogRecorded)]
    assert len(records) == len({record.record_id for record in records}) == 73
    first, last = records[0], records[-1]
    assert (first.name, first.sequence, first.correlation_id) == ("managed_settings_resolved", 0, None)
    assert first.session_id == SESSION
    assert (last.name, last.correlation_id) == ("hook_execution_complete", SUBAGENT)
    assert [record.record_id for record in records] == [
        item.event.record_id for item in logs().observations if isinstance(item.event, LogRecorded)
    ]


def test_an_id_that_is_no_text_refuses_the_record_and_no_other() -> None:
    body = record("tool_result", **{"prompt.id": 7})
    report = logs(body)
    assert (report.observations, list(report.refused)) == ([], [0])
    assert "prompt.id" in report.refused[0]


# Data points


def test_data_points_belong_to_the_session() -> None:
    points = [
        item.event
        for item in observe_points(read_points(recorded("/v1/metrics")[0])).observations
        if isinstance(item.event, MetricMeasured)
    ]
    assert len({point.point_id for point in points}) == 15
    assert {point.session_id for point in points} == {SESSION}
    cost = [point for point in points if point.name == "claude_code.cost.usage"]
    assert (cost[0].unit, cost[0].temporality, cost[0].value) == ("USD", Temporality.DELTA, 0.005460000000000001)
    assert cost[1].context["attributes"]["agent.name"] == "general-purpose"
