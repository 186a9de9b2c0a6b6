"""Rows of the views of seed 003 from sums: of what is over, as the views that look at the executions themselves."""

from __future__ import annotations

from collections.abc import Sequence

from loopgraph.contracts.analytics.subjects import Subject
from loopgraph.contracts.analytics.sums import US_PER_MS, UsageSums
from loopgraph.contracts.analytics.views import AgentSuccessRate, EndpointReliability, HookPerformance
from loopgraph.contracts.analytics.windows import Counted, Exactness
from loopgraph.reducers.samples import success_rate
from loopgraph.reducers.usage.performance import duration_figures


def ended(one: Counted | UsageSums) -> int:
    """The executions of a trace, a step or a call that are over: each of these ended well, or it did not."""
    return one.successes + one.failures


def by_success(found: Sequence[Counted], limit: int) -> list[Counted]:
    """Those with executions that are over, by their success rate, the highest first."""
    over = [one for one in found if ended(one)]
    return sorted(over, key=lambda one: (-one.successes / ended(one), -ended(one), one.subject))[:limit]


def by_number(found: Sequence[Counted], limit: int) -> list[Counted]:
    """Those with executions that are over, by how many these are, the most first."""
    over = [one for one in found if ended(one)]
    return sorted(over, key=lambda one: (-ended(one), one.subject.part, one.subject.name))[:limit]


def agent_row(subject: Subject, sums: UsageSums) -> AgentSuccessRate:
    """The traces of an agent."""
    durations = duration_figures(sums)
    return AgentSuccessRate(
        agent=subject.name,
        total_executions=ended(sums),
        successful_executions=sums.successes,
        success_rate=success_rate(sums.successes, ended(sums)),
        avg_duration_ms=durations.mean_ms,
        median_duration_ms=durations.p50_ms,
        p95_duration_ms=durations.p95_ms,
        exactness=Exactness.BUCKETED,
    )


def hook_row(subject: Subject, sums: UsageSums) -> HookPerformance:
    """The steps of a type and a tool."""
    durations, over = duration_figures(sums), ended(sums)
    return HookPerformance(
        hook_type=subject.part or None,
        tool_name=subject.name or None,
        execution_count=over,
        avg_duration_ms=durations.mean_ms,
        min_duration_ms=durations.min_ms,
        max_duration_ms=durations.max_ms,
        p95_duration_ms=durations.p95_ms,
        success_count=sums.successes,
        success_rate=success_rate(sums.successes, over),
        avg_intelligence_functions=sums.intelligence_functions / over if over else 0.0,
        avg_quality_gates=sums.quality_gates / over if over else 0.0,
        exactness=Exactness.BUCKETED,
    )


def endpoint_row(subject: Subject, sums: UsageSums) -> EndpointReliability:
    """The calls of an endpoint."""
    over = ended(sums)
    return EndpointReliability(
        service_name=subject.part,
        endpoint_path=subject.name,
        call_count=over,
        success_count=sums.successes,
        success_rate=success_rate(sums.successes, over),
        avg_duration_ms=sums.duration.total / (US_PER_MS * sums.duration.n) if sums.duration.n else None,
        p95_duration_ms=duration_figures(sums).p95_ms,
        total_retries=sums.retries,
        avg_retries_per_call=sums.retries / over if over else 0.0,
        error_types=tuple(sorted(filter(None, sums.errors))),
        exactness=Exactness.BUCKETED,
    )
