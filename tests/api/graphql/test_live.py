"""What is told of the lineage and of figures, over WebSockets and server-sent events, through a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx_sse import ServerSentEvent, aconnect_sse

from loopgraph.api.graphql.execution import PacedExecution
from loopgraph.effects.clock import new_id
from support.service import Json, Service, operation
from support.traces import make_version
from support.waiting import PATIENCE_S, until

TRACES = operation("traces_follow")


async def record_with(service: Service, node_id: str) -> None:
    """Records an execution of a version."""
    hook = {"hook_type": "ToolUse", "success": True, "duration_ms": 5, "node_id": node_id}
    answer = await service.http.post("/api/traces/hook", json=hook, headers={"x-correlation-id": new_id()})
    assert answer.status_code == 200, answer.text


@pytest.mark.lengthy
async def test_the_lineage_is_followed(service: Service) -> None:
    pattern_id = new_id()
    filter = {"patternId": pattern_id, "eventTypes": ["PATTERN_CREATED"]}
    stream = service.follow("lineage_follow", filter=filter)
    async with contextlib.aclosing(stream), service.socket() as socket:
        first = asyncio.ensure_future(anext(stream))
        await socket.subscribe("one", operation("lineage_follow"), filter=filter)
        await until(lambda: service.parts.event_feed.subscribers == 2)
        made = await service.execute("lineage_create_pattern", input={"patternId": pattern_id, "name": "sort"})
        assert made["pattern"]["patternId"] == pattern_id
        update = await asyncio.wait_for(first, PATIENCE_S)
        assert (await socket.receive())["payload"]["data"]["lineageEvents"] == update
    assert (update["event"]["eventType"], update["event"]["patternId"]) == ("PATTERN_CREATED", pattern_id)
    assert (update["missed"], update["readFrom"]) == (0, None)


@pytest.mark.lengthy
async def test_what_many_ask_the_same_is_answered_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    session, made = new_id(), list[str]()
    once = PacedExecution._made

    async def counted(self: PacedExecution, serially: bool | None) -> Any:
        made.append(self.root_value.correlation_id)
        return await once(self, serially)

    monkeypatch.setattr(PacedExecution, "_made", counted)
    other = "subscription($f: TraceUpdateFilterInput) { traceUpdates(filter: $f) { part trace { totalHooks } } }"
    variables = [{"filter": {"sessionId": session}}, {"filter": {"sessionId": session}, "after": None}]
    streams = [service.follow("traces_follow", **one) for one in variables * 2]
    firsts = [asyncio.ensure_future(anext(stream)) for stream in streams]
    async with contextlib.AsyncExitStack() as stack:
        for stream in streams:
            await stack.enter_async_context(contextlib.aclosing(stream))
        socket = await stack.enter_async_context(service.socket())
        await socket.subscribe("same", TRACES, filter={"sessionId": session})
        await socket.subscribe("other", other, f={"sessionId": session})
        await until(lambda: service.parts.feed.subscribers == 6)
        trace = await started(service, session)
        told = [await asyncio.wait_for(first, PATIENCE_S) for first in firsts]
        by_id = {message["id"]: message["payload"]["data"] for message in [await socket.receive() for _ in range(2)]}
    assert told == [by_id["same"]["traceUpdates"]] * 4
    assert by_id["other"]["traceUpdates"] == {"part": "START", "trace": {"totalHooks": 0}}
    assert made == [trace] * 2


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_figures_of_patterns_are_told_when_they_change_and_not_otherwise(service: Service) -> None:
    node_id = await make_version(service.parts.graph)
    pattern_id = (await service.execute("lineage_version", nodeId=node_id))["pattern"]["patternId"]
    stream = service.follow("analytics_follow_patterns", ids=[pattern_id], every=1)
    same = service.follow("analytics_follow_patterns", ids=[pattern_id, pattern_id], every=1)
    async with contextlib.aclosing(stream), contextlib.aclosing(same):
        first = await asyncio.wait_for(anext(stream), PATIENCE_S)
        assert await asyncio.wait_for(anext(same), PATIENCE_S) == first
        assert service.parts.watches.watched == 1
        [pattern] = first["patterns"]
        assert (pattern["patternId"], pattern["success"]["executions"]) == (pattern_id, 0)
        for executions in (1, 2):
            await record_with(service, node_id)
            later = await asyncio.wait_for(anext(stream), PATIENCE_S)
            assert later["patterns"][0]["success"]["executions"] == executions
            assert later == await asyncio.wait_for(anext(same), PATIENCE_S)
            assert later["cursor"] != first["cursor"]

        # What is recorded of something else changes nothing: who is told next is told of his own.
        await record_with(service, await make_version(service.parts.graph))
        await record_with(service, node_id)
        [pattern] = (await asyncio.wait_for(anext(stream), PATIENCE_S))["patterns"]
        assert pattern["success"]["executions"] == 3
    await until(lambda: not service.parts.watches.watched)
    await until(lambda: not service.parts.tail.followers)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_the_dashboard_is_told_when_it_changes(service: Service) -> None:
    stream = service.follow("analytics_follow_dashboard", every=1)
    async with contextlib.aclosing(stream):
        first = await asyncio.wait_for(anext(stream), PATIENCE_S)
        await record_with(service, await make_version(service.parts.graph))
        later = first
        while later["success"]["executions"] <= first["success"]["executions"]:
            later = await asyncio.wait_for(anext(stream), PATIENCE_S)
    summary = await service.execute("analytics_dashboard")
    assert later["mostUsed"][0].keys() <= summary["mostUsed"][0].keys()
    assert later["totalPatterns"] <= summary["totalPatterns"]


@pytest.mark.parametrize(
    ("document", "variables", "field"),
    [
        ("traces_follow", {"after": "nothing"}, "after"),
        ("lineage_follow", {"after": "AAAA"}, "after"),
        ("lineage_follow", {"filter": {"patternId": "?"}}, "filter.patternId"),
        ("analytics_follow_patterns", {"ids": []}, "ids"),
        ("analytics_follow_patterns", {"ids": ["a"], "every": 0}, "every"),
        ("analytics_follow_dashboard", {"every": 3_601}, "every"),
        ("analytics_follow_dashboard", {"after": ""}, "after"),
        ("analytics_follow_dashboard", {"window": {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}},
         "window.since"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_and_the_end(service: Service, document: str, variables: Json, field: str) -> None:
    [answer] = [answer async for answer in service.events(operation(document), **variables)]
    assert answer["errors"][0]["extensions"] == {"code": "INVALID_INPUT", "field": field}


async def test_figures_of_a_pattern_that_there_is_not(service: Service) -> None:
    [answer] = [answer async for answer in service.events(operation("analytics_follow_patterns"), ids=["not-here"])]
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"


@contextlib.asynccontextmanager
async def events(
    service: Service, path: str, headers: dict[str, str] | None = None, **params: Any
) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
    """The events of a stream as a browser's ``EventSource`` gets them."""
    async with aconnect_sse(service.http, "GET", path, params=params, headers=headers or {}) as source:
        yield source.aiter_sse()


