"""What a comparison of two arms says, by whatever method: the effect, how sure that is, and what it takes for granted."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from loopgraph.contracts.base import Contract, Unit
from loopgraph.contracts.statistics.plans import ArmUnits, Horizon


class EstimationMethod(StrEnum):
    """How two arms were compared.

    - welch: means, by Welch's unequal variances.
    - cuped, ratio_cuped: the same and the next, adjusted by what was known before the experiment.
    - ratio_delta: ratios of sums, by the delta method.
    - score: proportions, by the score test with Newcombe's interval.
    - mann_whitney: ranks, with the Hodges–Lehmann shift.
    - stratified: means within the stages that units were assigned in, as a regression with a term for each has them.
    - inverse_propensity: means of arms whose shares changed as they went, weighted by the inverse of logged propensities.
    """

    WELCH = "welch"
    CUPED = "cuped"
    RATIO_DELTA = "ratio_delta"
    RATIO_CUPED = "ratio_cuped"
    SCORE = "score"
    MANN_WHITNEY = "mann_whitney"
    STRATIFIED = "stratified"
    INVERSE_PROPENSITY = "inverse_propensity"


class EffectScale(StrEnum):
    """What an effect is in: the unit of the metric, natural logarithms of it, or probability (0..1)."""

    METRIC = "metric"
    LOGARITHM = "logarithm"
    PROBABILITY = "probability"


class Assumption(StrEnum):
    """What a figure takes for granted.

    - independent_units: the units were assigned at random, and what one does tells nothing about another.
    - normal_means: the means of units (or what is made of them) are nearly normal: many units, or values that are not extreme.
    - one_look: this is the only look, at a size fixed beforehand.
    - many_units: enough units before the first look that their variance is nearly known.
    - declared_looks: ``earlier_looks`` are all looks that there were, and none was taken because of what was seen.
    - clipped_values: the effect is on values that were cut at quantiles.
    - geometric_means: the effect is a ratio of geometric means.
    - covariate_before: the covariate was known before the unit was assigned.
    - shift: the arms differ in place, not in shape (only for the shift; the p-value needs the same distribution under no effect).
    - logged_propensities: the probability of each arm was logged when the unit was assigned, and was never 0.
    - equal_variances: both arms vary alike.
    - flat_prior, normal_prior, beta_prior: what is believed before the data.
    """

    INDEPENDENT_UNITS = "independent_units"
    NORMAL_MEANS = "normal_means"
    ONE_LOOK = "one_look"
    MANY_UNITS = "many_units"
    DECLARED_LOOKS = "declared_looks"
    CLIPPED_VALUES = "clipped_values"
    GEOMETRIC_MEANS = "geometric_means"
    COVARIATE_BEFORE = "covariate_before"
    SHIFT = "shift"
    LOGGED_PROPENSITIES = "logged_propensities"
    EQUAL_VARIANCES = "equal_variances"
    FLAT_PRIOR = "flat_prior"
    NORMAL_PRIOR = "normal_prior"
    BETA_PRIOR = "beta_prior"


class NoEstimate(StrEnum):
    """Why a figure could not be computed.

    - no_units, too_few_units: an arm has none, or fewer than two.
    - no_variance: nothing varies, so that nothing can be tested.
    - zero_denominator: the denominators of an arm come to nothing.
    - not_finite: a value is no finite number, or what the values come to is beyond the range of one.
    - not_positive: a logarithm or a ratio needs positive values.
    - not_binary: a value of a proportion is neither 0 nor 1.
    - too_early: not enough units for a first look, or nothing of the error is to be spent yet.
    - no_propensity: the probability with which a unit was assigned is missing, or not in (0, 1].
    - no_overlap: what two versions were used for has so little in common that nothing tells them apart from it.
    - unreachable: no number of units that is allowed gives this power.
    """

    NO_UNITS = "no_units"
    TOO_FEW_UNITS = "too_few_units"
    NO_VARIANCE = "no_variance"
    ZERO_DENOMINATOR = "zero_denominator"
    NOT_FINITE = "not_finite"
    NOT_POSITIVE = "not_positive"
    NOT_BINARY = "not_binary"
    TOO_EARLY = "too_early"
    NO_PROPENSITY = "no_propensity"
    NO_OVERLAP = "no_overlap"
    UNREACHABLE = "unreachable"


Interval = tuple[float, float]


class ArmEstimate(Contract):
    """One arm: its units, what it comes to (its mean, rate, ratio, median, or geometric mean), and the standard error of that."""

    units: Annotated[int, Field(ge=0)]
    value: float | None = None
    standard_error: float | None = None


class Contrast(Contract):
    """Treatment against control with a standard error: what every way of looking needs, and no more.

    ``effect`` is that of the treatment less that of the control, in ``scale``. ``log_ratio`` is the logarithm of the
    treatment's value over the control's with its own standard error, None where they are not both positive: relative effects
    rest on it. ``degrees_of_freedom`` are those of Student's t, None where the normal serves. ``variance_reduction`` is the
    share of the variance that covariates took away. ``pooled_error`` and ``pooled_log_ratio_error`` are what the standard
    errors would be if both arms varied alike, ``balanced_units`` those of ``ArmUnits`` where they are not those of all units:
    see ``computes.loop.statistics.inference.at_looks``.
    """

    method: EstimationMethod
    scale: EffectScale = EffectScale.METRIC
    control: ArmEstimate
    treatment: ArmEstimate
    effect: float | None = None
    standard_error: float | None = None
    degrees_of_freedom: float | None = None
    pooled_error: float | None = None
    log_ratio: float | None = None
    log_ratio_error: float | None = None
    pooled_log_ratio_error: float | None = None
    variance_reduction: float | None = None
    balanced_units: float | None = None
    assumptions: tuple[Assumption, ...] = ()
    reason: NoEstimate | None = None

    @property
    def units(self) -> ArmUnits:
        """Those of each arm."""
        return ArmUnits(self.control.units, self.treatment.units)


class Estimate(Contract):
    """What a comparison says, at ``1 − level``, two-sided.

    ``effect`` is treatment less control in ``scale``, ``relative`` that over the control's value (−0.2: a fifth less); each
    has its interval. ``p_value`` is of no effect, and holds as ``horizon`` says: for always-valid ones, at every look.
    ``critical`` is half of the interval in standard errors where it is symmetric, and ``width_ratio`` how much wider that is
    than at a fixed horizon. ``superiority`` (ranks only) is the probability that a unit of the treatment has more than one
    of the control, ties counting half. What cannot be told is None, and ``reason`` says why; what can be told without it is
    given.
    """

    method: EstimationMethod
    horizon: Horizon
    scale: EffectScale
    level: Unit
    control: ArmEstimate
    treatment: ArmEstimate
    effect: float | None = None
    interval: Interval | None = None
    relative: float | None = None
    relative_interval: Interval | None = None
    p_value: Unit | None = None
    standard_error: float | None = None
    degrees_of_freedom: float | None = None
    critical: float | None = None
    width_ratio: float | None = None
    superiority: Unit | None = None
    superiority_interval: Interval | None = None
    variance_reduction: float | None = None
    assumptions: tuple[Assumption, ...] = ()
    reason: NoEstimate | None = None
