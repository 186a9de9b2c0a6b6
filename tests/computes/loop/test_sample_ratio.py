from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from loopgraph.computes.loop.experiment import ratio_p_value
from loopgraph.computes.loop.sample_ratio import LEVEL, split_p_value
from loopgraph.contracts.feedback import Arm
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
