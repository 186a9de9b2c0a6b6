"""How executions fall to the values of a dimension."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from loopgraph.contracts.analytics.figures import Distribution, Share
from loopgraph.contracts.analytics.subjects import OTHER
from loopgraph.contracts.analytics.sums import NANO_PER_USD, US_PER_MS, Tally, UsageSums
from loopgraph.reducers.samples import success_rate

MOST_VALUES: Final = 20
"""So many values of a dimension are told apart, the most frequent; the others are one."""


def distribution(sums: UsageSums, dimension: str, most: int = MOST_VALUES) -> Distribution:
    """The values of a dimension, the most frequent first, then all others as one."""
    tallies = sums.dimensions.get(dimension, {})
    known = values(tallies)
    ranked = sorted(known.items(), key=lambda item: (-item[1].executions, item[0]))
    rest = [tally for _, tally in ranked[most:]] + ([tallies[OTHER]] if OTHER in tallies else [])
    shares = [_share(value, tally, sums.executions) for value, tally in ranked[:most]]
    if rest:
        shares.append(_share(None, Tally(*map(sum, zip(*rest, strict=True))), sums.executions))
    return Distribution(dimension=dimension, distinct=len(known), at_least=OTHER in tallies, shares=tuple(shares))


def values(tallies: Mapping[str, Tally]) -> dict[str, Tally]:
    """Those that are told apart, and have executions."""
    return {value: tally for value, tally in tallies.items() if value != OTHER and tally.executions}


def _share(value: str | None, tally: Tally, executions: int) -> Share:
    return Share(
        value=value,
        executions=tally.executions,
        share=min(1.0, tally.executions / executions) if executions else 0.0,
        success_rate=success_rate(tally.successes, tally.successes + tally.failures),
        mean_duration_ms=tally.duration_us / (US_PER_MS * tally.timed) if tally.timed else None,
        cost_usd=tally.cost_nanousd / NANO_PER_USD,
    )
