"""How far a pattern can be relied on, and which of several to prefer, from the sums over their executions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from loopgraph.contracts.analytics.reliability import Candidate, RankedPattern, Reliability, ReliabilityVerdict
from loopgraph.contracts.analytics.subjects import Dimension
from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.reducers.samples import success_rate, wilson_interval
from loopgraph.reducers.usage.clustered import Clustered, clustered, columns

SIMILARITY, HISTORY, RECENT = 0.4, 0.3, 0.3
"""The weights of seed 000 for patterns that are matched already."""

_FEWEST_UNITS: Final = 2


def reliability(sums: UsageSums, threshold: float) -> Reliability:
    """What the executions of a subject say of a threshold."""
    known = sums.successes + sums.failures
    _, successes, failures, *_ = columns(sums.dimensions.get(Dimension.UNIT, {}).values())
    units = int(np.count_nonzero(successes + failures))
    effective = _effective(clustered(successes, successes + failures), units, sums.successes, known) if known else None
    interval = _interval(sums.successes / known, effective) if effective is not None else None
    return Reliability(
        executions=known,
        unknown=max(0, sums.executions - known),
        successes=sums.successes,
        units=units,
        effective=effective,
        success_rate=success_rate(sums.successes, known),
        interval=interval,
        reliability=interval[0] if interval else None,
        verdict=_verdict(interval, threshold),
    )


def ranked(
    candidates: Sequence[Candidate], history: Mapping[str, UsageSums], recent: Mapping[str, UsageSums], threshold: float
) -> list[RankedPattern]:
    """The candidates, the best first; of equal scores, the more reliable, then by their ids. All have a similarity, or none."""
    durations = {
        id_: sums.duration.total / sums.duration.n
        for id_, sums in recent.items()
        if sums.duration.n and sums.duration.total
    }
    fastest = min((durations[one.pattern_id] for one in candidates if one.pattern_id in durations), default=0.0)
    found = []
    for one in candidates:
        of_all, of_late = (reliability(sums[one.pattern_id], threshold) for sums in (history, recent))
        speed = fastest / durations[one.pattern_id] if one.pattern_id in durations and of_late.executions else None
        success, late = of_all.reliability or 0.0, of_late.reliability or 0.0
        performance = late if speed is None else (late + speed) / 2
        found.append(
            RankedPattern(
                rank=0,
                pattern_id=one.pattern_id,
                score=_score(one.similarity, success, performance),
                similarity=one.similarity,
                historical_success=success,
                recent_performance=performance,
                recent_speed=speed,
                history=of_all,
                recent=of_late,
            )
        )
    found.sort(key=lambda pattern: (-pattern.score, -pattern.historical_success, pattern.pattern_id))
    return [pattern.model_copy(update={"rank": rank}) for rank, pattern in enumerate(found, start=1)]


def _score(similarity: float | None, success: float, performance: float) -> float:
    known = HISTORY * success + RECENT * performance
    if similarity is None:
        return min(1.0, known / (HISTORY + RECENT))
    return min(1.0, SIMILARITY * similarity + known)


def _effective(rate: Clustered | None, units: int, successes: int, known: int) -> float:
    """How many independent executions would tell the rate as exactly: p (1 − p) over the variance of the rate over units, and no
    more than there are. Where all succeeded or failed, nothing is seen of the variance: then the units count, by their weight."""
    if rate is None or units < _FEWEST_UNITS:
        return float(min(known, max(1, units))) if units else float(known)
    variance = rate.variance
    if not 0 < successes < known or variance <= 0:
        return min(float(known), rate.units)
    p = successes / known
    return min(float(known), max(1.0, p * (1 - p) / variance))


def _interval(rate: float, n: float) -> tuple[float, float] | None:
    """Wilson's interval for a rate over so many independent executions, which need not be a whole number."""
    return wilson_interval(rate * n, n)  # type: ignore[arg-type]  # the formula takes any n


def _verdict(interval: tuple[float, float] | None, threshold: float) -> ReliabilityVerdict:
    if interval is None:
        return ReliabilityVerdict.UNKNOWN
    low, high = interval
    if low >= threshold:
        return ReliabilityVerdict.RELIABLE
    return ReliabilityVerdict.UNRELIABLE if high < threshold else ReliabilityVerdict.UNKNOWN
