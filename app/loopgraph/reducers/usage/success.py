"""What came of executions, from their sums."""

from __future__ import annotations

from typing import Final

from loopgraph.contracts.analytics.figures import ErrorShare, SuccessFigures
from loopgraph.contracts.analytics.sums import MICRO, UsageSums
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.reducers.performance import TIMEOUT
from loopgraph.reducers.samples import success_rate, wilson_interval

MOST_ERRORS: Final = 20
"""So many types of errors are told apart, the most frequent; the others are one."""

OTHER_ERRORS: Final = "other"


def success_figures(sums: UsageSums) -> SuccessFigures:
    """Rates, their intervals and the types of errors."""
    known = sums.successes + sums.failures
    interval = wilson_interval(sums.successes, known)
    timeouts = _timeouts(sums)
    return SuccessFigures(
        executions=sums.executions,
        successes=sums.successes,
        failures=sums.failures,
        unknown=max(0, sums.executions - known),
        success_rate=success_rate(sums.successes, known),
        success_rate_interval=interval,
        confidence=interval[0] if interval else None,
        error_rate=success_rate(sums.failures, known),
        error_rate_interval=wilson_interval(sums.failures, known),
        timeouts=timeouts,
        timeout_rate=min(1.0, timeouts / sums.executions) if sums.executions else None,
        denied=sums.statuses.get(TraceStatus.DENIED, 0),
        interrupted=sums.statuses.get(TraceStatus.INTERRUPTED, 0),
        retries_per_execution=sums.retries / sums.executions if sums.executions else None,
        quality=_within_unit(sums.quality.total / (MICRO * sums.quality.n)) if sums.quality.n else None,
        quality_count=sums.quality.n,
        quality_gates_per_execution=sums.quality_gates / sums.executions if sums.executions else None,
        grades=sums.grades,
        errors=_errors(sums),
    )


def _timeouts(sums: UsageSums) -> int:
    """One execution has one status and at most one type of error; either can say that its time was over."""
    by_type = sum(count for error_type, count in sums.errors.items() if TIMEOUT.search(error_type))
    return max(by_type, sums.statuses.get(TraceStatus.TIMEOUT, 0))


def _errors(sums: UsageSums) -> tuple[ErrorShare, ...]:
    ranked = sorted(
        ((name, count) for name, count in sums.errors.items() if name), key=lambda item: (-item[1], item[0])
    )
    told, whole = ranked[:MOST_ERRORS], sum(sums.errors.values())
    if rest := whole - sum(count for _, count in told):
        told.append((OTHER_ERRORS, rest))
    return tuple(ErrorShare(error_type=name, executions=count, share=count / whole) for name, count in told if count)


def _within_unit(value: float) -> float:
    return min(1.0, max(0.0, value))
