"""What adjusting for what units did before is worth (CUPED), looked at after every unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bench.statistics.data import Array, Paths, crossed, halves, welch_paths
from bench.statistics.false_positives import LEVEL, PLANNED
from loopgraph.computes.loop.statistics.analysis import analyse
from loopgraph.contracts.statistics.metrics import Direction, MetricDefinition, MetricKind
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon
from loopgraph.contracts.statistics.samples import UnitValue
from loopgraph.reducers.unit_samples import unit_samples

EFFECT = 0.3
"""Standard deviations of a unit."""

CORRELATIONS = (0.0, 0.5, 0.8, 0.95)
"""Of what a unit does with what it did before."""

FIRST = 10
"""Units of each arm at the first look, as the loop has it."""


def rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """Normal values and those that are log-normal (σ = 1), with a past for all units or for half of them: how often something is
    found where there is nothing, and where there is an effect, by how many units; plain and adjusted."""
    plan = AlwaysValid(planned_units=PLANNED, first_look=FIRST)
    for name, correlation, known, log in [
        *(("normal", each, 1.0, False) for each in CORRELATIONS),
        ("normal", 0.8, 0.5, False),
        ("log-normal, σ = 1", 0.8, 1.0, True),
    ]:
        cells = []
        for effect in (0.0, EFFECT):
            found, stopped = np.zeros(2), np.zeros(2)
            for start in range(0, repetitions, 250):
                shape = (min(250, repetitions - start), 2 * PLANNED)
                values, past = _drawn(random, shape, correlation, log=log)
                treated = halves(random, shape)
                values = values + effect * values_deviation(log=log) * treated
                past = np.where(random.random(shape) < known, past, np.nan)
                for place, paths in enumerate((welch_paths(values, treated), cuped_paths(values, past, treated))):
                    looks = crossed(paths, plan, LEVEL)
                    hit = looks.any(axis=1)
                    found[place] += hit.sum()
                    stopped[place] += np.where(hit, looks.argmax(axis=1) + 1, 2 * PLANNED).sum()
            cells.append((found / repetitions, stopped / repetitions))
        nothing, something = cells
        units = [f"{each:.0f}" for each in something[1]]
        rates = [f"{each:.1%}" for each in (*nothing[0], *something[0])]
        yield [name, f"{correlation:g}", f"{known:.0%}", *rates, *units]


def uneven_rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """Arms of which one has more units with a past, by luck: how often they are found different where they are not, at one look,
    by the loop's own functions, plain and adjusted."""
    for units in (10, 15, 30):
        for shares in ((0.5, 0.5), (0.8, 0.2), (0.9, 0.4)):
            cells = []
            for correlation in (0.8, 0.95):
                found = np.zeros(2)
                for _ in range(repetitions):
                    arms = [_with_past(random, units, share, correlation) for share in shares]
                    for place, metric in enumerate((_PLAIN, _ADJUSTED)):
                        p_value = analyse(metric, unit_samples(metric, *arms), FixedHorizon(), LEVEL).p_value
                        found[place] += p_value is not None and p_value < LEVEL
                cells += [f"{each:.1%}" for each in found / repetitions]
            yield [f"{units}", " and ".join(f"{share:.0%}" for share in shares), *cells]


_PLAIN = MetricDefinition(name="duration", kind=MetricKind.MEAN, direction=Direction.SMALLER_IS_BETTER)
_ADJUSTED = _PLAIN.model_copy(update={"covariate": "past"})


def _with_past(random: Generator, units: int, share: float, correlation: float) -> list[UnitValue]:
    known = np.arange(units) < round(units * share)
    values, past = _drawn(random, (1, units), correlation, log=False)
    rows_ = zip(values[0].tolist(), past[0].tolist(), known, strict=True)
    return [UnitValue(value, covariate=before if told else None) for value, before, told in rows_]


def values_deviation(*, log: bool) -> float:
    """Of a unit."""
    return float(np.sqrt((np.e - 1) * np.e)) if log else 1.0


def _drawn(random: Generator, shape: tuple[int, int], correlation: float, *, log: bool) -> tuple[Array, Array]:
    past = random.normal(0, 1, shape)
    now = correlation * past + np.sqrt(1 - correlation**2) * random.normal(0, 1, shape)
    return (np.exp(now), np.exp(past)) if log else (now, past)


