"""``/api/pattern-analytics/patterns/{pattern_id}``: everything about one pattern, and where it stands among its like."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from loopgraph.api.rest.answers import Answer, Json, lower
from loopgraph.api.rest.parameters import Limit, Over, PatternId, Whole
from loopgraph.api.rest.view import Around, Ask, View
from loopgraph.api.rest.views.figures import Figures, figures
from loopgraph.contracts.base import Instant, NonNegative, Unit


class PatternParameters(Over):
    """Which pattern, and over which time its figures are."""

    pattern_id: PatternId = Field(description="The pattern, by its own id or its global one.")
    min_samples: Whole = Field(
        default=5, ge=1, le=2**31 - 1, description="Executions that a pattern has at least that it is ranked among."
    )
    limit: Limit = Field(default=20, description="Most versions of the answer, the newest, 1 to 100.")


class PerformanceBaseline(Answer):
    """Durations when a version became active, in milliseconds; null where they were not measured."""

    p50: NonNegative | None
    p95: NonNegative | None
    p99: NonNegative | None
    avg_duration: NonNegative | None


class Version(Answer):
    """One version of a pattern."""

    node_id: str
    version: int = Field(ge=1)
    label: str | None
    status: str
    """`draft`, `active`, `deprecated`, `archived` or `rejected`."""
    in_use: bool
    """Whether it is the current one: several can be active."""
    evolution_type: str
    change_summary: str
    confidence_score: Unit | None
    performance_baseline: PerformanceBaseline | None
    quality_baseline: Unit | None
    success_rate_baseline: Unit | None
    created_at: Instant
    created_by: str
    usage_count: int = Field(ge=0)
    """Executions of all time."""
    success_rate: Unit | None
    """Over them; null before any."""
    avg_execution_time_ms: NonNegative | None
    last_used_at: Instant | None


class Benchmark(Answer):
    """Where a pattern stands on one measure among the patterns of its type."""

    measure: str
    value: float | None
    category_average: float | None
    category_median: float | None
    percentile_rank: float | None = Field(ge=0, le=100)
    """Which part of them is worse, and half of those that are equal; null of less than two."""
    peers: int = Field(ge=0)


class PatternDetail(Answer):
    """One pattern."""

    pattern_id: str
    pattern_name: str
    pattern_type: str
    description: str
    tags: list[str]
    metadata: dict[str, Any]
    latest_version: int
    created_at: Instant
    created_by: str
    updated_at: Instant
    current_version: Version | None
    """The one in use; null if none is."""
    versions: list[Version]
    """The newest first."""
    more_versions: bool
    """Whether there are older ones."""
    analytics: Figures
    benchmark: list[Benchmark]


def _ask(given: PatternParameters, around: Around) -> Ask:
    return Ask(
        "pattern",
        {
            "patternId": given.pattern_id,
            "window": given.window(around.now),
            "minSamples": given.min_samples,
            "first": given.limit,
        },
    )


def _shape(given: PatternParameters, data: Json) -> Json | None:
    found, among = data["pattern"], data["benchmarkPattern"]
    if found is None:
        return None
    return {
        "pattern_id": found["patternId"],
        "pattern_name": found["name"],
        "pattern_type": found["patternType"],
        "description": found["description"],
        "tags": found["tags"],
        "metadata": found["metadata"],
        "latest_version": found["latestVersion"],
        "created_at": found["createdAt"],
        "created_by": found["createdBy"],
        "updated_at": found["updatedAt"],
        "current_version": _version(found["currentVersion"]) if found["currentVersion"] else None,
        "versions": [_version(edge["node"]) for edge in found["versions"]["edges"]],
        "more_versions": found["versions"]["pageInfo"]["hasNextPage"],
        "analytics": figures(found["analytics"]),
        "benchmark": [
            {
                "measure": one["measure"].lower(),
                "value": one["value"],
                "category_average": one["mean"],
                "category_median": one["median"],
                "percentile_rank": one["percentileRank"],
                "peers": one["peers"],
            }
            for one in among["measures"]
        ],
    }


def baselines(version: Json) -> Json:
    """How a version did when it became active."""
    measured = version["performanceBaseline"]
    return {
        "performance_baseline": {
            "p50": measured["p50Ms"],
            "p95": measured["p95Ms"],
            "p99": measured["p99Ms"],
            "avg_duration": measured["avgDurationMs"],
        }
        if measured
        else None,
        "quality_baseline": version["qualityBaseline"],
        "success_rate_baseline": version["successRateBaseline"],
    }


def _version(one: Json) -> Json:
    return {
        "node_id": one["nodeId"],
        "version": one["version"],
        "label": one["label"],
        "status": lower(one["status"]),
        "in_use": one["inUse"],
        "evolution_type": lower(one["evolutionType"]),
        "change_summary": one["changeSummary"],
        "confidence_score": one["confidenceScore"],
        **baselines(one),
        "created_at": one["createdAt"],
        "created_by": one["createdBy"],
        "usage_count": one["usageCount"],
        "success_rate": one["successRate"],
        "avg_execution_time_ms": one["avgExecutionTimeMs"],
        "last_used_at": one["lastUsedAt"],
    }


PATTERN = View(
    path="/api/pattern-analytics/patterns/{pattern_id}",
    summary="A pattern with its versions, its figures, and where it stands among the patterns of its type.",
    parameters=PatternParameters,
    answer=PatternDetail,
    ask=_ask,
    shape=_shape,
)
