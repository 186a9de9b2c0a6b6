"""Pages of a trace of 10,000 steps: ``make bench`` (``ENGINES='embedded neo4j-5.26'``).

Prints one Markdown table: whole GraphQL requests through a real socket, the service in this process. Time and CPU are medians of
this process without ``tracemalloc``; the peak is what a request holds at most beyond what was held before it, by ``tracemalloc``.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import statistics
import sys
import tempfile
import time
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.lineage import SOURCES
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.settings import Settings
from support.engines import EngineUnderTest
from support.service import Service, operation, serving
from support.traces import NOON

STEPS, BATCH, WARM, ROUNDS = 10_000, 1_000, 5, 15
GOALS = {"first 50 bars of the waterfall": "300 ms"}

STEPS_PAGE = """
query($correlationId: ID!, $first: Int) {
  trace(correlationId: $correlationId) { hookExecutions(first: $first) { executionId toolName toolInput toolResponse } }
}
"""


def story(trace: str) -> list[TraceEvent]:
    """A trace of many steps, one after the other, every tenth of which holds the nine that follow it."""
    events: list[TraceEvent] = [TraceStarted(correlation_id=trace, timestamp=NOON)]
    for number in range(STEPS):
        outer, begin = number - number % 10, NOON + timedelta(milliseconds=10 * number)
        events.append(
            HookExecuted(
                correlation_id=trace,
                execution_id=f"{trace}-{number:05}",
                parent_id=f"{trace}-{outer:05}" if outer != number else None,
                hook_type="ToolUse",
                tool_name="Bash",
                tool_input={"command": "make test", "description": "x" * 100},
                tool_response={"stdout": "y" * 1_000},
                started_at=begin,
                completed_at=begin + timedelta(milliseconds=98 if outer == number else 8),
                success=True,
            )
        )
    end = NOON + timedelta(milliseconds=10 * STEPS)
    return [*events, TraceCompleted(correlation_id=trace, timestamp=end, success=True)]


async def measure(service: Service) -> dict[str, str]:
    """The figures of one engine, by row."""
    trace = uuid4().hex
    events = story(trace)
    for begin in range(0, len(events), BATCH):
        await service.parts.recorder.record(events[begin : begin + BATCH])
    waterfall = operation("traces_waterfall")
    bars = 0

    async def page(first: int, after: str | None = None) -> dict[str, Any]:
        answer = await service.query(waterfall, correlationId=trace, first=first, after=after)
        found: dict[str, Any] = answer["trace"]["waterfall"]
        return found

    after, middle, more = None, None, True
    while more:
        found = await page(500, after)
        bars += len(found["edges"])
        after, more = found["pageInfo"]["endCursor"], found["pageInfo"]["hasNextPage"]
        middle = after if bars <= STEPS // 2 else middle
    assert bars == STEPS + 1

    async def steps(first: int) -> None:
        answer = await service.query(STEPS_PAGE, correlationId=trace, first=first)
        assert len(answer["trace"]["hookExecutions"]) == first

    async def whole() -> None:
        assert (await service.parts.traces.parts([trace], None))[trace].total_hooks == STEPS

    works = {
        "first 50 bars of the waterfall": lambda: page(50),
        "50 bars from its middle": lambda: page(50, middle),
        "first 500 bars": lambda: page(500),
        "first 50 steps with their contents": lambda: steps(50),
        "for comparison: all records, read and not answered": whole,
    }
    figures = {}
    for name, work in works.items():
        took, used = [], []
        for _ in range(WARM + ROUNDS):
            began, cpu = time.perf_counter(), time.process_time()
            await work()
            took.append((time.perf_counter() - began) * 1000)
            used.append((time.process_time() - cpu) * 1000)
        wall, cpu = statistics.median(took[WARM:]), statistics.median(used[WARM:])
        figures[name] = f"{wall:.0f} ms, CPU {cpu:.0f} ms, peak {await peak(work):.1f} MiB"
    return figures


async def peak(work: Any) -> float:
    """The most that is held at once, in MiB."""
    gc.collect()
    tracemalloc.start()
    try:
        await work()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


async def on(engine: EngineUnderTest) -> dict[str, str]:
    """The figures of a service on this engine."""
    settings = Settings(
        graph_url=engine.url,
        graph_user=engine.user,
        graph_password=engine.password,
        graph_database=engine.database,
        log_level="warning",
    )
    async with serving(settings) as service:
        return await measure(service)


def main() -> None:
    """Measures the engines named on the command line and prints the table."""
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    columns = {}
    for name in sys.argv[1:] or ["embedded", "neo4j-5.26"]:
        with tempfile.TemporaryDirectory() as folder, SOURCES[name](Path(folder)) as engine:
            columns[name] = asyncio.run(on(engine))
    print("| a trace of 10,000 steps | goal |", " | ".join(columns), "|")
    print("| --- | --- |", " | ".join("---" for _ in columns), "|")
    for row in next(iter(columns.values())):
        print(f"| {row} | {GOALS.get(row, '')} |", " | ".join(figures[row] for figures in columns.values()), "|")


if __name__ == "__main__":
    main()
