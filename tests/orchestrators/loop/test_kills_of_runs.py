"""A run whose process dies between any two of its statements goes on elsewhere, and what it decides is applied once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from loopgraph.contracts.audit import EventFilter, EventType
from loopgraph.contracts.base import Page
from loopgraph.contracts.loop.assignment import assign_among
from loopgraph.contracts.loop.design import ExperimentDesign
from loopgraph.contracts.loop.feedback import (
    Arm,
    FeedbackRun,
    Improvement,
    ImprovementStatus,
    Reason,
    RunStatus,
    Verdict,
)
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.errors import UserError
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from support.feedback import ENOUGH, TESTER, Subject, make_subject
from support.quick import first_quick
from support.traces import Traces, statement

pytestmark = pytest.mark.slow


class Killed(Exception):
    """The process is gone."""


class Dying:
    """A graph whose process dies before its statement of this number; what was not committed is lost.

    A commit counts as one, too: it is made then, and nobody is told.
    """

    def __init__(self, graph: Graph, statements: int) -> None:
        self._graph, self._left = graph, statements

    def __getattr__(self, name: str) -> Any:
        return getattr(self._graph, name)

    def count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Killed

    async def read(self, query: Any, /, **parameters: Any) -> Any:
        self.count()
        return await self._graph.read(query, **parameters)

    async def write(self, query: Any, /, **parameters: Any) -> Any:
        self.count()
        rows = await self._graph.write(query, **parameters)
        self.count()
        return rows

    async def transaction(self, work: Callable[[Any], Awaitable[Any]], *access: Any, **how: Any) -> Any:
        result = await self._graph.transaction(lambda tx: work(_Counted(tx, self)), *access, **how)
        self.count()
        return result


class _Counted:
    """A transaction whose statements count."""

    def __init__(self, tx: Any, dying: Dying) -> None:
        self._tx, self._dying = tx, dying

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def run(self, *statement: Any, **parameters: Any) -> Any:
        self._dying.count()
        return await self._tx.run(*statement, **parameters)

    async def write(self, statement: Any, rows: Sequence[Any], **parameters: Any) -> None:
        self._dying.count()
        await self._tx.write(statement, rows, **parameters)


async def go_on(loop: FeedbackLoop, run_id: str) -> FeedbackRun:
    """The run as far as it goes without more executions."""
    revision, run = 0, await loop.advance(run_id)
    while run.status.open and run.revision != revision:
        revision, run = run.revision, await loop.advance(run_id)
    return run


async def die_and_go_on(graph: Graph, run_id: str, statements: int) -> bool:
    """Lets a process die, and another go on; whether the first one died at all."""
    try:
        await go_on(FeedbackLoop(Dying(graph, statements)), run_id)  # type: ignore[arg-type]
        died = False
    except Killed:
        died = True
    await go_on(FeedbackLoop(graph), run_id)
    return died


async def tell(subject: Subject, improvement: Improvement) -> None:
    """What the experiment needs: the candidate is faster."""
    [experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id]))[
        improvement.improvement_id
    ]
    for node_id, slow in ((subject.node_id, 100.0), (improvement.candidate_node_id, 50.0)):
        durations = [slow + step for step in range(ENOUGH)]
        await subject.record(node_id, durations, experiment_id=experiment.experiment_id)


async def check_that_it_was_applied_once(subject: Subject, improvement: Improvement, run: FeedbackRun) -> None:
    ended = await subject.reads.run(run.run_id)
    assert (ended.status, ended.improvements_applied) == (RunStatus.COMPLETED, 1)
    found = await subject.reads.improvement(improvement.improvement_id)
    assert found.status is ImprovementStatus.APPLIED
    experiments = (await subject.reads.experiments_of_improvements([improvement.improvement_id]))[
        improvement.improvement_id
    ]
    [experiment] = [item for item in experiments if item.concluded_at is not None]
    assert experiments == [experiment]
    decisions = await subject.reads.decisions_of_improvements([improvement.improvement_id])
    [decision] = decisions[improvement.improvement_id]
    [pattern] = (await LineageReads(subject.graph).patterns([subject.pattern_id])).values()
    assert pattern.current_node_id == improvement.candidate_node_id
    [edges] = await statement(
        subject.graph,
        "MATCH (:PatternVersion {node_id: $old})-[e:IMPROVED_VERSION]->(:PatternVersion {node_id: $new}) "
        "RETURN count(e) AS edges",
        old=subject.node_id,
        new=improvement.candidate_node_id,
    )
    assert edges == {"edges": 1}
    [evidence] = await statement(
        subject.graph,
        "MATCH (h:HookExecution {experiment_id: $id})-[u:USED]->() WHERE u.decision_id = $decision RETURN count(h) AS executions",
        id=experiment.experiment_id,
        decision=decision.decision_id,
    )
    assert evidence == {"executions": 2 * ENOUGH}
    page = await Events(subject.graph).page(EventFilter(pattern_id=subject.pattern_id), Page(first=100))
    types = [event.event_type for event in page.events]
    once = (
        EventType.FEEDBACK_RUN_STARTED,
        EventType.EXPERIMENT_STARTED,
        EventType.EXPERIMENT_CONCLUDED,
        EventType.IMPROVEMENT_APPLIED,
        EventType.FEEDBACK_RUN_COMPLETED,
    )
    assert {kind: types.count(kind) for kind in once} == dict.fromkeys(once, 1)
    assert experiment.arm_of(improvement.candidate_node_id) is Arm.TREATMENT


EVERY = pytest.mark.parametrize("every", first_quick([7, 1]))
"""Before one statement of seven, and before each in the exhaustive run."""


@EVERY
async def test_killed_between_any_two_statements_it_is_applied_once(graph: Graph, every: int) -> None:
    before = after = True
    statements = 0
    while before or after:
        subject = await make_subject(graph)
        await subject.record(subject.node_id, [100.0, 120.0])
        improvement, run = await subject.propose(), await subject.start()
        before = await die_and_go_on(graph, run.run_id, statements) if before else await runs_on(graph, run)
        assert (await subject.reads.run(run.run_id)).status is RunStatus.WAITING
        await tell(subject, improvement)
        after = await die_and_go_on(graph, run.run_id, statements) if after else await runs_on(graph, run)
        await check_that_it_was_applied_once(subject, improvement, run)
        statements += every
    assert statements > 30


async def runs_on(graph: Graph, run: FeedbackRun) -> bool:
    """No process dies any more: there are fewer statements."""
    await go_on(FeedbackLoop(graph), run.run_id)
    return False


async def tell_of_three(subject: Subject, improvements: Sequence[Improvement], name: str, gain: float) -> None:
    """As many units of each arm as a look needs: the second candidate fails, the third is faster by the gain."""
    found = await subject.reads.experiments_of_improvements([improvements[0].improvement_id])
    [experiment] = found[improvements[0].improvement_id]
    shares, assignments, wanted = [each.share for each in experiment.treatments], Assignments(subject.graph), []
    places = Counter[int | None]()
    for number in range(400):
        place = assign_among(experiment.experiment_id, unit := f"{name}-{number}", shares)
        if places[place] < THREE_OF_A_KIND:
            wanted.append((unit, places[place]))
            places[place] += 1
    given = await asyncio.gather(*(assignments.assign_variant(subject.pattern_id, unit) for unit, _ in wanted))
    events = [
        HookExecuted(
            correlation_id=f"{subject.pattern_id}-work", execution_id=new_id(), hook_type="PostToolUse",
            node_id=item.node_id, experiment_id=item.experiment_id, unit=item.unit,
            success=item.node_id != improvements[1].candidate_node_id,
            # All arms are alike, to the last unit, but for the gain.
            duration_ms=100.0 + number % 5 - gain * (item.node_id == improvements[2].candidate_node_id),
        )
        for item, (_, number) in zip(given, wanted, strict=True)
    ]  # fmt: skip
    for outcome in await Traces(subject.graph).record(events, received_at=now()):
        assert not isinstance(outcome, UserError), outcome


THREE_OF_A_KIND = 15
"""Units of an arm: of so many all failing, or being faster, shows."""


@pytest.mark.exhaustive
@EVERY
async def test_killed_between_any_two_statements_each_of_several_is_decided_once(graph: Graph, every: int) -> None:
    design, phases, statements = ExperimentDesign(candidates_at_once=3), {"start", "drop", "apply"}, 0
    while phases:
        subject = await make_subject(graph)
        improvements = [await subject.propose(f"print({number})") for number in range(3)]
        run = await subject.start(design=design, min_sample_size=20)
        for phase in ("start", "drop", "apply"):
            if phase != "start":
                await tell_of_three(subject, improvements, phase, 50.0 if phase == "apply" else 0.0)
            if phase in phases and not await die_and_go_on(graph, run.run_id, statements):
                phases.discard(phase)
            elif phase not in phases:
                await go_on(FeedbackLoop(graph), run.run_id)
        ended = await subject.reads.run(run.run_id)
        assert (ended.status, ended.improvements_applied) == (RunStatus.COMPLETED, 1)
        decisions = await subject.reads.decisions_of_improvements([each.improvement_id for each in improvements])
        found = [[(each.verdict, each.reason) for each in decisions[item.improvement_id]] for item in improvements]
        assert found == [
            [(Verdict.REJECT, Reason.OUTPERFORMED)],
            [(Verdict.REJECT, Reason.FEWER_SUCCESSES)],
            [(Verdict.APPLY, Reason.SIGNIFICANT_IMPROVEMENT)],
        ]
        experiments = await subject.reads.experiments_of_improvements([each.improvement_id for each in improvements])
        assert len({each.experiment_id for of in experiments.values() for each in of}) == 1
        [pattern] = (await LineageReads(graph).patterns([subject.pattern_id])).values()
        assert pattern.current_node_id == improvements[2].candidate_node_id
        statements += every
    assert statements > 30


@EVERY
async def test_killed_while_a_rejected_candidate_is_dropped_the_others_go_on(graph: Graph, every: int) -> None:
    died, statements = True, 0
    while died:
        subject = await make_subject(graph)
        improvements = [await subject.propose(f"print({number})") for number in range(3)]
        run = await subject.start(design=ExperimentDesign(candidates_at_once=3))
        await runs_on(graph, run)
        await Lineage(graph).reject(improvements[0].candidate_node_id, "not wanted any more", TESTER)
        died = await die_and_go_on(graph, run.run_id, statements)
        assert (await subject.reads.run(run.run_id)).status is RunStatus.WAITING
        found = await subject.reads.improvements([each.improvement_id for each in improvements])
        statuses = [found[each.improvement_id].status for each in improvements]
        assert statuses == [ImprovementStatus.WITHDRAWN, ImprovementStatus.TESTING, ImprovementStatus.TESTING]
        of_each = await subject.reads.experiments_of_improvements([each.improvement_id for each in improvements])
        [experiment] = {each.experiment_id: each for mine in of_each.values() for each in mine}.values()
        assert [each.dropped_at is not None for each in experiment.treatments] == [True, False, False]
        page = await Events(graph).page(EventFilter(pattern_id=subject.pattern_id), Page(first=100))
        types = Counter(event.event_type for event in page.events)
        assert (types[EventType.IMPROVEMENT_REJECTED], types[EventType.EXPERIMENT_CONCLUDED]) == (1, 0)
        statements += every
    assert statements > 8
