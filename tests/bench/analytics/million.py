"""Analytics over a million executions: ``python -m bench.analytics.million [--executions N] [--folder PATH]``.

Loads the events of ``generate`` by ``loopgraph traces load``, through a pipe, once as many and once a tenth of them, which fall
into the same buckets; then asks both services the same questions in turns, as whole GraphQL requests through a real socket,
everything warm: so that all is read anew, as when it is asked for the first time; again after a round of counting, before which a
trace of the last of the days was recorded each time; and while nothing has been counted since.
With ``--folder`` what was loaded is kept, and is not loaded again. The services are in this process: its processor's time holds
the client's 0.1 ms, the engine's is told beside it. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple
from uuid import uuid4

import orjson
import uvloop

from bench.analytics import generate
from bench.http_load import Connection, request
from bench.ingest import cpu_s
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.loop.feedback import Execution
from loopgraph.effects.clock import now
from loopgraph.main import open_services
from loopgraph.reducers.performance import summarize_executions
from loopgraph.settings import Settings
from support.service import Service, operation, serving
from support.traces import statement

TURNS, WARM = 4, 30
MOST_RESTS: Final = 50
UNTIL_REMEMBERED: Final = 3
"""Asked for the third time, the part of a window that does not change is remembered."""

COMPARED: Final = 10
_HEAP = "1g"
_COUNTED = ("Trace", "HookExecution", "EndpointCall", "Session", "UsageBucket", "UsageMark")


class Since(StrEnum):
    """What has happened since a question was asked before."""

    FORGOTTEN = "read anew"
    COUNTED = "after a round"
    NOTHING = "nothing new"


class Question(NamedTuple):
    """A document with its variables, what its answer must hold so that the right thing is measured, and its goal in ms."""

    document: str
    variables: dict[str, Any]
    proof: bytes
    goal_ms: int


@dataclass
class Asked:
    """What one question came to: of each request the milliseconds, and those of both processors."""

    taken_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    engine_ms: float = 0.0
    statements: int = 0
    bytes: int = 0


class Loaded(NamedTuple):
    """What loading took; what is in the folder is loaded."""

    executions: int
    begin: str
    seconds: float
    cpu_s: float
    counts: dict[str, int]
    bytes: int


def questions(begin: datetime) -> dict[str, Question]:
    """The questions of the requirements, over the days that were generated."""
    until = begin + timedelta(days=generate.DAYS)
    month = {"since": (until - timedelta(days=30)).isoformat(), "until": until.isoformat()}
    whole = {"since": begin.isoformat(), "until": until.isoformat()}
    most = [pattern.pattern_id for pattern in generate.patterns()[:COMPARED]]
    series = {**whole, "interval": "DAY"}
    return {
        "dashboardSummary": Question(operation("analytics_dashboard"), {"window": month}, b'"totalPatterns":200', 50),
        "patternAnalytics of 30 days": Question(
            operation("analytics_pattern"), {"id": most[0], "window": month}, b'"hoursOfDay"', 30
        ),
        "timeSeries of 90 days by day: executions of a pattern": Question(
            operation("analytics_time_series"),
            {"metric": "EXECUTIONS", "subject": {"kind": "PATTERN", "name": most[0]}, **series},
            b'"exactness":"BUCKETED"',
            30,
        ),
        "timeSeries of 90 days by day: p95 of everything": Question(
            operation("analytics_time_series"),
            {"metric": "DURATION_P95", "subject": {"kind": "ALL"}, **series},
            b'"exactness":"BUCKETED"',
            30,
        ),
        f"comparePatterns of {COMPARED}": Question(
            operation("analytics_compare"), {"patternIds": most, "window": month}, b'"tests"', 100
        ),
        "trends of all 200 patterns": Question(
            operation("analytics_trends"), {"first": 200, "window": whole}, b'"weeklyGrowth"', 500
        ),
    }


async def define(settings: Settings, begin: datetime) -> None:
    """Makes the patterns and their versions."""
    origin = Origin(actor_id="bench")

    async with open_services(settings) as services:

        async def make(pattern: generate.Pattern) -> None:
            versions = [
                NewVersion(
                    node_id=version.node_id,
                    activate=True,
                    template_code=f"{pattern.name}, as version {version.number} does it",
                    created_at=begin + timedelta(days=version.from_day),
                )
                for version in pattern.versions
            ]
            new = NewPattern(pattern_id=pattern.pattern_id, name=pattern.name, pattern_type=pattern.pattern_type)
            await services.lineage.create_pattern(new, versions[0], origin)
            for version in versions[1:]:
                await services.lineage.add_version(pattern.pattern_id, version, origin)

        await asyncio.gather(*map(make, generate.patterns()))


def load(settings: Settings, executions: int, begin: datetime) -> tuple[float, float]:
    """Loads the events through a pipe; the seconds that it took, and those of the processors of loader and engine."""
    environment = {
        **os.environ,
        "LOOPGRAPH_GRAPH_URL": settings.graph_url,
        "LOOPGRAPH_EMBEDDED_HEAP": settings.embedded_heap,
    }
    made = [sys.executable, "-m", "bench.analytics.generate"]
    arguments = ["--executions", str(executions), "--begin", begin.date().isoformat()]
    began = time.perf_counter()
    with subprocess.Popen([*made, *arguments], stdout=subprocess.PIPE, env=environment) as source:
        loader = subprocess.Popen(
            [sys.executable, "-m", "loopgraph", "traces", "load", "-"], stdin=source.stdout, env=environment
        )
        assert source.stdout is not None
        source.stdout.close()
        _, status, used = os.wait4(loader.pid, 0)  # with the engine, which is its child
        loader.returncode = os.waitstatus_to_exitcode(status)
    assert (source.returncode, loader.returncode) == (0, 0), "not all was loaded"
    return time.perf_counter() - began, used.ru_utime + used.ru_stime


async def counted(settings: Settings) -> dict[str, int]:
    """How many nodes there are of each kind."""
    async with open_services(settings, create=False) as services:
        rows = [await statement(services.graph, f"MATCH (n:{label}) RETURN count(n) AS nodes") for label in _COUNTED]
    return {label: row[0]["nodes"] for label, row in zip(_COUNTED, rows, strict=True)}


def settings_of(folder: Path, heap: str) -> Settings:
    url = f"embedded:{folder / 'graph'}"
    return Settings(graph_url=url, embedded_heap=heap, log_level="warning", learning=False)


def loaded(folder: Path, executions: int, heap: str) -> Loaded:
    """What is in the folder; it is loaded if it is not there."""
    note, settings = folder / "loaded.json", settings_of(folder, heap)
    if note.exists():
        return Loaded(**orjson.loads(note.read_bytes()))
    folder.mkdir(parents=True, exist_ok=True)
    begin = now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=generate.DAYS)
    asyncio.run(define(settings, begin))
    seconds, used = load(settings, executions, begin)
    counts = asyncio.run(counted(settings))
    assert (counts["HookExecution"], counts["UsageMark"]) == (executions, 0), counts
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    found = Loaded(executions, begin.isoformat(), seconds, used, counts, size)
    note.write_bytes(orjson.dumps(found._asdict()))
    return found


def trace(at: datetime) -> list[dict[str, Any]]:
    """The events of a trace that uses the most used pattern, and is over."""
    id_, version = uuid4().hex, generate.patterns()[0].versions[-1]
    every = {"correlation_id": id_, "timestamp": at.isoformat()}
    step = {"execution_id": f"{id_}-0", "hook_type": "ToolUse", "tool_name": "Bash", "node_id": version.node_id}
    return [
        {"kind": "start", "user_id": "user-00", "prompt_text": "Fix the failing test", **every},
        {
            "kind": "hook",
            "started_at": at.isoformat(),
            "duration_ms": version.median_ms,
            "success": True,
            **step,
            **every,
        },
        {"kind": "complete", "success": True, **every},
    ]


async def count_one(service: Service, engine_pid: int, at: datetime) -> None:
    """Records a trace, has it counted, and lets the engine come to rest: what that costs is not the question's."""
    answer = await service.http.post("/api/traces/batch", json=trace(at))
    assert answer.status_code == 200, answer.text
    assert await service.parts.rolling.caught_up(60.0) == 0
    for _ in range(MOST_RESTS):
        used = cpu_s(engine_pid)
        await asyncio.sleep(0.03)
        if cpu_s(engine_pid) == used:
            break


