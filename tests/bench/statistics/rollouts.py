"""Exposure that grows in stages, and versions that are watched after they were applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import special

from bench.statistics.data import (
    ALL,
    BINARY,
    LOG_NORMAL,
    NORMAL,
    STUDENT,
    Array,
    crossed,
    score_paths,
    sequence,
    stratified_paths,
    welch_paths,
)
from bench.statistics.false_positives import LEVEL
from loopgraph.computes.loop.experiments.experiment import MIN_UNITS
from loopgraph.contracts.loop.watching import WatchRules
from loopgraph.contracts.statistics.plans import AlwaysValid

STAGES = ((0.01, 4000), (0.05, 1000), (0.10, 500), (0.25, 300), (0.50, 200))
"""The share that is treated, and for how many units."""

PROOF, WATCHED = 200, 1000
"""Units of the applied version in its own proof, and units that come after."""


def staged_rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """No effect, a look at every unit of all stages from ten of each arm on: how often anything is found. Where the work stays as
    it is, and where each stage is half a deviation slower than the one before; by differences within stages, as the loop has it,
    and by the plain one."""
    shares = np.concatenate([np.full(units, share) for share, units in STAGES])
    stage = np.repeat(np.arange(len(STAGES)), [units for _, units in STAGES])
    plan = AlwaysValid(planned_units=240, first_look=MIN_UNITS)
    for data in ALL:
        cells = []
        for drift in (0.0, 0.5):
            within = plain = 0
            for start in range(0, repetitions, 100):
                shape = (min(100, repetitions - start), len(shares))
                treated = random.random(shape) < shares
                values = data.draw(random, shape) + drift * data.deviation * stage
                within += int(crossed(stratified_paths(values, treated, stage), plan, LEVEL).any(axis=1).sum())
                plain += int(crossed(welch_paths(values, treated), plan, LEVEL).any(axis=1).sum())
            cells += [f"{within / repetitions:.1%}", f"{plain / repetitions:.1%}"]
        yield [data.name, *cells]


def watch_rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """The units since against those of the proof, a look at every one, one-sided at 5 %: rolled back by mistake where
    nothing changed, and after how many units where it got worse by so many deviations (median of those that were found)."""
    plan = AlwaysValid(planned_units=2 * PROOF)
    for data in (NORMAL, LOG_NORMAL, BINARY, STUDENT):
        cells = []
        for worse in (0.0, 0.25, 0.5, 1.0):
            hits, after = 0, []
            for start in range(0, repetitions, 100):
                shape = (min(100, repetitions - start), PROOF + WATCHED)
                since = np.broadcast_to(np.arange(shape[1]) >= PROOF, shape)
                values = data.with_effect(random, shape, since, worse)
                paths = (score_paths if data is BINARY else welch_paths)(values, since)
                looks = crossed(paths, plan, 2 * LEVEL) & (paths.t > 0)
                hit = looks.any(axis=1)
                hits += int(hit.sum())
                after += (looks.argmax(axis=1)[hit] + 1 - PROOF).tolist()
            found = f"{hits / repetitions:.1%}"
            cells.append(f"{found} after {np.median(after):.0f}" if worse and after else found)
        yield [data.name, *cells]


Draw = Callable[[Generator, tuple[int, ...]], Array]

SELECTED, SINCE = 30, 1000
"""Units of each arm of an experiment as the loop makes them by default, and units that come after."""

_SCALE = 0.3
"""The deviation of a duration over its mean, where it is normal."""


def applied_rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """What the loop itself does: experiments whose treatment was found better (two-sided at 5 %) are applied, and only those. So
    the proof looks better than it is, the more so the less there was to find. Then a look at every unit since, with the
    margins and the share of the level of ``WatchRules``: how many are rolled back where nothing changed and where the version
    got worse, how many are left to a person because they are still shown to be better than the control, and after how many
    units that is (median)."""
    for name, draw in _DURATIONS.items():
        for gain in (0.0, 0.1, 0.3):
            cells = []
            for worse in (1.0, 1.25, 1.5, 2.0):
                rolled_back, left, after = _watched(random, repetitions, draw, gain, worse)
                told = f"{rolled_back:.1%} and {left:.1%}"
                cells.append(f"{told} after {after:.0f}" if worse > 1 and after else told)
            yield [name, f"{gain:.0%}" if gain else "none", *cells]


_DURATIONS = {
    "normal": lambda random, shape: np.maximum(0.01, random.normal(1, _SCALE, shape)),
    "log-normal, σ = 0.5": lambda random, shape: random.lognormal(-0.125, 0.5, shape),
    "log-normal, σ = 1": lambda random, shape: random.lognormal(-0.5, 1, shape),
}
"""Durations with a mean of 1."""


def _watched(random: Generator, repetitions: int, draw: Draw, gain: float, worse: float) -> tuple[float, float, float]:
    """Of versions that were applied: the shares that are rolled back and left to a person, and after how many units (median)."""
    rules, level = WatchRules(), WatchRules().level / 2
    plan = AlwaysValid(planned_units=2 * SELECTED, first_look=MIN_UNITS)
    rolled_back, left, after, kept = 0, 0, list[int](), 0
    while kept < repetitions:
        control = draw(random, (2000, SELECTED))
        treatment = draw(random, (2000, SELECTED)) * (1 - gain)
        chosen = _better(control, treatment)
        control, treatment = control[chosen], treatment[chosen]
        count = min(len(treatment), repetitions - kept, 250)
        if not count:
            continue
        control, treatment, kept = control[:count], treatment[:count], kept + count
        since = draw(random, (count, SINCE)) * (1 - gain) * worse
        against_proof = _log_ratios(treatment, since)
        # A loss beyond the margin: the lower end of the ratio is above 1 + margin.
        beyond = (against_proof.ratio - np.log1p(rules.margin)) / against_proof.error
        looks = _crossed(against_proof, beyond, plan, 2 * level)
        against_control = _differences(control, since)
        better = _crossed(against_control, -against_control.ratio / against_control.error, plan, 2 * rules.level)
        hit, first = looks.any(axis=1), looks.argmax(axis=1)
        still_better = better[np.arange(count), first]
        rolled_back, left = rolled_back + int((hit & ~still_better).sum()), left + int((hit & still_better).sum())
        after += (first[hit] + 1).tolist()
    return rolled_back / repetitions, left / repetitions, float(np.median(after)) if after else 0.0


@dataclass(frozen=True)
class _Looks:
    """The effect after each unit since (in logarithms of the ratio, or as a difference), its error and degrees of freedom."""

    ratio: Array
    error: Array
    freedom: Array
    units: Array
    proof: int


def _better(control: Array, treatment: Array) -> NDArray[np.bool_]:
    n, m = control.shape[1], treatment.shape[1]
    v, w = control.var(axis=1, ddof=1) / n, treatment.var(axis=1, ddof=1) / m
    t = (treatment.mean(axis=1) - control.mean(axis=1)) / np.sqrt(v + w)
    freedom = (v + w) ** 2 / (v * v / (n - 1) + w * w / (m - 1))
    better: NDArray[np.bool_] = special.stdtr(freedom, t) < LEVEL / 2
    return better


def _arms(proof: Array, since: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Mean and variance of the proof, and of the units since after each of them; how many these are."""
    m = np.arange(1.0, since.shape[1] + 1)
    mean = np.cumsum(since, axis=1) / m
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.maximum(0.0, np.cumsum(since**2, axis=1) - m * mean**2) / (m - 1)
    return proof.mean(axis=1)[:, None], proof.var(axis=1, ddof=1)[:, None], mean, variance, m


