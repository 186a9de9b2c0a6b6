"""Outcomes that others report, on every engine: which count, for what, who sees them, and where they go with their traces."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from loopgraph.assets import query
from loopgraph.contracts.audit import EventFilter, EventType
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.loop.reported_outcomes import NewOutcome, ReportedOutcome
from loopgraph.contracts.traces.events import HookExecuted, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.loop.reported_outcomes import OutcomeReads, key_of
from loopgraph.errors import Conflict, NotFound
from support.access import mate, owned
from support.feedback import TESTER
from support.said import taking_outcomes
from support.traces import NOON, Traces, at, make_version, record

FIRST = Page(first=10)


@pytest.fixture
def reported(graph: Graph) -> Reported:
    return Reported(graph)


class Reported:
    """Outcomes on one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.reads = graph, OutcomeReads(graph)
        self.taking = taking_outcomes(graph)

    async def report(self, principal: Principal | None = None, **told: Any) -> ReportedOutcome:
        new = NewOutcome.model_validate({"name": "tests", "source": "ci", "holds": True, **told})
        outcome, _ = await self.taking.report(new, TESTER, principal)
        return outcome

    async def used(self, *node_ids: str, user: str | None = None, session: str | None = None) -> str:
        """A trace in which these versions were used, each by an execution ``<trace>-<number>``."""
        trace = new_id()
        hooks = [
            HookExecuted(
                correlation_id=trace,
                execution_id=f"{trace}-{number}",
                hook_type="Run",
                node_id=id_,
                started_at=at(number),
                duration_ms=1.0,
                success=True,
            )
            for number, id_ in enumerate(node_ids)
        ]
        start = TraceStarted(correlation_id=trace, session_id=session, user_id=user, timestamp=at(0))
        await record(Traces(self.graph), start, *hooks)
        return trace

    async def of_trace(self, trace: str) -> list[tuple[str, bool]]:
        page = (await self.reads.of_traces([trace], FIRST))[trace]
        assert not page.has_more
        return [(one.outcome.outcome_id, one.counts) for one in page.items]


async def test_an_outcome_is_kept_as_it_was_reported(reported: Reported) -> None:
    trace, id_ = await reported.used(), new_id()
    given = {
        "outcome_id": id_, "correlation_id": trace, "name": "reward", "source": "judge", "value": -2.5, "at": at(7),
        "rule": "exact: build", "evidence": "build 7", "metadata": {"a": [1]},
    }  # fmt: skip
    outcome = await reported.report(holds=None, **given)
    assert outcome.model_dump(exclude={"reported_at"}, exclude_none=True) == {
        **given, "actor_type": "user", "created_by": "tester",
    }  # fmt: skip
    [(kept, counts)] = [(one.outcome, one.counts) for one in (await reported.reads.by_id([id_, "none"], None)).values()]
    assert (kept, counts) == (outcome, True)
    page = await Events(reported.graph).page(EventFilter(correlation_id=trace), FIRST)
    [event] = [event for event in page.events if event.event_type is EventType.OUTCOME_REPORTED]
    assert event.data == {"outcome_id": id_, "name": "reward", "source": "judge", "value": -2.5}


async def test_the_same_again_changes_nothing(reported: Reported) -> None:
    trace, id_ = await reported.used(), new_id()
    new = NewOutcome(outcome_id=id_, correlation_id=trace, name="tests", source="ci", holds=False)
    answers = await asyncio.gather(*(reported.taking.report(new, TESTER, None) for _ in range(3)))
    assert sorted(repeated for _, repeated in answers) == [False, True, True]
    assert await reported.of_trace(trace) == [(id_, True)]
    with pytest.raises(Conflict, match="another outcome"):
        await reported.report(outcome_id=id_, correlation_id=trace)
    assert await reported.of_trace(trace) == [(id_, True)]


async def test_the_latest_of_a_source_counts_whenever_it_arrives(reported: Reported) -> None:
    trace = await reported.used()
    told = [("ci", "tests", 5), ("ci", "tests", 9), ("ci", "tests", 1), ("ci", "lint", 0), ("other", "tests", 0)]
    ids = [
        (await reported.report(correlation_id=trace, source=source, name=name, at=at(second))).outcome_id
        for source, name, second in told
    ]
    found = dict(await reported.of_trace(trace))
    assert [found[id_] for id_ in ids] == [False, True, False, True, True]


