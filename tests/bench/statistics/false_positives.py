"""How often an experiment finds something where there is nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bench.statistics.data import (
    ALL,
    BINARY,
    LOG_NORMAL,
    NORMAL,
    PARETO_TAIL,
    STUDENT,
    Array,
    Data,
    Paths,
    crossed,
    halves,
    ratio_paths,
    score_paths,
    welch_paths,
)
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon, GroupSequential, Plan, Spending

LEVEL = 0.05
RARE = 0.02
PLANNED = 400
"""Units of both arms; looks go on until twice as many."""

PLANS: dict[str, Plan] = {
    "always valid": AlwaysValid(planned_units=PLANNED),
    "five looks, O'Brien–Fleming": GroupSequential(planned_units=PLANNED),
    "five looks, Pocock": GroupSequential(planned_units=PLANNED, spending=Spending.POCOCK),
    "fixed horizon": FixedHorizon(),
}

Make = Callable[[Generator, int, int], Paths]


def rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """A row for each kind of data: always valid with a look at every unit to twice the plan; the others at their looks; and
    what a fixed horizon's test does when it is looked at after every unit."""
    for name, make in _scenes():
        found = dict.fromkeys(["every", *PLANS], 0)
        for count in _chunks(repetitions):
            paths = make(random, count, 2 * PLANNED)
            planned = paths.until(PLANNED)
            for plan_name, plan in PLANS.items():
                of = paths if isinstance(plan, AlwaysValid) else planned
                found[plan_name] += int(crossed(of, plan, LEVEL).any(axis=1).sum())
            found["every"] += int(_peeked(paths).sum())
        yield [name, *(f"{found[key] / repetitions:.1%}" for key in [*PLANS, "every"])]


def family_rows(random: Generator, repetitions: int, candidates: int = 5) -> Iterator[list[str]]:
    """The candidates of one run, as the loop tests them: one after the other, each in an experiment of its own that is looked at
    after every unit and ends when it shows something or is over. How often any that is not different is found better or worse: by
    Holm's correction, by which a candidate that was shown leaves the others its share, and without; where none of them is
    different, and where the first two are better by half a deviation."""
    for data in (*ALL,):
        cells = []
        for better in (0, 2):
            wrong = {"holm": 0, "plain": 0}
            for count in _chunks(repetitions, 100):
                shown = np.zeros(count, dtype=int)  # before this candidate, with the correction
                holm, plain = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
                for candidate in range(candidates):
                    paths = _experiment(random, data, count, 0.5 if candidate < better else 0.0)
                    found = _shown_in_turn(paths, shown, candidates)
                    if candidate >= better:
                        holm |= found
                        plain |= crossed(paths, PLANS["always valid"], LEVEL).any(axis=1)
                    shown += found
                wrong["holm"] += int(holm.sum())
                wrong["plain"] += int(plain.sum())
            cells += [f"{wrong[name] / repetitions:.1%}" for name in ("holm", "plain")]
        yield [data.name, *cells]


def _experiment(random: Generator, data: Data, count: int, effect: float) -> Paths:
    shape = (count, 2 * PLANNED)
    treated = halves(random, shape)
    values = data.with_effect(random, shape, treated, effect)
    return (score_paths if data is BINARY else welch_paths)(values, treated)


def _shown_in_turn(paths: Paths, shown: NDArray[np.int64], candidates: int) -> NDArray[np.bool_]:
    """Whether each experiment ever shows something, of which so many candidates before it have: those leave it a greater share of
    the level, since each of their adjusted p-values is below it."""
    found = np.zeros(len(shown), dtype=bool)
    for before in range(candidates):
        found |= (shown == before) & crossed(paths, PLANS["always valid"], LEVEL, family=candidates - before).any(
            axis=1
        )
    return found


def small_arm_rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """A treatment of few of the units, a look at every unit: by the error that repeated looks go by, and by Welch's alone."""
    for data in (NORMAL, LOG_NORMAL, STUDENT, PARETO_TAIL):
        cells = []
        for share, planned in ((0.25, 400), (0.1, 400), (0.02, 2000)):
            plan = AlwaysValid(planned_units=planned, treatment_share=share)
            greater = welch = 0
            for count in _chunks(repetitions, 100):
                shape = (count, 2 * planned)
                paths = welch_paths(data.draw(random, shape), random.random(shape) < share)
                greater += int(crossed(paths, plan, LEVEL).any(axis=1).sum())
                welch += int(crossed(replace(paths, at_looks=paths.t), plan, LEVEL).any(axis=1).sum())
            cells += [f"{greater / repetitions:.1%}", f"{welch / repetitions:.1%}"]
        yield [data.name, *cells]


