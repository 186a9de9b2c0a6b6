import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from loopgraph.computes.analytics.trends.growth import growth, velocity, volatility
from loopgraph.computes.analytics.trends.series import Floats
from loopgraph.contracts.analytics.trends import NoFigure, Scale
from support.series import by_day, by_week

counts = nps.arrays(float, st.integers(56, 90), elements=st.integers(0, 50).map(float))


@pytest.mark.lengthy
@settings(max_examples=40)
@given(counts)
def test_velocity_and_growth_are_sums_and_means_of_the_last_days(values: Floats) -> None:
    fast = velocity(by_day(values))
    assert fast.per_day == pytest.approx(sum(values[-7:]) / 7)
    assert fast.acceleration == pytest.approx((np.mean(values[-7:]) - np.mean(values[-14:-7])) / 7)
    for days in (7, 28):
        found = growth(by_day(values), days)
        before, after = sum(values[-2 * days : -days]), sum(values[-days:])
        if before:
            assert (found.before, found.after, found.rate) == (before, after, pytest.approx(after / before - 1))
        else:
            assert found.reason is (NoFigure.NO_BASELINE if after else NoFigure.NO_DATA)


@pytest.mark.lengthy
@settings(max_examples=40)
@given(counts, st.integers(2, 9))
def test_growth_has_no_unit(values: Floats, factor: int) -> None:
    plain, other = growth(by_day(values), 7), growth(by_day(values * factor), 7)
    assert other.rate == pytest.approx(plain.rate) if plain.rate is not None else other.rate is None


def test_growth_out_of_nothing_is_no_number() -> None:
    found = growth(by_day([0] * 7 + [3] * 7), 7)
    assert (found.rate, found.reason, found.before, found.after) == (None, NoFigure.NO_BASELINE, 0, 21)
    assert growth(by_day([0] * 14), 7).reason is NoFigure.NO_DATA
    assert growth(by_day([1] * 13), 7).reason is NoFigure.TOO_SHORT


def test_growth_of_values_is_that_of_their_means() -> None:
    found = growth(by_day([100, math.nan, 300, math.nan] + [math.nan] * 3 + [150] * 7, Scale.POSITIVE), 7)
    assert (found.before, found.after, found.rate) == (200, 150, -0.25)
    assert growth(by_day([math.nan] * 7 + [150] * 7, Scale.POSITIVE), 7).reason is NoFigure.NO_DATA
    assert growth(by_day([-1.0] * 14, Scale.REAL), 7).reason is NoFigure.NO_BASELINE


def test_a_short_series_has_no_velocity_or_no_acceleration() -> None:
    assert velocity(by_day([1] * 6)).reason is NoFigure.TOO_SHORT
    week = velocity(by_day([2] * 7))
    assert (week.per_day, week.acceleration, week.reason) == (2, None, NoFigure.TOO_SHORT)


def test_volatility_is_the_standard_deviation_and_what_trend_and_week_leave_of_it() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 2, 182)
    values = 50 + 0.3 * np.arange(182) + np.tile([5, 5, 5, 5, 5, -12, -13], 26) + noise
    found = volatility(by_day(values, Scale.REAL))
    assert found.deviation == pytest.approx(np.std(values, ddof=1))
    assert found.relative == pytest.approx(np.std(values, ddof=1) / np.mean(values))
    assert found.unexplained == pytest.approx(2, rel=0.12)
    assert volatility(by_week(np.arange(60))).unexplained == pytest.approx(0, abs=0.6)
    assert volatility(by_day([1, 2, 3], Scale.REAL)).reason is NoFigure.TOO_SHORT
    assert volatility(by_day([math.nan] * 9, Scale.REAL)).reason is NoFigure.NO_DATA
    assert volatility(by_day([0] * 30)).relative is None
