"""Work ends when nobody waits for it any more: the client has gone, or the operation's time is over."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator

import pytest

from conftest import settings_for
from loopgraph.assets import Query
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.deadline import DEADLINE, Deadline, asking, within
from loopgraph.effects.graph.transaction import Row
from loopgraph.errors import LoopgraphError
from support.engines import EngineUnderTest
from support.service import Service, serving_quietly
from support.waiting import PATIENCE_S

IN_THE_MIDDLE = range(20, 1_000_000)
"""So many tasks work on an answer, once it has come to its lists within lists."""

AT_ONCE_S = 0.5
"""The processor time of what is left to do when work is given up; all of it takes some seconds."""

VERSIONS = 45
"""Three times round, these are 190,000 objects: seconds of work."""


@contextlib.asynccontextmanager
async def quiet_one(engine: EngineUnderTest, operation_timeout_ms: int) -> AsyncIterator[Service]:
    """A service that asks its graph nothing but what requests ask for."""
    changes = {"operation_timeout_ms": operation_timeout_ms}
    async with serving_quietly(settings_for(engine).model_copy(update=changes)) as running:
        yield running


@pytest.fixture(scope="module")
async def patient(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    """A service that gives an operation ten minutes."""
    async with quiet_one(embedded_engine, 600_000) as running:
        yield running


@pytest.fixture(scope="module")
async def long_query(patient: Service) -> str:
    """A document that every limit allows, and that takes long."""
    pattern_id = new_id()
    create = "mutation($i: CreatePatternInput!) { createPattern(input: $i) { __typename } }"
    await patient.query(create, i={"patternId": pattern_id, "name": "round"})
    add = "mutation($i: AddVersionInput!) { addVersion(input: $i) { __typename } }"
    for number in range(1, VERSIONS):
        await patient.query(add, i={"patternId": pattern_id, "templateCode": f"version {number}"})
    inner = "version patternId"  # the second is no plain field, so that all go the ordinary way
    for hop in range(3):
        inner = (
            f"versions(first: {VERSIONS}) {{ edges {{ node {{ {inner if not hop else f'pattern {{ {inner} }}'} }} }} }}"
        )
    return f'{{ pattern(patternId: "{pattern_id}") {{ {inner} }} }}'


WORK = ("execute_operation", "run_operation", "Loader", "_in_turn", "complete_awaitable_value")


def working() -> int:
    """How many tasks work on answers."""
    return sum(any(name in repr(task.get_coro()) for name in WORK) for task in asyncio.all_tasks())


async def until(count: range) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while working() not in count:  # noqa: ASYNC110 - tasks have no event for it
            await asyncio.sleep(0.01)


async def ended(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """Everything has stopped: no task is left, no statement follows, nobody complains; and others are served."""
    began = time.thread_time()
    await until(range(1))
    assert time.thread_time() - began < AT_ONCE_S, "it went on"
    before = service.parts.graph.statements
    assert await service.query("{ __typename }") == {"__typename": "Query"}
    assert service.parts.graph.statements == before
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def post(service: Service, document: str, accept: str) -> asyncio.StreamWriter:
    """Sends a request and leaves the answer to come."""
    host, port = service.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({"query": document}).encode()
    head = f"POST /graphql HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\naccept: {accept}\r\n"
    writer.write(head.encode() + f"content-length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    return writer


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.slow
async def test_a_client_that_closes_its_connection(
    patient: Service, long_query: str, accept: str, caplog: pytest.LogCaptureFixture
) -> None:
    writer = await post(patient, long_query, accept)
    await until(IN_THE_MIDDLE)
    writer.close()
    await ended(patient, caplog)


async def test_an_operation_that_is_completed_by_its_client(
    patient: Service, long_query: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with patient.socket() as socket:
        await socket.subscribe("1", long_query)
        await until(IN_THE_MIDDLE)
        await socket.send("complete", id="1")
        await ended(patient, caplog)


async def test_a_websocket_that_is_closed(patient: Service, long_query: str, caplog: pytest.LogCaptureFixture) -> None:
    async with patient.socket() as socket:
        await socket.subscribe("1", long_query)
        await until(IN_THE_MIDDLE)
    await ended(patient, caplog)


@pytest.fixture(scope="module")
async def hasty(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    """A service that gives an operation a second."""
    async with quiet_one(embedded_engine, 1_000) as running:
        yield running


class TestDeadline:
    """The service that shares the graph with the patient one has no such patience."""

    MESSAGE = "the operation took longer than 1000 ms; ask for less at once, such as smaller pages"

    @pytest.mark.lengthy
    async def test_over_http(self, hasty: Service, long_query: str, caplog: pytest.LogCaptureFixture) -> None:
        answer = await hasty.ask(long_query)
        assert answer["data"] is None
        [error] = answer["errors"]
        assert (error["message"], error["extensions"]["code"]) == (self.MESSAGE, "OPERATION_TIMEOUT")
        await ended(hasty, caplog)

    @pytest.mark.lengthy
    async def test_over_a_websocket(self, hasty: Service, long_query: str) -> None:
        async with hasty.socket() as socket:
            await socket.subscribe("1", long_query)
            message = await socket.receive()
            assert message["type"] == "error"
            assert message["payload"][0]["extensions"]["code"] == "OPERATION_TIMEOUT"
            await socket.subscribe("2", "{ __typename }")
            assert (await socket.receive())["payload"]["data"] == {"__typename": "Query"}

    @pytest.mark.exhaustive
    @pytest.mark.lengthy
    async def test_by_server_sent_events(self, hasty: Service, long_query: str) -> None:
        answers = [answer async for answer in hasty.events(long_query)]
        assert [answer["errors"][0]["extensions"]["code"] for answer in answers] == ["OPERATION_TIMEOUT"]


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_a_graph_that_answers_others_meanwhile_is_not_to_blame(
    embedded_engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One answer that takes long is what the request asked for; whether the graph is there is looked at several times."""
    async with quiet_one(embedded_engine, 3_000) as service:
        graph, looks = service.parts.graph, list[LoopgraphError | None]()
        read, away = graph.read, graph.health.away

        async def long_read(query: Query, /, **parameters: object) -> list[Row]:
            with asking():
                while True:
                    await read(query, **parameters)

        async def counted(waited_s: float = 0.0) -> LoopgraphError | None:
            looks.append(await away(waited_s))
            return looks[-1]

        monkeypatch.setattr(graph, "read", long_read)
        monkeypatch.setattr(graph.health, "away", counted)
        async with asyncio.timeout(PATIENCE_S):
            while len(looks) < 2 or any(looks):  # on a busy machine, the smallest answer can take longer than a look
                looks.clear()
                answer = await service.ask("{ traces(first: 1) { edges { node { correlationId } } } }")
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["OPERATION_TIMEOUT"]


def test_statements_are_given_what_the_deadline_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    assert within(30.0) == 30.0
    for deadline, left in ((105.0, 5.0), (200.0, 30.0), (100.01, 0.05), (90.0, 0.05)):
        token = DEADLINE.set(Deadline(deadline))
        assert within(30.0) == pytest.approx(left)
        DEADLINE.reset(token)


async def test_the_deadline_knows_what_the_graph_owes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    deadline = Deadline(200.0)
    token = DEADLINE.set(deadline)
    with asking():
        now = 103.0
        assert deadline.unanswered_s == 3.0
        with contextlib.suppress(asyncio.CancelledError), asking():
            now = 104.0
            raise asyncio.CancelledError
    now = 105.0
    assert deadline.unanswered_s == 2.0, "the outer question was answered, the inner one was given up"
    with contextlib.suppress(ValueError), asking():
        raise ValueError
    assert Deadline(200.0).unanswered_s == 0.0
    DEADLINE.reset(token)
    with asking():
        pass
