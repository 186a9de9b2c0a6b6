"""How long executions took, what they measured of themselves, and what they cost, from their sums."""

from __future__ import annotations

import math
from typing import Final

from loopgraph.contracts.analytics.figures import CostFigures, DurationFigures, MeasureFigures
from loopgraph.contracts.analytics.sums import MICRO, NANO_PER_USD, US_PER_MS, Moments, UsageSums
from loopgraph.reducers.histogram import quantiles
from loopgraph.reducers.samples import percentile

MOST_MEASURES: Final = 50


def duration_figures(sums: UsageSums) -> DurationFigures:
    """Mean, spread and percentiles of the durations, in milliseconds; of the durations themselves, where they are known."""
    qs = (0.0, 0.5, 0.95, 0.99, 1.0)
    timed = sums.timed_us
    found = quantiles(sums.durations, qs) if timed is None else [percentile(timed, 100 * q) for q in qs]
    shortest, p50, p95, p99, longest = (None if us is None else us / US_PER_MS for us in found)
    std = deviation(sums.duration)
    return DurationFigures(
        count=sums.duration.n,
        mean_ms=sums.duration.total / (US_PER_MS * sums.duration.n) if sums.duration.n else None,
        min_ms=shortest,
        max_ms=longest,
        std_ms=None if std is None else std / US_PER_MS,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        total_ms=sums.duration.total / US_PER_MS,
    )


def measure_figures(sums: UsageSums) -> tuple[MeasureFigures, ...]:
    """The measures by name, at most ``MOST_MEASURES``: those that the most executions report."""
    ranked = sorted(sums.measures.items(), key=lambda item: (-item[1].n, item[0]))[:MOST_MEASURES]
    return tuple(_measure(name, moments) for name, moments in sorted(ranked) if moments.n)


def cost_figures(sums: UsageSums) -> CostFigures:
    """Tokens and money."""
    return CostFigures(
        input_tokens=sums.input_tokens,
        cache_read_tokens=sums.cache_read_tokens,
        cache_write_tokens=sums.cache_write_tokens,
        output_tokens=sums.output_tokens,
        reasoning_tokens=sums.reasoning_tokens,
        total_usd=known_cost(sums, sums.cost_nanousd),
        reported_usd=known_cost(sums, sums.reported_cost_nanousd),
        mean_usd=sums.cost_nanousd / (NANO_PER_USD * sums.priced) if sums.priced else None,
        priced=sums.priced,
        unpriced=sums.unpriced,
    )


def known_cost(sums: UsageSums, nanousd: int) -> float | None:
    """A sum of costs in US dollars: 0 where nothing happened, None where executions are known, and of none of them a cost."""
    return nanousd / NANO_PER_USD if sums.priced or not sums.executions else None


def deviation(moments: Moments) -> float | None:
    """The square root of the unbiased variance; None below two values. Exact until the last step: these are integers."""
    if moments.n < 2:
        return None
    return math.sqrt((moments.n * moments.squares - moments.total**2) / (moments.n * (moments.n - 1)))


def _measure(name: str, moments: Moments) -> MeasureFigures:
    std = deviation(moments)
    return MeasureFigures(
        name=name,
        count=moments.n,
        total=moments.total / MICRO,
        mean=moments.total / (MICRO * moments.n),
        std=None if std is None else std / MICRO,
    )
