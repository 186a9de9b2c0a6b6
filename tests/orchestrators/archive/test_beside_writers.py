"""Pruning and restoring while another process writes to the same sessions and traces: nothing is lost, and writers only wait."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.contracts.traces.retention import Kept, NodeId, Relationship
from loopgraph.effects.archive.lines import Item, fingerprint
from loopgraph.effects.archive.retention import Retention
from loopgraph.effects.archive.segments import Archive, verify
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.orchestrators.archive import pruning
from loopgraph.orchestrators.archive.pruning import Pruning
from loopgraph.orchestrators.archive.restoration import restore
from support.engines import EngineUnderTest
from support.engines.processes import free_port
from support.process import service
from support.retention import counting, forget_older, long_ago, remember
from support.traces import statement
from support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.slow

TRACES, STEPS, IN_A_SESSION, AT_ONCE = 300, 2, 50, 100
SEGMENT_NODES = 200
"""So few that some segments are written while what is in others is deleted."""
CLIENTS, PACE_S = 4, 0.02


class Old:
    """Finished traces of long ago, all named after ``name``."""

    def __init__(self, name: str, begun: datetime) -> None:
        self.name, self.begun = name, begun

    def trace(self, number: int) -> str:
        return f"{self.name}.{number:05}"

    def session(self, number: int) -> str:
        return f"{self.name}.session.{number // IN_A_SESSION}"

    def units(self, numbers: Iterable[int] = range(TRACES)) -> Iterator[tuple[str, list[NodeId]]]:
        """The traces with the nodes that they consist of."""
        for trace in map(self.trace, numbers):
            steps = [NodeId("HookExecution", f"{trace}.{step}") for step in range(STEPS)]
            yield trace, [*steps, NodeId("Trace", trace)]

    def story(self, number: int) -> Iterator[TraceEvent]:
        trace, begun = self.trace(number), self.begun + timedelta(seconds=number)
        yield TraceStarted(correlation_id=trace, session_id=self.session(number), timestamp=begun, prompt_text="Go on")
        for step in range(STEPS):
            yield HookExecuted(
                correlation_id=trace, execution_id=f"{trace}.{step}", hook_type="ToolUse", started_at=begun, success=True,
                tool_input={"command": "ls"},
            )  # fmt: skip
        yield TraceCompleted(correlation_id=trace, timestamp=begun, success=True)

    async def record(self, graph: Graph) -> None:
        for some in self._slices():
            await remember(graph, [event for number in some for event in self.story(number)], self.begun)

    async def states(self, graph: Graph) -> dict[str, set[bytes]]:
        """What each of the traces is, by its id: its nodes and all their relationships."""
        states: defaultdict[str, set[bytes]] = defaultdict(set)
        for some in self._slices():
            for item in (await Retention(graph).contents(dict(self.units(some)))).items:
                if (trace := self._owner(item)) is not None:
                    states[trace].add(fingerprint(item))
        return states

    def _owner(self, item: Item) -> str | None:
        if not isinstance(item, Relationship):
            return item.unit
        return item.start.key if item.start.label == "Trace" else item.end.key

    def _slices(self) -> Iterator[range]:
        return (range(first, first + AT_ONCE) for first in range(0, TRACES, AT_ONCE))


class Writers:
    """Clients of a service of its own. One goes on with old traces, the others begin new ones in old sessions."""

    def __init__(self, port: int, old: Old, name: str) -> None:
        self._name = name
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, trust_env=False)
        self._old = old
        self._stop = asyncio.Event()
        self.recorded: dict[str, str] = {}
        """The traces of all that was acknowledged, by execution."""
        self.refusals: list[str] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        clients = [asyncio.create_task(self._client(number)) for number in range(CLIENTS)]
        try:
            await self._grow()
            yield
            await self._grow()
        finally:
            self._stop.set()
            await asyncio.gather(*clients)
            await self._http.aclose()

    async def _grow(self) -> None:
        enough = len(self.recorded) + 2 * CLIENTS
        await until(lambda: len(self.recorded) >= enough or bool(self.refusals))

    async def _client(self, number: int) -> None:
        chance = random.Random(number)
        for turn in itertools.count():
            if self._stop.is_set():
                return
            some, execution = chance.randrange(TRACES), f"{self._old.name}.late.{self._name}.{number}.{turn}"
            trace = self._old.trace(some) if number == 0 else f"{self._old.name}.live.{self._name}.{number}.{turn // 5}"
            step = {
                "kind": "hook",
                "correlation_id": trace,
                "execution_id": execution,
                "hook_type": "T",
                "success": True,
            }
            begin = {"kind": "start", "correlation_id": trace, "session_id": self._old.session(some)}
            events = [begin, step] if number and turn % 5 == 0 else [step]
            answer = await self._http.post("/api/traces/batch", json=events)
            if answer.status_code == 200 and not any("error" in result for result in answer.json()["results"]):
                self.recorded[execution] = trace
            else:
                self.refusals.append(answer.text)
            await asyncio.sleep(PACE_S)


async def places(graph: Graph, name: str) -> dict[str, list[str]]:
    """The traces at which each execution hangs, by its id."""
    rows = await statement(
        graph,
        "MATCH (h:HookExecution) WHERE h.execution_id STARTS WITH $name OPTIONAL MATCH (t:Trace)-[:RAN]->(h) "
        "RETURN h.execution_id AS id, t.correlation_id AS trace",
        name=name,
    )
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row["id"]].append(row["trace"])
    return dict(found)


@pytest.mark.exhaustive
async def test_nothing_is_lost_beside_writers(
    graph: Graph, engine: EngineUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "LEAST_NODES", SEGMENT_NODES)
    old, port, archive = Old(new_id(), long_ago()), free_port(), Archive(tmp_path / "archive")
    await forget_older(graph)
    await old.record(graph)
    before = await old.states(graph)
    settings = {
        "LOOPGRAPH_GRAPH_URL": engine.url,
        "LOOPGRAPH_GRAPH_USER": engine.user,
        "LOOPGRAPH_GRAPH_PASSWORD": engine.password,
        "LOOPGRAPH_DEAD_LETTER_FOLDER": str(tmp_path / "dead"),
    } | ({"LOOPGRAPH_GRAPH_DATABASE": engine.database} if engine.database else {})
    with service(port, tmp_path / "log", **settings):
        meanwhile, later = Writers(port, old, "1"), Writers(port, old, "2")
        async with meanwhile.running():
            pruned = await Pruning(
                Retention(graph), archive, old.begun + timedelta(days=30), counted=counting(graph)
            ).run()
        async with later.running():
            restored = await restore(Retention(graph), [archive.folder])

    assert meanwhile.refusals == later.refusals == []
    assert pruned.deleted["Trace"] + pruned.kept.get(Kept.YOUNGER, 0) + pruned.kept.get(Kept.CHANGED, 0) == TRACES
    touched = {*meanwhile.recorded.values(), *later.recorded.values()}
    assert pruned.deleted["Trace"] >= TRACES - len(touched)
    manifests = [verify(segment) for segment in archive.segments()]
    assert len(manifests) > 1
    assert all(manifest.deleted_at for manifest in manifests)
    assert sum(manifest.nodes.get("HookExecution", 0) for manifest in manifests) >= pruned.deleted["HookExecution"]
    assert (
        sum(manifest.nodes.get("Trace", 0) for manifest in manifests)
        == restored.made["Trace"] + restored.known["Trace"]
    )
    assert not any(restored.loose.values())
    after = await old.states(graph)
    assert [trace for trace in before if trace not in touched and after[trace] != before[trace]] == []
    expected = {id_.key: [trace] for trace, ids in old.units() for id_ in ids if id_.label == "HookExecution"}
    expected |= {execution: [trace] for writers in (meanwhile, later) for execution, trace in writers.recorded.items()}
    assert await places(graph, old.name) == expected
    assert not (tmp_path / "dead").exists()
