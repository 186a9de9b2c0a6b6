import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from loopgraph.computes.analytics.trends.level import level, medians_of_neighbours, moving_average, profile
from loopgraph.computes.analytics.trends.series import Floats

holey = nps.arrays(float, st.integers(1, 40), elements=st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)))


@pytest.mark.lengthy
@given(holey, st.integers(1, 12))
def test_moving_averages_are_the_means_of_what_is_known(values: Floats, span: int) -> None:
    found = moving_average(values, span)
    for i, mean in enumerate(found):
        known = [x for x in values[i - span + 1 : i + 1] if math.isfinite(x)] if i >= span - 1 else []
        assert mean == pytest.approx(np.mean(known), abs=1e-6) if known else math.isnan(mean)


def test_a_line_is_its_own_level_and_a_cycle_has_none() -> None:
    line = 3 + 0.5 * np.arange(42)
    np.testing.assert_allclose(level(line, 7)[3:-3], line[3:-3])
    np.testing.assert_allclose(level(line, 24)[12:-12], line[12:-12])
    np.testing.assert_allclose(level(np.tile([1, 2, 3, 2, 1, -4, -5.0], 6), 7), 0, atol=1e-12)
    assert np.isnan(level(line[:6], 7)).all()


def test_the_profile_is_that_of_statsmodels() -> None:
    # statsmodels 0.15: seasonal_decompose(v, period=7).seasonal for a line with this week on it.
    week = np.array([1, 2, 3, 2, 1, -4, -5.0])
    values = np.arange(42) * 0.5 + np.tile(week, 6)
    at = np.arange(42) % 7
    np.testing.assert_allclose(profile((values - level(values, 7))[3:-3], at[3:-3], 7), week, atol=1e-12)


@pytest.mark.lengthy
@given(holey.filter(lambda values: len(values) >= 7))
def test_profiles_of_tables_are_those_of_any_order(values: Floats) -> None:
    at = np.arange(len(values)) % 7
    backwards = profile(values[::-1], at[::-1], 7)
    order = np.random.default_rng(1).permutation(len(values))
    np.testing.assert_allclose(profile(values, at, 7), backwards, atol=1e-6)
    np.testing.assert_allclose(profile(values[order], at[order], 7), backwards, atol=1e-6)


@pytest.mark.lengthy
@given(holey, st.integers(0, 5), st.integers(0, 5))
def test_medians_of_neighbours_leave_the_value_itself_out(values: Floats, before: int, after: int) -> None:
    found = medians_of_neighbours(values, before, after)
    for i, median in enumerate(found):
        known = [x for j, x in enumerate(values) if i - before <= j <= i + after and j != i and math.isfinite(x)]
        assert median == pytest.approx(np.median(known), abs=1e-6) if known else math.isnan(median)
