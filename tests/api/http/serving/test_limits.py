"""The room for bodies, through a real socket: what is large waits for another time, what is small is always let in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from conftest import settings_for
from loopgraph.api.http.serving.limits import BodyLimit, Room
from loopgraph.effects.clock import new_id
from support.engines import EngineUnderTest
from support.otlp import any_value, logs
from support.service import Service, serving
from support.waiting import PATIENCE_S

ROOM = 1_000_000
HEAD = b"POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    changes = {"max_bodies_bytes": ROOM, "client_timeout_ms": 120_000}
    async with serving(settings_for(embedded_engine).model_copy(update=changes)) as service:
        yield service


@pytest.mark.lengthy
async def test_room_that_others_take_is_waited_for_by_their_senders(service: Service) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    _, other = await asyncio.open_connection(host, int(port))
    other.write(HEAD % (4 * ROOM) + b" " * (ROOM - 50_000))
    await other.drain()
    large = {
        "/v1/logs": logs({"body": any_value(f"{new_id()} {'x' * 200_000}")}),
        "/api/traces/hook": {"correlation_id": new_id(), "hook_type": "T", "error_message": "x" * 200_000},
        "/api/hooks/claude-code": {"hook_event_name": "SessionStart", "session_id": new_id(), "note": "x" * 200_000},
        "/graphql": {"query": "{ __typename }", "variables": {"pad": "x" * 200_000}},
    }
    waiting = dict(large)
    async with asyncio.timeout(PATIENCE_S):
        while waiting:  # until the service has read what the other sent
            for path, body in list(waiting.items()):
                answer = await service.http.post(path, json=body)
                if answer.status_code == 429:
                    assert int(answer.headers["retry-after"]) >= 1
                    assert "in work" in answer.text
                    del waiting[path]
                else:
                    assert answer.status_code == 200
    small = {"correlation_id": new_id(), "hook_type": "T", "error_message": "x" * 20_000}
    assert (await service.http.post("/api/traces/hook", json=small)).status_code == 200
    assert (await service.http.get("/healthz")).status_code == 200

    other.close()  # what it took is given back with it
    async with asyncio.timeout(PATIENCE_S):
        for path, body in large.items():
            while (await service.http.post(path, json=body)).status_code != 200:
                continue


@pytest.mark.lengthy
async def test_one_alone_may_take_more_than_the_room(service: Service) -> None:
    body = logs({"body": any_value(f"{new_id()} {'x' * 2 * ROOM}")})
    assert (await service.http.post("/v1/logs", json=body)).json() == {}


@pytest.mark.lengthy
async def test_a_client_that_goes_away_in_the_middle_is_no_failure() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        raise AssertionError("it never came whole")

    parts: list[Message] = [
        {"type": "http.request", "body": b"half", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return parts.pop(0)

    async def send(message: Message) -> None:
        raise AssertionError("nobody is there")

    room = Room(ROOM)
    await BodyLimit(app, ROOM, room=room)({"type": "http", "path": "/", "headers": []}, receive, send)
    with room.share() as share:
        share.grow(ROOM + 1)  # nothing is taken any more
