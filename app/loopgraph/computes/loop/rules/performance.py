"""Rules for executions that take long."""

from __future__ import annotations

from typing import Final

from loopgraph.computes.loop.rules.parameters import (
    NOTABLE_SHARE,
    retries,
    round_up,
    share,
    timeouts,
    whole_number,
    wording,
)
from loopgraph.contracts.counted import counted
from loopgraph.contracts.loop.feedback import ImprovementType
from loopgraph.contracts.loop.proposals import Analysis, Proposal

HEAVY_TAIL: Final = 3.0
"""A tail is heavy when the 95th percentile is more than this multiple of the median."""

FAR_ABOVE: Final = 2.0
"""A timeout is far above the tail from this multiple of the 95th percentile."""

CACHE_KEYS: Final = ("cache", "use_cache", "enable_cache", "cache_enabled")
"""Parameters that say whether results are kept."""

WORTH_CACHING: Final = 0.2
"""Results are worth keeping when this share of executions has an input that was there before."""

BATCH_KEYS: Final = ("batch_size", "max_batch_size")
MAX_BATCH: Final = 128
"""No rule proposes a larger batch."""

SLOW_MS: Final = 1000.0
"""Below this median no larger batch is proposed."""


def cut_tail(analysis: Analysis) -> Proposal | None:
    """A heavy tail that a retry could shorten: give up an attempt at the 95th percentile instead of waiting on.

    After the deferred retries of Dean & Barroso (The Tail at Scale, CACM 56, 2013). Only where retries are
    configured, so that a repeated attempt is known to be acceptable, and where timeouts are rare. How much it would gain follows
    from how long the tail is beyond that percentile, which the summary does not tell.
    """
    summary, parameters = analysis.summary, analysis.parameters
    p50, p95 = summary.baseline.p50, summary.baseline.p95
    allowed = retries(parameters)
    if p50 is None or p95 is None or p95 <= HEAVY_TAIL * p50:
        return None
    if allowed is None or allowed[1] < 1 or share(summary, summary.timeout_count) >= NOTABLE_SHARE:
        return None
    changes = {
        key: lowered
        for key, current, unit_ms in timeouts(parameters)
        if 0 < FAR_ABOVE * (lowered := round_up(p95 / unit_ms, current)) <= current
    }
    if not changes:
        return None
    return Proposal(
        rule="cut_tail",
        improvement_type=ImprovementType.PERFORMANCE,
        description=f"The slowest 5 % of {counted(summary.execution_count, 'execution')} took longer than {p95:.0f} ms, the "
        f"median is {p50:.0f} ms. {wording(parameters, changes)}, so that a slow attempt is retried instead of waited for.",
        parameters={**parameters, **changes},
        evidence={
            "execution_count": summary.execution_count,
            "timeout_count": summary.timeout_count,
            "p50_duration_ms": p50,
            "p95_duration_ms": p95,
        },
    )


def enable_cache(analysis: Analysis) -> Proposal | None:
    """Inputs that come again and again: keep the results, where a parameter says that they are not kept."""
    repeated, parameters = analysis.repeated_share, analysis.parameters
    changes = {key: True for key in CACHE_KEYS if parameters.get(key) is False}
    if repeated is None or repeated < WORTH_CACHING or not changes:
        return None
    return Proposal(
        rule="enable_cache",
        improvement_type=ImprovementType.PERFORMANCE,
        description=f"{repeated:.0%} of the newest executions had an input that was there before. "
        f"{wording(parameters, changes)}.",
        parameters={**parameters, **changes},
        expected_delta=repeated,
        evidence={"repeated_share": repeated, "assumes": "an input that was there before takes no time any more"},
    )


def enlarge_batch(analysis: Analysis) -> Proposal | None:
    """Slow executions that work in batches: twice as much at once, so that what each batch costs is paid half as often."""
    summary, parameters = analysis.summary, analysis.parameters
    p50, batch = summary.baseline.p50, whole_number(parameters, BATCH_KEYS)
    if p50 is None or p50 < SLOW_MS or batch is None or not 0 < batch[1] <= MAX_BATCH // 2:
        return None
    key, current = batch
    changes = {key: 2 * current}
    return Proposal(
        rule="enlarge_batch",
        improvement_type=ImprovementType.PERFORMANCE,
        description=f"The median of {counted(summary.execution_count, 'execution')} is {p50:.0f} ms. "
        f"{wording(parameters, changes)}, so that what each batch costs beside its work is paid half as often.",
        parameters={**parameters, **changes},
        evidence={"execution_count": summary.execution_count, "p50_duration_ms": p50},
    )


RULES: Final = (cut_tail, enable_cache, enlarge_batch)
"""In the order in which their proposals are made."""
