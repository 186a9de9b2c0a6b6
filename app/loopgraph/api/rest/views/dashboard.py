"""``/api/pattern-analytics/dashboard-summary``: everything at a glance."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loopgraph.api.rest.answers import Answer, Basis, Json, basis, type_of
from loopgraph.api.rest.parameters import Limit, Over, Whole
from loopgraph.api.rest.view import Around, Ask, View
from loopgraph.api.rest.views.trends import PatternTrend, trend_of
from loopgraph.contracts.base import NonNegative, Unit


class DashboardParameters(Over):
    """Over which time."""

    min_samples: Whole = Field(
        default=5,
        ge=1,
        le=2**31 - 1,
        description="Executions of which it is known what came of them that a pattern has at least that is in the average.",
    )
    limit: Limit = Field(default=10, description="Most of the most used patterns, and of the trends, 1 to 100.")


class UsedPattern(Answer):
    """One of the most used patterns."""

    pattern_id: str
    pattern_name: str
    pattern_type: str | None
    usage_count: int = Field(ge=0)
    success_rate: Unit | None
    confidence: Unit | None
    """The lower bound of Wilson's interval of the success rate."""


class QualityBand(Answer):
    """Executions whose quality lies in one band."""

    band: Literal["excellent", "good", "fair", "poor"]
    at_least: Unit
    """The least score that is in it; it ends where the better one begins."""
    count: int = Field(ge=0)
    share: Unit | None
    """Of those that report one; null for none."""


class TypeQuality(Answer):
    """The quality that executions of the patterns of one type report."""

    pattern_type: str
    average_quality_score: Unit | None
    quality_std: NonNegative | None
    """Its standard deviation; null below two."""
    sample_count: int = Field(ge=0)
    """How many executions report one."""
    total_executions: int = Field(ge=0)
    success_rate: Unit | None


class Change(Answer):
    """This time against as much before it."""

    total_executions_before: int = Field(ge=0)
    executions_change: float | None
    """0.15 is 15 % more; null where there were none."""
    success_rate_before: Unit | None
    success_rate_change: float | None
    """In points of the rate: 0.03 is from 0.90 to 0.93."""


class DashboardSummary(Answer):
    """Everything at a glance."""

    total_patterns: int = Field(ge=0)
    """How many there are, used or not."""
    average_success_rate: Unit | None
    """The mean of the success rates of patterns with enough executions, each with the same weight; null for none."""
    patterns_rated: int = Field(ge=0)
    """How many these are."""
    high_confidence_count: int = Field(ge=0)
    total_executions: int = Field(ge=0)
    """Traces that began, whether they used a pattern or not."""
    execution_success_rate: Unit | None
    """Of traces."""
    avg_execution_time_ms: NonNegative | None
    p95_execution_time_ms: NonNegative | None
    """Of traces."""
    total_cost_usd: NonNegative | None
    change: Change
    most_used_patterns: list[UsedPattern]
    average_quality_score: Unit | None
    """Mean of the quality that executions of patterns report; null where none does."""
    quality_std: NonNegative | None
    quality_distribution: list[QualityBand]
    """The best first."""
    quality_by_pattern_type: list[TypeQuality]
    """The most used first."""
    recent_trends: list[PatternTrend]
    """How the most used patterns of the last 90 days develop."""
    basis: Basis


def _ask(given: DashboardParameters, around: Around) -> Ask:
    return Ask(
        "dashboard_summary",
        {"window": given.window(around.now), "minSamples": given.min_samples, "first": given.limit},
    )


def _shape(given: DashboardParameters, data: Json) -> Json:
    found, rates = data["dashboardSummary"], data["successRates"]
    change = found["change"]
    return {
        "total_patterns": found["totalPatterns"],
        "average_success_rate": rates["averageSuccessRate"],
        "patterns_rated": rates["totalPatterns"],
        "high_confidence_count": rates["highConfidenceCount"],
        "total_executions": found["success"]["executions"],
        "execution_success_rate": found["success"]["successRate"],
        "avg_execution_time_ms": found["duration"]["meanMs"],
        "p95_execution_time_ms": found["duration"]["p95Ms"],
        "total_cost_usd": found["cost"]["totalUsd"],
        "change": {
            "total_executions_before": change["executionsBefore"],
            "executions_change": change["executionsChange"],
            "success_rate_before": change["successRateBefore"],
            "success_rate_change": change["successRateChange"],
        },
        "most_used_patterns": [
            {
                "pattern_id": one["name"],
                "pattern_name": one["label"],
                "pattern_type": type_of(one["pattern"]),
                "usage_count": one["executions"],
                "success_rate": one["successRate"],
                "confidence": one["confidence"],
            }
            for one in found["mostUsed"]
        ],
        "average_quality_score": found["quality"]["mean"],
        "quality_std": found["quality"]["std"],
        "quality_distribution": [
            {
                "band": one["band"].lower(),
                "at_least": one["atLeast"],
                "count": one["executions"],
                "share": one["share"],
            }
            for one in found["quality"]["bands"]
        ],
        "quality_by_pattern_type": [
            {
                "pattern_type": one["patternType"],
                "average_quality_score": one["success"]["quality"],
                "quality_std": one["qualityStd"],
                "sample_count": one["success"]["qualityCount"],
                "total_executions": one["success"]["executions"],
                "success_rate": one["success"]["successRate"],
            }
            for one in found["patternTypes"]
        ],
        "recent_trends": [trend_of(one) for one in data["trends"]["trends"]],
        "basis": basis(found["basis"]),
    }


DASHBOARD_SUMMARY = View(
    path="/api/pattern-analytics/dashboard-summary",
    summary="Everything at a glance: how many patterns, how well they succeed, which are used most, how they develop.",
    parameters=DashboardParameters,
    answer=DashboardSummary,
    ask=_ask,
    shape=_shape,
)
