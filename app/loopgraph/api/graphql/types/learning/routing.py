"""Which agent a request should go to, the log of that, and what another policy would have come to."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.connections import Listing
from loopgraph.api.graphql.types.enums import NoAgent, NoEstimate, RecordScope, ReplayOutcome, RoutingStrategy
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most, short_list
from loopgraph.api.graphql.types.nodes import PATTERN, TRACE, link
from loopgraph.contracts.learning import routing as contracts
from loopgraph.effects.learning.recommendations import key_of

RECOMMENDATIONS = Listing[contracts.LoggedRecommendation]("agent recommendations", key_of)
_CANDIDATES = at_most(21)


@strawberry.type(description="An agent that could be recommended, with its record.")
class AgentStanding:
    agent: str = strawberry.field(description="Its name.")
    scope: RecordScope | None = strawberry.field(
        description="Of which runs the record is; null: none is known, only the learned pattern names it."
    )
    successes: Long = strawberry.field(description="Runs that succeeded.")
    runs: Long = strawberry.field(description="All runs that are over and of which it is known how.")
    interval: Interval | None = strawberry.field(
        description="Wilson's interval of its success rate at 95 %: who has the highest lower end is recommended. "
        "Null: no run is known."
    )

    @classmethod
    def of(cls, one: contracts.AgentStanding) -> Self:
        both = None if one.lower is None or one.upper is None else (one.lower, one.upper)
        return shape(cls, one, interval=Interval.of(both))


@strawberry.type(description="Which agent a request should go to.")
class AgentAdvice:
    agent: str | None = strawberry.field(description="Who is recommended; null with a `reason`.")
    strategy: RoutingStrategy | None = strawberry.field(
        description="What that comes from; null: nobody is recommended."
    )
    reason: NoAgent | None = strawberry.field(description="Why nobody is recommended; null: somebody is.")
    propensity: float | None = strawberry.field(
        description="How probable this recommendation was, 0..1: 1 without chance; null: nobody is recommended."
    )
    pattern_id: strawberry.ID | None = strawberry.field(
        description="The learned pattern that fits surely enough and names an agent; null: none does."
    )
    pattern_score: float | None = strawberry.field(description="How well it fits, 0..1.")
    pattern_agent: str | None = strawberry.field(description="The agent that it names.")
    historical_agent: str | None = strawberry.field(description="The agent with the best record; null: none is known.")
    candidates: list[AgentStanding] = strawberry.field(
        description="All that could be recommended, by name.", directives=[_CANDIDATES]
    )
    action: str | None = strawberry.field(description="What the request asks for, one word; null: it is not told.")
    project: str | None = strawberry.field(description="Where, as far as that is known.")
    pattern = link("pattern", "pattern_id", PATTERN, "The learned pattern.")

    @classmethod
    def of(cls, one: contracts.Recommendation) -> Self:
        choice = one.choice
        return shape(
            cls,
            one,
            pattern_id=choice.pattern_id,
            pattern_score=choice.pattern_score,
            pattern_agent=choice.pattern_agent,
            historical_agent=choice.historical_agent,
            candidates=[AgentStanding.of(each) for each in choice.candidates],
            action=one.action or None,
        )


@strawberry.type(description="An agent that was recommended for a trace, and what came of that.")
class AgentRecommendation:
    correlation_id: strawberry.ID
    at: datetime = strawberry.field(description="When, in UTC.")
    agent: str = strawberry.field(description="Who was recommended.")
    strategy: RoutingStrategy = strawberry.field(description="What that came from.")
    propensity: float = strawberry.field(description="How probable it was, 0..1.")
    explore_share: float = strawberry.field(description="The share that chance had then, 0..1.")
    unit: str = strawberry.field(description="What chance goes by: a digest of the session.")
    pattern_id: strawberry.ID | None = strawberry.field(description="The learned pattern that fitted; null: none did.")
    pattern_agent: str | None = strawberry.field(description="The agent that it named.")
    historical_agent: str | None = strawberry.field(description="The agent that had the best record.")
    candidates: list[str] = short_list("All that could have been recommended, by name.")
    action: str | None = strawberry.field(description="What the request asked for, one word; null: it was not told.")
    project: str | None = strawberry.field(description="Where, as far as that was known.")
    outcome: ReplayOutcome | None = strawberry.field(description="What came of the trace; null: it has not ended.")
    ran: str | None = strawberry.field(
        description="The agent that did it: the one that the routing selected, or the only subagent that was asked; "
        "null: none was, or it has not ended."
    )
    followed: bool | None = strawberry.field(description="Whether that is who was recommended; null: it has not ended.")
    settled_at: datetime | None = strawberry.field(
        description="When it was said last what came of it, in UTC; null: not yet."
    )
    pattern = link("pattern", "pattern_id", PATTERN, "The learned pattern.")
    trace = link("head", "correlation_id", TRACE, "What it was recommended for.")

    @classmethod
    def of(cls, one: contracts.LoggedRecommendation) -> Self:
        return shape(cls, one, action=one.action or None)


@strawberry.type(description="The success rate that a policy would have had, or why that cannot be told.")
class PolicyEstimate:
    value: float | None = strawberry.field(
        description="The estimate; by weights alone it can be beyond 0..1. Null with a `reason`."
    )
    standard_error: float | None = strawberry.field(description="Its standard error, by sums over sessions.")
    interval: Interval | None = strawberry.field(
        description="At 95 %, by the normal distribution; null with a `reason`."
    )
    effective: float = strawberry.field(
        description="How many decisions of its own tell as much (Kish's effective sample size)."
    )
    reason: NoEstimate | None = strawberry.field(description="Why there is no interval, or no value; null: there is.")

    @classmethod
    def of(cls, one: contracts.PolicyEstimate) -> Self:
        return shape(cls, one, interval=Interval.of(one.interval))


@strawberry.type(
    description="What another policy of recommending agents would have come to, by what was logged of the one that was used. "
    "What counts is who was recommended, whoever did it (intention to treat)."
)
class RoutingPolicyEffect:
    decisions: int = strawberry.field(description="Recommendations of which it is known how the trace ended.")
    units: int = strawberry.field(description="Of so many sessions.")
    unsettled: int = strawberry.field(description="Recommendations of which it is not said yet what came.")
    unknown: int = strawberry.field(
        description="Recommendations whose traces have ended, nobody knows how; they do not count."
    )
    uncovered: int = strawberry.field(
        description="Decisions in which what the policy would have done had no chance: with any, nothing is estimated."
    )
    complete: bool = strawberry.field(description="Whether all were looked at; else the newest 20,000.")
    logged: PolicyEstimate = strawberry.field(description="What was recommended, as it came to.")
    inverse_propensity: PolicyEstimate = strawberry.field(
        description="Each success by how much more probable the policy makes it: without bias, and unsteady."
    )
    self_normalised: PolicyEstimate = strawberry.field(
        description="The same over the sum of weights: a little biased, and steadier."
    )
    doubly_robust: PolicyEstimate = strawberry.field(
        description="What the records of the agents make one expect of the policy, by action and in other sessions, corrected by "
        "weights."
    )

    @classmethod
    def of(cls, effect: contracts.RoutingPolicyEffect) -> Self:
        names = ("logged", "inverse_propensity", "self_normalised", "doubly_robust")
        return shape(cls, effect, **{name: PolicyEstimate.of(getattr(effect, name)) for name in names})
