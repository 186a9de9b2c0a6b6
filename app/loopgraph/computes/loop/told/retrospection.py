"""Compares two versions that people ran as they chose, as far as what was recorded lets them be compared.

Nobody assigned the versions, so that what went with the choice counts for the version unless it is adjusted for. Two ways of that
stand beside the plain difference of means:

- stratified: within each combination of levels in which both versions were used, and over these by how many units they have
  (direct standardisation; Cochran 1968).
- overlap-weighted: the probability of the candidate by the levels of all factors (a logistic model of main effects), and units
  weighted by that of the version that they did not use (Li, Morgan & Zaslavsky 2018). It needs no combination with both. The
  weights make the levels of both alike, so that the difference is that of a weighted regression on them, and so is its error.
  Where the levels tell the version, or all but tell it (``LEAST_OVERLAP``), the difference is that of the levels as well: there
  is no estimate.

One row is a unit with one version; errors are summed up by unit, since what a unit did with both is not independent. Neither way
knows what was not recorded.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loopgraph.contracts.loop.design import Metric
from loopgraph.contracts.loop.distinctions import Factor
from loopgraph.contracts.loop.retrospection import (
    ADJUSTABLE,
    FEW_UNITS,
    LEAST_OVERLAP,
    LEVEL,
    LITTLE_OVERLAP,
    MOST_LEVELS,
    AdjustedEstimate,
    Adjustment,
    Balance,
    Caveat,
    NotAdjusted,
    ObservedSide,
    ObservedUnit,
    Retrospection,
    Unadjusted,
)
from loopgraph.contracts.statistics.estimates import NoEstimate

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

UNKNOWN: Final = "unknown"
OTHERS: Final = "all others"
_RIDGE: Final = 1e-3
"""So little is taken off the coefficients of the logistic model that levels which together tell the version have finite ones."""
_STEPS: Final = 50


def retrospection(
    units: Sequence[ObservedUnit],
    metric: Metric,
    wanted: Sequence[Factor],
    *,
    left_out: int = 0,
    truncated: bool = False,
) -> Retrospection:
    """How the two versions did, with every way of adjusting, and with all that could not be adjusted for."""
    ordered = sorted(units, key=lambda one: (one.unit, one.is_candidate))
    adjusted, skipped = _factors(ordered, wanted)
    levels, united = _coarsened(ordered, adjusted)
    table = _Table(ordered, levels)
    stratified, overlap = table.stratified(), table.in_overlap
    estimates = [_estimate(table, Adjustment.NONE, np.ones(len(ordered)), metric)]
    if adjusted:
        estimates.append(_estimate(table, Adjustment.STRATIFIED, stratified, metric))
        estimates.append(_estimate(table, Adjustment.OVERLAP_WEIGHTED, table.overlap_weights(), metric))
    both = len(ordered) - len({one.unit for one in ordered})
    share = float(overlap.mean()) if ordered else None
    return Retrospection(
        metric=metric,
        base=_side([one for one in ordered if not one.is_candidate]),
        candidate=_side([one for one in ordered if one.is_candidate]),
        adjusted_for=tuple(adjusted),
        not_adjusted=skipped,
        overlap=share,
        strata=len(set(table.strata)),
        units_in_both=both,
        left_out=left_out,
        truncated=truncated,
        estimates=tuple(estimates),
        balance=_balance(table, adjusted, stratified),
        caveats=_caveats(ordered, adjusted, estimates, share, both=both, united=united),
    )


class _Table:
    """The rows as columns. ``strata`` are numbers of combinations of levels."""

    def __init__(self, units: Sequence[ObservedUnit], levels: Sequence[tuple[str, ...]]) -> None:
        numbers = {combination: number for number, combination in enumerate(dict.fromkeys(levels))}
        self.levels = levels
        self.values: Floats = np.array([one.value for one in units], dtype=np.float64)
        self.candidate: Bools = np.array([one.is_candidate for one in units], dtype=np.bool_)
        self.strata = np.array([numbers[combination] for combination in levels], dtype=np.int64)
        clusters = {unit: number for number, unit in enumerate(dict.fromkeys(one.unit for one in units))}
        self.clusters = np.array([clusters[one.unit] for one in units], dtype=np.int64)
        self._counts = [self._count(~self.candidate), self._count(self.candidate)]
        shared = (self._counts[0] > 0) & (self._counts[1] > 0)
        self.in_overlap: Bools = shared[self.strata] if len(units) else np.zeros(0, dtype=np.bool_)

    def _count(self, rows: Bools) -> Floats:
        size = int(self.strata.max()) + 1 if len(self.strata) else 0
        return np.bincount(self.strata[rows], minlength=size).astype(np.float64)

    def stratified(self) -> Floats:
        """Weights by which each version has its strata as both have them together; 0 outside of the overlap."""
        weights = np.zeros(len(self.values))
        for number, rows in enumerate((~self.candidate, self.candidate)):
            mine = rows & self.in_overlap
            strata = self.strata[mine]
            weights[mine] = (self._counts[0] + self._counts[1])[strata] / self._counts[number][strata]
        return weights

    def indicators(self) -> Floats:
        """A column of ones, and one for each level of each factor but its first."""
        columns = [np.ones(len(self.values))]
        for place in range(len(self.levels[0]) if self.levels else 0):
            names = sorted({combination[place] for combination in self.levels})
            columns += [np.array([float(each[place] == name) for each in self.levels]) for name in names[1:]]
        return np.column_stack(columns)

    def overlap_weights(self) -> Floats | NoEstimate:
        """Weights by the probability of the other version, or why there are none. A level that one version alone has tells the
        version for certain: the weight there is 0."""
        rows = self._shared_levels()
        x, y = self.indicators()[rows], self.candidate[rows].astype(np.float64)
        if not rows.any() or _rank(np.column_stack([x, y])) == _rank(x):
            return NoEstimate.NO_OVERLAP
        probability = _logistic(x, y)
        if probability is None:
            return NoEstimate.UNREACHABLE
        if float((probability * (1.0 - probability)).sum()) < LEAST_OVERLAP:
            return NoEstimate.NO_OVERLAP
        weights = np.zeros(len(self.values))
        weights[rows] = np.where(self.candidate[rows], 1.0 - probability, probability)
        return weights

    def _shared_levels(self) -> Bools:
        """The rows all of whose levels both versions have, among these rows."""
        rows = np.ones(len(self.levels), dtype=np.bool_)
        while True:
            found = [set[tuple[int, str]](), set[tuple[int, str]]()]
            for levels, is_candidate, kept in zip(self.levels, self.candidate, rows, strict=True):
                if kept:
                    found[int(is_candidate)].update(enumerate(levels))
            shared = found[0] & found[1]
            kept_rows = rows & np.array(
                [shared.issuperset(enumerate(levels)) for levels in self.levels], dtype=np.bool_
            )
            if (kept_rows == rows).all():
                return rows
            rows = kept_rows


def _rank(x: Floats) -> int:
    return int(np.linalg.matrix_rank(x))


def _logistic(x: Floats, y: Floats) -> Floats | None:
    """The fitted probabilities of a logistic model, by Newton's steps; None where these come to no end."""
    beta, ridge = np.zeros(x.shape[1]), np.full(x.shape[1], _RIDGE)
    ridge[0] = 0.0
    for _ in range(_STEPS):
        with np.errstate(over="ignore"):
            probability = 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -30.0, 30.0)))
        hessian = (x * (probability * (1.0 - probability))[:, None]).T @ x + np.diag(ridge)
        try:
            step = np.linalg.solve(hessian, x.T @ (y - probability) - ridge * beta)
        except np.linalg.LinAlgError:
            return None
        beta += step
        if float(np.abs(step).max()) < 1e-8:
            return probability
    return None


