"""Values of units as experiments see them, and what many experiments come to after each unit, all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import special

from loopgraph.computes.loop.statistics.boundaries import confidence_sequence, fixed_horizon, group_sequential
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon, GroupSequential, Plan

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Data:
    """A distribution of units' values: drawn without an effect, and what one standard deviation of it is."""

    name: str
    draw: Callable[[Generator, tuple[int, ...]], Array]
    deviation: float

    def with_effect(
        self, random: Generator, shape: tuple[int, ...], treated: NDArray[np.bool_], effect: float
    ) -> Array:
        """The treated units have an effect of so many standard deviations on their mean."""
        if self.name.startswith("binary"):
            rate = RATE + effect * self.deviation * treated
            return (random.random(shape) < rate).astype(float)
        return self.draw(random, shape) + effect * self.deviation * treated


RATE = 0.2
PARETO = 2.5

NORMAL = Data("normal", lambda random, shape: random.normal(0, 1, shape), 1.0)
LOG_NORMAL = Data(
    "log-normal, σ = 1", lambda random, shape: random.lognormal(0, 1, shape), float(np.sqrt((np.e - 1) * np.e))
)
BINARY = Data(
    f"binary, {RATE:.0%}",
    lambda random, shape: (random.random(shape) < RATE).astype(float),
    float(np.sqrt(RATE * (1 - RATE))),
)
STUDENT = Data("Student's t, 3 df", lambda random, shape: random.standard_t(3, shape), float(np.sqrt(3)))
PARETO_TAIL = Data(
    f"Pareto, α = {PARETO}",
    lambda random, shape: random.pareto(PARETO, shape),
    float(np.sqrt(PARETO / ((PARETO - 1) ** 2 * (PARETO - 2)))),
)
ALL = (NORMAL, LOG_NORMAL, BINARY, STUDENT, PARETO_TAIL)


@dataclass(frozen=True)
class Paths:
    """Experiments (rows) after each unit (columns): the effect over its standard error, the same over the error that repeated
    looks go by, degrees of freedom, and the units of both arms."""

    t: Array
    at_looks: Array
    freedom: Array
    control: NDArray[np.int64]
    treatment: NDArray[np.int64]
    known: Array | None = None

    @property
    def fewest(self) -> NDArray[np.int64]:
        """Units of the smaller arm."""
        return np.minimum(self.control, self.treatment)

    @property
    def balanced(self) -> Array:
        """As ``ArmUnits.balanced``, but at least one; of stages the sum over these."""
        if self.known is not None:
            return np.maximum(1.0, self.known)
        return np.maximum(1.0, 4 * self.control * self.treatment / (self.control + self.treatment))

    def until(self, units: int) -> Paths:
        """The same experiments up to so many units."""
        parts = self.t, self.at_looks, self.freedom, self.control, self.treatment, self.known
        return Paths(*(None if part is None else part[:, :units] for part in parts))

    @property
    def units(self) -> int:
        """How many units each experiment has at its end."""
        return self.t.shape[1]


def welch_paths(values: Array, treated: NDArray[np.bool_]) -> Paths:
    """Of the means of values."""
    return _paths(*_running(values, treated))


