"""What buckets hold: sums of integers over executions.

Integers only, so that they can be added in any order, taken away again when an execution is corrected, and rebuilt from the
executions to the same bytes. Durations are in microseconds, costs in nanodollars (1e-9 US dollars), scores in millionths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

US_PER_MS: Final = 1_000
NANO_PER_USD: Final = 1_000_000_000
MICRO: Final = 1_000_000
GRADES: Final = 20
"""In so many steps scores are counted: grade k holds those from k/20 up to the next, the last one the best alone."""


class Moments(NamedTuple):
    """Of a measure: how many are known, their sum, and the sum of their squares."""

    n: int = 0
    total: int = 0
    squares: int = 0


NOTHING: Final = Moments()


class Tally(NamedTuple):
    """What is known of the executions with one value of a dimension: ``successes`` and ``failures`` are those of which that is
    known, ``timed`` those with a known duration."""

    executions: int = 0
    successes: int = 0
    failures: int = 0
    timed: int = 0
    duration_us: int = 0
    cost_nanousd: int = 0


NO_COUNTS: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class UsageSums:
    """The sums over some executions of one subject; the default is that over none, the neutral element of adding.

    ``executions`` are all that began; ``statuses`` counts them by ``TraceStatus`` (those in progress, too). ``successes`` and
    ``failures`` are those of which it is known what came of them: for uses of patterns by the weighted criteria, for everything
    else by the status, where what was denied or interrupted is no success. ``errors`` counts by error type ("": those of a bucket
    that has too many types).

    ``durations`` counts indices of the logarithmic histogram of the durations (see ``reducers/histogram``), ``grades`` the
    qualities by their grade (``GRADES``). ``priced`` executions
    have a known cost, ``unpriced`` used tokens that nobody knows the price of. ``measures`` are numbers that executions report of
    themselves (memory_mb, http_calls, cache_hits…), in millionths. ``dimensions``: by dimension and value. ``timed_us`` are the
    durations themselves, ascending, where they were read: no bucket holds them.
    """

    executions: int = 0
    successes: int = 0
    failures: int = 0
    retries: int = 0
    statuses: Mapping[str, int] = field(default_factory=lambda: NO_COUNTS)
    errors: Mapping[str, int] = field(default_factory=lambda: NO_COUNTS)
    duration: Moments = NOTHING
    durations: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    quality: Moments = NOTHING
    grades: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    quality_gates: int = 0
    intelligence_functions: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nanousd: int = 0
    reported_cost_nanousd: int = 0
    priced: int = 0
    unpriced: int = 0
    measures: Mapping[str, Moments] = field(default_factory=lambda: MappingProxyType({}))
    dimensions: Mapping[str, Mapping[str, Tally]] = field(default_factory=lambda: MappingProxyType({}))
    timed_us: tuple[int, ...] | None = None


NO_SUMS: Final = UsageSums()
