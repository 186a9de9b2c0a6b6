"""Figures of one subject over a window."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.enums import Dimension, Exactness, QualityBand
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.contracts.analytics import figures as contracts
from loopgraph.reducers.usage.distributions import MOST_VALUES
from loopgraph.reducers.usage.quality import GATE, quality_gate
from loopgraph.reducers.usage.success import MOST_ERRORS
from loopgraph.reducers.usage.usage import MOST_PEAKS


@strawberry.type(description="Of what an answer is made.")
class AnalyticsBasis:
    since: datetime = strawberry.field(
        description="From when on it counts: an hour, or the very instant that was asked for."
    )
    until: datetime = strawberry.field(description="Until before when it counts.")
    exactness: Exactness = strawberry.field(
        description="Whether it looked at executions themselves, or at hourly sums alone."
    )
    relative_error: float = strawberry.field(
        description="How far percentiles, minimum and maximum can be from the exact ones, as a part of them; all else is exact."
    )
    pending: Long = strawberry.field(
        description="Traces that are committed and not counted yet, because very many came at once; 0 but for then."
    )
    other_criteria: bool = strawberry.field(
        description="Whether uses of patterns are counted by other success criteria than those of this service, because another "
        "one that counts has others, or these have just changed. They are counted anew as soon as all services have the same."
    )


@strawberry.type(description="One of the hours in which the most began.")
class UsagePeak:
    start: datetime = strawberry.field(description="When the hour begins, in UTC.")
    executions: Long


@strawberry.type(
    description="When executions began, by the clock of a time zone, its summer time too. What is counted are hours of UTC: "
    "where a zone is off by a part of an hour, each counts in the hour and the day in which it begins there."
)
class UsageProfile:
    time_zone: str
    hours_of_day: list[Long] = strawberry.field(
        directives=[at_most(24)], description="Executions by the hour of the day, from midnight on."
    )
    days_of_week: list[Long] = strawberry.field(
        directives=[at_most(7)], description="Executions by the day of the week, from Monday on."
    )


@strawberry.type(description="How much something was used. Rates are means over what of the window is over.")
class UsageFigures:
    executions: Long
    per_hour: float = strawberry.field(description="Executions an hour.")
    per_day: float = strawberry.field(description="Executions a day.")
    per_week: float = strawberry.field(description="Executions in 7 days.")
    per_month: float = strawberry.field(description="Executions in 30.4375 days.")
    per_day_since_first_use: float | None = strawberry.field(
        description="Executions a day since the first hour of the window that has one, so that what is new is not diluted by the "
        "time before it; null for none."
    )
    active_hours: int = strawberry.field(description="Hours in which something began.")
    first_used: datetime | None = strawberry.field(description="The first hour of the window in which something began.")
    last_used: datetime | None = strawberry.field(description="The last hour of the window in which something began.")
    hours_since_last_use: int | None = strawberry.field(
        description="Whole hours since the last of these was over; null for none."
    )
    peaks: list[UsagePeak] = strawberry.field(
        directives=[at_most(MOST_PEAKS)], description="The busiest hours, the busiest first."
    )
    profile: UsageProfile = strawberry.field(description="At what times of the day and the week it is used.")

    @strawberry.field(
        description="The same as `perDaySinceFirstUse`.",
        deprecation_reason="Use `perDaySinceFirstUse`: the `velocity` of a trend, here and in REST, is that of the last week.",
    )
    def velocity(self) -> float | None:
        return self.per_day_since_first_use

    @classmethod
    def of(cls, figures: contracts.UsageFigures) -> Self:
        return shape(
            cls,
            figures,
            peaks=[shape(UsagePeak, peak) for peak in figures.peaks],
            profile=shape(UsageProfile, figures.profile),
        )


@strawberry.type(description="Executions that failed with one type of error.")
class ErrorShare:
    error_type: str = strawberry.field(description="The type of error; `other` for all that are less frequent.")
    executions: Long
    share: float = strawberry.field(description="Which part they are of all that name a type of error, 0..1.")


@strawberry.type(
    description="How many executions reach a quality gate: a score that the quality that they report has to have. Those that "
    "report none are not among them."
)
class QualityGate:
    threshold: float = strawberry.field(description="The least score that passes, 0..1.")
    reported: Long = strawberry.field(description="How many executions report a quality.")
    passed: Long = strawberry.field(description="How many of them reach the threshold.")
    rate: float | None = strawberry.field(description="Which part that is, 0..1: the compliance; null for none.")
    interval: Interval | None = strawberry.field(description="Wilson's interval of it, at 95 %.")

    @classmethod
    def of(cls, grades: Mapping[int, int], threshold: float) -> Self:
        gate = quality_gate(grades, threshold)
        return shape(cls, gate, interval=Interval.of(gate.interval))


@strawberry.type(description="Executions whose quality lies in one band.")
class QualityBandShare:
    band: QualityBand = strawberry.field(description="Which band.")
    at_least: float = strawberry.field(
        description="The least score that is in it; it ends where the better one begins."
    )
    executions: Long = strawberry.field(description="How many executions report such a quality.")
    share: float | None = strawberry.field(
        description="Which part that is of those that report one, 0..1; null for none."
    )


@strawberry.type(description="The quality that executions report, from the best band to the worst.")
class QualityDistribution:
    grades: strawberry.Private[Mapping[int, int]]
    reported: Long = strawberry.field(description="How many executions report a quality.")
    mean: float | None = strawberry.field(description="The mean of what they report, 0..1; null for none.")
    std: float | None = strawberry.field(description="The standard deviation of it; null below two.")
    bands: list[QualityBandShare] = strawberry.field(
        directives=[at_most(len(QualityBand))], description="The bands, the best first."
    )

    @strawberry.field(description="How many of them reach a quality gate.")
    def quality_gate(self, threshold: float = GATE) -> QualityGate:
        return QualityGate.of(self.grades, threshold)

    @classmethod
    def of(cls, figures: contracts.QualityFigures) -> Self:
        return shape(cls, figures, bands=[shape(QualityBandShare, band) for band in figures.bands])


@strawberry.type(
    description="What came of the executions. Rates are over those of which that is known; intervals are Wilson's at 95 %."
)
class SuccessFigures:
    grades: strawberry.Private[Mapping[int, int]]
    executions: Long
    successes: Long = strawberry.field(description="Those that succeeded: uses of patterns by the criteria of success.")
    failures: Long = strawberry.field(description="Those of which it is known that they did not.")
    unknown: Long = strawberry.field(description="Those of which it is not known, or not yet; they are in no rate.")
    success_rate: float | None
    success_rate_interval: Interval | None = strawberry.field(description="Wilson's interval of the success rate.")
    confidence: float | None = strawberry.field(
        description="The lower bound of the interval of the success rate: what the executions vouch for, so that it grows with "
        "their number."
    )
    error_rate: float | None = strawberry.field(description="Failures over those of which it is known; null for none.")
    error_rate_interval: Interval | None = strawberry.field(description="Wilson's interval of the error rate.")
    timeouts: Long = strawberry.field(description="Those whose status or type of error says that their time was over.")
    timeout_rate: float | None = strawberry.field(description="Timeouts over all executions; null for none.")
    denied: Long = strawberry.field(description="Those that somebody did not allow.")
    interrupted: Long = strawberry.field(description="Those that somebody stopped.")
    retries_per_execution: float | None = strawberry.field(description="Retries that were told of, per execution.")
    quality: float | None = strawberry.field(
        description="Mean of the quality that executions report, 0..1; null for none."
    )
    quality_count: Long = strawberry.field(description="How many executions report a quality.")
    quality_gates_per_execution: float | None = strawberry.field(
        description="Quality gates that an execution reports as validated; one that reports none has none."
    )
    errors: list[ErrorShare] = strawberry.field(
        directives=[at_most(MOST_ERRORS + 1)], description="Types of errors, the most frequent first."
    )

    @strawberry.field(description="How many of the executions that report a quality reach a quality gate.")
    def quality_gate(self, threshold: float = GATE) -> QualityGate:
        return QualityGate.of(self.grades, threshold)

    @classmethod
    def of(cls, figures: contracts.SuccessFigures) -> Self:
        return shape(
            cls,
            figures,
            success_rate_interval=Interval.of(figures.success_rate_interval),
            error_rate_interval=Interval.of(figures.error_rate_interval),
            errors=[shape(ErrorShare, error) for error in figures.errors],
        )


@strawberry.type(
    description="How long executions took, over those whose duration is known. Percentiles are of type 7; percentiles, minimum "
    "and maximum are within `relativeError`."
)
class DurationFigures:
    count: Long = strawberry.field(description="How many durations are known.")
    mean_ms: float | None = strawberry.field(description="Their mean, in milliseconds.")
    min_ms: float | None = strawberry.field(description="The shortest, in milliseconds.")
    max_ms: float | None = strawberry.field(description="The longest, in milliseconds.")
    std_ms: float | None = strawberry.field(description="Their standard deviation, in milliseconds; null below two.")
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    total_ms: float = strawberry.field(description="Their sum, in milliseconds.")


@strawberry.type(description="Tokens of language models, and what they cost in US dollars.")
class CostFigures:
    input_tokens: Long
    cache_read_tokens: Long
    cache_write_tokens: Long
    output_tokens: Long
    reasoning_tokens: Long
    total_usd: float | None = strawberry.field(
        description="What is known to have been spent; 0 where nothing happened, null where nothing that did has a cost."
    )
    reported_usd: float | None = strawberry.field(description="What of it the senders say themselves.")
    mean_usd: float | None = strawberry.field(description="Mean over the executions whose cost is known.")
    priced: Long = strawberry.field(description="Executions whose cost is known.")
    unpriced: Long = strawberry.field(
        description="Executions that used tokens, and of which nobody knows what they cost."
    )


@strawberry.type(description="A number that executions report of themselves, over those that do.")
class MeasureFigures:
    name: str = strawberry.field(
        description="What is measured: `memory_usage_mb`, `http_calls`, `cache_hits` and the like."
    )
    count: Long = strawberry.field(description="How many executions report it.")
    total: float = strawberry.field(description="The sum of what they report.")
    mean: float = strawberry.field(description="The mean of what they report.")
    std: float | None = strawberry.field(description="The standard deviation of what they report; null below two.")


@strawberry.type(description="Executions with one value of a dimension.")
class DistributionShare:
    value: str | None = strawberry.field(description="The value; null for all others together.")
    executions: Long
    share: float = strawberry.field(description="Which part they are of all executions, 0..1.")
    success_rate: float | None
    mean_duration_ms: float | None = strawberry.field(description="Their mean duration, in milliseconds.")
    cost_usd: float = strawberry.field(description="What they are known to have cost, in US dollars.")


@strawberry.type(
    description="How executions fall to the values of a dimension. One execution can have several (tags), and so the shares can "
    "add up to more than 1."
)
class Distribution:
    by: Dimension | None = strawberry.field(description="The dimension; null for an attribute.")
    attribute: str | None = strawberry.field(description="The attribute, which a setting names; null for a dimension.")
    dimension: str = strawberry.field(
        description="The dimension in small letters, or the attribute.",
        deprecation_reason="Use `by`, which is the enum that everything else has, or `attribute`.",
    )
    distinct: int = strawberry.field(description="How many values there are.")
    at_least: bool = strawberry.field(
        description="Whether there may be more: in some hour or day there were more than are told apart."
    )
    shares: list[DistributionShare] = strawberry.field(
        directives=[at_most(MOST_VALUES + 1)], description="The values, the most frequent first; all others come last."
    )

    @classmethod
    def of(cls, distribution: contracts.Distribution) -> Self:
        name = distribution.dimension
        by = Dimension(name) if name in set(Dimension) else None
        return shape(
            cls,
            distribution,
            by=by,
            attribute=name if by is None else None,
            shares=[shape(DistributionShare, share) for share in distribution.shares],
        )


@strawberry.type(description="How many different ones there were; where not all were told apart, at least so many.")
class UniqueCount:
    dimension: Dimension = strawberry.field(description="What is counted.")
    count: int = strawberry.field(description="How many different ones there were.")
    at_least: bool = strawberry.field(description="Whether there may be more.")


@strawberry.type(description="One interval of a time series.")
class SeriesPoint:
    start: datetime = strawberry.field(description="When it begins.")
    end: datetime = strawberry.field(description="When it ends, which is when the next begins.")
    value: float | None = strawberry.field(
        description="The metric; sums are 0 where nothing happened, all else is null where nothing tells."
    )
    executions: Long

    @classmethod
    def all(cls, points: tuple[contracts.Point, ...]) -> list[Self]:
        return [shape(cls, point) for point in points]
