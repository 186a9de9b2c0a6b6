"""``POST /api/pattern-analytics/compare``: patterns side by side."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from loopgraph.api.graphql.types.analytics.comparison import MOST_COMPARED
from loopgraph.api.rest.answers import Answer, Basis, Interval, Json, basis, lower
from loopgraph.api.rest.parameters import Over, PatternId
from loopgraph.api.rest.view import Around, Ask, View
from loopgraph.contracts.base import NonNegative, Unit


def _several(ids: list[str]) -> list[str]:
    if not 2 <= len(ids) <= MOST_COMPARED:
        raise ValueError(f"must name 2 to {MOST_COMPARED} patterns")
    if len(set(ids)) < len(ids):
        raise ValueError("must be different from each other")
    return ids


class CompareParameters(Over):
    """Which patterns, and over which time."""

    pattern_ids: Annotated[list[PatternId], AfterValidator(_several)] = Field(
        description=f"Patterns by their own ids or their global ones, 2 to {MOST_COMPARED}, each once.",
        json_schema_extra={"minItems": 2, "maxItems": MOST_COMPARED, "uniqueItems": True},
    )


class ComparedPattern(Answer):
    """The figures of one pattern."""

    pattern_id: str
    pattern_name: str
    execution_count: int = Field(ge=0)
    success_count: int = Field(ge=0)
    success_rate: Unit | None
    success_rate_interval: Interval | None
    confidence: Unit | None
    """The lower bound of that interval."""
    error_rate: Unit | None
    avg_quality_score: Unit | None
    avg_execution_time_ms: NonNegative | None
    p50_execution_time_ms: NonNegative | None
    p95_execution_time_ms: NonNegative | None
    p99_execution_time_ms: NonNegative | None
    total_cost_usd: NonNegative | None
    avg_cost_usd: NonNegative | None
    unit_count: int = Field(ge=0)
    """How many sessions, users or tasks its executions belong to: these are what the tests count."""


class ComparedMetric(Answer):
    """How the second of two patterns differs from the first in one metric."""

    metric: str
    """`success_rate`, `duration_ms` or `cost_usd`."""
    first: str
    second: str
    first_value: float | None
    second_value: float | None
    difference: float | None
    """The second minus the first."""
    difference_interval: Interval | None
    relative_difference: float | None
    """The same over the first: -0.31 is 31 % less."""
    effect_size: float | None
    """Hedges' g."""
    p_value: Unit | None
    adjusted_p_value: Unit | None
    """Adjusted for all tests of the comparison (Holm)."""
    significant: bool
    """Whether the adjusted one is below 0.05."""
    reason: str | None
    """Why there is no test; null if there is one."""
    summary: str


class Comparison(Answer):
    """Patterns side by side, and every two of them against each other."""

    patterns: list[ComparedPattern]
    """In the order in which they were asked for."""
    comparison_matrix: list[ComparedMetric]
    caveat: str
    """What a comparison of what was merely observed cannot tell."""
    basis: Basis


def _ask(given: CompareParameters, around: Around) -> Ask:
    return Ask("compare", {"patternIds": given.pattern_ids, "window": given.window(around.now)})


def _shape(given: CompareParameters, data: Json) -> Json:
    found = data["comparePatterns"]
    return {
        "patterns": [_pattern(one) for one in found["columns"]],
        "comparison_matrix": [
            {
                "metric": one["measure"].lower(),
                "first": one["first"],
                "second": one["second"],
                "first_value": one["firstValue"],
                "second_value": one["secondValue"],
                "difference": one["difference"],
                "difference_interval": one["differenceInterval"],
                "relative_difference": one["relative"],
                "effect_size": one["effectSize"],
                "p_value": one["pValue"],
                "adjusted_p_value": one["adjustedPValue"],
                "significant": one["significant"],
                "reason": lower(one["reason"]),
                "summary": one["summary"],
            }
            for one in found["differences"]
        ],
        "caveat": found["caveat"],
        "basis": basis(found["basis"]),
    }


def _pattern(one: Json) -> Json:
    success, duration, cost = one["success"], one["duration"], one["cost"]
    return {
        "pattern_id": one["key"],
        "pattern_name": one["label"],
        "execution_count": success["executions"],
        "success_count": success["successes"],
        "success_rate": success["successRate"],
        "success_rate_interval": success["successRateInterval"],
        "confidence": success["confidence"],
        "error_rate": success["errorRate"],
        "avg_quality_score": success["quality"],
        "avg_execution_time_ms": duration["meanMs"],
        "p50_execution_time_ms": duration["p50Ms"],
        "p95_execution_time_ms": duration["p95Ms"],
        "p99_execution_time_ms": duration["p99Ms"],
        "total_cost_usd": cost["totalUsd"],
        "avg_cost_usd": cost["meanUsd"],
        "unit_count": one["units"],
    }


COMPARE = View(
    path="/api/pattern-analytics/compare",
    summary="Patterns side by side, and what of their differences is more than chance.",
    parameters=CompareParameters,
    answer=Comparison,
    ask=_ask,
    shape=_shape,
    method="POST",
)
