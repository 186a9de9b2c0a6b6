"""``/api/pattern-analytics/time-series``: one metric over time, for charts."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from loopgraph.api.rest.answers import Answer, Basis, Json, basis
from loopgraph.api.rest.parameters import Over, PatternId
from loopgraph.api.rest.view import Around, Ask, View
from loopgraph.api.rest.views.usage import Interval, interval_of
from loopgraph.contracts.base import Instant

MetricType = Literal[
    "usage_count",
    "execution_count",
    "success_rate",
    "error_rate",
    "avg_execution_time_ms",
    "p50_execution_time_ms",
    "p95_execution_time_ms",
    "p99_execution_time_ms",
    "quality_score",
    "total_tokens",
    "total_cost_usd",
    "retry_count",
]

_METRICS: Final[dict[MetricType, str]] = {
    "usage_count": "EXECUTIONS",
    "execution_count": "EXECUTIONS",
    "success_rate": "SUCCESS_RATE",
    "error_rate": "ERROR_RATE",
    "avg_execution_time_ms": "DURATION_MEAN",
    "p50_execution_time_ms": "DURATION_P50",
    "p95_execution_time_ms": "DURATION_P95",
    "p99_execution_time_ms": "DURATION_P99",
    "quality_score": "QUALITY",
    "total_tokens": "TOKENS",
    "total_cost_usd": "COST_USD",
    "retry_count": "RETRIES",
}


class SeriesParameters(Over):
    """Which metric of what, over which time, in which parts."""

    metric_type: MetricType = Field(default="usage_count", description="What is charted.")
    pattern_id: PatternId | None = Field(
        default=None, description="Of this pattern; left out: of all traces, whether they used a pattern or not."
    )
    interval: Interval = Field(
        default="day", description="How long each point is, by the calendar of UTC; `hourly` is `hour`."
    )


class SeriesPoint(Answer):
    """One interval."""

    timestamp: Instant
    """When it begins."""
    period_end: Instant
    value: float | None
    """Null where nothing tells, as a rate of no executions."""
    execution_count: int = Field(ge=0)
    """How many executions began."""


class TimeSeries(Answer):
    """One metric over time."""

    pattern_id: str | None
    metric_type: MetricType
    interval: Interval
    data_points: list[SeriesPoint]
    """In the order of time, without gaps."""
    basis: Basis


def _ask(given: SeriesParameters, around: Around) -> Ask:
    subject = {"kind": "ALL"} if given.pattern_id is None else {"kind": "PATTERN", "name": given.pattern_id}
    return Ask(
        "time_series",
        {
            "metric": _METRICS[given.metric_type],
            "subject": subject,
            "window": given.window(around.now),
            "interval": interval_of(given.interval),
        },
    )


def _shape(given: SeriesParameters, data: Json) -> Json:
    found = data["timeSeries"]
    [line] = found["lines"]
    return {
        "pattern_id": given.pattern_id,
        "metric_type": given.metric_type,
        "interval": given.interval,
        "data_points": [
            {
                "timestamp": one["start"],
                "period_end": one["end"],
                "value": one["value"],
                "execution_count": one["executions"],
            }
            for one in line["points"]
        ],
        "basis": basis(found["basis"]),
    }


TIME_SERIES = View(
    path="/api/pattern-analytics/time-series",
    summary="A metric of a pattern, or of all work, over time.",
    parameters=SeriesParameters,
    answer=TimeSeries,
    ask=_ask,
    shape=_shape,
)
