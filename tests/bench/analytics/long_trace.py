"""Counting long traces: ``PYTHONPATH=tests python -m bench.analytics.long_trace [STEPS]``.

A trace that goes on is counted again after each of some more steps, and then many long traces are counted that nobody has counted
yet. Said is how long an answer waits for it, how long the event loop stands still meanwhile (by the clock, and by the processor's
time of its thread, which other work on the machine does not make longer), and what memory it takes.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from bench.ingest import hook
from loopgraph.api.services import Services
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.main import open_services
from loopgraph.settings import Settings

AGAIN, MANY, PER_BATCH = 5, 20, 1_000


@asynccontextmanager
async def watched(what: str) -> AsyncIterator[None]:
    """Says how long a block took, and how long the event loop stood still in it at most."""
    longest, busiest = 0.0, 0.0

    async def watch() -> None:
        nonlocal longest, busiest
        while True:
            began, used = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            longest, busiest = (
                max(longest, time.perf_counter() - began - 0.001),
                max(busiest, time.thread_time() - used),
            )

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.01)
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    watching.cancel()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"| {what} | {seconds * 1e3:.0f} ms | {longest * 1e3:.0f} ms | {busiest * 1e3:.0f} ms | {memory:.0f} MiB |",
        flush=True,
    )


async def record(services: Services, trace: str, steps: int) -> None:
    for begin in range(0, steps, PER_BATCH):
        events = [hook(trace) for _ in range(min(PER_BATCH, steps - begin))]
        for event in events:
            del event["kind"]
        await services.recorder.record([HookExecuted.model_validate(event) for event in events])


async def count_all(services: Services) -> None:
    while await services.rolling.caught_up():
        pass


async def measure(steps: int) -> None:
    sys.setswitchinterval(0.001)  # as the service does
    with tempfile.TemporaryDirectory() as folder:
        async with open_services(Settings(graph_url=f"embedded:{Path(folder) / 'graph'}")) as services:
            await record(services, uuid4().hex, 3 * PER_BATCH)
            await count_all(services)
            trace = uuid4().hex
            await record(services, trace, steps)
            print(
                "| counted | in | event loop stood still | and worked | memory, most |\n| --- | --- | --- | --- | --- |"
            )
            async with watched(f"a trace of {steps:,} steps, for the first time"):
                await count_all(services)
            for _ in range(AGAIN):
                await record(services, trace, 1)
                async with watched("and again, with one step more"):
                    await count_all(services)
            for _ in range(MANY):
                await record(services, uuid4().hex, steps)
            async with watched(f"{MANY} traces of {steps:,} steps"):
                await count_all(services)
            print(f"{services.rolling.rounds} rounds")


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
