"""What another policy would have come to, by what was logged of the one that was used, before it is used.

A policy gives each action a probability. Of each decision it is logged which action was taken, how probable that was, and what
came of it. Three estimates of the mean value of another policy:

- inverse propensity (Horvitz & Thompson, JASA 47, 1952): each value by how much more probable the other policy makes its action.
  Unbiased where every action that the other takes had some probability; its error grows with the largest weight.
- self-normalised (Swaminathan & Joachims, NIPS 2015): the same over the sum of weights. A little biased, and steadier.
- doubly robust (Dudík, Langford & Li, ICML 2011): what a model expects of the other policy, corrected by the weighted error of
  the model on what was taken. Right if either the propensities or the model are.

Decisions of one unit (a session) are not independent: standard errors are those of sums by unit.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from loopgraph.contracts.statistics.estimates import NoEstimate

LEAST: Final = 2
"""Decisions that an estimate needs."""


class Logged(NamedTuple):
    """A decision: what it was about, what was done, how probable that was, and what came of it. ``unit`` is whose decision it is;
    None: it is independent of all others."""

    context: str
    action: str
    propensity: float
    value: float
    unit: str | None = None


Policy = Callable[[str], Mapping[str, float]]
"""From a context to the probability of each action; they sum to 1."""

Model = Callable[[str, str], float]
"""What is expected of an action in a context."""


class PolicyValue(NamedTuple):
    """The mean value of a policy, with its standard error. ``effective`` is how many decisions of the other policy tell as much
    (Kish), by the weights. Where nothing can be told, ``reason`` says why."""

    value: float | None
    standard_error: float | None
    decisions: int
    effective: float
    reason: NoEstimate | None = None


def inverse_propensity(log: Sequence[Logged], policy: Policy) -> PolicyValue:
    """The value of a policy by weights alone. NO_PROPENSITY where a logged one is not in (0, 1]."""
    if (nothing := _nothing(log)) is not None:
        return nothing
    weights = _weights(log, policy)
    return _of(log, [weight * one.value for weight, one in zip(weights, log, strict=True)], weights)


def self_normalised(log: Sequence[Logged], policy: Policy) -> PolicyValue:
    """The same over the sum of weights; ZERO_DENOMINATOR where the policy takes nothing that was done."""
    if (nothing := _nothing(log)) is not None:
        return nothing
    weights = _weights(log, policy)
    whole = math.fsum(weights)
    if whole <= 0:
        return PolicyValue(None, None, len(log), 0.0, NoEstimate.ZERO_DENOMINATOR)
    value = math.fsum(weight * one.value for weight, one in zip(weights, log, strict=True)) / whole
    # The delta method for a ratio of means.
    sums = _by_unit(log, [weight * (one.value - value) for weight, one in zip(weights, log, strict=True)])
    error = math.sqrt(math.fsum(one * one for one in sums)) / whole
    return PolicyValue(value, error, len(log), _effective(weights))


def doubly_robust(log: Sequence[Logged], policy: Policy, model: Model) -> PolicyValue:
    """The value of a policy by a model, corrected by weights. The model must not have seen these decisions, or its error is
    taken for smaller than it is."""
    if (nothing := _nothing(log)) is not None:
        return nothing
    weights = _weights(log, policy)
    scores = [
        math.fsum(share * model(one.context, action) for action, share in policy(one.context).items())
        + weight * (one.value - model(one.context, one.action))
        for weight, one in zip(weights, log, strict=True)
    ]
    return _of(log, scores, weights)


def _weights(log: Sequence[Logged], policy: Policy) -> list[float]:
    return [policy(one.context).get(one.action, 0.0) / one.propensity for one in log]


def _nothing(log: Sequence[Logged]) -> PolicyValue | None:
    reason = None
    if not all(0.0 < one.propensity <= 1.0 for one in log):
        reason = NoEstimate.NO_PROPENSITY
    elif not all(math.isfinite(one.value) for one in log):
        reason = NoEstimate.NOT_FINITE
    elif len(log) < LEAST:
        reason = NoEstimate.TOO_FEW_UNITS if log else NoEstimate.NO_UNITS
    return PolicyValue(None, None, len(log), 0.0, reason) if reason else None


def _of(log: Sequence[Logged], scores: Sequence[float], weights: Sequence[float]) -> PolicyValue:
    n = len(scores)
    mean = math.fsum(scores) / n
    sums = _by_unit(log, [score - mean for score in scores])
    if (units := len(sums)) < LEAST:
        return PolicyValue(mean, None, n, _effective(weights), NoEstimate.TOO_FEW_UNITS)
    error = math.sqrt(math.fsum(one * one for one in sums) * units / (units - 1)) / n
    return PolicyValue(mean, error, n, _effective(weights))


def _by_unit(log: Sequence[Logged], values: Sequence[float]) -> list[float]:
    """The sums of values over the decisions of each unit."""
    sums: defaultdict[str | int, float] = defaultdict(float)
    for place, (one, value) in enumerate(zip(log, values, strict=True)):
        sums[place if one.unit is None else one.unit] += value
    return list(sums.values())


def _effective(weights: Sequence[float]) -> float:
    squares = math.fsum(weight * weight for weight in weights)
    return math.fsum(weights) ** 2 / squares if squares else 0.0
