"""The plan of a learned pattern, with the traces that it rests on."""

from __future__ import annotations

from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import Info, shape
from loopgraph.api.graphql.types.connections import Connection
from loopgraph.api.graphql.types.enums import PlanStepKind
from loopgraph.api.graphql.types.learning.replays import (
    EndpointExpectation,
    PlanDeparture,
    PlanRange,
    ReplayExpectations,
)
from loopgraph.api.graphql.types.list_size import short_list
from loopgraph.api.graphql.types.traces.trace import TRACES, Trace
from loopgraph.contracts.learning import plans as contracts
from loopgraph.effects.learning.mapping import step_id


@strawberry.type(description="What is to be done, in its place in a plan, and which traces tell that.")
class LearnedStep:
    step_id: strawberry.Private[str]
    position: int = strawberry.field(description="Its place, from 0.")
    kind: PlanStepKind = strawberry.field(description="What it does.")
    name: str = strawberry.field(
        description="The name of the tool, skill, command or subagent; its kind, where the name is none that may be told."
    )
    program: str | None = strawberry.field(
        description="What a shell runs in it; null for other tools, and where it only looks."
    )
    targets: list[str] = short_list("What it works on, by kind: `*.py`, `pytest`; the most frequent first.")
    times: PlanRange = strawberry.field(description="How often in a row it was done: loops and retries are one step.")
    duration_ms: PlanRange | None = strawberry.field(
        description="How long all of that took, in milliseconds; null where nobody knows."
    )
    intelligence_functions: list[str] = short_list("Functions that at least half of the traces executed in it.")
    quality_gates: list[str] = short_list("Quality gates that at least half of the traces validated in it.")
    support: int = strawberry.field(description="In how many of the newest hundred successful traces it is.")
    failures: int = strawberry.field(
        description="In how many of the newest hundred failed ones it failed and was not made good."
    )

    @classmethod
    def of(cls, step: contracts.PlanStep, node_id: str) -> Self:
        times, took = PlanRange.of(step.times), PlanRange.of(step.duration_ms)
        return shape(cls, step, step_id=step_id(node_id, step.position), times=times, duration_ms=took)

    @strawberry.field(description="The successful traces that have it, newest first.")
    async def supporting_traces(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Trace]:
        page = TRACES.page(info, first, after)
        found = await info.context.loaders.traces_supporting_step.load((self.step_id, page))
        return TRACES.connection(found.items, Trace.of, has_more=found.has_more, after=after)

    @strawberry.field(description="The traces in which it failed and was not made good, newest first.")
    async def failing_traces(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Trace]:
        page = TRACES.page(info, first, after)
        found = await info.context.loaders.traces_failing_step.load((self.step_id, page))
        return TRACES.connection(found.items, Trace.of, has_more=found.has_more, after=after)


@strawberry.type(
    description="How successful traces of one kind of work went: structure, and no text of a tool or an answer."
)
class LearnedPlan:
    agent: str | None = strawberry.field(description="Who did it in most traces; null where nobody was chosen.")
    routing_strategy: str | None = strawberry.field(description="By which strategy that agent was chosen.")
    steps: list[LearnedStep] = short_list("The steps, in their order.")
    endpoints: list[EndpointExpectation] = short_list("Calls that at least half of those traces make that call any.")
    performance: ReplayExpectations = strawberry.field(description="What a run comes to.")
    departures: list[PlanDeparture] = short_list("Where failed traces leave the path, the most frequent first.")

    @classmethod
    def of(cls, plan: contracts.Plan, node_id: str) -> Self:
        return cls(
            agent=plan.agent,
            routing_strategy=plan.routing_strategy,
            steps=[LearnedStep.of(step, node_id) for step in plan.steps],
            endpoints=[EndpointExpectation.of(endpoint) for endpoint in plan.endpoints],
            performance=ReplayExpectations.of(plan.performance),
            departures=[shape(PlanDeparture, departure) for departure in plan.departures],
        )
