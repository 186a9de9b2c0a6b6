"""The doors for OpenTelemetry, through a real socket: the official SDK as a client, and what the protocol asks of a server."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry import trace as api
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from starlette.applications import Starlette

from loopgraph.api.http.otel.otlp import otlp_routes
from loopgraph.api.http.otel.otlp_signals import SIGNALS
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.computes.privacy.size_limits import CUT
from loopgraph.effects.clock import new_id
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.orchestrators.recording.recorder import Recorder
from support.agent_session import story, tell
from support.otlp import REQUESTS, any_value, attributes, logs, metrics, protobuf, span, traces
from support.quick import first_quick
from support.service import Service, listening, nodes
from support.traces import statement

Json = dict[str, Any]

PROTOBUF, JSON = {"content-type": "application/x-protobuf"}, {"content-type": "application/json"}


def shop(url: str, session: str) -> str:
    """A program that is traced by the official SDK, with spans, log records and metrics; its trace id."""
    resource = Resource.create({"service.name": "shop", "deployment.environment.name": "test"})
    tracing, logs = TracerProvider(resource=resource), LoggerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces", compression=Compression.Gzip)))
    logs.add_log_record_processor(
        BatchLogRecordProcessor(OTLPLogExporter(f"{url}/v1/logs", compression=Compression.Deflate))
    )
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{url}/v1/metrics"), 3_600_000)
    metrics = MeterProvider([reader], resource=resource)
    log = logs.get_logger("shop.log")
    tracer, meter = tracing.get_tracer("shop.tracer", "1.2"), metrics.get_meter("shop.meter")

    about = {"session.id": session, "input.value": "what is on sale?"}
    with tracer.start_as_current_span("POST /ask", kind=api.SpanKind.SERVER, attributes=about) as root:
        asked = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt"}
        with tracer.start_as_current_span("chat gpt", kind=api.SpanKind.CLIENT, attributes=asked) as chat:
            chat.set_attribute("gen_ai.usage.input_tokens", 12)
        used = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search", "gen_ai.tool.call.id": "c-1"}
        try:
            with tracer.start_as_current_span("execute_tool search", attributes=used):
                got = {
                    "http.request.method": "GET",
                    "url.full": "http://index.example/q",
                    "http.response.status_code": 502,
                }
                with tracer.start_as_current_span("GET", kind=api.SpanKind.CLIENT, attributes=got):
                    log.emit(severity_number=SeverityNumber.WARN, body="the index is away")
                raise LookupError("nothing found")
        except LookupError:
            root.add_event("gave up")
        meter.create_counter("questions", unit="1").add(2, {"kind": session})
        meter.create_histogram("latency", unit="ms").record(7.5, {"kind": session})
        trace_id = f"{root.get_span_context().trace_id:032x}"
    tracing.shutdown()
    logs.shutdown()
    metrics.shutdown()
    return trace_id


@pytest.mark.lengthy
async def test_a_program_with_the_official_sdk(service: Service) -> None:
    session = new_id()
    trace_id = await asyncio.to_thread(shop, service.url, session)
    graph = service.parts.graph
    [row] = await statement(graph, "MATCH (t:Trace {correlation_id: $id}) RETURN properties(t) AS t", id=trace_id)
    trace = row["t"]
    assert (trace["source"], trace["status"], trace["prompt_text"]) == ("shop", "success", "what is on sale?")
    assert trace["session_id"] == session
    assert "deployment.environment.name" in trace["context"]
    assert "gave up" in trace["context"]

    hooks = await statement(
        graph, "MATCH (:Trace {correlation_id: $id})-[:RAN]->(h) RETURN properties(h) AS h", id=trace_id
    )
    [tool] = [row["h"] for row in hooks]
    assert (tool["hook_type"], tool["tool_name"], tool["tool_use_id"]) == ("ToolUse", "search", "c-1")
    assert (tool["status"], tool["error_type"]) == ("error", "LookupError")
    assert "nothing found" in tool["error_message"]

    calls = await statement(
        graph,
        "MATCH (c:EndpointCall {correlation_id: $id}) OPTIONAL MATCH (h:HookExecution)-[:CALLED]->(c) "
        "RETURN properties(c) AS c, h.execution_id AS caller ORDER BY c.service_name",
        id=trace_id,
    )
    get, chat = (row["c"] for row in calls)
    assert (get["service_name"], get["endpoint_path"], get["response_status"]) == ("index.example", "/q", 502)
    assert (chat["service_name"], chat["model"], chat["input_tokens"]) == ("openai", "gpt", 12)
    assert [row["caller"] for row in calls] == [tool["execution_id"], None]

    [line] = await statement(graph, "MATCH (l:LogRecord {correlation_id: $id}) RETURN properties(l) AS l", id=trace_id)
    assert (line["l"]["severity"], line["l"]["body"]) == ("WARN", '"the index is away"')
    points = await statement(
        graph,
        "MATCH (p:MetricPoint) WHERE p.context CONTAINS $kind RETURN properties(p) AS p ORDER BY p.name",
        kind=session,
    )
    assert [(row["p"]["name"], row["p"]["value"], row["p"].get("count")) for row in points] == [
        ("latency", 7.5, 1),
        ("questions", 2.0, None),
    ]


@pytest.mark.lengthy
@pytest.mark.parametrize("encoding", ["json", "protobuf"])
async def test_the_recorded_session_in_both_encodings(service: Service, encoding: str) -> None:
    """OpenTelemetry alone, without hooks: the tree is exact."""
    telling = tell()
    for sent in telling.sent:
        if sent.is_hook:
            continue
        if encoding == "json":
            answer = await service.http.post(sent.path, json=sent.body)
        else:
            content = gzip.compress(protobuf(sent.path, sent.body))
            answer = await service.http.post(
                sent.path, content=content, headers={**PROTOBUF, "content-encoding": "gzip"}
            )
        assert (answer.status_code, answer.content) == (200, b"{}" if encoding == "json" else b"")
        assert answer.headers["content-type"] == (JSON if encoding == "json" else PROTOBUF)["content-type"]
    told = await story(service.parts.graph, telling)
    [subagent] = [trace for trace in told["traces"] if trace["source"] == "subagent"]
    assert subagent["rule"] == "exact: otlp"
    assert subagent["hook"].endswith("/toolu_Fix-the-failing-test_4_0")
    of_main = [hook["tool_name"] for hook in told["hooks"] if hook["trace"] == subagent["parent"]]
    assert sorted(of_main) == ["Agent", "Bash", "Bash", "Read", "Write"]
    assert len(told["calls"]) == 9


@pytest.mark.parametrize("path", list(REQUESTS))
async def test_an_empty_request_is_fine(service: Service, path: str) -> None:
    assert (await service.http.post(path, content=b"", headers=PROTOBUF)).content == b""
    assert (await service.http.post(path, content=b"{}", headers=JSON)).json() == {}


async def test_items_that_are_refused_are_counted_and_the_others_recorded(service: Service) -> None:
    trace_id = new_id().replace("-", "")
    good, bad = {**span(1), "traceId": trace_id}, {**span(2), "traceId": "0" * 32}
    secret = {**span(3, 1, **{"session.id": "ghp_" + "a1B2" * 9}), "traceId": trace_id}
    body = traces(good, bad, secret)
    answer = (await service.http.post("/v1/traces", json=body)).json()
    assert answer["partialSuccess"]["rejectedSpans"] == "2"
    assert "traceId" in answer["partialSuccess"]["errorMessage"]
    again = await service.http.post("/v1/traces", content=protobuf("/v1/traces", body), headers=PROTOBUF)
    assert ExportTraceServiceResponse.FromString(again.content).partial_success.rejected_spans == 2
    found = await statement(
        service.parts.graph, "MATCH (t:Trace {correlation_id: $id}) RETURN t.status AS status", id=trace_id
    )
    assert found == [{"status": "success"}]


@pytest.mark.parametrize(
    ("content", "headers", "status", "message"),
    [
        (b"{", JSON, 400, "JSON"),
        (b"[]", JSON, 400, "object"),
        (b'{"resourceSpans": [{"scopeSpans": 1}]}', JSON, 400, "resourceSpans.0.scopeSpans"),
        (b"\xff\xff", PROTOBUF, 400, "protobuf"),
        (b"{}" * 20, {**JSON, "content-encoding": "gzip"}, 400, "Content-Encoding"),
        (gzip.compress(b"{}", mtime=0)[:-9], {**JSON, "content-encoding": "gzip"}, 400, "cut off"),
        (b"{}", {**JSON, "content-encoding": "br"}, 415, "gzip"),
        (b"{}", {"content-type": "text/plain"}, 415, "application/x-protobuf"),
        (b"", {}, 415, "Content-Type"),
    ],
)
async def test_errors_are_a_status_of_google_rpc(
    service: Service, content: bytes, headers: dict[str, str], status: int, message: str
) -> None:
    answer = await service.http.post("/v1/traces", content=content, headers=headers)
    assert answer.status_code == status
    assert "retry-after" not in answer.headers
    if headers.get("content-type") == PROTOBUF["content-type"]:
        told = Status.FromString(answer.content)
        assert (told.code, message in told.message) == (3, True)
    else:
        assert answer.json()["code"] == 3
        assert message in answer.json()["message"]


async def test_a_body_of_several_members(service: Service) -> None:
    two_members = gzip.compress(b"{") + gzip.compress(b"}")
    answer = await service.http.post("/v1/logs", content=two_members, headers={**JSON, "content-encoding": "gzip"})
    assert answer.json() == {}


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_service_that_cannot_take_more_says_when_to_come_again(service: Service) -> None:
    recorder = Recorder(TraceWrites(service.parts.graph), Privacy(), queue_events=1)
    app = Starlette(routes=otlp_routes)
    app.state.services = replace(service.parts, recorder=recorder)
    async with listening(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:

        async def export(number: int) -> httpx.Response:
            body = traces({**span(number), "traceId": new_id().replace("-", "")})
            return await client.post("/v1/traces?ack=queued", json=body)

        answers = await asyncio.gather(*(export(number) for number in range(1, 21)))
        assert {answer.status_code for answer in answers} == {200, 429}
        await recorder.close(5)
        closed = await export(99)
    [busy, *_] = [answer for answer in answers if answer.status_code == 429]
    assert (busy.json()["code"], int(busy.headers["retry-after"]) >= 1) == (8, True)
    assert (closed.status_code, closed.json()["code"], closed.headers["retry-after"]) == (503, 14, "1")


IMAGE = "iVBORw0KGgo" * 290_000
"""As long as an image of more than 2 MiB in base64."""


def with_bad(path: str, mark: str) -> Json:
    """A request of four items: one is sound, one large, one broken, one sound."""
    large = {"image": IMAGE}
    match path:
        case "/v1/traces":
            items = [{**span(i + 1, **(large if i == 1 else {})), "traceId": f"{i}{mark}"[:32]} for i in range(4)]
            items[2]["attributes"] = attributes({"broken": "éé"})
            return traces(*items)
        case "/v1/logs":
            items = [
                {"body": any_value(f"{mark} {i}"), "attributes": attributes(large if i == 1 else {})} for i in range(4)
            ]
            items[2]["attributes"] = attributes({"broken": "éé"})
            return logs(*items)
    points = [
        {
            "timeUnixNano": str(i + 1),
            "asInt": str(i),
            "attributes": attributes({"mark": mark, **(large if i == 1 else {})}),
        }
        for i in range(4)
    ]
    points[2]["attributes"] = attributes({"broken": "éé"})
    return metrics({"name": "m", "gauge": {"dataPoints": points}})


async def stored(service: Service, path: str, mark: str) -> list[Any]:
    """Which items were stored."""
    query = {
        "/v1/traces": "MATCH (n:Trace) WHERE substring(n.correlation_id, 1) = substring($mark, 0, 31) "
        "WITH n, toInteger(substring(n.correlation_id, 0, 1)) AS i",
        "/v1/logs": "MATCH (n:LogRecord) WHERE n.body CONTAINS $mark "
        "WITH n, toInteger(substring(n.body, size(n.body) - 2, 1)) AS i",
        "/v1/metrics": "MATCH (n:MetricPoint) WHERE n.context CONTAINS $mark WITH n, toInteger(n.value) AS i",
    }[path] + " RETURN i, n.context AS context ORDER BY i"
    return [(row["i"], row["context"]) for row in await statement(service.parts.graph, query, mark=mark)]


@pytest.mark.lengthy
@pytest.mark.parametrize("path", list(REQUESTS))
@pytest.mark.parametrize("encoding", first_quick(["json", "protobuf"]))
async def test_a_large_item_is_cut_and_a_broken_one_loses_no_other(service: Service, path: str, encoding: str) -> None:
    mark = new_id().replace("-", "") + "0" * 32
    body = with_bad(path, mark)
    if encoding == "json":
        content = json.dumps(body).replace(r'"\u00e9\u00e9"', "17").encode()  # no text
        answer = await service.http.post(path, content=content, headers=JSON)
        told = answer.json()["partialSuccess"]
        refused, message = (
            int(next(value for name, value in told.items() if name.startswith("rejected"))),
            told["errorMessage"],
        )
        assert "stringValue" in message
    else:
        content = protobuf(path, body).replace("éé".encode(), b"\xff\xff\xff\xff")
        answer = await service.http.post(path, content=content, headers=PROTOBUF)
        response = SIGNALS[path.rpartition("/")[2]].response.FromString(answer.content).partial_success
        refused, message = (
            next(value for field, value in response.ListFields() if field.name.startswith("rejected")),
            response.error_message,
        )
        assert "UTF-8" in message
    assert len(content) < service.parts.settings.max_batch_bytes
    assert (answer.status_code, refused) == (200, 1)
    assert "number 2, counted from 0" in message
    found = await stored(service, path, mark)
    assert [i for i, _ in found] == [0, 1, 3]
    assert len(found[1][1]) < service.parts.settings.max_field_bytes + 1_000
    assert f"of {len(IMAGE):,} bytes]" in found[1][1] or CUT in found[1][1]


async def test_bytes_of_json_that_are_no_utf8_lose_nothing(service: Service) -> None:
    mark = new_id().replace("-", "")
    body = logs({"body": any_value(f"{mark} 0")}, {"body": any_value(f"{mark} éé 1")})
    content = json.dumps(body, ensure_ascii=False).encode().replace("éé".encode(), b"\xff\xff")
    answer = await service.http.post("/v1/logs", content=content, headers=JSON)
    assert (answer.status_code, answer.json()) == (200, {})
    assert [i for i, _ in await stored(service, "/v1/logs", mark)] == [0, 1]


@pytest.mark.lengthy
async def test_the_session_and_the_user_of_a_resource_are_those_of_its_traces_until_a_span_names_its_own(
    service: Service,
) -> None:
    trace, of_resource, own = new_id().replace("-", ""), new_id(), new_id()
    resource = {"session.id": of_resource, "user.id": "ada"}
    query = "query($id: ID!) { trace(correlationId: $id) { sessionId userId } }"
    traces_of = "query($id: ID!) { session(id: $id) { traces(first: 5) { edges { node { correlationId } } } } }"

    async def send(one: Json) -> Json:
        request = traces({**one, "traceId": trace}, **resource)
        assert (await service.http.post("/v1/traces", json=request)).status_code == 200
        found: Json = (await service.query(query, id=trace))["trace"]
        return found

    found = await send(span(2, 1))
    assert (found["sessionId"], found["userId"]) == (of_resource, "ada")
    for one in (span(1, **{"session.id": own}), span(3, 1)):
        found = await send(one)
        assert (found["sessionId"], found["userId"]) == (own, "ada")
    sessions = [(await service.query(traces_of, id=id_))["session"] for id_ in (of_resource, own)]
    assert [[node["correlationId"] for node in nodes(session["traces"])] for session in sessions] == [[], [trace]]
