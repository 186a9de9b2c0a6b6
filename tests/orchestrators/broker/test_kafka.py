"""Kafka as it is: messages in and out of a running service, with a real broker on loopback that is killed and started again.

Ids and topics are new in each test; the graph is shared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from conftest import settings_for
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.broker import Outgoing, PatternEvent
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.effects.broker.connection import Connection
from loopgraph.effects.broker.publishing import batches
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.schema import schema
from loopgraph.errors import BrokerUnavailable, GraphUnavailable
from loopgraph.settings import Settings
from support.broker import Broker, committed, everything, make_topic, running_broker, send
from support.engines import EngineUnderTest, Unavailable
from support.service import Service, serving
from support.traces import make_version, statement
from support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.lengthy

COUNT = 300


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of this module's own."""
    try:
        with running_broker(tmp_path_factory.mktemp("kafka")) as broker:
            yield broker
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
async def graph(embedded_engine: EngineUnderTest) -> AsyncIterator[Graph]:
    """The embedded engine's graph: what comes by Kafka is recorded as by any other door."""
    async with Graph.open(settings_for(embedded_engine)) as opened:
        await schema.prepare(opened)
        yield opened


class Topics:
    """Topics of one test, and a service that is set to them."""

    def __init__(self, broker: Broker, engine: EngineUnderTest, dead: Path) -> None:
        self.broker = broker
        self.name = f"t-{new_id()}"
        self.into, self.out, self.group = f"{self.name}.in", f"{self.name}.out", f"{self.name}.group"
        self._settings = settings_for(engine).model_copy(
            update={
                "kafka_brokers": (broker.address,),
                "kafka_group": self.group,
                "dead_letter_folder": dead,
                "ingest_drain_ms": int(PATIENCE_S * 1000),
            }
        )

    @property
    def consuming(self) -> Settings:
        return self._settings.model_copy(update={"kafka_consume": (self.into,)})

    @property
    def producing(self) -> Settings:
        return self._settings.model_copy(update={"kafka_produce": self.out})

    async def send(self, bodies: list[Any]) -> None:
        values = [body if isinstance(body, bytes) else orjson.dumps(body) for body in bodies]
        await send(self.broker.address, self.into, values, [str(number).encode() for number in range(len(values))])

    async def done(self, count: int) -> None:
        """Waits until the group has committed so many messages."""

        async def all_of_them() -> bool:
            return sum((await committed(self.broker.address, self.into, self.group)).values()) == count

        await until(all_of_them, 0.1)

    async def published(self) -> list[PatternEvent]:
        return [PatternEvent.model_validate_json(one.value) for one in await everything(self.broker.address, self.out)]


@pytest.fixture
async def topics(
    broker: Broker, embedded_engine: EngineUnderTest, graph: Graph, tmp_path: Path
) -> AsyncIterator[Topics]:
    topics = Topics(broker, embedded_engine, tmp_path / "dead")
    yield topics
    # What is told would be kept for it.
    await statement(graph, "MATCH (o:Outbox {name: $name}) DELETE o", name=topics.out)


def uses(node_id: str, mark: str, count: int, **others: Any) -> list[dict[str, Any]]:
    return [
        {
            "node_id": node_id,
            "correlation_id": f"{mark}-{number % 7}",
            "execution_id": f"{mark}-{number}",
            "success": True,
            **others,
        }
        for number in range(count)
    ]


async def recorded(graph: Graph, mark: str) -> Counter[str]:
    """How often each execution is there."""
    rows = await statement(
        graph,
        "MATCH (:Trace)-[:RAN]->(h:HookExecution) WHERE h.execution_id STARTS WITH $mark "
        "MATCH (h)-[:USED]->(:PatternVersion) RETURN h.execution_id AS id",
        mark=mark,
    )
    return Counter(row["id"] for row in rows)


def once(mark: str, count: int) -> Counter[str]:
    return Counter(f"{mark}-{number}" for number in range(count))


async def standing(service: Service, part: str) -> dict[str, str]:
    response = await service.http.get("/readyz")
    assert response.status_code == 200, response.text
    told: dict[str, str] = response.json()["kafka"][part]
    return told


