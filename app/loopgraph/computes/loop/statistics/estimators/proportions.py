"""Proportions: the score test, with Newcombe's interval of the difference (Statistics in Medicine 17, 1998, method 10).

Wilson's intervals of both rates, put together: it keeps within −1 and 1 and says something where an arm has no failure, or
no success, of which the difference over its standard error knows nothing.
"""

from __future__ import annotations

import math
from typing import Final

from loopgraph.computes.loop.statistics.estimators.linear import ArmValue, contrast_of
from loopgraph.computes.loop.statistics.inference import at_looks, estimate_of, look, relative_interval
from loopgraph.contracts.statistics.estimates import Contrast, Estimate, EstimationMethod, Interval, NoEstimate
from loopgraph.contracts.statistics.plans import Plan
from loopgraph.contracts.statistics.samples import BinaryCounts

_FARTHEST: Final = 64.0
"""So many standard errors have no probability."""

_HALVINGS: Final = 48


def proportions(control: BinaryCounts, treatment: BinaryCounts) -> Contrast:
    """The difference of the rates; the variances are those of units whose values are 0 or 1."""
    return contrast_of(EstimationMethod.SCORE, _rate(control), _rate(treatment))


def estimate(control: BinaryCounts, treatment: BinaryCounts, plan: Plan, level: float) -> Estimate:
    """The score test and Newcombe's interval at a look. Where all units of both arms say the same there is no test, but an
    interval."""
    contrast = at_looks(proportions(control, treatment), plan)
    plain = estimate_of(contrast, plan, level).model_copy(update={"degrees_of_freedom": None})
    if contrast.reason not in (None, NoEstimate.NO_VARIANCE):
        return plain
    here = look(plan, level, contrast.units)
    if isinstance(here, NoEstimate):
        return plain.model_copy(update={"reason": here})
    z = score(control, treatment)
    return plain.model_copy(
        update={
            "interval": newcombe(control, treatment, here.critical),
            "relative_interval": relative_interval(contrast, here.critical),
            "p_value": None if z is None else here.p_value(z),
            "critical": here.critical,
            "width_ratio": here.width_ratio,
            "reason": NoEstimate.NO_VARIANCE if z is None else None,
        }
    )


def score(control: BinaryCounts, treatment: BinaryCounts) -> float | None:
    """The difference over its standard error where both rates are the same; None where an arm is empty, or nothing varies."""
    n = control.n + treatment.n
    successes = control.successes + treatment.successes
    if min(control.n, treatment.n) == 0 or not 0 < successes < n:
        return None
    pooled = successes / n
    error = math.sqrt(pooled * (1 - pooled) * (1 / control.n + 1 / treatment.n))
    return (treatment.successes / treatment.n - control.successes / control.n) / error


def newcombe(control: BinaryCounts, treatment: BinaryCounts, critical: float) -> Interval | None:
    """The interval of the difference whose half width would be so many standard errors; None where an arm is empty."""
    before, after = wilson(control, critical), wilson(treatment, critical)
    if before is None or after is None:
        return None
    p, q = control.successes / control.n, treatment.successes / treatment.n
    return q - p - math.hypot(q - after[0], before[1] - p), q - p + math.hypot(after[1] - q, p - before[0])


def reach(control: BinaryCounts, treatment: BinaryCounts, limit: float) -> float | None:
    """At how many standard errors an end of Newcombe's interval comes to a difference: negative where that is less than the one
    that was seen. Infinite where no end comes so far; None where an arm is empty."""
    at_once = newcombe(control, treatment, 0.0)
    if at_once is None:
        return None
    below = limit < at_once[0]
    low, high = 0.0, _FARTHEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        ends = newcombe(control, treatment, middle)
        assert ends is not None, "neither arm is empty"
        if ends[0] <= limit if below else ends[1] >= limit:
            high = middle
        else:
            low = middle
    found = math.inf if high == _FARTHEST else high
    return -found if below else found


def wilson(counts: BinaryCounts, critical: float) -> Interval | None:
    """Wilson's score interval of a rate (JASA 22, 1927), at so many standard errors; None of no units."""
    n, z2 = counts.n, critical * critical
    if n == 0:
        return None
    rate = counts.successes / n
    middle, half = rate + z2 / (2 * n), critical * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    low = 0.0 if counts.successes == 0 else (middle - half) / (1 + z2 / n)
    high = 1.0 if counts.successes == n else (middle + half) / (1 + z2 / n)
    return low, high


def _rate(counts: BinaryCounts) -> ArmValue:
    if counts.n == 0:
        return ArmValue(0, reason=NoEstimate.NO_UNITS)
    rate = counts.successes / counts.n
    if counts.n < 2:
        return ArmValue(counts.n, rate, reason=NoEstimate.TOO_FEW_UNITS)
    return ArmValue(counts.n, rate, rate * (1 - rate) / (counts.n - 1))
