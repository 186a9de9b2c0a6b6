"""How long a run was at its stages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from loopgraph.contracts.loop.feedback import FeedbackRun, LoopInput, RunStatus, Stage, StageTime

BEGUN = datetime(2026, 11, 30, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGUN + timedelta(seconds=seconds)


def run(**more: Any) -> FeedbackRun:
    known = {
        "run_id": "r", "pattern_id": "p", "input": LoopInput(pattern_id="p"), "status": RunStatus.RUNNING,
        "stage": Stage.COLLECT, "revision": 1, "control_node_id": "v", "created_at": BEGUN, "created_by": "tester",
        "updated_at": BEGUN,
    }  # fmt: skip
    return FeedbackRun.model_validate({**known, **more})


def leased(since: float, until: float) -> dict[str, Any]:
    return {"leased_by": "w", "leased_at": at(since), "leased_until": at(until)}


def moved(
    before: FeedbackRun, seconds: float, stage: Stage, status: RunStatus = RunStatus.RUNNING, **more: Any
) -> FeedbackRun:
    times = before.times_after(at(seconds), stage, status)
    return before.model_copy(
        update={"stage": stage, "status": status, "updated_at": at(seconds), "stage_times": times, **more}
    )


NOBODY = {"leased_by": None, "leased_at": None, "leased_until": None}


def test_the_first_stage_begins_when_a_worker_takes_the_run() -> None:
    after = moved(run(**leased(5, 35)), 6, Stage.ANALYZE)
    assert after.stage_times == (
        StageTime(stage=Stage.COLLECT, started_at=at(5), completed_at=at(6), work_ms=1_000),
        StageTime(stage=Stage.ANALYZE, started_at=at(6)),
    )
    assert after.stage_times[0].duration_ms == 1_000
    assert after.stage_times[1].duration_ms is None


def test_waiting_is_no_work() -> None:
    validating = moved(run(**leased(0, 30)), 1, Stage.VALIDATE)
    waits = moved(validating, 2, Stage.VALIDATE, RunStatus.WAITING, **NOBODY)
    looked = moved(waits.model_copy(update=leased(100, 130)), 103, Stage.APPLY)
    [validate] = [item for item in looked.stage_times if item.stage is Stage.VALIDATE]
    assert (validate.work_ms, validate.duration_ms) == (4_000, 102_000)


def test_stages_that_take_turns_add_up() -> None:
    there = moved(run(**leased(0, 30)), 1, Stage.VALIDATE)
    applying = moved(there, 2, Stage.APPLY)
    again = moved(applying, 3, Stage.VALIDATE)
    assert [(item.stage, item.completed_at) for item in again.stage_times] == [
        (Stage.COLLECT, at(1)),
        (Stage.VALIDATE, None),
        (Stage.APPLY, at(3)),
    ]
    done = moved(again, 5, Stage.TRACK)
    [validate] = [item for item in done.stage_times if item.stage is Stage.VALIDATE]
    assert (validate.started_at, validate.completed_at, validate.work_ms) == (at(1), at(5), 3_000)


def test_the_end_ends_the_stage() -> None:
    ended = moved(moved(run(**leased(0, 30)), 1, Stage.TRACK), 2, Stage.TRACK, RunStatus.COMPLETED)
    assert [item.completed_at for item in ended.stage_times] == [at(1), at(2)]


def test_nobody_works_after_a_lease_has_run_out() -> None:
    cancelled = moved(run(**leased(0, 30)), 500, Stage.COLLECT, RunStatus.CANCELLED)
    assert cancelled.stage_times == (
        StageTime(stage=Stage.COLLECT, started_at=at(0), completed_at=at(500), work_ms=30_000),
    )


def test_a_step_without_a_lease_adds_no_work() -> None:
    [collect, _] = moved(run(), 7, Stage.ANALYZE).stage_times
    assert (collect.started_at, collect.work_ms, collect.duration_ms) == (BEGUN, 0, 7_000)
