"""Versions under watch after they were applied, on real engines: every execution is recorded as a client's would be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from loopgraph.contracts.audit import EventFilter, EventType, LineageEvent
from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.patterns import Direction, PatternStatus, PatternVersion, RelationshipType
from loopgraph.contracts.loop.feedback import ImprovementStatus, Metric, RunStatus
from loopgraph.contracts.loop.watching import RegressionReview, Watch, WatchRules, WatchStatus
from loopgraph.contracts.statistics.decisions import GuardrailStatus
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.loop import watches
from loopgraph.effects.loop.watches import WatchReads
from loopgraph.errors import Conflict, InvalidTransition
from loopgraph.orchestrators.loop import watching
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.watching import VersionWatcher
from loopgraph.settings import Rollback
from support.feedback import TESTER, Subject, make_subject
from support.interleaving import Standing
from support.quick import first_quick
from support.traces import statement
from support.watching import FAST, SLOW, SLOWER, applied, used


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


def watcher(subject: Subject, graph: Any = None, **how: Any) -> VersionWatcher:
    return VersionWatcher(graph or subject.graph, 10, **how)


async def watch_of(subject: Subject, node_id: str) -> Watch:
    return (await WatchReads(subject.graph).of_versions([node_id]))[node_id]


async def versions(subject: Subject) -> list[PatternVersion]:
    """The pattern's versions, the oldest first."""
    found = await LineageReads(subject.graph).versions_pages([subject.pattern_id], 20, None)
    return sorted(found[subject.pattern_id].versions, key=lambda version: version.version)


async def current(subject: Subject) -> str | None:
    return (await LineageReads(subject.graph).patterns([subject.pattern_id]))[subject.pattern_id].current_node_id


async def events(subject: Subject, *types: EventType) -> list[LineageEvent]:
    page = await Events(subject.graph).page(
        EventFilter(pattern_id=subject.pattern_id, event_types=frozenset(types)), Page(first=100)
    )
    return list(reversed(page.events))


@pytest.mark.lengthy
async def test_what_regresses_is_rolled_back_with_its_evidence(subject: Subject) -> None:
    improvement = await applied(subject)
    node_id = improvement.candidate_node_id
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    assert (watch.status, watch.metric, watch.finding.units) == (WatchStatus.WATCHING, Metric.DURATION_MS, 0)
    assert watch.proof.treatment.metric.mean == pytest.approx(FAST, abs=5)
    assert watch.proof.control.metric.mean == pytest.approx(SLOW, abs=5)
    assert watch.restores_node_id == subject.node_id

    await used(subject, node_id, 9, SLOWER)
    await watcher(subject).look()
    assert (await watch_of(subject, node_id)).finding.units == 9
    assert await current(subject) == node_id

    await used(subject, node_id, 12, SLOWER)
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    assert (watch.status, watch.review, watch.ended_by) == (WatchStatus.ROLLED_BACK, None, "loop")
    assert (watch.finding.units, watch.finding.breached) == (12, (Metric.DURATION_MS,))
    guard = watch.finding.metric_guard
    assert guard is not None
    assert guard.loss == pytest.approx(SLOWER / FAST - 1, abs=0.3)
    assert guard.loss_interval is not None
    assert guard.loss_interval[0] > guard.margin.value

    first, regressed, restored = await versions(subject)
    assert (regressed.node_id, regressed.status) == (node_id, PatternStatus.DEPRECATED)
    assert (restored.template_code, restored.parameters) == (first.template_code, first.parameters)
    assert restored.status is PatternStatus.ACTIVE
    assert await current(subject) == restored.node_id == watch.restored_node_id
    assigned = await Assignments(subject.graph).assign_variant(subject.pattern_id, "next")
    assert (assigned.node_id, assigned.template_code) == (restored.node_id, first.template_code)
    edges = await LineageReads(subject.graph).edges([restored.node_id], Direction.ANCESTORS, list(RelationshipType))
    assert {(edge.source_node_id, edge.relationship_type) for edge in edges} == {
        (first.node_id, RelationshipType.DERIVED_FROM),
        (node_id, RelationshipType.DEPRECATED_BY),
    }
    [replaced] = [edge for edge in edges if edge.relationship_type is RelationshipType.DEPRECATED_BY]
    assert replaced.metadata["metric_loss_interval"] == pytest.approx(list(guard.loss_interval))
    assert (replaced.metadata["units"], replaced.metadata["watch_id"]) == (12, watch.watch_id)
    [event] = await events(subject, EventType.VERSION_ROLLED_BACK)
    assert (event.node_id, event.edge_id) == (node_id, replaced.edge_id)
    assert event.data["metric_loss"] == pytest.approx(guard.loss)
    again = await subject.reads.improvement(improvement.improvement_id)
    assert again.status is ImprovementStatus.ROLLED_BACK

    # The proof of the rollback is a path, and what is recorded later is no part of it.
    await used(subject, node_id, 3, 1.0)
    proof = await statement(
        subject.graph,
        """
        MATCH (v:PatternVersion {node_id: $node_id})<-[:ROLLED_BACK_TO]-(w:Watch)-[:WATCHES]->(r:PatternVersion)
        MATCH (w)-[:AGAINST]->(d:Decision)-[:APPROVED]->(r)
        MATCH (h:HookExecution)-[u:USED {watch_id: w.watch_id}]->(r)
        RETURN d.experiment_id AS experiment_id, count(h) AS executions, count(DISTINCT h.unit) AS units
        """,
        node_id=restored.node_id,
    )
    assert proof == [{"experiment_id": watch.experiment_id, "executions": 21, "units": 12}]


