"""``/api/analytics/pattern/{pattern_id}``: all figures of one pattern, as the fragment ``RestFigures`` asks for them."""

from __future__ import annotations

from pydantic import Field

from loopgraph.api.rest.answers import Answer, Basis, Interval, Json, basis, lower
from loopgraph.api.rest.parameters import Over, Parameters, PatternId, TimeRange
from loopgraph.api.rest.view import Around, Ask, View
from loopgraph.api.rest.views.trends import TrendDirection, direction
from loopgraph.contracts.base import Instant, NonNegative, Unit


class AnalyticsParameters(Parameters):
    """Of which pattern, and over which time."""

    pattern_id: PatternId = Field(description="The pattern, by its own id or its global one.")
    time_window: TimeRange = Field(default="30d", description=str(Over.model_fields["time_range"].description))


class PeakPeriod(Answer):
    """One of the busiest hours."""

    period_start: Instant
    execution_count: int = Field(ge=0)


class UsageMetrics(Answer):
    """How much a pattern is used, and when."""

    total_executions: int = Field(ge=0)
    """Executions of its versions that began."""
    executions_per_day: NonNegative
    executions_per_week: NonNegative
    executions_per_month: NonNegative
    unique_contexts: int = Field(ge=0)
    """Kinds of tasks; where not all were told apart, at least so many."""
    unique_users: int = Field(ge=0)
    active_hours: int = Field(ge=0)
    """Hours in which something began."""
    peak_usage_periods: list[PeakPeriod]
    first_used: Instant | None
    last_used: Instant | None
    """The first and the last hour of the time in which it was used."""
    hours_since_last_use: int | None


class ErrorCount(Answer):
    """One type of error."""

    error_type: str
    count: int = Field(ge=0)
    share: Unit


class SuccessMetrics(Answer):
    """What came of the executions."""

    total_executions: int = Field(ge=0)
    success_count: int = Field(ge=0)
    failure_count: int = Field(ge=0)
    unknown_count: int = Field(ge=0)
    """Executions of which it is not known, or not yet, what came of them; they are in no rate."""
    success_rate: Unit | None
    """Null where it is not known of any what came of it, as before any use."""
    success_rate_interval: Interval | None
    confidence: Unit | None
    """The lower bound of that interval."""
    error_rate: Unit | None
    timeout_count: int = Field(ge=0)
    timeout_rate: Unit | None
    avg_quality_score: Unit | None
    """Mean of the quality that executions report; null where none does."""
    quality_sample_count: int = Field(ge=0)
    quality_gate_threshold: Unit
    quality_gate_compliance: Unit | None
    """Which part of the executions that report a quality reach this threshold; null where none does."""
    avg_quality_gates: NonNegative | None
    """Quality gates that an execution reports as validated."""
    avg_retries: NonNegative | None
    errors: list[ErrorCount]


class PerformanceMetrics(Answer):
    """How long executions took, in milliseconds, and what they cost; null where it was not measured."""

    sample_count: int = Field(ge=0)
    """Executions that report a duration."""
    avg_execution_time_ms: NonNegative | None
    min_execution_time_ms: NonNegative | None
    max_execution_time_ms: NonNegative | None
    std_execution_time_ms: NonNegative | None
    p50_execution_time_ms: NonNegative | None
    p95_execution_time_ms: NonNegative | None
    p99_execution_time_ms: NonNegative | None
    total_execution_time_ms: NonNegative
    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    total_cost_usd: NonNegative | None
    avg_cost_usd: NonNegative | None
    unpriced_count: int = Field(ge=0)
    """Calls of models of which the cost is not known."""


class TrendAnalysis(Answer):
    """How the use develops, by days that are over."""

    analysis_period_days: int = Field(ge=0)
    trend_direction: TrendDirection | None
    """Null where it cannot be told: `reason` says why."""
    rule: str
    reason: str | None
    velocity: float | None
    """Executions a day in the last week; null where it is not known."""
    acceleration: float | None
    """The change of that against the week before, in executions a day, per day."""
    weekly_growth_rate: float | None
    monthly_growth_rate: float | None
    slope: float | None
    change: float | None
    p_value: Unit | None


class ContextShare(Answer):
    """One value of what executions are told apart by."""

    value: str
    execution_count: int = Field(ge=0)
    share: Unit
    success_rate: Unit | None


class ContextDistribution(Answer):
    """How executions fall to kinds of tasks, agents, users and projects, and to hours and days of UTC."""

    by_context: list[ContextShare]
    by_agent: list[ContextShare]
    by_user: list[ContextShare]
    by_project: list[ContextShare]
    by_hour_of_day: list[int] = Field(min_length=24, max_length=24)
    by_day_of_week: list[int] = Field(min_length=7, max_length=7)
    """From Monday on."""


class Figures(Answer):
    """All figures of one pattern over a time."""

    usage_metrics: UsageMetrics
    success_metrics: SuccessMetrics
    performance_metrics: PerformanceMetrics
    trend_analysis: TrendAnalysis | None
    """Null where no day of the time is over."""
    context_distribution: ContextDistribution
    basis: Basis


