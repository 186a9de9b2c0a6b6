"""What a bandit saves, and whether its estimates are honest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.random import Generator

from loopgraph.computes.loop.statistics.allocation import belief_of, thompson
from loopgraph.computes.loop.statistics.inference import infer
from loopgraph.computes.loop.statistics.inverse_weighting import inverse_weighted
from loopgraph.contracts.statistics.allocation import LoggedUnit
from loopgraph.contracts.statistics.metrics import Direction
from loopgraph.contracts.statistics.plans import FixedHorizon
from loopgraph.contracts.statistics.samples import BinaryCounts

UNITS, BATCH, FLOOR = 1000, 20, 0.05
SCENES: dict[str, tuple[float, ...]] = {
    "none better: 0.5, 0.5": (0.5, 0.5),
    "one of two: 0.5, 0.6": (0.5, 0.6),
    "one of five: 0.5 four times, 0.65": (0.5, 0.5, 0.5, 0.5, 0.65),
}


def rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """Regret: successes lost against always taking the best arm, of 1,000 units, by Thompson sampling and by even shares.
    The error of the last arm's rate, by the plain mean and weighted, and how often the 95 % interval of its difference to
    the first holds the truth."""
    for name, rates in SCENES.items():
        arms = [str(arm) for arm in range(len(rates))]
        regrets, plain, weighted, held = [], [], [], 0
        for _ in range(repetitions):
            units = _run(random, rates, arms)
            regrets.append(sum(max(rates) - rates[int(unit.arm)] for unit in units))
            own = [unit.value for unit in units if unit.arm == arms[-1]]
            plain.append(np.mean(own) - rates[-1])
            contrast = inverse_weighted(units, arms[0], arms[-1])
            weighted.append((contrast.treatment.value or 0.0) - rates[-1])
            interval = infer(contrast, FixedHorizon(), 0.05).interval
            held += interval is not None and interval[0] <= rates[-1] - rates[0] <= interval[1]
        even = UNITS * (max(rates) - float(np.mean(rates)))
        yield [
            name, f"{np.mean(regrets):.1f}", f"{even:.1f}", f"{np.mean(plain):+.3f}", f"{np.mean(weighted):+.3f}",
            f"{held / repetitions:.1%}",
        ]  # fmt: skip


def _run(random: Generator, rates: Sequence[float], arms: Sequence[str]) -> list[LoggedUnit]:
    counts = {arm: BinaryCounts(n=0, successes=0) for arm in arms}
    units: list[LoggedUnit] = []
    for _ in range(UNITS // BATCH):
        shares = thompson(
            {arm: belief_of(each) for arm, each in counts.items()},
            Direction.LARGER_IS_BETTER,
            random,
            floor=FLOOR,
            draws=1000,
        ).shares
        weights = np.array([shares[arm] for arm in arms])
        for arm in random.choice(len(arms), BATCH, p=weights / weights.sum()):
            value = float(random.random() < rates[arm])
            units.append(LoggedUnit(arms[arm], value, shares))
            counts[arms[arm]] += BinaryCounts(n=1, successes=int(value))
    return units
