"""Clients that say less, or say things twice: what they send through the doors counts once, and in the right place."""

from __future__ import annotations

import random
import time
import uuid
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from support.otlp import START_NS, attributes
from support.quick import first_quick
from support.service import Service

Json = dict[str, Any]


async def hook(service: Service, name: str, session: str, **fields: Any) -> None:
    body = {"hook_event_name": name, "session_id": session, **fields}
    answer = await service.http.post("/api/hooks/claude-code", json=body)
    assert answer.status_code == 200, answer.text


async def asked(service: Service, query: str) -> Json:
    answer = await service.http.post("/graphql", json={"query": query})
    body: Json = answer.json()
    assert "errors" not in body, body
    return body["data"]  # type: ignore[no-any-return]


async def log(service: Service, name: str, trace_id: str = "", at_ns: int = START_NS, **fields: Any) -> None:
    record = {
        "timeUnixNano": str(at_ns),
        "body": {"stringValue": f"claude_code.{name}"},
        "attributes": attributes(
            {"event.name": name, **{key.replace("__", "."): value for key, value in fields.items()}}
        ),
        "traceId": trace_id,
    }
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    answer = await service.http.post("/v1/logs", json=body)
    assert (answer.status_code, answer.json()) == (200, {})


async def totals(service: Service, id_: str) -> Json:
    fields = "steps endpointCalls failedEndpointCalls inputTokens outputTokens costUsd"
    data = await asked(service, f'{{ episode(id: "{id_}") {{ totals {{ {fields} }} }} }}')
    return data["episode"]["totals"]  # type: ignore[no-any-return]


_USAGE = "{ modelUsage(first: 500) { model calls inputTokens outputTokens } }"


@pytest.mark.lengthy
async def test_prompts_without_ids_are_traces_of_their_own(service: Service) -> None:
    session = f"old-{uuid.uuid4()}"
    await hook(service, "Notification", session, message="before")
    await hook(service, "UserPromptSubmit", session, prompt="q1")
    await hook(service, "PreToolUse", session, tool_name="Bash", tool_use_id="t1", tool_input={"command": "ls"})
    await hook(service, "PostToolUse", session, tool_name="Bash", tool_use_id="t1", tool_response="ok")
    await hook(service, "PostToolUse", session, tool_name="Bash", tool_use_id="t2", agent_id="ag", tool_response="ok")
    await hook(service, "Stop", session, last_assistant_message="a1")
    await hook(service, "UserPromptSubmit", session, prompt="q2")
    await hook(service, "StopFailure", session, error="rate_limit")
    query = """{ session(id: "%s") { traces { edges { node {
        source promptText responseText status errorMessage agentId rootId correlationId hookExecutions { toolName hookType }
    } } } } }"""
    data = await asked(service, query % session)
    nodes = [edge["node"] for edge in data["session"]["traces"]["edges"]]
    prompts = {node["promptText"]: node for node in nodes if node["source"] == "user_prompt"}
    assert {text: (node["responseText"], node["status"], node["errorMessage"]) for text, node in prompts.items()} == {
        "q1": ("a1", "SUCCESS", None),
        "q2": (None, "ERROR", "rate_limit"),
    }
    assert [step["toolName"] for step in prompts["q1"]["hookExecutions"]] == ["Bash"]
    assert prompts["q2"]["hookExecutions"] == []
    [agent] = [node for node in nodes if node["agentId"]]
    assert agent["rootId"] == prompts["q1"]["correlationId"]
    [before] = [node for node in nodes if node["source"] == "session"]
    assert [step["hookType"] for step in before["hookExecutions"]] == ["Notification"]
    assert len(nodes) == 4


@pytest.mark.lengthy
async def test_requests_without_ids_count(service: Service) -> None:
    session, prompt = str(uuid.uuid4()), str(uuid.uuid4())
    known: Json = {"session__id": session, "prompt__id": prompt, "model": "m"}
    await log(service, "user_prompt", prompt="hello", **known)
    for _ in range(2):  # sent again, it is the same
        await log(service, "api_request", input_tokens="3289", output_tokens="692", cost_usd="0.19", **known)
    await log(service, "api_error", error="Connection error.", attempt="11", **known)
    assert await totals(service, prompt) == {
        "steps": 0, "endpointCalls": 2, "failedEndpointCalls": 1, "inputTokens": 3289, "outputTokens": 692, "costUsd": 0.19,
    }  # fmt: skip


