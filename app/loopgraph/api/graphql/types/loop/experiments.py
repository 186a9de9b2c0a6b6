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
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.api.graphql.types.loop.designs import ExperimentDesign
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
from loopgraph.computes.loop.experiments.explaining import explanation
from loopgraph.computes.loop.experiments.looks import most_units, planned_units
from loopgraph.contracts.loop import arms, experiments
from loopgraph.contracts.loop import feedback as contracts
from loopgraph.effects.loop.evidence import Evidence

_MOST_ALLOTMENTS = 60
"""Each is made of a quarter more units than the one before, or when one of at most five candidates is dropped."""

_EXECUTIONS = Listing[Evidence]("executions", lambda evidence: evidence.key, r"[^|]+\|(?:\d{16}|:\d{18})\|.+")


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
    not_assigned: int = strawberry.field(
        description="Where exposure grows: units that report this arm and were never assigned; in no other number of units."
    )
    held_out: int = strawberry.field(
        description="Units that report this arm though they are held out of all experiments; in no other number of units."
    )

    @classmethod
    def of(cls, tally: arms.ArmTally) -> Self:
        return shape(cls, tally)


@strawberry.type(description="An arm of an experiment: the control, or a candidate that is held against it.")
class ExperimentArm:
    arm: Arm
    node_id: strawberry.ID = strawberry.field(description="The own id of the version that its units run.")
    improvement_id: strawberry.ID | None = strawberry.field(
        description="The own id of the improvement that it tests; null for the control."
    )
    share: float = strawberry.field(
        description="The probability that a unit gets it, 0..1: as planned, or now where shares change. Of candidates that "
        "were dropped, the others get what they had, in proportion."
    )
    tally: ArmTally = strawberry.field(description="How far it is, at the last look.")
    reason: Reason | None = strawberry.field(
        description="Why nothing is decided on it yet, at the last look; null for the control."
    )
    dropped_at: datetime | None = strawberry.field(
        description="When it was decided on while others went on, in UTC; null where it was not."
    )
    version = link("version", "node_id", VERSION, "That version itself.")
    improvement = link("improvement", "improvement_id", IMPROVEMENT, "That improvement itself.")

    @classmethod
    def all_of(cls, experiment: experiments.Experiment) -> list[Self]:
        """The control, and then the candidates in the order of their run."""
        control = cls(
            arm=Arm.CONTROL,
            node_id=strawberry.ID(experiment.control_node_id),
            improvement_id=None,
            share=experiment.control_share,
            tally=ArmTally.of(experiment.control_tally),
            reason=None,
            dropped_at=None,
        )
        pairs = zip(experiment.candidates, experiment.shares, strict=True)
        return [control, *(cls._of(arm, share) for arm, share in pairs)]

    @classmethod
    def _of(cls, arm: arms.TreatmentArm, share: float) -> Self:
        return shape(cls, arm, arm=Arm.TREATMENT, share=share, tally=ArmTally.of(arm.tally))


@strawberry.type(description="Shares of the next units, as they followed from what was known (Thompson sampling).")
class Allotment:
    made_at: datetime = strawberry.field(description="When it came into force, in UTC.")
    units: int = strawberry.field(description="Units that had told something by then.")
    shares: list[float] = strawberry.field(
        description="The probability that a unit gets each candidate, in the order of `arms`; the control has the rest.",
        directives=[at_most(5)],
    )
    best: list[float] | None = strawberry.field(
        description="How likely each arm was the best one, in the order of `arms`; null where nothing was known.",
        directives=[at_most(6)],
    )

    @classmethod
    def of(cls, allotment: arms.Allotment) -> Self:
        best = None if allotment.best is None else list(allotment.best)
        return shape(cls, allotment, shares=list(allotment.shares), best=best)


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
        description="Units that each arm is planned to have: sessions, users, tasks, whatever assignVariant was asked for."
    )
    significance_level: float
    design: ExperimentDesign = strawberry.field(description="How it is made: its metrics, and when it is looked at.")
    planned_units: int
    most_units: int
    started_at: datetime
    concluded_at: datetime | None
    control_count: int = strawberry.field(description="Executions of the control arm, at the last look.")
    treatment_count: int = strawberry.field(description="Executions of the treatment arm, at the last look.")
    control_tally: ArmTally = strawberry.field(description="How far the control arm is, at the last look.")
    treatment_tally: ArmTally = strawberry.field(description="How far the treatment arm is, at the last look.")
    reason: Reason | None = strawberry.field(description="Why nothing is decided yet, at the last look.")
    open_guardrails: list[Metric] = strawberry.field(
        description="With GUARDRAIL_OPEN: what was not shown to be held when the treatment was shown to be better.",
        directives=[at_most(5)],
    )
    stage: int | None = strawberry.field(
        description="Where exposure grows: the place, from 0, of the share in force among the stages of its design; messages "
        "count from 1."
    )

    arms: list[ExperimentArm] = strawberry.field(
        description="The control, and the candidates that are held against it, one or several; what is said of the treatment "
        "elsewhere is said of the first.",
        directives=[at_most(6)],
    )
    allotments: list[Allotment] = strawberry.field(
        description="The shares that were in force one after the other, where they follow from what was seen; else empty.",
        directives=[at_most(_MOST_ALLOTMENTS)],
    )

    @classmethod
    def of(cls, experiment: experiments.Experiment) -> Self:
        tallies = {"control": experiment.control_tally, "treatment": experiment.treatment_tally}
        return shape(
            cls,
            experiment,
            **{f"{arm}_tally": ArmTally.of(tally) for arm, tally in tallies.items()},
            arms=ExperimentArm.all_of(experiment),
            allotments=[Allotment.of(each) for each in experiment.allotments],
            design=ExperimentDesign.of(experiment.design),
            planned_units=planned_units(experiment.design, experiment.min_sample_size),
            most_units=most_units(experiment.design, experiment.min_sample_size),
        )

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
    explanation: str = strawberry.field(
        description="Why it was decided so, in words: with the gain, and with the trade-off where something is guarded."
    )

    @classmethod
    def of(cls, decision: experiments.Decision) -> Self:
        return shape(cls, decision, result=ExperimentResult.of(decision.result), explanation=explanation(decision))

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
