"""Clients that say less, or say things twice: what they send through the doors counts once, and in the right place."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from support.otlp import START_NS, attributes
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


async def log(service: Service, name: str, trace_id: str = "", **fields: Any) -> None:
    record = {
        "timeUnixNano": str(START_NS),
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
    assert (found["endpointCalls"], found["inputTokens"], found["costUsd"]) == (1, 120, 0.5)


async def test_a_call_is_one_step_though_telemetry_names_another_session(service: Service) -> None:
    """After a resume the client's telemetry can go on under the session that it began with."""
    ours, theirs, prompt = (str(uuid.uuid4()) for _ in range(3))
    call = f"toolu_{uuid.uuid4().hex[:24]}"
    await hook(service, "UserPromptSubmit", ours, prompt_id=prompt, prompt="hello")
    await hook(service, "PreToolUse", ours, prompt_id=prompt, tool_name="Bash", tool_use_id=call, tool_input={})
    known: Json = {"session__id": theirs, "prompt__id": prompt, "tool_use_id": call, "tool_name": "Bash"}
    await log(service, "tool_result", success="true", duration_ms=7, **known)
    data = await asked(service, f'{{ trace(correlationId: "{prompt}") {{ hookExecutions {{ toolUseId status }} }} }}')
    assert data["trace"]["hookExecutions"] == [{"toolUseId": call, "status": "SUCCESS"}]


@pytest.mark.parametrize("inner_first", [False, True])
async def test_a_call_of_a_model_that_several_layers_report_counts_once(service: Service, inner_first: bool) -> None:
    trace_id = uuid.uuid4().hex
    usage: Json = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 30}
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
