"""How surely an effect is found, and after how many units, by each way of looking."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from bench.statistics.data import BINARY, LOG_NORMAL, NORMAL, RATE, STUDENT, crossed, halves, score_paths, welch_paths
from bench.statistics.false_positives import LEVEL
from loopgraph.computes.loop.statistics.power import power_of_means, power_of_proportions, units_for_means
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon, GroupSequential, Plan, Spending

EFFECT = 0.3
"""Standard deviations of a unit."""

_PLANS: dict[str, Plan] = {
    "fixed horizon": FixedHorizon(),
    "five looks, O'Brien–Fleming": GroupSequential(planned_units=2),
    "five looks, Pocock": GroupSequential(planned_units=2, spending=Spending.POCOCK),
    "always valid": AlwaysValid(planned_units=2),
}


def rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """Each plan with the units that it needs for a power of 80 % on normal data: its power, and the mean units until it
    stops."""
    for name, plan in _PLANS.items():
        units = units_for_means(EFFECT, 1.0, plan, LEVEL).units or 0
        plan = plan if isinstance(plan, FixedHorizon) else plan.model_copy(update={"planned_units": units})
        for data in (NORMAL, LOG_NORMAL, BINARY, STUDENT):
            cells = []
            for effect in (EFFECT, 2 * EFFECT, 0.0):
                found, stopped = 0, 0
                for start in range(0, repetitions, 250):
                    shape = (min(250, repetitions - start), units)
                    treated = halves(random, shape)
                    values = data.with_effect(random, shape, treated, effect)
                    looks = crossed((score_paths if data is BINARY else welch_paths)(values, treated), plan, LEVEL)
                    hit = looks.any(axis=1)
                    found += int(hit.sum())
                    stopped += int(np.where(hit, looks.argmax(axis=1) + 1, units).sum())
                cells.append((found / repetitions, stopped / repetitions))
            if data is BINARY:
                treated_rate = RATE + EFFECT * BINARY.deviation
                promised = power_of_proportions(RATE, treated_rate, units, plan, LEVEL).power or 0.0
            else:
                promised = power_of_means(EFFECT, 1.0, units, plan, LEVEL).power or 0.0
            yield [
                name, data.name, str(units), f"{promised:.0%}", f"{cells[0][0]:.1%}",
                *(f"{mean:.0f}" for _, mean in cells),
            ]  # fmt: skip
