"""Log records and data points that belong to no session are readable; messages that are sent as log records join their calls."""

from __future__ import annotations

import json
from itertools import permutations
from secrets import token_hex
from typing import Any

import pytest

from loopgraph.computes.otel.json import read_logs, read_points, read_spans
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.computes.otel.metrics import observe_points
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.effects.clock import new_id
from senders.record import read
from support.otlp import attributes, logs, metrics, span, traces
from support.service import Service

Json = dict[str, Any]

LOGS_OF_TRACE = """query ($id: ID!) { trace(correlationId: $id) {
  logs(first: 10) { edges { node { recordId name spanKey body trace { correlationId } } } }
  steps { executionId logs { edges { node { name } } } }
  endpointCalls { callId model inputTokens requestBody responseBody status logs { edges { node { name } } } }
} }"""


async def send(service: Service, signal: str, request: Json) -> None:
    reports = {
        "traces": lambda: observe_spans(read_spans(request)),
        "logs": lambda: observe_logs(read_logs(request)),
        "metrics": lambda: observe_points(read_points(request)),
    }
    report = reports[signal]()
    assert not report.refused
    outcomes = await service.parts.recorder.record(report.observations)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def renamed(exports: list[tuple[str, Json]]) -> tuple[str, list[tuple[str, Json]]]:
    """The same exports in traces of their own, and the first of their traces."""
    text, ids = json.dumps(exports), {}
    for _, request in exports:
        for trace in _traces_of(request):
            ids.setdefault(trace, token_hex(16))
    for old, new in ids.items():
        text = text.replace(old, new)
    return next(iter(ids.values())), [tuple(item) for item in json.loads(text)]


def _traces_of(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in _traces_of(item)]
    if not isinstance(value, dict):
        return []
    own = [value["traceId"]] if value.get("traceId") else []
    return own + [found for item in value.values() for found in _traces_of(item)]


@pytest.mark.lengthy
@pytest.mark.parametrize("order", [0, 3, 9])
async def test_messages_that_are_sent_as_log_records_join_their_call(service: Service, order: int) -> None:
    trace, exports = renamed(read("openai_v2_events")[:4])
    assert [signal for signal, _ in exports] == ["logs", "logs", "logs", "traces"]
    for signal, request in [*list(permutations(exports))[order], exports[0]]:  # the first is sent again
        await send(service, signal, request)
    found = (await service.query(LOGS_OF_TRACE, id=trace))["trace"]
    [call] = found["endpointCalls"]
    assert (call["model"], call["inputTokens"], call["status"]) == ("gpt-4o-mini-2024-07-18", 50, "SUCCESS")
    assert call["requestBody"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "weather in Paris?"},
    ]
    [choice] = call["responseBody"]
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "get_weather"
    assert found["logs"]["edges"] == []


@pytest.mark.lengthy
async def test_the_logs_of_a_trace_and_of_its_steps(service: Service) -> None:
    trace = token_hex(16)

    def of(one: Json) -> Json:
        return {**one, "traceId": trace}

    await send(service, "traces", traces(of(span(1, None, "run")), of(span(2, 1, "plan"))))
    log = {"traceId": trace, "timeUnixNano": "1772366400000000000", "attributes": attributes({"a": 1})}
    in_step = {**log, "spanId": f"{2:016x}", "eventName": "in.step", "body": {"stringValue": "x"}}
    await send(service, "logs", logs(in_step, {**log, "eventName": "beside", "timeUnixNano": "1772366400000001000"}))
    found = (await service.query(LOGS_OF_TRACE, id=trace))["trace"]
    nodes = [edge["node"] for edge in found["logs"]["edges"]]
    assert [(node["name"], node["spanKey"]) for node in nodes] == [("in.step", f"{trace}/{2:016x}"), ("beside", None)]
    assert {node["trace"]["correlationId"] for node in nodes} == {trace}
    [step] = found["steps"]
    assert [edge["node"]["name"] for edge in step["logs"]["edges"]] == ["in.step"]


@pytest.mark.lengthy
async def test_records_and_points_without_a_session_are_found(service: Service) -> None:
    name = f"shop.{new_id()}"
    times = [f"17723664000000{i}000" for i in range(10, 13)]
    await send(service, "logs", logs(*({"eventName": name, "timeUnixNano": time} for time in times)))
    point = {"asDouble": 2.5, "timeUnixNano": times[0]}
    await send(service, "metrics", metrics({"name": name, "gauge": {"dataPoints": [point]}}))
    wanted = {"name": name, "withoutSession": True, "since": "2026-03-01T00:00:00Z", "until": "2026-03-02T00:00:00Z"}
    first = await service.execute("sessions_logs", filter=wanted, first=2)
    assert first["pageInfo"]["hasNextPage"] is True
    rest = await service.execute("sessions_logs", filter=wanted, first=2, after=first["pageInfo"]["endCursor"])
    ats = [edge["node"]["at"] for edge in (*first["edges"], *rest["edges"])]
    assert len(ats) == 3
    assert ats == sorted(ats, reverse=True)
    [edge] = (await service.execute("sessions_metrics", filter=wanted))["edges"]
    assert (edge["node"]["value"], edge["node"]["sessionId"]) == (2.5, None)
    none = await service.execute("sessions_logs", filter={**wanted, "severity": "ERROR"})
    assert none["edges"] == []


@pytest.mark.lengthy
async def test_calls_of_codex_are_in_the_trace_of_their_prompt(service: Service) -> None:
    text = json.dumps(read("codex"))
    session = new_id()
    text = text.replace("01a22272-c1e9-74f1-8e55-a062d4faad8a", session)
    _, exports = renamed(json.loads(text))
    for signal, request in reversed(exports):  # the prompt is told last
        await send(service, signal, request)
    for signal, request in exports:
        await send(service, signal, request)
    found = await service.query(
        """query ($id: ID!) { session(id: $id) { client model modelUsage { calls inputTokens } traces { edges { node {
          promptText status hookExecutions { toolName hookType } endpointCalls { model inputTokens status }
        } } } } }""",
        id=session,
    )
    assert (found["session"]["client"], found["session"]["modelUsage"]["calls"]) == ("codex_exec", 2)
    [prompt] = [edge["node"] for edge in found["session"]["traces"]["edges"] if edge["node"]["promptText"]]
    assert (prompt["promptText"], prompt["status"]) == ("run the echo please", "SUCCESS")
    assert [call["inputTokens"] for call in prompt["endpointCalls"]] == [70, 70]
    assert [step["toolName"] for step in prompt["hookExecutions"] if step["hookType"] == "ToolUse"] == ["exec_command"]


@pytest.mark.lengthy
async def test_the_agent_of_a_root_span_counts_in_filters_and_success_rates(service: Service) -> None:
    agent = f"agent-{new_id()}"
    for failed in (False, True):
        root = span(1, None, "invoke_agent", **{"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": agent})
        await send(
            service, "traces", traces({**root, "traceId": token_hex(16), "status": {"code": 2 if failed else 1}})
        )
    found = await service.execute("traces_page", filter={"agent": agent})
    assert len(found["edges"]) == 2
    window = {"since": "2026-03-01T00:00:00Z", "until": "2026-03-02T00:00:00Z"}
    rates = {row["agent"]: row for row in await service.execute("analytics_agents", **window)}
    assert (rates[agent]["totalExecutions"], rates[agent]["successRate"]) == (2, 0.5)
