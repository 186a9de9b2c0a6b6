import math
from datetime import timedelta

import numpy as np
import pytest

from loopgraph.computes.analytics.trends.forecast import forecast
from loopgraph.computes.analytics.trends.series import Series
from loopgraph.contracts.analytics.trends import Forecast, ForecastMethod, NoFigure, Period, Scale
from loopgraph.errors import InvalidInput
from support.series import MONDAY, by_day, by_week

WEEK = np.array([1.2, 1.3, 1.2, 1.2, 1.1, 0.5, 0.5])


def test_a_line_with_a_week_goes_on_as_it_went() -> None:
    values = 30 + 0.5 * np.arange(98) + np.resize(8 * WEEK, 98) + np.random.default_rng(1).normal(0, 0.3, 98)
    found = forecast(by_day(values, Scale.REAL))
    assert found.method is ForecastMethod.LINE_AND_SEASON
    assert [point.at for point in found.points] == [MONDAY + timedelta(days=98 + i) for i in range(7)]
    to_come = 30 + 0.5 * np.arange(98, 105) + 8 * WEEK
    assert [point.expected for point in found.points] == pytest.approx(to_come, abs=0.6)
    assert all(point.low < point.expected < point.high for point in found.points)
    assert found.coverage is not None
    assert found.coverage >= 0.85
    assert found.tested >= 100
    assert found.mean_absolute_error == pytest.approx(0.3, abs=0.2)


def test_a_line_and_a_week_without_noise_are_told_exactly() -> None:
    values = 30 + 0.5 * np.arange(98) + np.resize(8 * WEEK, 98)
    found = forecast(by_day(values, Scale.REAL))
    assert [point.expected for point in found.points] == pytest.approx(
        30 + 0.5 * np.arange(98, 105) + 8 * WEEK, abs=1e-6
    )


def test_counts_have_no_negative_forecast_and_a_total() -> None:
    found = forecast(by_day(np.random.default_rng(2).poisson(np.resize(4 * WEEK, 90))))
    assert all(0 <= point.low <= point.expected <= point.high for point in found.points)
    assert found.total is not None
    assert found.total.low < 28 < found.total.high
    assert found.total.high - found.total.low < sum(point.high - point.low for point in found.points)
    assert forecast(by_day(np.random.default_rng(2).normal(9, 1, 90), Scale.REAL)).total is None


def test_units_do_not_matter() -> None:
    values = np.random.default_rng(3).normal(50, 5, 80)
    plain, other = forecast(by_day(values, Scale.REAL)), forecast(by_day(values * 8 + 100, Scale.REAL))
    assert (other.method, other.coverage, other.tested) == (plain.method, plain.coverage, plain.tested)
    for mine, theirs in zip(plain.points, other.points, strict=True):
        assert theirs[1:] == pytest.approx([8 * each + 100 for each in mine[1:]])


def test_the_future_changes_no_earlier_interval() -> None:
    """The back-test of a series holds that of its beginning: nothing in it looks ahead."""
    values = np.random.default_rng(4).normal(50, 5, 90)
    later = values.copy()
    later[83:] += 1_000  # all of it after the last interval that the beginning tests
    before, after = forecast(by_day(values[:83], Scale.REAL)), forecast(by_day(later, Scale.REAL))
    assert before.coverage is not None
    assert after.coverage is not None
    held = round(before.coverage * before.tested)
    new = after.tested - before.tested
    assert new == 7 * 7
    # The new times are the last seven, of which 28 outcomes lie before the jump.
    assert held <= round(after.coverage * after.tested) <= held + 21


def test_more_confidence_takes_wider_intervals() -> None:
    series = by_day(np.random.default_rng(5).poisson(20, 120))
    narrow, wide = forecast(series, confidence=0.5), forecast(series, confidence=0.95)
    assert all(a.low >= b.low and a.high <= b.high for a, b in zip(narrow.points, wide.points, strict=True))
    assert narrow.coverage is not None
    assert narrow.coverage == pytest.approx(0.5, abs=0.15)


def test_hours_go_by_day_and_weeks_by_themselves() -> None:
    rng = np.random.default_rng(6)
    day = np.concatenate([np.full(8, 2.0), np.full(10, 20.0), np.full(6, 6.0)])
    hours = forecast(Series(MONDAY, Period.HOUR, Scale.COUNT, rng.poisson(np.resize(day, 24 * 12)).astype(float)))
    assert len(hours.points) == 24
    assert np.corrcoef([point.expected for point in hours.points], day)[0, 1] > 0.95
    weeks = forecast(by_week(rng.poisson(50, 52), Scale.COUNT))
    assert len(weeks.points) == 4
    assert [point.expected for point in weeks.points] == pytest.approx([50] * 4, rel=0.15)


def test_days_that_are_not_known_are_no_errors() -> None:
    values = np.random.default_rng(7).normal(100, 5, 90)
    values[::7] = math.nan
    values[0] = math.nan
    found = forecast(by_day(values, Scale.REAL))
    assert [point.expected for point in found.points[1:]] == pytest.approx([100] * 6, rel=0.1)
    assert found.coverage is not None


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([5.0] * 60, NoFigure.CONSTANT),
        ([1, 2] * 14, NoFigure.TOO_SHORT),
        ([math.nan] * 60, NoFigure.NO_DATA),
        ([1.0, 2.0, math.nan, math.nan, math.nan] * 20, NoFigure.TOO_FEW),
    ],
)
def test_where_the_data_do_not_allow_it_there_is_a_reason(values: list[float], reason: NoFigure) -> None:
    found = forecast(by_day(np.array(values), Scale.REAL))
    assert found == Forecast(confidence=0.9, reason=reason)


@pytest.mark.parametrize(
    ("field", "horizon", "confidence"), [("horizon", 0, 0.9), ("horizon", 29, 0.9), ("confidence", 7, 1.0)]
)
def test_what_cannot_be_told_is_refused(field: str, horizon: int, confidence: float) -> None:
    with pytest.raises(InvalidInput, match=field):
        forecast(by_day(np.arange(90)), horizon, confidence)
