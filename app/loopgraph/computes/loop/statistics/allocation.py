"""Which share of the next units each arm is given: Thompson sampling (Biometrika 25, 1933), with a floor.

It spends fewer units on what is worse, and pays with what can be told at the end: arms that get few units are known less,
and plain means of arms are biased. So log the shares with each assignment and estimate by `inverse_weighting`; the floor
bounds the weights.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from loopgraph.contracts.statistics.allocation import Allocation, Belief, BetaBelief, NormalBelief
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.metrics import Direction
from loopgraph.contracts.statistics.samples import BinaryCounts, JointMoments
from loopgraph.errors import InvalidInput

DRAWS = 10_000


def belief_of(sample: BinaryCounts | JointMoments) -> Belief | NoEstimate:
    """What the units of an arm let one believe of its rate, or of the mean of its first variable (which takes three units
    that vary)."""
    if isinstance(sample, BinaryCounts):
        return BetaBelief(successes=sample.successes, failures=sample.n - sample.successes)
    if sample.n < 3:
        return NoEstimate.TOO_FEW_UNITS if sample.n else NoEstimate.NO_UNITS
    squared = sample.covariance(0, 0) / sample.n
    if not squared > 0.0:
        return NoEstimate.NO_VARIANCE if squared == 0.0 else NoEstimate.NOT_FINITE
    mean, deviation = sample.means[0], squared**0.5
    if not abs(mean) + deviation < float("inf"):
        return NoEstimate.NOT_FINITE
    return NormalBelief(mean=mean, deviation=deviation, degrees_of_freedom=sample.n - 1)


def thompson(
    beliefs: Mapping[str, Belief | NoEstimate],
    direction: Direction,
    random: Generator,
    *,
    floor: float = 0.05,
    draws: int = DRAWS,
) -> Allocation:
    """The shares of the next units: as probable as each arm is the best one, by ``draws`` from the beliefs, with at least
    ``floor`` for each.

    While one arm has no belief all have equal shares. Raises InvalidInput without arms, for a floor that is not in (0, 1 /
    arms], and for no draws.
    """
    arms = len(beliefs)
    if not arms:
        raise InvalidInput("beliefs", "must name at least one arm")
    if not 0.0 < floor <= 1 / arms:
        raise InvalidInput("floor", f"must be above 0 and at most {1 / arms:g} for {arms} arms, not {floor!r}")
    if draws < 1:
        raise InvalidInput("draws", f"must be at least 1, not {draws}")
    columns = []
    for belief in beliefs.values():
        if isinstance(belief, NoEstimate):
            return Allocation(shares=dict.fromkeys(beliefs, 1 / arms), reason=belief)
        columns.append(_drawn(belief, random, draws))
    best = np.argmax(direction.sign * np.stack(columns), axis=0)
    found = np.bincount(best, minlength=arms) / draws
    shares = floor + (1 - arms * floor) * found
    return Allocation(
        shares={arm: float(share) for arm, share in zip(beliefs, shares, strict=True)},
        probabilities_best={arm: float(share) for arm, share in zip(beliefs, found, strict=True)},
    )


def _drawn(belief: Belief, random: Generator, draws: int) -> NDArray[np.float64]:
    if isinstance(belief, BetaBelief):
        return random.beta(1 + belief.successes, 1 + belief.failures, draws)
    freedom = belief.degrees_of_freedom
    noise = random.standard_normal(draws) if freedom is None else random.standard_t(freedom, draws)
    return belief.mean + belief.deviation * noise
