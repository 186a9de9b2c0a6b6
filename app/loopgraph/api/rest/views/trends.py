"""``/api/pattern-analytics/trends`` and ``/api/analytics/trends``: how patterns develop, and what comes next."""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal, get_args

from pydantic import Field

from loopgraph.api.rest.answers import Answer, Basis, Json, basis, lower, type_of
from loopgraph.api.rest.parameters import Limit, Over, PatternId, Threshold, TimeRange
from loopgraph.api.rest.view import Around, Ask, View
from loopgraph.contracts.base import Instant, NonNegative, Unit
from loopgraph.errors import InvalidInput

TrendDirection = Literal["growing", "stable", "declining", "emerging", "abandoned"]
"""How something develops."""

TrendType = Literal["usage", "quality", "emerging", "declining"]

_DIRECTIONS: Final = {"RISING": "growing", "FALLING": "declining", "STEADY": "stable"}
_METRICS: Final = {"usage": "EXECUTIONS", "quality": "QUALITY"}


def direction(name: str | None) -> str | None:
    """The direction, of GraphQL's class of a trend or direction of a series."""
    return _DIRECTIONS.get(name, name.lower()) if name else None


class OverMonths(Over):
    """Over which time, as far as it is over."""

    time_range: TimeRange = Field(
        default="90d",
        description="How long: hours, days or weeks (24h, 7d, 12w), at most 720h, 400d or 57w; days that are over count, and "
        "there must be one. Days and weeks end with today (UTC), hours with this one; with `until`, they end there.",
    )
    limit: Limit = Field(default=20, description="Most patterns of the answer, 1 to 100.")


class TrendParameters(OverMonths):
    """Of what, and over which time."""

    trend_type: TrendType = Field(
        default="usage",
        description="`usage` or `quality`; `emerging`: patterns that are new and used; `declining`: those whose use declines or "
        "ended. Without `pattern_id`, `usage` is that of each pattern, and `quality` that of all work together.",
    )
    pattern_id: PatternId | None = Field(
        default=None, description="Only this pattern; with `usage` or `quality`, and then with what comes next."
    )
    threshold: Threshold | None = Field(
        default=None,
        description="For `declining`: by which part of its mean a use must have declined; 0.1 if it is left out.",
    )


class PatternTrend(Answer):
    """How one pattern develops; all work together has no id."""

    pattern_id: str | None
    pattern_name: str | None
    pattern_type: str | None
    execution_count: int = Field(ge=0)
    trend_direction: TrendDirection | None
    """Null where it cannot be told: `reason` says why."""
    rule: str | None
    """By which rule, in words, with the numbers that led to it; null for a quality."""
    reason: str | None
    velocity: float | None
    """Executions a day in the last week; null where it is not known."""
    acceleration: float | None
    """The change of that against the week before, in executions a day, per day."""
    weekly_growth_rate: float | None
    """The last week over the one before: 0.15 is 15 % more."""
    monthly_growth_rate: float | None
    """The same of four weeks."""
    slope: float | None
    """By how much it changes in a day (Theil, Sen)."""
    change: float | None
    """What the slope comes to from first to last, as a part of the mean."""
    p_value: Unit | None
    """Of no trend (Mann, Kendall)."""
    adjusted_p_value: Unit | None
    """The same, adjusted for all patterns that were looked at; below 0.05 it is a trend."""


class DataPoint(Answer):
    """One day."""

    timestamp: Instant
    value: float | None
    """Null where nothing tells."""
    moving_average: float | None
    """The mean of a week up to it; null for the first."""


class Prediction(Answer):
    """What is expected of one day, and where it will lie at `forecast_confidence`."""

    timestamp: Instant
    value: float
    low: float
    high: float


class TrendSeries(Answer):
    """The days behind a trend, and those to come."""

    data_points: list[DataPoint]
    """Days that are over."""
    volatility: NonNegative | None
    """The standard deviation of the values."""
    predictions: list[Prediction]
    """The next seven days; empty where nothing can be said."""
    forecast_next_week: float | None
    """What the next seven days come to together; null for a quality."""
    forecast_confidence: Unit
    """Of the intervals of the predictions."""
    forecast_coverage: Unit | None
    """Which part of what came such intervals did hold at earlier times; null where that was not tested."""


class Trends(Answer):
    """How patterns develop."""

    trend_type: TrendType
    trends: list[PatternTrend]
    """The most used first; of those that decline, the deepest fall first."""
    total_count: int = Field(ge=0)
    """How many were asked for, more than `limit` perhaps."""
    patterns_analyzed: int = Field(ge=0)
    """How many were looked at: those that were used at all, the most used."""
    more: bool
    """Whether there are others that were used."""
    series: TrendSeries | None
    """Of one pattern, or of all work; null for a list of patterns."""
    basis: Basis


class TrendSummary(Answer):
    """How many patterns develop how."""

    growing: int = Field(ge=0)
    stable: int = Field(ge=0)
    declining: int = Field(ge=0)
    emerging: int = Field(ge=0)
    abandoned: int = Field(ge=0)
    unknown: int = Field(ge=0)
    """Those of which it cannot be told."""


class TrendOverview(Answer):
    """How all patterns develop."""

    summary: TrendSummary
    patterns: list[PatternTrend]
    """The most used first."""
    patterns_analyzed: int = Field(ge=0)
    more: bool
    basis: Basis


