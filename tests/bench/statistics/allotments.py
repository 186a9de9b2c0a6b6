"""Shares that follow from what was seen, as the loop makes them: what they save, what they cost, and whether they are honest.

One candidate, a look at every tenth unit from 30 of each arm on until twice the planned 400, always valid: by even shares,
and by Thompson sampling with a new allotment whenever a quarter more units tell something
(``computes.loop.experiments.allotting``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bench.statistics.data import ALL, Array, Data
from loopgraph.computes.loop.experiments.allotting import FLOOR, GROWTH
from loopgraph.computes.loop.statistics.inference import look
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.plans import AlwaysValid, ArmUnits

LEVEL, PLANNED, FIRST, EVERY, EFFECT = 0.05, 400, 30, 10, 0.3
"""``EFFECT`` in deviations."""

_PLAN = AlwaysValid(planned_units=PLANNED, first_look=FIRST)


def rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """Nothing found where there is nothing; with the effect, how often it is found, after how many units, and how many units had
    what is worse by then, and by the end if it ends there."""
    for data in ALL:
        none = [_Run(random, data, 0.0, repetitions, adapts) for adapts in (False, True)]
        some = [_Run(random, data, EFFECT, repetitions, adapts) for adapts in (False, True)]
        yield [
            data.name,
            *(f"{run.found:.1%}" for run in none),
            *(f"{run.found:.1%}" for run in some),
            *(f"{run.units:.0f}" for run in some),
            *(f"{run.worse:.0f}" for run in some),
            *(f"{run.worse_of_all:.0f}" for run in some),
        ]


class _Run:
    """Many experiments, a unit after the other in all at once."""

    def __init__(self, random: Generator, data: Data, effect: float, count: int, adapts: bool) -> None:
        units, sums, squares = np.zeros((2, count)), np.zeros((2, count)), np.zeros((2, count))
        score, score_squares, weights = np.zeros(count), np.zeros(count), np.zeros(count)
        share, allotted = np.full(count, 0.5), np.zeros(count)
        found, at, worse = np.zeros(count, dtype=bool), np.full(count, 2.0 * PLANNED), np.zeros(count)
        for number in range(1, 2 * PLANNED + 1):
            treated = random.random(count) < share
            values = data.with_effect(random, (count,), treated, effect)
            if number > 1:
                means = sums / np.maximum(units, 1)
                means = np.where(units > 0, means, sums.sum(axis=0) / (number - 1))
                own = (values - np.where(treated, means[1], means[0])) / np.where(treated, share, -(1 - share))
                apart = means[1] - means[0] + own
                score, score_squares = score + apart, score_squares + apart**2
                weights = weights + 1 / (share * (1 - share))
            for arm, mask in enumerate((~treated, treated)):
                units[arm] += mask
                sums[arm] += mask * values
                squares[arm] += mask * values**2
            if number % EVERY == 0:
                ready = units.min(axis=0) >= FIRST
                hit = ready & ~found & self._shown(number - 1, score, score_squares, weights, units, sums, squares)
                at[hit], worse[hit] = number, units[0][hit]
                found |= hit
                renew = ready & (number >= GROWTH * allotted) & adapts
                share = np.where(renew, self._share(units, sums, squares), share)
                allotted = np.where(renew, number, allotted)
        worse[~found] = units[0][~found]
        self.found, self.units = float(found.mean()), float(at.mean())
        self.worse, self.worse_of_all = float(worse.mean()), float(units[0].mean())

    @staticmethod
    def _shown(
        n: int, score: Array, score_squares: Array, weights: Array, units: Array, sums: Array, squares: Array
    ) -> NDArray[np.bool_]:
        """As ``inverse_weighting`` and ``inference`` have it, the greater of both errors."""
        effect = score / n
        own = np.sqrt(np.maximum(0.0, score_squares / n - effect**2) / (n - 1))
        within = np.maximum(0.0, squares - sums**2 / np.maximum(units, 1)).sum(axis=0) / (n - 1)
        error = np.maximum(own, np.sqrt(within * weights) / n)
        limits = np.array([_critical(each) for each in 4 * n**2 / weights])
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.abs(np.nan_to_num(effect / error, nan=0.0, posinf=0.0, neginf=0.0)) > limits

    @staticmethod
    def _share(units: Array, sums: Array, squares: Array) -> Array:
        """The probability that the treatment is better, of means as if they were normal, with the floor."""
        n = np.maximum(units, 3)
        means = sums / n
        spread = np.maximum(1e-12, squares - n * means**2) / (n - 1) / n
        z = (means[1] - means[0]) / np.sqrt(spread.sum(axis=0))
        return FLOOR + (1 - 2 * FLOOR) * 0.5 * np.array([math.erfc(-each / math.sqrt(2)) for each in z])


def _critical(balanced: float) -> float:
    found = look(_PLAN, LEVEL, ArmUnits(FIRST, FIRST), None, float(round(balanced)))
    return math.inf if isinstance(found, NoEstimate) else found.critical