@pytest.mark.parametrize(
    ("about", "kind"),
    [
        ({"execution_id": "nothing-here"}, "HookExecution"),
        ({"correlation_id": "nothing-here"}, "Trace"),
        ({"session_id": "nothing-here"}, "Session"),
        ({"node_id": "nothing-here", "unit": "u"}, "PatternVersion"),
    ],
)
async def test_of_what_is_unknown_nothing_is_kept(reported: Reported, about: dict[str, str], kind: str) -> None:
    id_ = new_id()
    with pytest.raises(NotFound) as error:
        await reported.report(**about, outcome_id=id_)
    assert (error.value.kind, error.value.id) == (kind, "nothing-here")
    assert await reported.reads.by_id([id_], None) == {}


async def test_they_come_to_figures_of_the_versions_that_were_used(reported: Reported) -> None:
    one, other, session = await make_version(reported.graph), await make_version(reported.graph), new_id()
    first, second = await reported.used(one, one, session=session), await reported.used(one, other)
    await reported.report(correlation_id=first, at=at(1), holds=False)
    await reported.report(correlation_id=first, at=at(2), holds=True)  # corrects it
    await reported.report(execution_id=f"{second}-0", holds=False)
    await reported.report(session_id=session, name="reward", holds=None, value=3.0)
    await reported.report(node_id=one, unit="task-1", name="reward", holds=None, value=5.0)
    sums = await reported.taking.of_versions([one, other], None)
    figures = {figures.name: figures for figures in sums[one].figures}
    tests, reward = figures["tests"], figures["reward"]
    assert (tests.units, tests.outcomes, tests.mean, tests.boolean) == (2, 2, 0.5, True)
    assert (reward.units, reward.mean, reward.boolean) == (2, 4.0, False)
    assert sums[other].figures == ()


async def test_who_may_not_see_a_trace_sees_nothing_of_it(reported: Reported) -> None:
    version = await make_version(reported.graph)
    trace, ann, ben = await reported.used(version, user="ann"), mate("ann"), mate("ben")
    await owned(reported.graph)
    outcome = await reported.report(ann, correlation_id=trace)
    with pytest.raises(NotFound):
        await reported.report(ben, correlation_id=trace)
    assert await reported.reads.by_id([outcome.outcome_id], ben) == {}
    assert set(await reported.reads.by_id([outcome.outcome_id], ann)) == {outcome.outcome_id}
    assert [len((await reported.taking.of_versions([version], who))[version].figures) for who in (ann, ben)] == [1, 0]


async def test_pages_go_on_where_they_ended(reported: Reported) -> None:
    trace = await reported.used(await make_version(reported.graph))
    ids = [
        (await reported.report(correlation_id=trace, at=NOON + timedelta(minutes=minute))).outcome_id
        for minute in range(3)
    ]
    step = (await reported.report(execution_id=f"{trace}-0", at=NOON - timedelta(days=1))).outcome_id
    first = (await reported.reads.of_traces([trace], Page(first=2)))[trace]
    assert ([one.outcome.outcome_id for one in first.items], first.has_more) == ([ids[2], ids[1]], True)
    after = Page(first=5, after=key_of(first.items[-1]))
    rest = (await reported.reads.of_traces([trace], after))[trace]
    assert ([one.outcome.outcome_id for one in rest.items], rest.has_more) == ([ids[0], step], False)


async def test_outcomes_go_with_what_they_are_about(reported: Reported) -> None:
    was, into = await reported.used(), await reported.used()
    outcome = await reported.report(correlation_id=was)

    async def work(tx: Transaction) -> None:
        await tx.run(query("traces/hand_over_feedback"), provisional=was, into=into)

    await reported.graph.transaction(work)
    assert await reported.of_trace(was) == []
    assert await reported.of_trace(into) == [(outcome.outcome_id, True)]
    assert (await reported.reads.by_id([outcome.outcome_id], None))[outcome.outcome_id].outcome.correlation_id == into
