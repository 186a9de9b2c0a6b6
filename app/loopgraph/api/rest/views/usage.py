"""``/api/pattern-analytics/usage-stats``: which patterns are used, how often, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from loopgraph.api.rest.answers import Answer, Basis, Json, basis, type_of
from loopgraph.api.rest.parameters import Limit, Over
from loopgraph.api.rest.view import Around, Ask, View
from loopgraph.api.rest.views.trends import TrendDirection, direction
from loopgraph.contracts.base import Instant, NonNegative, Unit

Interval = Literal["hour", "day", "week", "month", "hourly", "daily", "weekly", "monthly"]
"""How long the parts of a time are; ``hourly`` is ``hour``."""

_INTERVALS: Final = {
    **{word: word.upper() for word in ("hour", "day", "week", "month")},
    **{"hourly": "HOUR", "daily": "DAY", "weekly": "WEEK", "monthly": "MONTH"},
}


def interval_of(word: Interval) -> str:
    """The interval as GraphQL has it."""
    return _INTERVALS[word]


class UsageParameters(Over):
    """Over which time, in which parts."""

    interval: Interval = Field(
        default="day",
        description="How long each period is, by the calendar of UTC; `hourly` is `hour`. There are at most 400 of them: with "
        "hours, the last 7 days are told where no time is given.",
    )
    limit: Limit = Field(default=20, description="Most patterns of the answer, 1 to 100.")

    def window(self, now: datetime) -> Json:
        """The ``window`` argument of GraphQL."""
        if interval_of(self.interval) == "HOUR" and self.since is None and "time_range" not in self.model_fields_set:
            return Over(time_range="7d", until=self.until).window(now)
        return super().window(now)


class UsagePeriod(Answer):
    """How often something was used in one part of the time."""

    period_start: Instant
    period_end: Instant
    usage_count: int = Field(ge=0)


class PatternUsage(Answer):
    """How one pattern is used."""

    pattern_id: str
    pattern_name: str
    pattern_type: str | None
    usage_count: int = Field(ge=0)
    """Executions of its versions that began."""
    success_rate: Unit | None
    """Null where it is not known of any what came of it."""
    first_used: Instant | None
    last_used: Instant | None
    """The first and the last hour of the window in which it was used."""
    executions_per_day: NonNegative | None
    executions_per_week: NonNegative | None
    trend_direction: TrendDirection | None
    """How its use develops; null where that cannot be told."""
    velocity: float | None
    """Executions a day in the last week; null where it is not known."""
    periods: list[UsagePeriod]


class UsageTotals(Answer):
    """All work, whether it used a pattern or not."""

    usage_count: int = Field(ge=0)
    """Traces that began."""
    periods: list[UsagePeriod]


class UsageStats(Answer):
    """The most used patterns, the most first."""

    patterns: list[PatternUsage]
    total: UsageTotals
    period_start: Instant
    period_end: Instant
    basis: Basis


def _ask(given: UsageParameters, around: Around) -> Ask:
    return Ask(
        "usage_stats",
        {"window": given.window(around.now), "interval": interval_of(given.interval), "first": given.limit},
    )


def _shape(given: UsageParameters, data: Json) -> Json:
    found = data["usageStats"]
    total = _periods(found["points"])
    return {
        "patterns": [_pattern(one) for one in found["ranked"]],
        "total": {"usage_count": sum(period["usage_count"] for period in total), "periods": total},
        "period_start": found["basis"]["since"],
        "period_end": found["basis"]["until"],
        "basis": basis(found["basis"]),
    }


def _pattern(one: Json) -> Json:
    figures = one["pattern"]["analytics"] if one["pattern"] else None
    usage, trend = (figures["usage"], figures["trend"]) if figures else (None, None)
    return {
        "pattern_id": one["name"],
        "pattern_name": one["label"],
        "pattern_type": type_of(one["pattern"]),
        "usage_count": one["executions"],
        "success_rate": one["successRate"],
        "first_used": usage["firstUsed"] if usage else None,
        "last_used": usage["lastUsed"] if usage else None,
        "executions_per_day": usage["perDay"] if usage else None,
        "executions_per_week": usage["perWeek"] if usage else None,
        "trend_direction": direction(trend["classification"]) if trend else None,
        "velocity": trend["velocity"]["perDay"] if trend else None,
        "periods": _periods(one["points"]),
    }


def _periods(points: list[Json]) -> list[Json]:
    return [
        {"period_start": one["start"], "period_end": one["end"], "usage_count": one["executions"]} for one in points
    ]


USAGE_STATS = View(
    path="/api/pattern-analytics/usage-stats",
    summary="The most used patterns, each over time, with how its use develops.",
    parameters=UsageParameters,
    answer=UsageStats,
    ask=_ask,
    shape=_shape,
)
