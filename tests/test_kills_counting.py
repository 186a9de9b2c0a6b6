"""Counting anew beside a running service and two writers that are processes of their own, one of which is killed and goes on."""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from random import Random

import httpx
import pytest

from loopgraph.computes.success.own import OwnCriteria
from loopgraph.effects.graph.client import Graph
from loopgraph.settings import Settings
from support.engines.processes import free_port
from support.process import service
from support.usage import Work, come_to, own_day, stored
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

WRITE = """
import asyncio, pickle, sys
from loopgraph.computes.definitions.choice import choose
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import GraphContended, UserError
from loopgraph.settings import Settings

async def write(file):
    with open(file, "rb") as source:
        day, parts = pickle.load(source)
    async with Graph.open(Settings()) as graph:
        traces = TraceWrites(graph, choosing=choose)
        for number in sys.stdin:
            while True:
                try:
                    outcomes = await traces.record(parts[int(number)], received_at=day)
                except GraphContended:  # senders try again, too
                    continue
                assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]
                break
            print(number, end="", flush=True)

asyncio.run(write(sys.argv[1]))
"""


class Writer:
    """A process that tells of parts of what happened, one when it is asked to."""

    def __init__(self, file: Path, parts: Sequence[int], environment: dict[str, str]) -> None:
        self.left = list(parts)
        self._file, self._environment = file, environment
        self._process: Process | None = None

    async def next(self) -> None:
        """Has it tell of the next part, if there is one."""
        if self._process is None:
            command = [sys.executable, "-c", WRITE, str(self._file)]
            self._process = await asyncio.create_subprocess_exec(
                *command, env=self._environment, stdin=PIPE, stdout=PIPE
            )
        if self.left:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(f"{self.left[0]}\n".encode())
            await self._process.stdin.drain()
            answer = await self._process.stdout.readline()
            assert int(answer) == self.left[0]
            self.left.pop(0)

    async def kill(self) -> None:
        """Ends it in the middle of a part, if there is one."""
        assert self._process is not None
        assert self._process.stdin is not None
        if self.left:
            self._process.stdin.write(f"{self.left[0]}\n".encode())
            await self._process.stdin.drain()
        self._process.kill()
        await self._process.wait()
        self._process = None

    async def end(self) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            await self._process.wait()


async def rebuild(environment: dict[str, str]) -> Process:
    command = [sys.executable, "-m", "loopgraph", "analytics", "rebuild"]
    return await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=PIPE)


async def pending(client: httpx.AsyncClient) -> int:
    """What an answer of the service leaves uncounted."""
    answer = await client.post("/graphql", json={"query": "{ dashboardSummary { basis { pending } } }"})
    return int(answer.json()["data"]["dashboardSummary"]["basis"]["pending"])


@pytest.mark.exhaustive
async def test_a_rebuild_beside_a_service_and_two_writers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, port = tmp_path / "graph", free_port()
    monkeypatch.setenv("LOOPGRAPH_GRAPH_URL", f"embedded:{folder}")
    environment = dict(os.environ)
    works = [Work(own_day(), Random(seed)) for seed in range(12)]
    for work in works:
        work.day = works[0].day
    with service(port, tmp_path / "log"):
        async with (
            Graph.open(Settings()) as graph,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client,
        ):
            for work in works:
                await work.define(graph)
            events = [event for work in works for event in work.events()]
            parts = [events[start : start + 7] for start in range(0, len(events), 7)]
            file = tmp_path / "parts"
            file.write_bytes(pickle.dumps((works[0].day, parts)))
            writers = [Writer(file, range(place, len(parts), 2), environment) for place in range(2)]
            for _ in range(len(parts) // 8):
                await asyncio.gather(*(writer.next() for writer in writers))
            assert await pending(client) >= 0
            rebuilding, told = await rebuild(environment), 0
            while rebuilding.returncode is None and any(writer.left for writer in writers):
                await asyncio.gather(*(writer.next() for writer in writers))
                told += 1
                if told == 5:
                    await writers[0].kill()
                if told % 10 == 0:
                    await pending(client)
            assert told > 5
            while any(writer.left for writer in writers):
                await asyncio.gather(*(writer.next() for writer in writers))
            output = await rebuilding.communicate()
            assert rebuilding.returncode == 0, output
            for writer in writers:
                await writer.end()
            async with asyncio.timeout(PATIENCE_S):
                while await pending(client):
                    pass
            traces = [id_ for work in works for id_ in work.traces]
            found = await stored(graph, works[0].day)
            assert found == await come_to(graph, traces, OwnCriteria().judge)
            again = await rebuild(environment)
            text, _ = await again.communicate()
            assert " traces counted again, 0 of them otherwise than before" in text.decode()
            assert text.decode().rstrip().endswith(" 0 of them mended")
            assert await stored(graph, works[0].day) == found
