"""A service that is told to stop while it is loaded: whoever has asked is answered, and what was acknowledged is there."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from loopgraph.effects.engine.folder import EngineFolder
from loopgraph.effects.graph.client import Graph
from loopgraph.settings import Settings
from support.engines.processes import free_port
from support.process import service
from support.quick import first_quick
from support.traces import statement
from support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.slow

CLIENTS, BATCH = 12, 400


def events(trace: str) -> list[dict[str, Any]]:
    return [
        {
            "kind": "hook",
            "correlation_id": trace,
            "execution_id": uuid4().hex,
            "hook_type": "PostToolUse",
            "success": True,
        }
        for _ in range(BATCH)
    ]


async def waiting(client: httpx.AsyncClient) -> int:
    """How many events are taken in and not recorded yet."""
    text = (await client.get("/metrics")).text
    [found] = [line for line in text.splitlines() if line.startswith("loopgraph_queue_events ")]
    return int(float(found.split()[1]))


@pytest.mark.parametrize("drain_ms", first_quick([600_000, 200]))
async def test_every_request_that_was_accepted_is_answered_and_nothing_acknowledged_is_lost(
    tmp_path: Path, drain_ms: int
) -> None:
    port, folder = free_port(), tmp_path / "graph"
    settings = {"LOOPGRAPH_GRAPH_URL": f"embedded:{folder}", "LOOPGRAPH_INGEST_DRAIN_MS": str(drain_ms)}
    limits = httpx.Limits(max_keepalive_connections=0)
    address = f"http://127.0.0.1:{port}"
    with service(port, tmp_path / "log", **settings) as process:
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE_S, limits=limits, trust_env=False) as client:
            traces = [uuid4().hex for _ in range(CLIENTS)]
            engine = EngineFolder(folder).record()
            assert engine is not None
            assert engine.pid is not None
            os.kill(engine.pid, signal.SIGSTOP)  # nothing is recorded until the service has been told to stop
            try:
                asked = [asyncio.create_task(client.post("/api/traces/batch", json=events(trace))) for trace in traces]

                async def all_taken_in() -> bool:
                    return await waiting(client) >= BATCH * CLIENTS

                await until(all_taken_in)
                assert not any(one.done() for one in asked)
                process.send_signal(signal.SIGTERM)
            finally:
                os.kill(engine.pid, signal.SIGCONT)
            answers = await asyncio.gather(*asked)
        assert process.wait(PATIENCE_S) in (0, -signal.SIGTERM)
    recorded = []
    for answer in answers:
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 200:
            recorded += [result["execution_id"] for result in answer.json()["results"]]
        else:
            assert int(answer.headers["retry-after"]) >= 1
    if drain_ms > 1_000:
        assert len(recorded) == CLIENTS * BATCH  # there was time for all that waited
    async with Graph.open(Settings(graph_url=f"embedded:{folder}")) as graph:
        rows = await statement(graph, "MATCH (h:HookExecution) RETURN h.execution_id AS id")
    assert set(recorded) <= {row["id"] for row in rows}
