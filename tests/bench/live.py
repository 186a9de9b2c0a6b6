"""Being told by another process: ``PYTHONPATH=tests python -m bench.live [--minutes 10] [--engine neo4j-5.26]``.

Two service processes on one graph. Clients record by the one, 100 subscribers follow the other, half of them by WebSocket and
half by server-sent events: traces by session, everything, the lineage, patterns and the dashboard. The latency is from the
moment at which an event is sent to the writing process (so its way and its commit are in it) to that at which a subscriber has
the update. Processor time is that of the process that is followed: when nobody follows it, and when 100 do.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import websockets
from httpx_sse import aconnect_sse

from bench.ingest import cpu_s
from bench.lineage import SOURCES
from support.engines.processes import free_port
from support.process import service
from support.service import PROTOCOL, operation

SUBSCRIBERS = 100
IDLE_S = 20.0


@dataclass
class Told:
    """What subscribers were told."""

    sent_at: dict[str, float] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    updates: int = 0
    figures: int = 0
    missed: int = 0

    def take(self, payload: Any) -> None:
        assert "errors" not in payload, payload
        (update,) = payload["data"].values()
        self.updates += 1
        self.missed += update.get("missed", 0)
        sent = self.sent_at.get(update.get("executionId") or "")
        if sent is not None:
            self.delays.append(time.time() - sent)
        if "basis" in update:
            self.figures += 1


def spread(seconds: list[float]) -> str:
    """The median and two percentiles, in milliseconds."""
    ordered = statistics.quantiles(seconds, n=100)
    return " / ".join(f"{ordered[place] * 1000:.0f}" for place in (49, 94, 98)) + " ms"


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def by_socket(port: int, document: str, variables: dict[str, Any], told: Told) -> None:
    async with websockets.connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[PROTOCOL], proxy=None) as socket:
        await socket.send('{"type": "connection_init"}')
        await socket.recv()
        payload = {"query": document, "variables": variables}
        await socket.send(orjson.dumps({"type": "subscribe", "id": "1", "payload": payload}).decode())
        async for message in socket:
            told.take(orjson.loads(message)["payload"])


async def by_events(client: httpx.AsyncClient, document: str, variables: dict[str, Any], told: Told) -> None:
    body, headers = {"query": document, "variables": variables}, {"accept": "text/event-stream"}
    async with aconnect_sse(client, "POST", "/graphql", json=body, headers=headers) as source:
        async for event in source.aiter_sse():
            if event.data:  # not what only keeps the stream alive
                told.take(orjson.loads(event.data))


@contextlib.asynccontextmanager
async def subscribers(port: int, session: str, patterns: list[str], told: Told) -> AsyncIterator[None]:
    """A hundred: 40 follow a session, 20 everything, 10 the lineage, 20 patterns, 10 the dashboard."""
    wanted = [
        *[(operation("traces_follow"), {"filter": {"sessionId": session}})] * 40,
        *[(operation("traces_follow"), {})] * 20,
        *[(operation("lineage_follow"), {})] * 10,
        *[(operation("analytics_follow_patterns"), {"ids": patterns, "every": 5})] * 20,
        *[(operation("analytics_follow_dashboard"), {"every": 5})] * 10,
    ]
    assert len(wanted) == SUBSCRIBERS
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=None, limits=limits) as client:  # noqa: S113
        tasks = [
            asyncio.create_task(by_socket(port, *one, told) if place % 2 else by_events(client, *one, told))
            for place, one in enumerate(wanted)
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(outcome, asyncio.CancelledError), outcome


async def record(client: httpx.AsyncClient, session: str, node_id: str, told: Told) -> None:
    """One execution of a version, by the process that is not followed."""
    id_ = uuid4().hex
    hook = {"execution_id": id_, "session_id": session, "hook_type": "ToolUse", "duration_ms": 5, "success": True}
    headers = {"x-correlation-id": f"{session}-trace"}
    while True:
        told.sent_at[id_] = time.time()
        answer = await client.post("/api/traces/hook", json={**hook, "node_id": node_id}, headers=headers)
        if answer.status_code != 503:  # the machine is busy
            break
        await asyncio.sleep(float(answer.headers["retry-after"]))
    answer.raise_for_status()
    told.acknowledged.append(time.time() - told.sent_at[id_])


async def measure(writing: int, followed: int, pid: int, minutes: float, per_second: float) -> None:
    told, session = Told(), uuid4().hex
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{writing}", timeout=60) as client:
        made = []
        for number in range(10):
            variables = {"input": {"name": f"pattern {number}", "templateCode": "do it"}}
            body = {"query": operation("lineage_create_pattern"), "variables": variables}
            answer = (await client.post("/graphql", json=body)).json()
            made.append(next(iter(answer["data"].values())))
        patterns = [one["pattern"]["patternId"] for one in made]
        nodes = [one["version"]["nodeId"] for one in made]
        start = {"session_id": session, "source": "bench"}
        headers = {"x-correlation-id": f"{session}-trace"}
        (await client.post("/api/traces/start", json=start, headers=headers)).raise_for_status()

        async def load(seconds: float) -> float:
            """Records at a steady pace; the share of one processor that the followed process had."""
            before, began, number = cpu_s(pid), time.monotonic(), 0
            while (at := time.monotonic() - began) < seconds:
                await record(client, session, nodes[number % len(nodes)], told)
                number += 1
                await asyncio.sleep(max(0.0, number / per_second - at))
            return (cpu_s(pid) - before) / (time.monotonic() - began)

        await load(10)
        alone = await load(IDLE_S)
        rest = memory_mb(pid)
        async with subscribers(followed, session, patterns, told):
            await asyncio.sleep(5)
            await load(10)
            told.delays.clear()
            told.acknowledged.clear()
            told.updates = told.figures = 0
            began = time.monotonic()
            busy = await load(minutes * 60)
            seconds = time.monotonic() - began
            memory = memory_mb(pid)
            await asyncio.sleep(2)
    print("| what | |\n| --- | --- |")
    print(f"| commits a second, minutes | {per_second:g}, {seconds / 60:.1f} |")
    print(f"| updates | {told.updates:,} ({told.updates / seconds:.0f}/s), {told.figures:,} of them figures |")
    print(f"| from sending an event to its acknowledgement, p50 / p95 / p99 | {spread(told.acknowledged)} |")
    print(f"| from sending an event to each subscriber, p50 / p95 / p99 | {spread(told.delays)} |")
    print(f"| processor of the followed process, of one core: nobody / 100 subscribers | {alone:.1%} / {busy:.1%} |")
    print(f"| its memory: nobody / 100 subscribers | {rest:.0f} / {memory:.0f} MB |")
    print(f"| missed | {told.missed} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--per-second", type=float, default=1.0)
    parser.add_argument("--engine", default="embedded")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as text, contextlib.ExitStack() as stack:
        folder = Path(text)
        settings = {"LOOPGRAPH_GRAPH_URL": f"embedded:{folder / 'graph'}", "LOOPGRAPH_LOG_LEVEL": "warning"}
        if asked.engine != "embedded":
            engine = stack.enter_context(SOURCES[asked.engine](folder))
            settings |= {
                "LOOPGRAPH_GRAPH_URL": engine.url,
                "LOOPGRAPH_GRAPH_USER": engine.user,
                "LOOPGRAPH_GRAPH_PASSWORD": engine.password,
            }
        writing, followed = free_port(), free_port()
        stack.enter_context(service(writing, folder / "writing.log", **settings))
        process = stack.enter_context(service(followed, folder / "followed.log", **settings))
        asyncio.run(measure(writing, followed, process.pid, asked.minutes, asked.per_second))
        for name in ("writing", "followed"):
            print((folder / f"{name}.log").read_text()[-2_000:], end="")


if __name__ == "__main__":
    main()
