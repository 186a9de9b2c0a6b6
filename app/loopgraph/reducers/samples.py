"""Statistics of one sample: mergeable moments, percentiles, and rates with their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist

import numpy as np

from loopgraph.contracts.loop.arms import SampleStatistics
from loopgraph.errors import InvalidInput


def summarize(values: Iterable[float]) -> SampleStatistics:
    """Count, mean and M2 of ``values`` in one pass (Welford, Technometrics 4, 1962).

    The mean of no values is given as 0.0 with n = 0, the neutral element of ``merge``. Raises InvalidInput for a
    value that is not finite, and when the squared deviations leave the range of a float.
    """
    n, mean, m2 = 0, 0.0, 0.0
    for n, value in enumerate(values, start=1):
        if not math.isfinite(value):
            raise InvalidInput(f"values.{n - 1}", f"must be a finite number, not {value!r}")
        deviation = value - mean
        mean += deviation / n
        m2 += deviation * (value - mean)
    return _statistics(n, mean, m2)


def merge(a: SampleStatistics, b: SampleStatistics) -> SampleStatistics:
    """The statistics of both samples together (Chan, Golub & LeVeque, The American Statistician 37, 1983).

    Commutative and associative up to rounding. Raises InvalidInput when the squared deviations leave the range of a
    float.
    """
    if a.n < b.n:
        a, b = b, a
    if b.n == 0:
        return a
    n = a.n + b.n
    delta = b.mean - a.mean
    # The mean moves by delta instead of being averaged anew: equal means stay equal to the last bit, so merging
    # constant samples keeps a variance of exactly zero.
    return _statistics(n, a.mean + delta * (b.n / n), a.m2 + b.m2 + delta * delta * (a.n * b.n / n))


def mean(values: Sequence[float]) -> float:
    """The mean of at least one value, never beyond them: that of equal values is that value, to the last bit, however many."""
    return min(max(math.fsum(values) / len(values), min(values)), max(values))


def percentile(values: Sequence[float], q: float) -> float | None:
    """The ``q``-th percentile (0..100), interpolated linearly.

    Type 7 of Hyndman & Fan (The American Statistician 50, 1996), the same as ``percentileCont`` of Cypher. The
    order of ``values`` does not matter; None for no values. Raises InvalidInput when ``q`` is outside 0..100.
    """
    if not 0.0 <= q <= 100.0:
        raise InvalidInput("q", f"must be between 0 and 100, not {q!r}")
    return float(np.percentile(values, q)) if len(values) else None


def success_rate(successes: int, n: int) -> float | None:
    """``successes / n``, 0..1; None at n = 0. Raises InvalidInput unless 0 ≤ successes ≤ n."""
    _check_count(successes, n)
    return successes / n if n else None


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """Wilson's score interval of a success rate, without continuity correction (JASA 22, 1927); None at n = 0.

    ``confidence`` is two-sided and strictly between 0 and 1. Raises InvalidInput unless 0 ≤ successes ≤ n.
    """
    _check_count(successes, n)
    if not 0.0 < confidence < 1.0:
        raise InvalidInput("confidence", f"must be strictly between 0 and 1, not {confidence!r}")
    if n == 0:
        return None
    z, p = -NormalDist().inv_cdf((1 - confidence) / 2), successes / n
    middle, half_width = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if successes == 0 else (middle - half_width) / scale
    high = 1.0 if successes == n else (middle + half_width) / scale
    return low, high


def _check_count(successes: int, n: int) -> None:
    if not 0 <= successes <= n:
        raise InvalidInput("successes", f"must be between 0 and n = {n}, not {successes}")


def _statistics(n: int, mean: float, m2: float) -> SampleStatistics:
    if not math.isfinite(m2):
        raise InvalidInput("values", "are too large: their squared deviations leave the range of a float")
    return SampleStatistics(n=n, mean=mean, m2=m2)