@pytest.mark.lengthy
async def test_what_holds_is_left_in_use(subject: Subject) -> None:
    node_id = (await applied(subject)).candidate_node_id
    rules = WatchRules(max_units=40, margin=0.5, rate_margin=0.4)
    await watcher(subject, rules=rules).look()
    await used(subject, node_id, 39, FAST)
    await watcher(subject).look()
    assert (await watch_of(subject, node_id)).status is WatchStatus.WATCHING
    await used(subject, node_id, 1, FAST + 1)
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    assert (watch.status, watch.finding.units, watch.ended_by) == (WatchStatus.HELD, 40, "loop")
    assert watch.finding.metric_guard is not None
    assert watch.finding.metric_guard.status is GuardrailStatus.HELD
    assert [event.data["status"] for event in await events(subject, EventType.WATCH_ENDED)] == ["held"]
    assert await current(subject) == node_id
    await used(subject, node_id, 30, SLOWER)
    await watcher(subject).look()
    assert await current(subject) == node_id


@pytest.mark.lengthy
async def test_a_watch_whose_time_is_over_says_whether_anything_was_shown(subject: Subject) -> None:
    node_id = (await applied(subject)).candidate_node_id
    await watcher(subject).look()
    await statement(
        subject.graph, "MATCH (w:Watch {node_id: $n}) SET w.ends_at = $at RETURN 1 AS n", n=node_id, at=now()
    )
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    assert (watch.status, watch.finding.units) == (WatchStatus.EXPIRED, 0)
    assert watch.ended_at is not None


@pytest.mark.lengthy
async def test_a_version_that_always_fails_is_rolled_back_though_it_reports_no_duration(subject: Subject) -> None:
    node_id = (await applied(subject)).candidate_node_id
    await watcher(subject).look()
    await used(subject, node_id, 12, FAST, error_type="ValueError")
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    assert (watch.status, watch.finding.breached) == (WatchStatus.ROLLED_BACK, (Metric.SUCCESS_RATE,))


@pytest.mark.lengthy
async def test_what_is_worse_than_its_proof_and_better_than_the_control_waits_for_a_person(subject: Subject) -> None:
    improvement = await applied(subject)
    node_id = improvement.candidate_node_id
    await watcher(subject).look()
    await used(subject, node_id, 30, 75.0)
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    assert (watch.status, watch.review) == (WatchStatus.REGRESSED, RegressionReview.STILL_BETTER)
    assert await current(subject) == node_id
    dismissed = await watcher(subject).dismiss_regression(watch.watch_id, "faster than before", TESTER)
    assert (dismissed.status, dismissed.ended_by, dismissed.note) == (
        WatchStatus.DISMISSED, "tester", "faster than before",
    )  # fmt: skip
    with pytest.raises(InvalidTransition):
        await watcher(subject).approve_rollback(watch.watch_id, TESTER)
    assert len(await versions(subject)) == 2
    [event] = await events(subject, EventType.REGRESSION_DISMISSED)
    assert event.actor_id == "tester"


