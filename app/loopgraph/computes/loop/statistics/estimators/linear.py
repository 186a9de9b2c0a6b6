"""What estimators share whose arms are independent and nearly normal: the difference, its error, the relative difference."""

from __future__ import annotations

import math
from typing import NamedTuple

from loopgraph.computes.loop.statistics.numbers import finite, varies
from loopgraph.contracts.statistics.estimates import (
    ArmEstimate,
    Assumption,
    Contrast,
    EffectScale,
    EstimationMethod,
    NoEstimate,
)
from loopgraph.contracts.statistics.samples import JointMoments

_GREATEST_LOGARITHM = 700.0


class ArmValue(NamedTuple):
    """What an arm comes to: its value (None where ``reason`` says why), and the variance of that (None below two units)."""

    units: int
    value: float | None = None
    variance: float | None = None
    reason: NoEstimate | None = None


class Errors(NamedTuple):
    """The standard error of a difference, and its degrees of freedom."""

    standard_error: float
    degrees_of_freedom: float


def combined(control_error: float, treatment_error: float, control_units: int, treatment_units: int) -> Errors | None:
    """Welch's standard error and Satterthwaite's degrees of freedom, from the standard errors of both arms, which have at
    least two units each; None where both are 0."""
    standard_error = math.hypot(control_error, treatment_error)
    if standard_error == 0.0:
        return None
    # In terms of the arms' shares of the squared error, which neither overflow nor vanish.
    control_share, treatment_share = (control_error / standard_error) ** 2, (treatment_error / standard_error) ** 2
    freedom = 1 / (control_share**2 / (control_units - 1) + treatment_share**2 / (treatment_units - 1))
    return Errors(standard_error, freedom)


def marginal(moments: JointMoments) -> ArmValue:
    """The mean of the first variable."""
    if moments.n == 0:
        return ArmValue(0, reason=NoEstimate.NO_UNITS)
    mean = moments.means[0]
    if moments.n < 2:
        return ArmValue(moments.n, mean, reason=NoEstimate.TOO_FEW_UNITS)
    return ArmValue(moments.n, mean, moments.covariance(0, 0) / moments.n)


def contrast_of(
    method: EstimationMethod,
    control: ArmValue,
    treatment: ArmValue,
    scale: EffectScale = EffectScale.METRIC,
    *,
    log_ratio_error: float | None = None,
    variance_reduction: float | None = None,
    assumptions: tuple[Assumption, ...] = (),
) -> Contrast:
    """Treatment against control. ``log_ratio_error`` is given where the arms' values are not independent of each other."""
    reason = _first_reason(control, treatment)
    effect, errors = None, None
    if control.value is not None and treatment.value is not None:
        effect = treatment.value - control.value
        if not finite(control.value, treatment.value, effect):
            effect, reason = None, NoEstimate.NOT_FINITE
    if effect is not None and control.variance is not None and treatment.variance is not None and reason is None:
        roots = _root(control), _root(treatment)
        if not finite(control.variance, treatment.variance):
            reason = NoEstimate.NOT_FINITE
        else:
            errors = combined(*roots, control.units, treatment.units)
            if errors is None or not varies(errors.standard_error, control.value or 0.0, treatment.value or 0.0):
                errors, reason = None, NoEstimate.NO_VARIANCE
    log_ratio = _log_ratio(control, treatment, effect, scale)
    of_ratio = _log_ratio_errors(control, treatment, scale, errors) if log_ratio is not None else _NO_ERRORS
    if log_ratio_error is not None and of_ratio.own is not None and of_ratio.pooled is not None:
        of_ratio = _RatioErrors(log_ratio_error, of_ratio.pooled * (log_ratio_error / of_ratio.own))
    return Contrast(
        method=method,
        scale=scale,
        control=_shown(control, scale),
        treatment=_shown(treatment, scale),
        effect=effect,
        standard_error=errors.standard_error if errors else None,
        degrees_of_freedom=errors.degrees_of_freedom if errors else None,
        pooled_error=_pooled(control, treatment, 1.0, 1.0) if errors else None,
        log_ratio=log_ratio,
        log_ratio_error=of_ratio.own,
        pooled_log_ratio_error=of_ratio.pooled,
        variance_reduction=variance_reduction if errors else None,
        assumptions=(Assumption.INDEPENDENT_UNITS, Assumption.NORMAL_MEANS, *assumptions),
        reason=reason,
    )


def _first_reason(*arms: ArmValue) -> NoEstimate | None:
    """NO_UNITS before what else is wrong."""
    reasons = [arm.reason for arm in arms if arm.reason is not None]
    return NoEstimate.NO_UNITS if NoEstimate.NO_UNITS in reasons else next(iter(reasons), None)


def _log_ratio(control: ArmValue, treatment: ArmValue, effect: float | None, scale: EffectScale) -> float | None:
    """The logarithm of the ratio of the arms' values."""
    if effect is None or control.value is None or treatment.value is None:
        return None
    if scale is EffectScale.LOGARITHM:
        return effect
    if control.value <= 0 or treatment.value <= 0:
        return None
    return math.log(treatment.value) - math.log(control.value)


class _RatioErrors(NamedTuple):
    own: float | None
    pooled: float | None


_NO_ERRORS = _RatioErrors(None, None)


def _log_ratio_errors(
    control: ArmValue, treatment: ArmValue, scale: EffectScale, errors: Errors | None
) -> _RatioErrors:
    """The standard errors of the logarithm of the ratio, by the delta method: that of the arms, and as if they varied alike."""
    if errors is None or control.variance is None or treatment.variance is None:
        return _NO_ERRORS
    sizes = [1.0 if scale is EffectScale.LOGARITHM else arm.value or 1.0 for arm in (control, treatment)]
    own = math.hypot(*(_root(arm) / size for arm, size in zip((control, treatment), sizes, strict=True)))
    pooled = _pooled(control, treatment, *sizes)
    return _RatioErrors(own, pooled) if finite(own) and own > 0 and pooled is not None else _NO_ERRORS


def _pooled(control: ArmValue, treatment: ArmValue, control_size: float, treatment_size: float) -> float | None:
    """The standard error as if the units of both arms varied alike, each arm's values divided by a size."""
    deviations = (
        math.sqrt((arm.units - 1) * arm.units) * (_root(arm) / size)
        for arm, size in ((control, control_size), (treatment, treatment_size))
    )
    whole = control.units + treatment.units
    error = math.hypot(*deviations) / math.sqrt(whole - 2) * math.sqrt(1 / control.units + 1 / treatment.units)
    return error if finite(error) else None


def _root(arm: ArmValue) -> float:
    return math.sqrt(max(0.0, arm.variance or 0.0))


def _shown(arm: ArmValue, scale: EffectScale) -> ArmEstimate:
    value, error = arm.value, None if arm.variance is None else _root(arm)
    if value is not None and scale is EffectScale.LOGARITHM:
        value = math.exp(value) if value < _GREATEST_LOGARITHM else math.inf
        error = None if error is None else value * error
    return ArmEstimate(
        units=arm.units,
        value=value if value is not None and finite(value) else None,
        standard_error=error if error is not None and finite(error) else None,
    )
