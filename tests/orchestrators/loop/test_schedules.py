"""Schedules: fired once over all processes, and once for all that was missed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from conftest import settings_for
from loopgraph.contracts.base import Page
from loopgraph.contracts.loop.schedules import NewSchedule, Schedule, ScheduleChanges, StartOutcome
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.batches import FeedbackBatches
from loopgraph.effects.loop.schedules import FeedbackSchedules
from loopgraph.errors import Conflict, InvalidInput, NotFound
from loopgraph.orchestrators.loop.schedules import Schedules
from support import waiting
from support.engines import EngineUnderTest
from support.feedback import TESTER, Subject, make_subject
from support.traces import statement

NEVER_MS = 3_600_000


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    return await make_subject(graph)


HOURLY = "0 * * * *"


def yearly(subject: Subject, **more: Any) -> NewSchedule:
    """A schedule that is not due while a test runs, whatever its hour."""
    known = {"name": "yearly", "cron": "30 4 29 2 *", "inputs": {"enable_ab_testing": False}}
    return NewSchedule.model_validate({**known, "pattern_ids": (subject.pattern_id,), **more})


async def kept(graph: Graph, schedule: Schedule) -> Schedule:
    return await FeedbackSchedules(graph).schedule(schedule.schedule_id)


async def make_due(graph: Graph, schedule: Schedule, ago: timedelta) -> Schedule:
    """The schedule, due some time ago: as if no service had run since."""
    event = schedule.model_copy(update={"next_at": now() - ago})
    key = f"{int((now() - ago).timestamp() * 1_000_000):016d}|{schedule.schedule_id}"
    await statement(
        graph,
        "MATCH (s:Schedule {schedule_id: $id}) SET s.next_at = $at, s.due_key = $key",
        id=schedule.schedule_id,
        at=event.next_at,
        key=key,
    )
    return await kept(graph, schedule)


async def batches_of(graph: Graph, schedule: Schedule) -> list[str]:
    rows = await statement(
        graph,
        "MATCH (:Schedule {schedule_id: $id})-[:STARTED]->(b:FeedbackBatch) RETURN b.batch_id AS batch_id",
        id=schedule.schedule_id,
    )
    return [row["batch_id"] for row in rows]


async def test_a_schedule_is_kept_as_it_was_made(subject: Subject) -> None:
    schedules, id_ = Schedules(subject.graph, NEVER_MS), new_id()
    made = await schedules.create(yearly(subject, cron=HOURLY, time_zone="Europe/Berlin"), TESTER, id_)
    assert made.next_at is not None
    assert now() < made.next_at <= now() + timedelta(hours=1)
    assert await kept(subject.graph, made) == made
    assert await schedules.create(yearly(subject, cron=HOURLY, time_zone="Europe/Berlin"), TESTER, id_) == made
    with pytest.raises(Conflict, match="other inputs"):
        await schedules.create(yearly(subject), TESTER, id_)
    page = await FeedbackSchedules(subject.graph).page(Page(first=1))
    assert page.schedules == (made,)
    await schedules.delete(id_, TESTER)


async def test_a_cron_or_a_zone_that_there_is_not_is_refused(subject: Subject) -> None:
    schedules = Schedules(subject.graph, NEVER_MS)
    with pytest.raises(InvalidInput, match="cron: must have five fields"):
        await schedules.create(yearly(subject, cron="daily"), TESTER)
    with pytest.raises(InvalidInput, match="did you mean Europe/Berlin"):
        await schedules.create(yearly(subject, time_zone="Europe/Berln"), TESTER)


async def test_what_was_missed_is_made_up_for_once(subject: Subject) -> None:
    graph = subject.graph
    pokes: list[str] = []
    schedules = Schedules(graph, NEVER_MS, lambda: pokes.append("started"))
    made = await make_due(graph, await schedules.create(yearly(subject, cron=HOURLY), TESTER), timedelta(hours=30))
    at = now()
    await schedules.look(at)
    await schedules.look(at)
    fired = await kept(graph, made)
    assert await batches_of(graph, made) == [fired.last_batch_id]
    assert fired.last_due_at == made.next_at
    assert fired.last_at is not None
    assert fired.next_at is not None
    assert fired.next_at > fired.last_at
    assert pokes
    assert fired.last_batch_id is not None
    [batch] = (await FeedbackBatches(graph).by_id([fired.last_batch_id])).values()
    [start] = batch.starts
    assert (start.pattern_id, start.outcome, batch.schedule_id) == (
        subject.pattern_id,
        StartOutcome.STARTED,
        made.schedule_id,
    )
    assert start.run_id is not None
    run = await subject.reads.run(start.run_id)
    assert (run.created_by, run.input.enable_ab_testing) == ("schedule", False)
    await schedules.delete(made.schedule_id, TESTER)


@pytest.mark.lengthy
async def test_of_several_processes_one_fires(subject: Subject, engine: EngineUnderTest) -> None:
    graph = subject.graph
    made = await Schedules(graph, NEVER_MS).create(yearly(subject), TESTER)
    await make_due(graph, made, timedelta(minutes=1))
    async with Graph.open(settings_for(engine)) as other:
        at = now()
        await asyncio.gather(*(Schedules(one, NEVER_MS).look(at) for one in (graph, other) * 3))
    assert len(await batches_of(graph, made)) == 1
    await Schedules(graph, NEVER_MS).delete(made.schedule_id, TESTER)


async def test_a_paused_schedule_is_not_due_and_makes_nothing_up(subject: Subject) -> None:
    graph, schedules = subject.graph, Schedules(subject.graph, NEVER_MS)
    made = await schedules.create(yearly(subject), TESTER)
    paused = await schedules.update(made.schedule_id, ScheduleChanges(paused=True), TESTER)
    assert (paused.paused, paused.next_at, paused.revision) == (True, None, 2)
    assert paused.schedule_id not in [one.schedule_id for one in await FeedbackSchedules(graph).due(now(), 100)]
    again = await schedules.update(made.schedule_id, ScheduleChanges(paused=False, name="again"), TESTER)
    assert again.name == "again"
    assert again.next_at is not None
    assert again.next_at > now()
    assert again == await kept(graph, made)
    await schedules.look(now())
    assert await batches_of(graph, made) == []
    await schedules.delete(made.schedule_id, TESTER)


async def test_another_time_is_the_next_one(subject: Subject) -> None:
    schedules = Schedules(subject.graph, NEVER_MS)
    made = await schedules.create(yearly(subject, cron=HOURLY), TESTER)
    other = await schedules.update(made.schedule_id, ScheduleChanges(cron="30 4 29 2 *"), TESTER)
    assert other.next_at is not None
    assert (other.next_at.month, other.next_at.day, other.next_at.hour, other.next_at.minute) == (2, 29, 4, 30)
    with pytest.raises(InvalidInput, match="cron"):
        await schedules.update(made.schedule_id, ScheduleChanges(cron="never"), TESTER)
    assert await kept(subject.graph, made) == other
    await schedules.delete(made.schedule_id, TESTER)


async def test_a_schedule_that_is_deleted_is_gone(subject: Subject) -> None:
    schedules = Schedules(subject.graph, NEVER_MS)
    made = await schedules.create(yearly(subject), TESTER)
    assert await schedules.delete(made.schedule_id, TESTER) == made
    for gone in (schedules.delete(made.schedule_id, TESTER), kept(subject.graph, made)):
        with pytest.raises(NotFound):
            await gone


async def test_a_batch_that_a_process_left_is_gone_on_with(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, schedules = subject.graph, Schedules(subject.graph, NEVER_MS)
    made = await schedules.create(yearly(subject), TESTER)
    await make_due(graph, made, timedelta(minutes=1))

    async def killed(*arguments: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr("loopgraph.orchestrators.loop.batches.Batches.go_on", killed)
        with pytest.raises(asyncio.CancelledError):
            await schedules.look(now())
    [batch_id] = await batches_of(graph, made)
    [left] = (await FeedbackBatches(graph).by_id([batch_id])).values()
    assert left.completed_at is None
    await Schedules(graph, NEVER_MS).look(now() + timedelta(minutes=2))
    [done] = (await FeedbackBatches(graph).by_id([batch_id])).values()
    assert [start.outcome for start in done.starts] == [StartOutcome.STARTED]
    await schedules.delete(made.schedule_id, TESTER)


async def test_the_background_task_fires_what_is_due(subject: Subject) -> None:
    schedules = Schedules(subject.graph, 20, least_s=0.02)
    made = await schedules.create(yearly(subject), TESTER)
    task = asyncio.create_task(schedules.run_forever())
    try:
        await make_due(subject.graph, made, timedelta(seconds=1))
        await waiting.until(lambda: fired(subject.graph, made))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await schedules.delete(made.schedule_id, TESTER)


async def fired(graph: Graph, schedule: Schedule) -> bool:
    return (await kept(graph, schedule)).last_batch_id is not None
