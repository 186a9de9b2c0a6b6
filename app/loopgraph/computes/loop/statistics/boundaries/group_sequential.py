"""A few looks: bounds by a spending function (Lan & DeMets, Biometrika 70, 1983), two-sided and symmetric.

The probability of crossing is integrated from look to look as by Armitage, McPherson & Rowe (JRSS A 132, 1969), by Gauss–Legendre
quadrature: the score B(t) of a share t of the information is a Brownian motion, the statistic is B(t) / √t.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loopgraph.computes.loop.statistics.boundaries.normal import quantile, two_sided
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.plans import GroupSequential, Spending

_NEVER = 9.0
"""A bound beyond which nothing is spent: two_sided(9) is 2e-19."""

_LEAST = 1e-12
"""Less error than this is not spent: its bound would be a matter of rounding."""

_NEAREST = 1e-4
"""Of all information: between looks that are nearer nothing happens that matters, but it would need thousands of nodes."""

Array = NDArray[np.float64]


class Masses(NamedTuple):
    """Where the score is that has crossed nothing yet: nodes, and the probability that each stands for."""

    nodes: Array
    masses: Array


def critical(plan: GroupSequential, level: float, units: int) -> float | NoEstimate:
    """The boundary at a look with so many units of both arms. One that brings no units more than the last has that one's
    boundary."""
    bound = bounds(plan.spending, level, _times(plan, units))[-1]
    return NoEstimate.TOO_EARLY if math.isinf(bound) else bound


def p_value(plan: GroupSequential, z: float, units: int) -> float:
    """The smallest level at which the statistic lies on the bound of this look (a repeated p-value: Jennison & Turnbull,
    JRSS B 51, 1989): it holds at every look."""
    from scipy import optimize  # a service that has nothing to compare does without its 17 MB

    times, z = _times(plan, units), min(abs(z), _NEVER - 0.5)

    def beyond(log_level: float) -> float:
        bound = bounds(plan.spending, math.exp(log_level), times)[-1]
        return min(bound, _NEVER) - z

    least, most = math.log(1e-14), math.log(1 - 1e-9)
    if beyond(most) >= 0:
        return 1.0
    if beyond(least) <= 0:
        return math.exp(least)
    return float(math.exp(optimize.brentq(beyond, least, most, xtol=1e-9)))


def spent(spending: Spending, level: float, time: float) -> float:
    """How much of the two-sided level is spent at a share of the information, 0..1."""
    if time >= 1:
        return level
    if time <= 0:
        return 0.0
    if spending is Spending.POCOCK:
        return level * math.log1p(math.expm1(1) * time)
    return 2 * two_sided(quantile(level / 4) / math.sqrt(time))


@lru_cache(maxsize=4096)
def bounds(spending: Spending, level: float, times: tuple[float, ...]) -> tuple[float, ...]:
    """The bounds of looks at these shares of the information, ascending; infinite where there is nothing to spend."""
    from scipy import optimize

    found: list[float] = []
    here, before, used = _start(), 0.0, 0.0
    for time in times:
        spend, crossing, bound = spent(spending, level, time) - used, _crossing(here, time - before), math.inf
        if spend > _LEAST:
            used += spend
            root = math.sqrt(time)
            bound = float(optimize.brentq(lambda c, p=crossing, s=spend, r=root: p(c * r) - s, 0.0, _NEVER, xtol=1e-10))
        found.append(bound)
        here, before = _onward(here, time - before, min(bound, _NEVER) * math.sqrt(time)), time
    return tuple(found)


def crossings(limits: Sequence[float], times: Sequence[float], drift: float = 0.0) -> list[float]:
    """The probability that the statistic first lies beyond each of the limits, at these shares of the information; ``drift``
    is the expected statistic at a share of 1."""
    found: list[float] = []
    here, before = _start(), 0.0
    for limit, time in zip(limits, times, strict=True):
        # The nodes have to reach where the score may be; a limit beyond that is one that is never crossed.
        edge = min(limit, _NEVER + abs(drift) * math.sqrt(time)) * math.sqrt(time)
        found.append(_crossing(here, time - before, drift)(limit * math.sqrt(time)))
        here, before = _onward(here, time - before, edge, drift), time
    return found


def _times(plan: GroupSequential, units: int) -> tuple[float, ...]:
    """Shares of the information at the looks up to this one. Where there are more units than planned, these are all of it;
    of looks that are nearer to each other than ``_NEAREST`` the last stands for all."""
    whole = max(plan.planned_units, units)
    times = [units / whole]
    for look in reversed(plan.earlier_looks):
        if look / whole <= times[0] - _NEAREST:
            times.insert(0, look / whole)
    return tuple(times)


def _start() -> Masses:
    return Masses(np.zeros(1), np.ones(1))


def _crossing(here: Masses, step: float, drift: float = 0.0) -> Callable[[float], float]:
    from scipy import special

    deviation, middles = math.sqrt(step), here.nodes + drift * step

    def beyond(limit: float) -> float:
        tails = special.ndtr((-limit - middles) / deviation) + special.ndtr((middles - limit) / deviation)
        return float(here.masses @ tails)

    return beyond


def _onward(here: Masses, step: float, limit: float, drift: float = 0.0) -> Masses:
    deviation = math.sqrt(step)
    panels = math.ceil(1 + limit / deviation / 5)
    points, weights = _legendre()
    middles = (np.arange(panels) + 0.5) * (2 * limit / panels) - limit
    nodes = (middles[:, None] + points * (limit / panels)).ravel()
    apart = (nodes[:, None] - here.nodes[None, :] - drift * step) / deviation
    density = np.exp(-0.5 * apart * apart) @ here.masses / (deviation * math.sqrt(2 * math.pi))
    return Masses(nodes, np.tile(weights, panels) * (limit / panels) * density)


@lru_cache(maxsize=1)
def _legendre() -> tuple[Array, Array]:
    """Of 32 points: enough for ten standard deviations of a step."""
    points, weights = np.polynomial.legendre.leggauss(32)
    return points, weights
