"""Which executions in flight hold up a candidate that would be applied."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loopgraph.computes.loop.experiments.flights import with_flights_failed
from loopgraph.contracts.loop.feedback import Arm, Execution

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def execution(number: int, minutes: float, arm: Arm, *, ended: bool) -> Execution:
    """One that began so many minutes before noon."""
    return Execution(
        execution_id=f"{arm}-{number}", unit=f"{arm}-{number}", node_id="n", experiment_id="e", arm=arm,
        started_at=NOON - timedelta(minutes=minutes), duration_ms=None, success=ended, error_type=None,
        quality_score=None, ended=ended,
    )  # fmt: skip


def test_what_the_treatment_has_in_flight_counts_and_what_the_control_has_does_not() -> None:
    executions = [execution(n, 30 - n, arm, ended=n < 5) for n in range(10) for arm in Arm]
    found = with_flights_failed(executions, NOON - HOUR)
    assert [(each.arm, each.ended) for each in found.flights] == [(Arm.TREATMENT, False)] * 5
    assert len(found.executions) == 15


def test_what_is_over_its_time_is_not_in_flight() -> None:
    executions = [execution(n, 61, Arm.CONTROL, ended=False) for n in range(3)]
    assert with_flights_failed(executions, NOON - HOUR) == (executions, [])
    assert with_flights_failed([], NOON) == ([], [])


@pytest.mark.parametrize(("hours", "held"), [(1, True), (8, True), (11, False)])
def test_under_a_steady_stream_nothing_waits_for_ever(hours: int, held: bool) -> None:
    """Every execution takes the whole time that it has, and a new one begins every minute."""
    executions = [execution(minute, minute, list(Arm)[minute % 2], ended=minute > 60) for minute in range(hours * 60)]
    assert bool(with_flights_failed(executions, NOON - HOUR).flights) is held