@pytest.mark.lengthy
async def test_a_request_without_an_id_is_one_call_for_its_span_and_its_record(service: Service) -> None:
    session, prompt, trace_id = str(uuid.uuid4()), str(uuid.uuid4()), uuid.uuid4().hex
    used: Json = {"model": "m", "input_tokens": 120, "output_tokens": 15, "cache_read_tokens": 7}
    await log(service, "user_prompt", trace_id, session__id=session, prompt__id=prompt, prompt="hello")
    await log(service, "api_request", trace_id, session__id=session, prompt__id=prompt, cost_usd=0.5, **used)
    span = {
        "traceId": trace_id, "spanId": "00000000000000aa", "parentSpanId": "00000000000000ab", "name": "claude_code.llm_request",
        "startTimeUnixNano": str(START_NS), "endTimeUnixNano": str(START_NS + 10**9),
        "attributes": attributes({"session.id": session, "success": True, "attempt": 1, **used}),
    }  # fmt: skip
    answer = await service.http.post("/v1/traces", json={"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    assert (answer.status_code, answer.json()) == (200, {})
    found = await totals(service, prompt)
    assert (found["endpointCalls"], found["inputTokens"], found["costUsd"]) == (1, 127, 0.5)


@pytest.mark.lengthy
async def test_a_call_is_one_step_though_telemetry_names_another_session(service: Service) -> None:
    """After a resume the client's telemetry can go on under the session that it began with."""
    ours, theirs, prompt = (str(uuid.uuid4()) for _ in range(3))
    call = f"toolu_{uuid.uuid4().hex[:24]}"
    await hook(service, "UserPromptSubmit", ours, prompt_id=prompt, prompt="hello")
    await hook(service, "PreToolUse", ours, prompt_id=prompt, tool_name="Bash", tool_use_id=call, tool_input={})
    known: Json = {"session__id": theirs, "prompt__id": prompt, "tool_use_id": call, "tool_name": "Bash"}
    await log(service, "tool_result", success="true", duration_ms=7, **known)
    asked_for = "session { sessionId } hookExecutions { toolUseId status }"
    data = await asked(service, f'{{ trace(correlationId: "{prompt}") {{ {asked_for} }} }}')
    assert data["trace"]["hookExecutions"] == [{"toolUseId": call, "status": "SUCCESS"}]
    assert data["trace"]["session"] == {"sessionId": ours}


@pytest.mark.lengthy
@pytest.mark.parametrize("inner_first", first_quick([False, True]))
async def test_a_call_of_a_model_that_several_layers_report_counts_once(service: Service, inner_first: bool) -> None:
    trace_id, model = uuid.uuid4().hex, f"m-{uuid.uuid4()}"
    usage: Json = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model, "gen_ai.usage.input_tokens": 30}
    proxy: Json = {**usage, "gen_ai.usage.output_tokens": 9}
    layers = [("root", "", {}), ("framework", "root", usage), ("step", "framework", {}), ("client", "step", proxy)]
    ids = {name: f"{number + 1:016x}" for number, (name, _, _) in enumerate(layers)}
    spans = [
        {
            "traceId": trace_id, "spanId": ids[name], "parentSpanId": ids.get(parent, ""), "name": name,
            "startTimeUnixNano": str(START_NS), "endTimeUnixNano": str(START_NS + 10**9), "attributes": attributes(said),
        }
        for name, parent, said in layers
    ]  # fmt: skip
    for span in reversed(spans) if inner_first else spans:
        body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
        assert (await service.http.post("/v1/traces", json=body)).json() == {}
    found = await totals(service, trace_id)
    assert (found["endpointCalls"], found["inputTokens"], found["outputTokens"]) == (1, 30, 9)
    [used] = [row for row in (await asked(service, _USAGE))["modelUsage"] if row["model"] == model]
    assert used == {"model": model, "calls": 1, "inputTokens": 30, "outputTokens": 9}


_TOLD: Json = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 100}
_BARE: Json = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
_NAMELESS: Json = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 100}
_HTTP: Json = {"http.request.method": "POST", "url.full": "https://api.example.com/v1"}


