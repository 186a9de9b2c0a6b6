"""What aggregates cost whoever writes: ``PYTHONPATH=tests python -m bench.analytics.writing``.

Two services, each with an embedded engine of its own, take in the same in turns, one with aggregates and one without. Compared is
the processors' time of service and engine, until all is committed and counted, so that it holds the roller's own work.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import orjson

from bench.http_load import request, send_side_by_side
from bench.ingest import BATCH, HOOK, cpu_s, hook
from loopgraph.effects.graph.client import Graph
from loopgraph.settings import Settings
from support.engines.processes import free_port
from support.process import wait_until_ready
from support.traces import statement

TURNS = 4
Requests = list[list[tuple[bytes, int]]]


class Side(NamedTuple):
    """One of the two services."""

    port: int
    service_pid: int
    engine_pid: int
    settings: Settings

    def cpu(self) -> tuple[float, float]:
        return cpu_s(self.service_pid), cpu_s(self.engine_pid)


@contextlib.contextmanager
def side(folder: Path, module: str) -> Iterator[Side]:
    folder.mkdir()
    port, url = free_port(), f"embedded:{folder / 'graph'}"
    environment = {**os.environ, "LOOPGRAPH_GRAPH_URL": url, "LOOPGRAPH_LOG_LEVEL": "warning"}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "serve", "--port", str(port)], env=environment, stdout=log, stderr=log
        )
    try:
        wait_until_ready(port, process)
        identity = orjson.loads((folder / "graph" / "engine.json").read_bytes())
        yield Side(port, process.pid, identity["pid"], Settings(graph_url=url))
    finally:
        process.terminate()
        process.wait(30)


def whole(trace: str) -> list[dict[str, object]]:
    """A prompt with eight steps and two calls of a model."""
    steps = [hook(trace) | {"tool_name": ("Bash", "Read", "Edit", "Grep")[number % 4]} for number in range(8)]
    calls = [
        {
            "kind": "endpoint", "correlation_id": trace, "call_id": uuid4().hex, "service_name": "anthropic",
            "endpoint_path": "/v1/messages", "model": "claude-sonnet-4-5", "input_tokens": 1_000, "output_tokens": 100,
            "duration_ms": 900.0, "success": True,
        }
        for _ in range(2)
    ]  # fmt: skip
    start = {
        "kind": "start",
        "correlation_id": trace,
        "session_id": f"s-{trace[:4]}",
        "user_id": "user",
        "prompt_text": "do",
    }
    return [start, *steps, *calls, {"kind": "complete", "correlation_id": trace, "success": True}]


def batches_of_hooks() -> tuple[Requests, int]:
    def batch() -> tuple[bytes, int]:
        items = [hook(trace) for trace in (uuid4().hex for _ in range(20)) for _ in range(50)]
        return request(BATCH, orjson.dumps(items)), len(items)

    return [[batch() for _ in range(3)] for _ in range(2)], 6_000


def batches_of_traces() -> tuple[Requests, int]:
    def batch() -> tuple[bytes, int]:
        items = [event for _ in range(83) for event in whole(uuid4().hex)]
        return request(BATCH, orjson.dumps(items)), len(items)

    return [[batch() for _ in range(3)] for _ in range(2)], 6 * 83 * 12


def single_hooks(clients: int) -> Callable[[], tuple[Requests, int]]:
    def made() -> tuple[Requests, int]:
        traces = [uuid4().hex for _ in range(clients)]
        each = 480 // clients
        return [
            [(request(HOOK, orjson.dumps(hook(trace))), 1) for _ in range(each)] for trace in traces
        ], each * clients

    return made


LOADS: dict[str, Callable[[], tuple[Requests, int]]] = {
    "batches of 1,000 steps, 50 a trace": batches_of_hooks,
    "batches of 1,000 events, 12 a trace": batches_of_traces,
    "single hooks, 1 client": single_hooks(1),
    "single hooks, 16 clients": single_hooks(16),
}


async def load(one: Side, graph: Graph, requests: Requests) -> tuple[float, float, float]:
    """Seconds of the service, of the engine, and by the clock until all was taken in; until all is counted."""
    before = one.cpu()
    sent, seconds = await send_side_by_side(one.port, requests)
    assert sent.refused == 0
    while (await statement(graph, "MATCH (m:UsageMark) RETURN count(m) AS n"))[0]["n"]:  # noqa: ASYNC110 - another process counts
        await asyncio.sleep(0.25)
    after = one.cpu()
    return after[0] - before[0], after[1] - before[1], seconds


async def measure(sides: list[Side]) -> None:
    async with contextlib.AsyncExitStack() as stack:
        graphs = [await stack.enter_async_context(Graph.open(one.settings)) for one in sides]
        for what in LOADS.values():  # the engine compiles its code
            for _ in range(2):
                for one, graph in zip(sides, graphs, strict=True):
                    await load(one, graph, what()[0])
        print("| what | without: service + engine, ms per 1,000 | with | ratio | by the clock |")
        for name, what in LOADS.items():
            sums = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
            count = 0
            for turn in range(TURNS):
                count += what()[1]
                for place in (0, 1) if turn % 2 else (1, 0):
                    for index, value in enumerate(await load(sides[place], graphs[place], what()[0])):
                        sums[place][index] += value
            cells = [f"{sums[place][0] / count * 1e6:.0f} + {sums[place][1] / count * 1e6:.0f}" for place in (0, 1)]
            ratio, clock = sum(sums[1][:2]) / sum(sums[0][:2]), sums[1][2] / sums[0][2]
            print(f"| {name} | {cells[0]} | {cells[1]} | {ratio:.2f} | {clock:.2f} |", flush=True)


def main() -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        without, counting = (
            (folder / "without", "bench.analytics.uncounted"),
            (folder / "with", "bench.analytics.counting"),
        )
        with side(*without) as bare, side(*counting) as counted:
            asyncio.run(measure([bare, counted]))
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
