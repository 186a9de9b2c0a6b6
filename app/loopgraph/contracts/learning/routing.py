"""Which agent a request should go to: what is known of agents, what is recommended, and what came of that."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from loopgraph.contracts.base import Contract, Unit
from loopgraph.contracts.learning.replays import ReplayOutcome
from loopgraph.contracts.statistics.estimates import Interval, NoEstimate

ROUTING: Final = "routing"
"""The experiment that all recommendations together are: a unit (a session) has one place in it."""

ROUTE_AT: Final = 0.85
"""The score of a match from which on a learned pattern says who: the seed's."""

LEAST_RUNS: Final = 5
"""So many runs of an agent have to be known before its record recommends it."""


class RecordScope(StrEnum):
    """Of which runs a record of an agent is: of the same action in the same project, of the same action anywhere, or of anything
    in the same project."""

    ACTION_IN_PROJECT = "action_in_project"
    ACTION = "action"
    PROJECT = "project"


class RoutingStrategy(StrEnum):
    """What a recommendation comes from: a learned pattern, the historical record, or chance."""

    LEARNED_PATTERN = "learned_pattern"
    HISTORICAL = "historical"
    EXPLORATION = "exploration"


class NoAgent(StrEnum):
    """Why no agent is recommended: nothing is known of agents for this, too little, or only that they do badly."""

    NOTHING_KNOWN = "nothing_known"
    TOO_FEW_RUNS = "too_few_runs"
    ALL_DO_BADLY = "all_do_badly"


class AgentRecord(Contract):
    """How runs of an agent went. ``action`` and ``project`` are those that ``scope`` names, None beside it."""

    agent: str
    scope: RecordScope
    action: str | None = None
    project: str | None = None
    successes: int
    failures: int

    @property
    def runs(self) -> int:
        """How many runs are known."""
        return self.successes + self.failures


class RecordOrder(NamedTuple):
    """Which records go before others: those with ``least_runs`` whose agent is ``known`` or has ``several`` successes, by the
    lower end of Wilson's interval with a normal ``quantile``, of which ``square`` is the square."""

    quantile: float
    square: float
    least_runs: int
    several: int
    known: list[str]


class AgentStanding(Contract):
    """An agent that could be recommended, with its record. ``lower`` and ``upper`` are Wilson's interval of its success rate at
    95 %. Where no record is known of it (only the learned pattern names it) they are None."""

    agent: str
    scope: RecordScope | None = None
    successes: int = 0
    runs: int = 0
    lower: Unit | None = None
    upper: Unit | None = None


class PatternAgent(NamedTuple):
    """The agent that a learned pattern names, and how surely the pattern fits."""

    pattern_id: str
    agent: str
    score: float


class Choice(Contract):
    """What would be recommended without chance. ``pattern_agent`` is what the learned pattern says, ``historical_agent`` what the
    record does; ``agent`` the first of the two that says anything, None with a ``reason``. ``candidates`` are all that chance
    may take, in the order of their names."""

    agent: str | None
    reason: NoAgent | None = None
    pattern_id: str | None = None
    pattern_score: Unit | None = None
    pattern_agent: str | None = None
    historical_agent: str | None = None
    candidates: tuple[AgentStanding, ...] = ()

    @property
    def strategy(self) -> RoutingStrategy | None:
        """What ``agent`` comes from."""
        if self.agent is None:
            return None
        return RoutingStrategy.HISTORICAL if self.pattern_agent is None else RoutingStrategy.LEARNED_PATTERN


class Recommendation(Contract):
    """Who is recommended, None with a ``reason``. ``propensity`` is how probable that was: 1 unless chance has a share of
    ``explore_share``. ``choice`` is what would be recommended without it."""

    agent: str | None
    strategy: RoutingStrategy | None
    reason: NoAgent | None
    propensity: Unit | None
    explore_share: Unit
    choice: Choice
    action: str
    project: str | None


class LoggedRecommendation(Contract):
    """A recommendation for a trace, and what came of it. ``unit`` is what chance goes by, as a digest. ``ran`` is the agent that
    did it, None if nobody was chosen; what follows after the trace has ended is None before (``settled_at``)."""

    correlation_id: str
    session_id: str | None
    at: datetime
    unit: str
    agent: str
    strategy: RoutingStrategy
    propensity: Unit
    explore_share: Unit
    action: str
    project: str | None
    pattern_id: str | None
    pattern_agent: str | None
    historical_agent: str | None
    candidates: tuple[str, ...]
    outcome: ReplayOutcome | None = None
    ran: str | None = None
    followed: bool | None = None
    settled_at: datetime | None = None

    @property
    def greedy(self) -> str:
        """What would have been recommended without chance."""
        return self.pattern_agent or self.historical_agent or self.agent


class RoutingPolicy(StrEnum):
    """A policy that can be estimated: what is recommended without chance, the historical record alone, one agent wherever it is a
    candidate, or any candidate by chance."""

    LEARNED_FIRST = "learned_first"
    HISTORICAL = "historical"
    ONE_AGENT = "one_agent"
    UNIFORM = "uniform"


class PolicyEstimate(Contract):
    """The success rate that a policy would have had. ``effective`` is how many decisions of its own tell as much. None with a
    ``reason`` where nothing can be told."""

    value: float | None = None
    standard_error: float | None = None
    interval: Interval | None = None
    effective: float
    reason: NoEstimate | None = None


class RoutingPolicyEffect(Contract):
    """What another policy would have come to, by what was logged. ``decisions`` are those whose outcome is known, of ``units``
    sessions; ``unsettled`` have not ended, of ``unknown`` it is not known how; of ``uncovered`` what the policy would do had no
    chance. ``complete``: no more were logged than were looked at. ``logged`` is what was recommended came to."""

    decisions: int
    units: int
    unsettled: int
    unknown: int
    uncovered: int
    complete: bool
    logged: PolicyEstimate
    inverse_propensity: PolicyEstimate
    self_normalised: PolicyEstimate
    doubly_robust: PolicyEstimate


def scopes_of(action: str, project: str | None) -> dict[RecordScope, str]:
    """The keys of the records that a run counts for, and that a request goes by, the narrowest first. What is not known has
    none."""
    told = {
        RecordScope.ACTION_IN_PROJECT: (action, project) if action and project else None,
        RecordScope.ACTION: (action,) if action else None,
        RecordScope.PROJECT: (project,) if project else None,
    }
    return {scope: _digest(scope, *of) for scope, of in told.items() if of is not None}


def _digest(*told: str | None) -> str:
    return hashlib.sha256("\x00".join(map(str, told)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
