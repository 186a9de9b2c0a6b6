import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.lineage.patterns import Baseline
from loopgraph.contracts.loop.feedback import Execution, Metric, PerformanceSummary
from loopgraph.reducers.performance import metric_values, summarize_executions, tells

STARTED_AT = datetime(2025, 10, 2, 12, tzinfo=UTC)


def execution(
    duration_ms: float | None = 100.0,
    *,
    success: bool | None = True,
    error_type: str | None = None,
    quality_score: float | None = None,
) -> Execution:
    return Execution(
        execution_id="e",
        unit="u",
        node_id="p-v1",
        experiment_id=None,
        arm=None,
        started_at=STARTED_AT,
        duration_ms=duration_ms,
        success=success,
        error_type=error_type,
        quality_score=quality_score,
    )


executions = st.lists(
    st.builds(
        execution,
        st.none() | st.floats(0, 1e6) | st.just(math.nan) | st.just(math.inf),
        success=st.booleans(),
        error_type=st.none() | st.sampled_from(["TimeoutError", "timed out", "ValueError", ""]),
        quality_score=st.none() | st.floats(0, 1),
    ),
    max_size=50,
)


def test_nothing_measured_is_null() -> None:
    assert summarize_executions([]) == PerformanceSummary(
        execution_count=0,
        success_count=0,
        success_rate=None,
        success_rate_interval=None,
        baseline=Baseline(),
        min_duration_ms=None,
        max_duration_ms=None,
        std_duration_ms=None,
        mean_quality_score=None,
        error_counts={},
        timeout_count=0,
    )


def test_summary_of_a_known_set() -> None:
    summary = summarize_executions(
        [
            execution(10.0, quality_score=0.5),
            execution(20.0, quality_score=1.0),
            execution(30.0),
            execution(40.0, success=False, error_type="ReadTimeout"),
            execution(None, success=False, error_type="ReadTimeout"),
            execution(None, success=False, error_type="deadline_exceeded"),
            execution(math.nan, success=False),
        ]
    )
    assert summary.execution_count == 7
    assert summary.success_count == 3
    assert summary.success_rate == 3 / 7
    assert summary.success_rate_interval == pytest.approx((0.158220, 0.749542), abs=1e-6)
    baseline = summary.baseline
    assert (baseline.p50, baseline.p95, baseline.p99, baseline.avg_duration) == pytest.approx((25.0, 38.5, 39.7, 25.0))
    assert (summary.min_duration_ms, summary.max_duration_ms) == (10.0, 40.0)
    assert summary.std_duration_ms == pytest.approx(math.sqrt(500 / 3))
    assert summary.mean_quality_score == 0.75
    assert list(summary.error_counts.items()) == [("ReadTimeout", 2), ("deadline_exceeded", 1), ("unknown", 1)]
    assert summary.timeout_count == 3


@pytest.mark.lengthy
@given(executions)
def test_summary_agrees_with_numpy(rows: list[Execution]) -> None:
    summary = summarize_executions(rows)
    durations = [row.duration_ms for row in rows if row.duration_ms is not None and math.isfinite(row.duration_ms)]
    assert sum(summary.error_counts.values()) == summary.execution_count - summary.success_count
    assert summary.timeout_count <= summary.execution_count - summary.success_count
    if durations:
        expected = np.percentile(durations, [50, 95, 99])
        assert (summary.baseline.p50, summary.baseline.p95, summary.baseline.p99) == tuple(expected)
        assert summary.baseline.avg_duration == pytest.approx(np.mean(durations))
        assert (summary.min_duration_ms, summary.max_duration_ms) == (min(durations), max(durations))
    if len(durations) > 1:
        assert summary.std_duration_ms == pytest.approx(np.std(durations, ddof=1), rel=1e-7, abs=1e-4)
    else:
        assert summary.std_duration_ms is None


@pytest.mark.parametrize(
    "error_type",
    [
        "timeout",
        "TimeoutError",
        "ReadTimeout",
        "timed_out",
        "TIMED OUT",
        "time-out",
        "DEADLINE_EXCEEDED",
        "DeadlineExceeded",
    ],
)
def test_error_types_that_say_timeout(error_type: str) -> None:
    assert summarize_executions([execution(success=False, error_type=error_type)]).timeout_count == 1


@pytest.mark.parametrize("error_type", ["ValueError", "time", "runtime_output", "unknown", None])
def test_error_types_that_do_not_say_timeout(error_type: str | None) -> None:
    assert summarize_executions([execution(success=False, error_type=error_type)]).timeout_count == 0


def test_a_success_is_no_error_whatever_its_error_type() -> None:
    summary = summarize_executions([execution(error_type="TimeoutError")])
    assert summary.error_counts == {}
    assert summary.timeout_count == 0


def test_what_is_not_known_is_in_no_rate() -> None:
    summary = summarize_executions(
        [execution(success=None, error_type="x"), execution(), execution(success=False), execution(success=None)]
    )
    assert (summary.execution_count, summary.success_count, summary.unknown_count) == (4, 1, 2)
    assert summary.success_rate == 0.5
    assert (
        summary.success_rate_interval
        == summarize_executions([execution(), execution(success=False)]).success_rate_interval
    )
    assert summary.error_counts == {"unknown": 1}
    assert summarize_executions([execution(success=None)]).success_rate is None


def test_metric_values() -> None:
    rows = [
        execution(10.0, quality_score=0.9),
        execution(1.0, success=False, quality_score=0.1),
        execution(None),
        execution(30.0, quality_score=math.nan),
    ]
    assert metric_values(rows, Metric.DURATION_MS) == [10.0, 30.0]
    assert metric_values(rows, Metric.QUALITY_SCORE) == [0.9, 0.1]
    assert metric_values(rows, Metric.SUCCESS_RATE) == [1.0, 0.0, 1.0, 1.0]


def test_evidence_is_what_reports_the_metric_or_failed() -> None:
    rows = [
        execution(10.0),
        execution(None),
        execution(1.0, success=False, quality_score=0.1),
        execution(20.0, quality_score=0.9),
    ]
    assert [tells(row, Metric.DURATION_MS) for row in rows] == [True, False, True, True]
    assert [tells(row, Metric.QUALITY_SCORE) for row in rows] == [False, False, True, True]
    assert [tells(row, Metric.SUCCESS_RATE) for row in rows] == [True] * 4
