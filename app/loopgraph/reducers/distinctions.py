"""Executions, set against each other level by level: those within one, and all else, by unit."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import median

from loopgraph.contracts.loop.distinctions import (
    LEAST_UNITS,
    MOST_EVIDENCE,
    MOST_LEVELS,
    DistinguishedMeasure,
    Factor,
    LevelComparison,
    ObservedExecution,
    Side,
)
from loopgraph.contracts.statistics.metrics import Direction, MetricDefinition, MetricKind
from loopgraph.contracts.statistics.samples import UnitValue
from loopgraph.reducers.samples import mean, percentile
from loopgraph.reducers.unit_samples import unit_samples

_METRICS = {
    measure: MetricDefinition(name=measure.value, kind=MetricKind.RANK, direction=Direction.SMALLER_IS_BETTER)
    for measure in DistinguishedMeasure
}


def level_comparisons(executions: Sequence[ObservedExecution]) -> list[LevelComparison]:
    """Each level of each factor against all else, where both have ``LEAST_UNITS``.

    A unit has one value on each side: the mean of its executions there. One with executions on both sides is in both; that these
    are alike makes the test rather miss a difference than find one.
    """
    levels = _levels(executions)
    found = []
    for measure in DistinguishedMeasure:
        known = [(one, value) for one in executions if (value := _value(one, measure)) is not None]
        for factor in Factor:
            for level in _largest(levels, factor):
                inside = [(one, value) for one, value in known if level in levels[one.execution_id].get(factor, ())]
                outside = [
                    (one, value) for one, value in known if level not in levels[one.execution_id].get(factor, ())
                ]
                if min(_units(inside), _units(outside)) >= LEAST_UNITS:
                    found.append(_compared(factor, level, measure, inside, outside))
    return found


_Known = Sequence[tuple[ObservedExecution, float]]


def _value(one: ObservedExecution, measure: DistinguishedMeasure) -> float | None:
    if measure is DistinguishedMeasure.DURATION_MS:
        return one.duration_ms
    return None if one.failed is None else float(one.failed)


def _levels(executions: Sequence[ObservedExecution]) -> dict[str, dict[Factor, frozenset[str]]]:
    """The levels of each execution, with the quarter that its input's size is in."""
    sizes = [float(size) for one in executions if (size := one.circumstances.input_size) is not None]
    cuts = [math.floor(cut) for share in (25, 50, 75) if (cut := percentile(sizes, share)) is not None]
    found = {}
    for one in executions:
        levels = {factor: frozenset(names) for factor, names in one.circumstances.levels.items()}
        size = one.circumstances.input_size
        if size is not None and len(set(cuts)) == len(cuts):
            levels[Factor.INPUT_SIZE] = frozenset({_quarter(size, cuts)})
        found[one.execution_id] = levels
    return found


def _quarter(size: int, cuts: Sequence[int]) -> str:
    low, middle, high = cuts
    if size <= low:
        return f"≤ {low}"
    if size <= middle:
        return f"{low + 1}-{middle}"
    return f"{middle + 1}-{high}" if size <= high else f"> {high}"


def _largest(levels: Mapping[str, Mapping[Factor, frozenset[str]]], factor: Factor) -> list[str]:
    counts = Counter(name for one in levels.values() for name in one.get(factor, ()))
    return [name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_LEVELS]]


def _units(known: _Known) -> int:
    return len({one.circumstances.unit for one, _ in known})


def _means(known: _Known) -> list[float]:
    values: defaultdict[str, list[float]] = defaultdict(list)
    for one, value in known:
        values[one.circumstances.unit].append(value)
    return [mean(each) for each in values.values()]


def _compared(
    factor: Factor, level: str, measure: DistinguishedMeasure, inside: _Known, outside: _Known
) -> LevelComparison:
    within, without = _means(inside), _means(outside)
    worst = sorted(inside, key=lambda item: (-item[1], item[0].execution_id))[:MOST_EVIDENCE]
    return LevelComparison(
        factor,
        level,
        measure,
        _side(measure, inside, within),
        _side(measure, outside, without),
        unit_samples(_METRICS[measure], [UnitValue(one) for one in without], [UnitValue(one) for one in within]),
        tuple(one.execution_id for one, value in worst if value or measure is DistinguishedMeasure.DURATION_MS),
    )


def _side(measure: DistinguishedMeasure, known: _Known, means: Sequence[float]) -> Side:
    whole = measure is DistinguishedMeasure.FAILURE_RATE
    value = mean(means) if whole else median(means)
    return Side(units=len(means), executions=len(known), value=value)
