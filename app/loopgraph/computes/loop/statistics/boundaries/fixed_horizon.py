"""One look at a size that was fixed before: quantiles of the normal."""

from __future__ import annotations

from loopgraph.computes.loop.statistics.boundaries.normal import quantile, two_sided


def critical(level: float) -> float:
    """The boundary: z of 1 − level / 2."""
    return -quantile(level / 2)


def p_value(z: float) -> float:
    """The probability of a statistic at least as far from 0."""
    return two_sided(z)
