"""Taking in and reading back, through real sockets: ``make bench`` (``ENGINES='embedded neo4j-5.26'``).

The service is a process of its own; it, the engine and this load generator share the machine. An event is a finished tool call
with its input and output, 0.5 KB; 50 make a trace. A span has ten attributes; 13 make a trace, and twelve of them are its steps.
Every rate is of events or spans that were acknowledged after their commit, and at the end all of them are counted in the graph.
"Bolt alone" is a client that writes the same node by one statement and nothing else, beside 15 others.
"""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import orjson

from bench.http_load import Sent, request, send, send_side_by_side
from bench.lineage import SOURCES
from bench.raw import Raw
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.orchestrators.traces.episodes import assemble
from loopgraph.settings import Settings
from support.engines import EngineUnderTest
from support.engines.processes import free_port
from support.otlp import protobuf, span
from support.otlp import traces as otlp_traces
from support.process import service
from support.service import operation
from support.traces import statement

BATCH, HOOK, OTLP = "/api/traces/batch", "/api/traces/hook", "/v1/traces"
PRODUCER = 4
OUTPUT = "drwxr-xr-x 2 user user 4096 Mar  1 12:00 src\n" * 5
LOADS = {100: 8_000, 1_000: 12_000, 10_000: 20_000}
"""Events by size of the batch."""

SINGLES = 1_600
SPANS = {130: 6_500, 1_300: 15_600}
"""Spans by size of the body."""

IN_A_TRACE = 13
GOALS = {
    "batches of 1,000": "5000/s",
    "OTLP, bodies of 130 spans": "5000/s",
    "OTLP, bodies of 1,300 spans": "5000/s",
    "a hook, 16 clients": "p95 20 ms",
    "500 steps, assembled": "p50 50 ms",
}


def hook(trace: str) -> dict[str, object]:
    return {
        "kind": "hook",
        "correlation_id": trace,
        "execution_id": uuid4().hex,
        "hook_type": "PostToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": "ls -la src", "description": "Lists the files of a folder"},
        "tool_response": {"stdout": OUTPUT, "stderr": "", "interrupted": False},
        "duration_ms": 12.5,
        "success": True,
    }


