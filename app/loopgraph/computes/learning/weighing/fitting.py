"""Weights of the parts of a score that outcomes teach, with the seed's as the prior.

The model: a pattern fits a prompt with the probability logistic(a + b · s), where s is the score, the mean of the parts that
are known by their weights, and b is not negative. The weights, a and b are the most probable ones (maximum a posteriori). The
prior of the weights is a Dirichlet distribution whose mode are the seed's: with parameters 1 + ``STRENGTH`` · weight, so that
each weight lies within about √(w(1−w) / (``STRENGTH`` + 1)) of the seed's w (0.11 for the meaning's 0.40, 0.07 for the 0.10
of the context). Without observations that mode is what is learned; a part that was never known keeps the seed's weight, since
how a Dirichlet distribution divides what is left does not depend on it. a and b are all but free: normal with a deviation of
``SPREAD``, so that they stay finite where the parts tell all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopgraph.contracts.learning.matching import SEED_WEIGHTS, MatchPart, MatchWeights
from loopgraph.contracts.learning.weighing import Pair

STRENGTH: Final = 20.0
SPREAD: Final = 10.0
_LEAST: Final = 1e-6
"""No weight of a prior is less than this here: its logarithm is taken."""

Floats = NDArray[np.float64]


class Table(NamedTuple):
    """Pairs as numbers, a row each: ``parts`` with 0 for what is not ``known`` (1 or 0)."""

    parts: Floats
    known: Floats
    fits: Floats
    weight: Floats

    def rows(self, chosen: NDArray[np.bool_]) -> Table:
        """Some of its rows."""
        return Table(*(column[chosen] for column in self))


class Fitted(NamedTuple):
    """Weights, and how probable it is by them that a pattern fits: logistic(a + b · score)."""

    weights: Floats
    a: float
    b: float

    def scores(self, table: Table) -> Floats:
        """The score of each pair."""
        return scores(table, self.weights)

    def losses(self, table: Table) -> Floats:
        """Of each pair minus the logarithm of how probable it was said to be that it comes as it came."""
        return _losses(table, self.a + self.b * self.scores(table))


def table_of(pairs: Sequence[Pair]) -> Table:
    """Pairs as numbers."""
    parts = np.asarray([pair.parts for pair in pairs], dtype=np.float64).reshape(len(pairs), len(MatchPart))
    known = ~np.isnan(parts)
    return Table(
        np.where(known, parts, 0.0),
        known.astype(np.float64),
        np.asarray([pair.fits for pair in pairs], dtype=np.float64),
        np.asarray([pair.weight for pair in pairs], dtype=np.float64),
    )


def as_weights(numbers: Floats) -> MatchWeights:
    """Numbers in the order of ``MatchPart``, as weights."""
    values = (numbers / numbers.sum()).tolist()
    return MatchWeights(**{part.value: min(1.0, value) for part, value in zip(MatchPart, values, strict=True)})


def as_numbers(weights: MatchWeights) -> Floats:
    """The other way round."""
    return np.asarray([getattr(weights, part.value) for part in MatchPart])


def scores(table: Table, weights: Floats) -> Floats:
    """The mean of the parts that are known, by their weights; 0 where these weigh nothing."""
    weighs = table.known @ weights
    return np.divide(table.parts @ weights, weighs, out=np.zeros(len(weighs)), where=weighs > 0)


def fit(table: Table, prior: MatchWeights = SEED_WEIGHTS) -> Fitted:
    """The most probable weights; those of the prior where nothing is observed, or nothing that differs."""
    seed = as_numbers(prior)
    if not len(table.fits) or table.fits.min() == table.fits.max():
        return fit_scale(table, seed)
    from scipy import optimize  # a service that learns no weights does without its 17 MB

    begin = fit_scale(table, seed)
    start = np.append(np.log(np.maximum(seed, _LEAST)), [begin.a, begin.b])
    bounds = [(None, None)] * (len(seed) + 1) + [(0.0, None)]
    found = optimize.minimize(_objective, start, args=(table, seed), jac=True, method="L-BFGS-B", bounds=bounds)
    return Fitted(_simplex(found.x[:-2]), float(found.x[-2]), float(found.x[-1]))


def fit_scale(table: Table, weights: Floats) -> Fitted:
    """The most probable a and b for weights that are given."""
    if not len(table.fits):
        return Fitted(weights, 0.0, 1.0)
    from scipy import optimize

    its = scores(table, weights)

    def objective(values: Floats) -> tuple[float, Floats]:
        value, slope = _loss(table, its, values[0], values[1])
        return value, np.asarray([slope.sum() + values[0] / SPREAD**2, slope @ its + values[1] / SPREAD**2])

    bounds = [(None, None), (0.0, None)]
    found = optimize.minimize(objective, np.asarray([0.0, 1.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    return Fitted(weights, float(found.x[0]), float(found.x[1]))


def _objective(values: Floats, table: Table, seed: Floats) -> tuple[float, Floats]:
    """Minus the logarithm of how probable all is, and how it changes. The weights stand as logarithms up to a constant."""
    weights, a, b = _simplex(values[:-2]), float(values[-2]), float(values[-1])
    weighs, its = table.known @ weights, scores(table, weights)
    value, slope = _loss(table, its, a, b)
    by_score = np.divide(slope * b, weighs, out=np.zeros(len(weighs)), where=weighs > 0)
    by_weight = by_score @ table.parts - (by_score * its) @ table.known
    prior = -STRENGTH * float(seed @ np.log(np.maximum(weights, 1e-300)))
    change = weights * (by_weight - weights @ by_weight) - STRENGTH * (seed - weights * seed.sum())
    return value + prior, np.concatenate([change, [slope.sum() + a / SPREAD**2, slope @ its + b / SPREAD**2]])


def _loss(table: Table, its: Floats, a: float, b: float) -> tuple[float, Floats]:
    """The loss of all pairs with what a and b cost, and by how much each pair's grows with a + b · score."""
    said = a + b * its
    value = float(table.weight @ _losses(table, said)) + (a**2 + b**2) / (2 * SPREAD**2)
    return value, table.weight * (_logistic(said) - table.fits)


def _losses(table: Table, said: Floats) -> Floats:
    losses: Floats = np.logaddexp(0.0, said) - table.fits * said
    return losses


def _logistic(said: Floats) -> Floats:
    value: Floats = 0.5 * (1.0 + np.tanh(0.5 * said))
    return value


def _simplex(logarithms: Floats) -> Floats:
    powers = np.exp(logarithms - logarithms.max())
    weights: Floats = powers / powers.sum()
    return weights
