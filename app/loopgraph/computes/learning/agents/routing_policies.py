"""What another policy of routing would have come to, by the log of the one that was used (``off_policy``).

A policy is estimated only where all that it would have done could have been done: where chance had no share, and it would have
done something else, nothing tells what that would have come to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from loopgraph.computes.learning.agents.off_policy import (
    Logged,
    PolicyValue,
    doubly_robust,
    inverse_propensity,
    self_normalised,
)
from loopgraph.contracts.learning.replays import ReplayOutcome
from loopgraph.contracts.learning.routing import (
    LoggedRecommendation,
    PolicyEstimate,
    RoutingPolicy,
    RoutingPolicyEffect,
)
from loopgraph.contracts.loop.assignment import place
from loopgraph.contracts.statistics.estimates import NoEstimate

LEAST_UNITS: Final = 30
"""Sessions that an interval needs."""
LEAST_EFFECTIVE: Final = 10.0
"""Decisions of its own that the interval of a policy needs."""

_CRITICAL: Final = 1.959963984540054
_FOLDS: Final = 5
_FOLDING: Final = "routing-folds"
_PRIOR: Final = 5.0
"""So many decisions the mean of an agent counts as, where its mean for an action is estimated; and that of all for an agent's."""


def taken_by(one: LoggedRecommendation, policy: RoutingPolicy, agent: str | None = None) -> Mapping[str, float]:
    """What a policy would have done where this was recommended: the probability of each agent."""
    match policy:
        case RoutingPolicy.LEARNED_FIRST:
            return {one.greedy: 1.0}
        case RoutingPolicy.HISTORICAL:
            return {one.historical_agent or one.greedy: 1.0}
        case RoutingPolicy.ONE_AGENT:
            return {agent if agent is not None and agent in one.candidates else one.greedy: 1.0}
        case RoutingPolicy.UNIFORM:
            return dict.fromkeys(one.candidates, 1.0 / len(one.candidates))


def is_covered(one: LoggedRecommendation, would: Mapping[str, float]) -> bool:
    """Whether all that a policy would have done had a chance."""
    return one.explore_share > 0.0 or would.keys() <= {one.agent}


def policy_effect(
    log: Sequence[LoggedRecommendation], policy: RoutingPolicy, agent: str | None, *, complete: bool
) -> RoutingPolicyEffect:
    """What a policy would have come to. ``agent`` is that of ``ONE_AGENT``: if it was never a candidate, it had no chance."""
    known = [one for one in log if one.outcome in (ReplayOutcome.SUCCESS, ReplayOutcome.FAILURE)]
    would = {one.correlation_id: taken_by(one, policy, agent) for one in known}
    never = policy is RoutingPolicy.ONE_AGENT and not any(agent in one.candidates for one in known)
    uncovered = sum(never or not is_covered(one, would[one.correlation_id]) for one in known)
    decisions = [
        Logged(one.correlation_id, one.agent, one.propensity, float(one.outcome is ReplayOutcome.SUCCESS), one.unit)
        for one in known
    ]
    units = len({one.unit for one in known})
    if uncovered:
        nothing = PolicyEstimate(effective=0.0, reason=NoEstimate.NO_OVERLAP)
        weighted, normalised, robust = nothing, nothing, nothing
    else:
        model = _Model.of(known)
        weighted = _estimate(inverse_propensity(decisions, would.__getitem__), units)
        normalised = _estimate(self_normalised(decisions, would.__getitem__), units)
        robust = _estimate(doubly_robust(decisions, would.__getitem__, model), units)
    as_it_was = inverse_propensity([one._replace(propensity=1.0) for one in decisions], _Was(decisions))
    return RoutingPolicyEffect(
        decisions=len(known),
        units=units,
        unsettled=sum(one.settled_at is None for one in log),
        unknown=sum(one.outcome is ReplayOutcome.UNKNOWN for one in log),
        uncovered=uncovered,
        complete=complete,
        logged=_estimate(as_it_was, units),
        inverse_propensity=weighted,
        self_normalised=normalised,
        doubly_robust=robust,
    )


def _estimate(value: PolicyValue, units: int) -> PolicyEstimate:
    reason = value.reason
    if reason is None and (units < LEAST_UNITS or value.effective < LEAST_EFFECTIVE):
        reason = NoEstimate.TOO_FEW_UNITS
    error = value.standard_error
    if reason is None and not error:
        reason = NoEstimate.NO_VARIANCE
    if reason is not None or error is None or value.value is None:
        return PolicyEstimate(value=value.value, standard_error=error, effective=value.effective, reason=reason)
    interval = value.value - _CRITICAL * error, value.value + _CRITICAL * error
    return PolicyEstimate(value=value.value, standard_error=error, interval=interval, effective=value.effective)


class _Was:
    """The policy that did what was done."""

    def __init__(self, decisions: Sequence[Logged]) -> None:
        self._done = {one.context: {one.action: 1.0} for one in decisions}

    def __call__(self, context: str) -> Mapping[str, float]:
        return self._done[context]


class _Tally(NamedTuple):
    """Successes and runs, by action and agent, by agent, and of all."""

    successes: Counter[tuple[str, ...]]
    runs: Counter[tuple[str, ...]]

    def mean(self, action: str, agent: str) -> float:
        """What is expected of an agent for an action: its mean there, drawn to its mean, drawn to that of all."""
        value = 0.5
        for key in ((), (agent,), (action, agent)):
            value = (self.successes[key] + _PRIOR * value) / (self.runs[key] + _PRIOR)
        return value


class _Model:
    """What is expected of an agent for a decision, by decisions of other units alone."""

    def __init__(self, actions: Mapping[str, tuple[str, int]], tallies: Sequence[_Tally]) -> None:
        self._actions = actions
        self._tallies = tallies

    @classmethod
    def of(cls, known: Sequence[LoggedRecommendation]) -> _Model:
        actions = {one.correlation_id: (one.action, int(place(_FOLDING, one.unit) * _FOLDS)) for one in known}
        tallies = [_Tally(Counter(), Counter()) for _ in range(_FOLDS)]
        for one in known:
            _, fold = actions[one.correlation_id]
            for number, tally in enumerate(tallies):
                if number != fold:
                    for key in ((), (one.agent,), (one.action, one.agent)):
                        tally.runs[key] += 1
                        tally.successes[key] += one.outcome is ReplayOutcome.SUCCESS
        return cls(actions, tallies)

    def __call__(self, context: str, agent: str) -> float:
        action, fold = self._actions[context]
        return self._tallies[fold].mean(action, agent)
