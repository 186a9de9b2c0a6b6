"""How often intervals hold what is true, through the functions that the product calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.random import Generator

from bench.statistics.data import BINARY, LOG_NORMAL, NORMAL, PARETO_TAIL, RATE, STUDENT, Data
from loopgraph.computes.loop.statistics.analysis import analyse
from loopgraph.contracts.statistics.estimates import EffectScale
from loopgraph.contracts.statistics.metrics import Direction, Logarithm, MetricDefinition, MetricKind, Winsorised
from loopgraph.contracts.statistics.plans import FixedHorizon
from loopgraph.contracts.statistics.samples import UnitValue
from loopgraph.reducers.unit_samples import unit_samples

UP = Direction.LARGER_IS_BETTER
MEAN = MetricDefinition(name="mean", direction=UP)
WINSORISED = MetricDefinition(name="winsorised mean", direction=UP, tail=Winsorised(upper=0.95))
LOGARITHMS = MetricDefinition(name="logarithms", direction=UP, tail=Logarithm())
CUPED = MetricDefinition(name="mean, CUPED", direction=UP, covariate="before")
RATIO = MetricDefinition(name="ratio", direction=UP, kind=MetricKind.RATIO)
PROPORTION = MetricDefinition(name="proportion", direction=UP, kind=MetricKind.PROPORTION)
RANK = MetricDefinition(name="ranks", direction=UP, kind=MetricKind.RANK)

Arms = tuple[list[UnitValue], list[UnitValue], float]
"""Control, treatment, and the true effect."""


def rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """The share of 95 % intervals that hold the true effect (of a shift by half a deviation, or none where a tail is cut),
    and what p < 0.05 comes to under no effect."""
    for definition, name, units, make in _scenes():
        held = false = known = 0
        for _ in range(repetitions):
            control, treatment, truth = make(random, units)
            found = analyse(definition, unit_samples(definition, control, treatment), FixedHorizon())
            ends = found.relative_interval if found.scale is EffectScale.LOGARITHM else found.interval
            if ends is not None:
                known, held = known + 1, held + (ends[0] <= truth <= ends[1])
            control, treatment, _ = make(random, units, 0.0)
            nothing = analyse(definition, unit_samples(definition, control, treatment), FixedHorizon())
            false += nothing.p_value is not None and nothing.p_value < 0.05
        yield [definition.name, name, str(units), f"{held / known:.1%}", f"{false / repetitions:.1%}"]


def _plain(data: Data) -> Callable[..., Arms]:
    def make(random: Generator, units: int, effect: float = 0.5) -> Arms:
        arms = [
            data.with_effect(random, (units,), np.full(units, treated), effect).tolist() for treated in (False, True)
        ]
        return *([UnitValue(value) for value in arm] for arm in arms), effect * data.deviation

    return make


def _no_effect(data: Data) -> Callable[..., Arms]:
    def make(random: Generator, units: int, effect: float = 0.0) -> Arms:
        return *([UnitValue(value) for value in data.draw(random, (units,)).tolist()] for _ in range(2)), 0.0

    return make


def _multiplied(random: Generator, units: int, effect: float = 0.3) -> Arms:
    before, after = LOG_NORMAL.draw(random, (units,)), LOG_NORMAL.draw(random, (units,)) * (1 + effect)
    return [UnitValue(v) for v in before.tolist()], [UnitValue(v) for v in after.tolist()], effect


def _with_history(random: Generator, units: int, effect: float = 0.5) -> Arms:
    arms = []
    for shift in (0.0, effect):
        own = random.lognormal(0, 0.7, units)
        before, now = own * random.lognormal(0, 0.3, units), own * random.lognormal(0, 0.3, units) + shift
        arms.append([UnitValue(y, 1.0, x) for y, x in zip(now.tolist(), before.tolist(), strict=True)])
    return arms[0], arms[1], effect


def _costs(random: Generator, units: int, effect: float = 0.2) -> Arms:
    arms = []
    for factor in (1.0, 1.0 + effect):
        sizes = 1 + random.poisson(4, units)
        sums = factor * sizes * random.lognormal(-0.125, 0.5, units)
        arms.append([UnitValue(y, float(x)) for y, x in zip(sums.tolist(), sizes.tolist(), strict=True)])
    return arms[0], arms[1], effect


def _rates(random: Generator, units: int, effect: float = 0.1, rate: float = RATE) -> Arms:
    arms = [(random.random(units) < p).astype(float).tolist() for p in (rate, rate + effect)]
    return *([UnitValue(value) for value in arm] for arm in arms), effect


def _rare(random: Generator, units: int, effect: float = 0.02) -> Arms:
    return _rates(random, units, effect, 0.02)


def _scenes() -> Iterator[tuple[MetricDefinition, str, int, Callable[..., Arms]]]:
    for units in (30, 200):
        for data in (NORMAL, LOG_NORMAL, STUDENT, PARETO_TAIL):
            yield MEAN, data.name, units, _plain(data)
        yield WINSORISED, LOG_NORMAL.name, units, _no_effect(LOG_NORMAL)
        yield WINSORISED, PARETO_TAIL.name, units, _no_effect(PARETO_TAIL)
        yield LOGARITHMS, LOG_NORMAL.name, units, _multiplied
        yield CUPED, "log-normal with history", units, _with_history
        yield RATIO, "cost per execution", units, _costs
        yield PROPORTION, BINARY.name, units, _rates
        yield PROPORTION, "binary, 2%", units, _rare
        for data in (NORMAL, LOG_NORMAL, STUDENT):
            yield RANK, data.name, units, _plain(data)
