"""Experiments whose executions are not independent, through the functions that the loop calls. ``make bench`` has the table."""

from __future__ import annotations

import pytest
from scipy import stats

from bench.samples import LEVEL, Scene, rates
from loopgraph.contracts.loop.feedback import Metric
from support.quick import first_quick

pytestmark = pytest.mark.slow

RUNS = 300


@pytest.mark.parametrize(
    "scene",
    first_quick(
        [
            Scene(Metric.DURATION_MS, 10, 10, 0.3),
            Scene(Metric.DURATION_MS, 15, 6, 0.5, uneven=True),
            Scene(Metric.SUCCESS_RATE, 20, 5, 0.3),
        ]
    ),
)
def test_the_same_thing_in_both_arms_is_hardly_ever_applied(scene: Scene) -> None:
    """At a two-sided level of 5 %, one in 40 by chance; the limit is what 999 of 1,000 such simulations keep."""
    found = rates(scene, RUNS, seed=1)
    limit = float(stats.binom.ppf(0.999, RUNS, LEVEL / 2)) / RUNS
    assert found.applied <= limit < 0.06
    assert found.undecided < 0.01


def test_what_is_better_is_applied() -> None:
    found = rates(Scene(Metric.DURATION_MS, 30, 5, 0.3, gain=0.8), 100, seed=2)
    assert found.applied > 0.9
    assert found.worse == 0.0
