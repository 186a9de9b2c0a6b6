"""Analytics beside another public tool: ``PYTHONPATH=tests python -m bench.analytics.beside [--executions N] [--folder PATH]``.

Loads the events of ``generate`` into Loopgraph, as ``million`` does, and as OTLP spans into arize-phoenix (``phoenix``), which is
installed into an environment of its own; where it cannot be, that is said, and nothing is compared. Then both are asked those of
the questions to which both have an answer, over HTTP, everything warm, in turns: once so that all is read anew (Loopgraph forgets
what it remembers of buckets; Phoenix, which remembers by the range, is asked with an end that is a microsecond later each time),
and once the same again. Both must tell the same: counts and rates exactly, percentiles within the 1 % of our histogram, money to
the millionth. With ``--folder`` what was installed and loaded is kept. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import uvloop

from bench.analytics import generate, million, phoenix
from bench.http_load import Connection
from bench.ingest import cpu_s
from loopgraph.settings import Settings
from support.service import Json, Service

TURNS, WARM, HEAP = 4, 3, "1g"
COMPARED: Final = 10
DAYS: Final = 45
"""Days whose percentiles are asked for: Phoenix takes 50 fields of a name in a document, and needs one for each."""

_NOT_ASKED = """
Not asked, as one of both has no answer: arize-phoenix has no intervals and no significance of rates and differences, no trends
and forecasts, no profile by hour, no counts of users and agents; Loopgraph has no evaluations of spans by any name, and no
figures of what an expression over any attribute selects, only of what it counts by. Phoenix has percentiles by day of traces
until their last span has ended; ours are until the trace is said to be complete, so it is asked for a field a day instead, of
the spans of whole traces.
"""


class Figure(NamedTuple):
    """A number of an answer, null where nothing happened, and by how much, relatively, the two may differ."""

    value: float | None
    within: float = 0.0


Figures = list[Figure]


class Side(NamedTuple):
    """How one of the two is asked: a document, its variables, and where in the data the figures are."""

    document: str
    variables: Json
    figures: Callable[[Any], Figures]


class Question(NamedTuple):
    """What both are asked."""

    ours: Side
    theirs: Side


@dataclass
class Asked:
    """Of each request the milliseconds, and of all together those of the processors."""

    taken_ms: list[float] = field(default_factory=list)
    cpu_ms: float = 0.0

    def cells(self) -> str:
        """Median and 95th percentile, and the processors' time of a request."""
        p95 = statistics.quantiles(self.taken_ms, n=20)[-1]
        return f"{statistics.median(self.taken_ms):.1f}, {p95:.1f} | {self.cpu_ms / len(self.taken_ms):.0f}"


EXACT, HISTOGRAM, MONEY = 1e-12, 0.01, 1e-6
_OURS = "success { executions errorRate } duration { p50Ms p95Ms p99Ms }"
_EXECUTIONS, _REQUESTS = "span_kind == 'TOOL'", "span_kind == 'AGENT'"


def _of_us(data: Any) -> Figures:
    success, duration = data["success"], data["duration"]
    percentiles = [Figure(duration[name], HISTOGRAM) for name in ("p50Ms", "p95Ms", "p99Ms")]
    return [Figure(success["executions"]), Figure(success["errorRate"], EXACT), *percentiles]


def _theirs(condition: str, alias: str = "") -> str:
    of_all, of_errors = (
        f'timeRange: $range, filterCondition: "{each}"'
        for each in (condition, f"{condition} and status_code == 'ERROR'")
    )
    quantiles = " ".join(
        f"{alias}p{percent}: spanLatencyMsQuantile(probability: {percent / 100}, {of_all})" for percent in (50, 95, 99)
    )
    return f"{alias}n: recordCount({of_all}) {alias}errors: recordCount({of_errors}) {quantiles}"


def _of_them(data: Any, alias: str = "") -> Figures:
    count = data[f"{alias}n"]
    rate = Figure(_rate(data[f"{alias}errors"], count), EXACT)
    return [Figure(count), rate, *(Figure(data[f"{alias}p{percent}"], HISTOGRAM) for percent in (50, 95, 99))]


