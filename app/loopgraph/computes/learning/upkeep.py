"""Which learned patterns are matched: those that do badly, with enough evidence, are not any more."""

from __future__ import annotations

import math
from typing import Final

from loopgraph.contracts.learning.plans import LearnedPattern, Standing

LEAST_RUNS: Final = 8
"""So many traces have to speak before a pattern is said to do badly."""

CRITICAL: Final = 1.959963984540054
"""The normal quantile of 0.975: an interval of 95 %."""


def standing_of(pattern: LearnedPattern, prune_below: float) -> Standing:
    """How a pattern stands: pruned, if the upper end of Wilson's interval of its success rate at 95 % is below ``prune_below``.
    It is matched again as soon as that is not so any more; one that is part of another stays that."""
    if pattern.standing is Standing.MERGED:
        return Standing.MERGED
    rate = pattern.success_rate
    if rate is None or pattern.runs < LEAST_RUNS:
        return Standing.ACTIVE
    return Standing.PRUNED if wilson(pattern.successes, pattern.runs)[1] < prune_below else Standing.ACTIVE


def wilson(successes: int, runs: int) -> tuple[float, float]:
    """Wilson's interval of a success rate, at 95 % (Wilson 1927). ``runs`` is at least 1."""
    rate, square = successes / runs, CRITICAL**2
    middle = rate + square / (2 * runs)
    spread = CRITICAL * math.sqrt(rate * (1 - rate) / runs + square / (4 * runs**2))
    return max(0.0, (middle - spread) / (1 + square / runs)), min(1.0, (middle + spread) / (1 + square / runs))