def _estimate(table: _Table, adjustment: Adjustment, weights: Floats | NoEstimate, metric: Metric) -> AdjustedEstimate:
    """The difference of weighted means, with an error that is summed up by unit."""
    if isinstance(weights, NoEstimate):
        return AdjustedEstimate(adjustment=adjustment, reason=weights)
    counts = weights > 1e-12
    sides = [counts & ~table.candidate, counts & table.candidate]
    numbers = {"base_units": int(sides[0].sum()), "candidate_units": int(sides[1].sum())}
    if not min(numbers.values()):
        return AdjustedEstimate(adjustment=adjustment, **numbers, reason=NoEstimate.NO_UNITS)
    means = [float(np.average(table.values[side], weights=weights[side])) for side in sides]
    effect = means[1] - means[0]
    if not math.isfinite(effect):
        return AdjustedEstimate(adjustment=adjustment, **numbers, reason=NoEstimate.NOT_FINITE)
    worth = [float(weights[side].sum() ** 2 / np.square(weights[side]).sum()) for side in sides]
    sign = -1.0 if metric.smaller_is_better else 1.0
    known = {
        "adjustment": adjustment,
        **numbers,
        "base_mean": means[0],
        "candidate_mean": means[1],
        "effect": effect,
        "gain": sign * effect / abs(means[0]) if means[0] else None,
        "effective_units": sum(worth),
    }
    if adjustment is Adjustment.STRATIFIED:
        error = _stratified_error(table, weights, sides)
    else:
        x = table.indicators() if adjustment is Adjustment.OVERLAP_WEIGHTED else np.ones((len(weights), 1))
        error = _regression_error(table, weights, sides, x)
    if error is None:
        return AdjustedEstimate(**known, reason=NoEstimate.TOO_FEW_UNITS)
    if error <= 1e-12 * max(abs(means[0]), abs(means[1])):
        return AdjustedEstimate(**known, reason=NoEstimate.NO_VARIANCE)
    from scipy import special

    freedom = max(1.0, min(worth) - 1.0)
    half = error * -float(special.stdtrit(freedom, LEVEL / 2))
    return AdjustedEstimate(
        **known,
        effect_interval=(effect - half, effect + half),
        p_value=min(1.0, 2.0 * float(special.stdtr(freedom, -abs(effect) / error))),
    )


