import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from scipy import stats

from loopgraph.computes.analytics.trends.series import Floats, Series
from loopgraph.computes.analytics.trends.trend import autocorrelation, mann_kendall, theil_sen, trend, trends, whitened
from loopgraph.contracts.analytics.trends import NoFigure, Period, Scale, TrendDirection
from support.series import MONDAY, NILE, by_day, by_week

tied = nps.arrays(float, st.integers(4, 40), elements=st.integers(-20, 20).map(float))


@pytest.mark.lengthy
@given(tied)
def test_slopes_are_those_of_scipy(y: Floats) -> None:
    assume(np.ptp(y) > 0)
    found = theil_sen(np.arange(len(y), dtype=float), y)
    reference = stats.theilslopes(y, np.arange(len(y)))
    assert found is not None
    assert found == pytest.approx((reference.slope, reference.low_slope, reference.high_slope), abs=1e-12)


@pytest.mark.lengthy
@given(tied, st.floats(1, 6))
def test_the_less_independent_the_wider(y: Floats, inflation: float) -> None:
    x = np.arange(len(y), dtype=float)
    plain, wide = theil_sen(x, y), theil_sen(x, y, inflation=inflation)
    assert plain is not None
    assert wide is not None
    assert wide.low <= plain.low <= plain.slope == wide.slope <= plain.high <= wide.high


@pytest.mark.lengthy
@given(tied)
def test_s_is_kendalls(y: Floats) -> None:
    found = mann_kendall(y)
    if np.ptp(y) == 0:
        assert found is None
        return
    assert found is not None
    reference = stats.kendalltau(np.arange(len(y)), y, method="asymptotic")
    signs = sum(np.sign(y[j] - y[i]) for j in range(len(y)) for i in range(j))
    assert found.s == signs
    # scipy's has no correction for continuity: z · |s| / (|s| − 1).
    if abs(found.s) > 1:
        uncorrected = 2 * stats.norm.sf(abs(found.z) * abs(found.s) / (abs(found.s) - 1))
        assert uncorrected == pytest.approx(reference.pvalue, rel=1e-9, abs=1e-300)


def test_published_numbers_of_the_nile() -> None:
    # pymannkendall 1.4.3: original_test and pre_whitening_modification_test of all years, and of those after the change.
    plain = mann_kendall(NILE)
    assert plain is not None
    assert (plain.s, plain.z, plain.p_value) == pytest.approx(
        (-1387, -4.128066522844101, 3.658262921657496e-05), rel=1e-9
    )
    white = mann_kendall(whitened(NILE, autocorrelation(NILE)))
    assert white is not None
    assert (white.s, white.z, white.p_value) == pytest.approx(
        (-845, -2.5515262757340658, 0.010725223653460514), rel=1e-9
    )
    found = trend(by_week(NILE))
    assert found.slope == pytest.approx(-2.6 / 7)
    assert found.tau == pytest.approx(stats.kendalltau(range(100), NILE).statistic)
    assert found.direction is TrendDirection.FALLING
    after = trend(by_week(NILE[28:]))
    assert after.slope == pytest.approx(0.7119815668202765 / 7)
    assert after.direction is TrendDirection.STEADY


@pytest.mark.parametrize("steepness", [0.1, 0.3, 1, 10, 1_000])
def test_the_steeper_a_trend_the_surer(steepness: float) -> None:
    # Whitened by the autocorrelation of the plain series, which a steep trend makes almost 1, it would hardly be found.
    found = trend(by_week(10 + steepness * np.arange(60) + np.random.default_rng(1).normal(0, 1, 60)))
    assert found.p_value is not None
    assert found.p_value < 1e-6
    assert found.autocorrelation is not None
    assert found.autocorrelation < 0.3


values = nps.arrays(float, st.integers(8, 60), elements=st.integers(0, 50).map(float))


@pytest.mark.lengthy
@settings(max_examples=40)
@given(values, st.floats(0.5, 100), st.floats(-1e3, 1e3))
def test_units_and_levels_do_not_matter(y: Floats, factor: float, offset: float) -> None:
    plain, other = trend(by_week(y)), trend(by_week(y * factor + offset))
    assert other.reason == plain.reason
    if plain.slope is not None and other.slope is not None:
        assert other.slope == pytest.approx(plain.slope * factor, rel=1e-6, abs=1e-6)
        assert other.autocorrelation == pytest.approx(plain.autocorrelation, abs=1e-6)


