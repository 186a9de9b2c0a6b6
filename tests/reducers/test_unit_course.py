"""How units came in: each prefix is what the whole would have been at that time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.loop.feedback import Arm, Execution, Metric, SetAside
from loopgraph.reducers.unit_course import prefixes
from loopgraph.reducers.units import arm_sample

START = datetime(2026, 1, 1, tzinfo=UTC)


def execution(number: int, unit: str, arm: Arm, duration_ms: float | None, **more: object) -> Execution:
    return Execution.model_validate({
        "execution_id": f"e{number}", "unit": unit, "node_id": "v", "experiment_id": "x", "arm": arm, "quality_score": None,
        "started_at": START + timedelta(minutes=number), "duration_ms": duration_ms, "success": True, "error_type": None, **more,
    })  # fmt: skip


rows = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(Arm), st.none() | st.floats(1, 1_000), st.booleans()),
    max_size=30,
)


@pytest.mark.lengthy
@given(rows, st.integers(1, 12), st.sampled_from([Metric.DURATION_MS, Metric.SUCCESS_RATE]))
def test_each_prefix_is_what_the_arms_were_by_then(
    made: list[tuple[str, Arm, float | None, bool]], most: int, metric: Metric
) -> None:
    executions = [
        execution(number, unit, arm, duration, success=success)
        for number, (unit, arm, duration, success) in enumerate(made)
    ]
    found = list(prefixes(executions, metric, most))
    assert len(found) <= most
    assert [each.at for each in found] == sorted(each.at for each in found)
    for prefix in found:
        for arm, moments in ((Arm.CONTROL, prefix.control), (Arm.TREATMENT, prefix.treatment)):
            there = [
                each
                for each in executions
                if each.arm is arm and each.started_at + timedelta(milliseconds=each.duration_ms or 0) <= prefix.at
            ]
            sample = arm_sample(there, metric).sample
            assert moments.n == sample.n
            assert moments.means[0] == pytest.approx(sample.mean)
            assert moments.products[0][0] == pytest.approx(sample.m2, abs=1e-6)
    if found:
        assert [found[-1].control.n, found[-1].treatment.n] == [
            arm_sample([each for each in executions if each.arm is arm], metric).sample.n
            for arm in (Arm.CONTROL, Arm.TREATMENT)
        ]


def test_what_is_set_aside_or_reports_nothing_is_in_none() -> None:
    executions = [
        execution(0, "a", Arm.CONTROL, 5.0, set_aside=next(iter(SetAside))),
        execution(1, "b", Arm.CONTROL, None),
        execution(2, "c", Arm.CONTROL, 7.0, success=False),
        execution(3, "d", Arm.TREATMENT, 3.0),
    ]
    [only] = prefixes(executions, Metric.DURATION_MS, 50)
    assert (only.control.n, only.treatment.n, only.treatment.means) == (0, 1, (3.0,))


def test_an_end_beyond_all_calendars_is_the_last() -> None:
    late = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    executions = [
        execution(0, "a", Arm.CONTROL, 5_000.0, started_at=late),
        execution(1, "b", Arm.CONTROL, 1.0),
    ]
    assert [prefix.control.n for prefix in prefixes(executions, Metric.DURATION_MS, 50)] == [1, 2]
