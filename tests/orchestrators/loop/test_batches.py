"""Runs over many patterns, started at once."""

from __future__ import annotations

import asyncio

import pytest

from loopgraph.contracts.audit import EventFilter, EventType, Origin
from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.loop.schedules import FeedbackBatch, NewBatch, StartOutcome
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.loop.batches import FeedbackBatches
from loopgraph.effects.loop.runs import FeedbackRuns
from loopgraph.errors import Conflict, InvalidInput
from loopgraph.orchestrators.loop.batches import Batches
from support.feedback import TESTER, make_subject
from support.traces import statement

INPUTS = {"feedback_type": "all", "enable_ab_testing": False}


class Killed(Exception):
    """The process is gone: no error of the service."""


def outcomes(batch: FeedbackBatch) -> dict[str, StartOutcome]:
    return {start.pattern_id: start.outcome for start in batch.starts}


async def test_each_pattern_has_its_own_outcome(graph: Graph) -> None:
    free, busy, unused = [await make_subject(graph) for _ in range(3)]
    open_run = await busy.start()
    await Lineage(graph).deprecate(unused.node_id, "old", None, TESTER)
    ids = (free.pattern_id, busy.pattern_id, unused.pattern_id, "nothing-here")
    batch = await Batches(graph).start(NewBatch(pattern_ids=ids, inputs=INPUTS), TESTER)
    assert outcomes(batch) == {
        free.pattern_id: StartOutcome.STARTED,
        busy.pattern_id: StartOutcome.ALREADY_OPEN,
        unused.pattern_id: StartOutcome.INVALID,
        "nothing-here": StartOutcome.INVALID,
    }
    started, already, *invalid = batch.starts
    assert started.run_id is not None
    run = await free.reads.run(started.run_id)
    assert (run.input.enable_ab_testing, run.created_by) == (False, TESTER.actor_id)
    assert already.run_id == open_run.run_id
    assert [start.message for start in invalid] == [
        f"patternId: {unused.pattern_id} has no current version; activate one first",
        "no Pattern has the id 'nothing-here'",
    ]
    assert await FeedbackBatches(graph).by_id([batch.batch_id]) == {batch.batch_id: batch}
    tied = await statement(
        graph, "MATCH (:FeedbackBatch {batch_id: $id})-[:STARTED]->(r) RETURN r.run_id AS run_id", id=batch.batch_id
    )
    assert tied == [{"run_id": started.run_id}]


async def test_the_same_batch_again_starts_nothing(graph: Graph) -> None:
    subject, busy = await make_subject(graph), await make_subject(graph)
    open_run, batch_id = await busy.start(), new_id()
    new = NewBatch(pattern_ids=(subject.pattern_id, busy.pattern_id), inputs=INPUTS)
    first = await Batches(graph).start(new, TESTER, batch_id)
    await busy.loop.cancel(open_run.run_id, TESTER)
    assert first.starts[0].run_id is not None
    await subject.loop.cancel(first.starts[0].run_id, TESTER)
    again = await asyncio.gather(*(Batches(graph).start(new, TESTER, batch_id) for _ in range(3)))
    assert again == [first] * 3
    with pytest.raises(Conflict, match="other inputs"):
        await Batches(graph).start(new.model_copy(update={"inputs": {}}), TESTER, batch_id)


async def test_a_batch_that_was_left_half_way_goes_on(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    subjects = [await make_subject(graph) for _ in range(3)]
    start, tried = FeedbackRuns.start, 0

    async def killed(*arguments: object) -> object:
        nonlocal tried
        tried += 1
        if tried > 1:
            raise Killed
        return await start(*arguments)  # type: ignore[arg-type]

    new, batch_id = NewBatch(pattern_ids=tuple(one.pattern_id for one in subjects), inputs=INPUTS), new_id()
    with monkeypatch.context() as patch:
        patch.setattr("loopgraph.orchestrators.loop.batches._AT_ONCE", 1)
        patch.setattr(FeedbackRuns, "start", killed)
        with pytest.raises(Killed):
            await Batches(graph).start(new, TESTER, batch_id)
    [left] = (await FeedbackBatches(graph).by_id([batch_id])).values()
    assert left.completed_at is None
    done = await Batches(graph).go_on(left)
    assert set(outcomes(done).values()) == {StartOutcome.STARTED}
    assert len({start.run_id for start in done.starts}) == 3


async def test_patterns_are_meant_by_tag_and_type(graph: Graph) -> None:
    tag = new_id()

    async def pattern(kind: str, *tags: str) -> str:
        new = NewPattern(name="greet", pattern_type=kind, tags=tags)
        created = await Lineage(graph).create_pattern(new, NewVersion(activate=True), TESTER)
        return created.pattern.pattern_id

    skill, command, _ = await pattern("skill", tag), await pattern("command", tag, "b"), await pattern("skill", "b")
    both = await Batches(graph).start(NewBatch(tag=tag, inputs=INPUTS), TESTER)
    assert set(both.pattern_ids) == {skill, command}
    one = await Batches(graph).start(NewBatch(tag=tag, pattern_type="skill", inputs=INPUTS), TESTER)
    assert outcomes(one) == {skill: StartOutcome.ALREADY_OPEN}
    with pytest.raises(InvalidInput, match="no pattern is like that"):
        await Batches(graph).start(NewBatch(tag=new_id(), inputs=INPUTS), TESTER)


async def test_more_patterns_than_a_batch_can_have_are_refused(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopgraph.orchestrators.loop.batches.MAX_BATCH", 0)
    with pytest.raises(InvalidInput, match="means more than 0 patterns"):
        await Batches(graph).start(NewBatch(pattern_ids=("a",), inputs=INPUTS), TESTER)


async def test_a_batch_is_in_the_audit_trail(graph: Graph) -> None:
    subject, correlation_id = await make_subject(graph), new_id()
    origin = Origin(actor_type=TESTER.actor_type, actor_id="ci", correlation_id=correlation_id)
    await Batches(graph).start(NewBatch(pattern_ids=(subject.pattern_id,), inputs=INPUTS), origin)
    page = await Events(graph).page(EventFilter(correlation_id=correlation_id), Page(first=10))
    assert [(event.event_type, event.actor_id) for event in reversed(page.events)] == [
        (EventType.FEEDBACK_BATCH_STARTED, "ci"),
        (EventType.FEEDBACK_RUN_STARTED, "ci"),
    ]


@pytest.mark.parametrize("choice", [{}, {"pattern_ids": ("a",), "tag": "b"}])
def test_patterns_are_meant_in_one_way(choice: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="either pattern_ids or a tag or pattern_type"):
        NewBatch.model_validate({**choice, "inputs": {}})