def _ask(given: TrendParameters, around: Around) -> Ask:
    window: Json = {"window": given.window(around.now)}
    if given.threshold is not None and given.trend_type != "declining":
        raise InvalidInput("threshold", "must be left out unless trend_type is declining")
    if given.trend_type in ("emerging", "declining"):
        if given.pattern_id is not None:
            raise InvalidInput("pattern_id", f"must be left out where trend_type is {given.trend_type}")
        threshold = {} if given.threshold is None else {"threshold": given.threshold}
        return Ask(f"{given.trend_type}_patterns", {"first": given.limit, **threshold, **window})
    if given.trend_type == "usage" and given.pattern_id is None:
        return Ask("trends", {"first": given.limit, **window})
    subject = {"kind": "ALL"} if given.pattern_id is None else {"kind": "PATTERN", "name": given.pattern_id}
    return Ask("trend_of_one", {"metric": _METRICS[given.trend_type], "subject": subject, **window})


def _shape(given: TrendParameters, data: Json) -> Json:
    if "trends" in data:
        found = data["trends"]
        return {
            "trend_type": given.trend_type,
            "trends": [trend_of(one) for one in found["trends"]],
            "total_count": found["totalCount"],
            "patterns_analyzed": found["subjects"],
            "more": found["more"],
            "series": None,
            "basis": basis(found["basis"]),
        }
    series, about = data["seriesAnalysis"], data["subjectAnalytics"]
    return {
        "trend_type": given.trend_type,
        "trends": [_one(given.trend_type, series, about)],
        "total_count": 1,
        "patterns_analyzed": int(about["pattern"] is not None),
        "more": False,
        "series": _series(given.trend_type, series),
        "basis": basis(series["basis"]),
    }


def trend_of(one: Json) -> Json:
    """How one of many patterns develops."""
    return {
        "pattern_id": one["name"],
        "pattern_name": one["label"],
        "pattern_type": type_of(one["pattern"]),
        "execution_count": one["executions"],
        "trend_direction": direction(one["classification"]),
        "rule": one["rule"],
        "reason": lower(one["reason"]),
        "velocity": one["velocity"]["perDay"],
        "acceleration": one["velocity"]["acceleration"],
        **_growth(one, one["trend"]),
    }


def _growth(growths: Json, trend: Json) -> Json:
    return {
        "weekly_growth_rate": growths["weeklyGrowth"]["rate"],
        "monthly_growth_rate": growths["monthlyGrowth"]["rate"],
        "slope": trend["slope"],
        "change": trend["change"],
        "p_value": trend["pValue"],
        "adjusted_p_value": trend["adjustedPValue"],
    }


def _one(trend_type: TrendType, series: Json, about: Json) -> Json:
    used, pattern = about["trend"], about["pattern"]
    of_use = used if trend_type == "usage" else None
    trend = series["trend"]
    return {
        "pattern_id": about["name"] or None,
        "pattern_name": pattern["name"] if pattern else None,
        "pattern_type": type_of(pattern),
        "execution_count": about["usage"]["executions"],
        "trend_direction": direction(of_use["classification"] if of_use else trend["direction"]),
        "rule": of_use["rule"] if of_use else None,
        "reason": lower(of_use["reason"] if of_use else trend["reason"]),
        "velocity": used["velocity"]["perDay"] if used else None,
        "acceleration": used["velocity"]["acceleration"] if used else None,
        **_growth(series, trend),
    }


def _series(trend_type: TrendType, series: Json) -> Json:
    forecast = series["forecast"]
    total = forecast["total"] if trend_type == "usage" else None
    return {
        "data_points": [
            {"timestamp": one["start"], "value": one["value"], "moving_average": one["movingAverage"]}
            for one in series["points"]
        ],
        "volatility": series["volatility"]["deviation"],
        "predictions": [
            {"timestamp": one["at"], "value": one["expected"], "low": one["low"], "high": one["high"]}
            for one in forecast["points"]
        ],
        "forecast_next_week": total["expected"] if total else None,
        "forecast_confidence": forecast["confidence"],
        "forecast_coverage": forecast["coverage"],
    }


MOST_SUMMARISED: Final = 500
"""So many patterns are summarised at most: all that trends are looked for in."""


def _ask_all(given: OverMonths, around: Around) -> Ask:
    return Ask("trends", {"first": min(MOST_SUMMARISED, around.largest_page), "window": given.window(around.now)})


def _shape_all(given: OverMonths, data: Json) -> Json:
    found = data["trends"]
    counts = Counter(direction(one["classification"]) for one in found["trends"])
    return {
        "summary": {**{each: counts[each] for each in get_args(TrendDirection)}, "unknown": counts[None]},
        "patterns": [trend_of(one) for one in found["trends"][: given.limit]],
        "patterns_analyzed": found["subjects"],
        "more": found["more"],
        "basis": basis(found["basis"]),
    }


TRENDS = View(
    path="/api/pattern-analytics/trends",
    summary="How patterns develop: direction, velocity and, for one pattern, what comes next.",
    parameters=TrendParameters,
    answer=Trends,
    ask=_ask,
    shape=_shape,
)

TREND_OVERVIEW = View(
    path="/api/analytics/trends",
    summary="How many patterns grow, stay, decline, emerge and are abandoned.",
    parameters=OverMonths,
    answer=TrendOverview,
    ask=_ask_all,
    shape=_shape_all,
)
