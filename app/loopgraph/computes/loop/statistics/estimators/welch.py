"""Means of arms whose units vary differently: Welch's test (Biometrika 34, 1947).

A heavy tail is clipped or made a logarithm before (`reducers.unit_samples`): the test is then about what that leaves.
"""

from __future__ import annotations

from loopgraph.computes.loop.statistics.estimators.linear import contrast_of, marginal
from loopgraph.contracts.statistics.estimates import Assumption, Contrast, EffectScale, EstimationMethod
from loopgraph.contracts.statistics.metrics import Logarithm, Tail
from loopgraph.contracts.statistics.samples import JointMoments


def means(control: JointMoments, treatment: JointMoments, tail: Tail | None = None) -> Contrast:
    """The difference of the means of the first variable.

    With a logarithmic ``tail`` the moments are those of logarithms: the effect is the logarithm of the ratio of geometric means,
    and the values of the arms are these.
    """
    scale, assumptions = of_tail(tail)
    return contrast_of(EstimationMethod.WELCH, marginal(control), marginal(treatment), scale, assumptions=assumptions)


def of_tail(tail: Tail | None) -> tuple[EffectScale, tuple[Assumption, ...]]:
    """The scale of the effect, and what it takes for granted, by what was done about the tail."""
    if tail is None:
        return EffectScale.METRIC, ()
    if isinstance(tail, Logarithm):
        return EffectScale.LOGARITHM, (Assumption.GEOMETRIC_MEANS,)
    return EffectScale.METRIC, (Assumption.CLIPPED_VALUES,)
