"""``/api/pattern-analytics/quality-metrics``: the quality of patterns."""

from __future__ import annotations

from pydantic import Field

from loopgraph.api.rest.answers import Answer, Basis, Interval, Json, basis, lower, type_of
from loopgraph.api.rest.parameters import Limit, Over, PatternId
from loopgraph.api.rest.view import Around, Ask, View
from loopgraph.contracts.base import Instant, Unit


class QualityParameters(Over):
    """Of which patterns, and over which time."""

    pattern_id: PatternId | None = Field(
        default=None, description="Only this pattern, with its versions; left out: the most used patterns."
    )
    limit: Limit = Field(default=20, description="Most patterns, or versions, of the answer, 1 to 100.")


class PatternQuality(Answer):
    """The quality of one pattern."""

    pattern_id: str
    pattern_name: str
    pattern_type: str | None
    version: int | None
    """The number of the version in use; null if none is."""
    quality_score: Unit | None
    """Mean of the quality that its executions report; null where none does."""
    sample_count: int = Field(ge=0)
    """How many executions report one."""
    total_executions: int = Field(ge=0)
    measurement_timestamp: Instant | None
    """The last hour of the window in which it was used; null for none."""


class VersionQuality(Answer):
    """The quality of one version, over all of its time."""

    node_id: str
    version: int | None
    status: str | None
    quality_score: Unit | None
    """Mean of the quality that its latest executions report; null where none does."""
    sample_count: int = Field(ge=0)
    total_executions: int = Field(ge=0)
    """Executions that were looked at: the latest 10,000 that are over."""
    text_quality: Unit | None
    """How good its text is by its form; null for one without words."""
    text_problems: list[str]
    """What keeps the text from a full score."""
    created_at: Instant | None


class QualityTrend(Answer):
    """How a quality develops from version to version."""

    versions: int
    """Of how many versions it is."""
    slope: float
    """The median change from one version to the next (Theil, Sen)."""
    interval: Interval


class QualityTrends(Answer):
    """How the qualities of a pattern develop; each null below three versions that have one."""

    quality_score: QualityTrend | None
    text_quality: QualityTrend | None


class QualitySummary(Answer):
    """The patterns of the answer, together."""

    total_patterns: int = Field(ge=0)
    """How many patterns the answer has."""
    average_quality_score: Unit | None
    """The mean of their scores, each with the same weight; null where none has one."""


class QualityMetrics(Answer):
    """The quality of the most used patterns, or of one with its versions."""

    patterns: list[PatternQuality]
    summary: QualitySummary
    versions: list[VersionQuality] | None
    """The newest versions of the pattern, newest first; null where no pattern is asked for."""
    trends: QualityTrends | None
    """Over these versions; null where no pattern is asked for."""
    basis: Basis


def _ask(given: QualityParameters, around: Around) -> Ask:
    variables = {"window": given.window(around.now), "first": given.limit}
    if given.pattern_id is None:
        return Ask("quality_metrics", variables)
    return Ask("quality_metrics_of_pattern", {"patternId": given.pattern_id, **variables})


def _shape(given: QualityParameters, data: Json) -> Json:
    if given.pattern_id is None:
        found = data["usageStats"]
        patterns = [
            _pattern(
                one["name"], one["label"], one["pattern"], (one["pattern"] or {}).get("analytics"), one["executions"]
            )
            for one in found["ranked"]
        ]
        return _answer(patterns, found["basis"])
    found, of_versions = data["patternAnalytics"], data["qualityMetrics"]
    pattern = _pattern(found["name"], found["pattern"]["name"], found["pattern"], found, found["success"]["executions"])
    return _answer([pattern], found["basis"]) | {
        "versions": [_version(one) for one in of_versions["versions"]],
        "trends": {
            "quality_score": of_versions["reportedTrend"],
            "text_quality": of_versions["textTrend"],
        },
    }


def _answer(patterns: list[Json], found: Json) -> Json:
    scores = [one["quality_score"] for one in patterns if one["quality_score"] is not None]
    return {
        "patterns": patterns,
        "summary": {
            "total_patterns": len(patterns),
            "average_quality_score": sum(scores) / len(scores) if scores else None,
        },
        "versions": None,
        "trends": None,
        "basis": basis(found),
    }


def _pattern(id_: str, name: str, pattern: Json | None, figures: Json | None, executions: int) -> Json:
    in_use = pattern["currentVersion"] if pattern else None
    return {
        "pattern_id": id_,
        "pattern_name": name,
        "pattern_type": type_of(pattern),
        "version": in_use["version"] if in_use else None,
        "quality_score": figures["success"]["quality"] if figures else None,
        "sample_count": figures["success"]["qualityCount"] if figures else 0,
        "total_executions": executions,
        "measurement_timestamp": figures["usage"]["lastUsed"] if figures else None,
    }


def _version(one: Json) -> Json:
    version, text = one["version"] or {}, one["text"] or {}
    return {
        "node_id": one["nodeId"],
        "version": version.get("version"),
        "status": lower(version.get("status")),
        "quality_score": one["reportedQuality"],
        "sample_count": one["reportedCount"],
        "total_executions": one["executions"],
        "text_quality": text.get("score"),
        "text_problems": [problem.lower() for problem in text.get("problems", ())],
        "created_at": version.get("createdAt"),
    }


QUALITY_METRICS = View(
    path="/api/pattern-analytics/quality-metrics",
    summary="The quality of the most used patterns, or of one with its versions and how it develops.",
    parameters=QualityParameters,
    answer=QualityMetrics,
    ask=_ask,
    shape=_shape,
)