async def ask(
    service: Service, engine_pid: int, question: Question, rounds: int, since: Since, begin: datetime
) -> Asked:
    """Asks a question again and again, each time after something; ``begin``: of the days that were loaded."""
    async with Connection.open(int(service.url.rpartition(":")[2])) as connection:
        if since is Since.COUNTED:
            await _asked(service, connection, engine_pid, question, UNTIL_REMEMBERED, since, begin)
        return await _asked(service, connection, engine_pid, question, rounds, since, begin)


async def _asked(
    service: Service,
    connection: Connection,
    engine_pid: int,
    question: Question,
    rounds: int,
    since: Since,
    begin: datetime,
) -> Asked:
    body = orjson.dumps({"query": question.document, "variables": question.variables})
    data, asked, engine_s = request("/graphql", body), Asked(), 0.0
    last_noon = begin + timedelta(days=generate.DAYS, hours=-12)
    for _ in range(rounds):
        if since is Since.FORGOTTEN:
            service.parts.buckets._remembered = None
        elif since is Since.COUNTED:
            await count_one(service, engine_pid, last_noon)
        engine_s -= cpu_s(engine_pid)
        before, began, cpu = service.parts.graph.statements, time.perf_counter(), time.process_time()
        status, answer = await connection.ask(data)
        asked.taken_ms.append((time.perf_counter() - began) * 1_000)
        asked.cpu_ms.append((time.process_time() - cpu) * 1_000)
        engine_s += cpu_s(engine_pid)
        statements = service.parts.graph.statements - before
        asked.statements = min(asked.statements or statements, statements)  # what works beside the doors asks, too
        asked.bytes = len(answer)
        assert status == 200, answer
        assert question.proof in answer, answer[:2_000]
        assert b'"errors":[{"message' not in answer, answer[:2_000]
    asked.engine_ms = engine_s * 1_000 / rounds
    return asked