def stratified_paths(values: Array, treated: NDArray[np.bool_], stage: NDArray[np.int64]) -> Paths:
    """Of the differences of means within stages, one stage after the other (``estimators.stratified``)."""
    count = values.shape[0]
    before = np.zeros(
        (count, 6)
    )  # of the stages that are over: Σw, Σw·d, and of each arm Σ(w²/n) and sums of squares within
    units = np.zeros((count, 2), dtype=np.int64)
    parts: list[Paths] = []
    stages = np.zeros(count)
    for each in np.unique(stage):
        columns = stage == each
        n, mean, square, m, after, square_of_treated = (
            part for arm in _sums(values[:, columns], treated[:, columns]) for part in arm
        )
        both = (n > 0) & (m > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            w = np.where(both, n * m / (n + m), 0.0)
            terms = [w, w * (after - mean), w * w / n, w * w / m, square, square_of_treated]
        whole = [before[:, [place]] + np.where(both, term, 0.0) for place, term in enumerate(terms)]
        counted = [units[:, [side]] + np.where(both, of, 0) for side, of in enumerate((n, m))]
        parts.append(_stratified(whole, counted, stages[:, None] + both))
        before = np.stack([part[:, -1] for part in whole], axis=1)
        units = np.stack([part[:, -1] for part in counted], axis=1)
        stages = stages + both[:, -1]
    names = ("t", "at_looks", "freedom", "control", "treatment", "known")
    return Paths(*(np.concatenate([getattr(part, name) for part in parts], axis=1) for name in names))


def _sums(values: Array, treated: NDArray[np.bool_]) -> list[tuple[NDArray[np.int64], Array, Array]]:
    """Of both arms: units, mean, and squares around it."""
    found = []
    for mask in (~treated, treated):
        n = np.cumsum(mask, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.nan_to_num(np.cumsum(values * mask, axis=1) / n)
        found.append((n, mean, np.maximum(0.0, np.cumsum(values * values * mask, axis=1) - n * mean * mean)))
    return found


def _stratified(whole: list[Array], units: list[NDArray[np.int64]], stages: Array) -> Paths:
    w, difference, spread, spread_of_treated, square, square_of_treated = whole
    with np.errstate(divide="ignore", invalid="ignore"):
        freedoms = [of - stages for of in units]
        own = [part / w**2 * squares / free for part, squares, free in zip(
            (spread, spread_of_treated), (square, square_of_treated), freedoms, strict=True
        )]  # fmt: skip
        error = np.sqrt(own[0] + own[1])
        pooled = np.sqrt((square + square_of_treated) / (freedoms[0] + freedoms[1]) / w)
        effect = difference / w
        t, at_looks = effect / error, effect / np.maximum(error, pooled)
        freedom = (own[0] + own[1]) ** 2 / (own[0] ** 2 / freedoms[0] + own[1] ** 2 / freedoms[1])
    known = np.isfinite(t) & np.isfinite(freedom) & (np.minimum(*freedoms) > 0)
    return Paths(
        np.where(known, t, 0.0),
        np.where(known, at_looks, 0.0),
        np.where(known, freedom, 1.0),
        units[0],
        units[1],
        4 * w,
    )


def ratio_paths(values: Array, denominators: Array, treated: NDArray[np.bool_]) -> Paths:
    """Of ratios, by the delta method."""
    arms = []
    for mask in (~treated, treated):
        n = np.cumsum(mask, axis=1)
        sums = [np.cumsum(column * mask, axis=1) for column in (values, denominators)]
        products = [
            np.cumsum(a * b * mask, axis=1)
            for a, b in ((values, values), (values, denominators), (denominators, denominators))
        ]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio, mean = sums[0] / sums[1], sums[1] / n
            squares = products[0] - 2 * ratio * products[1] + ratio**2 * products[2]  # of y − r·x, whose mean is 0
            arms.append((n, ratio, squares / (n - 1) / n / mean**2))
    return _paths(arms[0], arms[1])


def score_paths(values: Array, treated: NDArray[np.bool_]) -> Paths:
    """Of proportions, by the score test."""
    (n, p, _), (m, q, _) = _running(values, treated)
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (n * p + m * q) / (n + m)
        t = (q - p) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    t = np.nan_to_num(t, nan=0.0, posinf=0.0, neginf=0.0)
    return Paths(t, t, np.full(t.shape, np.inf), n, m)


def _running(values: Array, treated: NDArray[np.bool_]) -> list[tuple[NDArray[np.int64], Array, Array]]:
    arms = []
    for mask in (~treated, treated):
        n = np.cumsum(mask, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.cumsum(values * mask, axis=1) / n
            squares = np.cumsum(values * values * mask, axis=1) - n * mean * mean
            arms.append((n, mean, np.maximum(squares, 0) / (n - 1) / n))
    return arms


def _paths(control: tuple[NDArray[np.int64], Array, Array], treatment: tuple[NDArray[np.int64], Array, Array]) -> Paths:
    (n, before, v), (m, after, w) = control, treatment
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (after - before) / np.sqrt(v + w)
        freedom = (v + w) ** 2 / (v * v / (n - 1) + w * w / (m - 1))
        pooled = (v * n * (n - 1) + w * m * (m - 1)) / (n + m - 2) * (1 / n + 1 / m)
        at_looks = (after - before) / np.sqrt(np.maximum(v + w, pooled))
    known = np.isfinite(t) & np.isfinite(freedom)
    return Paths(np.where(known, t, 0.0), np.where(known, at_looks, 0.0), np.where(known, freedom, 1.0), n, m)


def crossed(paths: Paths, plan: Plan, level: float, *, family: int = 1) -> NDArray[np.bool_]:
    """At which looks each experiment has p < ``level`` (over ``family``), as the product's boundaries have it: for
    always-valid plans at every unit, for group-sequential ones at even looks, at a fixed horizon at the last unit."""
    n = paths.units
    limits = np.full(paths.t.shape, np.inf)
    if isinstance(plan, FixedHorizon):
        limits[:, -1] = fixed_horizon.critical(level / family)
    elif isinstance(plan, GroupSequential):
        times = tuple((look + 1) / plan.planned_looks for look in range(plan.planned_looks))
        for time, bound in zip(times, group_sequential.bounds(plan.spending, level / family, times), strict=True):
            limits[:, min(n, round(time * plan.planned_units)) - 1] = bound
    else:
        limits = sequence(plan, level, family, paths.balanced)
    t = paths.t if isinstance(plan, FixedHorizon) else paths.at_looks
    found = np.abs(t) > limits
    if isinstance(plan, AlwaysValid):
        found &= paths.fewest >= plan.first_look
    rows, columns = np.nonzero(found)
    # Student's quantile is beyond the normal's, so only what crossed the latter can have crossed the former.
    freedom, tails = paths.freedom[rows, columns], special.ndtr(-limits[rows, columns])
    found[rows, columns] = special.stdtr(freedom, -np.abs(t[rows, columns])) < tails
    return found


def sequence(plan: AlwaysValid, level: float, family: int, balanced: Array) -> Array:
    """The boundary where the always-valid p-value, tuned for ``level``, is ``level / family``."""
    known = balanced * confidence_sequence.tuning(plan, level)
    return np.sqrt((1 + 1 / known) * (np.log1p(known) - 2 * np.log(level / family)))


def halves(random: Generator, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Which units are in the treatment: each with a probability of a half."""
    return random.random(shape) < 0.5