async def started(service: Service, session: str) -> str:
    trace = new_id()
    headers = {"x-correlation-id": trace}
    answer = await service.http.post("/api/traces/start", json={"session_id": session, "source": "t"}, headers=headers)
    assert answer.status_code == 200
    return trace


@pytest.mark.lengthy
async def test_a_browser_comes_back_by_the_id_of_the_last_event(service: Service) -> None:
    session = new_id()
    document = {"query": TRACES, "variables": json.dumps({"filter": {"sessionId": session}})}
    async with events(service, "/graphql", **document) as stream:
        following = asyncio.ensure_future(anext(stream))
        await until(lambda: service.parts.feed.subscribers == 1)
        trace = await started(service, session)
        first = await asyncio.wait_for(following, PATIENCE_S)
    update = first.json()["data"]["traceUpdates"]
    assert (update["correlationId"], update["cursor"]) == (trace, first.id)
    await until(lambda: not service.parts.feed.subscribers)

    missed = [await started(service, session) for _ in range(2)]
    async with events(service, "/graphql", {"last-event-id": first.id}, **document) as stream:
        told = [await asyncio.wait_for(anext(stream), PATIENCE_S) for _ in missed]
    assert [one.json()["data"]["traceUpdates"]["correlationId"] for one in told] == missed

    # By a socket, the cursor is an argument.
    async with service.socket() as socket:
        await socket.subscribe("one", TRACES, filter={"sessionId": session}, after=told[0].id)
        payload = (await socket.receive())["payload"]["data"]["traceUpdates"]
        assert (payload["correlationId"], payload["cursor"]) == (missed[1], told[1].id)


STREAM = "/api/pattern-analytics/stream"