def _regression_error(table: _Table, weights: Floats, sides: Sequence[Bools], x: Floats) -> float | None:
    """Of the difference of weighted means: what each row adds, beyond what its levels tell of it, summed up by unit."""
    counts = weights > 1e-12
    x = np.column_stack([x, table.candidate.astype(np.float64)])
    root = np.sqrt(weights[counts])
    beta, _, rank, _ = np.linalg.lstsq(x[counts] * root[:, None], table.values[counts] * root, rcond=None)
    n, freedom = int(counts.sum()), int(counts.sum()) - int(rank)
    if freedom < 1 or min(int(side.sum()) for side in sides) < 2:
        return None
    residuals = (table.values - x @ beta) * math.sqrt(n / freedom)
    influence = np.zeros(len(weights))
    for side, sign in zip(sides, (-1.0, 1.0), strict=True):
        influence[side] = sign * weights[side] / weights[side].sum() * residuals[side]
    return _by_unit(table, influence)


def _stratified_error(table: _Table, weights: Floats, sides: Sequence[Bools]) -> float | None:
    """The same, of what each row adds about the mean of its stratum and version."""
    influence, alone = np.zeros(len(weights)), 0.0
    for side, sign in zip(sides, (-1.0, 1.0), strict=True):
        shares, values, strata = weights[side] / weights[side].sum(), table.values[side], table.strata[side]
        sizes = np.bincount(strata)
        size, own = sizes[strata], (np.bincount(strata, weights=values) / np.maximum(sizes, 1))[strata]
        several = size > 1
        freedom = int(several.sum()) - len(set(strata[several].tolist()))
        if freedom < 1:
            return None
        influence[side] = sign * shares * (values - own) * np.sqrt(size / np.maximum(size - 1, 1))
        # A stratum of one unit tells nothing of how units vary: it is taken to vary as those within the others do.
        pooled = float(np.square(values - own)[several].sum()) / freedom
        alone += pooled * float(np.square(shares[~several]).sum())
    return math.hypot(_by_unit(table, influence), math.sqrt(alone))


def _by_unit(table: _Table, influence: Floats) -> float:
    return math.sqrt(float(np.square(np.bincount(table.clusters, weights=influence)).sum()))


# What is adjusted for