def clustered_rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """Units with several executions that depend on each other: means of units, ratios over units, and executions taken for
    units."""
    plan = AlwaysValid(planned_units=PLANNED)
    for correlation, skewed in ((0.1, False), (0.5, False), (0.5, True)):
        means = ratio = naive = 0
        for count in _chunks(repetitions):
            shape = (count, PLANNED)
            treated = halves(random, shape)
            sizes = 1 + random.poisson(4, shape) if not skewed else np.ceil(random.lognormal(1, 0.8, shape)).astype(int)
            own = random.normal(0, np.sqrt(correlation), shape)
            sums = sizes * own + random.normal(0, 1, shape) * np.sqrt((1 - correlation) * sizes)
            # A unit that has more executions is also worse: then the mean of units is not that of executions.
            sums += 0.3 * skewed * sizes * (sizes > 4)
            means += int(crossed(welch_paths(sums / sizes, treated), plan, LEVEL).any(axis=1).sum())
            ratio += int(crossed(ratio_paths(sums, sizes.astype(float), treated), plan, LEVEL).any(axis=1).sum())
            naive += int(_executions(sums, sizes, treated, plan).sum())
        size = "1 to many, the more the worse" if skewed else "5 on average"
        yield [size, f"{correlation}", *(f"{each / repetitions:.1%}" for each in (means, ratio, naive))]


def _executions(
    sums: Array, sizes: NDArray[np.int64], treated: NDArray[np.bool_], plan: AlwaysValid
) -> NDArray[np.bool_]:
    """The same boundary over executions, each with a variance of 1, as if they were independent: what must not be done."""
    arms = []
    for mask in (~treated, treated):
        x = np.cumsum(sizes * mask, axis=1)
        arms.append((x, np.cumsum(sums * mask, axis=1) / np.maximum(x, 1)))
    (x, before), (y, after) = arms
    with np.errstate(divide="ignore"):
        z = np.abs(after - before) / np.sqrt(1 / x + 1 / y)
    whole = x + y
    known = whole * np.log(1 / LEVEL) * 2 / (PLANNED * sizes.mean())
    limit = np.sqrt((1 + 1 / known) * (np.log1p(known) - 2 * np.log(LEVEL)))
    return ((z > limit) & (np.minimum(x, y) >= plan.first_look)).any(axis=1)


def _peeked(paths: Paths) -> NDArray[np.bool_]:
    """Whether |t| is ever beyond 1.96 after 30 units in each arm."""
    return ((np.abs(paths.t) > 1.96) & (paths.fewest >= 30)).any(axis=1)


def _scenes() -> Iterator[tuple[str, Make]]:
    def of(data: Data, change: Callable[[Array], Array] = lambda values: values, share: float = 0.5) -> Make:
        paths = score_paths if data is BINARY else welch_paths
        return lambda random, count, n: paths(change(data.draw(random, (count, n))), random.random((count, n)) < share)

    for data in ALL:
        yield data.name, of(data)
    yield (
        f"binary, {RARE:.0%}",
        lambda random, count, n: score_paths(
            (random.random((count, n)) < RARE).astype(float), halves(random, (count, n))
        ),
    )
    for data in (NORMAL, LOG_NORMAL, BINARY):
        yield f"{data.name}, a tenth treated", of(data, share=0.1)
    yield f"{LOG_NORMAL.name}, logarithms", of(LOG_NORMAL, np.log)
    yield f"{LOG_NORMAL.name}, logarithms, a tenth treated", of(LOG_NORMAL, np.log, share=0.1)
    yield f"{LOG_NORMAL.name}, winsorised at 8", of(LOG_NORMAL, lambda values: np.minimum(values, 8.0))


def _chunks(repetitions: int, size: int = 250) -> Iterator[int]:
    while repetitions > 0:
        yield min(size, repetitions)
        repetitions -= size
