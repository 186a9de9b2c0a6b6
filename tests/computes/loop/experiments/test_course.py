"""What an experiment said at a time: the confidence sequence of the statistics, once there are enough units."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from loopgraph.computes.loop.experiments.course import course_point
from loopgraph.computes.loop.experiments.looks import sequence_of
from loopgraph.computes.loop.statistics.estimators import welch
from loopgraph.computes.loop.statistics.inference import infer
from loopgraph.contracts.loop.design import ExperimentDesign
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon
from loopgraph.reducers.unit_samples import joint_moments
from support.quick import first_quick

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def plan_of(wanted: int) -> AlwaysValid:
    return sequence_of(ExperimentDesign(), wanted)


@pytest.mark.parametrize(("wanted", "planned", "first"), [(2, 20, 10), (20, 40, 10), (500, 1_000, 10)])
def test_the_plan_is_that_of_the_experiment(wanted: int, planned: int, first: int) -> None:
    plan = plan_of(wanted)
    assert (plan.planned_units, plan.first_look) == (planned, first)


def test_nothing_is_said_of_too_few_and_more_of_more() -> None:
    draw, plan = np.random.default_rng(7), plan_of(100)
    widths = []
    for n in (5, 9, 10, 100, 300):
        control, treatment = joint_moments(draw.normal(100, 10, n)), joint_moments(draw.normal(90, 10, n))
        point = course_point(NOON, control, treatment, plan, 0.05)
        assert (point.control_units, point.treatment_units) == (n, n)
        if n < 10:
            assert (point.effect, point.interval) == (None, None)
            continue
        fixed = infer(welch.means(control, treatment), FixedHorizon(), 0.05).interval
        assert point.interval is not None
        assert fixed is not None
        low, high = point.interval
        assert low < fixed[0] < fixed[1] < high
        assert point.effect == pytest.approx((low + high) / 2)
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)


def test_nothing_is_said_where_nothing_varies() -> None:
    same = joint_moments(np.full(50, 3.0))
    assert course_point(NOON, same, same, plan_of(30), 0.05).interval is None


@pytest.mark.lengthy
@pytest.mark.parametrize(
    "draw",
    first_quick(
        [
            lambda random, n: random.normal(0, 1, n),
            lambda random, n: np.exp(random.normal(0, 1, n)),
            lambda random, n: (random.random(n) < 0.1).astype(float),
        ]
    ),
    ids=["normal", "log-normal", "rare"],
)
def test_early_looks_miss_the_truth_no_more_often_than_they_may(
    draw: Callable[[np.random.Generator, int], Any],
) -> None:
    """Of 200 experiments without an effect, looked at all the time, 5 % may; 21 or more have a chance of 1 in 1,000."""
    random, plan, missed = np.random.default_rng(3), plan_of(30), 0
    for _ in range(200):
        control, treatment = draw(random, 90), draw(random, 90)
        points = (
            course_point(NOON, joint_moments(control[:n]), joint_moments(treatment[:n]), plan, 0.05)
            for n in range(10, 91, 5)
        )
        missed += any(
            point.interval is not None and not point.interval[0] <= 0 <= point.interval[1] for point in points
        )
    assert missed <= 20