async def becomes(service: Service, part: str, status: str) -> None:
    async def is_so() -> bool:
        return (await standing(service, part))["status"] == status

    await until(is_so, 0.05)


def counted(service: Service, name: str) -> float:
    return service.parts.metrics.broker.messages[name]._value.get()


async def test_messages_are_recorded_once_and_poison_is_put_aside_with_the_reason(topics: Topics, graph: Graph) -> None:
    node_id, mark = await make_version(graph), new_id()
    await make_topic(topics.broker.address, topics.into, 2)
    poison = [b"{", orjson.dumps({"node_id": "no-such-version", "success": True}), orjson.dumps({"kind": "what"})]
    async with serving(topics.consuming) as service:
        await topics.send([*uses(node_id, mark, COUNT), *poison])
        await topics.done(COUNT + len(poison))
        await until(lambda: counted(service, "dead_letter") == len(poison))
        assert await recorded(graph, mark) == once(mark, COUNT)
        letters = await everything(topics.broker.address, f"{topics.into}.dead-letters")
        told = {dict(one.headers)["loopgraph-code"].decode(): one for one in letters}
        assert sorted(one.value for one in letters) == sorted(poison)
        assert set(told) == {"INVALID_INPUT", "NOT_FOUND"}
        assert b"no-such-version" in dict(told["NOT_FOUND"].headers)["loopgraph-reason"]
        assert dict(told["NOT_FOUND"].headers)["loopgraph-topic"] == topics.into.encode()
        await becomes(service, "consumer", "ok")
        await until(lambda: _lag(service) == {topics.into: 0.0})

    again = topics.consuming.model_copy(update={"kafka_group": f"{topics.group}-2"})
    async with serving(again) as service:  # another group is delivered all of it once more
        await until(lambda: counted(service, "repeated") == COUNT)
        assert counted(service, "recorded") == 0
        assert await recorded(graph, mark) == once(mark, COUNT)


@pytest.mark.exhaustive
async def test_what_is_sent_twice_without_a_time_counts_once_and_a_poison_of_any_size_stops_nothing(
    topics: Topics, graph: Graph
) -> None:
    node_id, mark = await make_version(graph), new_id()
    await make_topic(topics.broker.address, topics.into)
    twice = [orjson.dumps(one) for one in (*uses(node_id, mark, 3), *uses(node_id, mark, 3))]
    keys = [b"x" * 1_040_000, *(b"key" for _ in twice)]
    async with serving(topics.consuming) as service:
        await send(topics.broker.address, topics.into, [b"{", *twice], keys)
        await topics.done(len(keys))
        await until(lambda: counted(service, "dead_letter") == 1)
        assert (counted(service, "recorded"), counted(service, "repeated")) == (3, 3)
        assert await recorded(graph, mark) == once(mark, 3)
        [letter] = await everything(topics.broker.address, f"{topics.into}.dead-letters")
        headers = dict(letter.headers)
        assert (headers["loopgraph-code"], headers["loopgraph-offset"]) == (b"INVALID_INPUT", b"0")


def _lag(service: Service) -> dict[str, float]:
    lag: Counter[str] = Counter()
    for family in service.parts.metrics.broker.lag.collect():
        for sample in family.samples:
            lag[sample.labels["topic"]] += sample.value
    return dict(lag)


@pytest.mark.exhaustive
async def test_two_services_share_a_topic_and_leave_it_to_each_other(topics: Topics, graph: Graph) -> None:
    node_id, mark = await make_version(graph), new_id()
    await make_topic(topics.broker.address, topics.into, 4)
    sent = 0

    async def more() -> None:
        nonlocal sent
        await topics.send(uses(node_id, mark, sent + COUNT)[sent:])
        sent += COUNT

    async with serving(topics.consuming) as one:
        await more()
        await until(lambda: counted(one, "recorded") > 0)
        async with serving(topics.consuming) as other:

            async def both_are_at_work() -> bool:
                await more()
                return counted(other, "recorded") > 0

            await until(both_are_at_work, 0.2)
            assert one.parts.metrics.broker.rebalances._value.get() >= 1
        await more()  # one is alone again
        await topics.done(sent)
        assert await recorded(graph, mark) == once(mark, sent)
        assert [counted(service, "dead_letter") for service in (one, other)] == [0, 0]


