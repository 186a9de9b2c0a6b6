"""Rules for executions that fail."""

from __future__ import annotations

import re
from typing import Final

from loopgraph.computes.loop.rules.parameters import (
    NOTABLE_SHARE,
    portion,
    retries,
    round_up,
    share,
    timeouts,
    whole_number,
    wording,
)
from loopgraph.contracts.loop.feedback import ImprovementType, PerformanceSummary
from loopgraph.contracts.loop.proposals import Analysis, Proposal

TIMEOUT_MARGIN: Final = 1.5
"""A raised timeout is this multiple of the 99th percentile."""

MAX_RETRIES: Final = 5
"""No rule proposes more retries."""

CONCURRENCY_KEYS: Final = ("max_concurrency", "concurrency", "max_parallel", "parallelism")
OUTPUT_KEYS: Final = ("max_tokens", "max_output_tokens", "max_completion_tokens")
MAX_OUTPUT: Final = 128_000
"""No rule proposes that a model may write more tokens."""

_TRANSIENT = re.compile(
    r"timed?[\s_-]*out(?!put)|deadline[\s_-]*exceeded|connection|unavailable|temporar|overload|throttl"
    r"|rate[\s_-]*limit|too[\s_-]*many[\s_-]*requests|(?<!\d)(?:429|502|503|504)(?!\d)",
    re.IGNORECASE,
)
_LIMITED = re.compile(r"throttl|rate[\s_-]*limit|too[\s_-]*many[\s_-]*requests|(?<!\d)429(?!\d)", re.IGNORECASE)
_CUT_OFF = re.compile(
    r"max[\s_-]*(?:output[\s_-]*|completion[\s_-]*)?tokens|truncat|length[\s_-]*(?:limit|exceeded)", re.IGNORECASE
)


def raise_timeout(analysis: Analysis) -> Proposal | None:
    """Many timeouts: let the timeout cover the 99th percentile with a margin.

    Executions that timed out were cut off, so the true percentile is at least the measured one. A timeout that
    already covers that with the margin is left alone: nothing measured says that a longer one would help.
    """
    summary, parameters = analysis.summary, analysis.parameters
    p99 = summary.baseline.p99
    if p99 is None or share(summary, summary.timeout_count) < NOTABLE_SHARE:
        return None
    changes = {
        key: raised
        for key, current, unit_ms in timeouts(parameters)
        if (raised := round_up(TIMEOUT_MARGIN * p99 / unit_ms, current)) > current
    }
    if not changes:
        return None
    others = _known(summary) - summary.timeout_count
    return Proposal(
        rule="raise_timeout",
        improvement_type=ImprovementType.RELIABILITY,
        description=f"{portion(summary, summary.timeout_count)} timed out; the 99th percentile of the duration is at "
        f"least {p99:.0f} ms. {wording(parameters, changes)} to cover {TIMEOUT_MARGIN:g} times that.",
        parameters={**parameters, **changes},
        expected_delta=summary.timeout_count / others if others > 0 and summary.success_count else None,
        evidence={
            "execution_count": summary.execution_count,
            "timeout_count": summary.timeout_count,
            "p99_duration_ms": p99,
            "timeout_margin": TIMEOUT_MARGIN,
            "assumes": "what timed out would succeed as often as the rest",
        },
    )


def add_retry(analysis: Analysis) -> Proposal | None:
    """Many failures that another attempt may mend: allow one more attempt, up to ``MAX_RETRIES``."""
    summary, parameters = analysis.summary, analysis.parameters
    transient, failures = _of_kind(summary, _TRANSIENT)
    allowed = retries(parameters)
    if allowed is None or share(summary, failures) < NOTABLE_SHARE:
        return None
    key, current = allowed
    if not 0 <= current < MAX_RETRIES:
        return None
    changes = {key: current + 1}
    known = _known(summary)
    return Proposal(
        rule="add_retry",
        improvement_type=ImprovementType.RELIABILITY,
        description=f"{portion(summary, failures)} failed with errors that are often transient "
        f"({', '.join(transient)}). {wording(parameters, changes)}.",
        parameters={**parameters, **changes},
        expected_delta=failures / known if known and summary.success_count else None,
        evidence={
            "execution_count": summary.execution_count,
            "transient_error_counts": transient,
            "assumes": "one more attempt succeeds as often as executions do",
        },
    )


def lower_concurrency(analysis: Analysis) -> Proposal | None:
    """Many refusals for asking too much at once: do half as much at once."""
    summary, parameters = analysis.summary, analysis.parameters
    refused, failures = _of_kind(summary, _LIMITED)
    at_once = whole_number(parameters, CONCURRENCY_KEYS)
    if at_once is None or at_once[1] < 2 or share(summary, failures) < NOTABLE_SHARE:
        return None
    key, current = at_once
    changes = {key: current // 2}
    return Proposal(
        rule="lower_concurrency",
        improvement_type=ImprovementType.RELIABILITY,
        description=f"{portion(summary, failures)} were refused for asking too much at once ({', '.join(refused)}). "
        f"{wording(parameters, changes)}.",
        parameters={**parameters, **changes},
        evidence={"execution_count": summary.execution_count, "refusal_counts": refused},
    )


def raise_output_limit(analysis: Analysis) -> Proposal | None:
    """Many answers that were cut off: let the model write twice as much."""
    summary, parameters = analysis.summary, analysis.parameters
    cut_off, failures = _of_kind(summary, _CUT_OFF)
    limit = whole_number(parameters, OUTPUT_KEYS)
    if limit is None or not 0 < limit[1] <= MAX_OUTPUT // 2 or share(summary, failures) < NOTABLE_SHARE:
        return None
    key, current = limit
    changes = {key: 2 * current}
    return Proposal(
        rule="raise_output_limit",
        improvement_type=ImprovementType.RELIABILITY,
        description=f"{portion(summary, failures)} failed because an answer was cut off ({', '.join(cut_off)}). "
        f"{wording(parameters, changes)}.",
        parameters={**parameters, **changes},
        evidence={"execution_count": summary.execution_count, "cut_off_counts": cut_off},
    )


RULES: Final = (raise_timeout, add_retry, lower_concurrency, raise_output_limit)
"""In the order in which their proposals are made."""


def _known(summary: PerformanceSummary) -> int:
    return summary.execution_count - summary.unknown_count


def _of_kind(summary: PerformanceSummary, kind: re.Pattern[str]) -> tuple[dict[str, int], int]:
    """The types of error that are of a kind, and how many failures they are together."""
    found = {name: count for name, count in summary.error_counts.items() if kind.search(name)}
    return found, sum(found.values())
