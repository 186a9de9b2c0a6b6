from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from loopgraph.computes.loop.experiments.experiment import ratio_p_value
from loopgraph.computes.loop.statistics.sample_ratio import LEVEL, sample_ratio_p_value, split_p_value
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.errors import InvalidInput


@pytest.mark.parametrize(("control", "treatment", "share"), [(40, 20, 0.5), (9, 31, 0.5), (70, 20, 0.1), (0, 12, 0.5)])
def test_the_evidence_is_the_ratio_of_marginal_likelihoods(control: int, treatment: int, share: float) -> None:
    n = control + treatment
    free, _ = integrate.quad(lambda p: float(stats.binom.pmf(treatment, n, p)), 0, 1)
    e = free / float(stats.binom.pmf(treatment, n, share))
    assert split_p_value(control, treatment, share) == pytest.approx(min(1.0, 1 / e), rel=1e-6)


def test_what_is_a_mismatch() -> None:
    assert split_p_value(0, 0) == split_p_value(30, 30) == split_p_value(30, 45) == 1.0
    assert split_p_value(30, 61) > LEVEL
    assert split_p_value(400, 30) < 1e-60
    for wrong in ((-1, 2, 0.5), (1, 2, 0.0), (1, 2, math.nan)):
        with pytest.raises(InvalidInput):
            split_p_value(*wrong)


def test_arms_that_lose_units_show_though_the_assignment_is_right() -> None:
    right = dict.fromkeys(Arm, 400)
    assert ratio_p_value(right, right) == 1.0
    assert ratio_p_value(right, {Arm.CONTROL: 400, Arm.TREATMENT: 30}) < LEVEL
    assert ratio_p_value({Arm.CONTROL: 400, Arm.TREATMENT: 250}, dict.fromkeys(Arm, 30)) < LEVEL


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_looking_after_every_unit_errs_no_more_often_than_the_level_allows() -> None:
    """2,000 fair experiments of 400 units, looked at after each: at a level of 0.05 in 5 % of them at most."""
    rng = np.random.default_rng(20)
    treatment = rng.integers(0, 2, (2_000, 400)).cumsum(axis=1)
    n = np.arange(1, 401)
    bound = np.array(
        [[split_p_value(int(size - t), int(t)) for t in range(size + 1)] + [1.0] * (400 - size) for size in n]
    )
    smallest = np.array([bound[n - 1, row].min() for row in treatment])
    assert (smallest < 0.05).mean() <= 0.05
    assert (smallest < 0.05).any()


@pytest.mark.lengthy
def test_several_arms_are_weighed_together() -> None:
    assert sample_ratio_p_value((40, 20), (0.5, 0.5)) == pytest.approx(split_p_value(40, 20))
    units, shares = (9, 30, 11), (0.5, 0.25, 0.25)

    def likelihood(p: float, q: float) -> float:
        return float(stats.multinomial.pmf(units, sum(units), (p, q, 1 - p - q)))

    # The mean over the triangle of all shares, whose area is a half.
    free, _ = integrate.dblquad(lambda q, p: 2 * likelihood(p, q), 0, 1, 0, lambda p: 1 - p)
    expected = float(stats.multinomial.pmf(units, sum(units), shares)) / free
    assert sample_ratio_p_value(units, shares) == pytest.approx(expected, rel=1e-5)
    for wrong in (
        ((1, 2), (0.5, 0.4)),
        ((1, 2), (1.0, 0.0)),
        ((1, 2), (0.3, 0.3, 0.4)),
        ((5,), (1.0,)),
        ((-1, 2), (0.5, 0.5)),
        ((10**300, 2), (0.5, 0.5)),
    ):
        with pytest.raises(InvalidInput):
            sample_ratio_p_value(*wrong)


@pytest.mark.lengthy
def test_three_arms_looked_at_after_every_unit_err_no_more_often_than_the_level_allows() -> None:
    rng, shares = np.random.default_rng(21), (0.6, 0.3, 0.1)
    smallest = []
    for _ in range(150):
        counts, lowest = [0, 0, 0], 1.0
        for arm in rng.choice(3, 200, p=shares):
            counts[arm] += 1
            lowest = min(lowest, sample_ratio_p_value(counts, shares))
        smallest.append(lowest)
    assert np.mean(np.array(smallest) < 0.05) <= 0.05
