"""What is found where nothing happens, and how often forecasts hold. ``bench.trends`` has the tables."""

from __future__ import annotations

import pytest
from scipy import stats

from bench.trends import GOING_ON, STEADY, coverage, false_alarms

RUNS = 60


def most(rate: float) -> float:
    """What 999 of 1,000 such simulations keep, if this is how often it happens."""
    return float(stats.binom.ppf(0.999, RUNS, rate)) / RUNS


@pytest.mark.lengthy
@pytest.mark.parametrize("name", ["white noise", "AR(0.7)", "counts, 20 a day, with a week"])
def test_where_nothing_happens_hardly_anything_is_found(name: str) -> None:
    world = STEADY[name]
    found = false_alarms(world, 90, RUNS, seed=1)
    assert max(found.trend, found.anomalies) <= most(0.06) < 0.2
    assert found.changes <= most(0.03) < 0.15
    assert found.slope <= most(0.08) < 0.25
    if world.has_season:
        assert found.season == 1
    else:
        assert found.season <= most(0.07) < 0.25


@pytest.mark.lengthy
@pytest.mark.parametrize("name", ["white noise", "counts, 20 a day, with a week", "trend, week and noise"])
def test_forecasts_hold_what_they_promise(name: str) -> None:
    found = coverage(GOING_ON[name], 90, RUNS, seed=1)
    assert found.reached == pytest.approx(0.93, abs=0.06)
    assert found.promised == pytest.approx(found.reached, abs=0.05)
