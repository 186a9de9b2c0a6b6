"""Ten typical queries over 2,000 traces of ten steps: ``make bench`` (``ENGINES='embedded neo4j-5.26'``).

Prints one Markdown table for each engine: whole GraphQL requests through a real socket, one client, everything warm. The
service is in this process, on the event loop that ``loopgraph serve`` has; the processor's time is that of this process, in
which the client (prepared bytes, and answers that are not parsed) has some 0.1 ms. The engine's time is not in it.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import uvloop

from bench.http_load import Connection, request
from bench.lineage import SOURCES
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
)
from loopgraph.effects.clock import now
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.settings import Settings
from support.engines import EngineUnderTest
from support.feedback import make_subject
from support.service import Service, operation, serving

TRACES, STEPS, CALLS, OF_A_SESSION = 2_000, 10, 2, 10
CHAIN, PATH, VERSIONS, SAMPLES = 201, 100, 20, 50
WARM, ROUNDS = 20, 100

_ORIGIN = Origin(actor_id="bench")
_TOOLS = ("Bash", "Read", "Edit", "Grep", "Write")
_OUTPUT = "drwxr-xr-x 2 user user 4096 Mar  1 12:00 src\n" * 5
_TEMPLATE = "Answer in one line, and say what you did.\n" * 20

SESSIONS = """
query Sessions($first: Int) {
  sessions(first: $first) { edges { node { sessionId startedAt endedAt client model
    traces(first: 10) { edges { node { correlationId promptText status durationMs } } } } } }
}
"""


@dataclass(frozen=True)
class Query:
    """A document, its variables, and what its answer must have so that the right thing is measured."""

    document: str
    variables: dict[str, Any]
    proof: bytes


@dataclass(frozen=True)
class Figures:
    """Of one query: milliseconds and processor milliseconds of each request, its statements, and the bytes of its answer."""

    taken_ms: list[float]
    cpu_ms: list[float]
    statements: int
    bytes: int


def traces(begin: datetime) -> Iterator[list[TraceEvent]]:
    """The events of each trace: one a minute, ten of which are a session; every seventh fails at its last step."""
    for number in range(TRACES):
        trace, at = f"trace-{number:05}", begin + timedelta(minutes=number)
        failed = number % 7 == 0
        events: list[TraceEvent] = [
            TraceStarted(
                correlation_id=trace, timestamp=at, session_id=f"session-{number // OF_A_SESSION:04}",
                prompt_text=f"sort the list of {number}", tags=("bench", _TOOLS[number % 5].lower()),
            ),
            RoutingDecided(
                correlation_id=trace, timestamp=at + timedelta(milliseconds=20), user_request="sort the list",
                selected_agent=f"agent-{number % 6}", confidence_total=0.875, routing_duration_ms=12.0,
            ),
        ]  # fmt: skip
        for step in range(STEPS):
            events.append(
                HookExecuted(
                    correlation_id=trace, execution_id=f"{trace}-{step}", hook_type="PostToolUse",
                    tool_name=_TOOLS[(number + step) % 5], started_at=at + timedelta(milliseconds=100 * (step + 1)),
                    duration_ms=40.0 + (number * 7 + step) % 50, success=not (failed and step == STEPS - 1),
                    tool_input={"command": "ls -la src", "description": "Lists the files of a folder"},
                    tool_response={"stdout": _OUTPUT, "stderr": "", "interrupted": False},
                )
            )  # fmt: skip
        events += [
            EndpointCalled(
                correlation_id=trace, call_id=f"{trace}-call-{call}", hook_execution_id=f"{trace}-{call}",
                service_name="search", endpoint_path="/api/rag/query", success=True, response_status=200,
                started_at=at + timedelta(milliseconds=100 * (call + 1) + 5), duration_ms=20.0,
            )
            for call in range(CALLS)
        ]  # fmt: skip
        yield [*events, TraceCompleted(correlation_id=trace, timestamp=at + timedelta(seconds=2), success=not failed)]


async def fill(service: Service) -> dict[str, Query]:
    """Makes what the queries ask for, by the functions that the doors call; returns the queries."""
    events: list[TraceEvent] = []
    begin = now() - timedelta(minutes=TRACES)
    for number, more in enumerate(traces(begin), 1):
        events += more
        if number % 100 == 0:
            await service.parts.recorder.record(events)
            events = []
    lineage = Lineage(service.parts.graph)
    template = NewVersion(activate=True, template_code=_TEMPLATE)

    async def pattern(name: str, versions: int) -> tuple[str, list[str]]:
        made = await lineage.create_pattern(NewPattern(name=name), template, _ORIGIN)
        ids = [made.version.node_id]
        for _ in range(versions - 1):
            ids.append((await lineage.add_version(made.pattern.pattern_id, template, _ORIGIN)).version.node_id)
        return made.pattern.pattern_id, ids

    _, chain = await pattern("a long line", CHAIN)
    [(with_versions, _), *_] = await asyncio.gather(*(pattern(f"pattern {number}", VERSIONS) for number in range(50)))
    subject = await make_subject(service.parts.graph)
    improvement = await subject.propose()
    await subject.advance(await subject.start(min_sample_size=SAMPLES))
    [[experiment]] = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).values()
    for node_id, duration_ms in ((subject.node_id, 100.0), (improvement.candidate_node_id, 50.0)):
        durations = [duration_ms + number / 10 for number in range(SAMPLES)]
        await subject.record(node_id, durations, experiment_id=experiment.experiment_id)
    whole, middle = {"correlationId": f"trace-{TRACES // 2:05}"}, f"trace-{TRACES // 2:05}-9".encode()
    week = {"since": (begin - timedelta(days=1)).isoformat(), "until": (now() + timedelta(days=1)).isoformat()}
    failed = {"first": 50, "filter": {"status": ["ERROR"]}}
    return {
        "a page of 50 traces": Query(operation("traces_page"), {"first": 50}, b"agent-1"),
        "a page of 50 failed traces": Query(operation("traces_page"), failed, b"ERROR"),
        "a trace of 13 spans, whole": Query(operation("traces_whole"), whole, middle),
        "its waterfall": Query(operation("traces_waterfall"), whole, middle),
        "20 sessions with their traces": Query(SESSIONS, {"first": 20}, b"session-0199"),
        "a pattern with 20 versions": Query(
            operation("lineage_pattern"), {"patternId": with_versions}, b"REFINED_FROM"
        ),
        "200 ancestors with their edges": Query(
            operation("lineage_ancestors"), {"nodeId": chain[-1]}, chain[0].encode()
        ),
        "a path over 100 edges": Query(
            operation("lineage_path"), {"source": chain[0], "target": chain[PATH]}, b'"length":100'
        ),
        "an experiment with 100 executions": Query(
            operation("feedback_experiment"), {"experimentId": experiment.experiment_id}, b"TREATMENT"
        ),
        "20,000 steps by tool": Query(operation("analytics_hooks"), week, b"Grep"),
    }


async def measured(service: Service, port: int, query: Query) -> Figures:
    """The figures of one query."""
    body = orjson.dumps({"query": query.document, "variables": query.variables})
    data, taken, used, statements = request("/graphql", body), [], [], []
    async with Connection.open(port) as connection:
        for _ in range(WARM + ROUNDS):
            before, began, cpu = service.parts.graph.statements, time.perf_counter(), time.process_time()
            status, answer = await connection.ask(data)
            taken.append((time.perf_counter() - began) * 1000)
            used.append((time.process_time() - cpu) * 1000)
            statements.append(service.parts.graph.statements - before)
            assert status == 200, answer
            assert query.proof in answer, answer[:500]
            assert b'"errors"' not in answer, answer[:500]
    # What the service does by itself, now and then, is not the query's.
    return Figures(taken[WARM:], used[WARM:], min(statements), len(answer))


async def on(engine: EngineUnderTest, names: list[str]) -> dict[str, Figures]:
    """The figures of a service on this engine, by query."""
    settings = Settings(
        graph_url=engine.url,
        graph_user=engine.user,
        graph_password=engine.password,
        graph_database=engine.database,
        log_level="warning",
    )
    async with serving(settings) as service:
        queries = await fill(service)
        port = int(service.url.rpartition(":")[2])
        wanted = {name: query for name, query in queries.items() if not names or any(part in name for part in names)}
        return {name: await measured(service, port, query) for name, query in wanted.items()}


def table(engine: str, rows: dict[str, Figures]) -> str:
    """A Markdown table."""
    lines = [f"| {engine} | p50 ms | p95 ms | statements | CPU ms | KB |", "| --- | --- | --- | --- | --- | --- |"]
    for name, row in rows.items():
        p50, p95 = statistics.median(row.taken_ms), statistics.quantiles(row.taken_ms, n=20)[-1]
        cpu = statistics.median(row.cpu_ms)
        lines.append(f"| {name} | {p50:.1f} | {p95:.1f} | {row.statements} | {cpu:.1f} | {row.bytes / 1000:.0f} |")
    return "\n".join(lines)


def main() -> None:
    """Measures the engines named on the command line; other arguments are queries, by parts of their names."""
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    engines = [name for name in sys.argv[1:] if name in SOURCES] or ["embedded"]
    names = [name for name in sys.argv[1:] if name not in SOURCES]
    for name in engines:
        with (
            tempfile.TemporaryDirectory() as folder,
            SOURCES[name](Path(folder)) as engine,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            print(table(name, runner.run(on(engine, names))), end="\n\n")


if __name__ == "__main__":
    main()
