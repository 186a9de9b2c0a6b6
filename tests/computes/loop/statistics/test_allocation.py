from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from loopgraph.computes.loop.statistics.allocation import belief_of, thompson
from loopgraph.computes.loop.statistics.inference import infer
from loopgraph.computes.loop.statistics.inverse_weighting import inverse_weighted
from loopgraph.contracts.statistics.allocation import BetaBelief, LoggedUnit, NormalBelief
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.metrics import Direction
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon
from loopgraph.contracts.statistics.samples import BinaryCounts, JointMoments
from loopgraph.errors import InvalidInput
from support.statistics import moments

UP, DOWN = Direction.LARGER_IS_BETTER, Direction.SMALLER_IS_BETTER


def test_shares_are_how_probably_each_arm_is_the_best_with_a_floor() -> None:
    beliefs = {"a": NormalBelief(mean=0.0, deviation=1.0), "b": NormalBelief(mean=1.0, deviation=1.0)}
    found = thompson(beliefs, UP, np.random.default_rng(1), floor=0.1, draws=200_000)
    best = float(stats.norm.cdf(1 / math.sqrt(2)))
    assert found.probabilities_best["b"] == pytest.approx(best, abs=0.005)
    assert found.shares["b"] == pytest.approx(0.1 + 0.8 * best, abs=0.005)
    assert sum(found.shares.values()) == pytest.approx(1.0)
    mirrored = thompson(beliefs, DOWN, np.random.default_rng(1), floor=0.1, draws=200_000)
    assert mirrored.shares["a"] == pytest.approx(found.shares["b"], abs=0.005)
    assert thompson(beliefs, UP, np.random.default_rng(1)) == thompson(beliefs, UP, np.random.default_rng(1))


def test_rates_need_no_units_and_means_a_few() -> None:
    assert belief_of(BinaryCounts(n=0, successes=0)) == BetaBelief(successes=0, failures=0)
    assert belief_of(moments([])) is NoEstimate.NO_UNITS
    assert belief_of(moments([1.0, 2.0])) is NoEstimate.TOO_FEW_UNITS
    assert belief_of(moments([1.0, 1.0, 1.0])) is NoEstimate.NO_VARIANCE
    assert belief_of(JointMoments(n=3, means=(1.0,), products=((math.inf,),))) is NoEstimate.NOT_FINITE
    belief = belief_of(moments([1.0, 2.0, 3.0, 4.0]))
    assert isinstance(belief, NormalBelief)
    assert belief.deviation == pytest.approx(stats.sem([1, 2, 3, 4]))
    waiting = thompson({"a": belief, "b": NoEstimate.NO_UNITS}, UP, np.random.default_rng(1))
    assert (waiting.shares, waiting.probabilities_best, waiting.reason) == (
        {"a": 0.5, "b": 0.5},
        None,
        NoEstimate.NO_UNITS,
    )
    for floor in (0.0, 0.6, math.nan):
        with pytest.raises(InvalidInput, match="floor"):
            thompson({"a": belief, "b": belief}, UP, np.random.default_rng(1), floor=floor)
    with pytest.raises(InvalidInput, match="beliefs"):
        thompson({}, UP, np.random.default_rng(1))


def _bandit(random: np.random.Generator, means: tuple[float, float], n: int = 200) -> list[LoggedUnit]:
    """Units whose arm is chosen by what the earlier ones said, as greedily as the floor lets."""
    units, sums, counts = [], [0.0, 0.0], [0, 0]
    for _ in range(n):
        share = 0.5
        if min(counts) >= 5:
            share = 0.9 if sums[1] / counts[1] > sums[0] / counts[0] else 0.1
        arm = int(random.random() < share)
        value = random.normal(means[arm], 1.0)
        sums[arm], counts[arm] = sums[arm] + value, counts[arm] + 1
        units.append(LoggedUnit("ct"[arm], value, {"c": 1 - share, "t": share}))
    return units


@pytest.mark.lengthy
def test_weights_undo_what_adapting_does_to_means() -> None:
    random = np.random.default_rng(7)
    plain, weighted, held = [], [], 0
    for _ in range(400):
        units = _bandit(random, (0.0, 0.0))
        found = inverse_weighted(units, "c", "t")
        interval = infer(found, FixedHorizon(), 0.05).interval
        held += interval is not None and interval[0] <= 0 <= interval[1]
        weighted.append(found.treatment.value)
        plain.append(np.mean([unit.value for unit in units if unit.arm == "t"]))
    error = np.std(weighted) / math.sqrt(400)
    assert np.mean(plain) < -0.02  # an arm that begins badly gets few units, and stays bad
    assert abs(np.mean(weighted)) < 3 * error
    assert held / 400 > 0.92


def test_with_even_shares_it_is_nearly_the_difference_of_means() -> None:
    random = np.random.default_rng(8)
    units = [
        LoggedUnit("ct"[arm], float(random.normal(100 + 5 * arm, 10)), {"c": 0.5, "t": 0.5})
        for arm in random.integers(0, 2, 4000)
    ]
    found = inverse_weighted(units, "c", "t")
    means = [np.mean([unit.value for unit in units if unit.arm == arm]) for arm in "ct"]
    assert found.effect == pytest.approx(means[1] - means[0], abs=0.3)
    assert found.standard_error == pytest.approx(20 / math.sqrt(4000), rel=0.15)
    assert infer(found, AlwaysValid(planned_units=4000), 0.05).p_value < 1e-6


@pytest.mark.parametrize(
    ("units", "reason"),
    [
        ([], NoEstimate.NO_UNITS),
        ([LoggedUnit("c", 1.0, {"c": 0.5, "t": 0.5})] * 3, NoEstimate.NO_UNITS),
        ([LoggedUnit(arm, 1.0, {"c": 0.5, "t": 0.5}) for arm in "cct"], NoEstimate.TOO_FEW_UNITS),
        ([LoggedUnit(arm, 1.0, {"c": 1.0, "t": 0.0}) for arm in "cctt"], NoEstimate.NO_PROPENSITY),
        ([LoggedUnit(arm, 1.0, {"c": 0.5}) for arm in "cctt"], NoEstimate.NO_PROPENSITY),
        ([LoggedUnit(arm, math.nan, {"c": 0.5, "t": 0.5}) for arm in "cctt"], NoEstimate.NOT_FINITE),
        ([LoggedUnit(arm, 1.7e308 * (arm == "t"), {"c": 0.001, "t": 0.001}) for arm in "cctt"], NoEstimate.NOT_FINITE),
        ([LoggedUnit(arm, 0.0, {"c": 0.5, "t": 0.5}) for arm in "cctt"], NoEstimate.NO_VARIANCE),
    ],
)
def test_what_cannot_be_weighted(units: list[LoggedUnit], reason: NoEstimate) -> None:
    assert inverse_weighted(units, "c", "t").reason is reason
