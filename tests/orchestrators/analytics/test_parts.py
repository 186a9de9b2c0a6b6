"""What is answered from what was read before is what is read at once, to the byte, whatever rounds have changed meanwhile."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from loopgraph.contracts.analytics.subjects import EVERYTHING, Subject, SubjectKind
from loopgraph.contracts.analytics.windows import Counted, Grain, Window
from loopgraph.contracts.traces.events import HookExecuted, RoutingDecided, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.marks import MARK
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.effects.usage.rounds import Rounds
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.rolling import Rolling
from support.quick import first_quick
from support.traces import record, statement
from support.usage import own_day

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAYS = 30


class Reads(UsageReads):
    """Notes over which windows it is asked to rank, which costs most."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.ranks: list[Window] = []

    async def ranked(self, kind: SubjectKind, window: Window, grain: Grain, limit: int) -> list[Counted]:
        self.ranks.append(window)
        return await super().ranked(kind, window, grain, limit)


class History:
    """Thirty days of some users, of whom something is told, told more of, and taken away in any order."""

    def __init__(self, graph: Graph, chance: Random) -> None:
        self.graph, self.begin, self._chance = graph, own_day(), chance
        self._mark = new_id()
        self.users = [f"{letter}-{self._mark}" for letter in "abcdef"]
        self._open: list[tuple[str, datetime]] = []

    @property
    def today(self) -> datetime:
        return self.begin + (DAYS - 1) * DAY

    async def tell(self, at: datetime) -> None:
        """One more trace that began then, and has ended or goes on."""
        trace, chance = new_id(), self._chance
        events: list[TraceEvent] = [
            TraceStarted(correlation_id=trace, timestamp=at, user_id=chance.choice(self.users)),
            RoutingDecided(correlation_id=trace, selected_agent=f"agent-{chance.randrange(3)}-{self._mark}"),
            self._step(trace, at),
        ]
        if chance.random() < 0.5:
            events.append(TraceCompleted(correlation_id=trace, timestamp=at + HOUR, success=chance.random() < 0.6))
        else:
            self._open.append((trace, at))
        await record(TraceWrites(self.graph), *events)

    def _step(self, trace: str, at: datetime) -> HookExecuted:
        return HookExecuted(
            correlation_id=trace,
            execution_id=new_id(),
            hook_type="ToolUse",
            tool_name=f"tool-{self._mark}",
            started_at=at,
            duration_ms=self._chance.random() * 50,
            success=self._chance.random() < 0.6,
        )

    async def tell_late(self) -> None:
        await self.tell(self.begin + self._chance.randrange(DAYS * 24) * HOUR)

    async def tell_today(self) -> None:
        await self.tell(self.today + self._chance.randrange(24) * HOUR)

    async def tell_more(self) -> None:
        """A trace goes on that may have begun long ago, or it ends."""
        if not self._open:
            return
        place, later = self._chance.randrange(len(self._open)), self._chance.randrange(1, 30) * HOUR
        trace, at = self._open[place]
        if self._chance.random() < 0.5:
            del self._open[place]
            await record(
                TraceWrites(self.graph), TraceCompleted(correlation_id=trace, timestamp=at + later, success=True)
            )
        else:
            await record(TraceWrites(self.graph), self._step(trace, at + later))

    async def remove(self) -> None:
        """A trace is gone for good."""
        if self._open:
            trace, _ = self._open.pop(self._chance.randrange(len(self._open)))
            remove = "MATCH (t:Trace {correlation_id: $id}) OPTIONAL MATCH (t)-[:RAN]->(h) DETACH DELETE h, t"
            await statement(self.graph, remove, id=trace)
            await self.graph.write(MARK, rows=[{"label": "Gone", "key": trace}], at=1)


async def as_an_older_program(graph: Graph) -> None:
    """The round that was counted last says nothing of what it has changed."""
    await statement(graph, "MATCH (r:UsageRound) SET r.changed_days = r.changed_days[1..] RETURN count(r) AS rounds")


async def told(buckets: Buckets, history: History) -> list[Any]:
    """All that can be asked, over windows of many kinds."""
    begin, today = history.begin, history.today
    users = [Subject(SubjectKind.USER, user) for user in history.users]
    windows = [
        Window(since=begin, until=today + DAY),
        Window(since=begin + 7 * HOUR, until=today + 20 * HOUR),
        Window(since=begin + 20 * DAY, until=today + 3 * DAY),
        Window(since=begin, until=today),
        Window(since=begin + 3 * DAY, until=begin + 4 * DAY + 5 * HOUR),
    ]
    found: list[Any] = []
    for window in windows:
        await buckets.basis(window, None)
        found += [
            await buckets.sums([EVERYTHING], window, ("user", "agent")),
            await buckets.sums(users[::-1], window),
            await buckets.series([EVERYTHING], window, Grain.DAY, dimensions=True),
            await buckets.series(users[:2], window, Grain.HOUR),
            await buckets.counts([users[3], EVERYTHING, users[0]], window, Grain.HOUR),
            await buckets.daily(SubjectKind.USER, window, 3),
            *[await buckets.ranked(SubjectKind.USER, window, limit) for limit in (1, 4, 100)],
            await buckets.ranked(SubjectKind.TOOL, window, 10),
            sorted(await buckets.totals(SubjectKind.USER, window, 100)),
            sorted((await buckets.costs(SubjectKind.USER, window, 100)).items()),
        ]
    return found