@pytest.mark.exhaustive
async def test_a_broker_that_is_away_is_waited_for_in_words_and_nothing_is_lost(topics: Topics, graph: Graph) -> None:
    node_id, mark = await make_version(graph), new_id()
    address = topics.broker.address
    await make_topic(address, topics.into)
    await make_topic(address, topics.out)
    settings = topics.consuming.model_copy(update={"kafka_produce": topics.out})
    async with serving(settings) as service:
        await topics.send(uses(node_id, f"{mark}a", COUNT))
        await topics.done(COUNT)
        await becomes(service, "producer", "ok")
        topics.broker.kill()
        created = await service.parts.lineage.create_pattern(NewPattern(name="away"), NewVersion(), Origin())
        await becomes(service, "consumer", "away")
        assert address in (await standing(service, "consumer"))["message"]
        topics.broker.start()
        await topics.send(uses(node_id, f"{mark}b", COUNT))
        await topics.done(2 * COUNT)
        assert await recorded(graph, mark) == once(f"{mark}a", COUNT) + once(f"{mark}b", COUNT)
        await becomes(service, "consumer", "ok")

        async def is_published() -> bool:
            return created.pattern.pattern_id in {event.subject for event in await topics.published()}

        await until(is_published, 0.2)
        ids = Counter(event.id for event in await topics.published())
        assert set(ids.values()) == {1}


async def test_a_broker_that_answers_nothing_is_noticed_without_anything_to_publish(
    topics: Topics, graph: Graph
) -> None:
    await make_topic(topics.broker.address, topics.out, 2)
    async with serving(topics.producing) as service:
        await becomes(service, "producer", "ok")
        assert _up(service, "producer") == 1
        topics.broker.pause()
        try:
            await becomes(service, "producer", "away")
            assert _up(service, "producer") == 0
            assert topics.broker.address in (await standing(service, "producer"))["message"]
            made = await service.parts.lineage.create_pattern(NewPattern(name="stalled"), NewVersion(), Origin())
        finally:
            topics.broker.resume()
        await becomes(service, "producer", "ok")
        assert _up(service, "producer") == 1
        await _published(topics, lambda events: any(event.subject == made.pattern.pattern_id for event in events))
        assert max(Counter(event.id for event in await topics.published()).values()) == 1


async def test_whoever_sends_batches_sees_at_once_whether_the_broker_answers(topics: Topics) -> None:
    await make_topic(topics.broker.address, topics.out, 2)
    async with batches(Connection(topics.producing), topics.out) as sender:
        await sender.look()
        await sender.send(1, [Outgoing(b"a", b"1")])
        await sender.look()  # now those that lead the partitions are asked, too
        topics.broker.pause()
        try:
            with pytest.raises(BrokerUnavailable, match="no answer in time"):
                await sender.look()
        finally:
            topics.broker.resume()

        async def answers() -> bool:
            try:
                await sender.look()
            except BrokerUnavailable:  # one that was stopped for long is let in again by its controller
                return False
            return True

        await until(answers, 0.1)
        await sender.send(2, [Outgoing(b"a", b"2")])
    async with batches(Connection(topics.producing), topics.out) as sender:
        assert await sender.last() == 2


def _up(service: Service, part: str) -> float:
    return service.parts.metrics.broker.up.labels(part)._value.get()