def _differences(proof: Array, since: Array) -> _Looks:
    before, v, mean, w, m = _arms(proof, since)
    return _looks(mean - before, v, w, 1.0, 1.0, proof.shape[1], m)


def _log_ratios(proof: Array, since: Array) -> _Looks:
    before, v, mean, w, m = _arms(proof, since)
    return _looks(np.log(mean / before), v, w, before, mean, proof.shape[1], m)


def _looks(effect: Array, v: Array, w: Array, before: Array | float, after: Array | float, n: int, m: Array) -> _Looks:
    """Of variances of units; the error is of values divided by ``before`` and ``after``, the degrees of freedom of plain ones."""
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = v / n, w / m
        freedom = (a + b) ** 2 / (a * a / (n - 1) + b * b / (m - 1))
        v, w = v / before**2, w / after**2
        a, b = v / n, w / m
        pooled = (v * (n - 1) + w * (m - 1)) / (n + m - 2) * (1 / n + 1 / m)
    return _Looks(effect, np.sqrt(np.maximum(a + b, pooled)), np.nan_to_num(freedom, nan=1.0), m, n)


def _crossed(looks: _Looks, statistic: Array, plan: AlwaysValid, level: float) -> NDArray[np.bool_]:
    """Where a statistic is beyond the boundary of the sequence in Student's quantiles, as
    ``computes.loop.statistics.inference`` has it."""
    limits = np.broadcast_to(
        sequence(plan, level, 1, 4 * looks.proof * looks.units / (looks.proof + looks.units)), statistic.shape
    )
    found: NDArray[np.bool_] = (statistic > limits) & (looks.units >= plan.first_look)
    rows, columns = np.nonzero(found)  # Student's quantile is beyond the normal's
    tails = special.stdtr(looks.freedom[rows, columns], -statistic[rows, columns])
    found[rows, columns] = tails < special.ndtr(-limits[rows, columns])
    return found
