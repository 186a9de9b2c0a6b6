"""Levels of factors set against all else."""

from __future__ import annotations

from typing import Any

from loopgraph.contracts.loop.distinctions import (
    LEAST_UNITS,
    MOST_EVIDENCE,
    MOST_LEVELS,
    Circumstances,
    DistinguishedMeasure,
    Factor,
    LevelComparison,
    ObservedExecution,
)
from loopgraph.reducers.distinctions import level_comparisons

RATE, DURATION = DistinguishedMeasure.FAILURE_RATE, DistinguishedMeasure.DURATION_MS


def execution(
    number: int,
    unit: str,
    model: str,
    *,
    failed: bool | None = False,
    ms: float | None = 1.0,
    size: int | None = None,
    **more: Any,
) -> ObservedExecution:
    levels = {Factor.MODEL: frozenset({model}), **{Factor(name): frozenset(names) for name, names in more.items()}}
    return ObservedExecution(f"e{number:03}", Circumstances(unit, levels, size), failed, ms)


def of(found: list[LevelComparison], factor: Factor, level: str, measure: DistinguishedMeasure) -> LevelComparison:
    [one] = [one for one in found if (one.factor, one.level, one.measure) == (factor, level, measure)]
    return one


def test_each_unit_has_one_value_on_each_side() -> None:
    executions = [
        *(execution(number, f"u{number % 5}", "m1", failed=number % 5 == 0, ms=float(number)) for number in range(10)),
        *(execution(10 + number, f"v{number}", "m2", ms=100.0) for number in range(6)),
    ]
    found = level_comparisons(executions)
    assert {(one.factor, one.level) for one in found} == {(Factor.MODEL, "m1"), (Factor.MODEL, "m2")}
    rate = of(found, Factor.MODEL, "m1", RATE)
    assert (rate.inside.units, rate.inside.executions, rate.inside.value) == (5, 10, 0.2)
    assert (rate.outside.units, rate.outside.executions, rate.outside.value) == (6, 6, 0.0)
    assert rate.execution_ids == ("e000", "e005"), "those that failed"
    took = of(found, Factor.MODEL, "m1", DURATION)
    assert took.inside.value == 4.5, "the median of 2.5, 3.5, 4.5, 5.5, 6.5"
    assert took.execution_ids[0] == "e009"
    assert len(took.execution_ids) == MOST_EVIDENCE


def test_what_is_not_known_is_not_compared() -> None:
    executions = [execution(number, f"u{number}", f"m{number % 2}", failed=None) for number in range(20)]
    assert {one.measure for one in level_comparisons(executions)} == {DURATION}


def test_levels_of_few_units_are_not_compared() -> None:
    few = LEAST_UNITS - 1
    executions = [execution(number, f"u{number % few}", "rare") for number in range(30)]
    executions += [execution(100 + number, f"v{number}", "common") for number in range(30)]
    assert level_comparisons(executions) == []


def test_only_the_largest_levels_are_compared() -> None:
    executions = [
        execution(100 * level + number, f"u{level}-{number}", f"m{level:02}")
        for level in range(MOST_LEVELS + 3)
        for number in range(6 + level)
    ]
    compared = {one.level for one in level_comparisons(executions)}
    assert len(compared) == MOST_LEVELS
    assert "m00" not in compared


def test_input_sizes_fall_into_quarters() -> None:
    executions = [execution(number, f"u{number}", "m", size=number) for number in range(1, 41)]
    levels = {one.level: one.inside.units for one in level_comparisons(executions) if one.factor is Factor.INPUT_SIZE}
    assert levels == {"≤ 10": 10, "11-20": 10, "21-30": 10, "> 30": 10}
    alike = [execution(number, f"u{number}", "m", size=7) for number in range(40)]
    assert level_comparisons(alike) == []


def test_a_unit_on_both_sides_is_in_both() -> None:
    executions = [execution(number, f"u{number // 2}", f"m{number % 2}") for number in range(20)]
    rate = of(level_comparisons(executions), Factor.MODEL, "m0", RATE)
    assert (rate.inside.units, rate.outside.units) == (10, 10)