async def test_while_the_graph_is_away_nothing_is_taken_and_nothing_committed(
    topics: Topics, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    node_id, mark = await make_version(graph), new_id()
    await make_topic(topics.broker.address, topics.into)
    async with serving(topics.consuming) as service:
        record, tried = service.parts.recorder.record, 0

        async def away(*_: Any, **__: Any) -> Any:
            nonlocal tried
            tried += 1
            raise GraphUnavailable("the graph does not answer")

        with monkeypatch.context() as patch:
            patch.setattr(service.parts.recorder, "record", away)
            await topics.send(uses(node_id, mark, COUNT))
            await until(lambda: tried > 1)
            told = await standing(service, "consumer")
            assert told["status"] == "away"
            assert "the graph does not answer" in told["message"]
            assert not (await committed(topics.broker.address, topics.into, topics.group)).get(0, 0) > 0
        assert service.parts.recorder.record == record
        await topics.done(COUNT)
        assert await recorded(graph, mark) == once(mark, COUNT)


@pytest.mark.exhaustive
async def test_a_service_that_stops_has_recorded_what_it_committed_and_the_next_goes_on(
    topics: Topics, graph: Graph
) -> None:
    node_id, mark = await make_version(graph), new_id()
    await make_topic(topics.broker.address, topics.into)
    await topics.send(uses(node_id, mark, 10 * COUNT))
    async with serving(topics.consuming) as service:
        await until(lambda: counted(service, "recorded") > 0)
    before = await recorded(graph, mark)
    done = sum((await committed(topics.broker.address, topics.into, topics.group)).values())
    assert 0 < done <= len(before), "nothing is said to be done with that is not recorded"
    async with serving(topics.consuming):
        await topics.done(10 * COUNT)
    assert await recorded(graph, mark) == once(mark, 10 * COUNT)


async def test_lineage_and_usage_are_published_once_across_services(topics: Topics, graph: Graph) -> None:
    address, mark = topics.broker.address, new_id()
    await make_topic(address, topics.out, 3)
    async with serving(topics.producing) as one:
        await becomes(one, "producer", "ok")
        async with serving(topics.producing) as other:
            await becomes(other, "producer", "elsewhere")
            first = await other.parts.lineage.create_pattern(
                NewPattern(name="first"), NewVersion(activate=True), Origin()
            )
            node_id = first.version.node_id
            body = [
                {"kind": "hook", "hook_type": "Stop", **use}
                for use in uses(node_id, mark, 3, tool_input={"q": "secret words"})
            ]
            answer = await one.http.post("/api/traces/batch", json=body)
            assert [one.get("repeated") for one in answer.json()["results"]] == [False] * 3
            await _published(
                topics, lambda events: sum(event.type == "loopgraph.usage.success" for event in events) >= 3
            )
    made = await Lineage(graph).create_pattern(NewPattern(name="second"), NewVersion(), Origin())
    second = made.pattern.pattern_id  # while nobody publishes
    async with serving(topics.producing) as later:
        await _published(topics, lambda events: any(event.subject == second for event in events))
        assert await standing(later, "producer") != {}
    raw = await everything(address, topics.out)
    events = [PatternEvent.model_validate_json(one.value) for one in raw]
    assert max(Counter(event.id for event in events).values()) == 1
    assert all(one.key == (event.subject or event.id).encode() for one, event in zip(raw, events, strict=True))
    of_first = [event for event in events if event.subject == first.pattern.pattern_id]
    assert {"loopgraph.lineage.pattern_created", "loopgraph.usage.success"} <= {event.type for event in of_first}
    used = [event.data for event in of_first if event.type == "loopgraph.usage.success"]
    assert {use.execution_id for use in used} == set(once(mark, 3))  # type: ignore[union-attr]
    assert not any(b"secret words" in one.value for one in raw)


async def _published(topics: Topics, enough: Any) -> None:
    async def is_so() -> bool:
        return bool(enough(await topics.published()))

    await until(is_so, 0.2)


async def test_a_batch_is_there_as_a_whole_and_whoever_follows_knows_it(topics: Topics) -> None:
    await make_topic(topics.broker.address, topics.out, 2)
    connection = Connection(topics.producing)
    async with batches(connection, topics.out) as one:
        assert await one.last() is None
        await one.send(1, [Outgoing(b"a", b"1"), Outgoing(b"b", b"2")])
        async with batches(connection, topics.out) as other:
            assert await other.last() == 1
            await other.send(2, [Outgoing(b"a", b"3")])
            with pytest.raises(BrokerUnavailable, match="Kafka at"):
                await one.send(2, [Outgoing(b"a", b"never")])
        async with batches(connection, topics.out) as third:
            assert await third.last() == 2
    assert sorted(one.value for one in await everything(topics.broker.address, topics.out)) == [b"1", b"2", b"3"]