@pytest.mark.lengthy
async def test_by_setting_a_reviewer_rolls_back(subject: Subject, caplog: pytest.LogCaptureFixture) -> None:
    node_id = (await applied(subject)).candidate_node_id
    telling = {"rollback": Rollback.REVIEW}
    await watcher(subject, **telling).look()
    await used(subject, node_id, 12, SLOWER)
    await watcher(subject, **telling).look()
    watch = await watch_of(subject, node_id)
    assert (watch.status, watch.review) == (WatchStatus.REGRESSED, RegressionReview.ASKED_FOR)
    assert len(await events(subject, EventType.VERSION_REGRESSED)) == 1
    assert [record.levelname for record in caplog.records if watch.watch_id in record.getMessage()] == ["WARNING"]
    done = await asyncio.gather(
        *(watcher(subject).approve_rollback(watch.watch_id, TESTER, "slow indeed") for _ in range(3)),
        return_exceptions=True,
    )
    [rolled_back] = [one for one in done if isinstance(one, Watch)]
    assert [type(one) for one in done if one is not rolled_back] == [InvalidTransition] * 2
    assert (rolled_back.status, rolled_back.ended_by, rolled_back.note) == (
        WatchStatus.ROLLED_BACK, "tester", "slow indeed",
    )  # fmt: skip
    assert await current(subject) == rolled_back.restored_node_id
    assert len(await versions(subject)) == 3


@pytest.mark.lengthy
async def test_where_another_version_came_into_use_nothing_is_rolled_back(subject: Subject) -> None:
    node_id = (await applied(subject)).candidate_node_id
    await watcher(subject, rollback=Rollback.REVIEW).look()
    await used(subject, node_id, 12, SLOWER)
    await watcher(subject, rollback=Rollback.REVIEW).look()
    await Lineage(subject.graph).make_current(subject.node_id, TESTER)
    watch = await watch_of(subject, node_id)
    with pytest.raises(Conflict):
        await watcher(subject).approve_rollback(watch.watch_id, TESTER)
    await watcher(subject).look()
    assert (await watch_of(subject, node_id)).status is WatchStatus.SUPERSEDED
    assert await current(subject) == subject.node_id
    assert len(await versions(subject)) == 2


@pytest.mark.lengthy
async def test_the_control_of_a_new_experiment_is_watched_and_its_treatment_is_not(subject: Subject) -> None:
    node_id = (await applied(subject)).candidate_node_id
    await watcher(subject).look()
    candidate = await subject.propose("print('better still')")
    run = await subject.advance(await subject.start())
    await subject.work(24, {node_id: SLOWER, candidate.candidate_node_id: SLOWER})
    assert run.status is RunStatus.WAITING
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    [experiment] = (await subject.reads.experiments_of_improvements([candidate.improvement_id])).popitem()[1]
    [count] = await statement(
        subject.graph,
        "MATCH (h:HookExecution {experiment_id: $e}) WHERE h.arm = 'control' RETURN count(h) AS control",
        e=experiment.experiment_id,
    )
    assert 0 < watch.finding.units == count["control"] < 24


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_look_takes_as_many_statements_for_many_watches_as_for_one(graph: Graph) -> None:
    async def looked(subjects: int) -> int:
        for _ in range(subjects):
            subject = await make_subject(graph)
            node_id = (await applied(subject)).candidate_node_id
            await VersionWatcher(graph, 10).look()
            await used(subject, node_id, 2, FAST)
        before = graph.statements
        await VersionWatcher(graph, 10).look()
        return graph.statements - before

    one = await looked(1)
    assert await looked(3) == one


@pytest.mark.lengthy
async def test_processes_that_look_at_once_roll_back_once(subject: Subject) -> None:
    node_id = (await applied(subject)).candidate_node_id
    await asyncio.gather(*(watcher(subject).look() for _ in range(3)))
    await used(subject, node_id, 12, SLOWER)
    await asyncio.gather(*(watcher(subject).look() for _ in range(3)))
    assert (await watch_of(subject, node_id)).status is WatchStatus.ROLLED_BACK
    assert [version.version for version in await versions(subject)] == [1, 2, 3]
    assert len(await events(subject, EventType.VERSION_ROLLED_BACK)) == 1


