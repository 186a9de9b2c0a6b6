"""Live traces over ``graphql-transport-ws`` and server-sent events, through a real socket."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from loopgraph.effects.clock import new_id
from support.service import Service, operation
from support.waiting import PATIENCE_S

FOLLOW = operation("traces_follow")


async def followers(service: Service, count: int) -> None:
    """Waits until so many follow."""
    for _ in range(1_000):
        if service.parts.feed.subscribers == count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{service.parts.feed.subscribers} follow, not {count}")


@pytest.mark.lengthy
async def test_traces_are_followed_on_both(service: Service) -> None:
    session, trace = new_id(), new_id()
    filter = {"sessionId": session}
    stream = service.follow("traces_follow", filter=filter)
    first = asyncio.ensure_future(anext(stream))
    async with service.socket() as socket, contextlib.aclosing(stream):
        await socket.subscribe("one", FOLLOW, filter=filter)
        await followers(service, 2)
        headers = {"x-correlation-id": trace}
        start = {"session_id": session, "source": "test"}
        assert (await service.http.post("/api/traces/start", json=start, headers=headers)).status_code == 200
        assert (
            await service.http.post("/api/traces/start", json=start, headers={"x-correlation-id": new_id()})
        ).is_error is False
        hook = {"hook_type": "Stop", "success": True, "execution_id": f"{trace}-hook"}
        assert (await service.http.post("/api/traces/hook", json=hook, headers=headers)).status_code == 200

        by_stream = [await asyncio.wait_for(first, PATIENCE_S), await anext(stream), await anext(stream)]
        by_socket = [(await socket.receive())["payload"]["data"]["traceUpdates"] for _ in range(3)]
        for updates in (by_stream, by_socket):
            assert [update["part"] for update in updates] == ["START", "START", "HOOK"]
            assert updates[0]["trace"] == {**updates[0]["trace"], "correlationId": trace, "sessionId": session}
            last = updates[2]
            assert (last["correlationId"], last["executionId"], last["missed"]) == (trace, f"{trace}-hook", 0)
            assert (last["trace"]["status"], last["trace"]["totalHooks"]) == ("IN_PROGRESS", 1)
        await socket.send("complete", id="one")
        await followers(service, 1)
    await followers(service, 0)


@pytest.mark.lengthy
async def test_a_wrong_filter_is_an_error_and_the_end(service: Service) -> None:
    [answer] = [answer async for answer in service.events(FOLLOW, filter={"sessionId": "?"})]
    assert answer["errors"][0]["extensions"] == {"code": "INVALID_INPUT", "field": "filter.sessionId"}
