"""Host applications with the middleware, on real sockets, recorded by the real service and found by GraphQL."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
import websockets
from fastapi import FastAPI, HTTPException
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from loopgraph.clients import Recorder, TracingMiddleware, headers
from loopgraph.clients.context import new_id
from loopgraph.clients.events import TraceEvents
from loopgraph.clients.traceparent import TraceParent
from support.service import Service, listening
from support.waiting import PATIENCE_S

Json = dict[str, Any]
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

CALLS = """query($id: ID!) { trace(correlationId: $id) {
  status source rootId
  hookExecutions { executionId parentId hookType }
  endpointCalls {
    callId hookExecutionId serviceName endpointPath httpMethod responseStatus status durationMs errorType errorMessage context
  } } }"""


class Kept(TraceEvents):
    """Events in a list, for what needs no service."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.one_more = asyncio.Event()

    def emit(self, event: Mapping[str, Any]) -> bool:
        self.events.append(event)
        self.one_more.set()
        return True

    @property
    def calls(self) -> list[Mapping[str, Any]]:
        """The calls that the middleware recorded."""
        return [event for event in self.events if event["kind"] == "endpoint" and event["service_name"] != "stock"]

    async def recorded(self) -> Mapping[str, Any]:
        """The call, as soon as it is recorded: that can be after the client has its answer."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.calls:
                self.one_more.clear()
                await self.one_more.wait()
        [call] = self.calls
        return call


def shop(recorder: TraceEvents) -> FastAPI:
    """A FastAPI application, traced as docs/applications.md says."""
    app = FastAPI()
    app.add_middleware(TracingMiddleware, recorder=recorder, service_name="shop", exclude={"/healthz"})

    @app.get("/items/{item_id}")
    async def item(item_id: int) -> Json:
        with recorder.step("Look up"):
            await asyncio.sleep(0.02)
            recorder.record_endpoint_call("stock", "/count", http_method="GET", success=True)
        return headers()

    @app.post("/items")
    async def refuse() -> None:
        raise HTTPException(409, "there already")

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError("no shelf")

    @app.get("/healthz")
    async def health() -> Json:
        return {}

    return app


@contextlib.asynccontextmanager
async def client_of(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with listening(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


@pytest.mark.lengthy
async def test_a_fastapi_application_is_traced(service: Service) -> None:
    async with Recorder(service.url) as recorder, client_of(shop(recorder)) as client:
        answers = [
            await client.get("/items/7"),
            await client.post("/items", content=b"12345"),
            await client.get("/broken"),
        ]
        assert [answer.status_code for answer in answers] == [200, 409, 500]
        ids = [answer.headers.get("x-correlation-id") for answer in answers[:2]]
        inside = answers[0].json()
        health = await client.get("/healthz")
        assert "x-correlation-id" not in health.headers
    assert recorder.stats.accepted == recorder.stats.emitted == 5 + 3 + 3
    seen, refused = [(await service.query(CALLS, id=id_))["trace"] for id_ in ids]
    assert (seen["status"], seen["source"], seen["rootId"]) == ("SUCCESS", "http", ids[0])
    calls = {call["serviceName"]: call for call in seen["endpointCalls"]}
    assert (calls["shop"]["endpointPath"], calls["shop"]["httpMethod"]) == ("/items/{item_id}", "GET")
    assert (calls["shop"]["responseStatus"], calls["shop"]["status"]) == (200, "SUCCESS")
    assert 20 <= calls["shop"]["durationMs"] < 5_000
    assert calls["shop"]["context"] == {
        "path": "/items/7",
        "request_bytes": 0,
        "response_bytes": len(answers[0].content),
    }
    [step] = seen["hookExecutions"]
    assert calls["stock"]["hookExecutionId"] == step["executionId"]
    assert inside["X-Correlation-ID"] == ids[0], "calls of the application go on in its trace"
    [call] = refused["endpointCalls"]
    assert (call["responseStatus"], call["status"], call["context"]["request_bytes"]) == (409, "SUCCESS", 5)


@pytest.mark.lengthy
async def test_a_request_belongs_to_the_trace_that_it_names(service: Service) -> None:
    trace, step, call_id = new_id(), new_id(), new_id()
    sent = {"X-Correlation-ID": trace, "X-Root-ID": f"{trace}-root", "X-Parent-ID": step, "X-Execution-ID": call_id}
    w3c = new_id()
    async with Recorder(service.url) as recorder, client_of(shop(recorder)) as client:
        answer = await client.get(
            "/items/1", headers={**sent, "traceparent": f"00-{TRACE}-{SPAN}-00", "tracestate": "a=1"}
        )
        assert answer.headers["x-correlation-id"] == trace
        assert answer.json()["X-Root-ID"] == f"{trace}-root"
        assert answer.json()["tracestate"] == "a=1"
        assert answer.json()["traceparent"].startswith(f"00-{trace}-")
        assert answer.json()["traceparent"].endswith("-00"), "the caller's decision not to sample goes on"
        answer = await client.get("/broken", headers={"traceparent": f"00-{w3c}-{SPAN}-01"})
        assert answer.status_code == 500
    found = (await service.query(CALLS, id=trace))["trace"]
    [call] = [call for call in found["endpointCalls"] if call["serviceName"] == "shop"]
    assert (call["callId"], call["hookExecutionId"]) == (call_id, step)
    assert found["status"] == "IN_PROGRESS", "the caller's trace is the caller's to complete"
    [call] = (await service.query(CALLS, id=w3c))["trace"]["endpointCalls"]
    assert (call["responseStatus"], call["status"], call["errorType"]) == (500, "ERROR", "LookupError")
    assert call["errorMessage"] == "no shelf"


@pytest.mark.lengthy
@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"traceparent": f"00-{'0' * 32}-{SPAN}-01"},
        {"X-Correlation-ID": "no id: spaces"},
        {"X-Correlation-ID": "x" * 201},
        {"X-Parent-ID": "orphan"},
    ],
)
async def test_a_request_that_names_no_trace_begins_one_and_ends_it(sent: dict[str, str]) -> None:
    kept = Kept()
    async with client_of(shop(kept)) as client:
        answer = await client.get("/items/1", headers=sent)
        await kept.recorded()
    assert [event["kind"] for event in kept.events] == ["start", "endpoint", "hook", "endpoint", "complete"]
    assert {event["correlation_id"] for event in kept.events} == {answer.headers["x-correlation-id"]}
    assert TraceParent.parse(answer.json()["traceparent"]) is not None
    assert "hook_execution_id" not in kept.events[3]


def starlette(recorder: TraceEvents) -> Starlette:
    async def one(request: Request) -> Response:
        return PlainTextResponse(request.path_params["name"])

    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * 1_000
            await asyncio.sleep(0.02)

    async def stream(_request: Request) -> Response:
        return StreamingResponse(slowly())

    async def for_ever(_request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 1_000
                await asyncio.sleep(0.01)

        return StreamingResponse(body())

    async def upload(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    routes = [
        Mount("/v1", routes=[Route("/things/{name}/{kind}", one)]),
        Route("/stream", stream),
        Route("/for-ever", for_ever),
        Route("/upload", upload, methods=["POST"]),
        WebSocketRoute("/echo", echo),
    ]
    return Starlette(
        routes=routes, middleware=[Middleware(TracingMiddleware, recorder=recorder, service_name="things")]
    )


@pytest.mark.lengthy
async def test_a_starlette_route_is_told_by_its_parameters() -> None:
    kept = Kept()
    async with client_of(starlette(kept)) as client:
        await client.get("/v1/things/things/v1")
        call = await kept.recorded()
    assert call["endpoint_path"] == "/v1/things/{name}/{kind}"
    assert call["context"]["path"] == "/v1/things/things/v1"


@pytest.mark.lengthy
async def test_a_path_without_a_route_is_recorded_as_it_is() -> None:
    kept = Kept()
    async with client_of(starlette(kept)) as client:
        assert (await client.get("/nowhere?secret=1")).status_code == 404
        call = await kept.recorded()
    assert (call["endpoint_path"], call["response_status"], call["success"]) == ("/nowhere", 404, True)
    assert "secret" not in str(call)


@pytest.mark.lengthy
async def test_a_streamed_response_is_measured_to_its_end() -> None:
    kept = Kept()
    async with client_of(starlette(kept)) as client:
        await client.get("/stream")
        call = await kept.recorded()
    assert call["duration_ms"] >= 100
    assert call["context"]["response_bytes"] == 5_000


async def test_a_client_that_leaves_is_recorded() -> None:
    kept = Kept()
    async with client_of(starlette(kept)) as client:
        async with client.stream("GET", "/for-ever") as response:
            await anext(response.aiter_bytes())
        call = await kept.recorded()
    assert (call["success"], call["error_type"], call["response_status"]) == (False, "Disconnected", 200)
    assert kept.events[-1]["success"] is False


@pytest.mark.lengthy
async def test_an_upload_in_pieces_is_counted() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 50_000

    kept = Kept()
    async with client_of(starlette(kept)) as client:
        assert (await client.post("/upload", content=pieces())).text == "500000"
        call = await kept.recorded()
    assert call["context"]["request_bytes"] == 500_000


async def test_websockets_pass_untouched() -> None:
    kept = Kept()
    async with listening(starlette(kept)) as url, websockets.connect(f"{url.replace('http', 'ws')}/echo") as socket:
        await socket.send("hello")
        assert await socket.recv() == "hello"
    assert kept.events == []


async def test_an_exception_goes_on_unchanged() -> None:
    kept, error = Kept(), KeyError("mine")

    async def app(*_: object) -> None:
        raise error

    traced = TracingMiddleware(app, recorder=kept, service_name="raw")
    scope: Json = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(KeyError) as raised:
        await traced(scope, _nothing, _nothing)
    assert raised.value is error
    assert [(call["error_type"], call["response_status"]) for call in kept.calls] == [("KeyError", 500)]


async def _nothing(*_: object) -> Json:
    return {}


@pytest.mark.lengthy
async def test_ids_of_concurrent_requests_do_not_mix(service: Service) -> None:
    async with Recorder(service.url) as recorder, client_of(shop(recorder)) as client:
        ids = [new_id() for _ in range(30)]
        answers = await asyncio.gather(*(client.get("/items/1", headers={"X-Correlation-ID": id_}) for id_ in ids))
    assert [answer.json()["X-Correlation-ID"] for answer in answers] == ids
    for id_ in ids[:3]:
        trace = (await service.query(CALLS, id=id_))["trace"]
        assert (len(trace["hookExecutions"]), len(trace["endpointCalls"])) == (1, 2)
