"""Ranks: the test of Mann & Whitney (Ann. Math. Statist. 18, 1947), how probable it is that a unit of the treatment has more
than one of the control, and by how much the treatment is shifted (Hodges & Lehmann, Ann. Math. Statist. 34, 1963).

Outliers weigh no more than their rank. The p-value holds where both arms have the same distribution under no effect.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopgraph.computes.loop.statistics.boundaries.looks import ASSUMPTIONS
from loopgraph.computes.loop.statistics.boundaries.normal import to_student
from loopgraph.computes.loop.statistics.inference import Look, look
from loopgraph.computes.loop.statistics.numbers import finite
from loopgraph.contracts.statistics.estimates import (
    ArmEstimate,
    Assumption,
    EffectScale,
    Estimate,
    EstimationMethod,
    Interval,
    NoEstimate,
)
from loopgraph.contracts.statistics.plans import ArmUnits, FixedHorizon, Plan
from loopgraph.contracts.statistics.samples import RankedValues

EXACT_UNITS = 50
"""Where each arm has fewer units and no two values are the same, the distribution of U is enumerated, as R does."""

Values = NDArray[np.float64]


class Ranks(NamedTuple):
    """U of the treatment over the control: over how many pairs of units the treatment has more, ties counting half.

    ``deviation`` is that of U under the same distribution in both arms, given the ties. ``placements_error`` is the standard
    error of U / (n·m) whatever the distributions (Brunner & Munzel, Biometrical Journal 42, 2000), with its
    ``degrees_of_freedom``.
    """

    u: float
    control_units: int
    treatment_units: int
    deviation: float
    placements_error: float
    degrees_of_freedom: float | None
    ties: bool

    @property
    def superiority(self) -> float:
        """The probability that a unit of the treatment has more than one of the control, ties counting half."""
        return self.u / (self.control_units * self.treatment_units)

    @property
    def exact(self) -> bool:
        """Whether the distribution of U is enumerated."""
        return not self.ties and max(self.control_units, self.treatment_units) < EXACT_UNITS

    def score(self, *, corrected: bool) -> float:
        """U standardised; ``corrected`` by half a pair towards its mean, as R and scipy do. Needs a deviation over 0."""
        apart = self.u - self.control_units * self.treatment_units / 2
        if corrected:
            apart = math.copysign(max(0.0, abs(apart) - 0.5), apart)
        return apart / self.deviation


def estimate(control: RankedValues, treatment: RankedValues, plan: Plan, level: float) -> Estimate:
    """The test and the shift at a look. The values of the arms are their medians; ``effect`` is the shift, not their difference.

    At a fixed horizon, few units without ties are tested exactly. The intervals are of the normal approximation else: where
    it has no room (of a handful of units), they are None.
    """
    plain = Estimate(
        method=EstimationMethod.MANN_WHITNEY,
        horizon=plan.horizon,
        scale=EffectScale.METRIC,
        level=level,
        control=_median(control),
        treatment=_median(treatment),
        assumptions=(Assumption.INDEPENDENT_UNITS, Assumption.SHIFT, ASSUMPTIONS[plan.horizon]),
        reason=_reason(control, treatment),
    )
    if plain.reason is not None:
        return plain
    found = ranks(control, treatment)
    effect = shift(control, treatment)
    plain = plain.model_copy(
        update={
            "effect": effect,
            "relative": _relative(plain.control.value, effect),
            "superiority": found.superiority,
        }
    )
    if not finite(effect):
        return plain.model_copy(update={"effect": None, "relative": None, "reason": NoEstimate.NOT_FINITE})
    if found.deviation == 0.0:
        return plain.model_copy(update={"reason": NoEstimate.NO_VARIANCE})
    here = look(plan, level, ArmUnits(control.n, treatment.n))
    if isinstance(here, NoEstimate):
        return plain.model_copy(update={"reason": here})
    return plain.model_copy(update=_inferred(found, control, treatment, here))


def _inferred(found: Ranks, control: RankedValues, treatment: RankedValues, here: Look) -> dict[str, object]:
    if found.exact and isinstance(here.plan, FixedHorizon):
        p_value, outside = exact_p_value(found), exact_left_out(control.n, treatment.n, here.level)
    else:
        p_value = here.p_value(found.score(corrected=True))
        outside = left_out(found, here.critical)
    return {
        "p_value": p_value,
        "interval": shift_interval(control, treatment, outside),
        "superiority_interval": superiority_interval(found, to_student(here.critical, found.degrees_of_freedom)),
        "critical": here.critical,
        "width_ratio": here.width_ratio,
    }


def _reason(control: RankedValues, treatment: RankedValues) -> NoEstimate | None:
    fewest = min(control.n, treatment.n)
    if fewest < 2:
        return NoEstimate.TOO_FEW_UNITS if fewest else NoEstimate.NO_UNITS
    return None if finite(*control.values, *treatment.values) else NoEstimate.NOT_FINITE


def _median(sample: RankedValues) -> ArmEstimate:
    with np.errstate(over="ignore"):
        median = float(np.median(sample.values)) if sample.n and finite(*sample.values) else None
    return ArmEstimate(units=sample.n, value=median if median is not None and finite(median) else None)


def _relative(before: float | None, effect: float) -> float | None:
    if before is None or before == 0.0 or not finite(effect / abs(before)):
        return None
    return effect / abs(before)


def ranks(control: RankedValues, treatment: RankedValues) -> Ranks:
    """Of arms that have at least two units each, all finite."""
    before, after = np.array(control.values), np.array(treatment.values)
    n, m = len(before), len(after)
    below = _below(before, after)  # of each unit of the treatment: how many of the control are below
    above = m - _below(after, before)  # of each unit of the control: how many of the treatment are above
    _, counts = np.unique(np.concatenate([before, after]), return_counts=True)
    tied = float(np.sum(counts.astype(float) ** 3 - counts))
    whole = n + m
    variance = n * m / 12 * (whole + 1 - tied / (whole * (whole - 1)))
    of_treatment, of_control = float(np.var(below, ddof=1)) / n**2, float(np.var(above, ddof=1)) / m**2
    squared = of_control / n + of_treatment / m
    freedom = (
        squared**2 / ((of_control / n) ** 2 / (n - 1) + (of_treatment / m) ** 2 / (m - 1)) if squared > 0 else None
    )
    return Ranks(
        u=float(below.sum()),
        control_units=n,
        treatment_units=m,
        deviation=math.sqrt(max(0.0, variance)),
        placements_error=math.sqrt(squared),
        degrees_of_freedom=freedom,
        ties=bool((counts > 1).any()),
    )


def exact_p_value(found: Ranks) -> float:
    """Two-sided, from the distribution of U without ties."""
    n, m = found.control_units, found.treatment_units
    u = round(max(found.u, n * m - found.u))
    return min(1.0, 2 * float(_frequencies(n, m)[u:].sum()))


def exact_left_out(control_units: int, treatment_units: int, level: float) -> int:
    """How many differences of pairs the exact interval leaves out on either side; −1 where no interval reaches the level."""
    below = np.cumsum(_frequencies(control_units, treatment_units))
    return int(np.searchsorted(below, level / 2, side="left")) - 1


def left_out(found: Ranks, critical: float) -> int:
    """The same by the normal approximation, with its correction for continuity, at so many standard errors."""
    return math.floor(found.control_units * found.treatment_units / 2 - critical * found.deviation - 0.5)


def shift(control: RankedValues, treatment: RankedValues) -> float:
    """The median of the differences of all pairs of a unit of the treatment and one of the control."""
    before, after = np.array(control.values), np.array(treatment.values)
    pairs = len(before) * len(after)
    middle = [_difference(before, after, k) for k in {(pairs - 1) // 2, pairs // 2}]
    return sum(middle) / len(middle)


def shift_interval(control: RankedValues, treatment: RankedValues, outside: int) -> Interval | None:
    """From the difference of pairs that ``outside`` are below to that which as many are above; None where these are too
    many, or −1."""
    before, after = np.array(control.values), np.array(treatment.values)
    pairs = len(before) * len(after)
    if outside < 0 or 2 * outside >= pairs:
        return None
    return _difference(before, after, outside), _difference(before, after, pairs - 1 - outside)


def superiority_interval(found: Ranks, critical: float) -> Interval | None:
    """On the scale of logits, so that it keeps within 0 and 1; None where every unit of one arm has more than all of the
    other."""
    p = found.superiority
    if found.placements_error == 0.0 or not 0.0 < p < 1.0:
        return None
    middle, half = math.log(p / (1 - p)), critical * found.placements_error / (p * (1 - p))
    return _logistic(middle - half), _logistic(middle + half)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def _below(those: Values, of: Values) -> Values:
    """How many of ``those`` (ascending) are below each, ties counting half."""
    found: Values = (np.searchsorted(those, of, "left") + np.searchsorted(those, of, "right")) / 2
    return found


def _frequencies(n: int, m: int) -> Values:
    """The probability of each U, 0 to n·m, where every order of n and m units is as likely (Mann & Whitney's recurrence)."""
    counts = np.zeros((n + 1, n * m + 1))
    counts[:, 0] = 1.0
    for j in range(1, m + 1):
        for i in range(1, n + 1):
            counts[i, j:] += counts[i - 1, :-j]
    last: Values = counts[n] / counts[n].sum()
    return last


def _difference(control: Values, treatment: Values, k: int) -> float:
    """The k-th smallest (from 0) of all treatment − control, found by halving, since there may be too many to hold."""
    with np.errstate(over="ignore"):  # a difference beyond the range of a float is told as that
        if len(control) * len(treatment) <= 1_000_000:
            return float(np.partition(np.subtract.outer(treatment, control).ravel(), k)[k])
    low, high = float(treatment[0] - control[-1]), float(treatment[-1] - control[0])
    for _ in range(200):
        middle = low + (high - low) / 2
        if not low < middle < high:
            break
        if int(np.searchsorted(control, treatment - middle, "left").sum()) < len(control) * len(treatment) - k:
            high = middle
        else:
            low = middle
    return high
