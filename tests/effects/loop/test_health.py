"""What became of the runs of a time, on real engines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loopgraph.contracts.lineage.changes import NewVersion
from loopgraph.contracts.loop.feedback import RunStatus
from loopgraph.contracts.loop.health import LoopHealth
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.loop.health import HealthReads
from loopgraph.orchestrators.loop.health import loop_health
from support.feedback import TESTER, Subject, make_subject

DAY = timedelta(days=1)


async def health(subject: Subject) -> LoopHealth:
    return await loop_health(HealthReads(subject.graph), now() - DAY, now() + DAY, subject.pattern_id)


async def applied(subject: Subject, template_code: str) -> str:
    """The version of a candidate that was found better and applied."""
    improvement = await subject.propose(template_code)
    old = await current(subject)
    run = await subject.advance(await subject.start())
    await subject.work(60, {old: 100.0, improvement.candidate_node_id: 80.0})
    run = await subject.advance(run)
    assert (run.status, run.improvements_applied) == (RunStatus.COMPLETED, 1)
    return improvement.candidate_node_id


async def current(subject: Subject) -> str:
    [pattern] = (await LineageReads(subject.graph).patterns([subject.pattern_id])).values()
    assert pattern.current_node_id is not None
    return pattern.current_node_id


@pytest.mark.lengthy
async def test_what_was_applied_holds_until_it_is_taken_back(graph: Graph) -> None:
    subject = await make_subject(graph)
    first = await applied(subject, "print('better')")
    found = await health(subject)
    assert (found.runs, found.completed, found.tested, found.rejected) == (1, 1, 1, 0)
    assert (found.applied, found.applied_by_loop, found.held, found.taken_back) == (1, 1, 1, 0)
    assert found.mean_delta is not None
    assert 0.1 < found.mean_delta < 0.3
    second = await applied(subject, "print('better still')")
    found = await health(subject)
    assert (found.applied, found.held, found.taken_back) == (2, 2, 0)
    assert found.mean_time_between_ms is not None

    # Somebody goes back to the first: the second has not held, the first has.
    await Lineage(graph).make_current(first, TESTER)
    found = await health(subject)
    assert (found.held, found.taken_back, found.held_share) == (1, 1, 0.5)

    # The old content again, as a new version: nothing has held.
    original = NewVersion(template_code="print('good')", activate=True)
    await Lineage(graph).add_version(subject.pattern_id, original, TESTER)
    found = await health(subject)
    assert (found.held, found.taken_back) == (0, 2)
    assert second != first


@pytest.mark.lengthy
async def test_rejected_and_open_runs_are_counted(graph: Graph) -> None:
    subject = await make_subject(graph)
    improvement = await subject.propose()
    run = await subject.advance(await subject.start())
    await subject.work(60, {subject.node_id: 100.0, improvement.candidate_node_id: 130.0})
    await subject.advance(run)
    await subject.propose("print('another')")
    await subject.advance(await subject.start())
    found = await health(subject)
    assert (found.runs, found.completed, found.open) == (2, 1, 1)
    assert (found.tested, found.rejected, found.rejection_rate, found.applied) == (1, 1, 1.0, 0)
    assert found.held_share is None
