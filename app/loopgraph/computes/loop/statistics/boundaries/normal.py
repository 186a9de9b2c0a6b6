"""The normal distribution, and Student's at the same probability."""

from __future__ import annotations

import math
from statistics import NormalDist

_STANDARD = NormalDist()
_FARTHEST = 38.0
"""Beyond, the normal's tail is less than the smallest float."""


def quantile(probability: float) -> float:
    """Of the standard normal."""
    return _STANDARD.inv_cdf(probability)


def two_sided(z: float) -> float:
    """The probability of both tails beyond ±z."""
    return math.erfc(abs(z) / math.sqrt(2))


def to_student(z: float, degrees_of_freedom: float | None) -> float:
    """The quantile of Student's t that is as probable as this one of the normal."""
    if degrees_of_freedom is None or not 0.0 < abs(z) < _FARTHEST:
        return z
    from scipy import special  # a service that has nothing to compare does without its 17 MB

    return math.copysign(-float(special.stdtrit(degrees_of_freedom, two_sided(z) / 2)), z)


def from_student(t: float, degrees_of_freedom: float | None) -> float:
    """The quantile of the normal that is as probable as this one of Student's t."""
    if degrees_of_freedom is None or t == 0.0:
        return t
    from scipy import special

    tail = float(special.stdtr(degrees_of_freedom, -abs(t)))
    return math.copysign(-quantile(tail) if tail > 0 else _FARTHEST, t)
