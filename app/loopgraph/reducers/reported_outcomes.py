"""What reported outcomes come to, over units."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from loopgraph.contracts.loop.reported_outcomes import TOP_NAMES, OutcomeFigures, OutcomeSummary, UnitsAlike
from loopgraph.reducers.samples import wilson_interval

_LEVEL = 0.95


def summary_of(rows: Iterable[UnitsAlike]) -> OutcomeSummary:
    """The figures of each name of outcomes: those with the most units first, at most ``TOP_NAMES``."""
    by_name: dict[str, list[UnitsAlike]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    figures = [_figures(name, alike) for name, alike in by_name.items()]
    return OutcomeSummary(figures=tuple(sorted(figures, key=lambda one: (-one.units, one.name))[:TOP_NAMES]))


def _figures(name: str, alike: Sequence[UnitsAlike]) -> OutcomeFigures:
    n = sum(row.units for row in alike)
    mean = math.fsum(row.mean * row.units for row in alike) / n
    boolean = all(row.boolean for row in alike)
    return OutcomeFigures(
        name=name,
        boolean=boolean,
        outcomes=sum(row.outcomes for row in alike),
        units=n,
        mean=mean,
        interval=_interval(alike, n, mean, boolean=boolean),
    )


def _interval(alike: Sequence[UnitsAlike], n: int, mean: float, *, boolean: bool) -> tuple[float, float] | None:
    if boolean and all(row.mean in (0.0, 1.0) for row in alike):
        return wilson_interval(sum(row.units for row in alike if row.mean), n, _LEVEL)
    squares = math.fsum(row.units * (row.mean - mean) ** 2 for row in alike)
    if n < 2 or not squares or not math.isfinite(squares):
        return None
    from scipy import special

    reach = float(special.stdtrit(n - 1, (1 + _LEVEL) / 2)) * math.sqrt(squares / (n - 1) / n)
    low, high = mean - reach, mean + reach
    return (max(0.0, low), min(1.0, high)) if boolean else (low, high)
