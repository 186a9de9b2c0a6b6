"""What is remembered of buckets is what they hold, whichever process has counted meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from loopgraph.computes.analytics.recent import RecentRounds
from loopgraph.contracts.analytics.counting import ChangedDays
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.sums import Tally, UsageSums
from loopgraph.contracts.analytics.windows import Bucket, Grain, Window
from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.remembering import Remembered, weight_of
from loopgraph.orchestrators.analytics.rolling import Rolling
from support.usage import own_day

WINDOW = Window(since=(_DAY := own_day()), until=_DAY + timedelta(days=1))


@pytest.mark.lengthy
async def test_an_answer_is_read_again_when_another_process_has_counted_and_only_then(graph: Graph) -> None:
    day = own_day()
    window, user = Window(since=day, until=day + timedelta(days=1)), Subject(SubjectKind.USER, new_id())
    here, there = (Buckets(UsageReads(graph), Rolling(graph, None)) for _ in range(2))

    async def told(buckets: Buckets) -> list[object]:
        """All that can be asked for of the user, by each of the ways."""
        await buckets.basis(window, None)
        return [
            (await buckets.sums([user], window))[user].executions,
            (await buckets.sums([user], window, ("user",)))[user].executions,
            [bucket.sums.executions for bucket in (await buckets.series([user], window, Grain.HOUR))[user]],
            [count.executions for count in (await buckets.counts([user], window, Grain.DAY))[user]],
            [sum(days.values()) for days in (await buckets.daily(SubjectKind.USER, window, 1)).values()],
            [one.executions for one in await buckets.ranked(SubjectKind.USER, window, 1)],
        ]

    async def trace() -> None:
        started = TraceStarted(correlation_id=new_id(), timestamp=day, user_id=user.name)
        await TraceWrites(graph).record([started], received_at=day)

    await trace()
    assert await told(here) == [1, 1, [1], [1], [1], [1]]
    statements = graph.statements
    assert await told(here) == [1, 1, [1], [1], [1], [1]]
    again = graph.statements - statements
    assert again <= 3  # is something marked, and which round is it
    await trace()
    assert await told(there) == [2, 2, [2], [2], [2], [2]]  # another process counts
    assert await told(here) == [2, 2, [2], [2], [2], [2]]
    await trace()
    assert await told(here) == [3, 3, [3], [3], [3], [3]]
    assert await told(there) == [3, 3, [3], [3], [3], [3]]


async def test_without_a_basis_nothing_is_remembered(graph: Graph) -> None:
    day = own_day()
    window, user = Window(since=day, until=day + timedelta(days=1)), Subject(SubjectKind.USER, new_id())
    buckets, rolling = Buckets(UsageReads(graph), Rolling(graph, None)), Rolling(graph, None)
    assert (await buckets.sums([user], window))[user].executions == 0
    started = TraceStarted(correlation_id=new_id(), timestamp=day, user_id=user.name)
    await TraceWrites(graph).record([started], received_at=day)
    await rolling.caught_up()
    assert (await buckets.sums([user], window))[user].executions == 1


async def test_what_was_asked_longest_ago_goes_first() -> None:
    remembered, asked = Remembered(RecentRounds(0, []), most=15), list[str]()

    async def get(name: str) -> list[str]:
        async def read() -> list[str]:
            asked.append(name)
            return [name]

        return await remembered.get(name, WINDOW, read)

    for name in ("a", "b", "c", "a", "d"):  # each weighs 5
        assert await get(name) == [name]
    assert asked == ["a", "b", "c", "d"]
    await get("a")
    assert asked == ["a", "b", "c", "d"]
    await get("b")
    assert asked[4:] == ["b"]


async def test_what_was_read_is_what_there_is_until_a_round_changes_a_day_of_it() -> None:
    first = ChangedDays(0, "a", WINDOW.since, WINDOW.since)
    recent, number = RecentRounds(1, [first]), 0
    remembered = Remembered(recent)

    async def read() -> list[int]:
        nonlocal number
        number += 1
        return [number]

    async def get() -> list[int]:
        return await remembered.get("a", WINDOW, read)

    assert await get() == await get() == [1]
    elsewhere = ChangedDays(1, "b", WINDOW.until, WINDOW.until)
    assert recent.goes_on(2, [elsewhere, first])
    assert await get() == [1]
    there = ChangedDays(2, "c", WINDOW.since, WINDOW.until)
    assert recent.goes_on(3, [there, elsewhere])
    assert await get() == await get() == [2]


async def test_what_is_read_while_a_day_of_it_changes_is_read_again() -> None:
    first, second = (ChangedDays(number, "a", WINDOW.since, WINDOW.since) for number in range(2))
    recent, may_end = RecentRounds(1, [first]), asyncio.Event()
    remembered = Remembered(recent)

    async def early() -> list[int]:
        await may_end.wait()
        return [1]

    async def late() -> list[int]:
        return [2]

    reading = asyncio.create_task(remembered.get("a", WINDOW, early))
    await asyncio.sleep(0)
    assert recent.goes_on(2, [second, first])
    may_end.set()
    assert await reading == [1]
    assert await remembered.get("a", WINDOW, late) == [2]


async def test_what_is_too_large_is_not_kept() -> None:
    remembered = Remembered(RecentRounds(0, []), most=3)
    for value in (1, 2):

        async def read(value: int = value) -> list[int]:
            return [value]

        assert await remembered.get("a", WINDOW, read) == [value]


@pytest.mark.parametrize(
    ("value", "weight"),
    [
        (UsageSums(), 30),
        (UsageSums(durations={1: 1, 2: 1}, dimensions={"user": {"a": Tally(), "b": Tally()}}), 44),
        ([1, 2], 8),
        ({"a": UsageSums()}, 31),
        ({"a": [Bucket(own_day(), UsageSums())]}, 32),
    ],
)
def test_an_answer_weighs_what_it_holds(value: object, weight: int) -> None:
    assert weight_of(value) == weight


async def test_those_who_ask_at_the_same_time_read_the_round_once(graph: Graph) -> None:
    day = own_day()
    window, buckets = Window(since=day, until=day + timedelta(days=1)), Buckets(UsageReads(graph), Rolling(graph, None))
    await buckets.basis(window, None)
    before = graph.statements
    await buckets.basis(window, None)
    one = graph.statements - before
    await asyncio.gather(*(buckets.basis(window, None) for _ in range(20)))
    assert graph.statements - before == 2 * one
