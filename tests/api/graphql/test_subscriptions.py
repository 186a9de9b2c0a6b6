"""Live runs over ``graphql-transport-ws`` and server-sent events, through a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
import websockets

from support.feedback_api import Client, make_client
from support.service import PROTOCOL, Json, Service, nodes, operation
from support.waiting import PATIENCE_S

SLOW, FAST = 100.0, 50.0
FOLLOW = operation("feedback_follow_run")


@pytest.fixture
async def client(service: Service) -> Client:
    return await make_client(service)


async def by_socket(service: Service, run_id: str) -> AsyncIterator[Json]:
    """The states of a run by a WebSocket of its own."""
    async with service.socket() as socket:
        await socket.subscribe("one", FOLLOW, id=run_id)
        while (message := await socket.receive())["type"] == "next":
            assert message["id"] == "one"
            yield message["payload"]["data"]["feedbackRun"]
        assert message == {"type": "complete", "id": "one"}


def ends_well(states: list[Json], run_id: str) -> None:
    """Checks what a subscriber has seen of a run that waited at first and has applied its improvement."""
    assert {state["runId"] for state in states} == {run_id}
    revisions = [state["revision"] for state in states]
    assert revisions == sorted(set(revisions))
    first, last = states[0], states[-1]
    assert (first["status"], first["improvementsIdentified"], first["improvementsApplied"]) == ("WAITING", 1, 0)
    assert first["message"].startswith("waits for units")
    assert [state["status"] for state in states[:-1]].count("COMPLETED") == 0
    assert (last["status"], last["improvementsApplied"]) == ("COMPLETED", 1)
    assert [improvement["status"] for improvement in nodes(last["improvements"])] == ["APPLIED"]


@pytest.mark.lengthy
async def test_every_subscriber_sees_a_run_until_it_ends(client: Client) -> None:
    candidate = await client.candidate()
    run_id = await client.waiting()
    streams = [
        client.service.follow("feedback_follow_run", id=run_id),
        client.service.follow("feedback_follow_run", id=run_id),
        by_socket(client.service, run_id),
        by_socket(client.service, run_id),
    ]
    seen: list[list[Json]] = [[await anext(stream)] for stream in streams]

    # One that leaves takes nothing from the others.
    leaving = client.service.follow("feedback_follow_run", id=run_id)
    await anext(leaving)
    await leaving.aclose()
    async with client.service.socket() as gone:
        await gone.subscribe("gone", FOLLOW, id=run_id)
        await gone.receive()

    async def rest(stream: AsyncIterator[Json], states: list[Json]) -> None:
        states += [state async for state in stream]

    following = [asyncio.create_task(rest(*each)) for each in zip(streams, seen, strict=True)]
    await client.supply(run_id, {client.node_id: SLOW, candidate["candidate"]["nodeId"]: FAST})
    await asyncio.wait_for(asyncio.gather(*following), PATIENCE_S)
    for states in seen:
        ends_well(states, run_id)


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_one_socket_carries_several_subscriptions(client: Client) -> None:
    others = await make_client(client.service)
    candidate, _ = await client.candidate(), await others.candidate()
    run_id, other_id = await client.waiting(), await others.waiting()
    async with client.service.socket() as socket:
        await socket.subscribe("mine", FOLLOW, id=run_id)
        await socket.subscribe("theirs", FOLLOW, id=other_id)
        await socket.subscribe("stopped", FOLLOW, id=other_id)
        firsts = [await socket.receive() for _ in range(3)]
        assert {message["id"] for message in firsts} == {"mine", "theirs", "stopped"}
        await socket.send("complete", id="stopped")
        await socket.send("ping")
        assert await socket.receive() == {"type": "pong"}

        await client.supply(run_id, {client.node_id: SLOW, candidate["candidate"]["nodeId"]: FAST})
        await client.service.execute("feedback_cancel_run", input={"runId": other_id})
        messages: dict[str, list[Json]] = {"mine": [], "theirs": []}
        for message in firsts:
            if message["id"] != "stopped":
                messages[message["id"]].append(message)
        open_ = set(messages)
        while open_:
            message = await socket.receive()
            if message["type"] == "complete":
                open_.remove(message["id"])
            else:
                messages[message["id"]].append(message)
    states = {id_: [item["payload"]["data"]["feedbackRun"] for item in items] for id_, items in messages.items()}
    ends_well(states["mine"], run_id)
    assert [state["status"] for state in states["theirs"]] == ["WAITING", "CANCELLED"]


@pytest.mark.lengthy
async def test_a_run_that_has_ended_is_shown_once(client: Client) -> None:
    await client.candidate()
    run_id = (await client.start(enableAbTesting=False))["run"]["runId"]
    await client.ended(run_id)
    for stream in (client.service.follow("feedback_follow_run", id=run_id), by_socket(client.service, run_id)):
        [state] = [state async for state in stream]
        assert (state["status"], state["stage"]) == ("COMPLETED", "TRACK")


@pytest.mark.lengthy
async def test_an_unknown_run_is_an_error_and_the_end(service: Service) -> None:
    expected = [{"message": "no FeedbackRun has the id 'nowhere'", "extensions": {"code": "NOT_FOUND"}}]
    [answer] = [answer async for answer in service.events(FOLLOW, id="nowhere")]
    assert answer["errors"] == expected
    async with service.socket() as socket:
        await socket.subscribe("one", FOLLOW, id="nowhere")
        assert (await socket.receive())["payload"]["errors"] == expected
        assert await socket.receive() == {"type": "complete", "id": "one"}


async def test_a_wrong_document_is_refused_on_both(service: Service) -> None:
    document = "subscription { nothing }"
    [answer] = [answer async for answer in service.events(document)]
    async with service.socket() as socket:
        await socket.subscribe("one", document)
        message = await socket.receive()
    assert message["type"] == "error"
    for errors in (answer["errors"], message["payload"]):
        assert [error["extensions"]["code"] for error in errors] == ["INVALID_DOCUMENT"]


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": ""}, "BAD_REQUEST"),
        ({"query": "   "}, "INVALID_DOCUMENT"),
        ({"query": "subscription {"}, "INVALID_DOCUMENT"),
        ({"query": "query A { __typename }", "operationName": "B"}, "BAD_REQUEST"),
        ({"query": "query A { __typename }", "operationName": ""}, "BAD_REQUEST"),
        ({"query": "fragment F on Query { __typename }"}, "BAD_REQUEST"),
        ({"query": "query A { __typename } query B { __typename }"}, "INVALID_DOCUMENT"),
    ],
)
async def test_what_cannot_be_executed_is_told_on_every_transport(service: Service, payload: Json, code: str) -> None:
    answers = [(await service.http.post("/graphql", json=payload)).json()["errors"]]
    stream = await service.http.post("/graphql", json=payload, headers={"accept": "text/event-stream"})
    answers.append(json.loads(stream.text.partition("data: ")[2].partition("\n")[0])["errors"])
    message = await refused_by_socket(service, payload)
    answers.append(message["payload"])
    assert [error["extensions"]["code"] for errors in answers for error in errors] == [code] * 3


@pytest.mark.parametrize("payload", [{"query": None}, {"query": 5}, {"query": "{ __typename }", "variables": [1]}])
async def test_what_is_no_request_is_told_on_a_socket(service: Service, payload: Json) -> None:
    message = await refused_by_socket(service, payload)
    assert [error["extensions"]["code"] for error in message["payload"]] == ["BAD_REQUEST"]


async def refused_by_socket(service: Service, payload: Json) -> Json:
    """The error message; the socket goes on."""
    async with service.socket() as socket:
        await socket.send("subscribe", id="one", payload=payload)
        message = await socket.receive()
        assert message["type"] == "error"
        await socket.subscribe("two", "{ __typename }")
        assert (await socket.receive())["payload"] == {"data": {"__typename": "Query"}}
    return message


@pytest.mark.lengthy
async def test_a_socket_takes_queries_and_mutations(client: Client) -> None:
    async with client.service.socket() as socket:
        await socket.subscribe("one", "query($id: ID!) { pattern(patternId: $id) { name } }", id=client.pattern_id)
        assert (await socket.receive())["payload"] == {"data": {"pattern": {"name": "greet"}}}
        assert (await socket.receive())["type"] == "complete"
        # Nothing on a connection goes stale: the second answer shows what came after the first.
        for _ in range(2):
            document = "query($id: ID!) { patternVersion(nodeId: $id) { usageCount } }"
            await socket.subscribe("two", document, id=client.node_id)
            used = (await socket.receive())["payload"]["data"]["patternVersion"]["usageCount"]
            assert (await socket.receive())["type"] == "complete"
            await client.record(client.node_id, 10.0)
        assert used == 1
        await socket.subscribe("three", 'mutation { cancelFeedbackRun(input: {runId: "nowhere"}) { __typename } }')
        assert (await socket.receive())["payload"] == {"data": {"cancelFeedbackRun": {"__typename": "NotFound"}}}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{bad", 4400),
        ("5", 4400),
        (b"binary", 4400),
        ('{"type": "unknown"}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": null}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": 5}', 4400),
        ('{"type": "subscribe", "id": [], "payload": {"query": "{ __typename }"}}', 4400),
        ('{"type": "connection_init", "payload": 5}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}', 4401),
    ],
)
async def test_what_is_not_the_protocol_closes_the_socket(service: Service, message: str | bytes, code: int) -> None:
    url = service.url.replace("http", "ws", 1) + "/graphql"
    async with websockets.connect(url, subprotocols=[PROTOCOL], proxy=None, open_timeout=PATIENCE_S) as connection:
        await connection.send(message)
        with pytest.raises(websockets.ConnectionClosed):
            await connection.recv()
    assert connection.close_code == code
    async with websockets.connect(
        url, subprotocols=[websockets.Subprotocol("soap")], proxy=None, open_timeout=PATIENCE_S
    ) as connection:
        with pytest.raises(websockets.ConnectionClosed):
            await connection.recv()
    assert connection.close_code == 4406


async def test_a_subscription_needs_a_stream(service: Service) -> None:
    response = await service.http.post("/graphql", json={"query": FOLLOW, "variables": {"id": "nowhere"}})
    assert response.status_code == httpx.codes.BAD_REQUEST
    [error] = response.json()["errors"]
    assert error["message"] == "a subscription needs the header Accept: text/event-stream, or a WebSocket"
