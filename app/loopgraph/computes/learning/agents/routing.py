"""Which agent a request should go to: what a learned pattern says, else the historical record, else nobody; and chance's share.

A record is that of the narrowest scope in which an agent is known well enough. Who has the highest lower end of Wilson's interval
is recommended: a high rate of few runs says little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from loopgraph.computes.learning.plans.extraction import SOME_AGENT
from loopgraph.computes.learning.plans.merging import SEVERAL
from loopgraph.computes.learning.plans.names import KNOWN_AGENTS, is_known, is_plain
from loopgraph.computes.learning.upkeep import CRITICAL, wilson
from loopgraph.contracts.learning.lessons import TracePlan
from loopgraph.contracts.learning.plans import StepKind
from loopgraph.contracts.learning.routing import (
    LEAST_RUNS,
    ROUTING,
    AgentRecord,
    AgentStanding,
    Choice,
    NoAgent,
    PatternAgent,
    RecordOrder,
    RecordScope,
    RoutingStrategy,
)
from loopgraph.contracts.loop.assignment import place, unit_digest

MOST_CANDIDATES: Final = 20
"""Of so many agents, the best, one is chosen."""


BEST_FIRST: Final = RecordOrder(CRITICAL, CRITICAL**2, LEAST_RUNS, SEVERAL, sorted(KNOWN_AGENTS))
"""Records in the order in which they are chosen among, as far as a query can say it."""


class Drawn(NamedTuple):
    """Who chance has recommended, how probable that was, and what the unit is remembered by."""

    agent: str
    strategy: RoutingStrategy
    propensity: float
    unit: str


def agent_of(plan: TracePlan) -> str | None:
    """Who did it: the agent that was chosen; where none was, the only subagent that it was given to. None where nobody is known
    by name."""
    if plan.agent is not None:
        return plan.agent
    asked = {step.name for step in plan.steps if step.kind is StepKind.SUBAGENT}
    return min(asked) if len(asked) == 1 and SOME_AGENT not in asked else None


def choose(
    pattern: PatternAgent | None, records: Mapping[RecordScope, Sequence[AgentRecord]], *, badly_below: float
) -> Choice:
    """What is recommended without chance. ``badly_below``: agents whose rate is surely lower are no candidates."""
    standings, reason = _known(records, badly_below)
    best = max(standings, key=lambda one: (one.lower or 0.0, one.runs, one.agent), default=None)
    candidates = {one.agent: one for one in standings}
    if pattern is not None:
        candidates.setdefault(pattern.agent, AgentStanding(agent=pattern.agent))
    historical = best.agent if best else None
    return Choice(
        agent=pattern.agent if pattern else historical,
        reason=None if pattern or best else reason,
        pattern_id=pattern.pattern_id if pattern else None,
        pattern_score=pattern.score if pattern else None,
        pattern_agent=pattern.agent if pattern else None,
        historical_agent=historical,
        candidates=tuple(one for _, one in sorted(candidates.items())),
    )


def draw(choice: Choice, unit: str, explore_share: float) -> Drawn | None:
    """Who is recommended to a unit: what would be without chance, but for ``explore_share``, in which each candidate is as
    probable as any other. The same for the same unit, share and candidates. None where nobody is known."""
    if choice.agent is None or choice.strategy is None:
        return None
    names = [one.agent for one in choice.candidates]
    evenly = explore_share / len(names)
    at = place(ROUTING, unit)
    agent, strategy = choice.agent, choice.strategy
    if at < explore_share:
        agent = names[min(int(at / evenly), len(names) - 1)]
        strategy = strategy if agent == choice.agent else RoutingStrategy.EXPLORATION
    propensity = evenly + (1.0 - explore_share if agent == choice.agent else 0.0)
    return Drawn(agent, strategy, min(1.0, propensity), unit_digest(unit))


def _known(
    records: Mapping[RecordScope, Sequence[AgentRecord]], badly_below: float
) -> tuple[list[AgentStanding], NoAgent]:
    """The agents of the narrowest scope that has any that may be recommended; and why there are none."""
    reason = NoAgent.NOTHING_KNOWN
    for scope in RecordScope:
        told = [one for one in records.get(scope, ()) if one.runs > 0]
        enough = [one for one in told if one.runs >= LEAST_RUNS and is_told(one)]
        well = [one for one in map(_standing, enough) if (one.upper or 0.0) >= badly_below]
        if well:
            well.sort(key=lambda one: (-(one.lower or 0.0), one.agent))
            return well[:MOST_CANDIDATES], reason
        if enough:
            reason = NoAgent.ALL_DO_BADLY
        elif told and reason is NoAgent.NOTHING_KNOWN:
            reason = NoAgent.TOO_FEW_RUNS
    return [], reason


def is_told(record: AgentRecord) -> bool:
    """Whether agents may be told the name: one that clients give, or that several successful traces have; what one says can have
    been said to be repeated."""
    return is_known(record.agent) or (record.successes >= SEVERAL and is_plain(record.agent))


def _standing(record: AgentRecord) -> AgentStanding:
    low, high = wilson(record.successes, record.runs)
    return AgentStanding(
        agent=record.agent, scope=record.scope, successes=record.successes, runs=record.runs, lower=low, upper=high
    )
