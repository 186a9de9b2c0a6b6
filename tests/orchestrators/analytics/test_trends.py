"""Trends of what was counted, on a real graph: in a year of its own, so that what other tests write is not in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pytest

from loopgraph.contracts.analytics.figures import SeriesMetric
from loopgraph.contracts.analytics.subjects import EVERYTHING, Subject, SubjectKind
from loopgraph.contracts.analytics.trends import NoFigure, Period, TrendClass, TrendDirection
from loopgraph.contracts.analytics.windows import Window
from loopgraph.contracts.traces.events import HookExecuted, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.errors import Forbidden, InvalidInput
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.overviews import Overviews
from loopgraph.orchestrators.analytics.remembering import Remembered
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.orchestrators.analytics.trends import Trends, declining, emerging
from support.access import mate
from support.traces import record
from support.usage import read_anew
from support.waiting import PATIENCE_S

FIRST = datetime(2019, 1, 7, tzinfo=UTC)  # a Monday
DAYS = 84
NOW = FIRST + timedelta(days=DAYS, hours=9)
WINDOW = Window(since=FIRST, until=FIRST + timedelta(days=DAYS + 1))


class World(NamedTuple):
    """What was recorded: tools by how they develop, and how often each was used by day."""

    trends: Trends
    tools: dict[str, str]
    daily: dict[str, Sequence[int]]


def tool(world: World, name: str) -> Subject:
    return Subject(SubjectKind.TOOL, world.tools[name], "PostToolUse")


def uses() -> dict[str, Sequence[int]]:
    rng = np.random.default_rng(1)
    week = np.resize([1.2, 1.3, 1.2, 1.2, 1.1, 0.5, 0.5], DAYS)
    return {
        "growing": rng.poisson(np.linspace(2, 9, DAYS) * week).tolist(),
        "stable": rng.poisson(6 * week).tolist(),
        "declining": rng.poisson(np.linspace(9, 2, DAYS) * week).tolist(),
        "emerging": [0] * 64 + rng.poisson(np.full(20, 4)).tolist(),
        "back again": [0] * 64 + rng.poisson(np.full(20, 4)).tolist(),
        "abandoned": rng.poisson(np.full(50, 4)).tolist() + [0] * 34,
    }


@pytest.fixture(scope="module")
async def world(graph: Graph) -> World:
    traces, rolling = TraceWrites(graph), Rolling(graph, None)
    daily = uses()
    tools = {name: f"{name} {new_id()}" for name in daily}
    others = {(name, DAYS): 50 for name in daily} | {("back again", -90): 3}
    events: list[TraceEvent] = []
    for day in range(-100, DAYS + 1):
        at, trace = FIRST + timedelta(days=day, hours=10), new_id()
        # Of the users, "ann" comes every week, "bob" in every second, and each week brings one more who never comes again.
        week = day // 7
        users = ["ann", *(["bob"] if week % 2 == 0 else []), f"new in week {week}"]
        events.append(TraceStarted(correlation_id=trace, timestamp=at, user_id=users[day % len(users)]))
        for name, counts in daily.items():
            many = counts[day] if 0 <= day < DAYS else others.get((name, day), 0)
            events.extend(
                HookExecuted(
                    correlation_id=trace,
                    execution_id=new_id(),
                    hook_type="PostToolUse",
                    tool_name=tools[name],
                    started_at=at,
                    duration_ms=100.0 * (2 if name == "stable" and day >= 40 else 1) + i % 5,
                    success=True,
                )
                for i in range(many)
            )
        if len(events) > 500 or day == DAYS:
            await record(traces, *events)
            events.clear()
    assert await rolling.caught_up(PATIENCE_S) == 0
    buckets = Buckets(UsageReads(graph), rolling)
    return World(Trends(buckets, Overviews(buckets, LineageReads(graph))), tools, daily)


@pytest.mark.lengthy
async def test_each_use_is_told_by_how_it_develops(world: World) -> None:
    found = await world.trends.of_kind(SubjectKind.TOOL, WINDOW, NOW, None)
    assert (found.subjects, found.more) == (len(world.tools), False)
    assert found.basis.until == FIRST + timedelta(days=DAYS)  # what began today is not over
    usages = {one.subject: one.usage for one in found.trends}
    assert {name: usages[tool(world, name)].classification for name in world.tools} == {
        "growing": TrendClass.GROWING,
        "stable": TrendClass.STABLE,
        "declining": TrendClass.DECLINING,
        "emerging": TrendClass.EMERGING,
        "back again": TrendClass.STABLE,
        "abandoned": TrendClass.ABANDONED,
    }
    growing = usages[tool(world, "growing")]
    assert growing.executions == sum(world.daily["growing"])
    assert growing.velocity.per_day == pytest.approx(np.mean(world.daily["growing"][-7:]))
    assert usages[tool(world, "back again")].age_days == DAYS + 90
    assert [one.executions for one in usages.values()] == sorted(
        (one.executions for one in usages.values()), reverse=True
    )
    assert [one.subject for one in emerging(found)] == [tool(world, "emerging")]
    assert [one.subject for one in declining(found, 0.5)] == [tool(world, "abandoned"), tool(world, "declining")]
    assert [one.subject for one in declining(found, 1.9)] == [tool(world, "abandoned")]


async def test_a_metric_of_one_subject_shows_what_happened_to_it(world: World) -> None:
    args = (WINDOW, Period.DAY, None, None, NOW, None)
    uses = await world.trends.analysis(tool(world, "growing"), SeriesMetric.EXECUTIONS, *args)
    assert [point.value for point in uses.points] == world.daily["growing"]
    assert uses.analysis.trend.direction is TrendDirection.RISING
    assert uses.analysis.seasons[0].p_value is not None
    assert uses.analysis.seasons[0].p_value < 0.001
    assert uses.analysis.forecast.points[0].at == FIRST + timedelta(days=DAYS)
    slower = await world.trends.analysis(tool(world, "stable"), SeriesMetric.DURATION_MEAN, *args)
    assert [point.at for point in slower.analysis.changes.points] == [FIRST + timedelta(days=40)]
    assert slower.analysis.changes.points[0].after / slower.analysis.changes.points[0].before == pytest.approx(
        2, abs=0.1
    )
    never = await world.trends.analysis(tool(world, "stable"), SeriesMetric.QUALITY, *args)
    assert never.analysis.trend.reason is NoFigure.NO_DATA
    assert never.analysis.forecast.reason is NoFigure.NO_DATA
    assert {point.value for point in never.points} == {None}


async def test_who_comes_and_who_stays(world: World) -> None:
    found = await world.trends.retention(EVERYTHING, WINDOW, NOW, None)
    assert found.at_least is False
    kept = found.retention
    assert kept.adoption_rate == 1.0
    assert [period.new for period in kept.periods] == [1] * 12
    assert all(cohort.retained == (1, *[0] * (len(cohort.retained) - 1)) for cohort in kept.cohorts)
    assert {period.retention for period in kept.periods[1:]} == {1 / 2, 1 / 3}


async def test_more_subjects_take_no_more_statements(
    world: World, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Remembered, "get", read_anew)

    async def statements(window: Window, subjects: int) -> int:
        before = graph.statements
        assert (await world.trends.of_kind(SubjectKind.TOOL, window, NOW, None)).subjects == subjects
        return graph.statements - before

    one = await statements(Window(since=FIRST - timedelta(days=91), until=FIRST - timedelta(days=80)), 1)
    assert await statements(WINDOW, len(world.tools)) == one + 1  # what seems to be new is looked up


async def test_what_cannot_be_asked_is_refused(world: World) -> None:
    today = Window(since=FIRST + timedelta(days=DAYS), until=FIRST + timedelta(days=DAYS + 1))
    with pytest.raises(InvalidInput, match="must hold a whole day that is over"):
        await world.trends.of_kind(SubjectKind.TOOL, today, NOW, None)
    with pytest.raises(InvalidInput, match="horizon"):
        await world.trends.analysis(EVERYTHING, SeriesMetric.EXECUTIONS, WINDOW, Period.DAY, None, 1_000, NOW, None)
    with pytest.raises(Forbidden):
        await world.trends.of_kind(SubjectKind.TOOL, WINDOW, NOW, mate("eve"))
    empty = Window(since=FIRST - timedelta(days=800), until=FIRST - timedelta(days=700))
    assert (await world.trends.of_kind(SubjectKind.TOOL, empty, NOW, None)).trends == ()
