"""The exact path: what is counted is compared with the executions themselves, over windows that begin and end anywhere."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import numpy as np
import pytest

from loopgraph.computes.analytics.contribution import MEASURES, Contributions
from loopgraph.computes.definitions.choice import choose
from loopgraph.computes.success.own import OwnCriteria
from loopgraph.contracts.analytics.subjects import Dimension, Subject, SubjectKind
from loopgraph.contracts.analytics.windows import Exactness, Span, Window
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.effects.usage.executions import ExecutionReads
from loopgraph.effects.usage.facts import FactReads
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.errors import Forbidden, UserError
from loopgraph.orchestrators.analytics import exact as module
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.exact import Exact
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.reducers.histogram import RELATIVE_ERROR, index_of
from loopgraph.reducers.usage.performance import duration_figures
from support.access import mate
from support.quick import first_quick
from support.traces import make_version, record, statement
from support.usage import Work, own_day
from support.waiting import PATIENCE_S

JUDGE = OwnCriteria().judge
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CONTRIBUTIONS = Contributions(index_of)


class Desk:
    """The exact path on a graph, and the counts beside it."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.rolling, self.facts = Rolling(graph, JUDGE), FactReads(graph, MEASURES, JUDGE)
        self.buckets = Buckets(UsageReads(graph), self.rolling)
        self.exact = Exact(self.buckets, ExecutionReads(graph), self.facts, CONTRIBUTIONS)

    async def counted(self) -> None:
        assert await self.rolling.caught_up(PATIENCE_S) == 0


async def ran(graph: Graph, node_id: str, *runs: tuple[datetime, float]) -> list[str]:
    """Executions of a version, each in a trace of its own: when they began, and how many milliseconds they took."""
    traces = []
    for at, ms in runs:
        trace, end = new_id(), at + timedelta(milliseconds=ms)
        traces.append(trace)
        await record(
            TraceWrites(graph),
            TraceStarted(correlation_id=trace, timestamp=at, user_id=f"user|{node_id}"),
            HookExecuted(
                correlation_id=trace, execution_id=new_id(), hook_type="Check", tool_name=f"tool|{node_id}", node_id=node_id,
                started_at=at, completed_at=end, duration_ms=ms, success=ms < 400,
            ),
            TraceCompleted(correlation_id=trace, timestamp=end, success=True, duration_ms=ms),
        )  # fmt: skip
    return traces


def subjects_of(node_id: str) -> list[Subject]:
    return [
        Subject(SubjectKind.PATTERN_VERSION, node_id),
        Subject(SubjectKind.USER, f"user|{node_id}"),
        Subject(SubjectKind.TOOL, f"tool|{node_id}", "Check"),
    ]


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_percentiles_are_those_of_the_durations_and_windows_begin_and_end_anywhere(graph: Graph) -> None:
    desk, node_id, day, chance = Desk(graph), await make_version(graph), own_day(), random.Random(7)
    runs = [(day + timedelta(seconds=chance.uniform(0, 86_400)), chance.lognormvariate(5, 1)) for _ in range(60)]
    await ran(graph, node_id, *runs)
    await desk.counted()
    for since, until in ((0.0, 86_400.0), (5_000.25, 70_003.5), (40_000.0, 42_000.0), (7_300.0, 7_900.0)):
        span = Span(day + timedelta(seconds=since), day + timedelta(seconds=until))
        within = [ms for at, ms in runs if span.since <= at < span.until]
        for subject in subjects_of(node_id):
            found = await desk.exact.resolved([subject], span, None)
            assert (found.basis.exactness, found.basis.relative_error) == (Exactness.EXACT, 0.0), subject
            assert (found.basis.since, found.basis.until) == span
            sums = found.sums[subject]
            assert sums.executions == len(within)
            if subject.kind is SubjectKind.PATTERN_VERSION:
                assert sums.failures == sum(ms >= 400 for ms in within)
            figures = duration_figures(sums)
            for q, value in ((0, figures.min_ms), (50, figures.p50_ms), (95, figures.p95_ms), (100, figures.max_ms)):
                if within:
                    assert value == pytest.approx(np.percentile(within, q), abs=0.000_51)
                else:
                    assert value is None


