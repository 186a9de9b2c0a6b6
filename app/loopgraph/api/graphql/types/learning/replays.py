"""Plans that are replayed: what an agent is handed, the log of that, and whether it helps."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.connections import Listing
from loopgraph.api.graphql.types.enums import DeviationKind, PlanStepKind, ReplayOutcome
from loopgraph.api.graphql.types.learning.matching import MatchScore
from loopgraph.api.graphql.types.list_size import at_most, short_list
from loopgraph.api.graphql.types.loop.estimates import Estimate
from loopgraph.api.graphql.types.nodes import PATTERN, TRACE, VERSION, link
from loopgraph.computes.learning.plans.replaying import rendered
from loopgraph.computes.learning.plans.skills import skill_name, skill_text
from loopgraph.contracts.learning import plans, replays
from loopgraph.contracts.learning.matching import PatternMatch
from loopgraph.effects.learning.offers import key_of

OFFERS = Listing[replays.Offer]("replay offers", key_of)
LONGEST_TEXT = 4_000
_STEPS, _ENDPOINTS, _DEPARTURES, _DEVIATIONS = at_most(200), at_most(40), at_most(100), at_most(50)


@strawberry.type(description="How much of something there was, over the traces that support it.")
class PlanRange:
    median: float = strawberry.field(description="Half of the traces have no more of it.")
    least: float = strawberry.field(description="None has less.")
    most: float = strawberry.field(description="None has more.")

    @classmethod
    def of(cls, range: plans.Range | None) -> Self | None:
        return shape(cls, range) if range else None


@strawberry.type(description="A step of a plan: structure, never a value of anything.")
class PlanStep:
    position: int = strawberry.field(description="Its place in the plan, from 0 on.")
    kind: PlanStepKind = strawberry.field(description="What it does.")
    name: str = strawberry.field(description="The name of the tool, skill, command, agent or hook.")
    program: str | None = strawberry.field(
        description="What a shell runs in it; null for other tools, and where it only looks."
    )
    targets: list[str] = short_list("What it works on, by kind (`*.py`, `pytest`), the most frequent first.")
    times: PlanRange = strawberry.field(description="How often in a row it was done; loops and retries are folded.")
    duration_ms: PlanRange | None = strawberry.field(description="How long it took; null: not known.")
    intelligence_functions: list[str] = short_list("What it gathered intelligence with.")
    quality_gates: list[str] = short_list("The quality gates that it passed.")
    support: int = strawberry.field(description="In how many successful traces it is.")
    failures: int = strawberry.field(description="In how many it failed and was not made good.")

    @classmethod
    def of(cls, step: plans.PlanStep) -> Self:
        times, took = PlanRange.of(step.times), PlanRange.of(step.duration_ms)
        assert times is not None
        return shape(cls, step, times=times, duration_ms=took)


@strawberry.type(description="A call that successful traces make: names and types, no values.")
class EndpointExpectation:
    service: str = strawberry.field(description="The service that is called.")
    endpoint: str = strawberry.field(description="The path, with what stands for ids in it.")
    method: str = strawberry.field(description="By which method of HTTP.")
    request_template: JSON = strawberry.field(description="The names and types of what is sent.")
    response_schema: JSON = strawberry.field(description="The names and types of what comes back.")
    duration_ms: PlanRange | None = strawberry.field(description="How long it took; null: not known.")
    support: int = strawberry.field(description="In how many successful traces it is.")

    @classmethod
    def of(cls, endpoint: plans.EndpointExpectation) -> Self:
        return shape(cls, endpoint, duration_ms=PlanRange.of(endpoint.duration_ms))


@strawberry.type(description="Where failed traces left the path.")
class PlanDeparture:
    after: int = strawberry.field(
        description="The position of the step behind which they left it; -1: before the first."
    )
    name: str | None = strawberry.field(description="What they went on with instead; null: they ended.")
    traces: int = strawberry.field(description="How many did.")


@strawberry.type(description="What a run of a plan comes to, by the traces that it was learned from.")
class ReplayExpectations:
    duration_ms: PlanRange | None = strawberry.field(description="How long it takes; null: not known.")
    steps: PlanRange | None = strawberry.field(description="How many steps it takes.")
    endpoint_calls: PlanRange | None = strawberry.field(description="How many calls of endpoints.")
    rag_queries: PlanRange | None = strawberry.field(description="How many queries of what is retrieved.")
    token_usage: PlanRange | None = strawberry.field(description="Tokens of language models; null: not known.")
    cost_usd: PlanRange | None = strawberry.field(description="What it costs; null: not known.")

    @classmethod
    def of(cls, expectations: replays.Expectations | plans.Performance) -> Self:
        ranges = {name: PlanRange.of(getattr(expectations, name)) for name in type(expectations).model_fields}
        return cls(token_usage=ranges.pop("tokens"), **ranges)


@strawberry.type(description="A plan written out as a skill.")
class PlannedSkill:
    name: str = strawberry.field(description="What it is called, and its folder.")
    text: str = strawberry.field(description="The text of its `SKILL.md`.")


@strawberry.type(description="How to do again what went well: who, in which steps, and what is to be expected of it.")
class ReplayPlan:
    pattern_id: strawberry.ID
    node_id: strawberry.ID = strawberry.field(description="The own id of the version in use, whose text is the plan.")
    version: int = strawberry.field(description="The number of that version.")
    name: str = strawberry.field(description="The name of the pattern.")
    agent: str | None = strawberry.field(description="The agent that did it; null: none was chosen.")
    routing_strategy: str | None = strawberry.field(description="How that was chosen; null: it was not.")
    steps: list[PlanStep] = strawberry.field(description="What is done, in order.", directives=[_STEPS])
    intelligence_functions: list[str] = short_list("All that intelligence was gathered with, in order.")
    quality_gates: list[str] = short_list("All quality gates, in order.")
    endpoints: list[EndpointExpectation] = strawberry.field(
        description="The calls that are to be expected, the most supported first.", directives=[_ENDPOINTS]
    )
    expectations: ReplayExpectations = strawberry.field(description="What a run of it comes to.")
    avoid: list[PlanDeparture] = strawberry.field(
        description="Where failed traces left the path.", directives=[_DEPARTURES]
    )
    support: int = strawberry.field(description="How many successful traces it was learned from.")
    confidence: float | None = strawberry.field(
        description="How probable it is that a run succeeds: the success rate of the pattern, drawn toward that of all traces "
        "the more the fewer runs it is of; null: it was never run."
    )
    score: MatchScore | None = strawberry.field(description="Why it fits the request; null where a pattern was named.")
    text: str = strawberry.field(
        description="The plan as an agent is handed it: structure in our words, names that are identifiers, and at most one "
        "earlier prompt, in quotes."
    )
    skill: PlannedSkill = strawberry.field(description="The plan written out as a skill of an agent client.")
    pattern = link("pattern", "pattern_id", PATTERN, "The pattern itself.")
    plan_version = link("version", "node_id", VERSION, "The version in use.")

    @classmethod
    def of(cls, plan: replays.ReplayPlan, match: PatternMatch | None = None) -> Self:
        return shape(
            cls,
            plan,
            steps=[PlanStep.of(step) for step in plan.steps],
            endpoints=[EndpointExpectation.of(one) for one in plan.endpoints],
            expectations=ReplayExpectations.of(plan.expectations),
            avoid=[shape(PlanDeparture, one) for one in plan.avoid],
            score=shape(MatchScore, match.score) if match else None,
            text=rendered(plan, LONGEST_TEXT, match.exemplar if match else None),
            skill=PlannedSkill(name=skill_name(plan), text=skill_text(plan)),
        )


@strawberry.type(description="How an execution differs from the plan.")
class Deviation:
    kind: DeviationKind = strawberry.field(description="In which way.")
    name: str = strawberry.field(description="The step.")
    position: int = strawberry.field(
        description="Its place in the plan; of an added one, that of the step of the plan before it, -1 for none."
    )


@strawberry.type(description="An execution beside the plan that fitted its prompt, step by step.")
class Following:
    planned: int = strawberry.field(description="How many steps the plan has.")
    taken: int = strawberry.field(description="How many steps the execution took.")
    matched: int = strawberry.field(description="How many of the plan it took, in the plan's order.")
    adherence: float = strawberry.field(description="Twice the matched steps over those of both, 0..1.")
    deviations: list[Deviation] = strawberry.field(description="The first differences.", directives=[_DEVIATIONS])
    deviating: int = strawberry.field(description="How many differences there are.")
    expected_duration_ms: float | None = strawberry.field(description="The median of the plan; null: not known.")
    actual_duration_ms: float | None = strawberry.field(description="How long it took; null: not known.")
    variance: float | None = strawberry.field(
        description="(Actual - expected) / expected duration; null: one is not known."
    )

    @classmethod
    def of(cls, following: replays.Following | None) -> Self | None:
        if following is None:
            return None
        return shape(cls, following, deviations=[shape(Deviation, one) for one in following.deviations])


@strawberry.type(description="A plan that fitted a prompt: it was handed out with it, or withheld by chance.")
class ReplayOffer:
    correlation_id: strawberry.ID
    pattern_id: strawberry.ID
    node_id: strawberry.ID = strawberry.field(description="The own id of the version that was the plan.")
    version: int = strawberry.field(description="The number of that version.")
    at: datetime = strawberry.field(description="When, in UTC.")
    score: MatchScore = strawberry.field(description="Why it fitted.")
    withheld: bool = strawberry.field(description="Whether it was not handed out, by chance.")
    propensity: float = strawberry.field(description="How probable it was that what was done would be, 0..1.")
    unit: str = strawberry.field(description="What chance goes by: a digest of the session.")
    outcome: ReplayOutcome | None = strawberry.field(description="What came of the trace; null: it has not ended.")
    followed: bool | None = strawberry.field(
        description="Whether the execution followed the plan, handed out or not: `adherence` of 0.5 or more; null: not known."
    )
    following: Following | None = strawberry.field(
        description="How it did so; null: it has not ended, or took no steps."
    )
    settled_at: datetime | None = strawberry.field(
        description="When it was said last what came of it, in UTC; null: not yet."
    )
    pattern = link("pattern", "pattern_id", PATTERN, "The learned pattern.")
    trace = link("head", "correlation_id", TRACE, "The trace of the prompt.")
    plan_version = link("version", "node_id", VERSION, "The version that was the plan.")

    @classmethod
    def of(cls, offer: replays.Offer) -> Self:
        return shape(cls, offer, score=shape(MatchScore, offer.score), following=Following.of(offer.following))


@strawberry.type(
    description="Whether plans help: sessions that were given them (the treatment) against those from which they were withheld "
    "(the control), as chance put them, whether they followed or not."
)
class ReplayEffect:
    offers: int = strawberry.field(description="Traces that were given a plan and have ended.")
    withheld: int = strawberry.field(description="Traces from which one was withheld and that have ended.")
    unsettled: int = strawberry.field(description="Traces of both kinds of which it is not said yet what came.")
    unknown: int = strawberry.field(description="Traces of both of which it is not known whether they succeeded.")
    complete: bool = strawberry.field(description="Whether all offers were looked at; else the newest 20,000.")
    success: Estimate = strawberry.field(
        description="Successes, a share for each session. Its interval holds whenever one looks; null with a `reason` where "
        "there are too few sessions."
    )
    duration_ms: Estimate = strawberry.field(
        description="Durations, by the logarithm of each session's mean: `relative` is by how much a plan makes them longer."
    )

    @classmethod
    def of(cls, effect: replays.ReplayEffect) -> Self:
        return shape(cls, effect, success=Estimate.of(effect.success), duration_ms=Estimate.of(effect.duration_ms))
