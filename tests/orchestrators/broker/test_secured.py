"""Kafka that asks who comes: by a password, by a certificate, and by both over TLS; and what is said where it lets nobody in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from conftest import settings_for
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from loopgraph.settings import KafkaSecurity, SaslMechanism, Settings
from support.broker import Broker, committed, everything, make_topic, send
from support.engines import EngineUnderTest, Unavailable
from support.secured_broker import PASSWORD, USER, authority, secured_broker
from support.service import Service, serving
from support.traces import make_version, statement
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, Path]]:
    """A broker of this module's own, and the folder with its certificates."""
    folder = tmp_path_factory.mktemp("kafka")
    try:
        with secured_broker(folder) as broker:
            yield broker, folder
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
async def graph(embedded_engine: EngineUnderTest) -> AsyncIterator[Graph]:
    async with Graph.open(settings_for(embedded_engine)) as opened:
        await schema.prepare(opened)
        yield opened


def reaching(engine: EngineUnderTest, broker: Broker, security: KafkaSecurity, dead: Path, **others: Any) -> Settings:
    """Settings of a service that reads one topic, by a listener of this kind."""
    address = f"127.0.0.1:{broker.ports[security.value.upper()]}"
    more = {"kafka_brokers": (address,), "kafka_security": security, "dead_letter_folder": dead, **others}
    return settings_for(engine).model_copy(update=more)


SASL = {"kafka_user": USER, "kafka_password": SecretStr(PASSWORD)}


@pytest.mark.parametrize(
    ("security", "mechanism"),
    [
        (KafkaSecurity.SSL, None),
        (KafkaSecurity.SASL_PLAINTEXT, SaslMechanism.PLAIN),
        (KafkaSecurity.SASL_PLAINTEXT, SaslMechanism.SCRAM_SHA_256),
        (KafkaSecurity.SASL_SSL, SaslMechanism.PLAIN),
        (KafkaSecurity.SASL_SSL, SaslMechanism.SCRAM_SHA_512),
    ],
)
async def test_messages_come_and_go_by_each_kind_of_security(
    embedded_engine: EngineUnderTest,
    broker: tuple[Broker, Path],
    graph: Graph,
    tmp_path: Path,
    security: KafkaSecurity,
    mechanism: SaslMechanism | None,
) -> None:
    of, folder = broker
    mark, node_id = new_id(), await make_version(graph)
    into, out = f"t-{mark}.in", f"t-{mark}.out"
    more: dict[str, Any] = {"kafka_consume": (into,), "kafka_produce": out, "kafka_group": mark}
    if security in (KafkaSecurity.SSL, KafkaSecurity.SASL_SSL):
        more["kafka_ca_file"] = folder / "ca.pem"
    if security is KafkaSecurity.SSL:
        more |= {"kafka_cert_file": folder / "client.crt", "kafka_key_file": folder / "client.key"}
    if mechanism is not None:
        more |= {**SASL, "kafka_sasl_mechanism": mechanism}
    for topic in (into, out):
        await make_topic(of.address, topic)
    try:
        async with serving(reaching(embedded_engine, of, security, tmp_path, **more)) as service:

            async def both_work() -> bool:
                told = (await service.http.get("/readyz")).json()["kafka"]
                return {part["status"] for part in told.values()} == {"ok"}

            await until(both_work, 0.1)
            use = {"node_id": node_id, "execution_id": mark, "correlation_id": mark, "success": True}
            await send(of.address, into, [orjson.dumps(use)])

            async def is_done() -> bool:
                return (await committed(of.address, into, mark)).get(0) == 1

            async def is_published() -> bool:
                return any(mark.encode() in one.value for one in await everything(of.address, out))

            await until(is_done, 0.1)
            await until(is_published, 0.1)
    finally:
        await statement(graph, "MATCH (o:Outbox {name: $name}) DELETE o", name=out)


async def message_while_away(service: Service) -> str:
    """What the consumer says of itself once it is not let in."""
    said = ""

    async def is_away() -> bool:
        nonlocal said
        answer = await service.http.get("/readyz")
        told = answer.json()["kafka"]["consumer"]
        said = told["message"]
        return answer.status_code == 200 and told["status"] == "away"

    await until(is_away, 0.1)
    return said


async def test_whom_the_broker_does_not_let_in_says_why(
    embedded_engine: EngineUnderTest, broker: tuple[Broker, Path], tmp_path: Path
) -> None:
    of, folder = broker
    (tmp_path / "others").mkdir()
    authority(tmp_path / "others", "client")
    topic: dict[str, Any] = {"kafka_consume": (f"t-{new_id()}",)}
    wrong_password = {**SASL, "kafka_password": SecretStr("wrong"), "kafka_sasl_mechanism": SaslMechanism.SCRAM_SHA_512}
    refused = reaching(embedded_engine, of, KafkaSecurity.SASL_PLAINTEXT, tmp_path, **topic, **wrong_password)
    async with serving(refused) as service:
        said = await message_while_away(service)
        assert "uthentication failed" in said
        assert "wrong" not in said
    unknown = {"kafka_ca_file": tmp_path / "others" / "ca.pem", **SASL}
    async with serving(reaching(embedded_engine, of, KafkaSecurity.SASL_SSL, tmp_path, **topic, **unknown)) as service:
        assert "certificate" in await message_while_away(service)
    bare = {"kafka_ca_file": folder / "ca.pem"}
    async with serving(reaching(embedded_engine, of, KafkaSecurity.SSL, tmp_path, **topic, **bare)) as service:
        assert await message_while_away(service)