def _rate(errors: int, count: int) -> float | None:
    return errors / count if count else None


def _project(fields: str, ranges: Iterable[str]) -> str:
    declared = ", ".join(f"${name}: TimeRange!" for name in ranges)
    return f"query ($project: String!, {declared}) {{ getProjectByName(name: $project) {{ {fields} }} }}"


def _named(pattern: str) -> str:
    return f"{_EXECUTIONS} and name == '{pattern}'"


def questions(begin: datetime) -> dict[str, Question]:
    """Those of the questions of the requirements to which both have an answer, over the days that were generated."""
    until = begin + timedelta(days=generate.DAYS)
    month, whole = until - timedelta(days=30), begin
    days = [begin + timedelta(days=day) for day in range(generate.DAYS - DAYS, generate.DAYS)]
    most = [pattern.pattern_id for pattern in generate.patterns()[:COMPARED]]

    def question(
        since: datetime,
        ours: tuple[str, Callable[[Any], Figures]],
        theirs: tuple[str, Callable[[Any], Figures]],
        ranges: dict[str, Json] | None = None,
        **more: Any,
    ) -> Question:
        window = {"since": since.isoformat(), "until": until.isoformat()}
        ranges = ranges or {"range": _range(since, until)}
        head = "query ($window: AnalyticsWindowInput" + (", $ids: [ID!]" if more else "") + ")"
        return Question(
            Side(f"{head} {{ {ours[0]} }}", {"window": window, **more}, ours[1]),
            Side(
                _project(theirs[0], ranges),
                {"project": phoenix.PROJECT, **ranges},
                lambda data: theirs[1](data["getProjectByName"]),
            ),
        )

    requests = f"of: subjectAnalytics(window: $window) {{ {_OURS} }}"
    of_pattern = f'of: patternAnalytics(id: "{most[0]}", window: $window) {{ {_OURS} }}'
    pattern = f'subject: {{ kind: PATTERN, name: "{most[0]}" }}, window: $window, interval: DAY'
    cost = "of: subjectAnalytics(window: $window) { cost { inputTokens outputTokens totalUsd } }"
    return {
        "requests (whole traces), their error rate, p50, p95, p99, 30 days": question(
            month, (requests, lambda data: _of_us(data["of"])), (_theirs(_REQUESTS), _of_them)
        ),
        "the same of the executions of a pattern, 30 days": question(
            month, (of_pattern, lambda data: _of_us(data["of"])), (_theirs(_named(most[0])), _of_them)
        ),
        f"the same of {COMPARED} patterns beside each other, 30 days": question(
            month,
            (
                f"of: comparePatterns(patternIds: $ids, window: $window) {{ columns {{ key {_OURS} }} }}",
                lambda data: [figure for key in most for figure in _of_us(_column(data["of"]["columns"], key))],
            ),
            (
                " ".join(_theirs(_named(name), f"a{place}_") for place, name in enumerate(most)),
                lambda data: [figure for place in range(COMPARED) for figure in _of_them(data, f"a{place}_")],
            ),
            ids=most,
        ),
        "executions and error rate of a pattern by day, 90 days": question(
            whole,
            (
                f"n: timeSeries(metric: EXECUTIONS, {pattern}) {{ lines {{ points {{ value }} }} }} "
                f"rate: timeSeries(metric: ERROR_RATE, {pattern}) {{ lines {{ points {{ value }} }} }}",
                lambda data: [*_points(data["n"]), *_points(data["rate"])],
            ),
            (
                f'of: spanCountTimeSeries(timeRange: $range, filterCondition: "{_named(most[0])}", '
                "timeBinConfig: { scale: DAY }) { data { totalCount errorCount } }",
                lambda data: _by_day(data["of"]["data"][: generate.DAYS]),
            ),
        ),
        f"p95 of requests by day, {DAYS} days": question(
            days[0],
            (
                "of: timeSeries(metric: DURATION_P95, window: $window, interval: DAY) { lines { points { value } } }",
                lambda data: _points(data["of"], HISTOGRAM),
            ),
            (
                " ".join(
                    f"d{day}: spanLatencyMsQuantile(probability: 0.95, timeRange: $r{day}, "
                    f'filterCondition: "{_REQUESTS}")'
                    for day in range(DAYS)
                ),
                lambda data: [Figure(data[f"d{day}"], HISTOGRAM) for day in range(DAYS)],
            ),
            ranges={f"r{day}": _range(at, at + timedelta(days=1)) for day, at in enumerate(days)},
        ),
        "tokens in and out, and cost, 90 days": question(
            whole,
            (
                cost,
                lambda data: _cost(*(data["of"]["cost"][name] for name in ("inputTokens", "outputTokens", "totalUsd"))),
            ),
            (
                "costSummary(timeRange: $range) { prompt { tokens } completion { tokens } total { cost } }",
                lambda data: _cost(
                    data["costSummary"]["prompt"]["tokens"],
                    data["costSummary"]["completion"]["tokens"],
                    data["costSummary"]["total"]["cost"],
                ),
            ),
        ),
    }