@pytest.mark.lengthy
async def test_of_many_executions_whole_hours_are_told(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, node_id, day = Desk(graph), await make_version(graph), own_day()
    runs = [(day + timedelta(minutes=13 * number), 100.0 + number) for number in range(30)]
    await ran(graph, node_id, *runs)
    await desk.counted()
    span = Span(day + timedelta(minutes=20), day + timedelta(minutes=200))
    for bound, since, exactness in (
        ("MOST_TIMED", span.since, Exactness.BUCKETED),
        ("MOST_AT_AN_EDGE", day, Exactness.BUCKETED),
        ("MOST_SUBJECTS", day, Exactness.BUCKETED),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, bound, 0)
            for subject in subjects_of(node_id):
                found = await desk.exact.resolved([subject], span, None)
                assert (found.basis.since, found.basis.exactness) == (since, exactness)
                assert found.basis.relative_error == RELATIVE_ERROR
                until = found.basis.until
                within = [ms for at, ms in runs if since <= at < until]
                assert found.sums[subject].executions == len(within)
                p95 = duration_figures(found.sums[subject]).p95_ms
                assert p95 == pytest.approx(np.percentile(within, 95), rel=RELATIVE_ERROR)
    with monkeypatch.context() as patch:
        patch.setattr(module, "MOST_TRACES", 0)  # patterns have an index of their own
        exactness = [
            (await desk.exact.resolved([subject], span, None)).basis.exactness for subject in subjects_of(node_id)
        ]
        assert exactness == [Exactness.EXACT, Exactness.BUCKETED, Exactness.BUCKETED]


@pytest.mark.lengthy
async def test_of_many_executions_nothing_more_is_asked_for(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """And of few, a bounded number of statements: that of the versions of a pattern."""
    node_id, day = await make_version(graph), own_day()
    await ran(graph, node_id, *((day + timedelta(minutes=20 * number), 100.0) for number in range(4)))
    await Desk(graph).counted()
    window = Window(since=day, until=day + DAY)

    async def asked(subject: Subject | None) -> int:
        before, desk = graph.statements, Desk(graph)  # another one each time: what was read is remembered
        if subject is None:
            await desk.buckets.basis(window, None)
            await desk.buckets.sums(subjects_of(node_id)[:1], window)
        else:
            await desk.exact.resolved([subject], Span(window.since, window.until), None)
        return graph.statements - before

    counts = await asked(None)
    assert [await asked(subject) - counts for subject in subjects_of(node_id)] == [1, 2, 2]
    monkeypatch.setattr(module, "MOST_TIMED", 3)
    assert [await asked(subject) - counts for subject in subjects_of(node_id)] == [0, 0, 0]


@pytest.mark.lengthy
async def test_where_executions_and_counts_differ_the_counts_are_told(graph: Graph) -> None:
    """As where a trace was pruned: its executions are gone, and are counted."""
    desk, node_id, day = Desk(graph), await make_version(graph), own_day()
    gone, _ = await ran(graph, node_id, (day + timedelta(minutes=5), 100.0), (day + timedelta(minutes=50), 300.0))
    await desk.counted()
    await statement(graph, "MATCH (t:Trace {correlation_id: $id})-[:RAN]->(h) DETACH DELETE t, h", id=gone)
    subject = Subject(SubjectKind.PATTERN_VERSION, node_id)
    for span in (Span(day, day + HOUR), Span(day + timedelta(minutes=30), day + HOUR)):
        found = await desk.exact.resolved([subject], span, None)
        assert (found.basis.since, found.basis.exactness) == (day, Exactness.BUCKETED)
        assert (found.sums[subject].executions, found.sums[subject].timed_us) == (2, None)


async def test_an_execution_that_cannot_be_told_breaks_no_answer(
    graph: Graph, caplog: pytest.LogCaptureFixture
) -> None:
    """Counting has passed over its trace, and so the answer is what was counted of the others."""
    desk, node_id, day = Desk(graph), await make_version(graph), own_day()
    await ran(graph, node_id, (day + timedelta(minutes=5), 100.0))
    await desk.counted()
    unsound, user = new_id(), Subject(SubjectKind.USER, f"user|{node_id}")
    await record(
        TraceWrites(graph),
        TraceStarted(correlation_id=unsound, timestamp=day + timedelta(minutes=6), user_id=user.name),
    )
    await statement(
        graph,
        "MATCH (t:Trace {correlation_id: $id}) CREATE (t)-[:RAN]->(:HookExecution {execution_id: $id, "
        "pattern_type: 'skill', node_id: 'n', status: 'success', created_at: $at})",
        id=unsound,
        at=day,
    )
    try:
        await desk.counted()
        found = await desk.exact.resolved([user], Span(day, day + timedelta(minutes=30)), None)
        assert (found.basis.exactness, found.sums[user].executions) == (Exactness.BUCKETED, 1)
        assert "what was counted is the answer" in caplog.text
    finally:
        await statement(graph, "MATCH (h:HookExecution {execution_id: $id}) DETACH DELETE h", id=unsound)


async def test_who_may_see_only_what_is_theirs_is_refused(graph: Graph) -> None:
    day = own_day()
    with pytest.raises(Forbidden):
        await Desk(graph).exact.resolved([], Span(day, day + DAY), mate("somebody"))


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", first_quick(range(4)))
async def test_both_paths_agree_on_work_of_all_kinds(graph: Graph, seed: int) -> None:
    """On counts and sums exactly, on percentiles within the bound; and parts of a window add up to the whole."""
    chance, desk = random.Random(seed), Desk(graph)
    work = Work(own_day(), chance)
    await work.define(graph)
    outcomes = await TraceWrites(graph, choosing=choose).record(work.events(), received_at=work.day)
    assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]
    await desk.counted()
    facts = await desk.facts.facts(work.traces)
    parts = [part for one in facts.values() for part in CONTRIBUTIONS.of(one)]
    subjects = sorted({subject for part in parts for subject in part.subjects})
    assert {subject.kind for subject in subjects} == set(SubjectKind)
    day = Window(since=work.day, until=work.day + DAY)
    counted = await desk.buckets.sums(subjects, day, list(Dimension))
    for subject in subjects:
        whole = await desk.exact.resolved([subject], Span(day.since, day.until), None)
        is_exact = whole.basis.exactness is Exactness.EXACT
        assert is_exact == (subject.kind is not SubjectKind.PATTERN_TYPE)
        apart = (await desk.exact.told_apart(whole, [subject], list(Dimension)))[subject]
        assert module._plain(apart) == module._plain(counted[subject])
        assert apart.dimensions == counted[subject].dimensions
        if not is_exact:
            continue
        near, far = duration_figures(apart), duration_figures(counted[subject])
        assert near.count == far.count
        for name in ("min_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms") if near.count else ():
            assert getattr(far, name) == pytest.approx(getattr(near, name), rel=RELATIVE_ERROR)
        cut = work.day + timedelta(seconds=chance.uniform(1, 86_399))
        halves = [
            await desk.exact.resolved([subject], span, None) for span in (Span(day.since, cut), Span(cut, day.until))
        ]
        assert [half.basis.exactness for half in halves] == [Exactness.EXACT] * 2
        told = [(await desk.exact.told_apart(half, [subject], list(Dimension)))[subject] for half in halves]
        joined = module.total(told)
        assert module._plain(joined) == module._plain(counted[subject])
        assert joined.dimensions == counted[subject].dimensions
        timed = [us for half in told for us in half.timed_us or ()]
        assert sorted(timed) == list(apart.timed_us or ())
