from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.analytics.figures import SeriesMetric, TimeInterval
from loopgraph.contracts.analytics.subjects import OTHER
from loopgraph.contracts.analytics.sums import Moments, Tally, UsageSums
from loopgraph.contracts.analytics.windows import Bucket, Count, Grain
from loopgraph.errors import InvalidInput
from loopgraph.reducers.usage.series import COUNTED, MOST_POINTS, count_points, edges, grain_of, grouped, points
from support.executions import Ran, ms, sums_of

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "Pacific/Apia",
)


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def test_days_of_a_zone_have_23_or_25_hours_when_the_clock_changes() -> None:
    found = edges(at(2025, 3, 29, 12), at(2025, 4, 1), TimeInterval.DAY, BERLIN)
    assert found[0] == at(2025, 3, 28, 23)
    assert [(end - start) / timedelta(hours=1) for start, end in pairwise(found)] == [24, 23, 24, 24]
    autumn = edges(at(2025, 10, 25, 22), at(2025, 10, 26, 22), TimeInterval.DAY, BERLIN)
    assert [(end - start) / timedelta(hours=1) for start, end in pairwise(autumn)] == [25]


def test_a_day_that_a_zone_left_out_has_no_point() -> None:
    # Samoa went from 29 to 31 December 2011.
    zone = ZoneInfo("Pacific/Apia")
    found = edges(at(2011, 12, 29, 12), at(2012, 1, 1), TimeInterval.DAY, zone)
    assert [edge.astimezone(zone).day for edge in found] == [29, 31, 1, 2]


def test_weeks_begin_on_monday_and_months_on_their_first() -> None:
    assert edges(at(2025, 1, 1), at(2025, 1, 14), TimeInterval.WEEK, UTC) == [
        at(2024, 12, 30),
        at(2025, 1, 6),
        at(2025, 1, 13),
        at(2025, 1, 20),
    ]
    assert edges(at(2024, 1, 31), at(2024, 3, 1), TimeInterval.MONTH, UTC) == [
        at(2024, 1, 1),
        at(2024, 2, 1),
        at(2024, 3, 1),
    ]
    assert edges(at(2024, 2, 3, 4), at(2024, 2, 3, 5), TimeInterval.HOUR, UTC) == [at(2024, 2, 3, 4), at(2024, 2, 3, 5)]


@pytest.mark.lengthy
@given(
    st.integers(0, 47 * 365 * 24 * 60).map(lambda minutes: at(1990, 1, 1) + timedelta(minutes=minutes)),
    st.integers(1, 24 * 90),
    st.sampled_from(TimeInterval),
    st.sampled_from(ZONES),
)
def test_intervals_cover_the_range_without_gaps(since: datetime, hours: int, interval: TimeInterval, name: str) -> None:
    until, zone = since + timedelta(hours=hours), ZoneInfo(name)
    found = edges(since, until, interval, zone)
    assert found[0] <= since < found[1]
    assert found[-2] < until <= found[-1]
    assert all(start < end for start, end in pairwise(found))
    if interval is not TimeInterval.HOUR:
        locals_ = [edge.astimezone(zone) for edge in found]
        assert len({local.date() for local in locals_}) == len(found)
        # At midnight, or where the clock went forward at midnight, just after it.
        assert all(local.hour <= 1 and local.second == 0 for local in locals_)
        if interval is TimeInterval.WEEK:
            assert {local.weekday() for local in locals_} == {0}
        if interval is TimeInterval.MONTH:
            assert {local.day for local in locals_} == {1}


@pytest.mark.parametrize("interval", list(TimeInterval))
def test_no_series_has_millions_of_points(interval: TimeInterval) -> None:
    with pytest.raises(InvalidInput, match="2,500 points"):
        edges(at(1, 1, 2), at(9999, 12, 1), interval, UTC)
    assert (
        len(edges(at(2025, 1, 1), at(2025, 1, 1) + timedelta(hours=MOST_POINTS), TimeInterval.HOUR, UTC))
        == MOST_POINTS + 1
    )
    with pytest.raises(InvalidInput, match="2,500 points"):
        edges(at(2025, 1, 1), at(2025, 1, 1) + timedelta(hours=MOST_POINTS + 1), TimeInterval.HOUR, UTC)


def test_ranges_that_are_none_are_refused() -> None:
    with pytest.raises(InvalidInput, match="before"):
        edges(at(2025, 1, 2), at(2025, 1, 1), TimeInterval.DAY, UTC)
    with pytest.raises(InvalidInput, match="before"):
        edges(at(2025, 1, 1), at(2025, 1, 1), TimeInterval.DAY, UTC)
    with pytest.raises(InvalidInput, match="9999"):
        edges(at(9999, 12, 30), at(9999, 12, 31), TimeInterval.MONTH, UTC)