class PatternAnalytics(Figures):
    """All figures of one pattern over a time."""

    pattern_id: str
    pattern_name: str
    pattern_type: str


def figures(data: Json) -> Json:
    """The figures, of GraphQL's."""
    return {
        "usage_metrics": _usage(data["usage"], data["unique"]),
        "success_metrics": _success(data["success"]),
        "performance_metrics": _performance(data["duration"], data["cost"]),
        "trend_analysis": _trend(data["trend"]) if data["trend"] else None,
        "context_distribution": _distribution(data["distributions"], data["usage"]["profile"]),
        "basis": basis(data["basis"]),
    }


def _usage(usage: Json, unique: list[Json]) -> Json:
    different = {one["dimension"]: one["count"] for one in unique}
    return {
        "total_executions": usage["executions"],
        "executions_per_day": usage["perDay"],
        "executions_per_week": usage["perWeek"],
        "executions_per_month": usage["perMonth"],
        "unique_contexts": different["CONTEXT"],
        "unique_users": different["USER"],
        "active_hours": usage["activeHours"],
        "peak_usage_periods": [
            {"period_start": one["start"], "execution_count": one["executions"]} for one in usage["peaks"]
        ],
        "first_used": usage["firstUsed"],
        "last_used": usage["lastUsed"],
        "hours_since_last_use": usage["hoursSinceLastUse"],
    }


def _success(success: Json) -> Json:
    return {
        "total_executions": success["executions"],
        "success_count": success["successes"],
        "failure_count": success["failures"],
        "unknown_count": success["unknown"],
        "success_rate": success["successRate"],
        "success_rate_interval": success["successRateInterval"],
        "confidence": success["confidence"],
        "error_rate": success["errorRate"],
        "timeout_count": success["timeouts"],
        "timeout_rate": success["timeoutRate"],
        "avg_quality_score": success["quality"],
        "quality_sample_count": success["qualityCount"],
        "quality_gate_threshold": success["qualityGate"]["threshold"],
        "quality_gate_compliance": success["qualityGate"]["rate"],
        "avg_quality_gates": success["qualityGatesPerExecution"],
        "avg_retries": success["retriesPerExecution"],
        "errors": [
            {"error_type": one["errorType"], "count": one["executions"], "share": one["share"]}
            for one in success["errors"]
        ],
    }


def _performance(duration: Json, cost: Json) -> Json:
    return {
        "sample_count": duration["count"],
        "avg_execution_time_ms": duration["meanMs"],
        "min_execution_time_ms": duration["minMs"],
        "max_execution_time_ms": duration["maxMs"],
        "std_execution_time_ms": duration["stdMs"],
        "p50_execution_time_ms": duration["p50Ms"],
        "p95_execution_time_ms": duration["p95Ms"],
        "p99_execution_time_ms": duration["p99Ms"],
        "total_execution_time_ms": duration["totalMs"],
        "input_tokens": cost["inputTokens"],
        "output_tokens": cost["outputTokens"],
        "total_cost_usd": cost["totalUsd"],
        "avg_cost_usd": cost["meanUsd"],
        "unpriced_count": cost["unpriced"],
    }


def _trend(trend: Json) -> Json:
    return {
        "analysis_period_days": trend["days"],
        "trend_direction": direction(trend["classification"]),
        "rule": trend["rule"],
        "reason": lower(trend["reason"]),
        "velocity": trend["velocity"]["perDay"],
        "acceleration": trend["velocity"]["acceleration"],
        "weekly_growth_rate": trend["weeklyGrowth"]["rate"],
        "monthly_growth_rate": trend["monthlyGrowth"]["rate"],
        "slope": trend["trend"]["slope"],
        "change": trend["trend"]["change"],
        "p_value": trend["trend"]["pValue"],
    }


def _distribution(distributions: list[Json], profile: Json) -> Json:
    shares = {
        one["by"]: [
            {
                "value": share["value"],
                "execution_count": share["executions"],
                "share": share["share"],
                "success_rate": share["successRate"],
            }
            for share in one["shares"]
        ]
        for one in distributions
    }
    return {
        **{f"by_{dimension}": shares[dimension.upper()] for dimension in ("context", "agent", "user", "project")},
        "by_hour_of_day": profile["hoursOfDay"],
        "by_day_of_week": profile["daysOfWeek"],
    }


def _ask(given: AnalyticsParameters, around: Around) -> Ask:
    window = Over(time_range=given.time_window).window(around.now)
    return Ask("pattern_analytics", {"patternId": given.pattern_id, "window": window})


def _shape(given: AnalyticsParameters, data: Json) -> Json:
    found = data["patternAnalytics"]
    about = found["pattern"]
    return {
        "pattern_id": found["name"],
        "pattern_name": about["name"],
        "pattern_type": about["patternType"],
        **figures(found),
    }


PATTERN_ANALYTICS = View(
    path="/api/analytics/pattern/{pattern_id}",
    summary="How much a pattern is used and when, what comes of it, how long it takes, and how its use develops.",
    parameters=AnalyticsParameters,
    answer=PatternAnalytics,
    ask=_ask,
    shape=_shape,
)
