import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.analytics.trends.series import (
    MAX_PERIODS,
    Series,
    counts,
    from_scale,
    positions,
    series,
    to_scale,
    weeks,
)
from loopgraph.contracts.analytics.trends import Cycle, Period, Scale
from loopgraph.contracts.analytics.windows import Window
from loopgraph.errors import InvalidInput
from support.series import MONDAY, by_day

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def window(since: datetime, until: datetime) -> Window:
    return Window(since=since, until=until)


def test_days_without_executions_are_zero_and_of_values_unknown() -> None:
    points = [(MONDAY + 2 * DAY, 3), (MONDAY, 1), (MONDAY + 2 * DAY, 4)]
    assert counts(points, window(MONDAY, MONDAY + 4 * DAY), Period.DAY).values.tolist() == [1, 0, 7, 0]
    known = series(points, window(MONDAY, MONDAY + 4 * DAY), Period.DAY, Scale.REAL)
    np.testing.assert_array_equal(known.values, [1, math.nan, 4, math.nan])
    assert known.known.tolist() == [1, 4]


def test_only_whole_days_are_periods() -> None:
    # From 05:00 of one day to 23:00 of the fourth: the second and the third are whole.
    at = [(MONDAY + i * DAY, 10 + i) for i in range(5)]
    found = counts(at, window(MONDAY + 5 * HOUR, MONDAY + 4 * DAY - HOUR), Period.DAY)
    assert (found.start, found.values.tolist()) == (MONDAY + DAY, [11, 12])
    assert found.at(2) == MONDAY + 3 * DAY


def test_weeks_end_with_the_window() -> None:
    at = [(MONDAY + i * DAY, 1) for i in range(-5, 20)]
    found = counts(at, window(MONDAY, MONDAY + 16 * DAY), Period.WEEK)
    assert (found.start, found.values.tolist()) == (MONDAY + 2 * DAY, [7, 7])
    assert weeks(by_day(np.arange(16))).values.tolist() == [2 + 3 + 4 + 5 + 6 + 7 + 8, 9 + 10 + 11 + 12 + 13 + 14 + 15]
    assert weeks(by_day(np.arange(16))).start == MONDAY + 2 * DAY


def test_values_that_cannot_be_are_unknown() -> None:
    points = [
        (MONDAY, 0.0),
        (MONDAY + DAY, None),
        (MONDAY + 2 * DAY, math.inf),
        (MONDAY + 3 * DAY, 5.0),
        (MONDAY - DAY, 9.0),
    ]
    assert series(points, window(MONDAY, MONDAY + 4 * DAY), Period.DAY, Scale.POSITIVE).known.tolist() == [5.0]
    assert series(points, window(MONDAY, MONDAY + 4 * DAY), Period.DAY, Scale.REAL).known.tolist() == [0.0, 5.0]


@pytest.mark.parametrize(
    ("until", "step"),
    [(MONDAY + HOUR, Period.DAY), (MONDAY + 6 * DAY, Period.WEEK), (MONDAY + (MAX_PERIODS + 1) * HOUR, Period.HOUR)],
)
def test_a_window_with_no_period_or_too_many_is_refused(until: datetime, step: Period) -> None:
    with pytest.raises(InvalidInput, match="window: must have 1 to"):
        counts([], window(MONDAY, until), step)


def test_positions_in_utc() -> None:
    days = by_day(np.zeros(9))
    assert positions(days, Cycle.DAY_OF_WEEK).tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1]
    hours = Series(MONDAY + 22 * HOUR, Period.HOUR, Scale.COUNT, np.zeros(4))
    assert positions(hours, Cycle.HOUR_OF_DAY).tolist() == [22, 23, 0, 1]
    assert positions(hours, Cycle.DAY_OF_WEEK).tolist() == [0, 0, 1, 1]


def test_positions_keep_to_the_clock_when_it_is_put_forward() -> None:
    # On 2026-03-29 Berlin goes from 01:59:59 to 03:00, in the hour that begins at 01:00 UTC.
    hours = Series(datetime(2026, 3, 28, 22, tzinfo=UTC), Period.HOUR, Scale.COUNT, np.zeros(5))
    zone = ZoneInfo("Europe/Berlin")
    assert positions(hours, Cycle.HOUR_OF_DAY, zone).tolist() == [23, 0, 1, 3, 4]
    assert positions(hours, Cycle.DAY_OF_WEEK, zone).tolist() == [5, 6, 6, 6, 6]


@pytest.mark.lengthy
@given(st.lists(st.floats(0.01, 1e9), min_size=1, max_size=20), st.sampled_from(Scale))
def test_scales_have_inverses(values: list[float], scale: Scale) -> None:
    if scale is Scale.RATE:
        values = [value / 1e9 for value in values]
    there = to_scale(np.array(values), scale)
    np.testing.assert_allclose(from_scale(there, scale), values, rtol=1e-6)


def test_counts_have_the_same_spread_at_every_level() -> None:
    rng = np.random.default_rng(1)
    for rate in (5, 50, 5_000):
        assert to_scale(rng.poisson(rate, 20_000).astype(float), Scale.COUNT).std() == pytest.approx(1, abs=0.05)
    assert from_scale(np.array([-3.0, 0.0]), Scale.COUNT).tolist() == [0.0, 0.0]


def test_rates_stay_rates() -> None:
    assert from_scale(np.array([-1.0, 0.0, 4.0]), Scale.RATE).tolist() == pytest.approx([0, 0, 1])
    assert to_scale(np.array([0.0, 0.5, 1.0]), Scale.RATE).tolist() == pytest.approx([0, math.pi / 2, math.pi])
