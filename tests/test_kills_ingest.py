"""The ingest doors under load while the engine or the service is killed in the middle of batches and single posts.

Clients send again, with the same ids, what was not acknowledged. Afterwards everything is there, and everything once.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from loopgraph.effects.graph.client import Graph
from loopgraph.settings import Settings
from support.engines.processes import free_port
from support.process import gone, service
from support.traces import statement
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

BATCH, BATCH_CLIENTS, SINGLE_CLIENTS = 200, 2, 6


class Load:
    """Clients that send until they are stopped, and then until everything they have begun is acknowledged."""

    def __init__(self, port: int) -> None:
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S)
        self.acknowledged: list[str] = []
        self.again = 0
        self._stop = asyncio.Event()

    async def one_client(self, size: int) -> None:
        trace = uuid4().hex
        while not self._stop.is_set():
            await self.send([self.hook(trace) for _ in range(size)])

    def hook(self, trace: str) -> dict[str, Any]:
        return {
            "kind": "hook",
            "correlation_id": trace,
            "execution_id": uuid4().hex,
            "hook_type": "PostToolUse",
            "duration_ms": 5,
            "success": True,
        }

    async def send(self, events: list[dict[str, Any]]) -> None:
        """Sends events, and those that were not acknowledged again."""
        while events:
            try:
                done = await self.attempt(events)
            except httpx.TransportError:
                done = set()  # the service is gone
            self.acknowledged += done
            events = [event for event in events if event["execution_id"] not in done]
            if events:
                self.again += len(events)
                await asyncio.sleep(0.05)

    async def attempt(self, events: list[dict[str, Any]]) -> set[str]:
        path = "batch" if len(events) > 1 else "hook"
        answer = await self.client.post(f"/api/traces/{path}", json=events if path == "batch" else events[0])
        if answer.status_code != 200:
            assert answer.status_code in (429, 503, 504), answer.text
            assert answer.status_code == 504 or int(answer.headers["retry-after"]) >= 1
            return set()
        results = answer.json()["results"] if path == "batch" else [answer.json()]
        assert not [result for result in results if "error" in result], results
        return {result["execution_id"] for result in results}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        sizes = [BATCH] * BATCH_CLIENTS + [1] * SINGLE_CLIENTS
        clients = [asyncio.create_task(self.one_client(size)) for size in sizes]
        try:
            yield
        finally:
            self._stop.set()
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.gather(*clients)
            await self.client.aclose()

    async def grows(self, events: int = 2 * BATCH, seconds: float = PATIENCE_S) -> None:
        """Waits until so many more events are acknowledged."""
        wanted, deadline = len(self.acknowledged) + events, time.monotonic() + seconds
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < deadline, "nothing is acknowledged any more"
            await asyncio.sleep(0.02)


def engine_of(folder: Path) -> int:
    return int(json.loads((folder / "engine.json").read_text())["pid"])


async def check_that_everything_is_there_once(folder: Path, acknowledged: list[str]) -> None:
    assert len(acknowledged) == len(set(acknowledged))
    async with Graph.open(Settings(graph_url=f"embedded:{folder}")) as graph:
        rows = await statement(
            graph, "MATCH (:Trace)-[r:RAN]->(h:HookExecution) RETURN h.execution_id AS id, h.status AS status"
        )
        [nodes] = await statement(graph, "MATCH (h:HookExecution) RETURN count(h) AS found")
    assert nodes["found"] == len(rows), "each hangs under one trace, by one relationship"
    found = Counter(row["id"] for row in rows)
    assert set(found) == set(acknowledged), "all that was begun was acknowledged in the end"
    assert set(found.values()) == {1}
    assert {row["status"] for row in rows} == {"success"}


@pytest.mark.exhaustive
async def test_killing_the_engine_in_the_middle_of_batches_loses_and_doubles_nothing(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "graph"
    with service(port, tmp_path / "log", LOOPGRAPH_GRAPH_URL=f"embedded:{folder}"):
        load = Load(port)
        async with load.running():
            await load.grows()
            os.kill(engine_of(folder), signal.SIGKILL)
            await load.grows()
        await check_that_everything_is_there_once(folder, load.acknowledged)


@pytest.mark.exhaustive
async def test_killing_the_service_in_the_middle_of_batches_loses_and_doubles_nothing(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "graph"
    with ExitStack() as services:
        settings = {"LOOPGRAPH_GRAPH_URL": f"embedded:{folder}"}
        process = services.enter_context(service(port, tmp_path / "log", **settings))
        load = Load(port)
        async with load.running():
            await load.grows()
            engine = engine_of(folder)
            process.kill()
            process.wait(PATIENCE_S)
            await gone(engine)
            services.enter_context(service(port, tmp_path / "log", **settings))
            await load.grows()
        assert load.again > 0, "something was under way when it was killed"
        await check_that_everything_is_there_once(folder, load.acknowledged)


@pytest.mark.exhaustive
async def test_stopping_the_service_records_what_it_has_only_queued(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "graph"
    settings = {"LOOPGRAPH_GRAPH_URL": f"embedded:{folder}", "LOOPGRAPH_DEAD_LETTER_FOLDER": str(tmp_path / "dead")}
    load = Load(port)
    events = [load.hook("trace") for _ in range(1_500)]
    with service(port, tmp_path / "log", **settings) as process:
        answer = await load.client.post("/api/traces/batch?ack=queued", json=events)
        assert answer.status_code == 202
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
    await load.client.aclose()
    await check_that_everything_is_there_once(folder, [event["execution_id"] for event in events])
    assert not (tmp_path / "dead").exists()
