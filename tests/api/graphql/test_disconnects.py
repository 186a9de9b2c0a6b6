"""Clients come and go: that one has gone, at whatever moment and however abruptly, is no error, and nothing is left of it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import pytest

from loopgraph.effects.clock import new_id
from support.service import Service, operation
from support.waiting import PATIENCE_S, until

FOLLOW = operation("traces_follow")


@pytest.fixture(autouse=True)
async def calm(service: Service, caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """Afterwards nobody follows traces any more, others are served, and nobody has complained, the server neither."""
    server = logging.getLogger("uvicorn.error")  # its records do not come to the root logger
    server.addHandler(caplog.handler)
    yield

    async def nobody_follows() -> bool:
        await record(service)  # what is sent to a client that has gone shows that it has
        return not service.parts.feed.subscribers

    await until(nobody_follows)
    assert await service.query("{ __typename }") == {"__typename": "Query"}
    server.removeHandler(caplog.handler)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def record(service: Service) -> None:
    await service.execute("traces_start", input={"correlationId": new_id()})


async def followed(service: Service) -> None:
    await until(lambda: bool(service.parts.feed.subscribers))


async def sent(
    service: Service, text: str, body: bytes, *, length: int | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection by which a request was sent, of which the body may be shorter than it says."""
    host, port = service.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"{text} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}content-length: {len(body) if length is None else length}\r\n".encode())
    writer.write(b"accept: text/event-stream\r\n\r\n" + body)
    await writer.drain()
    return reader, writer


@pytest.mark.lengthy
async def test_a_stream_of_events_that_is_cut(service: Service) -> None:
    body = json.dumps({"query": FOLLOW}).encode()
    reader, writer = await sent(service, "POST /graphql", body)
    await followed(service)
    await record(service)
    await asyncio.wait_for(reader.readuntil(b"event: next"), PATIENCE_S)
    writer.transport.abort()


@pytest.mark.lengthy
async def test_a_websocket_that_is_cut(service: Service) -> None:
    async with service.socket() as socket:
        for number in range(3):
            await socket.subscribe(str(number), FOLLOW)
        await followed(service)
        await record(service)
        await socket.receive()
        socket.connection.transport.abort()


@pytest.mark.lengthy
async def test_a_websocket_that_is_cut_before_its_answer(service: Service) -> None:
    async with service.socket() as socket:
        await socket.subscribe("1", "{ __typename }")
        socket.connection.transport.abort()


@pytest.mark.lengthy
@pytest.mark.parametrize("path", ["/graphql", "/api/traces/start"])
async def test_a_body_that_is_cut(service: Service, path: str) -> None:
    _, writer = await sent(service, f"POST {path}", b'{"query": "', length=1_000)
    writer.transport.abort()


@pytest.mark.lengthy
async def test_an_answer_that_nobody_reads(service: Service) -> None:
    _, writer = await sent(service, "POST /graphql", json.dumps({"query": "{ __typename }"}).encode())
    writer.transport.abort()
