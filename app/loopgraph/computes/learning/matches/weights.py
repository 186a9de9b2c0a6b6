"""Weights of the parts of a score that outcomes teach, beginning with the seed's.

A score is taken for the probability that the pattern helps. The weights are those with the least Brier score over what was
observed, and near the prior: least squares with a ridge toward it, under the condition that no weight is negative and that they
sum to 1, so a score stays one. As long as little was observed the prior holds: ``PRIOR_OBSERVATIONS`` is how many observations
it counts as.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopgraph.computes.learning.matches.scoring import weighted
from loopgraph.contracts.learning.matching import MatchPart, MatchWeights

PRIOR_OBSERVATIONS: Final = 200.0
"""With less, five weights from yes and no would follow chance."""
_VARIANCE: Final = 0.09
"""That of a part, about: each observation of the prior tells as much as one of a part that varies so."""
_STEPS: Final = 2_000
_ENOUGH: Final = 1e-10


class Observed(NamedTuple):
    """The parts of a score that a plan was handed out with, None for those that were not known, and whether it helped."""

    parts: Mapping[MatchPart, float | None]
    helped: bool


def learned_weights(observed: Sequence[Observed], prior: MatchWeights | None = None) -> MatchWeights:
    """The weights after some observations; the prior itself (the seed's) without any.

    A part that was not known is taken for what the others came to by the prior, which is what a score does with it.
    """
    prior = prior or MatchWeights()
    names = [part.value for part in MatchPart]
    start = np.asarray([getattr(prior, name) for name in names])
    if not observed:
        return prior
    rows = np.asarray([_row(one.parts, prior) for one in observed])
    helped = np.asarray([float(one.helped) for one in observed])
    # The mean over all is no matter of weights, which sum to 1: what is left over is what they can explain.
    rows, helped = rows - rows.mean(axis=0), helped - helped.mean()
    curvature = rows.T @ rows + PRIOR_OBSERVATIONS * _VARIANCE * np.eye(len(names))
    pull = rows.T @ helped + PRIOR_OBSERVATIONS * _VARIANCE * start
    step = 1.0 / float(np.linalg.eigvalsh(curvature)[-1])
    weights = start
    for _ in range(_STEPS):
        moved = _on_simplex(weights - step * (curvature @ weights - pull))
        if float(np.abs(moved - weights).max()) < _ENOUGH:
            break
        weights = moved
    return MatchWeights(
        **{name: float(min(max(weight, 0.0), 1.0)) for name, weight in zip(names, weights, strict=True)}
    )


def _row(parts: Mapping[MatchPart, float | None], prior: MatchWeights) -> list[float]:
    whole = weighted(dict(parts), prior)
    values = (parts.get(part) for part in MatchPart)
    return [whole if value is None else value for value in values]


def _on_simplex(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest point with no negative number and the sum 1 (Duchi et al., 2008)."""
    falling = np.sort(vector)[::-1]
    excess = (np.cumsum(falling) - 1.0) / np.arange(1, len(vector) + 1)
    nearest: NDArray[np.float64] = np.maximum(vector - excess[np.nonzero(falling > excess)[0][-1]], 0.0)
    return nearest
