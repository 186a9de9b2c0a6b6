"""The improvement loop: runs, improvements, experiments, decisions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import SLICE, Info, encode_cursor, page_info, page_of, shape, sliced
from loopgraph.api.graphql.types.enums import (
    Arm,
    FeedbackType,
    ImprovementStatus,
    ImprovementType,
    Method,
    Metric,
    Reason,
    RunStatus,
    Stage,
    StageStatus,
    Verdict,
)
from loopgraph.api.graphql.types.lineage import Baseline, Pattern, PatternVersion
from loopgraph.api.graphql.types.list_size import SHORT, at_most, short_list
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.api.graphql.types.traces import HookExecution
from loopgraph.contracts import experiments
from loopgraph.contracts import feedback as contracts
from loopgraph.effects.loop.evidence import Evidence


@strawberry.type(description="The closed interval from `low` to `high`.")
class Interval:
    low: float
    high: float

    @classmethod
    def of(cls, interval: tuple[float, float] | None) -> Self | None:
        return cls(low=interval[0], high=interval[1]) if interval else None


@strawberry.type(description="How often something occurred.")
class ErrorCount:
    error_type: str
    count: int


@strawberry.type(description="What was measured over a set of executions; null where nothing could be measured.")
class PerformanceSummary:
    execution_count: int
    success_count: int
    success_rate: float | None
    success_rate_interval: Interval | None = strawberry.field(description="Wilson's interval at 95 %.")
    baseline: Baseline | None = strawberry.field(description="Percentiles of durations, linear-interpolated (type 7).")
    min_duration_ms: float | None
    max_duration_ms: float | None
    std_duration_ms: float | None
    mean_quality_score: float | None
    errors: list[ErrorCount] = short_list("The most frequent first.")
    timeout_count: int

    @classmethod
    def of(cls, summary: contracts.PerformanceSummary | None) -> Self | None:
        if summary is None:
            return None
        return shape(
            cls,
            summary,
            success_rate_interval=Interval.of(summary.success_rate_interval),
            baseline=Baseline.of(summary.baseline),
            errors=[
                ErrorCount(error_type=name, count=count) for name, count in islice(summary.error_counts.items(), SHORT)
            ],
        )


@strawberry.type(description="How far one stage of a run is.")
class StageState:
    stage: Stage
    status: StageStatus


@strawberry.type(description="One pass of the improvement loop over one pattern.")
class FeedbackRun(relay.Node):
    run_id: relay.NodeID[str]
    pattern_id: strawberry.ID
    feedback_type: FeedbackType
    time_window_days: int
    auto_apply_threshold: float
    min_sample_size: int = strawberry.field(description="Units that each arm needs.")
    significance_level: float
    enable_ab_testing: bool
    correlation_id: strawberry.ID | None
    status: RunStatus
    stage: Stage = strawberry.field(description="The stage the run is at.")
    stages: list[StageState] = strawberry.field(directives=[at_most(len(Stage))])
    revision: int = strawberry.field(description="Grows with every change of the run.")
    control_node_id: strawberry.ID = strawberry.field(description="The version that was analysed.")
    feedback_collected: int = strawberry.field(description="Executions that were analysed.")
    analysis: PerformanceSummary | None
    improvements_identified: int
    improvements_validated: int
    improvements_applied: int
    message: str | None = strawberry.field(description="What the run waits for, or why it ended as it did.")
    created_at: datetime
    created_by: str
    updated_at: datetime
    completed_at: datetime | None

    @classmethod
    def of(cls, run: contracts.FeedbackRun) -> Self:
        given = run.input.model_dump(exclude={"pattern_id"})
        stages = [StageState(stage=stage, status=status) for stage, status in run.stages.items()]
        return shape(cls, run, **given, stages=stages, analysis=PerformanceSummary.of(run.analysis))

    @classmethod
    async def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        found = await info.context.loaders.run.load_many(list(node_ids))
        return [cls.of(run) if run else None for run in found]

    @strawberry.field(name="runId")
    def raw_id(self) -> strawberry.ID:
        return strawberry.ID(self.run_id)

    @strawberry.field
    async def pattern(self, info: Info) -> Pattern | None:
        pattern = await info.context.loaders.pattern.load(self.pattern_id)
        return Pattern.of(pattern) if pattern else None

    @strawberry.field(description=f"What the run proposed or took up, in the order of their proposal: {SLICE}")
    async def improvements(self, info: Info, first: int = 20, offset: int = 0) -> list[Improvement]:
        found = await info.context.loaders.improvements_of_run.load(self.run_id)
        return [Improvement.of(improvement) for improvement in sliced(info, found or (), first, offset)]


@strawberry.type(description="A proposal with the candidate version it would introduce.")
class Improvement(relay.Node):
    improvement_id: relay.NodeID[str]
    pattern_id: strawberry.ID
    run_id: strawberry.ID | None = strawberry.field(description="The run that took it up; null while none has.")
    candidate_node_id: strawberry.ID
    base_node_id: strawberry.ID
    improvement_type: ImprovementType
    source: str = strawberry.field(description="The rule that proposed it, or the kind of actor that did.")
    description: str
    proposed_changes: JSON
    expected_delta: float | None
    status: ImprovementStatus
    reason: Reason | None = strawberry.field(description="That of the last decision.")
    created_at: datetime
    created_by: str
    updated_at: datetime

    @classmethod
    def of(cls, improvement: contracts.Improvement) -> Self:
        return shape(cls, improvement)

    @classmethod
    async def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        found = await info.context.loaders.improvement.load_many(list(node_ids))
        return [cls.of(improvement) if improvement else None for improvement in found]

    @strawberry.field(name="improvementId")
    def raw_id(self) -> strawberry.ID:
        return strawberry.ID(self.improvement_id)

    @strawberry.field
    async def candidate(self, info: Info) -> PatternVersion | None:
        return PatternVersion.maybe(await info.context.loaders.version.load(self.candidate_node_id))

    @strawberry.field
    async def base(self, info: Info) -> PatternVersion | None:
        return PatternVersion.maybe(await info.context.loaders.version.load(self.base_node_id))

    @strawberry.field(description=f"The experiments that tested it, oldest first: {SLICE}")
    async def experiments(self, info: Info, first: int = 20, offset: int = 0) -> list[Experiment]:
        found = await info.context.loaders.experiments_of_improvement.load(self.improvement_id)
        return [Experiment.of(experiment) for experiment in sliced(info, found or (), first, offset)]

    @strawberry.field(description=f"The decisions about it, oldest first, the experiment's, then a reviewer's: {SLICE}")
    async def decisions(self, info: Info, first: int = 20, offset: int = 0) -> list[Decision]:
        found = await info.context.loaders.decisions_of_improvement.load(self.improvement_id)
        return [Decision.of(decision) for decision in sliced(info, found or (), first, offset)]


@strawberry.type(description="An execution of an experiment, as it was recorded.")
class ExperimentExecutionEdge(relay.Edge[HookExecution]):
    decision_id: strawberry.ID | None = strawberry.field(
        description="The decision that rests on it; null if there is none, or if the execution came after it."
    )

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        return cls(
            node=HookExecution.of(evidence.execution),
            cursor=encode_cursor(evidence.key),
            decision_id=strawberry.ID(evidence.decision_id) if evidence.decision_id else None,
        )


@strawberry.type(description="The executions of an experiment.")
class ExperimentExecutionConnection(relay.Connection[HookExecution]):
    edges: list[ExperimentExecutionEdge]  # type: ignore[assignment]


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


@strawberry.type(description="A controlled comparison on recorded executions; only those that name it count.")
class Experiment(relay.Node):
    experiment_id: relay.NodeID[str]
    improvement_id: strawberry.ID
    run_id: strawberry.ID
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

    @classmethod
    async def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        found = await info.context.loaders.experiment.load_many(list(node_ids))
        return [cls.of(experiment) if experiment else None for experiment in found]

    @strawberry.field(name="experimentId")
    def raw_id(self) -> strawberry.ID:
        return strawberry.ID(self.experiment_id)

    @strawberry.field
    async def control(self, info: Info) -> PatternVersion | None:
        return PatternVersion.maybe(await info.context.loaders.version.load(self.control_node_id))

    @strawberry.field
    async def treatment(self, info: Info) -> PatternVersion | None:
        return PatternVersion.maybe(await info.context.loaders.version.load(self.treatment_node_id))

    @strawberry.field(description="The finished executions that name it, by version and then the oldest first.")
    async def executions(self, info: Info, first: int = 100, after: str | None = None) -> ExperimentExecutionConnection:
        key = (self.experiment_id, page_of(info, first, after))
        found = await info.context.loaders.executions_of_experiment.load(key)
        edges = [ExperimentExecutionEdge.of(evidence) for evidence in found.evidence]
        return ExperimentExecutionConnection(
            edges=edges, page_info=page_info(edges, has_more=found.has_more, after=after)
        )


@strawberry.type(description="Sufficient statistics of one arm; `n` values, one for each unit that reports the metric.")
class SampleStatistics:
    n: int
    mean: float | None
    variance: float | None = strawberry.field(description="Unbiased; null below two values.")

    @classmethod
    def of(cls, sample: experiments.SampleStatistics) -> Self:
        return cls(n=sample.n, mean=sample.mean if sample.n else None, variance=sample.variance)


@strawberry.type(description="What an arm of a concluded experiment rests on.")
class ArmResult:
    assigned_units: int
    units: int
    executions: int
    successes: int
    unended: int = strawberry.field(description="Executions that never ended: they count as failures.")
    set_aside: int = strawberry.field(
        description="Executions that named this arm though their unit was assigned to the other one; in no other number."
    )
    icc: float | None = strawberry.field(
        description="Correlation of the metric between executions of one unit; null where no unit has two, or nothing varies."
    )
    design_effect: float | None = strawberry.field(
        description="By how much the executions of a unit depend on each other: so many are worth one independent execution."
    )

    @classmethod
    def of(cls, arm: experiments.ArmResult | None) -> Self | None:
        return shape(cls, arm) if arm else None


@strawberry.type(description="Welch's t-test on the means of units, with Fisher's test of the success rates beside it.")
class WelchOfUnitMeans:
    t_statistic: float | None
    degrees_of_freedom: float | None = strawberry.field(description="Welch-Satterthwaite.")
    control_success_design_effect: float | None
    treatment_success_design_effect: float | None
    success_p_value: float | None = strawberry.field(
        description="Two-sided, by Fisher's exact test on counts divided by their design effects."
    )
    fewer_successes_p_value: float | None = strawberry.field(
        description="The same, one-sided: the treatment fails more."
    )


@strawberry.type(description="Welch's t-test on single executions: how it was done before units were kept.")
class WelchOfExecutions:
    t_statistic: float | None
    degrees_of_freedom: float | None = strawberry.field(description="Welch-Satterthwaite.")


MethodDetails = Annotated[WelchOfUnitMeans | WelchOfExecutions, strawberry.union("MethodDetails")]

_DETAILS: dict[Method, type[WelchOfUnitMeans] | type[WelchOfExecutions]] = {
    Method.WELCH_UNIT_MEANS: WelchOfUnitMeans,
    Method.WELCH_EXECUTIONS: WelchOfExecutions,
}


@strawberry.type(description="Comparison of the treatment with the control; `reason` says why a value is null.")
class ExperimentResult:
    metric: Metric
    method: Method
    control: SampleStatistics
    treatment: SampleStatistics
    control_arm: ArmResult | None = strawberry.field(description="Null in results from before units were kept.")
    treatment_arm: ArmResult | None = strawberry.field(description="Null in results from before units were kept.")
    control_executions: int = strawberry.field(description="All executions of the arm, also those without the metric.")
    control_successes: int
    control_success_rate: float | None
    treatment_executions: int
    treatment_successes: int
    treatment_success_rate: float | None
    effect: float | None = strawberry.field(description="Treatment mean minus control mean, in the unit of the metric.")
    effect_interval: Interval | None = strawberry.field(description="Welch's, at 1 - significanceLevel.")
    effect_size: float | None = strawberry.field(description="Hedges' g.")
    effect_size_interval: Interval | None
    performance_delta: float | None = strawberry.field(
        description="Relative gain; positive when the treatment is better."
    )
    t_statistic: float | None = strawberry.field(description="Welch's; also in `details`.")
    degrees_of_freedom: float | None = strawberry.field(description="Welch-Satterthwaite; also in `details`.")
    p_value: float | None = strawberry.field(description="Two-sided.")
    sample_ratio_p_value: float | None = strawberry.field(
        description="Of the split of units between the arms; below 0.001 nothing is decided."
    )
    details: MethodDetails = strawberry.field(description="What only this method has to tell.")
    confidence_score: float | None = strawberry.field(
        description="min(0.99, 1 - p). Not the probability that the treatment is better: `probabilityBetter` is."
    )
    probability_better: float | None
    reason: Reason | None

    @classmethod
    def of(cls, result: experiments.ExperimentResult | None) -> Self | None:
        if result is None:
            return None
        return shape(
            cls,
            result,
            control=SampleStatistics.of(result.control),
            treatment=SampleStatistics.of(result.treatment),
            control_arm=ArmResult.of(result.control_arm),
            treatment_arm=ArmResult.of(result.treatment_arm),
            t_statistic=result.details.t_statistic,
            degrees_of_freedom=result.details.degrees_of_freedom,
            details=shape(_DETAILS[result.method], result.details),
            effect_interval=Interval.of(result.effect_interval),
            effect_size_interval=Interval.of(result.effect_size_interval),
        )


@presents(experiments.Decision)
@strawberry.type(description="The evidence an improvement was decided on; an applied version points at it for ever.")
class Decision(relay.Node):
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

    @classmethod
    async def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        found = await info.context.loaders.decision.load_many(list(node_ids))
        return [cls.of(decision) if decision else None for decision in found]

    @strawberry.field(name="decisionId")
    def raw_id(self) -> strawberry.ID:
        return strawberry.ID(self.decision_id)

    @strawberry.field
    async def experiment(self, info: Info) -> Experiment | None:
        found = await info.context.loaders.experiment.load(self.experiment_id) if self.experiment_id else None
        return Experiment.of(found) if found else None

    @strawberry.field
    async def improvement(self, info: Info) -> Improvement | None:
        found = await info.context.loaders.improvement.load(self.improvement_id)
        return Improvement.of(found) if found else None


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

    @classmethod
    def of(cls, assignment: contracts.Assignment) -> Self:
        return shape(cls, assignment)