def _factors(units: Sequence[ObservedUnit], wanted: Sequence[Factor]) -> tuple[list[Factor], tuple[NotAdjusted, ...]]:
    """Those of which something is known that varies, and why the others are not."""
    adjusted, skipped = [], []
    for factor in Factor:
        found = {one.levels.get(factor) for one in units}
        reason = None
        if factor not in ADJUSTABLE:
            reason = Unadjusted.AFTER_THE_VERSION
        elif factor not in wanted:
            reason = Unadjusted.NOT_ASKED
        elif found <= {None}:
            reason = Unadjusted.NOT_RECORDED
        elif len(found) == 1:
            reason = Unadjusted.NO_VARIATION
        if reason is None:
            adjusted.append(factor)
        else:
            skipped.append(NotAdjusted(factor=factor, reason=reason))
    return adjusted, tuple(skipped)


def _coarsened(units: Sequence[ObservedUnit], factors: Sequence[Factor]) -> tuple[list[tuple[str, ...]], bool]:
    """The levels of each row, one for each factor; of a factor with many, the smallest are one. Whether that was so."""
    kept: dict[Factor, set[str]] = {}
    united = False
    for factor in factors:
        counts = Counter(one.levels.get(factor, UNKNOWN) for one in units)
        largest = sorted(counts, key=lambda name: (-counts[name], name))[:MOST_LEVELS]
        united |= len(counts) > len(largest)
        kept[factor] = set(largest)
    return [
        tuple(level if (level := one.levels.get(factor, UNKNOWN)) in kept[factor] else OTHERS for factor in factors)
        for one in units
    ], united


def _balance(table: _Table, factors: Sequence[Factor], weights: Floats) -> tuple[Balance, ...]:
    """How the levels are spread over both versions, before and after they are stratified."""
    found = []
    sides = [~table.candidate, table.candidate]
    for place, factor in enumerate(factors):
        for level in sorted({combination[place] for combination in table.levels}):
            at = np.array([combination[place] == level for combination in table.levels], dtype=np.float64)
            plain = [_share(at[side], np.ones(int(side.sum()))) or 0.0 for side in sides]
            even = [_share(at[side], weights[side]) for side in sides]
            found.append(
                Balance(
                    factor=factor,
                    level=level,
                    base_share=plain[0],
                    candidate_share=plain[1],
                    weighted_base_share=even[0],
                    weighted_candidate_share=even[1],
                )
            )
    return tuple(found)


def _share(at: Floats, weights: Floats) -> float | None:
    whole = float(weights.sum())
    return min(1.0, float((at * weights).sum()) / whole) if whole else None


def _side(units: Sequence[ObservedUnit]) -> ObservedSide:
    return ObservedSide(
        units=len(units),
        executions=sum(one.executions for one in units),
        mean=math.fsum(one.value for one in units) / len(units) if units else None,
        first_at=min((one.began for one in units), default=None),
        last_at=max((one.ended for one in units), default=None),
    )


def _caveats(
    units: Sequence[ObservedUnit],
    adjusted: Sequence[Factor],
    estimates: Sequence[AdjustedEstimate],
    overlap: float | None,
    *,
    both: int,
    united: bool,
) -> tuple[Caveat, ...]:
    spans: defaultdict[bool, list[ObservedUnit]] = defaultdict(list)
    for one in units:
        spans[one.is_candidate].append(one)
    ranges = [(min(one.began for one in side), max(one.ended for one in side)) for side in spans.values()]
    apart = len(ranges) == 2 and (ranges[0][1] < ranges[1][0] or ranges[1][1] < ranges[0][0])
    told = [one.effect_interval for one in estimates if one.adjustment is not Adjustment.NONE and one.effect_interval]
    holds = {
        Caveat.NOT_ASSIGNED: True,
        Caveat.LITTLE_OVERLAP: overlap is not None and overlap < LITTLE_OVERLAP,
        Caveat.OTHER_TIMES: apart,
        Caveat.FEW_UNITS: min(len(spans[False]), len(spans[True])) < FEW_UNITS
        or any(min(one.base_units, one.candidate_units) < FEW_UNITS for one in estimates),
        Caveat.METHODS_DISAGREE: len(told) == 2 and (told[0][1] < told[1][0] or told[1][1] < told[0][0]),
        Caveat.UNITS_IN_BOTH: both > 0,
        Caveat.LEVELS_UNITED: united,
        Caveat.PARTLY_UNKNOWN: any(factor not in one.levels for factor in adjusted for one in units),
    }
    return tuple(caveat for caveat, does in holds.items() if does)
