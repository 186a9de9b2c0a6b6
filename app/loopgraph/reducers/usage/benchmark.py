"""How one subject stands among its like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from typing import Final

from loopgraph.contracts.analytics.comparison import Benchmark, BenchmarkMeasure
from loopgraph.contracts.analytics.sums import US_PER_MS, UsageSums
from loopgraph.reducers.samples import success_rate

_VALUE_OF: Final[Mapping[BenchmarkMeasure, Callable[[UsageSums], float | None]]] = {
    BenchmarkMeasure.EXECUTIONS: lambda sums: float(sums.executions),
    BenchmarkMeasure.SUCCESS_RATE: lambda sums: success_rate(sums.successes, sums.successes + sums.failures),
    BenchmarkMeasure.DURATION_MEAN_MS: lambda sums: (
        sums.duration.total / (US_PER_MS * sums.duration.n) if sums.duration.n else None
    ),
}


def benchmark(key: str, peers: Mapping[str, UsageSums]) -> tuple[Benchmark, ...]:
    """Where ``key`` stands among ``peers`` (itself one of them) on each measure."""
    return tuple(_benchmark(measure, key, peers) for measure in BenchmarkMeasure)


def percentile_rank(value: float, among: list[float], *, smaller_is_better: bool = False) -> float:
    """The part (0..100) of ``among`` that is worse than ``value``, and half of those that are equal."""
    worse = sum(other > value if smaller_is_better else other < value for other in among)
    return 100 * (worse + sum(other == value for other in among) / 2) / len(among)


def _benchmark(measure: BenchmarkMeasure, key: str, peers: Mapping[str, UsageSums]) -> Benchmark:
    value_of = _VALUE_OF[measure]
    known = [value for sums in peers.values() if (value := value_of(sums)) is not None]
    value = value_of(peers[key]) if key in peers else None
    ranked = value is not None and len(known) > 1
    return Benchmark(
        measure=measure,
        value=value,
        peers=len(known),
        mean=sum(known) / len(known) if known else None,
        median=median(known) if known else None,
        percentile_rank=percentile_rank(value, known, smaller_is_better=measure is BenchmarkMeasure.DURATION_MEAN_MS)
        if ranked and value is not None
        else None,
    )
