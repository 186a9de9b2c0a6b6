"""Looks at any time: an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, Ann. Statist. 52, 2024),
with the mixture of normals of Robbins (Ann. Math. Statist. 41, 1970).

With n units and the variance known, ±√((1 + 1/(nρ²))·(2·ln(1/α) + ln(nρ² + 1))) standard errors hold at all n at once; ρ makes
that narrowest at the planned number. What grows with n is what is known of the effect, so n is the number of units in two arms
of one size that would tell as much: then shares may differ, and change as exposure grows.
"""

from __future__ import annotations

import math

from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.plans import AlwaysValid, ArmUnits


def critical(plan: AlwaysValid, level: float, units: ArmUnits, balanced: float | None = None) -> float | NoEstimate:
    """The boundary at so many units."""
    if units.fewest < plan.first_look:
        return NoEstimate.TOO_EARLY
    return boundary(plan, level, units.balanced if balanced is None else balanced)


def boundary(plan: AlwaysValid, level: float, units: float) -> float:
    """The same, of ``ArmUnits.balanced``, however few they are."""
    known = units * tuning(plan, level)
    return math.sqrt((1 + 1 / known) * (math.log1p(known) - 2 * math.log(level)))


def p_value(plan: AlwaysValid, level: float, z: float, units: float) -> float:
    """The p-value, by the mixture that is tuned for ``level``: it holds at every look, and so does the smallest of several
    looks."""
    known = units * tuning(plan, level)
    return min(1.0, math.exp((math.log1p(known) - z * z * known / (1 + known)) / 2))


def tuning(plan: AlwaysValid, level: float) -> float:
    """ρ², by the approximation of Lambert's W that is given there."""
    a = -2 * math.log(level)
    return (a + math.log1p(a)) / (4 * plan.treatment_share * (1 - plan.treatment_share) * plan.planned_units)