class Killed(Exception):
    """The process is gone."""


class Dying:
    """A graph whose process is killed before its ``last``-th statement."""

    def __init__(self, graph: Graph, last: int) -> None:
        self._graph, self.left = graph, last

    def _one_more(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed

    async def read(self, *statement: Any, **parameters: Any) -> Any:
        self._one_more()
        return await self._graph.read(*statement, **parameters)

    async def write(self, *statement: Any, **parameters: Any) -> Any:
        self._one_more()
        return await self._graph.write(*statement, **parameters)

    async def transaction(self, work: Callable[[Any], Any], **how: Any) -> Any:
        return await self._graph.transaction(lambda tx: work(_DyingTransaction(tx, self)), **how)


class _DyingTransaction:
    def __init__(self, tx: Any, graph: Dying) -> None:
        self._tx, self._graph = tx, graph

    async def run(self, *statement: Any, **parameters: Any) -> Any:
        self._graph._one_more()
        return await self._tx.run(*statement, **parameters)

    async def write(self, statement: Any, rows: Any, **parameters: Any) -> None:
        self._graph._one_more()
        await self._tx.write(statement, rows, **parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_kill_between_any_two_statements_leaves_what_goes_on(subject: Subject) -> None:
    """From a decision whose version is not watched yet to the rollback: whatever is cut off, the next one rolls back, once."""
    node_id = (await applied(subject)).candidate_node_id
    await used(subject, node_id, 12, SLOWER)
    killed = 0
    while True:
        graph = Dying(subject.graph, killed)
        try:
            await watcher(subject, graph).look()
        except Killed:
            killed += 1
            found = await WatchReads(subject.graph).of_versions([node_id])
            assert all(watch.status is WatchStatus.WATCHING for watch in found.values())
            assert (await current(subject), len(await versions(subject))) == (node_id, 2)
        else:
            break
    assert killed > 15
    assert (await watch_of(subject, node_id)).status is WatchStatus.ROLLED_BACK
    assert [version.version for version in await versions(subject)] == [1, 2, 3]
    assert len(await events(subject, EventType.VERSION_ROLLED_BACK)) == 1


@pytest.mark.lengthy
@pytest.mark.parametrize("behind", first_quick([1, 2, 4, 6, 9, 14]))
@pytest.mark.parametrize("other", ["look", "make_current"])
async def test_a_rollback_that_stands_still_anywhere_is_done_once(subject: Subject, other: str, behind: int) -> None:
    """Behind one of its statements another process looks as well, or puts the old version into use."""
    node_id = (await applied(subject)).candidate_node_id
    await watcher(subject).look()
    await used(subject, node_id, 12, SLOWER)

    async def meanwhile() -> None:
        if other == "look":
            await watcher(subject).look()
        else:
            await Lineage(subject.graph).make_current(subject.node_id, TESTER)

    standing = _Readable(subject.graph, behind, meanwhile)
    await watcher(subject, standing).look()
    assert standing.other is not None
    await standing.other
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    made = len(await versions(subject)) - 2
    assert watch.status in (WatchStatus.ROLLED_BACK, WatchStatus.SUPERSEDED)
    assert made == (watch.status is WatchStatus.ROLLED_BACK)
    if other == "look":
        assert made == 1
    else:
        assert await current(subject) == subject.node_id
    assert len(await events(subject, EventType.VERSION_ROLLED_BACK)) == made


class _Readable(Standing):
    async def read(self, *statement: Any, **parameters: Any) -> Any:
        return await self._graph.read(*statement, **parameters)

    async def write(self, *statement: Any, **parameters: Any) -> Any:
        return await self._graph.write(*statement, **parameters)


@pytest.mark.lengthy
async def test_what_a_reviewer_approved_is_watched_against_its_experiment_and_what_nobody_tested_is_not(
    subject: Subject,
) -> None:
    improvement = await subject.propose()
    run = await subject.advance(await subject.start(auto_apply_threshold=1.0))
    await subject.work(60, {subject.node_id: SLOW, improvement.candidate_node_id: FAST})
    await subject.advance(run)
    await subject.loop.approve_improvement(improvement.improvement_id, TESTER)
    untested = await subject.propose("print('untested')")
    await subject.advance(await subject.start(enable_ab_testing=False))
    await watcher(subject).look()
    watch = await watch_of(subject, improvement.candidate_node_id)
    assert watch.status is WatchStatus.WATCHING
    assert watch.proof.treatment.metric.mean == pytest.approx(FAST, abs=5)
    assert watch.proof.treatment.metric.n + watch.proof.control.metric.n == 60
    assert watch.restores_node_id == subject.node_id
    await subject.loop.approve_improvement(untested.improvement_id, TESTER)
    await watcher(subject).look()
    assert await WatchReads(subject.graph).of_versions([untested.candidate_node_id]) == {}
    assert (await watch_of(subject, improvement.candidate_node_id)).status is WatchStatus.SUPERSEDED


@pytest.mark.lengthy
async def test_executions_from_before_it_was_applied_do_not_count(subject: Subject) -> None:
    node_id = (await applied(subject)).candidate_node_id
    await watcher(subject).look()
    await used(subject, node_id, 12, SLOWER, started_at=now() - timedelta(days=1))
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    assert (watch.status, watch.finding.executions) == (WatchStatus.WATCHING, 0)


@pytest.mark.lengthy
async def test_a_version_that_only_hangs_is_rolled_back(subject: Subject) -> None:
    node_id = (await applied(subject)).candidate_node_id
    await watcher(subject).look()
    await used(subject, node_id, 80, SLOWER, duration_ms=None, success=None)
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    assert (watch.status, watch.finding.units) == (WatchStatus.WATCHING, 0)
    await watcher(subject, execution_timeout=timedelta(milliseconds=1)).look()
    watch = await watch_of(subject, node_id)
    assert (watch.status, watch.finding.units) == (WatchStatus.ROLLED_BACK, 80)
    assert watch.finding.breached == (Metric.SUCCESS_RATE,)


@pytest.mark.lengthy
async def test_what_the_treatment_had_in_flight_reaches_the_watch(subject: Subject) -> None:
    improvement = await applied(subject)
    node_id, began = improvement.candidate_node_id, now() - timedelta(minutes=5)
    [experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
    await watcher(subject).look()
    late = {"experiment_id": experiment.experiment_id, "started_at": began, "error_type": "Timeout"}
    await subject.record(node_id, [50.0] * 12, **late)
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    assert (watch.finding.units, watch.finding.executions) == (12, 12)
    assert (watch.status, watch.finding.breached) == (WatchStatus.ROLLED_BACK, (Metric.SUCCESS_RATE,))
    page = await WatchReads(subject.graph).executions([watch.watch_id], Page(first=50), None)
    assert len(page[watch.watch_id].evidence) == 12


@pytest.mark.lengthy
async def test_a_version_that_runs_more_often_than_is_looked_at_is_not_watched_for_nothing(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (watching, watches):
        monkeypatch.setattr(module, "MOST_EXECUTIONS", 30)
    node_id = (await applied(subject)).candidate_node_id
    await watcher(subject).look()
    await used(subject, node_id, 29, FAST, unit="one")
    await watcher(subject).look()
    assert (await watch_of(subject, node_id)).status is WatchStatus.WATCHING
    await used(subject, node_id, 5, FAST, unit="one")
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    assert (watch.status, watch.note) == (
        WatchStatus.EXPIRED,
        "it ran 30 times in 1 unit: what came later is not looked at",
    )


@pytest.mark.lengthy
async def test_failures_without_a_unit_do_not_roll_back_what_was_proven_by_units(subject: Subject) -> None:
    node_id = (await applied(subject)).candidate_node_id
    await watcher(subject).look()
    for number in range(12):
        trace = f"{subject.pattern_id}-elsewhere-{number}"
        await used(subject, node_id, 1, FAST, unit=None, correlation_id=trace, error_type="Broken")
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    assert watch.status is WatchStatus.WATCHING
    assert (watch.finding.units, watch.finding.executions, watch.finding.unnamed) == (0, 0, 12)
    await used(subject, node_id, 12, FAST, error_type="Broken")
    await watcher(subject).look()
    watch = await watch_of(subject, node_id)
    assert (watch.status, watch.finding.units, watch.finding.unnamed) == (WatchStatus.ROLLED_BACK, 12, 12)