def _range(start: datetime, end: datetime) -> Json:
    return {"start": start.isoformat(), "end": end.isoformat()}


def _column(columns: list[Any], key: str) -> Any:
    return next(column for column in columns if column["key"] == key)


def _points(series: Any, within: float = EXACT) -> Figures:
    (line,) = series["lines"]
    return [Figure(point["value"], within) for point in line["points"]]


def _by_day(data: list[Any]) -> Figures:
    counts = [Figure(day["totalCount"] or 0, EXACT) for day in data]
    return [*counts, *(Figure(_rate(day["errorCount"] or 0, day["totalCount"] or 0), EXACT) for day in data)]


def _cost(given: int, made: int, usd: float) -> Figures:
    return [Figure(given), Figure(made), Figure(usd, MONEY)]


def differences(ours: Figures, theirs: Figures) -> list[str]:
    """Where two answers are not the same."""
    if len(ours) != len(theirs):
        return [f"{len(ours)} figures of ours, {len(theirs)} of theirs"]
    return [
        f"figure {place}: {one.value} of ours, {other.value} of theirs"
        for place, (one, other) in enumerate(zip(ours, theirs, strict=True))
        if not _is_same(one, other)
    ]


def _is_same(one: Figure, other: Figure) -> bool:
    if one.value is None or other.value is None:
        return one.value is other.value
    return math.isclose(one.value, other.value, rel_tol=one.within)


class Rivals(NamedTuple):
    """Both services, with the processes whose time is told."""

    service: Service
    their_port: int
    our_engine: int
    their_process: int

    async def ask(
        self, question: Question, laters_us: Iterable[int], *, is_ours: bool
    ) -> tuple[list[Figures], list[float]]:
        """The figures of one of both, for one end after the other, and the milliseconds until each answer was there."""
        side = question.ours if is_ours else question.theirs
        told, taken = [], []
        port = int(self.service.url.rpartition(":")[2]) if is_ours else self.their_port
        async with Connection.open(port) as connection:  # one for each turn: who waits for the other's is disconnected
            for later_us in laters_us:
                data = phoenix.asking(side.document, side.variables if is_ours else _later(side.variables, later_us))
                if is_ours and later_us:
                    self.service.parts.buckets._remembered = None
                began = time.perf_counter()
                status, body = await connection.ask(data)
                taken.append((time.perf_counter() - began) * 1_000)
                answer = orjson.loads(body)
                assert status == 200, answer
                assert not answer.get("errors"), answer["errors"]
                told.append(side.figures(answer["data"]))
        return told, taken

    def cpu_s(self, *, is_ours: bool) -> float:
        """The seconds of the processors so far; ours with those of this process, the client's work included."""
        return time.process_time() + cpu_s(self.our_engine) if is_ours else cpu_s(self.their_process)


def _later(variables: Json, by_us: int) -> Json:
    """The same ranges, but for the end."""

    def later(end: str) -> str:
        return (datetime.fromisoformat(end) + timedelta(microseconds=by_us)).isoformat()

    return {
        name: {**value, "end": later(value["end"])} if isinstance(value, dict) else value
        for name, value in variables.items()
    }


