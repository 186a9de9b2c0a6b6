"""Running tasks: what is measured, and what a failure becomes."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from loopgraph.demo.tasks import Task, run_all, way_of
from loopgraph.demo.workloads import COUNT_WORDS, WORKLOADS, Way
from loopgraph.errors import ServiceError


def task(run: Callable[[Any, Mapping[str, Any]], Any], unit: str = "unit") -> Task:
    way = Way("tested", run, "")
    return Task(unit, "pattern", COUNT_WORDS, way, "node", {"top": 1}, None, None)


def test_the_assigned_template_is_the_way_that_runs() -> None:
    for workload in WORKLOADS:
        assert way_of(workload, workload.baseline.source) is workload.baseline
        assert way_of(workload, workload.candidate.source) is workload.candidate
    with pytest.raises(ServiceError, match="count-words"):
        way_of(COUNT_WORDS, "import os")


def test_a_unit_always_has_the_same_input_and_another_unit_another() -> None:
    seen: list[tuple[str, Mapping[str, Any]]] = []
    run_all([task(lambda *given: seen.append(given), unit) for unit in ("one", "one", "two")])
    (first, parameters), (again, _), (other, _) = seen
    assert first == again != other
    assert parameters == {"top": 1}


def test_a_failure_is_measured_and_the_next_task_runs() -> None:
    def fail(*_: Any) -> None:
        raise ValueError("no")

    failed, done = run_all([task(fail), task(lambda *_: sum(range(100_000)))])
    assert str(failed.error) == "no"
    assert done.error is None
    assert done.duration_ms > failed.duration_ms > 0
    assert done.started_at > failed.started_at


def test_the_collector_waits_meanwhile() -> None:
    collecting: list[bool] = []
    run_all([task(lambda *_: collecting.append(gc.isenabled()))])
    assert collecting == [False]
    assert gc.isenabled()