def cuped_paths(values: Array, past: Array, treated: NDArray[np.bool_]) -> Paths:
    """Of the means of values, adjusted as ``estimators.cuped`` does it; where the past is no number, it is not known, and whether
    it is becomes a covariate, too."""
    known = (~np.isnan(past)).astype(float)
    arms = [_arm(values, (np.nan_to_num(past), known), mask) for mask in (~treated, treated)]
    units = [arm.units for arm in arms]
    all_known = bool(known.all())
    with np.errstate(divide="ignore", invalid="ignore"):
        xx, xk, kk = (arms[0].products[name] + arms[1].products[name] for name in ("xx", "xk", "kk"))
        xy, ky = (arms[0].products[name] + arms[1].products[name] for name in ("xy", "ky"))
        # Of an indicator that does not vary within arms nothing can be told, and where all have a past there is none.
        alone = np.full(xx.shape, all_known) | (kk <= 1e-9)
        determinant = xx * kk - xk**2
        theta = np.where(alone, xy / xx, (kk * xy - xk * ky) / determinant)
        of_known = np.where(alone, 0.0, (xx * ky - xk * xy) / determinant)
        slopes = np.where(alone, 1, 2)
        left = [
            (
                arm.products["yy"] + theta**2 * arm.products["xx"] + of_known**2 * arm.products["kk"]
                + 2 * theta * of_known * arm.products["xk"] - 2 * theta * arm.products["xy"] - 2 * of_known * arm.products["ky"]
            ) / (arm.units - 1)
            for arm in arms
        ]  # fmt: skip
        freedom = units[0] + units[1] - 2
        base = left[0] / units[0] + left[1] / units[1]
        pooled = ((units[0] - 1) * left[0] + (units[1] - 1) * left[1]) / (freedom - slopes)
        apart, apart_known = (arms[1].means[name] - arms[0].means[name] for name in ("x", "k"))
        distance = np.where(
            alone, apart**2 / xx, (kk * apart**2 - 2 * xk * apart * apart_known + xx * apart_known**2) / determinant
        )
        factor = freedom / (freedom - slopes) + distance * pooled / base
        effect = arms[1].means["y"] - arms[0].means["y"] - theta * apart - of_known * apart_known
        own = [factor * each / n for each, n in zip(left, units, strict=True)]
        alike = (own[0] * units[0] * (units[0] - 1) + own[1] * units[1] * (units[1] - 1)) / freedom
        alike = alike * (1 / units[0] + 1 / units[1])
        error = np.sqrt(own[0] + own[1])
        t, at_looks = effect / error, effect / np.sqrt(np.maximum(error**2, alike))
        welch = (own[0] + own[1]) ** 2 / (own[0] ** 2 / (units[0] - 1) + own[1] ** 2 / (units[1] - 1))
    sound = np.isfinite(t) & np.isfinite(at_looks) & np.isfinite(welch)
    return Paths(
        np.where(sound, t, 0.0), np.where(sound, at_looks, 0.0), np.where(sound, welch, 1.0), units[0], units[1]
    )


class _Sums(NamedTuple):
    """Units of an arm, means of value (y), past (x), and whether that is known (k), and squares and products around these."""

    units: NDArray[np.int64]
    means: dict[str, Array]
    products: dict[str, Array]


def _arm(values: Array, covariates: tuple[Array, Array], mask: NDArray[np.bool_]) -> _Sums:
    n = np.cumsum(mask, axis=1)
    columns = {"y": values, "x": covariates[0] * covariates[1], "k": covariates[1]}
    with np.errstate(divide="ignore", invalid="ignore"):
        means = {name: np.cumsum(column * mask, axis=1) / n for name, column in columns.items()}
        products = {
            a + b: np.cumsum(columns[a] * columns[b] * mask, axis=1) - n * means[a] * means[b]
            for a, b in ("yy", "xx", "kk", "xk", "xy", "ky")
        }
    squares = {name: np.maximum(0.0, products[name]) for name in ("yy", "xx", "kk")}
    return _Sums(n, means, products | squares)
