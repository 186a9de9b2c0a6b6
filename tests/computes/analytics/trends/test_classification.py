from datetime import timedelta

import numpy as np
import pytest

from loopgraph.computes.analytics.trends.classification import usage_trend, usage_trends
from loopgraph.computes.analytics.trends.series import Floats
from loopgraph.contracts.analytics.trends import NoFigure, Period, Scale, TrendClass, TrendDirection
from loopgraph.errors import InvalidInput
from support.series import MONDAY, by_day, by_week

WEEK = np.resize([1.2, 1.3, 1.2, 1.2, 1.1, 0.5, 0.5], 90)


def used(rates: Floats, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).poisson(rates).astype(float)


def test_growing_stable_declining() -> None:
    growing = usage_trend(by_day(used(np.linspace(10, 30, 90) * WEEK)))
    assert (growing.classification, growing.trend.direction) == (TrendClass.GROWING, TrendDirection.RISING)
    assert "of the mean over 89 days" in growing.rule
    assert "adjusted p = " in growing.rule
    declining = usage_trend(by_day(used(np.linspace(30, 10, 90) * WEEK)))
    assert declining.classification is TrendClass.DECLINING
    assert declining.monthly.rate is not None
    assert declining.monthly.rate < -0.15
    assert usage_trend(by_day(used(20 * WEEK))).classification is TrendClass.STABLE
    assert usage_trend(by_day([4] * 60)).classification is TrendClass.STABLE


def test_what_was_used_and_is_silent_is_abandoned() -> None:
    found = usage_trend(by_day([*used(np.full(60, 9.0)), *[0] * 30]))
    assert (found.classification, found.silent_days, found.longest_gap_days) == (TrendClass.ABANDONED, 30, 0)
    assert found.rule.startswith("silent for 30 days")


def test_what_is_used_now_and_then_is_not_abandoned_by_a_usual_silence() -> None:
    days = np.zeros(90)
    days[5:70:15] = 3  # the last time 24 days ago, always 14 days of silence between
    found = usage_trend(by_day(days))
    assert (found.silent_days, found.longest_gap_days) == (24, 14)
    assert found.classification is not TrendClass.ABANDONED
    days[65] = 0
    assert usage_trend(by_day(days)).classification is TrendClass.ABANDONED


def test_what_was_last_used_before_the_window_is_abandoned() -> None:
    found = usage_trend(by_day([0] * 30), MONDAY - timedelta(days=3))
    assert (found.classification, found.silent_days, found.age_days) == (TrendClass.ABANDONED, 30, 33)


def test_what_is_new_is_emerging_and_its_zeros_before_are_no_growth() -> None:
    days = [*[0] * 70, *used(np.full(20, 5.0))]
    assert (found := usage_trend(by_day(days))).classification is TrendClass.EMERGING
    assert found.age_days == 20
    older = [*[0] * 45, 2, *used(np.full(44, 5.0))]
    assert usage_trend(by_day(older)).classification is TrendClass.STABLE


def test_whether_it_is_new_is_known_by_watching_or_by_being_told() -> None:
    days = [*[0] * 5, 3, *[4] * 15]
    assert usage_trend(by_day(days)).classification is not TrendClass.EMERGING
    assert usage_trend(by_day(days), MONDAY + timedelta(days=5, hours=7)).classification is TrendClass.EMERGING
    assert usage_trend(by_day(days), MONDAY - timedelta(days=200)).classification is not TrendClass.EMERGING
    assert usage_trend(by_day(days), MONDAY - timedelta(days=200)).age_days == 221


def test_rare_uses_are_looked_at_by_week() -> None:
    rare = used(np.linspace(0.05, 0.9, 180))
    found = usage_trend(by_day(rare))
    assert (found.classification, found.trend.step) == (TrendClass.GROWING, Period.WEEK)
    assert found.trend.slope == pytest.approx(0.85 / 180, rel=0.5)
    assert usage_trend(by_day(used(np.full(180, 0.3)))).classification is TrendClass.STABLE


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        ([0] * 60, NoFigure.NO_DATA),
        ([0] * 50 + [3] + [0] * 9, NoFigure.TOO_FEW),
        ([5] * 10, NoFigure.TOO_SHORT),
    ],
)
def test_of_too_little_nothing_is_told_but_the_reason(days: list[float], reason: NoFigure) -> None:
    found = usage_trend(by_day(days))
    assert (found.classification, found.reason) == (None, reason)
    assert found.rule


@pytest.mark.lengthy
def test_others_that_are_looked_at_together_count() -> None:
    many = [(by_day(used(20 * WEEK, seed)), None) for seed in range(60)]
    growing = (by_day(used(np.linspace(10, 30, 90) * WEEK)), None)
    together = [each.classification for each in usage_trends([*many, growing])]
    alone = [usage_trend(*each).classification for each in many]
    assert together[-1] is TrendClass.GROWING
    assert together[:-1].count(TrendClass.STABLE) >= 59
    assert alone.count(TrendClass.STABLE) < together[:-1].count(TrendClass.STABLE)


def test_what_is_no_count_by_day_is_refused() -> None:
    for series in (by_week(np.ones(20), Scale.COUNT), by_day(np.ones(20), Scale.REAL)):
        with pytest.raises(InvalidInput, match="series: must be of counts by day"):
            usage_trend(series)


def test_rules_say_one_day_and_two_days() -> None:
    once = usage_trend(by_day([0, 1, 0]))
    assert (once.reason, once.rule) == (NoFigure.TOO_FEW, "1 execution on 1 day (a trend needs 10 executions)")
    twice = usage_trend(by_day([1, 1, 0]))
    assert twice.rule == "2 executions on 2 days (a trend needs 10 executions)"
