"""Reads of what was counted, on a real graph: who may, over which hours, and how often the graph is asked."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loopgraph.contracts.analytics.subjects import EVERYTHING, Dimension, Subject, SubjectKind
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.analytics.windows import Count, Exactness, Grain, Window
from loopgraph.contracts.traces.events import RoutingDecided, TraceCompleted, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.analytics import Analytics
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.errors import Forbidden
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.orchestrators.analytics.views import Views
from loopgraph.reducers.usage.sums import total
from support.access import mate, owned
from support.traces import record
from support.waiting import PATIENCE_S

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOMEBODY = mate("somebody")


class Patient(Rolling):
    """Counts everything, however busy the machine is."""

    passes = 0

    async def _pass(self, bound_s: float) -> int:
        self.passes += 1
        return await super()._pass(max(bound_s, PATIENCE_S))


def buckets_of(graph: Graph) -> tuple[Buckets, Patient]:
    rolling = Patient(graph, None)
    return Buckets(UsageReads(graph), rolling), rolling


def some_day() -> datetime:
    return datetime(2050, 1, 1, tzinfo=UTC) + DAY * random.SystemRandom().randrange(10**6)


async def traces(graph: Graph, *starts: datetime, agent: str, user: str | None = None) -> None:
    for start in starts:
        trace = new_id()
        await record(
            TraceWrites(graph),
            TraceStarted(correlation_id=trace, timestamp=start, user_id=user),
            RoutingDecided(correlation_id=trace, selected_agent=agent, timestamp=start),
            TraceCompleted(correlation_id=trace, success=True, timestamp=start + timedelta(seconds=1)),
        )


async def test_days_and_the_hours_around_them_are_every_execution_once(graph: Graph) -> None:
    buckets, _ = buckets_of(graph)
    day, agent = some_day(), f"agent {new_id()}"
    starts = [day - HOUR, day + 21 * HOUR, day + 22 * HOUR, day + DAY + 9 * HOUR, day + 3 * DAY, day + 3 * DAY + HOUR]
    await traces(graph, *starts, agent=agent)
    subject = Subject(SubjectKind.AGENT, agent)
    window = Window(since=day + 22 * HOUR, until=day + 3 * DAY + HOUR)
    basis = await buckets.basis(window, None)
    assert (basis.since, basis.until, basis.exactness, basis.pending) == (
        window.since,
        window.until,
        Exactness.BUCKETED,
        0,
    )
    sums = await buckets.sums([subject], window, ("agent",))
    assert sums[subject].executions == 3
    assert sums[subject].dimensions["agent"][agent].executions == 3
    hours = await buckets.series([subject], window, Grain.HOUR, dimensions=True)
    assert repr(total(bucket.sums for bucket in hours[subject])) == repr(
        (await buckets.sums([subject], window, tuple(Dimension)))[subject]
    )
    ranked = await buckets.ranked(SubjectKind.AGENT, window, 100)
    assert [one.executions for one in ranked if one.subject == subject] == [3]
    nothing = Subject(SubjectKind.AGENT, f"agent {new_id()}")
    assert (await buckets.sums([nothing], window))[nothing].executions == 0


async def test_what_is_looked_up_by_keys_is_what_is_looked_for_among_its_kind(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    buckets, _ = buckets_of(graph)
    day, agents = some_day(), [f"agent {new_id()}|50 %" for _ in range(2)]
    await traces(graph, day + HOUR, day + 2 * HOUR, agent=agents[0])
    await traces(graph, day + 2 * HOUR, agent=agents[1])
    await traces(graph, day + 2 * HOUR, agent="another")
    window = _day_of(day)
    await buckets.basis(window, None)
    subjects = [EVERYTHING, *(Subject(SubjectKind.AGENT, agent) for agent in agents)]
    by_key = [await found(buckets, subjects, window, grain) for grain in Grain]
    monkeypatch.setattr("loopgraph.effects.usage.reads._MOST_KEYS", 0)
    assert [await found(buckets, subjects, window, grain) for grain in Grain] == by_key
    assert [[sum(count.executions for count in of) for of in counts.values()] for counts, _, _ in by_key] == [
        [4, 2, 1]
    ] * 2


async def test_of_very_many_hours_those_of_the_days_of_use_alone_are_looked_up(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    buckets, _ = buckets_of(graph)
    day, agents = some_day(), [f"agent {new_id()}|50 %" for _ in range(3)]
    since, until = day + 22 * HOUR, day + 3 * DAY + 2 * HOUR
    await traces(graph, since - HOUR, since, since + HOUR, day + DAY, until - HOUR, until, agent=agents[0])
    await traces(graph, day + 2 * DAY + 23 * HOUR, agent=agents[1])
    window = Window(since=since, until=until)
    await buckets.basis(window, None)
    subjects, reads = [Subject(SubjectKind.AGENT, agent) for agent in agents], UsageReads(graph)

    async def counts() -> tuple[dict[Subject, list[Count]], int]:
        before = graph.statements
        return await reads.counts(subjects, window, Grain.HOUR), graph.statements - before

    every, one = await counts()
    monkeypatch.setattr("loopgraph.effects.usage.reads._MANY_KEYS", 0)
    assert await counts() == (every, one + 1)
    assert [[count.start for count in every[subject]] for subject in subjects] == [
        [since, since + HOUR, day + DAY, until - HOUR],
        [day + 2 * DAY + 23 * HOUR],
        [],
    ]


async def found(buckets: Buckets, subjects: list[Subject], window: Window, grain: Grain) -> tuple[Any, Any, Any]:
    return (
        await buckets.counts(subjects, window, grain),
        await buckets.series(subjects, window, grain, dimensions=True),
        await buckets.sums(subjects, window, ("agent",)),
    )


async def test_who_may_see_only_what_is_theirs_is_refused(graph: Graph) -> None:
    buckets, rolling = buckets_of(graph)
    with pytest.raises(Forbidden, match="everybody"):
        await buckets.basis(_day_of(some_day()), SOMEBODY)
    assert rolling.passes == 0


async def test_those_who_ask_at_the_same_time_wait_for_the_same(graph: Graph) -> None:
    buckets, rolling = buckets_of(graph)
    day = _day_of(some_day())
    await asyncio.gather(*(buckets.basis(day, None) for _ in range(10)))
    assert rolling.passes == 1
    await buckets.basis(day, None)
    assert rolling.passes == 2


async def test_one_who_gives_up_does_not_stop_the_others(graph: Graph) -> None:
    buckets, rolling = buckets_of(graph)
    day = _day_of(some_day())
    first, second = (asyncio.create_task(buckets.basis(day, None)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).pending == 0
    assert rolling.passes == 1


async def test_views_of_who_may_see_only_what_is_theirs_are_made_of_that(graph: Graph) -> None:
    buckets, _ = buckets_of(graph)
    views, start, agent = Views(buckets, Analytics(graph)), some_day(), f"agent {new_id()}"
    await traces(graph, start + HOUR, start + 2 * HOUR, agent=agent, user="somebody")
    await traces(graph, start + HOUR, agent=agent, user="somebody else")
    await owned(graph)
    day = TimeRange(since=start, until=start + DAY)
    [mine] = await views.agent_success_rates(day, SOMEBODY, 10)
    assert (mine.total_executions, mine.exactness) == (2, Exactness.EXACT)
    [all_] = await views.agent_success_rates(day, None, 10)
    assert (all_.total_executions, all_.exactness) == (3, Exactness.BUCKETED)


async def test_views_look_at_executions_while_some_are_not_counted(graph: Graph) -> None:
    class Behind(Patient):
        async def _pass(self, bound_s: float) -> int:
            self._next = None
            return 7

    views = Views(Buckets(UsageReads(graph), Behind(graph, None)), Analytics(graph))
    start, agent = some_day(), f"agent {new_id()}"
    await traces(graph, start + HOUR, agent=agent)
    [row] = await views.agent_success_rates(TimeRange(since=start, until=start + DAY), None, 10)
    assert (row.total_executions, row.exactness) == (1, Exactness.EXACT)


async def test_everything_is_a_subject(graph: Graph) -> None:
    buckets, _ = buckets_of(graph)
    start = some_day()
    await traces(graph, start + HOUR, start + HOUR, agent="a")
    window = _day_of(start)
    await buckets.basis(window, None)
    assert (await buckets.sums([EVERYTHING], window))[EVERYTHING].executions == 2


def _day_of(at: datetime) -> Window:
    return Window(since=at, until=at + DAY)