def test_whole_days_of_utc_are_made_of_days() -> None:
    assert grain_of(edges(at(2025, 1, 1, 5), at(2025, 1, 3), TimeInterval.WEEK, UTC)) is Grain.DAY
    assert grain_of(edges(at(2025, 1, 1), at(2025, 1, 3), TimeInterval.DAY, BERLIN)) is Grain.HOUR
    assert grain_of(edges(at(2025, 1, 1), at(2025, 1, 3), TimeInterval.DAY, ZoneInfo("Europe/London"))) is Grain.DAY
    assert grain_of(edges(at(2025, 7, 1), at(2025, 7, 3), TimeInterval.DAY, ZoneInfo("Europe/London"))) is Grain.HOUR


def test_points_are_made_of_the_buckets_that_begin_in_them() -> None:
    fast, slow = (
        sums_of([Ran(success=ok, duration_us=ms(duration))] * 2) for ok, duration in ((True, 10), (False, 30))
    )
    buckets = [Bucket(at(2025, 1, 1, 1), fast), Bucket(at(2025, 1, 1, 23), slow), Bucket(at(2025, 1, 3), fast)]
    instants = edges(at(2025, 1, 1), at(2025, 1, 4), TimeInterval.DAY, UTC)

    def series(metric: SeriesMetric) -> list[float | None]:
        return [point.value for point in points(buckets, instants, metric)]

    assert series(SeriesMetric.EXECUTIONS) == [4, 0, 2]
    assert series(SeriesMetric.SUCCESS_RATE) == [0.5, None, 1]
    assert series(SeriesMetric.ERROR_RATE) == [0.5, None, 0]
    assert series(SeriesMetric.DURATION_MEAN) == [20, None, 10]
    assert series(SeriesMetric.DURATION_P99) == [pytest.approx(30, rel=0.01), None, pytest.approx(10, rel=0.01)]
    assert series(SeriesMetric.COST_USD) == [None, 0, None]
    (first, *_) = points(buckets, instants, SeriesMetric.QUALITY)
    assert (first.start, first.end, first.executions) == (at(2025, 1, 1), at(2025, 1, 2), 4)
    assert len(points(buckets, instants[1:], SeriesMetric.EXECUTIONS)) == 2


@pytest.mark.parametrize("metric", sorted(COUNTED))
def test_plain_counts_tell_the_same_of_it_as_what_buckets_hold(metric: SeriesMetric) -> None:
    hours = [
        (at(2025, 1, 1, 1), 5, 3, 1),
        (at(2025, 1, 1, 9), 2, 0, 2),
        (at(2025, 1, 3), 1, 0, 0),
        (at(2025, 1, 5), 9, 9, 0),
    ]
    instants = edges(at(2025, 1, 1), at(2025, 1, 4), TimeInterval.DAY, UTC)
    buckets = [Bucket(hour, UsageSums(executions=n, successes=ok, failures=ko)) for hour, n, ok, ko in hours]
    found = count_points([Count(*hour) for hour in hours], instants, metric)
    assert found == points(buckets, instants, metric)
    assert [point.executions for point in found] == [7, 0, 1]


@pytest.mark.parametrize("metric", list(SeriesMetric))
def test_every_metric_has_a_value_for_nothing(metric: SeriesMetric) -> None:
    (point,) = points([], [at(2025, 1, 1), at(2025, 1, 2)], metric)
    assert point.value in (None, 0.0)
    assert point.executions == 0


def test_a_dimension_tells_its_values_apart() -> None:
    def bucket(day: int, **tallies: int) -> Bucket:
        found = {(OTHER if name == "rest" else name): Tally(n, n, 0, n, n * 1_000) for name, n in tallies.items()}
        return Bucket(at(2025, 1, day), UsageSums(executions=sum(tallies.values()), dimensions={"agent": found}))

    found = grouped([bucket(1, a=1, b=5, rest=2), bucket(2, a=9, c=3), bucket(3)], "agent", 2)
    assert list(found) == ["a", "b", None]
    assert {value: sum(each.sums.executions for each in of) for value, of in found.items()} == {
        "a": 10,
        "b": 5,
        None: 5,
    }
    assert found["a"][1].sums.duration == Moments(9, 9_000, 0)
    assert list(grouped([bucket(1, a=1)], "agent", 2)) == ["a"]
    assert grouped([bucket(1, a=1)], "user", 2) == {}


SUMS = {SeriesMetric.EXECUTIONS, SeriesMetric.TOKENS, SeriesMetric.COST_USD, SeriesMetric.RETRIES}


@pytest.mark.parametrize("metric", SeriesMetric)
def test_where_nothing_happened_sums_are_zero_and_all_else_is_null(metric: SeriesMetric) -> None:
    days = [at(2025, 3, day) for day in (1, 2, 3)]
    [first, second] = points([Bucket(days[0], UsageSums(executions=1))], days, metric)
    assert second.value == (0 if metric in SUMS else None)
    known = {SeriesMetric.EXECUTIONS: 1, SeriesMetric.TOKENS: 0, SeriesMetric.RETRIES: 0}
    assert first.value == known.get(metric)
