"""What aggregates cost whoever writes: ``PYTHONPATH=tests python -m bench.analytics.writing``; with ``told``, what it costs to
tell those who follow in other processes.

Two services, each with an embedded engine of its own, take in the same in turns, one with it and one without. Compared is
the processors' time of service and engine, until all is committed, and of the one with it until it has answered a
question, for which everything is counted: so it holds the roller's own work, and the answer's.
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

from bench.http_load import Connection, request, send_side_by_side
from bench.ingest import BATCH, HOOK, cpu_s, hook
from support.engines.processes import free_port
from support.process import wait_until_ready

TURNS = 4
Requests = list[list[tuple[bytes, int]]]


class Side(NamedTuple):
    """One of the two services."""

    port: int
    service_pid: int
    engine_pid: int

    def cpu(self) -> tuple[float, float]:
        return cpu_s(self.service_pid), cpu_s(self.engine_pid)


@contextlib.contextmanager
def side(folder: Path, module: str) -> Iterator[Side]:
    folder.mkdir()
    port, url = free_port(), f"embedded:{folder / 'graph'}"
    # What is learned from traces costs either as much, and whenever it comes to it.
    environment = {
        **os.environ, "LOOPGRAPH_GRAPH_URL": url, "LOOPGRAPH_LOG_LEVEL": "warning", "LOOPGRAPH_LEARNING": "false",
    }  # fmt: skip
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "serve", "--port", str(port)], env=environment, stdout=log, stderr=log
        )
    try:
        wait_until_ready(port, process)
        identity = orjson.loads((folder / "graph" / "engine.json").read_bytes())
        yield Side(port, process.pid, identity["pid"])
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


ASK = request("/graphql", orjson.dumps({"query": "{ dashboardSummary { basis { pending } } }"}))


async def load(one: Side, requests: Requests, *, is_counted: bool) -> tuple[float, float, float]:
    """Seconds of the service, of the engine, and by the clock until all was taken in."""
    before = one.cpu()
    sent, seconds = await send_side_by_side(one.port, requests)
    assert sent.refused == 0
    pending = int(is_counted)
    async with Connection.open(one.port) as connection:
        while pending:
            _, body = await connection.ask(ASK)
            pending = orjson.loads(body)["data"]["dashboardSummary"]["basis"]["pending"]
    after = one.cpu()
    return after[0] - before[0], after[1] - before[1], seconds


async def measure(sides: list[Side]) -> None:
    for what in LOADS.values():  # the engine compiles its code
        for _ in range(6):
            for place, one in enumerate(sides):
                await load(one, what()[0], is_counted=place > 0)
    print("| what | without: service + engine, ms per 1,000 | with | ratio | by the clock |")
    for name, what in LOADS.items():
        sums = [[0.0, 0.0, 0.0] for _ in sides]
        count = 0
        for turn in range(TURNS):
            count += what()[1]
            for place in range(len(sides))[:: 1 if turn % 2 else -1]:
                for index, value in enumerate(await load(sides[place], what()[0], is_counted=place > 0)):
                    sums[place][index] += value
        cells = [f"{service / count * 1e6:.0f} + {engine / count * 1e6:.0f}" for service, engine, _ in sums]
        ratios = [f"{sum(one[:2]) / sum(sums[0][:2]):.2f} | {one[2] / sums[0][2]:.2f}" for one in sums[1:]]
        print(f"| {name} | {' | '.join(cells)} | {' | '.join(ratios)} |", flush=True)


def main() -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        bare = "bench.analytics.untold" if "told" in sys.argv[1:] else "bench.analytics.uncounted"
        with side(folder / "without", bare) as without, side(folder / "with", "loopgraph") as counted:
            asyncio.run(measure([without, counted]))
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
