"""Time series: the intervals of a time zone's calendar, and what their buckets come to."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from operator import add
from typing import Final

from loopgraph.contracts.analytics.figures import Point, SeriesMetric, TimeInterval
from loopgraph.contracts.analytics.subjects import OTHER
from loopgraph.contracts.analytics.sums import MICRO, US_PER_MS, Moments, UsageSums
from loopgraph.contracts.analytics.windows import Bucket, Count, Grain
from loopgraph.errors import InvalidInput
from loopgraph.reducers.histogram import quantile
from loopgraph.reducers.usage.performance import known_cost
from loopgraph.reducers.usage.sums import total

MOST_POINTS: Final = 2_500
"""A series has at most so many: a hundred days by the hour."""

FEW_POINTS: Final = 400
"""Where there are many series, each has at most so many: thirteen months by the day."""

_HOUR: Final = timedelta(hours=1)
_SHORTEST: Final = {
    TimeInterval.HOUR: _HOUR,
    TimeInterval.DAY: timedelta(hours=23),
    TimeInterval.WEEK: timedelta(days=6),
    TimeInterval.MONTH: timedelta(days=27),
}

DIMENSIONED: Final = frozenset(
    {
        SeriesMetric.EXECUTIONS,
        SeriesMetric.SUCCESS_RATE,
        SeriesMetric.ERROR_RATE,
        SeriesMetric.DURATION_MEAN,
        SeriesMetric.COST_USD,
    }
)
"""What is known of each value of a dimension, too."""


def edges(
    since: datetime, until: datetime, interval: TimeInterval, zone: tzinfo, most: int = MOST_POINTS
) -> list[datetime]:
    """The instants (UTC, ascending) at which intervals begin, and the end of the last: from the one that holds ``since`` to the
    one that ends at ``until`` or later.

    Raises InvalidInput where there are more than ``most``, and where ``since`` is not before ``until``.
    """
    if since >= until:
        raise InvalidInput("window.since", "must be before until")
    if (until - since) / _SHORTEST[interval] > most + 2:
        raise _too_many(interval, most)
    try:
        found = [_start(since, interval, zone)]
        while found[-1] < until:
            found.append(_next(found[-1], interval, zone))
    except OverflowError as error:
        raise InvalidInput(
            "window.since", "must lie between the years 1 and 9999, whole intervals around it too"
        ) from error
    if len(found) > most + 1:
        raise _too_many(interval, most)
    return found


def grain_of(instants: Sequence[datetime]) -> Grain:
    """The longest buckets of which the intervals between instants can be made."""
    return Grain.DAY if all(at == _midnight(at, UTC) for at in instants) else Grain.HOUR


def points(buckets: Iterable[Bucket], instants: Sequence[datetime], metric: SeriesMetric) -> list[Point]:
    """One point for each interval between ``instants``; a bucket counts in the one in which it begins."""
    value_of = _VALUE_OF[metric]
    inside: list[list[UsageSums]] = [[] for _ in range(len(instants) - 1)]
    for bucket in buckets:
        if 0 <= (place := bisect_right(instants, bucket.start) - 1) < len(inside):
            inside[place].append(bucket.sums)
    return [
        Point(start=start, end=end, value=value_of(sums), executions=sums.executions)
        for (start, end), sums in zip(pairwise(instants), map(total, inside), strict=True)
    ]


def count_points(
    counts: Iterable[Count], instants: Sequence[datetime], metric: SeriesMetric = SeriesMetric.EXECUTIONS
) -> list[Point]:
    """``points`` from plain counts, of a metric that they tell (``COUNTED``)."""
    value_of = _OF_COUNTS[metric]
    inside = [[0, 0, 0] for _ in range(len(instants) - 1)]
    for count in counts:
        if 0 <= (place := bisect_right(instants, count.start) - 1) < len(inside):
            inside[place] = list(map(add, inside[place], count[1:]))
    return [
        Point(start=start, end=end, value=value_of(Count(start, *numbers)), executions=numbers[0])
        for (start, end), numbers in zip(pairwise(instants), inside, strict=True)
    ]


def grouped(buckets: Sequence[Bucket], dimension: str, most: int) -> dict[str | None, list[Bucket]]:
    """The buckets of each value of a dimension, the ``most`` frequent first, then (None) of all others together.

    Their sums hold what is known of values (``DIMENSIONED``).
    """
    often: Counter[str] = Counter()
    for bucket in buckets:
        for value, tally in bucket.sums.dimensions.get(dimension, {}).items():
            often[value] += tally.executions
    ranked = sorted((value for value in often if value != OTHER), key=lambda value: (-often[value], value))
    told: dict[str | None, list[Bucket]] = {value: [] for value in ranked[:most]}
    if len(told) < len(often):
        told[None] = []
    for bucket in buckets:
        for value, tally in bucket.sums.dimensions.get(dimension, {}).items():
            sums = UsageSums(
                executions=tally.executions,
                successes=tally.successes,
                failures=tally.failures,
                duration=Moments(tally.timed, tally.duration_us, 0),
                cost_nanousd=tally.cost_nanousd,
                priced=int(tally.cost_nanousd > 0),
            )
            told[value if value in told else None].append(Bucket(bucket.start, sums))
    return told


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _duration(q: float) -> Callable[[UsageSums], float | None]:
    def value(sums: UsageSums) -> float | None:
        found = quantile(sums.durations, q)
        return None if found is None else found / US_PER_MS

    return value


_OF_COUNTS: Final[Mapping[SeriesMetric, Callable[[Count | UsageSums], float | None]]] = {
    SeriesMetric.EXECUTIONS: lambda of: float(of.executions),
    SeriesMetric.SUCCESS_RATE: lambda of: _rate(of.successes, of.successes + of.failures),
    SeriesMetric.ERROR_RATE: lambda of: _rate(of.failures, of.successes + of.failures),
}

COUNTED: Final = frozenset(_OF_COUNTS)
"""What plain counts tell, too, which are a fraction of what buckets hold."""

_VALUE_OF: Final[Mapping[SeriesMetric, Callable[[UsageSums], float | None]]] = {
    **_OF_COUNTS,
    SeriesMetric.DURATION_MEAN: lambda sums: _rate(sums.duration.total, sums.duration.n * US_PER_MS),
    SeriesMetric.DURATION_P50: _duration(0.5),
    SeriesMetric.DURATION_P95: _duration(0.95),
    SeriesMetric.DURATION_P99: _duration(0.99),
    SeriesMetric.QUALITY: lambda sums: _rate(sums.quality.total, sums.quality.n * MICRO),
    SeriesMetric.TOKENS: lambda sums: float(sums.input_tokens + sums.output_tokens),
    SeriesMetric.COST_USD: lambda sums: known_cost(sums, sums.cost_nanousd),
    SeriesMetric.RETRIES: lambda sums: float(sums.retries),
}


def _start(at: datetime, interval: TimeInterval, zone: tzinfo) -> datetime:
    """When the interval begins that holds ``at``."""
    if interval is TimeInterval.HOUR:
        return at.replace(minute=0, second=0, microsecond=0)
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if interval is TimeInterval.WEEK:
        midnight -= timedelta(days=midnight.weekday())
    elif interval is TimeInterval.MONTH:
        midnight = midnight.replace(day=1)
    return midnight.astimezone(UTC)


def _next(start: datetime, interval: TimeInterval, zone: tzinfo) -> datetime:
    """When the interval after the one that begins at ``start`` does; a day of the zone's calendar can have 23 or 25 hours."""
    if interval is TimeInterval.HOUR:
        return start + _HOUR
    # From noon, no change of the clock leads to another date.
    noon = start.astimezone(zone).replace(hour=12, minute=0)
    days = {TimeInterval.DAY: 1, TimeInterval.WEEK: 7, TimeInterval.MONTH: 32 - noon.day}[interval]
    return _start((noon + timedelta(days=days)).astimezone(UTC), interval, zone)


def _midnight(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _too_many(interval: TimeInterval, most: int) -> InvalidInput:
    return InvalidInput(
        "interval", f"makes more than {most:,} points by {interval}: take a longer one, or a shorter range"
    )