@pytest.mark.lengthy
@settings(max_examples=40)
@given(values)
def test_backwards_what_rises_falls(y: Floats) -> None:
    plain, back = trend(by_week(y)), trend(by_week(y[::-1]))
    assert back.reason == plain.reason
    if plain.slope is not None and plain.slope_interval is not None:
        assert back.slope == pytest.approx(-plain.slope, abs=1e-9)
        assert back.tau == pytest.approx(-(plain.tau or 0))
        assert back.slope_interval is not None
        assert plain.slope_interval[0] <= plain.slope <= plain.slope_interval[1]


def test_a_week_is_no_trend_and_hides_none() -> None:
    rng = np.random.default_rng(2)
    week = np.tile([30, 30, 30, 30, 25, 5, 5], 13)
    steady = trend(by_day(rng.poisson(week)))
    assert steady.direction is TrendDirection.STEADY
    rising = trend(by_day(rng.poisson(week * np.linspace(1, 1.6, 91))))
    assert rising.direction is TrendDirection.RISING
    assert rising.slope == pytest.approx(22 * 0.6 / 90, rel=0.4)
    assert rising.change == pytest.approx(0.6 / 1.3, rel=0.4)


def test_a_trend_that_does_not_matter_is_told_as_none() -> None:
    found = trend(by_week(1_000 + np.arange(60) * 0.1 + np.random.default_rng(1).normal(0, 0.5, 60)))
    assert found.p_value is not None
    assert found.p_value < 0.001
    assert found.direction is TrendDirection.STEADY


def test_days_that_are_not_known_are_left_out() -> None:
    y = np.arange(40) * 2.0 + np.random.default_rng(3).normal(0, 3, 40)
    y[[3, 4, 5, 20, 31]] = math.nan
    found = trend(by_day(y, Scale.REAL))
    assert (found.n, found.direction) == (35, TrendDirection.RISING)
    known = np.flatnonzero(np.isfinite(y))
    assert found.slope == pytest.approx(stats.theilslopes(y[known], known).slope)


@pytest.mark.parametrize(
    ("y", "reason"),
    [([1.0] * 40, NoFigure.CONSTANT), ([1, 2, 3], NoFigure.TOO_SHORT), ([math.nan] * 30, NoFigure.NO_DATA)],
)
def test_where_the_data_do_not_allow_it_there_is_a_reason_and_no_number(y: list[float], reason: NoFigure) -> None:
    found = trend(by_day(np.array(y), Scale.REAL))
    assert found.reason is reason
    assert (found.slope, found.slope_interval, found.p_value, found.tau, found.direction) == (None,) * 5


@pytest.mark.lengthy
def test_many_at_once_are_corrected_for_each_other() -> None:
    rng = np.random.default_rng(4)
    many = [by_week(rng.normal(10, 1, 60)) for _ in range(100)] + [by_week(rng.normal(10, 1, 60) + np.arange(60) * 0.2)]
    found = trends(many)
    assert [each.model_copy(update={"adjusted_p_value": each.p_value}) for each in found[:-1]] == [
        trend(each).model_copy(update={"direction": mine.direction})
        for each, mine in zip(many, found[:-1], strict=False)
    ]
    alone = sum(trend(each).direction is not TrendDirection.STEADY for each in many[:-1])
    together = sum(each.direction is not TrendDirection.STEADY for each in found[:-1])
    assert together == 0 < alone
    assert found[-1].direction is TrendDirection.RISING
    reference = stats.false_discovery_control([each.p_value or 0 for each in found])
    np.testing.assert_allclose([each.adjusted_p_value or 0 for each in found], reference)


def test_long_series_of_hours_are_looked_at_in_parts() -> None:
    rng = np.random.default_rng(5)
    hours = Series(MONDAY, Period.HOUR, Scale.COUNT, rng.poisson(np.linspace(5, 10, 2_160)).astype(float))
    found = trend(hours)
    assert found.direction is TrendDirection.RISING
    assert found.slope == pytest.approx(5 / 90, rel=0.15)


def test_where_no_two_neighbours_are_known_there_is_a_slope_and_no_test() -> None:
    y = np.arange(40.0)
    y[1::2] = math.nan
    found = trend(by_day(y, Scale.REAL))
    assert (found.slope, found.p_value, found.direction, found.reason) == (1.0, None, None, NoFigure.TOO_SHORT)
