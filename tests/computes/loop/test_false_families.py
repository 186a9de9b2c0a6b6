"""Runs of five candidates of which none is better, through the functions that the loop calls. ``make bench`` has the tables."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from loopgraph.computes.loop.experiments.deciding import ruling_on
from loopgraph.computes.loop.experiments.family import in_family
from loopgraph.contracts.loop.design import PLAIN
from loopgraph.contracts.loop.experiments import ExperimentResult
from loopgraph.contracts.loop.feedback import Arm, Verdict
from support.designed import executions, experiment, look

pytestmark = pytest.mark.slow

RUNS, CANDIDATES, LEVEL = 250, 5, 0.05


def test_of_five_candidates_that_are_the_same_hardly_any_is_applied() -> None:
    """Two-sided at 5 % over all, one run in 40 applies something by chance; the limit is what 999 of 1,000 such simulations keep.
    Each by itself, one run in nine would."""
    random, on = np.random.default_rng(14), experiment(PLAIN)
    together = alone = 0
    for _ in range(RUNS):
        earlier: list[ExperimentResult] = []
        applied = {True: False, False: False}
        for _ in range(CANDIDATES):
            arms = (executions(arm, random.normal(100, 10, 20).tolist()) for arm in (Arm.CONTROL, Arm.TREATMENT))
            result = look(on, *arms)
            for corrected, size, before in ((True, CANDIDATES, earlier), (False, 1, [])):
                ruling = ruling_on(in_family(result, before, size), on, 0.95)
                applied[corrected] |= ruling is not None and ruling[0] is Verdict.APPLY
            earlier.append(result)
        together += applied[True]
        alone += applied[False]
    assert together <= float(stats.binom.ppf(0.999, RUNS, LEVEL / 2)) < 0.07 * RUNS
    assert alone >= float(stats.binom.ppf(0.001, RUNS, 1 - (1 - LEVEL / 2) ** CANDIDATES)) > 0.05 * RUNS
