"""The figures of how well the loop does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loopgraph.contracts.loop.arms import SampleStatistics
from loopgraph.contracts.loop.experiments import Decision, ExperimentResult
from loopgraph.contracts.loop.feedback import Metric, Reason, RunStatus, Verdict
from loopgraph.contracts.loop.health import Fate
from loopgraph.reducers.loop_health import health_of
from loopgraph.reducers.samples import wilson_interval

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
NONE = SampleStatistics(n=0, mean=0.0, m2=0.0)


def fate(
    verdict: Verdict, hours: float = 0, delta: float | None = None, by: str = "loop", taken_back: bool | None = None
) -> Fate:
    result = ExperimentResult(
        metric=Metric.DURATION_MS, control=NONE, treatment=NONE, control_executions=0, control_successes=0,
        treatment_executions=0, treatment_successes=0, performance_delta=delta,
    )  # fmt: skip
    decision = Decision(
        decision_id="d", experiment_id="e", improvement_id="i", verdict=verdict, reason=Reason.REVIEWED, result=result,
        decided_at=SINCE + timedelta(hours=hours), decided_by=by,
    )  # fmt: skip
    return Fate(decision, taken_back)


def test_nothing_is_divided_by_nothing() -> None:
    health = health_of(SINCE, UNTIL, {}, [])
    assert (health.runs, health.tested, health.applied) == (0, 0, 0)
    rates = (
        health.rejection_rate,
        health.held_share,
        health.held_interval,
        health.mean_delta,
        health.mean_time_between_ms,
    )
    assert set(rates) == {None}


def test_what_is_counted() -> None:
    runs = {RunStatus.COMPLETED: 5, RunStatus.WAITING: 2, RunStatus.RUNNING: 1, RunStatus.FAILED: 1}
    fates = [
        fate(Verdict.APPLY, 0, 0.2, taken_back=False),
        fate(Verdict.APPLY, 30, 0.4, taken_back=True),
        fate(Verdict.REJECT, 31, -0.3),
        fate(Verdict.REVIEW, 32, 0.1),
        fate(Verdict.APPLY, 36, 0.1, by="reviewer", taken_back=False),
    ]
    health = health_of(SINCE, UNTIL, runs, fates)
    assert (health.runs, health.open, health.completed, health.failed, health.cancelled) == (9, 3, 5, 1, 0)
    assert (health.tested, health.rejected, health.rejection_rate) == (4, 1, 0.25)
    assert (health.applied, health.applied_by_loop, health.held, health.taken_back) == (3, 2, 2, 1)
    assert health.held_share == pytest.approx(2 / 3)
    assert health.held_interval == wilson_interval(2, 3)
    assert health.measured == 3
    assert health.mean_delta == pytest.approx(0.7 / 3)
    assert health.mean_time_between_ms == 18 * 3_600_000
