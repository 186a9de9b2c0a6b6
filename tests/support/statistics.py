"""Samples for tests of the statistics of experiments, and what every answer must keep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from loopgraph.contracts.statistics.metrics import Direction, MetricDefinition, MetricKind, Tail
from loopgraph.contracts.statistics.samples import JointMoments, UnitSamples, UnitValue
from loopgraph.reducers.unit_samples import unit_samples


def metric(
    kind: MetricKind = MetricKind.MEAN,
    direction: Direction = Direction.LARGER_IS_BETTER,
    tail: Tail | None = None,
    covariate: str | None = None,
) -> MetricDefinition:
    return MetricDefinition(name="m", kind=kind, direction=direction, tail=tail, covariate=covariate)


def units(
    values: Sequence[float],
    denominators: Sequence[float] | None = None,
    covariates: Sequence[float | None] | None = None,
) -> list[UnitValue]:
    return [
        UnitValue(
            float(value),
            1.0 if denominators is None else float(denominators[index]),
            None if covariates is None or covariates[index] is None else float(covariates[index]),  # type: ignore[arg-type]
        )
        for index, value in enumerate(values)
    ]


def samples(definition: MetricDefinition, control: Sequence[float], treatment: Sequence[float]) -> UnitSamples:
    return unit_samples(definition, units(control), units(treatment))


def moments(*columns: Sequence[float]) -> JointMoments:
    """Plainly, so that tests do not rest on the reducer."""
    n = len(columns[0])
    means = [math.fsum(column) / n if n else 0.0 for column in columns]
    return JointMoments(
        n=n,
        means=tuple(means),
        products=tuple(
            tuple(
                math.fsum((a - means[i]) * (b - means[j]) for a, b in zip(columns[i], columns[j], strict=True))
                for j in range(i + 1)
            )
            for i in range(len(columns))
        ),
    )


def all_numbers_are_finite(found: Any) -> bool:
    """Whether an answer holds no NaN and nothing infinite, at any depth."""
    if hasattr(found, "model_dump"):
        found = found.model_dump()
    if isinstance(found, dict):
        return all(map(all_numbers_are_finite, found.values()))
    if isinstance(found, list | tuple):
        return all(map(all_numbers_are_finite, found))
    return not isinstance(found, float) or math.isfinite(found)
