"""A service, its engine and its broker are killed while messages come and go: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from loopgraph.contracts.broker import PatternEvent
from support.broker import Broker, committed, everything, make_topic, running_broker, send
from support.engines import Unavailable
from support.engines.processes import free_port
from support.process import gone, service
from support.service import operation
from support.waiting import PATIENCE_S, until
from test_kills_ingest import check_that_everything_is_there_once, engine_of

pytestmark = pytest.mark.slow

SEVERAL = 2_500
GROUP, INTO, OUT = "loopgraph", "pattern-usage-events", "pattern.events"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    try:
        (tmp_path / "kafka").mkdir()
        with running_broker(tmp_path / "kafka") as broker:
            yield broker
    except Unavailable as reason:
        pytest.skip(str(reason))


def event(node_id: str) -> dict[str, Any]:
    return {"node_id": node_id, "execution_id": uuid4().hex, "correlation_id": uuid4().hex, "success": True}


@pytest.mark.exhaustive
async def test_whatever_is_killed_each_message_has_its_effect_once_and_each_use_is_published_once(
    broker: Broker, tmp_path: Path
) -> None:
    port, folder, address = free_port(), tmp_path / "graph", broker.address
    settings = {
        "LOOPGRAPH_GRAPH_URL": f"embedded:{folder}",
        "LOOPGRAPH_KAFKA_BROKERS": address,
        "LOOPGRAPH_KAFKA_CONSUME": INTO,
        "LOOPGRAPH_KAFKA_PRODUCE": OUT,
        "LOOPGRAPH_INGEST_BATCH_EVENTS": "100",  # so that there are many commits to be killed in
    }
    for topic, partitions in ((INTO, 3), (OUT, 2)):
        await make_topic(address, topic, partitions)
    sent: list[str] = []

    async def send_more(node_id: str) -> None:
        events = [event(node_id) for _ in range(SEVERAL)]
        sent.extend(one["execution_id"] for one in events)
        await send(address, INTO, list(map(orjson.dumps, events)), [one["execution_id"].encode() for one in events])

    async def done(count: int) -> bool:
        return sum((await committed(address, INTO, GROUP)).values()) >= count

    with ExitStack() as services:
        process = services.enter_context(service(port, tmp_path / "log", **settings))
        body = {
            "query": operation("lineage_create_pattern"),
            "variables": {"input": {"name": "sort", "activate": True}},
        }
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S)
        answer = await client.post("/graphql", json=body)
        node_id = answer.json()["data"]["createPattern"]["version"]["nodeId"]

        await send_more(node_id)
        await until(lambda: done(1))
        os.kill(engine_of(folder), signal.SIGKILL)  # the service starts another

        await send_more(node_id)
        await until(lambda: done(SEVERAL + 1))
        engine = engine_of(folder)
        process.kill()
        process.wait(PATIENCE_S)
        await gone(engine)
        services.enter_context(service(port, tmp_path / "log", **settings))

        await send_more(node_id)
        await until(lambda: done(2 * SEVERAL + 1))
        broker.kill()
        assert (await client.get("/readyz")).status_code == 200, "it is served on"
        broker.start()
        await send_more(node_id)
        await until(lambda: done(4 * SEVERAL), 0.2)

        async def published() -> list[str]:
            events = [PatternEvent.model_validate_json(one.value) for one in await everything(address, OUT)]
            assert max(Counter(event.id for event in events).values()) == 1
            uses = [event for event in events if event.type == "loopgraph.usage.success"]
            return [event.data.execution_id for event in uses]  # type: ignore[union-attr]

        async def all_of_them() -> bool:
            return set(await published()) >= set(sent)

        await until(all_of_them, 0.5)
        told = Counter(await published())
        assert set(told) == set(sent)
        assert set(told.values()) == {1}
    await client.aclose()
    await check_that_everything_is_there_once(folder, sent)
