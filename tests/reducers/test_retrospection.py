"""From executions to what each unit did with each version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from loopgraph.contracts.loop.design import Metric
from loopgraph.contracts.loop.distinctions import Circumstances, Factor
from loopgraph.contracts.loop.feedback import Execution
from loopgraph.reducers.retrospection import observed_units

AT = datetime(2026, 1, 1, tzinfo=UTC)


def execution(id_: str, node: str, unit: str, ms: float | None, **more: Any) -> Execution:
    known: dict[str, Any] = {
        "experiment_id": None, "arm": None, "success": True, "error_type": None, "quality_score": None,
        "started_at": AT + timedelta(minutes=int(id_)),
    }  # fmt: skip
    return Execution(execution_id=id_, node_id=node, unit=unit, duration_ms=ms, **{**known, **more})


def around(*models: str, size: int | None = None) -> Circumstances:
    return Circumstances("unit", {Factor.MODEL: frozenset(models)} if models else {}, size)


def test_a_unit_has_a_row_for_each_version_with_its_usual_levels() -> None:
    executions = [
        execution("1", "v1", "a", 10.0),
        execution("2", "v1", "a", 30.0),
        execution("3", "v1", "a", 20.0),
        execution("4", "v2", "a", 5.0),
        execution("5", "v2", "b", 7.0, success=False),
        execution("6", "v2", "c", None),
    ]
    circumstances = {"1": around("small"), "2": around("large", "small"), "3": around("small"), "4": around()}
    rows = observed_units(executions, "v2", Metric.DURATION_MS, circumstances)
    assert [(row.unit, row.is_candidate, row.value, row.executions) for row in rows] == [
        ("a", False, 20.0, 3),
        ("a", True, 5.0, 1),
    ]
    assert [row.levels for row in rows] == [{Factor.MODEL: "small"}, {}]
    assert (rows[0].began, rows[0].ended) == (executions[0].started_at, executions[2].started_at)


def test_the_size_of_the_input_is_a_quarter_of_the_units() -> None:
    executions = [execution(str(n), "v1" if n % 2 else "v2", f"u{n}", 1.0) for n in range(8)]
    circumstances = {str(n): around(size=100 * n) for n in range(8)}
    rows = observed_units(executions, "v2", Metric.DURATION_MS, circumstances)
    assert sorted(row.levels[Factor.INPUT_SIZE] for row in rows) == [
        "175-350", "175-350", "350-525", "350-525", "> 525", "> 525", "≤ 175", "≤ 175",
    ]  # fmt: skip
    same = {str(n): around(size=100) for n in range(8)}
    assert {
        Factor.INPUT_SIZE for row in observed_units(executions, "v2", Metric.DURATION_MS, same) if row.levels
    } == set()
