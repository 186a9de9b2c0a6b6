"""Measures executions: the summary of a set of them, and the sample an experiment compares."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from loopgraph.contracts.lineage.patterns import Baseline
from loopgraph.contracts.loop.feedback import Execution, Metric, PerformanceSummary
from loopgraph.reducers.samples import percentile, success_rate, summarize, wilson_interval

UNKNOWN_ERROR = "unknown"
"""Stands in ``error_counts`` for failures that name no error type."""

TIMEOUT = re.compile(r"timed?[\s_-]*out(?!put)|deadline[\s_-]*exceeded", re.IGNORECASE)
"""What a type of error that says timeout has in it."""


def summarize_executions(executions: Sequence[Execution]) -> PerformanceSummary:
    """What was measured over ``executions``, successful or not; those of which that is not known are in no rate.

    Durations are in milliseconds, the interval of the success rate is Wilson's at 95 %. Only finite durations count
    towards durations. ``std_duration_ms`` is the square root of the unbiased variance. ``error_counts`` names the
    failures by error type, the most frequent first; ``timeout_count`` are those whose error type says timeout
    (``TimeoutError``, ``timed_out``, ``DEADLINE_EXCEEDED``).
    """
    durations = _finite(execution.duration_ms for execution in executions)
    qualities = _finite(execution.quality_score for execution in executions)
    failures = Counter(execution.error_type or UNKNOWN_ERROR for execution in executions if execution.success is False)
    successes = sum(execution.success is True for execution in executions)
    known = sum(execution.success is not None for execution in executions)
    moments = summarize(durations)
    return PerformanceSummary(
        execution_count=len(executions),
        success_count=successes,
        unknown_count=len(executions) - known,
        success_rate=success_rate(successes, known),
        success_rate_interval=wilson_interval(successes, known),
        baseline=Baseline(
            p50=percentile(durations, 50),
            p95=percentile(durations, 95),
            p99=percentile(durations, 99),
            avg_duration=moments.mean if durations else None,
        ),
        min_duration_ms=min(durations, default=None),
        max_duration_ms=max(durations, default=None),
        std_duration_ms=None if moments.variance is None else math.sqrt(moments.variance),
        mean_quality_score=summarize(qualities).mean if qualities else None,
        error_counts=dict(sorted(failures.items(), key=lambda item: (-item[1], item[0]))),
        timeout_count=sum(count for error_type, count in failures.items() if TIMEOUT.search(error_type)),
    )


def metric_values(executions: Iterable[Execution], metric: Metric) -> list[float]:
    """The sample of ``metric``, in the order of ``executions``.

    - DURATION_MS: milliseconds of the successful executions only. A fast failure is not a fast success: counting it
      would let a version win by failing early. That failures are left out is why a decision also compares the
      success rates.
    - QUALITY_SCORE: the score of every execution that reported one.
    - SUCCESS_RATE: 1.0 for a success, 0.0 for a failure; none where that is not known.
    - RATING: that of every execution that was rated, or whose trace was.
    - COMPOSITE: none; it is one of units, and takes a control to be standardised by (``reducers.composites``).
    - TOKENS, COST_USD: those of every execution of which they are known, failures included: these are paid for, too.
    """
    match metric:
        case Metric.DURATION_MS:
            return _finite(execution.duration_ms for execution in executions if execution.success)
        case Metric.QUALITY_SCORE:
            return _finite(execution.quality_score for execution in executions)
        case Metric.SUCCESS_RATE:
            return [float(execution.success) for execution in executions if execution.success is not None]
        case Metric.TOKENS:
            return [float(execution.tokens) for execution in executions if execution.tokens is not None]
        case Metric.COST_USD:
            return _finite(execution.cost_usd for execution in executions)
        case Metric.RATING:
            return _finite(execution.rating for execution in executions)
        case Metric.COMPOSITE:
            return []


def tells(execution: Execution, metric: Metric) -> bool:
    """Whether an execution tells something about ``metric``: it reports it, or it failed.

    An experiment waits for units with such executions. Failures count because they are evidence too: otherwise an arm that
    always fails would never be decided. An execution that neither failed nor reports the metric is no evidence, however
    many there are; nor is one of which it is not known whether it failed.
    """
    return execution.success is False or bool(metric_values((execution,), metric))


def _finite(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]
