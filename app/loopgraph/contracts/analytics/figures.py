"""Figures of one subject over a window. Durations are in milliseconds, costs in US dollars, rates are 0..1.

What cannot be told of the executions that there are is None, never 0; sums over none are 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from loopgraph.contracts.base import Contract, Instant, NonNegative, Unit

Whole = Annotated[int, Field(ge=0)]
Range = tuple[float, float]
"""An interval, from low to high."""


class Peak(Contract):
    """One of the hours with the most executions."""

    start: Instant
    executions: Whole


class Profile(Contract):
    """When executions began, by the clock of one time zone: ``hours_of_day`` from midnight, ``days_of_week`` from Monday.

    The hours that are counted are those of UTC: where a zone is off by a part of an hour, each counts in the hour and the day of
    the zone in which it begins.
    """

    time_zone: str
    hours_of_day: tuple[Whole, ...]
    days_of_week: tuple[Whole, ...]


class UsageFigures(Contract):
    """How much something was used.

    The rates are means over the window; a week has 7 days, a month 30.4375. ``per_day_since_first_use`` counts from the first
    hour of the window that has one, so that what is new is not diluted by the time before it. ``first_used`` and
    ``last_used`` are hours, ``hours_since_last_use`` are those after the last one that are over.
    """

    executions: Whole
    per_hour: NonNegative
    per_day: NonNegative
    per_week: NonNegative
    per_month: NonNegative
    per_day_since_first_use: NonNegative | None
    active_hours: Whole
    first_used: Instant | None
    last_used: Instant | None
    hours_since_last_use: Whole | None
    peaks: tuple[Peak, ...]
    profile: Profile


class ErrorShare(Contract):
    """How many executions failed with one type of error, and which part of all that name one."""

    error_type: str
    executions: Whole
    share: Unit


class QualityBand(StrEnum):
    """How good the quality is that an execution reports, of 1: EXCELLENT from 0.9, GOOD from 0.75, FAIR from 0.5, POOR below."""

    EXCELLENT = "excellent"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class BandShare(Contract):
    """The executions in one band, and which part they are of those that report a quality."""

    band: QualityBand
    at_least: Unit
    executions: Whole
    share: Unit | None


class QualityGate(Contract):
    """How many of the executions that report a quality (``reported``) reach a threshold; the interval is Wilson's at 95 %."""

    threshold: Unit
    reported: Whole
    passed: Whole
    rate: Unit | None
    interval: Range | None


class QualityFigures(Contract):
    """The quality that executions report, in bands, the best first. ``grades``: see ``UsageSums``."""

    reported: Whole
    mean: Unit | None
    std: NonNegative | None
    bands: tuple[BandShare, ...]
    grades: Mapping[int, int]


class SuccessFigures(Contract):
    """What came of the executions. ``unknown`` are those of which that is not known (yet); they are in no rate.

    Intervals are Wilson's at 95 %. ``confidence`` is the lower bound of the success rate: what the samples vouch for, so it grows
    with their number. ``timeouts`` are those whose status or type of error says so. ``errors``: the most frequent first.
    ``quality_gates_per_execution`` are the gates that an execution reports as validated; one that reports none has none.
    ``grades`` are those of the quality that executions report.
    """

    executions: Whole
    successes: Whole
    failures: Whole
    unknown: Whole
    success_rate: Unit | None
    success_rate_interval: Range | None
    confidence: Unit | None
    error_rate: Unit | None
    error_rate_interval: Range | None
    timeouts: Whole
    timeout_rate: Unit | None
    denied: Whole
    interrupted: Whole
    retries_per_execution: NonNegative | None
    quality: Unit | None
    quality_count: Whole
    quality_gates_per_execution: NonNegative | None
    grades: Mapping[int, int]
    errors: tuple[ErrorShare, ...]


class MeasureFigures(Contract):
    """Numbers that executions report of themselves (``memory_mb``, ``http_calls``…): over the ``count`` that do."""

    name: str
    count: Whole
    total: float
    mean: float
    std: NonNegative | None


class DurationFigures(Contract):
    """Over the ``count`` executions whose duration is known. Mean, total and standard deviation (of the unbiased variance) are
    exact; of buckets, percentiles (type 7), minimum and maximum are within 1 %."""

    count: Whole
    mean_ms: NonNegative | None
    min_ms: NonNegative | None
    max_ms: NonNegative | None
    std_ms: NonNegative | None
    p50_ms: NonNegative | None
    p95_ms: NonNegative | None
    p99_ms: NonNegative | None
    total_ms: NonNegative


class CostFigures(Contract):
    """Tokens (``input_tokens`` hold those of caches, ``output_tokens`` those of reasoning) and what they cost.

    ``total_usd`` is None where there are executions, and none has a cost; ``reported_usd`` is what of it the senders say
    themselves; ``mean_usd`` is over the ``priced``; ``unpriced`` used tokens, and nobody knows what they cost.
    """

    input_tokens: Whole
    cache_read_tokens: Whole
    cache_write_tokens: Whole
    output_tokens: Whole
    reasoning_tokens: Whole
    total_usd: NonNegative | None
    reported_usd: NonNegative | None
    mean_usd: NonNegative | None
    priced: Whole
    unpriced: Whole


class Share(Contract):
    """The executions with one value of a dimension; ``value`` is None for all others together."""

    value: str | None
    executions: Whole
    share: Unit
    success_rate: Unit | None
    mean_duration_ms: NonNegative | None
    cost_usd: NonNegative


class Distribution(Contract):
    """How the executions fall to the values of a dimension, the most frequent first.

    ``distinct`` is how many values there were; where a bucket had more than it tells apart, at least so many (``at_least``). An
    execution can have several values (tags), so shares need not add up to 1.
    """

    dimension: str
    distinct: Whole
    at_least: bool
    shares: tuple[Share, ...]


class TimeInterval(StrEnum):
    """How long a point of a time series is. All but HOUR begin at midnight of a time zone, WEEK on a Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class SeriesMetric(StrEnum):
    """What a time series tells of each of its intervals."""

    EXECUTIONS = "executions"
    SUCCESS_RATE = "success_rate"
    ERROR_RATE = "error_rate"
    DURATION_MEAN = "duration_mean"
    DURATION_P50 = "duration_p50"
    DURATION_P95 = "duration_p95"
    DURATION_P99 = "duration_p99"
    QUALITY = "quality"
    TOKENS = "tokens"
    COST_USD = "cost_usd"
    RETRIES = "retries"


class Point(Contract):
    """One interval of a time series: None where nothing tells; ``executions`` are those that began in it. Sums (executions,
    tokens, costs, retries) are 0 where none did."""

    start: datetime
    end: datetime
    value: float | None
    executions: Whole
