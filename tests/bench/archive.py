"""Traces on their way into an archive and back: ``make bench`` (``ENGINES='embedded neo4j-5.26'``).

2,000 traces of ten steps, ten of them in a session, recorded by the product's own functions. All of them are pruned and restored
four times: the first time the engine has never seen the statements, and while it compiles them, that takes as much of the
processor as they do. They are counted before, in rows of their own: a service has counted traces long before they are old.

Prints one Markdown table: traces a second, and what a thousand traces cost: statements, and seconds of the processor for this
process and for the engine. The last rows are what the engine alone takes for the same nodes: deleted and made again over Bolt by
one statement each, with nothing read or compared.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from bench.ingest import OUTPUT, cpu_s, java_child
from bench.lineage import SOURCES
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.effects.archive.retention import Retention
from loopgraph.effects.archive.segments import Archive
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.memory import collect_seldom
from loopgraph.effects.schema import schema
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.orchestrators.archive.pruning import Pruning
from loopgraph.orchestrators.archive.restoration import restore
from loopgraph.settings import Settings
from support.engines import EngineUnderTest
from support.retention import counting
from support.traces import statement

TRACES, STEPS, IN_A_SESSION, BATCH = 2_000, 10, 10, 80
GOALS = {"pruned": "1000/s", "restored": "1000/s"}
BEGUN = datetime(2020, 1, 1, tzinfo=UTC)
OLD = BEGUN + timedelta(days=365)

_DELETE = """
UNWIND $ids AS id MATCH (t:Trace {correlation_id: id}) OPTIONAL MATCH (t)-[:RAN]->(h:HookExecution) DETACH DELETE h, t
"""
_MAKE = """
UNWIND $rows AS row CREATE (t:Trace) SET t = row.trace
WITH t, row UNWIND row.steps AS step CREATE (t)-[:RAN]->(h:HookExecution) SET h = step
"""
_COPY = """
UNWIND $ids AS id MATCH (t:Trace {correlation_id: id})-[:RAN]->(h:HookExecution)
RETURN properties(t) AS trace, collect(properties(h)) AS steps
"""


def name(number: int) -> str:
    return f"bench-{number:06}"


def story(number: int) -> Iterator[TraceEvent]:
    """A finished trace of some steps, with the input and the output of each."""
    trace, at = name(number), BEGUN + timedelta(minutes=number)
    yield TraceStarted(
        correlation_id=trace, session_id=f"bench-{number // IN_A_SESSION}", timestamp=at, prompt_text="Look around"
    )
    for step in range(STEPS):
        begin = at + timedelta(seconds=step)
        yield HookExecuted(
            correlation_id=trace,
            execution_id=f"{trace}.{step}",
            hook_type="ToolUse",
            tool_name="Bash",
            tool_input={"command": "ls -la src", "description": "Lists the files of a folder"},
            tool_response={"stdout": OUTPUT, "stderr": "", "interrupted": False},
            started_at=begin,
            completed_at=begin + timedelta(milliseconds=500),
            success=True,
        )
    yield TraceCompleted(correlation_id=trace, timestamp=at + timedelta(seconds=STEPS), success=True)


async def measure(graph: Graph, engine_pid: int, folder: Path) -> dict[str, str]:
    """The figures of one engine, by row."""
    figures: dict[str, str] = {}

    async def timed(row: str, work: Callable[[], Awaitable[Any]]) -> Any:
        before = graph.statements, time.process_time(), cpu_s(engine_pid), time.perf_counter()
        result = await work()
        after = graph.statements, time.process_time(), cpu_s(engine_pid), time.perf_counter()
        statements, ours, theirs, seconds = (end - start for start, end in zip(before, after, strict=True))
        each = 1_000 / TRACES
        cost = f"{statements * each:.0f} statements, CPU s {ours * each:.1f} + {theirs * each:.1f}"
        figures[row] = f"{TRACES / seconds:.0f}/s; per 1,000: {cost}"
        return result

    writes = TraceWrites(graph)
    for first in range(0, TRACES, BATCH):
        numbers = range(first, min(first + BATCH, TRACES))
        await writes.record([event for number in numbers for event in story(number)], received_at=BEGUN)
    retention = Retention(graph)
    for round_, words in enumerate((", the first time", ", the second time", ", the third time", "")):
        archive = folder / str(round_)
        await timed(f"counted{words}", counting(graph))
        pruning = Pruning(retention, Archive(archive), OLD)
        pruned = await timed(f"pruned{words}", pruning.run)
        assert (pruned.deleted["Trace"], pruned.deleted["HookExecution"]) == (TRACES, TRACES * STEPS)
        restored = await timed(f"restored{words}", lambda: restore(retention, [archive]))  # noqa: B023
        assert restored.made == pruned.deleted
    ids = [[name(number) for number in range(first, first + BATCH)] for first in range(0, TRACES, BATCH)]
    rows = [await statement(graph, _COPY, ids=some) for some in ids]
    await timed("for comparison: deleted by Bolt alone", lambda: _each(graph, _DELETE, "ids", ids))
    await timed("for comparison: made by Bolt alone", lambda: _each(graph, _MAKE, "rows", rows))
    return figures


async def _each(graph: Graph, text: str, parameter: str, values: list[Any]) -> None:
    for value in values:
        await statement(graph, text, **{parameter: value})


def on(engine: EngineUnderTest | None, folder: Path) -> dict[str, str]:
    """The figures of one engine; None is the embedded one."""
    home = folder / "graph"
    settings = Settings(graph_url=f"embedded:{home}")
    if engine:
        settings = Settings(
            graph_url=engine.url,
            graph_user=engine.user,
            graph_password=engine.password,
            graph_database=engine.database,
        )

    async def work() -> dict[str, str]:
        async with Graph.open(settings) as graph:
            await schema.prepare(graph)
            pid = java_child() if engine else orjson.loads((home / "engine.json").read_bytes())["pid"]
            return await measure(graph, pid, folder / "archive")

    return asyncio.run(work())


def main() -> None:
    """Measures the engines named on the command line and prints the table."""
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    collect_seldom()  # as the commands do
    columns = {}
    for engine_name in sys.argv[1:] or ["embedded", "neo4j-5.26"]:
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            if engine_name == "embedded":
                columns[engine_name] = on(None, folder)
            else:
                with SOURCES[engine_name](folder) as engine:
                    columns[engine_name] = on(engine, folder)
    print(f"| {TRACES:,} traces of {STEPS} steps | goal |", " | ".join(columns), "|")
    print("| --- | --- |", " | ".join("---" for _ in columns), "|")
    for row in next(iter(columns.values())):
        print(f"| {row} | {GOALS.get(row, '')} |", " | ".join(figures[row] for figures in columns.values()), "|")


if __name__ == "__main__":
    main()