class Compared(NamedTuple):
    """In how many figures both were the same, and what it took by whether we were asked, and by whether all was read anew."""

    figures: int
    parts: dict[tuple[bool, bool], Asked]


Found = dict[str, Compared]
"""By the question."""


async def measure(rivals: Rivals, begin: datetime, rounds: int) -> Found:
    """Asks both in turns, and holds that they answer the same."""
    found: Found = {}
    later, each = count(1), max(1, rounds // TURNS)
    for name, question in questions(begin).items():
        ours, theirs = [
            (await rivals.ask(question, islice(later, WARM), is_ours=is_ours))[0][-1] for is_ours in (True, False)
        ]
        unlike = differences(ours, theirs)
        assert not unlike, f"{name}: {unlike[:10]}"
        parts = {(is_ours, anew): Asked() for anew in (True, False) for is_ours in (True, False)}
        for _ in range(TURNS):
            for (is_ours, anew), asked in parts.items():
                await rivals.ask(question, (0,), is_ours=is_ours)
                before = rivals.cpu_s(is_ours=is_ours)
                told, taken = await rivals.ask(question, islice(later, each) if anew else [0] * each, is_ours=is_ours)
                asked.cpu_ms += (rivals.cpu_s(is_ours=is_ours) - before) * 1_000
                asked.taken_ms += taken
                same = ours if is_ours else theirs
                assert not any(differences(figures, same) for figures in told), f"{name}: the answer changed"
        found[name] = Compared(len(ours), parts)
    return found


def table(found: Found) -> str:
    """A Markdown table."""
    orders = [(who, how) for how in ("read anew", "again") for who in ("Loopgraph", "Phoenix")]
    sides = " | ".join(f"{who}, {how}: p50, p95 ms | CPU ms" for who, how in orders)
    lines = [f"| question | figures, all the same | {sides} |", "| --- " * 10 + "|"]
    for name, (figures, parts) in found.items():
        lines.append(f"| {name} | {figures} | {' | '.join(asked.cells() for asked in parts.values())} |")
    return "\n".join(lines)


async def compare(settings: Settings, begin: datetime, port: int, process: int, rounds: int) -> Found:
    """Opens our service, and asks both."""
    async with million.opened(settings) as (service, engine):
        # What an older version kept is upgraded first.
        while (await service.http.get("/readyz")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        return await measure(Rivals(service, port, engine, process), begin, rounds)


def main(arguments: Sequence[str] | None = None) -> None:
    """Installs and loads what is not there yet, and compares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where what is loaded is kept; a temporary one if it is left out")
    parser.add_argument("--environment", type=Path, help="Phoenix's environment; in the folder if it is left out")
    parser.add_argument("--rounds", type=int, default=40, help="how often each question is asked")
    given = parser.parse_args(arguments)
    logging.getLogger("neo4j").setLevel(logging.ERROR)
    with contextlib.ExitStack() as stack:
        home = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment = given.environment or home / "environment"
        if missing := phoenix.installed(environment):
            print(f"Nothing was compared: {phoenix.PACKAGE} could not be installed: {missing}")
            return
        ours = million.loaded(home / str(given.executions), given.executions, HEAP)
        begin, folder = datetime.fromisoformat(ours.begin), home / "phoenix" / str(given.executions)
        with phoenix.running(environment, folder) as (port, process):
            theirs = phoenix.filled(folder, given.executions, begin, port, process)
            print(
                f"{ours.executions:,} executions: Loopgraph loaded and counted them in {ours.seconds:.0f} s ({ours.cpu_s:.0f} s "
                f"of processors), arize-phoenix {phoenix.version(environment)} stored them, {theirs.spans:,} spans, in "
                f"{theirs.seconds:.0f} s ({theirs.cpu_s:.0f})\n",
                flush=True,
            )
            settings = million.settings_of(home / str(given.executions), HEAP)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                found = runner.run(compare(settings, begin, port, process, given.rounds))
        print(f"{table(found)}\n{_NOT_ASKED}\nLoad of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
