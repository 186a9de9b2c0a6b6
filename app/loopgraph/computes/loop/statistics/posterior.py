"""How likely it is that the treatment is better, and what a wrong choice is expected to cost (Stucchio, Bayesian A/B testing
at VWO, 2015).

These describe belief after the data, given a prior; they promise nothing about how often one errs when looking again and again.
"""

from __future__ import annotations

import math

import numpy as np

from loopgraph.computes.loop.statistics.numbers import finite
from loopgraph.contracts.statistics.decisions import NormalPrior, Posterior
from loopgraph.contracts.statistics.estimates import Assumption, Contrast, NoEstimate
from loopgraph.contracts.statistics.metrics import Direction
from loopgraph.contracts.statistics.samples import BinaryCounts

_NODES = 401


def posterior(contrast: Contrast, direction: Direction, prior: NormalPrior | None = None) -> Posterior:
    """Of any contrast. Without a ``prior`` all effects are as likely before (flat): Student's distribution around the
    effect, which approximates the posterior of Behrens & Fisher. With one, the effect is normal, and drawn towards the
    prior's mean."""
    effect, error = contrast.effect, contrast.standard_error
    if contrast.reason is not None or effect is None or error is None:
        return Posterior(reason=contrast.reason or NoEstimate.NO_VARIANCE, assumptions=_assumed(contrast, prior))
    if prior is None:
        mean, deviation, freedom = effect, error, contrast.degrees_of_freedom
    else:
        share = prior.deviation / math.hypot(prior.deviation, error)
        mean, freedom = prior.mean + share * share * (effect - prior.mean), None
        deviation = share * error
    better, short = _tail_and_loss(direction.sign * mean, deviation, freedom)
    _, spare = _tail_and_loss(-direction.sign * mean, deviation, freedom)
    if better is None or not finite(mean, deviation):
        return Posterior(reason=NoEstimate.NOT_FINITE, assumptions=_assumed(contrast, prior))
    return Posterior(
        probability_better=better,
        loss_of_treatment=short,
        loss_of_control=spare,
        mean=mean,
        deviation=deviation,
        assumptions=_assumed(contrast, prior),
    )


def proportions_posterior(
    control: BinaryCounts, treatment: BinaryCounts, direction: Direction, prior: tuple[float, float] = (1.0, 1.0)
) -> Posterior:
    """Of two rates, each with a beta prior (uniform, unless another is given, as positive numbers of successes and failures): by
    quadrature over the control's quantiles, without a normal approximation."""
    from scipy import special  # a service that has nothing to compare does without its 17 MB

    assumed = (Assumption.INDEPENDENT_UNITS, Assumption.BETA_PRIOR)
    if min(control.n, treatment.n) == 0:
        return Posterior(reason=NoEstimate.NO_UNITS, assumptions=assumed)
    (a, b), (c, d) = (
        (prior[0] + counts.successes, prior[1] + counts.n - counts.successes) for counts in (control, treatment)
    )
    mean, before = c / (c + d), a / (a + b)
    # Over the quantiles of the narrower one, at which the other's distribution is smooth, by the trapezoidal rule on scores.
    scores = np.linspace(-8.5, 8.5, _NODES)
    weights = np.exp(-0.5 * scores * scores)
    weights /= weights.sum()
    if _variance(a, b) < _variance(c, d):
        at = special.betaincinv(a, b, special.ndtr(scores))
        over = special.betaincc(c, d, at)
        excess = mean * special.betaincc(c + 1, d, at) - at * over
    else:
        at = special.betaincinv(c, d, special.ndtr(scores))
        over = special.betainc(a, b, at)
        excess = at * over - before * special.betainc(a + 1, b, at)
    more, gain = float(weights @ over), float(weights @ excess)
    gain, loss = max(0.0, gain), max(0.0, gain - (mean - before))
    up = direction is Direction.LARGER_IS_BETTER
    return Posterior(
        probability_better=min(1.0, max(0.0, more if up else 1 - more)),
        loss_of_treatment=loss if up else gain,
        loss_of_control=gain if up else loss,
        mean=mean - before,
        deviation=math.sqrt(_variance(a, b) + _variance(c, d)),
        assumptions=assumed,
    )


def _variance(a: float, b: float) -> float:
    return a * b / ((a + b) ** 2 * (a + b + 1))


def _assumed(contrast: Contrast, prior: NormalPrior | None) -> tuple[Assumption, ...]:
    return (*contrast.assumptions, Assumption.FLAT_PRIOR if prior is None else Assumption.NORMAL_PRIOR)


def _tail_and_loss(gain: float, deviation: float, freedom: float | None) -> tuple[float | None, float | None]:
    """The probability that what is distributed around ``gain`` is positive, and the mean of how far it is below 0.

    The latter is infinite for Student's distribution with one degree of freedom or less: None.
    """
    from scipy import special

    z = gain / deviation if deviation > 0 else math.inf  # a prior so sure of itself that what is left vanishes
    if not finite(z):
        return None, None
    if freedom is None:
        density = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
        below = float(special.ndtr(-z))
        return float(special.ndtr(z)), max(0.0, deviation * density - gain * below)
    below = float(special.stdtr(freedom, -z))
    if freedom <= 1:
        return float(special.stdtr(freedom, z)), None
    # Student's density times (ν + z²) / (ν − 1), as one power of 1 + z² / ν: far from 0 the one vanishes, the other has no end.
    log_spread = (
        float(special.gammaln((freedom + 1) / 2) - special.gammaln(freedom / 2))
        + 0.5 * math.log(freedom / math.pi)
        - (freedom - 1) / 2 * math.log1p(z * z / freedom)
    )
    spread = deviation * math.exp(log_spread) / (freedom - 1)
    return float(special.stdtr(freedom, z)), max(0.0, spread - gain * below)