@dataclass
class Bench:
    """One engine behind one service, and what was sent to it."""

    port: int
    service_pid: int
    engine_pid: int
    traces: list[str] = field(default_factory=list)
    otel_traces: list[str] = field(default_factory=list)
    acknowledged: int = 0
    rows: dict[str, str] = field(default_factory=dict)

    def batches(self, events: int, size: int, query: str = "") -> list[tuple[bytes, int]]:
        """Requests with new events in batches."""
        made = []
        for _ in range(events // size):
            items = []
            for number in range(size):
                if number % 50 == 0:
                    self.traces.append(uuid4().hex)
                items.append(hook(self.traces[-1]))
            made.append((request(BATCH + query, orjson.dumps(items)), size))
        return made

    def singles(self, events: int) -> list[tuple[bytes, int]]:
        """Requests with one new event each."""
        self.traces.append(uuid4().hex)
        return [(request(HOOK, orjson.dumps(hook(self.traces[-1]))), 1) for _ in range(events)]

    def spans(self, spans: int, size: int) -> list[tuple[bytes, int]]:
        """Requests with new spans in bodies."""
        made = []
        for _ in range(spans // size):
            items = []
            for number in range(size):
                place = number % IN_A_TRACE
                if place == 0:
                    self.otel_traces.append(uuid4().hex)
                values = {f"bench.attribute.{n}": f"value {n} of step {number}, of some length" for n in range(10)}
                parent = (place + 1) // 2 if place else None
                items.append(
                    {
                        **span(place + 1, parent, "work", PRODUCER if place else 1, **values),
                        "traceId": self.otel_traces[-1],
                    }
                )
            made.append((request(OTLP, protobuf(OTLP, otlp_traces(*items)), "application/x-protobuf"), size))
        return made

    async def rate(
        self, name: str, clients: list[list[tuple[bytes, int]]], until: Callable[[], object] | None = None
    ) -> Sent:
        """Measures how many events a second were acknowledged, and what they cost the processors."""
        before = cpu_s(self.service_pid), cpu_s(self.engine_pid)
        sent, seconds = await send_side_by_side(self.port, clients)
        assert sent.refused == 0, f"{sent.refused} events were refused"
        after = cpu_s(self.service_pid), cpu_s(self.engine_pid)
        each = [(end - start) / sent.acknowledged * 10_000 for start, end in zip(before, after, strict=True)]
        figure = f"{sent.acknowledged / seconds:.0f}/s"
        self.rows[name] = f"{figure}; CPU s per 10,000: {each[0]:.1f} + {each[1]:.1f}"
        return sent

    async def events(self, name: str, clients: list[list[tuple[bytes, int]]]) -> Sent:
        """The same of events, which are counted."""
        sent = await self.rate(name, clients)
        self.count(sent)
        return sent

    def count(self, sent: Sent) -> None:
        assert sent.refused == 0, f"{sent.refused} events were refused"
        self.acknowledged += sent.acknowledged

    def latency(self, name: str, sent: Sent) -> None:
        """Notes how long single requests took."""
        cuts = statistics.quantiles(sent.taken_ms, n=100)
        self.rows[name] = f"p50 {cuts[49]:.1f}, p95 {cuts[94]:.1f}, p99 {cuts[98]:.1f} ms"


def cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def java_child() -> int:
    """The Java process that this one has started."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        name, _, rest = stat.read_text().partition(" (")[2].rpartition(") ")
        if name == "java" and int(rest.split()[1]) == os.getpid():
            return int(stat.parent.name)
    raise LookupError("no engine")


async def measure(bench: Bench, settings: Settings) -> dict[str, str]:
    """The figures of one engine, by row."""
    await send_warm_up(bench)
    for size, events in LOADS.items():
        requests = bench.batches(events, size)
        clients = min(4, len(requests))
        await bench.events(f"batches of {size:,}", [requests[client::clients] for client in range(clients)])

    async with Graph.open(settings) as graph:
        await otlp(graph, bench)
        requests = bench.batches(12_000, 1_000, "?ack=queued")
        began = time.perf_counter()
        await bench.events("batches of 1,000, ack=queued", [requests[client::4] for client in range(4)])
        await count(graph, bench)
        bench.rows["… until all are committed"] = f"{12_000 / (time.perf_counter() - began):.0f}/s"

        bench.latency("a hook, 1 client", await bench.events("hooks, 1 client", [bench.singles(SINGLES // 8)]))
        many = [bench.singles(SINGLES // 16) for _ in range(16)]
        bench.latency("a hook, 16 clients", await bench.events("hooks, 16 clients", many))
        bench.latency("a hook, 16 clients, Bolt alone", await bare_hooks(graph, bench))

        load, loaded = Sent(), bench.batches(12_000, 1_000)
        loading = asyncio.gather(*(send(bench.port, loaded[client::2], load) for client in range(2)))
        beside = Sent()
        hooks = [bench.singles(2_000) for _ in range(16)]

        def while_loading(requests: list[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
            for item in requests:
                if loading.done():
                    return
                yield item

        await asyncio.gather(*(send(bench.port, while_loading(requests), beside) for requests in hooks), loading)
        bench.count(load)
        bench.count(beside)
        bench.latency("a hook, 16 clients, beside batches of 1,000", beside)
        await count(graph, bench)
        await assembly(graph, bench)
    return bench.rows


async def send_warm_up(bench: Bench) -> None:
    sent, _ = await send_side_by_side(bench.port, [bench.batches(6_000, 500), bench.singles(200)])
    bench.count(sent)


async def count(graph: Graph, bench: Bench) -> None:
    """Waits until everything acknowledged is in the graph, and nothing else is."""
    async with asyncio.timeout(60):
        while (found := await stored(graph, bench.traces)) < bench.acknowledged:  # noqa: ASYNC110 - the service is elsewhere
            await asyncio.sleep(0.05)
    assert found == bench.acknowledged, f"{found} executions in the graph, {bench.acknowledged} acknowledged"


async def bare_hooks(graph: Graph, bench: Bench) -> Sent:
    """What single hooks take that go to the graph directly."""
    raw, [sample] = (
        Raw.of(graph),
        await statement(graph, "MATCH (h:HookExecution) RETURN properties(h) AS hook LIMIT 1"),
    )
    sent, traces = Sent(), [uuid4().hex for _ in range(16)]
    await statement(graph, "UNWIND $ids AS id CREATE (:Trace {correlation_id: id})", ids=traces)

    async def client(trace: str) -> None:
        for _ in range(SINGLES // 16):
            began = time.perf_counter()
            await raw.hook(trace, sample["hook"])
            sent.taken_ms.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*map(client, traces))
    assert await stored(graph, traces) == SINGLES
    return sent


async def otlp(graph: Graph, bench: Bench) -> None:
    """How many spans a second are durable; at first, the engine compiles its code beside that, on the same processors."""
    for words in (", the first time", ", the second time", ""):
        for size, spans in SPANS.items():
            requests = bench.spans(spans, size)
            await bench.rate(f"OTLP, bodies of {size:,} spans{words}", [requests[client::4] for client in range(4)])
    found = await stored(graph, bench.otel_traces)
    assert found == len(bench.otel_traces) * (IN_A_TRACE - 1), f"{found} steps of {len(bench.otel_traces)} traces"


async def stored(graph: Graph, traces: list[str]) -> int:
    text = "MATCH (t:Trace)-[:RAN]->(h:HookExecution) WHERE t.correlation_id IN $ids RETURN count(h) AS found"
    [row] = await statement(graph, text, ids=traces)
    return int(row["found"])


async def assembly(graph: Graph, bench: Bench) -> None:
    """How long a trace of 500 steps takes: as a tree, and the whole of it as the answer to a GraphQL request."""
    trace = uuid4().hex
    steps = [hook(trace) for _ in range(500)]
    document = operation("traces_whole")
    trees: list[float] = []
    answers: list[float] = []
    reads = TraceReads(graph)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{bench.port}", timeout=60) as client:
        (await client.post(BATCH, json=steps)).raise_for_status()
        for _ in range(40):
            began = time.perf_counter()
            tree = await assemble(reads, trace, None)
            trees.append((time.perf_counter() - began) * 1000)
            assert len(tree.steps) == 500
            began = time.perf_counter()
            answer = await client.post("/graphql", json={"query": document, "variables": {"correlationId": trace}})
            answers.append((time.perf_counter() - began) * 1000)
            assert "errors" not in answer.json(), answer.text[:500]
    bench.rows["500 steps, assembled"] = _spread(trees[10:])
    bench.rows["500 steps, by GraphQL"] = _spread(answers[10:])


def _spread(milliseconds: list[float]) -> str:
    p95 = statistics.quantiles(milliseconds, n=20)[-1]
    return f"p50 {statistics.median(milliseconds):.1f}, p95 {p95:.1f} ms"


def on(engine: EngineUnderTest | None, folder: Path) -> dict[str, str]:
    """The figures of a service on this engine; None is the embedded one, which the service starts itself."""
    environment = {"LOOPGRAPH_GRAPH_URL": f"embedded:{folder / 'graph'}"}
    if engine:
        environment = {
            "LOOPGRAPH_GRAPH_URL": engine.url,
            "LOOPGRAPH_GRAPH_USER": engine.user,
            "LOOPGRAPH_GRAPH_PASSWORD": engine.password,
        }
    settings = Settings(**{name.removeprefix("LOOPGRAPH_").lower(): value for name, value in environment.items()})
    port = free_port()
    with service(port, folder / "service.log", **environment, LOOPGRAPH_LOG_LEVEL="warning") as process:
        identity = folder / "graph" / "engine.json"
        engine_pid = java_child() if engine else orjson.loads(identity.read_bytes())["pid"]
        return asyncio.run(measure(Bench(port, process.pid, engine_pid), settings))


def main() -> None:
    """Measures the engines named on the command line and prints the table."""
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    columns = {}
    for name in sys.argv[1:] or ["embedded", "neo4j-5.26"]:
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            if name == "embedded":
                columns[name] = on(None, folder)
            else:
                with SOURCES[name](folder) as engine:
                    columns[name] = on(engine, folder)
    print("| what | goal |", " | ".join(columns), "|")
    print("| --- | --- |", " | ".join("---" for _ in columns), "|")
    for row in next(iter(columns.values())):
        print(f"| {row} | {GOALS.get(row, '')} |", " | ".join(figures[row] for figures in columns.values()), "|")


if __name__ == "__main__":
    main()
