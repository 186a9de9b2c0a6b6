"""Which boundary a plan has at a look."""

from __future__ import annotations

from loopgraph.computes.loop.statistics.boundaries import confidence_sequence, fixed_horizon, group_sequential
from loopgraph.contracts.statistics.estimates import Assumption, NoEstimate
from loopgraph.contracts.statistics.plans import AlwaysValid, ArmUnits, FixedHorizon, Horizon, Plan

ASSUMPTIONS = {
    Horizon.FIXED: Assumption.ONE_LOOK,
    Horizon.ALWAYS_VALID: Assumption.MANY_UNITS,
    Horizon.GROUP_SEQUENTIAL: Assumption.DECLARED_LOOKS,
}
"""What each way of looking takes for granted."""


def critical(plan: Plan, level: float, units: ArmUnits, balanced: float | None = None) -> float | NoEstimate:
    """The boundary of a two-sided level for a standard normal statistic, at so many units; ``balanced`` where these tell less
    than two arms of their sizes would."""
    if isinstance(plan, FixedHorizon):
        return fixed_horizon.critical(level)
    if isinstance(plan, AlwaysValid):
        return confidence_sequence.critical(plan, level, units, balanced)
    return group_sequential.critical(plan, level, units.whole)


def p_value(plan: Plan, level: float, z: float, units: ArmUnits, balanced: float | None = None) -> float:
    """The p-value of a standard normal statistic at a look that has a boundary."""
    if isinstance(plan, FixedHorizon):
        return fixed_horizon.p_value(z)
    if isinstance(plan, AlwaysValid):
        return confidence_sequence.p_value(plan, level, z, units.balanced if balanced is None else balanced)
    return group_sequential.p_value(plan, z, units.whole)