@pytest.mark.lengthy
async def test_the_stream_of_the_seed(service: Service) -> None:
    node_id = await make_version(service.parts.graph)
    pattern_id = (await service.execute("lineage_version", nodeId=node_id))["pattern"]["patternId"]
    params = {"pattern_id": pattern_id, "every": 1}
    async with events(service, STREAM, **params) as stream:
        first = await asyncio.wait_for(anext(stream), PATIENCE_S)
        [pattern] = first.json()["patterns"]
        assert (first.event, pattern["total_executions"], pattern["success_rate"]) == ("metrics", 0, None)
        await record_with(service, node_id)
        second = await asyncio.wait_for(anext(stream), PATIENCE_S)
    [pattern] = second.json()["patterns"]
    assert set(pattern) == {
        "pattern_id", "pattern_name", "success_rate", "confidence", "total_executions", "successful_executions", "pattern_type",
    }  # fmt: skip
    assert (pattern["pattern_id"], pattern["pattern_name"], pattern["total_executions"]) == (pattern_id, "sort", 1)
    assert set(second.json()["summary"]) == {"total_patterns", "average_success_rate", "high_confidence_count"}

    # Who comes back is told at once what has changed meanwhile.
    await record_with(service, node_id)
    async with events(service, STREAM, {"last-event-id": second.id}, **params) as stream:
        third = await asyncio.wait_for(anext(stream), PATIENCE_S)
    assert third.json()["patterns"][0]["total_executions"] == 2

    # By the global id it is the same, and told once where both are given.
    both = [pattern_id, b64encode(f"Pattern:{pattern_id}".encode()).decode()]
    for ids in (both, both[1:]):
        async with events(service, STREAM, pattern_id=ids) as stream:
            [pattern] = (await asyncio.wait_for(anext(stream), PATIENCE_S)).json()["patterns"]
        assert pattern["pattern_id"] == pattern_id

    async with events(service, STREAM, min_samples=1) as stream:
        found = (await asyncio.wait_for(anext(stream), PATIENCE_S)).json()
    assert found["summary"]["total_patterns"] >= 1
    assert all(one["total_executions"] >= 1 for one in found["patterns"])
    await until(lambda: not service.parts.tail.followers)


@pytest.mark.lengthy
async def test_who_asks_for_the_head_of_the_stream_gets_it_and_the_end(service: Service) -> None:
    async with service.http.stream("GET", STREAM, params={"every": 3_600}) as stream:
        begun = stream.headers
    answer = await service.http.head(STREAM)
    assert (answer.status_code, answer.content) == (200, b"")
    for name in ("content-type", "cache-control", "x-accel-buffering"):
        assert answer.headers[name] == begun[name]
    assert "content-length" not in answer.headers
    for params, status in (({"every": "0"}, 400), ({"pattern_id": "not-here"}, 404)):
        assert (await service.http.head(STREAM, params=params)).status_code == status
    await until(lambda: not service.parts.tail.followers)


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"every": ["1", "2"]}, 400, "INVALID_INPUT"),
        ({"pattern_type": ["a", "b"]}, 400, "INVALID_INPUT"),
        ({"pattern_type": ""}, 400, "INVALID_INPUT"),
        ({"after": ""}, 400, "INVALID_INPUT"),
        ({"pattern_id": ""}, 400, "INVALID_INPUT"),
        ({"pattern_id": b64encode(b"PatternVersion:a").decode()}, 400, "INVALID_INPUT"),
        ({"every": "0"}, 400, "INVALID_INPUT"),
        ({"every": "soon"}, 400, "INVALID_INPUT"),
        ({"min_samples": "0"}, 400, "INVALID_INPUT"),
        ({"pattern": "a"}, 400, "INVALID_INPUT"),
        ({"pattern_id": "a", "pattern_type": "b"}, 400, "INVALID_INPUT"),
        ({"after": "x"}, 400, "INVALID_INPUT"),
        ({"pattern_id": "not-here"}, 404, "NOT_FOUND"),
    ],
)
async def test_a_wrong_request_is_answered_as_such(service: Service, params: Json, status: int, code: str) -> None:
    answer = await service.http.get(STREAM, params=params)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    if code == "INVALID_INPUT":
        assert answer.json()["error"]["field"] == next(reversed(params))


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_who_does_not_read_skips_forward_and_is_told(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopgraph.orchestrators.live.feed.QUEUE", 20)
    trace, count = new_id(), 1_500
    start = {"source": "t", "prompt_text": "read me " * 500}
    await service.http.post("/api/traces/start", json=start, headers={"x-correlation-id": trace})
    texts = " ".join(f"t{number}: promptText" for number in range(20))  # what fills the buffers between the two
    document = (
        f"subscription($f: TraceUpdateFilterInput) {{ traceUpdates(filter: $f) {{ missed trace {{ {texts} }} }} }}"
    )
    async with service.socket() as socket:
        await socket.subscribe("one", document, f={"correlationId": trace})
        await until(lambda: service.parts.feed.subscribers == 1)
        for begin in range(0, count, 500):
            hooks = [
                {"kind": "hook", "correlation_id": trace, "execution_id": f"{trace}-{n}", "hook_type": "Stop", "success": True}
                for n in range(begin, begin + 500)
            ]  # fmt: skip
            assert (await service.http.post("/api/traces/batch", json=hooks)).status_code == 200
        told = missed = 0
        while told + missed < count:
            told += 1
            missed += (await socket.receive())["payload"]["data"]["traceUpdates"]["missed"]
        assert told + missed == count
        assert missed > 0
        assert told >= 20
