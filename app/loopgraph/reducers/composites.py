"""Several metrics as one value of a unit: each in standard deviations of the control's units, weighted and added up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from loopgraph.contracts.loop.design import WeightedMetric
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.samples import UnitValue
from loopgraph.reducers.samples import summarize

_ROUNDING: Final = 1e-12
"""So small a part of what it is made of, a difference or a deviation is what rounding leaves of none."""

Values = Mapping[str, float]
"""Of one metric, by unit."""


class Composed(NamedTuple):
    """The units of both arms that report every part, and why there can be none."""

    control: list[UnitValue]
    treatment: list[UnitValue]
    reason: NoEstimate | None = None


def composed(
    parts: Sequence[WeightedMetric],
    control: Sequence[Values],
    treatment: Sequence[Values],
    past: Sequence[Values] | None = None,
) -> Composed:
    """Σ wᵢ·sᵢ·(xᵢ − mᵢ) / dᵢ over Σ wᵢ, where s is 1 where larger is better and −1 where smaller is, and m and d are mean and
    standard deviation of the control's units that report the part: so larger is better, and the control's mean is 0.

    The values are those of the parts, in their order; ``past`` are those of before the experiment, on the same scale. What the
    control's deviation errs by is not in the error of the effect: where there is none, it makes no difference.
    """
    moments = [summarize(values.values()) for values in control]
    if any(each.n < 2 for each in moments):
        return Composed([], [], NoEstimate.TOO_FEW_UNITS)
    deviations = [math.sqrt(each.variance or 0.0) for each in moments]
    sizes = [max(map(abs, values.values())) for values in control]
    if any(deviation <= _ROUNDING * size for deviation, size in zip(deviations, sizes, strict=True)):
        return Composed([], [], NoEstimate.NO_VARIANCE)
    whole = sum(part.weight for part in parts)
    weights = [
        part.weight / whole * part.metric.direction.sign / deviation
        for part, deviation in zip(parts, deviations, strict=True)
    ]
    means = [each.mean for each in moments]

    def value(unit: str, of: Sequence[Values]) -> float | None:
        if not all(unit in values for values in of):
            return None
        terms = [weight * (values[unit] - mean) for weight, values, mean in zip(weights, of, means, strict=True)]
        whole = math.fsum(terms)
        return whole if abs(whole) > _ROUNDING * max(map(abs, terms)) else 0.0

    def arm(of: Sequence[Values]) -> list[UnitValue]:
        found = ((unit, value(unit, of)) for unit in of[0])
        return [
            UnitValue(told, covariate=None if past is None else value(unit, past), unit=unit)
            for unit, told in found
            if told is not None
        ]

    return Composed(arm(control), arm(treatment))
