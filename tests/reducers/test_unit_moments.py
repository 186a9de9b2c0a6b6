"""Executions as moments of their units."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from loopgraph.contracts.loop.feedback import Execution, Metric
from loopgraph.contracts.loop.watching import UnitMoments
from loopgraph.reducers.unit_moments import arm_moments


def execution(unit: str, duration_ms: float, success: bool | None = True) -> Execution:
    return Execution(
        execution_id=f"{unit}-{duration_ms}", unit=unit, node_id="v", experiment_id=None, arm=None, quality_score=None,
        started_at=datetime(2026, 3, 1, tzinfo=UTC), duration_ms=duration_ms, success=success, error_type=None,
    )  # fmt: skip


def test_each_unit_counts_once() -> None:
    found = arm_moments([execution("a", 10), execution("a", 30), execution("b", 40)], Metric.DURATION_MS)
    assert (found.metric.n, found.metric.mean, found.metric.m2) == (2, 30.0, 200.0)
    assert found.success == UnitMoments(n=2, mean=1.0, m2=0.0, binary=True)


def test_units_that_fail_report_no_duration_and_count_as_failures() -> None:
    found = arm_moments(
        [
            execution("a", 10),
            execution("b", 1, False),
            execution("c", 5, None),
            execution("d", 2),
            execution("d", 3, False),
        ],
        Metric.DURATION_MS,
    )
    assert (found.metric.n, found.success.n, found.success.binary) == (2, 3, False)
    assert found.success.mean == pytest.approx(0.5)


def test_nothing_comes_to_nothing() -> None:
    assert arm_moments([], Metric.QUALITY_SCORE).metric == UnitMoments()
