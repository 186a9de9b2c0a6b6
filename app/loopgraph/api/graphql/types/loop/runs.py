"""Runs of the improvement loop, and the improvements that they propose."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Info, shape
from loopgraph.api.graphql.types.connections import BY_TIME, Listing
from loopgraph.api.graphql.types.enums import (
    FeedbackType,
    ImprovementStatus,
    ImprovementType,
    Reason,
    Risk,
    RunStatus,
    Stage,
    StageStatus,
)
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.lineage.versions import Baseline
from loopgraph.api.graphql.types.list_size import SHORT, at_most, short_list
from loopgraph.api.graphql.types.loop.designs import ExperimentDesign
from loopgraph.api.graphql.types.nodes import (
    DECISION,
    EXPERIMENT,
    IMPROVEMENT,
    PATTERN,
    RUN,
    VERSION,
    Loaded,
    link,
    loaded_lists,
    own_id,
)
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.computes.loop.experiments.explaining import explanation
from loopgraph.contracts.loop import experiments
from loopgraph.contracts.loop import feedback as contracts
from loopgraph.effects.clock import time_key

RUNS = Listing[contracts.FeedbackRun]("runs", lambda run: time_key(run.created_at, run.run_id), BY_TIME)
IMPROVEMENTS = Listing[contracts.Improvement](
    "improvements", lambda improvement: time_key(improvement.created_at, improvement.improvement_id), BY_TIME
)
FOR_REVIEW = Listing[contracts.Improvement](
    "improvements awaiting review",
    lambda improvement: time_key(improvement.created_at, improvement.improvement_id),
    BY_TIME,
)
_OF_RUN = Listing[contracts.Improvement]("improvements of a run", lambda improvement: improvement.improvement_id)
_EXPERIMENTS = Listing[experiments.Experiment]("experiments", lambda experiment: experiment.experiment_id)
_DECISIONS = Listing[experiments.Decision]("decisions", lambda decision: decision.decision_id)


@strawberry.type(description="How often something occurred.")
class ErrorCount:
    error_type: str
    count: int


@strawberry.type(description="What was measured over a set of executions; null where nothing could be measured.")
class PerformanceSummary:
    execution_count: int
    success_count: int
    unknown_count: int = strawberry.field(
        description="Executions of which it is not known whether they succeeded; they are in no rate."
    )
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


@strawberry.type(description="How far one stage of a run is, and when the run was at it.")
class StageState:
    stage: Stage
    status: StageStatus
    started_at: datetime | None = strawberry.field(
        description="When the run first came to it, in UTC; null while it has not, and for runs of before this was kept."
    )
    completed_at: datetime | None = strawberry.field(
        description="When the run left it for the last time, in UTC; null while it has not."
    )
    duration_ms: float | None = strawberry.field(
        description="From the start to the end, in milliseconds, waiting for executions included; null until it has ended."
    )
    work_ms: float | None = strawberry.field(
        description="How long workers were at it, in milliseconds; null where `startedAt` is."
    )

    @classmethod
    def all_of(cls, run: contracts.FeedbackRun) -> list[Self]:
        times = {item.stage: item for item in run.stage_times}
        return [cls._of(stage, status, times.get(stage)) for stage, status in run.stages.items()]

    @classmethod
    def _of(cls, stage: Stage, status: StageStatus, time: contracts.StageTime | None) -> Self:
        return cls(
            stage=stage,
            status=status,
            started_at=time.started_at if time else None,
            completed_at=time.completed_at if time else None,
            duration_ms=time.duration_ms if time else None,
            work_ms=time.work_ms if time else None,
        )


@presents(contracts.FeedbackRun)
@strawberry.type(description="One pass of the improvement loop over one pattern.")
class FeedbackRun(Loaded, relay.Node):
    loader = "run"
    run_id: relay.NodeID[str]
    pattern_id: strawberry.ID
    feedback_type: FeedbackType
    time_window_days: int
    auto_apply_threshold: float
    min_sample_size: int = strawberry.field(description="Units that each arm is planned to have.")
    significance_level: float
    enable_ab_testing: bool
    design: ExperimentDesign = strawberry.field(description="How its experiments are made.")
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
    notes: list[str] = short_list(
        "How its proposals came about: which generators failed, and what was left out since it was there before."
    )
    leased_by: str | None = strawberry.field(description="The worker that is at it; null while none is.")
    leased_until: datetime | None = strawberry.field(
        description="Until when other workers leave it to that one, in UTC; null while none is at it."
    )
    created_at: datetime
    created_by: str
    updated_at: datetime
    completed_at: datetime | None

    @classmethod
    def of(cls, run: contracts.FeedbackRun) -> Self:
        given = run.input.model_dump(exclude={"pattern_id", "design"}) | {
            "design": ExperimentDesign.of(run.input.design)
        }
        return shape(
            cls,
            run,
            **given,
            stages=StageState.all_of(run),
            notes=list(run.notes[:SHORT]),
            analysis=PerformanceSummary.of(run.analysis),
        )

    raw_id = own_id("run_id")

    pattern = link("pattern", "pattern_id", PATTERN, "The pattern that the run is over.")
    control = link("version", "control_node_id", VERSION, "The version that was analysed.")
    best_decision = link(
        "best_decision_of_run",
        "run_id",
        DECISION,
        "The decision with the largest gain, what was applied before all else: its result has the run's `performanceDelta`, "
        "`pValue` and `confidenceScore`. Null where nothing was measured, or all was rejected.",
    )

    improvements_connection, improvements = loaded_lists(
        "improvementsConnection",
        "improvements_of_run",
        "run_id",
        _OF_RUN,
        IMPROVEMENT,
        "What the run proposed or took up, in the order of their proposal.",
    )


@presents(contracts.Improvement)
@strawberry.type(description="A proposal with the candidate version it would introduce.")
class Improvement(Loaded, relay.Node):
    loader = "improvement"
    improvement_id: relay.NodeID[str]
    pattern_id: strawberry.ID
    run_id: strawberry.ID | None = strawberry.field(description="The run that took it up; null while none has.")
    candidate_node_id: strawberry.ID
    base_node_id: strawberry.ID
    improvement_type: ImprovementType
    source: str = strawberry.field(
        description="The rule that proposed it, behind its generator if that is not built in; or the kind of actor that did."
    )
    description: str
    proposed_changes: JSON
    evidence: JSON = strawberry.field(description="The figures that its maker gives for it; empty where none did.")
    expected_delta: float | None
    risk: Risk = strawberry.field(description="What may go wrong beside what is measured; if high, a reviewer decides.")
    risk_reasons: list[str] = short_list("Why the risk is what it is, the gravest first.")
    status: ImprovementStatus
    reason: Reason | None = strawberry.field(description="That of the last decision.")
    created_at: datetime
    created_by: str
    updated_at: datetime

    @classmethod
    def of(cls, improvement: contracts.Improvement) -> Self:
        return shape(cls, improvement, risk_reasons=list(improvement.risk_reasons[:SHORT]))

    raw_id = own_id("improvement_id")

    @strawberry.field(
        description="Why it was decided as it was, in words: of its last decision, and whether it was rolled back since; null "
        "while there is none."
    )
    async def explanation(self, info: Info) -> str | None:
        decisions = await info.context.loaders.decisions_of_improvement.load(self.improvement_id)
        return explanation(decisions[-1], self.status) if decisions else None

    pattern = link("pattern", "pattern_id", PATTERN, "The pattern that it would improve.")
    run = link("run", "run_id", RUN, "The run that took it up; null while none has.")
    candidate = link("version", "candidate_node_id", VERSION, "The version that it would introduce.")
    base = link("version", "base_node_id", VERSION, "The version that it would improve.")

    experiments_connection, experiments = loaded_lists(
        "experimentsConnection",
        "experiments_of_improvement",
        "improvement_id",
        _EXPERIMENTS,
        EXPERIMENT,
        "The experiments that tested it, oldest first.",
    )
    decisions_connection, decisions = loaded_lists(
        "decisionsConnection",
        "decisions_of_improvement",
        "improvement_id",
        _DECISIONS,
        DECISION,
        "The decisions about it, oldest first: the experiment's, then a reviewer's.",
    )