@pytest.mark.lengthy
@pytest.mark.parametrize("inner_first", first_quick([True, False]))
@pytest.mark.parametrize(
    ("layers", "calls", "tokens"),
    first_quick(
        [
            ([_TOLD, {}, {}, _TOLD], 1, 100),
            ([_TOLD, _BARE, _TOLD], 1, 100),
            ([_TOLD, _HTTP, _TOLD], 1, 100),
            ([_TOLD, _BARE], 1, 100),
            ([_BARE, _BARE], 1, None),
            ([_TOLD, _TOLD, _TOLD], 1, 100),
            ([_NAMELESS], 1, 100),
            ([_NAMELESS, {}, _TOLD], 1, 100),
        ],
        2,
    ),
    ids=[
        "steps between",
        "bare between",
        "http between",
        "bare inside",
        "all bare",
        "three",
        "nameless",
        "nameless around",
    ],
)
async def test_all_sums_count_what_layers_tell_of_once(
    service: Service, layers: list[Json], calls: int, tokens: int | None, inner_first: bool
) -> None:
    trace_id, session = uuid.uuid4().hex, str(uuid.uuid4())
    spans = [
        {
            "traceId": trace_id, "spanId": f"{number + 1:016x}", "parentSpanId": f"{number:016x}" if number else "",
            "name": f"layer {number}", "kind": 3, "startTimeUnixNano": str(START_NS), "endTimeUnixNano": str(START_NS + 10**9),
            "attributes": attributes({**said, "session.id": session}),
        }
        for number, said in enumerate([{}, *layers])
    ]  # fmt: skip
    sent = spans[::-1] if inner_first else spans
    body = {"resourceSpans": [{"scopeSpans": [{"spans": sent}]}]}
    assert (await service.http.post("/v1/traces", json=body)).json() == {}
    found, used = (
        await totals(service, trace_id),
        f'{{ session(id: "{session}") {{ modelUsage {{ calls inputTokens }} }} }}',
    )
    assert found["inputTokens"] == tokens
    of_session = (await asked(service, used))["session"]["modelUsage"]
    assert of_session == {"calls": calls, "inputTokens": tokens or 0}
    by_session = "{ modelUsage(by: [SESSION], first: 500) { sessionId calls inputTokens } }"
    [row] = [row for row in (await asked(service, by_session))["modelUsage"] if row["sessionId"] == session]
    assert (row["calls"], row["inputTokens"]) == (calls, tokens or 0)


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("order", first_quick(["shuffled", "outer first", "inner first", "middle first"]))
async def test_what_layers_tell_of_in_exports_of_their_own_counts_once(service: Service, order: str) -> None:
    """Calls of a model with steps, and calls of other services, between them; beside them another call of a model."""
    layers = [_TOLD, {}, {}, _HTTP, _BARE, {}, {}, _HTTP, _TOLD]
    trace_id, session = uuid.uuid4().hex, str(uuid.uuid4())
    spans = [
        {
            "traceId": trace_id, "spanId": f"{number + 1:016x}", "parentSpanId": f"{number:016x}" if number else "",
            "name": f"layer {number}", "kind": 3, "startTimeUnixNano": str(START_NS), "endTimeUnixNano": str(START_NS + 10**9),
            "attributes": attributes({**said, "session.id": session}),
        }
        for number, said in enumerate([{}, *layers])
    ]  # fmt: skip
    beside = {**spans[-1], "spanId": f"{99:016x}", "parentSpanId": f"{1:016x}"}
    sent = [*spans, beside]
    match order:
        case "inner first":
            sent.reverse()
        case "middle first":
            sent = [*spans[5:], *spans[:5], beside]
        case "shuffled":
            random.Random(5).shuffle(sent)
    for span in sent:
        body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
        assert (await service.http.post("/v1/traces", json=body)).json() == {}
    used = f'{{ session(id: "{session}") {{ modelUsage {{ calls inputTokens }} }} }}'
    assert (await asked(service, used))["session"]["modelUsage"] == {"calls": 2, "inputTokens": 200}
    by_session = "{ modelUsage(by: [SESSION], first: 500) { sessionId calls inputTokens } }"
    [row] = [row for row in (await asked(service, by_session))["modelUsage"] if row["sessionId"] == session]
    assert (row["calls"], row["inputTokens"]) == (2, 200)
    assert (await totals(service, trace_id))["inputTokens"] == 200


