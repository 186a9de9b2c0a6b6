"""How surely an effect is found, and how many units that takes: before the start, and while it runs.

Ask for the effect that matters, never for the one that was seen: power at the observed effect is the p-value again in other words
(Hoenig & Heisey, The American Statistician 55, 2001). Units still needed rest on the planned effect and the deviation that
was seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from loopgraph.computes.loop.statistics.boundaries import confidence_sequence, group_sequential
from loopgraph.computes.loop.statistics.boundaries.fixed_horizon import critical
from loopgraph.computes.loop.statistics.boundaries.looks import ASSUMPTIONS
from loopgraph.computes.loop.statistics.numbers import check_level
from loopgraph.contracts.statistics.decisions import Power
from loopgraph.contracts.statistics.estimates import Assumption, NoEstimate
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon, GroupSequential, Plan
from loopgraph.errors import InvalidInput

MOST_UNITS = 1_000_000_000

_CERTAIN = 60.0
"""An expected effect of so many standard errors, or more, is found."""

LOOKS = 40
"""At how many looks the power of a confidence sequence is computed: what crosses between them is left out, so it is a little
more."""


def power_of_means(
    effect: float, deviation: float, units: float, plan: Plan, level: float = 0.05, treatment_share: float = 0.5
) -> Power:
    """Of a difference of means, by so many units of both arms, whose values deviate by ``deviation`` in each.

    At a fixed horizon by the noncentral t distribution; in several looks by the normal one. Of a metric that CUPED adjusts,
    the deviation is what the covariate leaves. Raises InvalidInput for an effect, a deviation, units, a level or a share that
    cannot be.
    """
    _check(units, level, treatment_share, deviation)
    if not math.isfinite(effect):
        raise InvalidInput("effect", f"must be a finite number, not {effect!r}")
    result = Power(
        effect=effect, level=level, horizon=plan.horizon, units=math.ceil(units), assumptions=_assumed(plan, equal=True)
    )
    if units * min(treatment_share, 1 - treatment_share) < 2:
        return result.model_copy(update={"reason": NoEstimate.TOO_FEW_UNITS})
    drift = _drift(effect, deviation, units, treatment_share)
    if isinstance(plan, FixedHorizon):
        return result.model_copy(update={"power": _student(drift, units - 2, level)})
    return result.model_copy(update={"power": _sequential(drift, 1.0, units, plan, level, treatment_share)})


def units_for_means(
    effect: float,
    deviation: float,
    plan: Plan,
    level: float = 0.05,
    power: float = 0.8,
    treatment_share: float = 0.5,
) -> Power:
    """The fewest units of both arms that find a difference of means so surely. A plan of several looks is made for that number.

    UNREACHABLE for no effect, and beyond ``MOST_UNITS``. Raises InvalidInput as ``power_of_means`` does, and for a power
    outside (0, 1).
    """
    _check(2, level, treatment_share, deviation)
    return _fewest(
        lambda units: power_of_means(effect, deviation, units, plan, level, treatment_share),
        effect,
        power,
        treatment_share,
    )


def power_of_proportions(
    control_rate: float,
    treatment_rate: float,
    units: float,
    plan: Plan,
    level: float = 0.05,
    treatment_share: float = 0.5,
) -> Power:
    """Of a difference of two rates, by the score test (Fleiss, Levin & Paik, Statistical Methods for Rates and Proportions,
    2003, ch. 4, without continuity correction). Raises InvalidInput for rates, units, a level or a share that cannot be."""
    _check(units, level, treatment_share)
    for name, rate in (("control_rate", control_rate), ("treatment_rate", treatment_rate)):
        if not 0.0 <= rate <= 1.0:
            raise InvalidInput(name, f"must be between 0 and 1, not {rate!r}")
    effect = treatment_rate - control_rate
    result = Power(
        effect=effect,
        level=level,
        horizon=plan.horizon,
        units=math.ceil(units),
        assumptions=_assumed(plan, equal=False),
    )
    if units * min(treatment_share, 1 - treatment_share) < 2:
        return result.model_copy(update={"reason": NoEstimate.TOO_FEW_UNITS})
    if control_rate == treatment_rate and control_rate in (0.0, 1.0):
        return result.model_copy(update={"reason": NoEstimate.NO_VARIANCE})
    n, m = units * (1 - treatment_share), units * treatment_share
    pooled = control_rate * (1 - treatment_share) + treatment_rate * treatment_share
    under_none = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    own = math.sqrt(control_rate * (1 - control_rate) / n + treatment_rate * (1 - treatment_rate) / m)
    if under_none == 0.0:  # rates next to nothing
        return result.model_copy(update={"reason": NoEstimate.NO_VARIANCE})
    if own == 0.0:  # one rate is 0, the other 1: what is found is certain
        return result.model_copy(update={"power": float(abs(effect) / under_none > critical(level))})
    return result.model_copy(
        update={"power": _sequential(effect / own, under_none / own, units, plan, level, treatment_share)}
    )


def units_for_proportions(
    control_rate: float,
    treatment_rate: float,
    plan: Plan,
    level: float = 0.05,
    power: float = 0.8,
    treatment_share: float = 0.5,
) -> Power:
    """The fewest units of both arms that find a difference of rates so surely; as ``units_for_means``."""
    return _fewest(
        lambda units: power_of_proportions(control_rate, treatment_rate, units, plan, level, treatment_share),
        treatment_rate - control_rate,
        power,
        treatment_share,
    )


def units_still_needed(needed: Power, units: int) -> int | None:
    """How many more units it takes than there are; None where it cannot be told."""
    return None if needed.units is None or needed.reason is not None else max(0, needed.units - units)


def detectable_effect(
    deviation: float, units: float, plan: Plan, level: float = 0.05, power: float = 0.8, treatment_share: float = 0.5
) -> Power:
    """The smallest difference of means that so many units find so surely, as ``effect``. Where no effect is that surely
    found, ``reason`` says why and ``effect`` is 0."""
    _check_power(power)
    found = power_of_means(deviation, deviation, units, plan, level, treatment_share)
    if found.reason is not None:
        return found.model_copy(update={"effect": 0.0, "power": None})
    low, high = 0.0, deviation
    while (found := power_of_means(high, deviation, units, plan, level, treatment_share)).power is not None:
        if found.power >= power:
            break
        low, high = high, 2 * high
        if high > 1e6 * deviation:
            return found.model_copy(update={"effect": 0.0, "power": None, "reason": NoEstimate.UNREACHABLE})
    for _ in range(60):
        middle = (low + high) / 2
        reached = power_of_means(middle, deviation, units, plan, level, treatment_share).power or 0.0
        low, high = (low, middle) if reached >= power else (middle, high)
    return power_of_means(high, deviation, units, plan, level, treatment_share)


def _fewest(of: Callable[[int], Power], effect: float, power: float, treatment_share: float) -> Power:
    """By doubling and halving: power grows with the units."""
    _check_power(power)
    least = math.ceil(2 / min(treatment_share, 1 - treatment_share))
    high = least
    while (found := of(high)).reason is None and (found.power or 0.0) < power:
        if effect == 0.0 or high >= MOST_UNITS:
            return found.model_copy(update={"units": None, "power": None, "reason": NoEstimate.UNREACHABLE})
        high = min(2 * high, MOST_UNITS)
    if found.reason is not None:
        return found.model_copy(update={"units": None})
    low = max(least - 1, high // 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if (of(middle).power or 0.0) >= power else (middle, high)
    return of(high)


def _drift(effect: float, deviation: float, units: float, share: float) -> float:
    """The expected effect over its standard error."""
    return effect / deviation * math.sqrt(units * share * (1 - share))


def _student(drift: float, freedom: float, level: float) -> float:
    from scipy import special  # a service that has nothing to compare does without its 17 MB

    limit, drift = -float(special.stdtrit(freedom, level / 2)), abs(drift)
    if drift > limit + 30:  # beyond what the noncentral t is computed for, and certain
        return 1.0
    # At a drift of more than 4 less than 2e-7 lies beyond the other limit, for which scipy then has no number.
    beyond = float(special.nctdtr(freedom, drift, -limit)) if drift <= 4 else 0.0
    return min(1.0, 1 - float(special.nctdtr(freedom, drift, limit)) + beyond)


def _sequential(drift: float, ratio: float, units: float, plan: Plan, level: float, treatment_share: float) -> float:
    """The probability of crossing a boundary by the end; ``ratio`` is the standard error under no effect over the true one."""
    if isinstance(plan, FixedHorizon):
        limits, times = [critical(level)], [1.0]
    elif isinstance(plan, GroupSequential):
        times = [(look + 1) / plan.planned_looks for look in range(plan.planned_looks)]
        limits = list(group_sequential.bounds(plan.spending, level, tuple(times)))
    else:
        limits, times = _sequence(plan, units, level, treatment_share)
    if not times:
        return 0.0
    drift = max(-_CERTAIN, min(_CERTAIN, drift))
    return min(1.0, sum(group_sequential.crossings([limit * ratio for limit in limits], times, drift)))


def _sequence(plan: AlwaysValid, units: float, level: float, treatment_share: float) -> tuple[list[float], list[float]]:
    """The boundaries of looks that a confidence sequence, tuned to these units, has at even distances from its first."""
    planned = {"planned_units": max(2, math.ceil(units)), "treatment_share": treatment_share}
    tuned, balanced = plan.model_copy(update=planned), 4 * treatment_share * (1 - treatment_share) * units
    first = plan.first_look / min(treatment_share, 1 - treatment_share) / units
    if first > 1:
        return [], []
    times = [first + (1 - first) * look / LOOKS for look in range(LOOKS + 1)] if first < 1 else [1.0]
    limits = [confidence_sequence.boundary(tuned, level, time * balanced) for time in times]
    return limits, times


def _assumed(plan: Plan, *, equal: bool) -> tuple[Assumption, ...]:
    shared = (Assumption.INDEPENDENT_UNITS, Assumption.NORMAL_MEANS, ASSUMPTIONS[plan.horizon])
    return (*shared, Assumption.EQUAL_VARIANCES) if equal else shared


def _check(units: float, level: float, treatment_share: float, deviation: float = 1.0) -> None:
    check_level(level)
    if not units >= 0 or math.isinf(units):
        raise InvalidInput("units", f"must be a number of at least 0, not {units!r}")
    if not 0.0 < treatment_share < 1.0:
        raise InvalidInput("treatment_share", f"must be strictly between 0 and 1, not {treatment_share!r}")
    if not 0.0 < deviation < math.inf:
        raise InvalidInput("deviation", f"must be positive, not {deviation!r}")


def _check_power(power: float) -> None:
    if not 0.0 < power < 1.0:
        raise InvalidInput("power", f"must be strictly between 0 and 1, not {power!r}")
