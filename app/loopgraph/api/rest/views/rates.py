"""``/api/pattern-analytics/success-rates``: how well patterns succeed."""

from __future__ import annotations

from pydantic import Field

from loopgraph.api.rest.answers import Answer, Basis, Json, basis, type_of
from loopgraph.api.rest.parameters import Limit, Over, PatternType, Whole
from loopgraph.api.rest.view import Around, Ask, View
from loopgraph.contracts.base import Unit


class SuccessRatesParameters(Over):
    """Of which patterns, and over which time."""

    pattern_type: PatternType | None = Field(default=None, description="Only patterns of this type.")
    min_samples: Whole = Field(
        default=5, ge=1, le=2**31 - 1, description="Executions of which it is known what came of them, at least."
    )
    limit: Limit = Field(default=20, description="Most patterns of the answer, 1 to 100.")


class PatternSuccess(Answer):
    """How well one pattern succeeds."""

    pattern_id: str
    pattern_name: str
    success_rate: Unit
    """Successes over all of which it is known what came of them; executions of which it is not are in neither."""
    confidence: Unit
    """The lower bound of Wilson's interval of the success rate, at 95 %: it grows with the number of executions."""
    total_executions: int = Field(ge=0)
    """How many began."""
    successful_executions: int = Field(ge=0)
    failed_executions: int = Field(ge=0)
    pattern_type: str | None
    """Null for a pattern that there is no more."""


class SuccessSummary(Answer):
    """All patterns that have enough executions, together."""

    total_patterns: int = Field(ge=0)
    average_success_rate: Unit | None
    """The mean of their success rates, each with the same weight; null for none."""
    high_confidence_count: int = Field(ge=0)
    """How many of them have a high confidence."""
    high_confidence: Unit
    """The confidence that is called high."""
    left_out: int = Field(ge=0)
    """How many other patterns were used, and have not enough executions."""
    more: bool
    """Whether there are more patterns than were looked at, which are the most used."""


class SuccessRates(Answer):
    """Patterns by how well they succeed, the surest first."""

    patterns: list[PatternSuccess]
    summary: SuccessSummary
    basis: Basis


def _ask(given: SuccessRatesParameters, around: Around) -> Ask:
    return Ask(
        "success_rates",
        {
            "patternType": given.pattern_type,
            "minSamples": given.min_samples,
            "window": given.window(around.now),
            "first": given.limit,
        },
    )


def _shape(given: SuccessRatesParameters, data: Json) -> Json:
    found = data["successRates"]
    return {
        "patterns": [
            {
                "pattern_id": one["name"],
                "pattern_name": one["label"],
                "success_rate": one["successRate"],
                "confidence": one["confidence"],
                "total_executions": one["executions"],
                "successful_executions": one["successes"],
                "failed_executions": one["failures"],
                "pattern_type": type_of(one["pattern"]),
            }
            for one in found["rates"]
        ],
        "summary": {
            "total_patterns": found["totalPatterns"],
            "average_success_rate": found["averageSuccessRate"],
            "high_confidence_count": found["highConfidenceCount"],
            "high_confidence": found["highConfidence"],
            "left_out": found["leftOut"],
            "more": found["more"],
        },
        "basis": basis(found["basis"]),
    }


SUCCESS_RATES = View(
    path="/api/pattern-analytics/success-rates",
    summary="Patterns by how well they succeed, the surest first.",
    parameters=SuccessRatesParameters,
    answer=SuccessRates,
    ask=_ask,
    shape=_shape,
)