METRIC: Json = {"name": "x", "unit": "1", "description": "of x"}


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/v1/traces", {"resource_spans": [{"scope_spans": []}]}, "has no resourceSpans"),
        ("/v1/traces", {"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]}, "it has resourceLogs"),
        ("/v1/traces", {"resourceSpans": [{"instrumentationLibrarySpans": [{"spans": [{}]}]}]}, "has no scopeSpans"),
        ("/v1/logs", {"resourceLogs": [{"scopeLogs": [{"log_records": [{}]}]}]}, "it has log_records"),
        ("/v1/metrics", {"resourceMetrics": [{"resource": {}, "scope_metrics": []}]}, "has no scopeMetrics"),
        ("/v1/metrics", METRIC | {"gauge": {"data_points": [{"asInt": "1"}]}}, "gauge: has no dataPoints"),
        ("/v1/metrics", METRIC | {"gaugeOfMine": {"dataPoints": [{}]}}, "gaugeOfMine: is none of the kinds"),
    ],
)
async def test_an_export_of_which_nothing_is_understood_is_answered_in_words(
    service: Service, path: str, body: Json, words: str
) -> None:
    if "name" in body:
        body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [body]}]}]}
    answer = await service.http.post(path, json=body)
    assert answer.status_code == 200
    assert words in answer.json()["partialSuccess"]["errorMessage"]


@pytest.mark.parametrize("body", [{}, {"resourceSpans": []}, {"resourceSpans": [{"resource": {}, "scopeSpans": []}]}])
async def test_an_export_of_nothing_is_answered_with_nothing(service: Service, body: Json) -> None:
    assert (await service.http.post("/v1/traces", json=body)).json() == {}


@pytest.mark.parametrize("data", [{}, {"gauge": {}}, {"sum": {"isMonotonic": True, "aggregationTemporality": 2}}])
async def test_a_metric_without_data_points_is_nothing(service: Service, data: Json) -> None:
    body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [METRIC | data]}]}]}
    assert (await service.http.post("/v1/metrics", json=body)).json() == {}


@pytest.mark.parametrize("older", [bytes((0xC2, 0x3E, 0)), bytes((10, 3, 0xC2, 0x3E, 0))])
async def test_protobuf_of_another_version_is_answered_in_words(service: Service, older: bytes) -> None:
    """Field 1000, in which spans were before 1.0; in the request, and in a resource."""
    answer = await service.http.post("/v1/traces", content=older, headers={"content-type": "application/x-protobuf"})
    response = ExportTraceServiceResponse.FromString(answer.content)
    assert "another version or signal" in response.partial_success.error_message


@pytest.mark.parametrize("wrong", ['"endTimeUnixNano": NaN', '"kind": [1]', '"name": 7', '"startTimeUnixNano": "soon"'])
async def test_one_wrong_value_refuses_one_span(service: Service, wrong: str) -> None:
    trace_id = uuid.uuid4().hex
    common = f'"traceId": "{trace_id}", "startTimeUnixNano": "{START_NS}", "endTimeUnixNano": "{START_NS + 10**9}"'
    not_a_number = (
        '"attributes": [{"key": "score", "value": {"doubleValue": NaN}}, {"key": "t", "value": {"stringValue": "NaN"}}]'
    )
    sound = '"name": "s"'
    spans = [
        f'{{"spanId": "{number:016x}", {common}, {not_a_number}, {wrong if number == 2 else sound}}}'
        for number in (1, 2, 3)
    ]
    body = f'{{"resourceSpans": [{{"scopeSpans": [{{"spans": [{", ".join(spans)}]}}]}}]}}'
    answer = await service.http.post("/v1/traces", content=body, headers={"content-type": "application/json"})
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
    data = await asked(service, f'{{ trace(correlationId: "{trace_id}") {{ status context }} }}')
    [said] = data["trace"]["context"].values()
    assert (data["trace"]["status"], said["score"]) == ("SUCCESS", "NaN")


async def test_a_text_of_more_than_a_million_characters_is_cut(service: Service) -> None:
    session, prompt = str(uuid.uuid4()), str(uuid.uuid4())
    await hook(service, "UserPromptSubmit", session, prompt_id=prompt, prompt="Q " + "x" * 1_000_001)
    data = await asked(service, f'{{ trace(correlationId: "{prompt}") {{ promptText }} }}')
    assert data["trace"]["promptText"].startswith("Q xxx")


