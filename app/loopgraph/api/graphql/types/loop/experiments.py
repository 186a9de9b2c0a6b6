"""Experiments, the executions that they rest on, and the decisions that they end with."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Info, shape
from loopgraph.api.graphql.types.connections import Connection, Edge, Listing
from loopgraph.api.graphql.types.enums import Arm, Metric, Reason, Verdict
from loopgraph.api.graphql.types.loop.results import ExperimentResult
from loopgraph.api.graphql.types.nodes import (
    DECISION,
    EXPERIMENT,
    IMPROVEMENT,
    PATTERN,
    RUN,
    VERSION,
    Loaded,
    link,
    own_id,
)
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.api.graphql.types.traces.steps import HookExecution
from loopgraph.contracts import experiments
from loopgraph.contracts import feedback as contracts
from loopgraph.effects.loop.evidence import Evidence

_EXECUTIONS = Listing[Evidence]("executions", lambda evidence: evidence.key, r"[^|]+\|\d{16}\|.+")


@strawberry.type(description="An execution of an experiment, as it was recorded.")
class ExperimentExecutionEdge(Edge[HookExecution]):
    decision_id: strawberry.ID | None = strawberry.field(
        description="The decision that rests on it; null if there is none, or if the execution came after it."
    )
    decision = link("decision", "decision_id", DECISION, "That decision itself.")

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        return cls(
            node=HookExecution.of(evidence.execution),
            cursor=_EXECUTIONS.cursor(evidence.key),
            decision_id=strawberry.ID(evidence.decision_id) if evidence.decision_id else None,
        )


@strawberry.type(description="The executions of an experiment.")
class ExperimentExecutionConnection(Connection[HookExecution]):
    edges: list[ExperimentExecutionEdge]  # type: ignore[assignment]  # its edges say more than the base's


@strawberry.type(description="How far an arm of an experiment is.")
class ArmTally:
    assigned: int = strawberry.field(description="Units that were assigned to it.")
    units: int = strawberry.field(description="Units with an execution that ended, or is over its time.")
    telling_units: int = strawberry.field(description="Units with an execution that reports the metric or failed.")
    executions: int = strawberry.field(description="Executions that ended, or are over their time.")
    unended: int = strawberry.field(description="Those of them that never ended: they count as failures.")
    unnamed: int = strawberry.field(
        description="Those of them that name no unit: their session, or without one their trace, counts as the unit."
    )
    set_aside: int = strawberry.field(
        description="Executions that name this arm though their unit was assigned to the other one: no evidence."
    )

    @classmethod
    def of(cls, tally: experiments.ArmTally) -> Self:
        return shape(cls, tally)


@presents(experiments.Experiment)
@strawberry.type(description="A controlled comparison on recorded executions; only those that name it count.")
class Experiment(Loaded, relay.Node):
    loader = "experiment"
    experiment_id: relay.NodeID[str]
    improvement_id: strawberry.ID
    run_id: strawberry.ID = strawberry.field(description="The own id of the run that began it.")
    pattern_id: strawberry.ID
    control_node_id: strawberry.ID
    treatment_node_id: strawberry.ID
    metric: Metric
    min_sample_size: int = strawberry.field(
        description="Units that each arm needs: sessions, users, tasks, whatever assignVariant was asked for."
    )
    significance_level: float
    started_at: datetime
    concluded_at: datetime | None
    control_count: int = strawberry.field(description="Executions of the control arm, at the last look.")
    treatment_count: int = strawberry.field(description="Executions of the treatment arm, at the last look.")
    control_tally: ArmTally = strawberry.field(description="How far the control arm is, at the last look.")
    treatment_tally: ArmTally = strawberry.field(description="How far the treatment arm is, at the last look.")
    reason: Reason | None = strawberry.field(description="Why nothing is decided yet, at the last look.")

    @classmethod
    def of(cls, experiment: experiments.Experiment) -> Self:
        tallies = {"control": experiment.control_tally, "treatment": experiment.treatment_tally}
        return shape(cls, experiment, **{f"{arm}_tally": ArmTally.of(tally) for arm, tally in tallies.items()})

    raw_id = own_id("experiment_id")

    pattern = link("pattern", "pattern_id", PATTERN, "The pattern whose versions are compared.")
    run = link("run", "run_id", RUN, "The run that began it.")
    improvement = link("improvement", "improvement_id", IMPROVEMENT, "The improvement that it tests.")
    control = link("version", "control_node_id", VERSION, "The version in use, that the candidate is held against.")
    treatment = link("version", "treatment_node_id", VERSION, "The candidate.")

    @strawberry.field(description="The finished executions that name it, by version and then the oldest first.")
    async def executions(self, info: Info, first: int = 100, after: str | None = None) -> ExperimentExecutionConnection:
        page = _EXECUTIONS.page(info, first, after)
        found = await info.context.loaders.executions_of_experiment.load((self.experiment_id, page))
        edges = [ExperimentExecutionEdge.of(evidence) for evidence in found.evidence]
        about = _EXECUTIONS.about(edges, has_more=found.has_more, after=after)
        return ExperimentExecutionConnection(edges=edges, page_info=about)


@presents(experiments.Decision)
@strawberry.type(description="The evidence an improvement was decided on; an applied version points at it for ever.")
class Decision(Loaded, relay.Node):
    loader = "decision"
    decision_id: relay.NodeID[str]
    experiment_id: strawberry.ID | None
    improvement_id: strawberry.ID
    verdict: Verdict
    reason: Reason
    result: ExperimentResult | None
    auto_apply_threshold: float | None
    decided_at: datetime
    decided_by: str = strawberry.field(description="`loop`, or the reviewer.")
    note: str

    @classmethod
    def of(cls, decision: experiments.Decision) -> Self:
        return shape(cls, decision, result=ExperimentResult.of(decision.result))

    raw_id = own_id("decision_id")

    experiment = link(
        "experiment", "experiment_id", EXPERIMENT, "The experiment that it rests on; null if there was none."
    )
    improvement = link("improvement", "improvement_id", IMPROVEMENT, "The improvement that it is about.")


@strawberry.type(description="Which version to run for a unit of work. Outside an experiment: the current one.")
class Assignment:
    pattern_id: strawberry.ID
    unit: str
    node_id: strawberry.ID
    version: int
    template_code: str
    parameters: JSON
    experiment_id: strawberry.ID | None = strawberry.field(
        description="Report it with the execution, and the unit: only executions that name the experiment count."
    )
    arm: Arm | None
    pattern = link("pattern", "pattern_id", PATTERN, "The pattern that was asked about.")
    assigned_version = link("version", "node_id", VERSION, "The version to run.")
    experiment = link("experiment", "experiment_id", EXPERIMENT, "The experiment that assigned it; null outside one.")

    @classmethod
    def of(cls, assignment: contracts.Assignment) -> Self:
        return shape(cls, assignment)
