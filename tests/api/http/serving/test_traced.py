"""Requests as spans, by a receiver that is told of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from loopgraph.api.http.serving.traced import Traced
from loopgraph.contracts.spans import MARK, NO_SPANS
from loopgraph.effects.telemetry.spans import OtelSpans
from support.collector import Collector, attributes_of, collecting


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as one:
        yield one


class App:
    """An application whose requests are told of, until ``told`` asks for it."""

    def __init__(self, url: str, share: float = 1.0) -> None:
        self.spans = OtelSpans(url, {"authorization": "Bearer t"}, {"service.name": "loopgraph"}, "me", share)
        self.taken = list[str]()

        async def here(request: Request) -> Response:
            self.spans.ended("traces/load", 0.25, {"db.system.name": "cypher"})
            self.taken.append(request.url.path)
            if request.path_params.get("name") == "wrong":
                return PlainTextResponse("no", 500)
            return PlainTextResponse("here", headers={"x-correlation-id": "c1"})

        paths = ["/api/{name}", "/v1/traces", "/v1/metrics", "/readyz"]
        app = Starlette(
            routes=[Route(path, here, methods=["GET", "POST"]) for path in paths],
            middleware=[Middleware(Traced, spans=self.spans, instance="me")],
        )
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost")

    def told(self) -> None:
        self.spans.close()


@pytest.mark.lengthy
async def test_a_request_is_told_by_its_route_under_its_senders_and_what_it_led_to_under_it(
    collector: Collector,
) -> None:
    app, trace, span = App(collector.url), uuid4().hex, uuid4().hex[:16]
    await app.http.get("/api/one?secret=x", headers={"traceparent": f"00-{trace}-{span}-01"})
    await app.http.get("/nowhere")
    await app.http.get("/readyz")
    app.told()
    [request] = collector.named("GET /api/{name}")
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (trace, span)
    assert attributes_of(request) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/api/{name}",
        "loopgraph.correlation_id": "c1",
    }
    [statement] = [one for one in collector.named("traces/load") if one.parent_span_id == request.span_id]
    assert statement.end_time_unix_nano - statement.start_time_unix_nano == 250_000_000
    [nowhere] = collector.named("GET")
    assert attributes_of(nowhere)["http.response.status_code"] == 404
    assert len(collector.spans) == 3, "and nothing of what is asked for every few seconds"
    assert "secret" not in str(collector.spans)
    assert {one["authorization"] for one in collector.headers} == {"Bearer t"}
    assert {one[MARK] for one in collector.headers} == {"me"}


@pytest.mark.lengthy
async def test_a_fault_is_one(collector: Collector) -> None:
    app = App(collector.url)
    await app.http.get("/api/wrong")
    app.told()
    [request] = collector.named("GET /api/{name}")
    assert request.status.code == 2
    assert attributes_of(request)["error.type"] == "500"


@pytest.mark.lengthy
async def test_what_a_loopgraph_tells_of_itself_is_told_of_no_more(collector: Collector) -> None:
    app = App(collector.url)
    for path, mark in (("/v1/traces", "me"), ("/v1/traces", "another"), ("/v1/metrics", "another")):
        assert (await app.http.post(path, headers={MARK: mark})).text == "here"
    assert (await app.http.post("/v1/metrics", headers={MARK: "me"})).text == "", "it has its own metrics"
    assert app.taken == ["/v1/traces", "/v1/traces", "/v1/metrics"]
    await app.http.post("/v1/traces")
    app.told()
    assert {span.name for span in collector.spans} == {"POST /v1/traces", "traces/load"}
    assert len(collector.spans) == 2


@pytest.mark.parametrize(("flags", "count"), [("00", 0), ("01", 2)])
async def test_whether_a_trace_is_followed_its_sender_says(collector: Collector, flags: str, count: int) -> None:
    app = App(collector.url, share=0.0)
    await app.http.get("/api/one")
    await app.http.get("/api/one", headers={"traceparent": f"00-{uuid4().hex}-{uuid4().hex[:16]}-{flags}"})
    app.told()
    assert len(collector.spans) == count


async def test_work_for_several_names_them_and_work_for_one_is_a_part_of_it(collector: Collector) -> None:
    spans, places = App(collector.url).spans, list[Any]()
    for name in ("a", "b"):
        with spans.request(name, [], {}):
            places.append(spans.here())
    assert None not in places
    with spans.together("of both", [*places, *places, None], {"loopgraph.events": 5}):
        spans.ended("inner", 0.1, {})
    with spans.together("of one", [places[0]], {}):
        pass
    with spans.together("of none", [None], {}):
        spans.ended("lost", 0.1, {})
    with spans.stage("loop collect", {"loopgraph.run_id": "r"}) as stage:
        stage.failed("GRAPH_TIMEOUT")
    spans.ended("learn", 1.0, {}, alone=True)
    spans.close()
    [of_both], [of_one], [a] = collector.named("of both"), collector.named("of one"), collector.named("a")
    assert {link.span_id for link in of_both.links} == {span.span_id for span in collector.spans if span.name in "ab"}
    assert of_both.parent_span_id == b""
    assert [one.parent_span_id for one in collector.named("inner")] == [of_both.span_id]
    assert (of_one.trace_id, of_one.parent_span_id) == (a.trace_id, a.span_id)
    assert collector.named("of none") == collector.named("lost") == []
    [stage_told], [learn] = collector.named("loop collect"), collector.named("learn")
    assert attributes_of(stage_told) == {"loopgraph.run_id": "r", "error.type": "GRAPH_TIMEOUT"}
    assert learn.parent_span_id == b""


async def test_work_that_others_carry_out_belongs_to_who_asked(collector: Collector) -> None:
    spans = App(collector.url).spans

    async def work(tx: str) -> str:
        spans.ended(tx, 0.1, {})
        return tx

    with spans.request("asked", [], {}):
        bound = spans.bound(work)
        assert await bound("within") == "within"
    with spans.request("leads", [], {}):
        with spans.request("asks", [], {}):
            other = spans.bound(work)
            asks = spans.here()
        del asks
        await other("too late")
    spans.close()
    [asked], [within] = collector.named("asked"), collector.named("within")
    assert within.parent_span_id == asked.span_id
    assert collector.named("too late") == [], "what it belongs to is over"


async def test_nobody_is_told_where_nothing_asks_for_it() -> None:
    async def work() -> None: ...

    with NO_SPANS.request("x", [], {}) as span:
        span.called("y")
        span.told({})
        span.failed("z")
    with NO_SPANS.stage("x", {}), NO_SPANS.together("x", [], {}):
        NO_SPANS.ended("x", 0.1, {}, alone=True)
    assert (NO_SPANS.here(), NO_SPANS.bound(work)) == (None, work)