async def expect_the_same(graph: Graph, several: Collection[Buckets], history: History) -> None:
    anew = repr(await told(Buckets(UsageReads(graph), Rolling(graph, None)), history))
    for buckets in several:
        assert repr(await told(buckets, history)) == anew


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize(("seed", "most"), first_quick([(0, 2_000), (1, 2_000), (2, 3)]))
async def test_whatever_rounds_change_what_is_answered_is_what_is_read_at_once(
    graph: Graph, seed: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopgraph.orchestrators.analytics.buckets.MOST_RANKED", most)
    chance = Random(seed)
    history, rounds = History(graph, chance), Rounds(graph)
    processes = [(rolling := Rolling(graph, None), Buckets(Reads(graph), rolling)) for _ in range(2)]
    for _ in range(10):
        await history.tell_late()
    works = [history.tell_today, history.tell_late, history.tell_more, history.remove]
    for _ in range(20):
        for _ in range(chance.randrange(1, 3)):
            await chance.choices(works, [12, 2, 2, 1])[0]()
        await chance.choice(processes)[0].count_all()
        match chance.randrange(8):
            case 0:
                await as_an_older_program(graph)
            case 1:  # somebody begins to rebuild, and ends
                assert await rounds.hold((await rounds.current()).round, DAY)
                assert await rounds.hold((await rounds.current()).round, None)
        asked = [buckets for _, buckets in processes if chance.random() < 0.7]
        await expect_the_same(graph, asked, history)
    await expect_the_same(graph, [buckets for _, buckets in processes], history)


@pytest.mark.lengthy
async def test_of_what_is_asked_again_only_the_days_are_read_that_have_changed(graph: Graph) -> None:
    history, reads = History(graph, Random(1)), Reads(graph)
    month, today = (
        Window(since=history.begin, until=history.today + DAY),
        Window(since=history.today, until=history.today + DAY),
    )
    before = Window(since=month.since, until=history.today)
    buckets = Buckets(reads, Rolling(graph, None))
    await history.tell_late()

    async def ranks() -> list[Window]:
        """Over which windows users are ranked where a trace of today has been counted since."""
        await history.tell_today()
        await buckets.basis(month, None)
        reads.ranks.clear()
        found = await buckets.ranked(SubjectKind.USER, month, 3)
        assert found == await UsageReads(graph).ranked(SubjectKind.USER, month, Grain.DAY, 3)
        return list(reads.ranks)

    assert await ranks() == [month]
    assert await ranks() == [before, today]
    assert await ranks() == [today]
    assert await ranks() == [today]
    await history.tell(history.begin + 10 * DAY)
    assert await ranks() == [before, today]
    assert await ranks() == [today]


@pytest.mark.lengthy
async def test_what_is_over_is_not_read_again_while_today_is_counted(graph: Graph) -> None:
    history = History(graph, Random(2))
    week = Window(since=history.today - 7 * DAY, until=history.today)
    buckets = Buckets(UsageReads(graph), Rolling(graph, None))
    await history.tell(week.since)

    async def statements() -> int:
        await buckets.basis(week, None)
        before = graph.statements
        await buckets.sums([EVERYTHING], week)
        await buckets.daily(SubjectKind.USER, week, 3)
        await buckets.ranked(SubjectKind.USER, week, 3)
        return graph.statements - before

    assert await statements() == 3
    for _ in range(3):
        await history.tell_today()
        assert await statements() == 0
    await as_an_older_program(graph)
    assert await statements() == 3
    await history.tell(week.since + HOUR)
    assert await statements() == 3


@pytest.mark.lengthy
async def test_where_subjects_are_too_many_to_be_added_here_they_are_ranked_in_the_graph(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopgraph.orchestrators.analytics.buckets.MOST_RANKED", 1)
    history, reads = History(graph, Random(3)), Reads(graph)
    month = Window(since=history.begin, until=history.today + DAY)
    buckets = Buckets(reads, Rolling(graph, None))
    for _ in range(8):
        await history.tell_late()
    for _ in range(4):
        await history.tell_today()
        await buckets.basis(month, None)
        reads.ranks.clear()
        found = await buckets.ranked(SubjectKind.USER, month, 2)
        assert found == await UsageReads(graph).ranked(SubjectKind.USER, month, Grain.DAY, 2)
        assert len(found) == 2
    assert reads.ranks == [month]
