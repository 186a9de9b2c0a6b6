"""Reading and importing transcripts: ``python -m bench.transcripts [MB [recorded]]``.

The transcripts are made up: sessions of 40 prompts, each with ten calls of tools whose outputs have 2 KB, as the client writes
them (its own lines included); or they are those that a real client wrote, again and again under fresh ids. Bytes and events by
second of reading alone, on one core; then of an import into a fresh embedded engine, which shares the machine, and the most
memory that the importing process had.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from loopgraph.commands.import_transcripts import BATCH
from loopgraph.computes.pricing import price_list
from loopgraph.computes.transcripts.claude_code.reader import ClaudeCodeReader
from loopgraph.computes.transcripts.reading import TranscriptFile
from loopgraph.effects.memory import collect_seldom
from loopgraph.effects.transcripts.positions import Positions
from loopgraph.main import open_services
from loopgraph.orchestrators.transcripts.clients import CLIENTS
from loopgraph.orchestrators.transcripts.importing import TranscriptImport
from loopgraph.settings import Settings
from support.transcripts import RECORDED, Fresh, copied

PROMPTS, CALLS = 40, 10
OUTPUT = "src/module.py:120: some output of a tool, as long as a line of it is\n" * 30
OTHER = {"type": "text", "content": "What the client writes for itself, and nobody reads. " * 40}


def session() -> Iterator[dict[str, Any]]:
    """The lines of one session, in order."""
    common = {
        "sessionId": str(uuid4()),
        "version": "2.1.332",
        "cwd": "/home/dev/proj",
        "gitBranch": "main",
        "isSidechain": False,
    }
    parent, seconds = None, 0.0

    def line(kind: str, **fields: Any) -> dict[str, Any]:
        nonlocal parent, seconds
        seconds += 1.5
        at = f"2026-11-{1 + int(seconds // 86_400):02}T{time.strftime('%H:%M:%S', time.gmtime(seconds))}.000Z"
        told = {"parentUuid": parent, **common, "type": kind, "uuid": str(uuid4()), "timestamp": at, **fields}
        parent = told["uuid"]
        return told

    def message(block: dict[str, Any], reason: str) -> dict[str, Any]:
        usage = {
            "input_tokens": 12,
            "output_tokens": 340,
            "cache_read_input_tokens": 40_000,
            "cache_creation_input_tokens": 900,
        }
        content = {"id": f"msg_01{uuid4().hex}", "model": "claude-opus-5-5", "content": [block], "stop_reason": reason}
        return {"requestId": f"req_01{uuid4().hex}", "message": {**content, "role": "assistant", "usage": usage}}

    for number in range(PROMPTS):
        prompt = {"role": "user", "content": f"Prompt {number}: " + "do what has to be done " * 10}
        yield line("user", promptId=str(uuid4()), message=prompt)
        yield line("attachment", attachment=OTHER)
        for step in range(CALLS):
            id_ = f"toolu_01{uuid4().hex}"
            use = {
                "type": "tool_use",
                "id": id_,
                "name": "Bash",
                "input": {"command": f"make step-{step}", "description": "a step"},
            }
            yield line("assistant", **message(use, "tool_use"))
            yield line(
                "attachment", attachment={"type": "hook_success", "toolUseID": id_, "content": "", "stdout": "{}"}
            )
            result = {"type": "tool_result", "tool_use_id": id_, "content": OUTPUT}
            told = {"stdout": OUTPUT, "stderr": "", "interrupted": False}
            yield line("user", message={"role": "user", "content": [result]}, toolUseResult=told)
        yield line("assistant", **message({"type": "text", "text": "It is done. " * 40}, "end_turn"))


def made(folder: Path, megabytes: int) -> list[Path]:
    """So much of transcripts."""
    paths, size = [], 0
    while size < megabytes * 1_000_000:
        path = folder / f"{uuid4()}.jsonl"
        path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in session()))
        paths.append(path)
        size += path.stat().st_size
    return paths


def recorded(folder: Path, megabytes: int) -> list[Path]:
    """So much of transcripts of a real client."""
    size, copies = 0, 0
    while size < megabytes * 1_000_000:
        copies += 1
        into = copied(RECORDED / "projects" / "-home-dev-proj", folder / f"copy-{copies}", Fresh())
        size += sum(path.stat().st_size for path in into.rglob("*.jsonl"))
    return sorted(folder.rglob("*.jsonl"))


def read(paths: list[Path]) -> None:
    """Reads them, and prints how fast that was."""
    events = bytes_ = 0
    began = time.process_time()
    for path in paths:
        reader = ClaudeCodeReader(TranscriptFile(str(path)))
        with path.open("rb") as file:
            for content in file:
                bytes_ += len(content)
                events += len(reader.read(content.rstrip(b"\n")))
    seconds = time.process_time() - began
    rates = f"{bytes_ / 1e6 / seconds:6,.1f} MB/s  {events / seconds:8,.0f} events/s"
    print(f"read      {bytes_ / 1e6:8,.0f} MB  {events:9,} events  {rates}", flush=True)


async def stored(folder: Path, graph: Path) -> None:
    """Imports them, and prints how fast that was and what memory it took."""
    price_list.load()
    settings = Settings(graph_url=f"embedded:{graph}", ingest_batch_events=BATCH)
    async with open_services(settings) as services:
        collect_seldom()
        began, used = time.perf_counter(), time.process_time()
        importer = TranscriptImport(CLIENTS["claude-code"], services.recorder, Positions(services.graph), at_once=BATCH)
        progress = await importer.run([folder])
        seconds, used = time.perf_counter() - began, time.process_time() - used
        await services.recorder.close(10)
    events, peak = progress.recorded + progress.known, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"imported  {progress.bytes / 1e6:8,.0f} MB  {events:9,} events  {progress.bytes / 1e6 / seconds:6,.1f} MB/s  "
        f"{events / seconds:8,.0f} events/s  {events / used:8,.0f} events per second of its processor  {peak:,.0f} MB at most"
    )


def main() -> None:
    """Entry point."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        transcripts = Path(folder, "projects")
        (transcripts / "-p").mkdir(parents=True)
        read(recorded(transcripts, megabytes) if "recorded" in sys.argv[2:] else made(transcripts / "-p", megabytes))
        asyncio.run(stored(transcripts, Path(folder, "graph")))


if __name__ == "__main__":
    main()
