"""A logarithmic histogram of durations: percentiles within 1 %, from counts that can be added and taken away again.

The mapping is DDSketch's (Masson, Rim & Lee, PVLDB 12, 2019) with a relative accuracy of 1 %: bucket i holds what lies in
(γ^(i−2), γ^(i−1)], γ = 101/99, and bucket 0 what took no time at all. Its bounds are integers that are computed exactly, so the
same durations have the same indices on every machine. Durations are whole microseconds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loopgraph.errors import InvalidInput

RELATIVE_ERROR: Final = 0.01
"""How far a quantile is at most from that of the durations themselves, as a part of it."""

LONGEST_US: Final = 2**63 - 1
"""What took longer (292,000 years) is counted as if it had taken this long."""


def _upper_bounds() -> list[int]:
    """The longest duration of each bucket: 0, and γ^0, γ^1… rounded down, the last of them at least ``LONGEST_US``."""
    bounds, numerator, denominator = [0], 1, 1
    while bounds[-1] < LONGEST_US:
        bounds.append(numerator // denominator)
        numerator, denominator = numerator * 101, denominator * 99
    bounds[-1] = LONGEST_US
    return bounds


_UPPER: Final = _upper_bounds()
_UPPER_ARRAY: Final = np.array(_UPPER, dtype=np.int64)


def _middle(low: int, high: int) -> float:
    """What stands for all from ``low`` to ``high``: relatively as far from the one as from the other."""
    return 2 * low * high / (low + high)


_MIDDLES: Final = [0.0, *(_middle(below + 1, high) for below, high in pairwise(_UPPER))]


def index_of(duration_us: int) -> int:
    """The index (0…) of the bucket of a duration. Raises InvalidInput if it is negative."""
    if duration_us < 0:
        raise InvalidInput("duration_us", f"must not be negative, not {duration_us}")
    return bisect_left(_UPPER, min(duration_us, LONGEST_US))


def indices_of(durations_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """``index_of`` of many durations at once."""
    if durations_us.size and durations_us.min() < 0:
        raise InvalidInput("durations_us", "must not be negative")
    return np.searchsorted(_UPPER_ARRAY, durations_us, side="left")


def histogram(durations_us: Iterable[int]) -> dict[int, int]:
    """The counts by index, sorted."""
    values = [min(duration, LONGEST_US) for duration in durations_us]
    indices, counts = np.unique(indices_of(np.array(values, dtype=np.int64)), return_counts=True)
    return dict(zip(indices.tolist(), counts.tolist(), strict=True))


def quantile(counts: Mapping[int, int], q: float) -> float | None:
    """The ``q``-th quantile (0..1) in microseconds, interpolated linearly between ranks (type 7 of Hyndman & Fan).

    Every duration stands for itself within 1 %, and so does what is interpolated. None for no durations. Raises InvalidInput
    when ``q`` is outside 0..1.
    """
    return quantiles(counts, (q,))[0]


def quantiles(counts: Mapping[int, int], qs: Sequence[float]) -> list[float | None]:
    """``quantile`` for several ``qs`` at once."""
    for q in qs:
        if not 0.0 <= q <= 1.0:
            raise InvalidInput("q", f"must be between 0 and 1, not {q!r}")
    indices = sorted(index for index, count in counts.items() if count)
    below = list(accumulate(counts[index] for index in indices))
    if not below:
        return [None] * len(qs)

    def at(rank: int) -> float:
        return _MIDDLES[indices[bisect_left(below, rank + 1)]]

    def between(q: float) -> float:
        position = (below[-1] - 1) * q
        rank = int(position)
        low = at(rank)
        return low if position == rank else low + (at(rank + 1) - low) * (position - rank)

    return [between(q) for q in qs]


def shortest(counts: Mapping[int, int]) -> float | None:
    """The shortest duration in microseconds, within 1 %; None for none."""
    return quantile(counts, 0.0)


def longest(counts: Mapping[int, int]) -> float | None:
    """The longest duration in microseconds, within 1 %; None for none."""
    return quantile(counts, 1.0)


def durations_of(counts: Mapping[int, int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """What stands for the durations of each bucket that is not empty, ascending in microseconds, and how many there are."""
    indices = sorted(index for index, count in counts.items() if count)
    return np.array([_MIDDLES[index] for index in indices]), np.array(
        [counts[index] for index in indices], dtype=np.int64
    )
