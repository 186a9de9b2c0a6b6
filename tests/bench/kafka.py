"""From a topic to the graph and from the graph to a topic, with a real broker: ``python -m bench.kafka [EVENTS]``.

The service, its embedded engine, the broker and this program share the machine; the seconds of the processor say what the first
two take of it, however busy it is. All messages wait in the topic (four partitions)
before the service starts. An event is a finished use of a version, 0.2 KB, and 50 make a trace. The time of the way in is from
the first committed offset to the last; that of the way out ends when as many uses are in ``pattern.events``.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import orjson

from bench.ingest import cpu_s
from support.broker import committed, everything, make_topic, running_broker, send
from support.engines.processes import free_port
from support.process import service
from support.service import operation
from support.waiting import PATIENCE_S

INTO, OUT, GROUP, PARTITIONS = "pattern-usage-events", "pattern.events", "loopgraph", 4


async def reached(address: str, count: int) -> tuple[int, float]:
    """How many messages are committed once these are at least so many, and when that was seen."""
    while True:
        done = sum((await committed(address, INTO, GROUP)).values())
        if done >= count:
            return done, time.perf_counter()
        await asyncio.sleep(0.1)


async def measure(address: str, folder: Path, events: int) -> None:
    """Prints the figures."""
    for topic in (INTO, OUT):
        await make_topic(address, topic, PARTITIONS)
    port = free_port()
    settings = {
        "LOOPGRAPH_GRAPH_URL": f"embedded:{folder / 'graph'}",
        "LOOPGRAPH_KAFKA_BROKERS": address,
        "LOOPGRAPH_LOG_LEVEL": "warning",
    }
    with service(port, folder / "log", **settings):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client:
            body = {"query": operation("lineage_create_pattern"), "variables": {"input": {"name": "sort"}}}
            answer = (await client.post("/graphql", json=body)).json()
    node_id = answer["data"]["createPattern"]["version"]["nodeId"]
    for begin in range(0, events, 10_000):
        some = range(begin, min(events, begin + 10_000))
        bodies = [
            {
                "node_id": node_id,
                "execution_id": uuid4().hex,
                "correlation_id": f"trace-{number // 50}",
                "session_id": f"session-{number // 1000}",
                "duration_ms": 12.5,
                "success": True,
            }
            for number in some
        ]
        keys = [f"trace-{number // 50}".encode() for number in some]
        await send(address, INTO, list(map(orjson.dumps, bodies)), keys)
    with ExitStack() as running:
        process = running.enter_context(
            service(port, folder / "log", **settings, LOOPGRAPH_KAFKA_CONSUME=INTO, LOOPGRAPH_KAFKA_PRODUCE=OUT)
        )
        pids = process.pid, int(orjson.loads((folder / "graph" / "engine.json").read_bytes())["pid"])
        first, began = await reached(address, 1)
        before = [cpu_s(pid) for pid in pids]
        last, ended = await reached(address, events)
        used = [cpu_s(pid) - was for pid, was in zip(pids, before, strict=True)]
        print(f"in: {(last - first) / (ended - began):,.0f} events/s ({last - first:,} in {ended - began:.1f} s)")
        mine, engines = (10_000 * seconds / (last - first) for seconds in used)
        print(f"processor seconds for 10,000 events: service {mine:.2f}, engine {engines:.2f}")
        while True:
            out = len([one for one in await everything(address, OUT) if b'"loopgraph.usage.' in one.value])
            if out >= events:
                break
            await asyncio.sleep(0.5)
        print(
            f"out: {out:,} uses are published {time.perf_counter() - ended:.1f} s after the last of them was committed"
        )


def main() -> None:
    """Measures with so many events as the command line says."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as text, running_broker(Path(text)) as broker:
        asyncio.run(measure(broker.address, Path(text), events))


if __name__ == "__main__":
    main()
