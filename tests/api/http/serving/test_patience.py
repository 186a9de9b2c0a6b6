"""Clients that are slow on purpose, through a real socket: heads, bodies and WebSockets that never come whole."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import httpx
import pytest
import websockets

from conftest import settings_for
from loopgraph.api.http.serving.limits import SLOWEST
from loopgraph.api.http.serving.patience import LARGEST_HEAD, patient_http
from loopgraph.effects.clock import new_id
from loopgraph.main import create_app
from support import waiting
from support.engines import EngineUnderTest
from support.quick import first_quick
from support.service import PROTOCOL, Service, listening

pytestmark = pytest.mark.slow

PATIENCE_S = 0.5
POST = b"POST /api/traces/start HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    """A service without much patience."""
    app = create_app(settings_for(embedded_engine).model_copy(update={"client_timeout_ms": int(PATIENCE_S * 1000)}))
    async with (
        listening(app, http=patient_http(PATIENCE_S), timeout_keep_alive=1) as url,
        httpx.AsyncClient(base_url=url, timeout=waiting.PATIENCE_S, trust_env=False) as client,
    ):
        yield Service(url, client, app.state.services)


@contextlib.asynccontextmanager
async def connection(service: Service) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, port = service.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    async with asyncio.timeout(waiting.PATIENCE_S):
        yield reader, writer
    writer.close()


async def drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    """Sends a piece time after time, sooner than any patience between two pieces could end, until nobody reads it."""
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(PATIENCE_S / 10)


async def answer_to_drips(service: Service, head: bytes, piece: bytes) -> bytes:
    async with connection(service) as (reader, writer):
        writer.write(head)
        dripping = asyncio.create_task(drip(writer, piece))
        answer = bytearray()
        with contextlib.suppress(ConnectionError):  # what was still sent makes the end a rude one
            while part := await reader.read(4096):
                answer += part
        dripping.cancel()
        return bytes(answer)


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (POST + b"Content-Length: 1000000\r\n\r\n", b"x"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (POST + b"Content-Length: 1000000\r\n\r\n", b""),
        (POST.replace(b"/api/traces/start", b"/graphql") + b"Content-Length: 1000000\r\n\r\n", b"x"),
        (POST.replace(b"/api/traces/start", b"/v1/traces") + b"Content-Length: 1000000\r\n\r\n", b"x"),
        (POST + b"Content-Length: 90000000\r\n\r\n", b"x"),  # too large, and too slow to be taken in
    ],
    ids=["length", "chunked", "silent", "graphql", "otlp", "too large"],
)
async def test_a_body_that_drips_is_answered_408(service: Service, head: bytes, piece: bytes) -> None:
    answer = await answer_to_drips(service, head, piece)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer
    assert b"BODY_TOO_SLOW" in answer


@pytest.mark.parametrize("head", first_quick([b"GET /healthz HTTP/1.1\r\n", b"G", b"\r\n", b""]))
@pytest.mark.parametrize("before", [False, True])
async def test_a_head_that_drips_is_not_waited_for(service: Service, head: bytes, before: bool) -> None:
    """Neither at first nor after a request that was answered."""
    if before:
        head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + head
    piece = b"X-Drip: 1\r\n" if b"HTTP/1.1\r\n" in head.rpartition(b"\r\n\r\n")[2] else b""
    answer = await answer_to_drips(service, head, piece)
    assert answer.count(b"HTTP/1.1 200 ") == before
    if piece:
        assert b"HTTP/1.1 408 " in answer


async def test_a_head_without_end_is_refused(service: Service) -> None:
    answer = await answer_to_drips(service, b"GET /healthz HTTP/1.1\r\n", b"X-Much: " + b"x" * LARGEST_HEAD + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_neither_is_one_behind_a_request_that_is_in_work(service: Service) -> None:
    """It ends the connection, and is not kept in memory for as long as the answer takes."""
    body = b'{"query": "subscription { traceUpdates { __typename } }"}'
    stream = (
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n"
    )
    head = stream + b"Content-Length: %d\r\n\r\n" % len(body) + body + b"GET /healthz HTTP/1.1\r\n"
    answer = await answer_to_drips(service, head, b"X-Much: " + b"x" * LARGEST_HEAD + b"\r\n")
    assert b" 431 " not in answer
    assert answer.count(b"HTTP/1.1 ") <= 1


@pytest.mark.exhaustive
async def test_a_body_that_comes_steadily_is_waited_for(service: Service) -> None:
    """Longer than the patience in all, as long as enough of it comes."""
    longest_pause_s = 0.0

    async def steadily() -> AsyncIterator[bytes]:
        nonlocal longest_pause_s
        yield b'{"correlation_id": "%b", "prompt_text": "' % new_id().encode()
        began = at = time.monotonic()
        longest_pause_s = 0.0
        while at - began < 3 * PATIENCE_S:
            await asyncio.sleep(PATIENCE_S / 5)
            longest_pause_s, at = max(longest_pause_s, time.monotonic() - at), time.monotonic()
            yield b" " * (SLOWEST // 2)
        yield b'"}'

    async def refused() -> bool:
        json = {"content-type": "application/json"}
        return (await service.http.post("/api/traces/start", content=steadily(), headers=json)).status_code != 200

    while await refused():
        assert longest_pause_s > PATIENCE_S / 2, "a machine that stands still does not send steadily"


@pytest.mark.exhaustive
async def test_an_answer_that_takes_long_has_nothing_to_do_with_it(service: Service) -> None:
    """A subscription by server-sent events goes on for longer than a body may take."""
    trace = new_id()
    document = "subscription($id: ID!) { traceUpdates(filter: {correlationId: $id}) { correlationId } }"
    updates = service.events(document, id=trace)
    first = asyncio.create_task(anext(updates))
    await asyncio.sleep(3 * PATIENCE_S)
    assert not first.done()
    while not first.done():
        await service.http.post("/api/traces/start", json={"correlation_id": trace})
        await asyncio.wait([first], timeout=0.2)
    assert first.result()["data"]["traceUpdates"]["correlationId"] == trace
    await updates.aclose()


async def test_a_websocket_that_says_nothing_is_closed(service: Service) -> None:
    url = service.url.replace("http", "ws", 1) + "/graphql"
    async with websockets.connect(url, subprotocols=[PROTOCOL], proxy=None) as socket:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), 30)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4408


@pytest.mark.exhaustive
async def test_the_service_goes_on(service: Service) -> None:
    async with service.socket() as socket:
        await asyncio.sleep(3 * PATIENCE_S)
        await socket.subscribe("1", "{ __typename }")
        assert (await socket.receive())["payload"]["data"] == {"__typename": "Query"}


async def test_what_is_answered_early_is_taken_in_and_the_connection_goes_on(service: Service) -> None:
    """A client that is still sending reads its answer, not the end of the connection."""
    length = 20 * LARGEST_HEAD
    refused = (
        b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
        % length
    )
    async with connection(service) as (reader, writer):
        for _ in range(2):
            writer.write(refused)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 415 ")
            assert b"connection: close" not in head
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
            for _ in range(20):
                writer.write(b"x" * LARGEST_HEAD)
                await writer.drain()
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


async def test_the_rest_of_what_was_answered_early_may_not_drip_for_ever(service: Service) -> None:
    refused = (
        b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\n\r\n"
    )
    assert (await answer_to_drips(service, refused, b"x")).startswith(b"HTTP/1.1 415 ")