def _together(parts: list[Asked]) -> Asked:
    return Asked(
        taken_ms=[value for part in parts for value in part.taken_ms],
        cpu_ms=[value for part in parts for value in part.cpu_ms],
        engine_ms=statistics.mean(part.engine_ms for part in parts),
        statements=min(part.statements for part in parts),
        bytes=parts[0].bytes,
    )


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Service, int]]:
    """A service on what was loaded, and the engine's process."""
    async with serving(settings) as service:
        assert settings.embedded_folder is not None
        identity = orjson.loads((settings.embedded_folder / "engine.json").read_bytes())
        yield service, identity["pid"]


Found = dict[str, dict[tuple[int, Since], Asked]]
"""The figures of each question by the number of executions, and by what has happened since it was asked before."""


async def measure(sides: Mapping[int, tuple[Settings, datetime]], rounds: int, begins: str) -> Found:
    """The figures of so many requests each, after some that warm up; the sides are asked in turns. ``begins``: with what the
    names of those questions begin that are asked."""
    found: Found = {}
    async with contextlib.AsyncExitStack() as stack:
        open_ = {count: await stack.enter_async_context(opened(settings)) for count, (settings, _) in sides.items()}
        for name in [one for one in questions(datetime.now(UTC)) if one.startswith(begins)]:
            parts: dict[tuple[int, Since], list[Asked]] = {(count, since): [] for count in sides for since in Since}
            for count, (_, begin) in sides.items():
                for since in Since:
                    await ask(*open_[count], questions(begin)[name], min(WARM, rounds), since, begin)
            for _ in range(TURNS):
                for (count, since), some in parts.items():
                    begin = sides[count][1]
                    some.append(await ask(*open_[count], questions(begin)[name], rounds // TURNS, since, begin))
            found[name] = {key: _together(each) for key, each in parts.items()}
    return found


def reducer_ms() -> tuple[float, float]:
    """Median and least milliseconds in which the reducer alone summarizes 1,000 executions."""
    chance, at = Random(generate.SEED), datetime(2026, 1, 1, tzinfo=UTC)
    executions = [
        Execution(
            execution_id=str(number), node_id="n", experiment_id=None, arm=None, quality_score=chance.random(), set_aside=None,
            unit=str(number % 50), error_type=None if number % 9 else "TimeoutError", ended=True, is_use=False, started_at=at,
            duration_ms=chance.lognormvariate(5, 1), success=bool(number % 9),
        )
        for number in range(1_000)
    ]  # fmt: skip
    taken = []
    for _ in range(200):
        began = time.perf_counter()
        summarize_executions(executions)
        taken.append((time.perf_counter() - began) * 1_000)
    return statistics.median(taken), min(taken)


def table(found: Found, begin: datetime) -> str:
    """A Markdown table."""
    counts = [count for count, _ in next(iter(found.values()))]
    small, large = min(counts), max(counts)
    heads = [f"{since}: p50 ms | least | p95 | CPU ms, service + engine | statements" for since in Since]
    lines = [
        f"| question, {large:,} executions | goal ms | {' | '.join(heads)} | KB | read anew of {small:,}: p50 ms | CPU ms "
        "| growth of p50, of CPU |",
        "| --- " * (6 + 5 * len(Since)) + "|",
    ]
    for name, sides in found.items():
        of_large, of_small = sides[large, Since.FORGOTTEN], sides[small, Since.FORGOTTEN]
        growth = f"{_p50(of_large) / _p50(of_small) - 1:+.0%}, {_cpu(of_large) / _cpu(of_small) - 1:+.0%}"
        cells = " | ".join(_cells(sides[large, since]) for since in Since)
        lines.append(
            f"| {name} | {questions(begin)[name].goal_ms} | {cells} | {of_large.bytes / 1_000:.0f} "
            f"| {_p50(of_small):.1f} | {_cpus(of_small)} | {growth} |"
        )
    return "\n".join(lines)


def _cells(one: Asked) -> str:
    p95 = statistics.quantiles(one.taken_ms, n=20)[-1]
    return f"{_p50(one):.1f} | {min(one.taken_ms):.1f} | {p95:.1f} | {_cpus(one)} | {one.statements}"


def _p50(one: Asked) -> float:
    return statistics.median(one.taken_ms)


def _cpu(one: Asked) -> float:
    return statistics.median(one.cpu_ms) + one.engine_ms


def _cpus(one: Asked) -> str:
    return f"{statistics.median(one.cpu_ms):.1f} + {one.engine_ms:.1f}"


def main() -> None:
    """Loads what is not loaded, asks, and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where what is loaded is kept; a temporary one if it is left out")
    parser.add_argument("--heap", default=_HEAP, help="of each engine")
    parser.add_argument("--rounds", type=int, default=100, help="how often each question is asked")
    parser.add_argument("--alone", action="store_true", help="not beside a tenth of the executions")
    parser.add_argument(
        "--question", default="", help="with what the names of those begin that are asked; all by default"
    )
    given = parser.parse_args()
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    with contextlib.ExitStack() as stack:
        home = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sizes = [given.executions] if given.alone else [given.executions // 10, given.executions]
        notes = {size: loaded(home / str(size), size, given.heap) for size in sizes}
        for note in notes.values():
            nodes = ", ".join(f"{count:,} {label}" for label, count in note.counts.items())
            rate, megabytes = note.executions / note.seconds, note.bytes / 1e6
            print(
                f"{note.executions:,} executions loaded and counted in {note.seconds:.0f} s ({rate:,.0f}/s, {note.cpu_s:.0f} s "
                f"of processors): {nodes}; {megabytes:,.0f} MB\n"
            )
        sides = {
            size: (settings_of(home / str(size), given.heap), datetime.fromisoformat(note.begin))
            for size, note in notes.items()
        }
        gc.collect()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(measure(sides, given.rounds, given.question))
        print(table(found, next(iter(sides.values()))[1]))
        median, least = reducer_ms()
        print(f"\nThe reducer alone, 1,000 executions (goal 2 ms): p50 {median:.2f} ms, least {least:.2f} ms")


if __name__ == "__main__":
    main()
