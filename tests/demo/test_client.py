"""What the demo's client makes of answers that it did not want, from the real service."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from conftest import settings_for
from loopgraph.demo import client as module
from loopgraph.demo.client import Client
from loopgraph.demo.documents import ASSIGN_VARIANT, CREATE_PATTERN, FOLLOW_RUN
from loopgraph.demo.story import Story
from loopgraph.errors import GraphFault, GraphUnavailable, LoopgraphError, ServiceError
from support.audience import Nobody
from support.engines import EngineUnderTest
from support.service import Service, serving


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    async with serving(settings_for(embedded_engine)) as service:
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[Client]:
    async with Client(service.url, "test-demo-client") as client:
        yield client


@pytest.mark.lengthy
async def test_a_refused_change_says_why(client: Client) -> None:
    with pytest.raises(ServiceError, match=r"refused a change: InvalidInput: input\.name"):
        await client.mutate(CREATE_PATTERN, name="")


@pytest.mark.lengthy
async def test_an_error_of_a_query_is_passed_on(client: Client) -> None:
    with pytest.raises(ServiceError, match="no Pattern has the id 'nowhere'"):
        await client.query(ASSIGN_VARIANT, patternId="nowhere", unit="one")


@pytest.mark.lengthy
async def test_a_refused_event_says_why(client: Client) -> None:
    with pytest.raises(ServiceError, match=r"/api/traces/hook answered 4\d\d: .*hook_?[tT]ype"):
        await client.report("hook", {"success": True}, {"X-Correlation-ID": "test-demo-client"})


@pytest.mark.lengthy
async def test_a_subscription_ends_with_its_error(client: Client) -> None:
    with pytest.raises(ServiceError, match="'nowhere'"):
        await anext(client.subscribe(FOLLOW_RUN, id="nowhere"))


@pytest.mark.lengthy
async def test_silence_is_said_plainly() -> None:
    async with Client("http://127.0.0.1:1", "test-demo-client") as client:
        for asked in (client.query("{ __typename }"), anext(client.subscribe("subscription { __typename }"))):
            with pytest.raises(ServiceError, match=r"does not answer: it has ended, .* Run it again"):
                await asked


@asynccontextmanager
async def cut_off(service: Service, times: int) -> AsyncIterator[str]:
    """The address of what cuts so many connections off when something is asked, and passes the others on to the service."""
    cut = list[None]()
    host, port = service.url.removeprefix("http://").split(":")

    async def pour(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            to.write(data)
        to.close()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(cut) < times:
            await reader.readuntil(b"\r\n\r\n")
            cut.append(None)
            writer.transport.abort()
            return
        answers, questions = await asyncio.open_connection(host, port)
        await asyncio.gather(pour(reader, questions), pour(answers, writer))

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_what_a_busy_machine_cuts_off_is_asked_again(service: Service) -> None:
    told = list[str]()
    async with cut_off(service, 1) as url, Client(url, "test-demo-client", told.append) as client:
        assert await client.query("{ __typename }") == {"__typename": "Query"}
    assert told == ["the service does not answer: its connection was cut off", ""]


@pytest.mark.lengthy
async def test_what_stays_cut_off_is_said_plainly(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_FOR_S", 0.5)
    async with cut_off(service, 1_000) as url, Client(url, "test-demo-client") as client:
        for asked in (client.query("{ __typename }"), anext(client.subscribe("subscription { __typename }"))):
            with pytest.raises(
                ServiceError, match=r"was cut off \(asked .*\)\. The machine is too busy .* run it again"
            ) as found:
                await asked
            assert "Error(" not in str(found.value)


EVENT = {"timestamp": "2026-11-01T00:00:00Z", "hook_type": "PostToolUse", "success": True}
BUSY = GraphUnavailable("the graph has not answered for 0.5 s; try again")


def failing(patch: pytest.MonkeyPatch, part: object, name: str, error: LoopgraphError, times: int) -> list[str]:
    """The next calls of a part of the service do their work, but their answers are lost; each of these is noted."""
    real, failed = getattr(part, name), list[str]()

    async def call(*given: Any, **named: Any) -> Any:
        answer = await real(*given, **named)
        if len(failed) < times:
            failed.append(name)
            raise error
        return answer

    patch.setattr(part, name, call)
    return failed


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_what_the_service_cannot_do_now_is_asked_for_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = failing(monkeypatch, service.parts.recorder, "record", BUSY, 2)
    told: list[str] = []
    async with Client(service.url, "test-demo-client", told.append) as client:
        headers = {"X-Correlation-ID": "test-demo-again", "X-Root-ID": "test-demo-again", "X-Execution-ID": "again-run"}
        await client.report("hook", EVENT, headers)
        trace = await client.query(
            'query { trace(correlationId: "test-demo-again") { hookExecutions { executionId } } }'
        )
    assert len(failed) == 2
    assert trace["trace"]["hookExecutions"] == [{"executionId": "again-run"}]
    assert [bool(line) for line in told] == [True, True, False]
    assert "has not answered for 0.5 s" in told[0]


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_change_whose_answer_was_lost_is_made_once(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(client, Nobody(), "test-demo-once", 10)
    story.cases = story.cases[:1]
    [case] = story.cases
    lost = [
        failing(monkeypatch, service.parts.lineage, "create_pattern", BUSY, 1),
        failing(monkeypatch, service.parts.loop, "propose_improvement", BUSY, 1),
        failing(monkeypatch, service.parts.loop, "start", BUSY, 1),
    ]
    await story._create_patterns()
    await story._propose_improvements()
    assert [len(answers) for answers in lost] == [1, 1, 1]
    made = await client.query(
        "query Made($id: ID!) { feedbackRuns(patternId: $id) { edges { node { runId } } } "
        "improvements(patternId: $id) { edges { node { improvementId } } } }",
        id=case.pattern_id,
    )
    assert [edge["node"]["runId"] for edge in made["feedbackRuns"]["edges"]] == [case.run_id]
    assert [edge["node"]["improvementId"] for edge in made["improvements"]["edges"]] == [case.improvement_id]


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_subscription_that_is_not_there_now_begins_anew(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(client, Nobody(), "test-demo-anew", 10)
    story.cases = story.cases[:1]
    await story._create_patterns()
    await story._propose_improvements()
    real, asked = service.parts.run_feed.updates, list[str]()

    async def updates(id_: str) -> AsyncIterator[Any]:
        asked.append(id_)
        if len(asked) == 1:
            raise BUSY
        async with contextlib.aclosing(real(id_)) as runs:
            async for run in runs:
                yield run

    monkeypatch.setattr(service.parts.run_feed, "updates", updates)
    async with contextlib.aclosing(client.subscribe(FOLLOW_RUN, id=story.cases[0].run_id)) as events:
        assert (await anext(events))["feedbackRun"]["runId"] == story.cases[0].run_id
    assert len(asked) == 2


@pytest.mark.lengthy
async def test_what_does_not_pass_is_said_at_once(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = failing(monkeypatch, service.parts.recorder, "record", GraphFault("it went wrong"), 2)
    with pytest.raises(ServiceError, match=r"answered 503: .*it went wrong"):
        await client.report("hook", EVENT, {"X-Correlation-ID": "test-demo-fault"})
    assert len(failed) == 1


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_asking_again_has_an_end(service: Service, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_FOR_S", 1.5)
    failed = failing(monkeypatch, service.parts.recorder, "record", BUSY, 1_000)
    with pytest.raises(ServiceError, match=r"answered 503: .*has not answered.* \(asked again for \d+ s\)"):
        await client.report("hook", EVENT, {"X-Correlation-ID": "test-demo-end"})
    assert 1 <= len(failed) <= 2
