"""Means of units that were assigned in stages, in which the shares of the arms differ.

Work changes while exposure grows, and so the arms do not consist of the same mixture of stages: the plain difference would take
the stages for the treatment (Simpson, JRSS B 13, 1951). Within a stage units were assigned at random by one share. The
differences within stages, weighted by n·m / (n + m), are what a regression with a term for each stage finds; where both
arms vary alike no other weights tell more. A stage in which an arm has no units tells nothing and has no weight.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from loopgraph.computes.loop.statistics.estimators.linear import ArmValue, contrast_of
from loopgraph.computes.loop.statistics.estimators.welch import of_tail
from loopgraph.computes.loop.statistics.numbers import finite
from loopgraph.contracts.statistics.estimates import Contrast, EffectScale, EstimationMethod, NoEstimate
from loopgraph.contracts.statistics.metrics import Tail
from loopgraph.contracts.statistics.samples import JointMoments

Stratum = tuple[JointMoments, JointMoments]
"""Control and treatment of one stage."""


class _Arm(NamedTuple):
    """An arm over all stages: its weighted mean, the squared weights over its units, and the variance of a unit within stages."""

    units: int
    value: float
    spread: float
    variance: float | None


def means(strata: Sequence[Stratum], tail: Tail | None = None, *, binary: bool = False) -> Contrast:
    """The weighted difference of the means of the first variable; its units are those of the stages that have some in both arms.

    The variance of a unit is that within stages, over all of an arm's, so that a stage needs no two units of each arm.
    Where units say yes or no (``binary``) each arm varies as if it had one unit more of either kind (Agresti & Caffo, Am.
    Stat. 54, 2000): so an error can be told, and an interval, also where all units of both arms say the same.
    """
    scale, assumptions = of_tail(tail)
    told = [(before, after) for before, after in strata if before.n and after.n]
    if not told:
        arms = [ArmValue(sum(each[side].n for each in strata), reason=NoEstimate.NO_UNITS) for side in (0, 1)]
        return contrast_of(EstimationMethod.STRATIFIED, arms[0], arms[1], scale, assumptions=assumptions)
    weights = [before.n * after.n / (before.n + after.n) for before, after in told]
    whole = sum(weights)
    control, treatment = (
        _arm([each[side] for each in told], [weight / whole for weight in weights], binary=binary) for side in (0, 1)
    )
    found = contrast_of(EstimationMethod.STRATIFIED, _value(control), _value(treatment), scale, assumptions=assumptions)
    changes: dict[str, float | None] = {"balanced_units": 4 * whole}
    if found.standard_error is not None and control.variance is not None and treatment.variance is not None:
        changes |= _errors(control, treatment, len(told), whole, scale, found)
    return found.model_copy(update=changes)


def _arm(moments: Sequence[JointMoments], weights: Sequence[float], *, binary: bool) -> _Arm:
    units = sum(each.n for each in moments)
    freedom = units - len(moments)
    squares = math.fsum(each.products[0][0] for each in moments)
    if binary:
        rate = math.fsum(each.n * each.means[0] for each in moments) / units
        squares += rate * rate + (1 - rate) * (1 - rate)
    return _Arm(
        units=units,
        value=math.fsum(weight * each.means[0] for weight, each in zip(weights, moments, strict=True)),
        spread=math.fsum(weight * weight / each.n for weight, each in zip(weights, moments, strict=True)),
        variance=squares / freedom if freedom > 0 else None,
    )


def _value(arm: _Arm) -> ArmValue:
    if arm.variance is None:
        return ArmValue(arm.units, arm.value, reason=NoEstimate.TOO_FEW_UNITS)
    return ArmValue(arm.units, arm.value, arm.spread * arm.variance)


def _errors(
    control: _Arm, treatment: _Arm, strata: int, whole: float, scale: EffectScale, found: Contrast
) -> dict[str, float | None]:
    """Degrees of freedom by Satterthwaite, with those that stages take; the errors as if both arms varied
    alike."""
    own = [arm.spread * (arm.variance or 0.0) for arm in (control, treatment)]
    freedoms = [arm.units - strata for arm in (control, treatment)]
    freedom = sum(own) ** 2 / sum(part * part / each for part, each in zip(own, freedoms, strict=True))
    arms = (control, treatment)
    changes: dict[str, float | None] = {
        "degrees_of_freedom": freedom,
        "pooled_error": _deviation(arms, freedoms, (1.0, 1.0)) / math.sqrt(whole),
    }
    if found.log_ratio is not None:
        sizes = [1.0 if scale is EffectScale.LOGARITHM else arm.value for arm in arms]
        changes["pooled_log_ratio_error"] = _deviation(arms, freedoms, sizes) / math.sqrt(whole)
    return {name: value if value is None or finite(value) else None for name, value in changes.items()}


def _deviation(arms: Sequence[_Arm], freedoms: Sequence[int], sizes: Sequence[float]) -> float:
    """Of a unit within stages, over both arms, each arm's values divided by a size."""
    squares = (
        freedom * (arm.variance or 0.0) / (size * size)
        for arm, freedom, size in zip(arms, freedoms, sizes, strict=True)
    )
    return math.sqrt(sum(squares) / sum(freedoms))