@pytest.mark.lengthy
async def test_hooks_that_are_installed_twice_count_once(service: Service) -> None:
    """The client runs handlers of an event that differ, as they do in the settings of a user and of a project."""
    session = str(uuid.uuid4())
    routes: list[tuple[str, Json]] = [("via=loopgraph-hooks", {}), ("via=other", {}), ("", {"X-Sent-By": "1"})]
    for name, fields in (
        ("UserPromptSubmit", {"prompt": "hello"}),
        ("Notification", {"message": "look"}),
        ("PreToolUse", {"tool_name": "Bash", "tool_use_id": "t", "tool_input": {}}),
    ):
        body = {"hook_event_name": name, "session_id": session, **fields}
        for query, headers in routes:
            sent = {"X-Execution-ID": str(uuid.uuid4())} if headers else {}
            answer = await service.http.post(f"/api/hooks/claude-code?{query}", json=body, headers={**headers, **sent})
            assert answer.status_code == 200
    query = '{ session(id: "%s") { traces { edges { node { promptText hookExecutions { hookType } } } } } }'
    [edge] = (await asked(service, query % session))["session"]["traces"]["edges"]
    assert edge["node"]["promptText"] == "hello"
    assert sorted(step["hookType"] for step in edge["node"]["hookExecutions"]) == ["Notification", "ToolUse"]


USED: Json = {"model": "m", "input_tokens": 10, "output_tokens": 3, "cost_usd": 0.25, "request_id": "r-1"}


async def of_session(service: Service, session: str) -> tuple[list[Json], Json]:
    """The traces of a session, and what it used."""
    query = """{ session(id: "%s") { modelUsage { calls inputTokens costUsd }
        traces { edges { node { correlationId source endpointCalls { model } } } } } }"""
    found = (await asked(service, query % session))["session"]
    assert found is not None, "nobody knows the session"
    return [edge["node"] for edge in found["traces"]["edges"]], found["modelUsage"]


async def test_a_request_is_in_its_session_though_nothing_else_tells_of_its_prompt(service: Service) -> None:
    session, prompt = str(uuid.uuid4()), str(uuid.uuid4())
    await log(service, "api_request", session__id=session, prompt__id=prompt, **USED)
    [trace], used = await of_session(service, session)
    assert (trace["correlationId"], trace["endpointCalls"]) == (prompt, [{"model": "m"}])
    assert used == {"calls": 1, "inputTokens": 10, "costUsd": 0.25}
    assert (await totals(service, prompt))["endpointCalls"] == 1


async def test_a_span_is_in_its_session_though_its_prompt_is_not_told_of(service: Service) -> None:
    session, trace_id = str(uuid.uuid4()), uuid.uuid4().hex
    span = {
        "traceId": trace_id, "spanId": "00000000000000aa", "parentSpanId": "00000000000000ab", "name": "claude_code.llm_request",
        "startTimeUnixNano": str(START_NS), "endTimeUnixNano": str(START_NS + 10**9),
        "attributes": attributes({"session.id": session, "success": True, "request_id": "r-1", "input_tokens": 10, "model": "m"}),
    }  # fmt: skip
    answer = await service.http.post("/v1/traces", json={"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    assert (answer.status_code, answer.json()) == (200, {})
    [trace], used = await of_session(service, session)
    assert (trace["correlationId"], trace["endpointCalls"], used["calls"]) == (trace_id, [{"model": "m"}], 1)
    await log(
        service, "user_prompt", trace_id, session__id=session, prompt__id=(prompt := str(uuid.uuid4())), prompt="q"
    )
    [trace], used = await of_session(service, session)
    assert (trace["correlationId"], used["calls"]) == (prompt, 1)


async def test_requests_of_a_subagent_tie_its_prompt_to_the_session(service: Service) -> None:
    session, prompt = str(uuid.uuid4()), str(uuid.uuid4())
    await log(service, "api_request", session__id=session, prompt__id=prompt, agent_id="ag", **USED)
    found, used = await of_session(service, session)
    assert {trace["correlationId"] for trace in found} == {prompt, f"{session}/ag"}
    assert used["calls"] == 1


@pytest.mark.lengthy
async def test_requests_of_a_client_that_names_no_prompts_count_with_the_last(service: Service) -> None:
    session = str(uuid.uuid4())
    await log(service, "api_request", session__id=session, **USED)
    [trace], used = await of_session(service, session)
    assert (trace["source"], trace["endpointCalls"], used["calls"]) == ("session", [{"model": "m"}], 1)
    await hook(service, "UserPromptSubmit", session, prompt="q1")
    later = time.time_ns() + 60 * 10**9
    await log(service, "api_request", at_ns=later, session__id=session, **{**USED, "request_id": "r-2"})
    found, used = await of_session(service, session)
    assert {trace["source"]: len(trace["endpointCalls"]) for trace in found} == {"session": 1, "user_prompt": 1}
    assert used["calls"] == 2
