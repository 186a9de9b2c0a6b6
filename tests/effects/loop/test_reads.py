"""Reads of the loop, on every engine: many ids in one statement, pages in order."""

from __future__ import annotations

import pytest

from loopgraph.contracts.base import Page
from loopgraph.contracts.loop.feedback import ImprovementStatus, RunStatus
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import NotFound
from support.feedback import TESTER, Subject, make_subject


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


@pytest.mark.lengthy
async def test_runs_of_several_patterns_come_in_pages(subject: Subject) -> None:
    other, idle = await make_subject(subject.graph), await make_subject(subject.graph)
    mine = [await subject.advance(await subject.start()) for _ in range(3)]
    theirs = [await other.start()]
    ids = [subject.pattern_id, other.pattern_id, idle.pattern_id]
    newest = await subject.reads.runs_of_patterns(ids, Page(first=2))
    assert [run.run_id for run in newest[subject.pattern_id].runs] == [mine[2].run_id, mine[1].run_id]
    assert [page.has_more for page in newest.values()] == [True, False, False]
    assert newest[other.pattern_id].runs == tuple(theirs)
    assert newest[idle.pattern_id].runs == ()
    last = newest[subject.pattern_id].runs[-1]
    after = Page(first=2, after=time_key(last.created_at, last.run_id))
    older = (await subject.reads.runs_of_patterns(ids, after))[subject.pattern_id]
    assert (older.runs, older.has_more) == ((mine[0],), False)
    only_open = await subject.reads.runs_of_patterns(ids, Page(first=2), RunStatus.RUNNING)
    assert [len(page.runs) for page in only_open.values()] == [0, 1, 0]


async def test_all_runs_come_newest_first(subject: Subject) -> None:
    run = await subject.start()
    later = await (await make_subject(subject.graph)).start()
    page = await subject.reads.runs_page(Page(first=2))
    assert page.runs == (later, run)
    rest = await subject.reads.runs_page(Page(first=1, after=time_key(later.created_at, later.run_id)))
    assert rest.runs == (run,)
    cancelled = await subject.loop.cancel(run.run_id, TESTER)
    assert (await subject.reads.runs_page(Page(first=1), RunStatus.CANCELLED)).runs == (cancelled,)


@pytest.mark.lengthy
async def test_improvements_come_by_id_by_pattern_and_by_run(subject: Subject) -> None:
    other = await make_subject(subject.graph)
    made = [await subject.propose(f"print({number})") for number in range(3)]
    theirs = await other.propose()
    found = await subject.reads.improvements([made[1].improvement_id, "nothing-here", theirs.improvement_id])
    assert found == {made[1].improvement_id: made[1], theirs.improvement_id: theirs}
    pages = await subject.reads.improvements_of_patterns([subject.pattern_id, other.pattern_id], Page(first=2))
    assert pages[subject.pattern_id].improvements == (made[2], made[1])
    assert pages[subject.pattern_id].has_more
    assert pages[other.pattern_id].improvements == (theirs,)
    run = await subject.advance(await subject.start(enable_ab_testing=False))
    taken = await subject.reads.improvements_of_runs([run.run_id, "nothing-here"])
    assert [item.improvement_id for item in taken[run.run_id]] == [item.improvement_id for item in made]
    assert taken["nothing-here"] == []
    for status, count in ((ImprovementStatus.AWAITING_REVIEW, 3), (ImprovementStatus.PROPOSED, 0)):
        pages = await subject.reads.improvements_of_patterns([subject.pattern_id], Page(first=5), status)
        assert len(pages[subject.pattern_id].improvements) == count


@pytest.mark.lengthy
async def test_experiments_and_decisions_come_for_many_ids(subject: Subject) -> None:
    improvement = await subject.propose()
    other = await make_subject(subject.graph)
    untested = await other.propose()
    await other.advance(await other.start(enable_ab_testing=False))
    run = await subject.advance(await subject.start())
    await subject.work(60, {subject.node_id: 100.0, improvement.candidate_node_id: 80.0})
    await subject.advance(run)
    reads = subject.reads
    ids = [improvement.improvement_id, untested.improvement_id, "nothing-here"]
    experiments = await reads.experiments_of_improvements(ids)
    [experiment] = experiments[improvement.improvement_id]
    assert [len(found) for found in experiments.values()] == [1, 0, 0]
    assert await reads.experiments([experiment.experiment_id, "x"]) == {experiment.experiment_id: experiment}
    decisions = await reads.decisions_of_improvements(ids)
    assert [len(found) for found in decisions.values()] == [1, 1, 0]
    [tested], [left] = decisions[improvement.improvement_id], decisions[untested.improvement_id]
    assert await reads.decisions([tested.decision_id, left.decision_id, "x"]) == {
        tested.decision_id: tested,
        left.decision_id: left,
    }
    assert await reads.decisions_of_experiments([experiment.experiment_id]) == {experiment.experiment_id: [tested]}
    approved = await reads.decisions_of_versions([improvement.candidate_node_id, untested.candidate_node_id])
    assert approved == {improvement.candidate_node_id: tested}
    assert (left.experiment_id, left.result) == (None, None)


async def test_an_unknown_id_is_not_found(graph: Graph) -> None:
    reads = (await make_subject(graph)).reads
    for read in (reads.run, reads.improvement, reads.assignable):
        with pytest.raises(NotFound):
            await read("nothing-here")
