"""Executions to be counted, and their sums made the plain way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from loopgraph.contracts.analytics.subjects import Dimension
from loopgraph.contracts.analytics.sums import GRADES, MICRO, NANO_PER_USD, US_PER_MS, Moments, Tally, UsageSums
from loopgraph.reducers.histogram import histogram


@dataclass(frozen=True)
class Ran:
    """One execution. ``duration_us`` None: not known; ``success`` None: not known (yet)."""

    unit: str = "u"
    success: bool | None = True
    duration_us: int | None = 1_000_000
    cost_nanousd: int = 0
    error_type: str | None = None
    quality: float | None = None
    context: str = "c"


def sums_of(executions: Iterable[Ran]) -> UsageSums:
    ran = list(executions)
    durations = [one.duration_us for one in ran if one.duration_us is not None]
    qualities = [round(one.quality * MICRO) for one in ran if one.quality is not None]
    groups: dict[str, defaultdict[str, list[Ran]]] = {
        Dimension.UNIT: defaultdict(list),
        Dimension.CONTEXT: defaultdict(list),
    }
    for one in ran:
        groups[Dimension.UNIT][one.unit].append(one)
        groups[Dimension.CONTEXT][one.context].append(one)
    return UsageSums(
        executions=len(ran),
        successes=sum(one.success is True for one in ran),
        failures=sum(one.success is False for one in ran),
        statuses=Counter("success" if one.success else "error" for one in ran if one.success is not None),
        errors=Counter(one.error_type for one in ran if one.error_type),
        duration=_moments(durations),
        durations=histogram(durations),
        quality=_moments(qualities),
        grades=Counter(quality * GRADES // MICRO for quality in qualities),
        cost_nanousd=sum(one.cost_nanousd for one in ran),
        priced=sum(one.cost_nanousd > 0 for one in ran),
        dimensions={
            dimension: {value: _tally(of) for value, of in values.items()} for dimension, values in groups.items()
        },
    )


def usd(amount: float) -> int:
    return round(amount * NANO_PER_USD)


def ms(amount: float) -> int:
    return round(amount * US_PER_MS)


def _moments(values: list[int]) -> Moments:
    return Moments(len(values), sum(values), sum(value * value for value in values))


def _tally(of: list[Ran]) -> Tally:
    timed = [one.duration_us for one in of if one.duration_us is not None]
    return Tally(
        executions=len(of),
        successes=sum(one.success is True for one in of),
        failures=sum(one.success is False for one in of),
        timed=len(timed),
        duration_us=sum(timed),
        cost_nanousd=sum(one.cost_nanousd for one in of),
    )
