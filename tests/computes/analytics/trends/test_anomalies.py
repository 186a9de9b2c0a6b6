import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from loopgraph.computes.analytics.trends.anomalies import anomalies
from loopgraph.computes.analytics.trends.series import Floats
from loopgraph.contracts.analytics.trends import NoFigure, Scale
from support.series import MONDAY, by_day, by_week

WEEK = np.resize([1.2, 1.3, 1.2, 1.2, 1.1, 0.5, 0.5], 91)


def test_a_day_out_of_its_week_is_found_with_what_was_expected() -> None:
    values = np.random.default_rng(1).poisson(40 * WEEK).astype(float)
    values[[30, 90]] = 5, 95  # a Wednesday nearly without, and the last Sunday far too busy: fewer than on no other day
    found = anomalies(by_day(values))
    assert [(point.at - MONDAY).days for point in found.points] == [30, 90]
    low, high = found.points
    assert (low.value, low.score < 0 < high.score) == (5, True)
    assert low.expected == pytest.approx(48, rel=0.25)
    assert high.expected == pytest.approx(20, rel=0.4)
    assert low.value < low.low < low.expected < low.high
    assert high.low < high.expected < high.high < high.value


def test_a_value_is_an_anomaly_just_where_it_lies_outside_of_its_range() -> None:
    values = np.random.default_rng(2).poisson(6, 120).astype(float)
    values[70] = 40
    found = anomalies(by_day(values))
    outside = [
        at
        for value, (at, _, low, high) in zip(values, found.ranges, strict=True)
        if low is not None and high is not None and not low <= value <= high
    ]
    assert outside == [point.at for point in found.points]
    assert MONDAY + timedelta(days=70) in outside


def test_rare_events_are_expected_to_come_together_at_times() -> None:
    values = np.zeros(90)
    values[[10, 40, 41, 77]] = 1, 2, 1, 3
    assert anomalies(by_day(values)).points == ()
    values[60] = 15
    assert [point.value for point in anomalies(by_day(values)).points] == [15]


def test_a_new_level_is_no_anomaly() -> None:
    values = np.random.default_rng(3).poisson(np.repeat([10, 60], 45)).astype(float)
    assert len(anomalies(by_day(values)).points) <= 1


def test_durations_are_looked_at_by_ratio() -> None:
    values = np.random.default_rng(4).lognormal(6, 0.2, 60)
    values[25] *= 4
    found = anomalies(by_day(values, Scale.POSITIVE))
    assert [(point.at - MONDAY).days for point in found.points] == [25]
    assert found.points[0].low > 0


@pytest.mark.lengthy
@settings(max_examples=40)
@given(nps.arrays(float, 60, elements=st.integers(-40, 40).map(float)), st.floats(0.5, 50), st.floats(-1e3, 1e3))
def test_units_and_levels_do_not_matter(y: Floats, factor: float, offset: float) -> None:
    plain, other = anomalies(by_week(y)), anomalies(by_week(y * factor + offset))
    if plain.reason or other.reason:
        return  # where most values are the same, the spread is 0, or what rounding leaves of it
    assert [point.at for point in other.points] == [point.at for point in plain.points]


def test_unknown_days_have_a_range_and_are_no_anomalies() -> None:
    values = np.random.default_rng(5).normal(100, 5, 60)
    values[[4, 20, 59]] = math.nan
    found = anomalies(by_day(values, Scale.REAL))
    assert found.points == ()
    expected = found.ranges[20].expected
    assert expected is not None
    assert expected == pytest.approx(100, abs=10)


@pytest.mark.parametrize(
    ("values", "reason"),
    [([5.0] * 60, NoFigure.CONSTANT), ([1, 2] * 10, NoFigure.TOO_SHORT), ([math.nan] * 60, NoFigure.NO_DATA)],
)
def test_where_the_data_do_not_allow_it_there_is_a_reason(values: list[float], reason: NoFigure) -> None:
    found = anomalies(by_day(np.array(values), Scale.REAL))
    assert (found.reason, found.points, found.ranges) == (reason, (), ())
