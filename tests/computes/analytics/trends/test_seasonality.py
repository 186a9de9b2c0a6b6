import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from scipy import stats

from loopgraph.computes.analytics.trends.level import level
from loopgraph.computes.analytics.trends.seasonality import cycles, deseasonalised, season
from loopgraph.computes.analytics.trends.series import Floats, Series
from loopgraph.contracts.analytics.trends import Cycle, NoFigure, Period, Scale
from support.series import MONDAY, by_day

WEEK = np.array([5, 5, 4, 5, 3, -11, -11.0])


@pytest.mark.lengthy
@settings(max_examples=40)
@given(nps.arrays(float, st.integers(28, 80), elements=st.integers(0, 9).map(float)))
def test_the_test_is_that_of_scipy(values: Floats) -> None:
    found = season(by_day(values, Scale.REAL), Cycle.DAY_OF_WEEK)
    if np.ptp(values) == 0:
        assert found.reason is NoFigure.CONSTANT
        return
    rest = np.round(values - level(values, 7), 9)
    h = stats.kruskal(*(rest[position::7] for position in range(7))).statistic * 6 / 7
    assert found.p_value == pytest.approx(stats.chi2.sf(h, 6), rel=1e-6)
    assert found.strength == pytest.approx(np.clip((h - 6) / (len(values) - 7), 0, 1), abs=1e-9)


def test_a_week_on_a_trend_is_found_as_it_is() -> None:
    values = 40 + 0.5 * np.arange(84) + np.tile(WEEK, 12)
    found = season(by_day(values, Scale.REAL), Cycle.DAY_OF_WEEK)
    assert found.profile[2:5] == pytest.approx(WEEK[2:5], abs=0.3)
    assert found.profile == pytest.approx(WEEK, abs=0.6)  # the level at both ends is that of the third day from them
    assert found.p_value is not None
    assert found.p_value < 1e-9
    assert found.strength is not None
    assert found.strength > 0.75
    np.testing.assert_allclose(deseasonalised(by_day(values, Scale.REAL)), 40 + 0.5 * np.arange(84), atol=1e-9)


def test_what_does_not_repeat_is_left_as_it_is() -> None:
    noise = np.random.default_rng(1).normal(10, 1, 84)
    found = season(by_day(noise, Scale.REAL), Cycle.DAY_OF_WEEK)
    assert found.p_value is not None
    assert found.p_value > 0.05
    assert found.strength is not None
    assert found.strength < 0.1
    assert deseasonalised(by_day(noise, Scale.REAL)) is not None
    np.testing.assert_array_equal(deseasonalised(by_day(noise, Scale.REAL)), noise)


def hourly(start: datetime, days: int, zone: ZoneInfo) -> Series:
    """Busy from nine to five on the clock of ``zone``, on working days."""
    at = [(start + timedelta(hours=i)).astimezone(zone) for i in range(24 * days)]
    return Series(
        start, Period.HOUR, Scale.COUNT, np.array([9.0 if 9 <= t.hour < 17 and t.weekday() < 5 else 1.0 for t in at])
    )


def test_hours_and_days_are_those_of_the_clock_on_the_wall() -> None:
    zone = ZoneInfo("America/New_York")  # whose clocks go forward on 2026-03-08
    busy = hourly(datetime(2026, 2, 16, tzinfo=UTC), 42, zone)
    hours = season(busy, Cycle.HOUR_OF_DAY, zone)
    assert set(np.argsort(hours.profile)[-8:]) == set(range(9, 17))
    inner, outer = np.sort(hours.profile)[-8:], np.sort(hours.profile)[:-8]
    assert np.ptp(inner) < 0.6
    assert np.ptp(outer) < 0.6
    in_utc = season(busy, Cycle.HOUR_OF_DAY)
    assert in_utc.strength is not None
    assert hours.strength is not None
    assert in_utc.strength < hours.strength
    days = season(busy, Cycle.DAY_OF_WEEK, zone)
    assert all(weekday > 0 > weekend for weekday in days.profile[:5] for weekend in days.profile[5:])
    assert days.p_value is not None
    assert days.p_value < 1e-3


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([1, 2] * 13, NoFigure.TOO_SHORT),
        ([3.0] * 40, NoFigure.CONSTANT),
        ([math.nan] * 40, NoFigure.NO_DATA),
        ([1, 2, 3, 4, 5, math.nan, math.nan] * 8, NoFigure.TOO_SHORT),
    ],
)
def test_where_the_data_do_not_allow_it_there_is_a_reason(values: list[float], reason: NoFigure) -> None:
    found = season(by_day(np.array(values), Scale.REAL), Cycle.DAY_OF_WEEK)
    assert (found.reason, found.strength, found.p_value, found.profile, found.peak) == (reason, None, None, (), None)


def test_a_series_of_weeks_has_no_cycle() -> None:
    assert cycles(Series(MONDAY, Period.WEEK, Scale.COUNT, np.ones(30))) == ()
    short = Series(MONDAY, Period.HOUR, Scale.COUNT, np.ones(30))
    assert {season(short, cycle).reason for cycle in cycles(short)} <= {NoFigure.TOO_SHORT, NoFigure.CONSTANT}
