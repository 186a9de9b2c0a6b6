"""P-values of several tests, adjusted for their number: pure arithmetic that rooms of one floor share.

``family`` is the number of tests where that is more than there are p-values, because some have none yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


def holm(p_values: Sequence[float], family: int | None = None) -> list[float]:
    """Those below a level hold together at that level, however they depend on each other (Holm, Scand. J. Statist. 6, 1979)."""
    n = max(family or 0, len(p_values))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    steps = accumulate((min(1.0, (n - rank) * p_values[index]) for rank, index in enumerate(order)), max)
    return _back(order, list(steps))


def benjamini_hochberg(p_values: Sequence[float], family: int | None = None) -> list[float]:
    """Of those below a level, at most that share is false on average, where the tests are independent or go up together
    (Benjamini & Hochberg, JRSS B 57, 1995)."""
    n = max(family or 0, len(p_values))
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    ranks = range(len(p_values), 0, -1)
    steps = accumulate((min(1.0, p_values[index] * n / rank) for rank, index in zip(ranks, order, strict=True)), min)
    return _back(order, list(steps))


def _back(order: Sequence[int], adjusted: Sequence[float]) -> list[float]:
    return [value for _, value in sorted(zip(order, adjusted, strict=True))]
