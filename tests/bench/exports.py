"""A million rows out of the service: how fast, and in how much memory. ``make bench``; an argument is another number of rows.

Small traces with one step each are written by one statement over Bolt, into an embedded engine. The service is a process of its
own on it; what it holds at most (``VmHWM``, set back before each export) is compared with what it holds at rest, for a tenth of
the rows and for all of them. The reader is a client that counts bytes and throws them away.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from bench.ingest import cpu_s
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from loopgraph.settings import Settings
from support.engines.processes import free_port
from support.process import service
from support.traces import statement

ROWS: Final = 1_000_000
BATCH: Final = 5_000
BEGUN: Final = datetime(2026, 1, 1, tzinfo=UTC)

_WRITE = """
UNWIND $rows AS row CREATE (t:Trace) SET t = row.trace CREATE (t)-[:RAN]->(h:HookExecution) SET h = row.step
"""
_EXPORTS: Final = (
    ("traces", "csv"), ("traces", "ndjson"), ("traces", "parquet"), ("executions", "csv"),
)  # fmt: skip


def row(number: int) -> dict[str, Any]:
    """A trace of one step."""
    id_, at = f"bench-{number:08}", BEGUN + timedelta(seconds=number)
    end = at + timedelta(milliseconds=812)
    trace = {
        "correlation_id": id_, "time_key": time_key(at, id_), "status": "success", "source": "user_prompt",
        "prompt_text": "Look around", "started_at": at, "completed_at": end, "created_at": end,
    }  # fmt: skip
    step = {
        "execution_id": f"{id_}.1", "correlation_id": id_, "hook_type": "ToolUse", "tool_name": "Bash", "status": "success",
        "tool_input": '{"command":"ls"}', "started_at": at, "completed_at": end, "created_at": end,
    }  # fmt: skip
    return {"trace": trace, "step": step}


async def fill(settings: Settings, rows: int) -> None:
    """Writes so many traces."""
    async with Graph.open(settings) as graph:
        await schema.prepare(graph)
        for at in range(0, rows, BATCH):
            await statement(graph, _WRITE, rows=[row(number) for number in range(at, min(at + BATCH, rows))])
            if at % 100_000 == 0:
                print(f"{at:,} written", file=sys.stderr, flush=True)


def memory_mb(pid: int, name: str) -> float:
    """What a process holds: ``VmRSS`` now, ``VmHWM`` at most."""
    told = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(told.partition(f"{name}:")[2].split()[0]) / 1024


@contextmanager
def peak_mb(pid: int, found: list[float]) -> Iterator[None]:
    """How much more a process held at most within the block than at its beginning, in MB."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = memory_mb(pid, "VmRSS")
    yield
    found.append(memory_mb(pid, "VmHWM") - before)


def read(port: int, table: str, format: str, **filters: str) -> tuple[int, float]:
    """The bytes of an export, and the seconds that it took."""
    size, began = 0, time.perf_counter()
    url = f"http://127.0.0.1:{port}/api/export/tables/{table}"
    with httpx.stream("GET", url, params={"format": format, **filters}, timeout=600) as answer:
        answer.raise_for_status()
        for part in answer.iter_raw():
            size += len(part)
    return size, time.perf_counter() - began


def main() -> None:
    """Prints a row of a Markdown table for each export."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(graph_url=f"embedded:{folder}/graph", embedded_heap="1g")
        asyncio.run(fill(settings, rows))
        tenth = f"{BEGUN + timedelta(seconds=rows // 10):%Y-%m-%dT%H:%M:%SZ}"
        environment = {"LOOPGRAPH_GRAPH_URL": settings.graph_url, "LOOPGRAPH_EMBEDDED_HEAP": "1g"}
        with service(port := free_port(), Path(folder) / "log", **environment) as process:
            read(port, "traces", "csv", until=tenth)  # what is loaded once is there
            print("| export | rows | s | rows/s | rows per CPU second | MB | peak over rest, MB: a tenth | all |")
            print("| --- | --- | --- | --- | --- | --- | --- | --- |")
            for table, format in _EXPORTS:
                peaks: list[float] = []
                with peak_mb(process.pid, peaks):
                    read(port, table, format, until=tenth)
                with peak_mb(process.pid, peaks):
                    before = cpu_s(process.pid)
                    size, seconds = read(port, table, format)
                    cpu = cpu_s(process.pid) - before
                figures = f"{rows:,} | {seconds:.0f} | {rows / seconds:,.0f} | {rows / cpu:,.0f} | {size / 1e6:,.0f}"
                print(f"| {table}, {format} | {figures} | {peaks[0]:.0f} | {peaks[1]:.0f} |", flush=True)


if __name__ == "__main__":
    main()
