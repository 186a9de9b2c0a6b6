"""Ratios of sums over units, Σy / Σx, by the delta method: cost per execution, where units have many executions.

Their variance is that of the linearised ratio (y − r·x) / x̄, a value for each unit (Deng, Knoblich & Lu, KDD 2018; Cochran,
Sampling Techniques, 1977, §6.3): executions of one unit need not be independent.
"""

from __future__ import annotations

from loopgraph.computes.loop.statistics.estimators.linear import ArmValue, contrast_of
from loopgraph.computes.loop.statistics.numbers import finite
from loopgraph.contracts.statistics.estimates import Contrast, EstimationMethod, NoEstimate
from loopgraph.contracts.statistics.samples import JointMoments


def ratios(control: JointMoments, treatment: JointMoments) -> Contrast:
    """The difference of the ratios of the first variable to the second."""
    return contrast_of(EstimationMethod.RATIO_DELTA, ratio(control), ratio(treatment))


def gradient(moments: JointMoments) -> tuple[float, float] | None:
    """The derivatives of the ratio by both means; None where the denominators come to nothing."""
    numerator, denominator = moments.means[:2]
    if denominator == 0.0 or not finite(1 / denominator, numerator / denominator):
        return None
    return 1 / denominator, -numerator / denominator / denominator


def ratio(moments: JointMoments) -> ArmValue:
    """The ratio of one arm."""
    if moments.n == 0:
        return ArmValue(0, reason=NoEstimate.NO_UNITS)
    if not finite(*moments.means[:2]):
        return ArmValue(moments.n, reason=NoEstimate.NOT_FINITE)
    if (slope := gradient(moments)) is None:
        return ArmValue(moments.n, reason=NoEstimate.ZERO_DENOMINATOR)
    value = moments.means[0] / moments.means[1]
    if moments.n < 2:
        return ArmValue(moments.n, value, reason=NoEstimate.TOO_FEW_UNITS)
    variance = sum(slope[i] * slope[j] * moments.covariance(i, j) for i in (0, 1) for j in (0, 1))
    return ArmValue(moments.n, value, variance / moments.n)
