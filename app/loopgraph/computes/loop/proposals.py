"""Rules that find a failing or slow pattern and propose other values for its parameters.

A rule sees only what was measured and the current parameters. What it proposes is a hypothesis, to be tested by an
experiment: no rule states an expected gain, because none follows from the figures without assuming why executions
fail or are slow. A new rule is a function with the signature of ``Rule``, and its place in ``RULES``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeGuard

from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.feedback import ImprovementType, PerformanceSummary, Proposal

MIN_EXECUTIONS = 30
"""Below this many executions no rule speaks."""

NOTABLE_SHARE = 0.05
"""A kind of failure counts from this share of all executions."""

TIMEOUT_MARGIN = 1.5
"""A raised timeout is this multiple of the 99th percentile."""

HEAVY_TAIL = 3.0
"""A tail is heavy when the 95th percentile is more than this multiple of the median."""

FAR_ABOVE = 2.0
"""A timeout is far above the tail from this multiple of the 95th percentile."""

MAX_RETRIES = 5
"""No rule proposes more retries."""

TIMEOUT_UNITS_MS: dict[str, float] = {
    "timeout_ms": 1.0,
    "timeout_milliseconds": 1.0,
    "timeout_s": 1000.0,
    "timeout_sec": 1000.0,
    "timeout_secs": 1000.0,
    "timeout_seconds": 1000.0,
}
"""Parameters that are timeouts, with their unit in milliseconds. A plain ``timeout`` does not say its unit: left
alone."""

RETRY_KEYS = ("max_retries", "retries")
"""Parameters that count the attempts after the first."""

_TRANSIENT = re.compile(
    r"timed?[\s_-]*out(?!put)|deadline[\s_-]*exceeded|connection|unavailable|temporar|overload|throttl"
    r"|rate[\s_-]*limit|too[\s_-]*many[\s_-]*requests|(?<!\d)(?:429|502|503|504)(?!\d)",
    re.IGNORECASE,
)

Rule = Callable[[PerformanceSummary, JsonMap], Proposal | None]


def propose(summary: PerformanceSummary, parameters: JsonMap) -> list[Proposal]:
    """What the rules propose for a version with these ``parameters``, in the order of ``RULES``.

    Empty below ``MIN_EXECUTIONS``. Each proposal holds all parameters of the new version, of which at least one
    differs.
    """
    if summary.execution_count < MIN_EXECUTIONS:
        return []
    proposals = (rule(summary, parameters) for rule in RULES)
    return [proposal for proposal in proposals if proposal is not None and proposal.parameters != parameters]


def raise_timeout(summary: PerformanceSummary, parameters: JsonMap) -> Proposal | None:
    """Many timeouts: let the timeout cover the 99th percentile with a margin.

    Executions that timed out were cut off, so the true percentile is at least the measured one. A timeout that
    already covers that with the margin is left alone: nothing measured says that a longer one would help.
    """
    p99 = summary.baseline.p99
    if p99 is None or _share(summary, summary.timeout_count) < NOTABLE_SHARE:
        return None
    changes = {
        key: raised
        for key, current, unit_ms in _timeouts(parameters)
        if (raised := _round_up(TIMEOUT_MARGIN * p99 / unit_ms, current)) > current
    }
    if not changes:
        return None
    return Proposal(
        rule="raise_timeout",
        improvement_type=ImprovementType.RELIABILITY,
        description=f"{_portion(summary, summary.timeout_count)} timed out; the 99th percentile of the duration is at "
        f"least {p99:.0f} ms. {_wording(parameters, changes)} to cover {TIMEOUT_MARGIN:g} times that.",
        parameters={**parameters, **changes},
        expected_delta=None,
        evidence={
            "execution_count": summary.execution_count,
            "timeout_count": summary.timeout_count,
            "p99_duration_ms": p99,
            "timeout_margin": TIMEOUT_MARGIN,
        },
    )


def add_retry(summary: PerformanceSummary, parameters: JsonMap) -> Proposal | None:
    """Many failures that another attempt may mend: allow one more attempt, up to ``MAX_RETRIES``."""
    transient = {kind: count for kind, count in summary.error_counts.items() if _TRANSIENT.search(kind)}
    failures = sum(transient.values())
    retries = _retries(parameters)
    if retries is None or _share(summary, failures) < NOTABLE_SHARE:
        return None
    key, current = retries
    if not 0 <= current < MAX_RETRIES:
        return None
    changes = {key: current + 1}
    return Proposal(
        rule="add_retry",
        improvement_type=ImprovementType.RELIABILITY,
        description=f"{_portion(summary, failures)} failed with errors that are often transient "
        f"({', '.join(transient)}). {_wording(parameters, changes)}.",
        parameters={**parameters, **changes},
        expected_delta=None,
        evidence={"execution_count": summary.execution_count, "transient_error_counts": transient},
    )


def cut_tail(summary: PerformanceSummary, parameters: JsonMap) -> Proposal | None:
    """A heavy tail that a retry could shorten: give up an attempt at the 95th percentile instead of waiting on.

    After the deferred retries of Dean & Barroso (The Tail at Scale, CACM 56, 2013). Only where retries are
    configured, so that a repeated attempt is known to be acceptable, and where timeouts are rare.
    """
    p50, p95 = summary.baseline.p50, summary.baseline.p95
    retries = _retries(parameters)
    if p50 is None or p95 is None or p95 <= HEAVY_TAIL * p50:
        return None
    if retries is None or retries[1] < 1 or _share(summary, summary.timeout_count) >= NOTABLE_SHARE:
        return None
    changes = {
        key: lowered
        for key, current, unit_ms in _timeouts(parameters)
        if 0 < FAR_ABOVE * (lowered := _round_up(p95 / unit_ms, current)) <= current
    }
    if not changes:
        return None
    return Proposal(
        rule="cut_tail",
        improvement_type=ImprovementType.PERFORMANCE,
        description=f"The slowest 5 % of {summary.execution_count} executions took longer than {p95:.0f} ms, the "
        f"median is {p50:.0f} ms. {_wording(parameters, changes)}, so that a slow attempt is retried instead of waited for.",
        parameters={**parameters, **changes},
        expected_delta=None,
        evidence={
            "execution_count": summary.execution_count,
            "timeout_count": summary.timeout_count,
            "p50_duration_ms": p50,
            "p95_duration_ms": p95,
        },
    )


RULES: tuple[Rule, ...] = (raise_timeout, add_retry, cut_tail)
"""All rules, in the order in which their proposals are made."""


def _share(summary: PerformanceSummary, count: int) -> float:
    return count / summary.execution_count


def _portion(summary: PerformanceSummary, count: int) -> str:
    return f"{count} of {summary.execution_count} executions ({_share(summary, count):.1%})"


def _wording(parameters: JsonMap, changes: JsonMap) -> str:
    return "Change " + " and ".join(f"{key} from {parameters[key]} to {value}" for key, value in changes.items())


def _timeouts(parameters: JsonMap) -> Iterator[tuple[str, float, float]]:
    """Name, value and unit in milliseconds of the timeouts among ``parameters``. Zero and below usually mean: none."""
    for key, unit_ms in TIMEOUT_UNITS_MS.items():
        value = parameters.get(key)
        if _is_number(value) and math.isfinite(value) and value > 0:
            yield key, value, unit_ms


def _retries(parameters: JsonMap) -> tuple[str, int] | None:
    for key in RETRY_KEYS:
        value = parameters.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return key, value
    return None


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _round_up(value: float, like: float) -> float:
    """Up to a whole number where ``like`` is one, else to three decimals."""
    if isinstance(like, int):
        return math.ceil(round(value, 6))
    return math.ceil(round(value * 1000, 6)) / 1000
