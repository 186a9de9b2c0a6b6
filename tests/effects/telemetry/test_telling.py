"""The service tells of itself by OpenTelemetry: to a receiver, to another Loopgraph, and to itself."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from conftest import settings_for
from loopgraph.contracts.spans import MARK, NO_SPANS
from loopgraph.effects.telemetry.spans import OtelSpans
from loopgraph.settings import Settings
from support.collector import Collector, attributes_of, collecting
from support.engines import EngineUnderTest
from support.service import Service, serving
from support.waiting import until

pytestmark = pytest.mark.lengthy


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    async with serving(settings_for(embedded_engine)) as running:
        yield running


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    with collecting() as one:
        yield one


def telling(engine: EngineUnderTest, url: str, **more: Any) -> Settings:
    return settings_for(engine).model_copy(update={"otel_url": url, **more})


def hook(trace: str) -> dict[str, object]:
    return {"correlation_id": trace, "execution_id": uuid4().hex, "hook_type": "PostToolUse", "success": True}


async def test_requests_are_told_with_what_they_led_to(embedded_engine: EngineUnderTest, collector: Collector) -> None:
    sender, span_id = uuid4().hex, uuid4().hex[:16]
    settings = telling(embedded_engine, collector.url, otel_headers=SecretStr("Authorization=Bearer t,x-tenant=one"))
    async with serving(settings) as service:
        headers = {"traceparent": f"00-{sender}-{span_id}-01"}
        posted = await service.http.post("/api/traces/hook", json=hook(f"trace-{sender}"), headers=headers)
        assert posted.status_code == 200
        await service.query('{ patternVersion(nodeId: "none") { nodeId } }')
        await service.http.get("/readyz")
        await until(lambda: bool(collector.named("query patternVersion")) and bool(collector.named("record")))
        await until(lambda: bool(collector.named("POST /graphql")) and bool(collector.named("POST /api/traces/hook")))

    [request] = collector.named("POST /api/traces/hook")
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (sender, span_id), "it belongs to its sender's"
    assert attributes_of(request) == {
        "http.request.method": "POST",
        "http.route": "/api/traces/hook",
        "http.response.status_code": 200,
        "loopgraph.correlation_id": posted.headers["x-correlation-id"],
    }
    [record] = collector.named("record")
    assert (record.trace_id, record.parent_span_id) == (request.trace_id, request.span_id)
    assert attributes_of(record) == {"loopgraph.events": 1}
    statements = [span for span in collector.spans if span.parent_span_id == record.span_id]
    assert statements
    assert {span.name.partition("/")[0] for span in statements} >= {"traces"}, "by the names of their files"
    [graphql] = collector.named("POST /graphql")
    [query] = collector.named("query patternVersion")
    assert query.parent_span_id == graphql.span_id
    assert attributes_of(query) == {"graphql.operation.type": "query", "loopgraph.outcome": "ok"}
    assert not [span for span in collector.spans if attributes_of(span).get("http.route") == "/readyz"]
    assert collector.resources[0]["service.name"] == "loopgraph"
    assert (collector.headers[0]["authorization"], collector.headers[0]["x-tenant"]) == ("Bearer t", "one")


async def test_a_request_that_is_not_followed_elsewhere_is_not_followed_here(
    embedded_engine: EngineUnderTest, collector: Collector
) -> None:
    async with serving(telling(embedded_engine, collector.url)) as service:
        left = {"traceparent": f"00-{uuid4().hex}-{uuid4().hex[:16]}-00"}
        await service.http.post("/api/traces/hook", json=hook("not-followed"), headers=left)
        await service.query("{ __typename }")
        await until(lambda: bool(collector.named("POST /graphql")))
    assert collector.named("POST /api/traces/hook") == []
    assert collector.named("record") == []


async def test_what_the_loop_does_is_told_by_stages(embedded_engine: EngineUnderTest, collector: Collector) -> None:
    pattern, run = f"p-{uuid4().hex}", uuid4().hex
    async with serving(telling(embedded_engine, collector.url)) as service:
        new = {"patternId": pattern, "name": pattern, "templateCode": "Look"}
        await service.query(
            "mutation ($new: CreatePatternInput!) { createPattern(input: $new) { __typename } }", new=new
        )
        started = {"patternId": pattern, "runId": run}
        await service.query(
            "mutation ($input: StartFeedbackLoopInput!) { startFeedbackLoop(input: $input) { __typename } }",
            input=started,
        )

        def stages() -> set[str]:
            return {span.name for span in list(collector.spans) if attributes_of(span).get("loopgraph.run_id") == run}

        await until(lambda: {"loop collect", "loop analyze"} <= stages())
        collect = next(
            span for span in collector.named("loop collect") if attributes_of(span)["loopgraph.run_id"] == run
        )
        assert attributes_of(collect)["loopgraph.pattern_id"] == pattern
        await until(lambda: any(span.parent_span_id == collect.span_id for span in list(collector.spans)))


@pytest.mark.exhaustive
async def test_another_loopgraph_takes_it_as_a_trace(embedded_engine: EngineUnderTest, service: Service) -> None:
    sender = uuid4().hex
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        async with serving(telling(embedded_engine, service.url)) as teller:
            headers = {"traceparent": f"00-{sender}-{uuid4().hex[:16]}-01"}
            answer = await teller.http.post("/api/traces/hook", json=hook(f"told-{sender}"), headers=headers)
            assert answer.status_code == 200

        async def there() -> bool:
            document = "query ($id: ID!) { trace(correlationId: $id) { correlationId } }"
            return (await service.query(document, id=sender))["trace"] is not None

        await until(there)


@pytest.mark.exhaustive
async def test_one_that_is_told_of_itself_comes_to_an_end(
    embedded_engine: EngineUnderTest, collector: Collector
) -> None:
    async with serving(telling(embedded_engine, collector.url, otel_metrics_seconds=1)) as service:
        collector.next_url = service.url
        assert (await service.http.post("/api/traces/hook", json=hook(uuid4().hex))).status_code == 200
        await until(lambda: bool(collector.named("record")) and bool(collector.metrics))
        await until(lambda: len(collector.passed_on) >= 3)
        collector.next_url = ""
    assert set(collector.passed_on) == {200}, "it takes what it told"
    assert all(MARK in headers for headers in collector.headers)
    routes = {attributes_of(span).get("http.route") for span in collector.spans}
    assert "/api/traces/hook" in routes
    assert not routes & {"/v1/traces", "/v1/metrics"}
    requests = {span.span_id for span in collector.named("POST /api/traces/hook")}
    assert {span.parent_span_id for span in collector.named("record")} <= requests, "no other record than the hook's"


@pytest.mark.exhaustive
async def test_metrics_are_told_under_the_names_of_a_scrape(
    embedded_engine: EngineUnderTest, collector: Collector
) -> None:
    async with serving(telling(embedded_engine, collector.url, otel_metrics_seconds=1)) as service:
        assert (await service.http.post("/api/traces/hook", json=hook(uuid4().hex))).status_code == 200

        def recorded() -> float:
            events = collector.metrics.get("loopgraph_events")
            points = events.sum.data_points if events else ()
            return sum(one.as_double for one in points if attributes_of(one)["outcome"] == "recorded")

        await until(lambda: recorded() >= 1)
        await until(lambda: collector.metrics["loopgraph_graph_up"].gauge.data_points[0].as_double == 1)


async def test_a_receiver_that_is_away_keeps_nothing_up_and_is_told_of_once(
    embedded_engine: EngineUnderTest, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "loopgraph.effects.telemetry.spans")
    collector.status = 400
    async with serving(telling(embedded_engine, collector.url)) as service:
        for count in (1, 2):
            await service.query("{ __typename }")
            await until(lambda: len(collector.headers) >= count)  # noqa: B023
        assert "the service's spans are not taken at" in caplog.text
        collector.status = 200
        await service.query("{ __typename }")
        await until(lambda: bool(collector.spans))
        await until(lambda: "are taken at" in caplog.text)
    assert caplog.text.count("they are lost until they are") == 1


def test_the_share_is_of_requests_that_bring_no_trace() -> None:
    spans = OtelSpans("http://127.0.0.1:9", {}, {"service.name": "x"}, "me", 0.0)
    followed = [(b"traceparent", f"00-{uuid4().hex}-{uuid4().hex[:16]}-01".encode())]
    with spans.request("GET", [], {}):
        assert spans.here() is None
    with spans.request("GET", followed, {}):
        assert spans.here() is not None


async def test_it_is_off_if_nothing_is_said(service: Service) -> None:
    assert Settings().otel_url == ""
    assert service.parts.graph.spans is NO_SPANS


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_service_without_it_does_not_load_it() -> None:
    program = "import sys, loopgraph.main, loopgraph.api.doors; print('opentelemetry.sdk' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
