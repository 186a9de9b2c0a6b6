"""The improvement loop: runs, improvements, assignments, and the executions they rest on."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from loopgraph.contracts.base import Contract, Id, Instant, JsonMap, Name, NonNegative, Text, Unit
from loopgraph.contracts.lineage import Baseline


class RunStatus(StrEnum):
    """State of a run. ``waiting`` means: an experiment has not enough units yet, or its sample ratio does not fit."""

    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def open(self) -> bool:
        """Whether the run still goes on."""
        return self in (RunStatus.RUNNING, RunStatus.WAITING)


class Stage(StrEnum):
    """The six stages, in order."""

    COLLECT = "collect"
    ANALYZE = "analyze"
    GENERATE = "generate"
    VALIDATE = "validate"
    APPLY = "apply"
    TRACK = "track"


class StageStatus(StrEnum):
    """How far one stage is. ``stopped`` is the stage at which a run was cancelled or failed."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    SKIPPED = "skipped"
    STOPPED = "stopped"


class ImprovementStatus(StrEnum):
    """Life of an improvement.

    Two of them wait for review: ``validated``, which a test has found significantly better, and ``awaiting_review``, of which no
    test says that. ``withdrawn`` means: its candidate is no draft any more.
    """

    PROPOSED = "proposed"
    TESTING = "testing"
    VALIDATED = "validated"
    AWAITING_REVIEW = "awaiting_review"
    APPLIED = "applied"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @property
    def for_review(self) -> bool:
        """Whether it waits for a reviewer."""
        return self in (ImprovementStatus.VALIDATED, ImprovementStatus.AWAITING_REVIEW)

    @property
    def open(self) -> bool:
        """Whether it is not decided for good."""
        return self.for_review or self in (ImprovementStatus.PROPOSED, ImprovementStatus.TESTING)


class ImprovementType(StrEnum):
    """What an improvement is meant to better."""

    PERFORMANCE = "performance"
    QUALITY = "quality"
    RELIABILITY = "reliability"


class Metric(StrEnum):
    """What an experiment compares. Durations are better when smaller, the others when larger."""

    DURATION_MS = "duration_ms"
    QUALITY_SCORE = "quality_score"
    SUCCESS_RATE = "success_rate"

    @property
    def smaller_is_better(self) -> bool:
        """Direction of the metric."""
        return self is Metric.DURATION_MS


METRICS: dict[ImprovementType, Metric] = {
    ImprovementType.PERFORMANCE: Metric.DURATION_MS,
    ImprovementType.QUALITY: Metric.QUALITY_SCORE,
    ImprovementType.RELIABILITY: Metric.SUCCESS_RATE,
}
"""What an experiment on an improvement of each type compares."""


class FeedbackType(StrEnum):
    """What a run tries to improve: duration, quality score, success rate (``usage``), or all of them."""

    PERFORMANCE = "performance"
    QUALITY = "quality"
    USAGE = "usage"
    ALL = "all"

    @property
    def improvement_types(self) -> frozenset[ImprovementType]:
        """The improvements a run takes up; the others stay proposed."""
        if self is FeedbackType.ALL:
            return frozenset(ImprovementType)
        if self is FeedbackType.USAGE:
            return frozenset({ImprovementType.RELIABILITY})
        return frozenset({ImprovementType(self.value)})


class Arm(StrEnum):
    """The two arms of an experiment."""

    CONTROL = "control"
    TREATMENT = "treatment"


class Verdict(StrEnum):
    """What an experiment ended with."""

    APPLY = "apply"
    REVIEW = "review"
    REJECT = "reject"


class Reason(StrEnum):
    """Why a statistic is null, a verdict is what it is, or there is none yet."""

    INSUFFICIENT_UNITS = "insufficient_units"
    SAMPLE_RATIO_MISMATCH = "sample_ratio_mismatch"
    INSUFFICIENT_SAMPLES = "insufficient_samples"
    ZERO_VARIANCE = "zero_variance"
    SIGNIFICANT_IMPROVEMENT = "significant_improvement"
    SIGNIFICANT_REGRESSION = "significant_regression"
    NOT_SIGNIFICANT = "not_significant"
    BELOW_APPLY_THRESHOLD = "below_apply_threshold"
    FEWER_SUCCESSES = "fewer_successes"
    AB_TESTING_DISABLED = "ab_testing_disabled"
    APPLY_REFUSED = "apply_refused"
    CANDIDATE_NOT_DRAFT = "candidate_not_draft"
    REVIEWED = "reviewed"


class UnitRule(StrEnum):
    """How the unit of an execution is known: it was named, or it is taken to be the session or the trace."""

    GIVEN = "given"
    SESSION = "session"
    TRACE = "trace"


class SetAside(StrEnum):
    """Why an execution that names an experiment is no evidence. ``other_arm``: its unit was assigned to the other arm."""

    OTHER_ARM = "other_arm"


class Execution(Contract):
    """One recorded execution of a version: a row of the evidence. Duration in milliseconds.

    ``unit`` is what it belongs to: executions of one unit are not independent. ``ended`` is False for one that began and has
    not ended; it is no success. ``is_use``: it is the use of a pattern, and what came of that says whether it succeeded; None
    where too little is known for that.
    """

    execution_id: Id
    unit: str
    node_id: Id
    experiment_id: Id | None
    arm: Arm | None
    started_at: datetime
    duration_ms: float | None
    success: bool | None
    error_type: str | None
    quality_score: float | None
    ended: bool = True
    is_use: bool = False
    set_aside: SetAside | None = None


class PerformanceSummary(Contract):
    """What was measured over a set of executions. None where nothing could be measured; durations in milliseconds.

    Of ``unknown_count`` executions it is not known whether they succeeded: the success rate is that of the others.
    """

    execution_count: Annotated[int, Field(ge=0)]
    success_count: Annotated[int, Field(ge=0)]
    unknown_count: Annotated[int, Field(ge=0)] = 0
    success_rate: Unit | None
    success_rate_interval: tuple[float, float] | None
    baseline: Baseline
    min_duration_ms: NonNegative | None
    max_duration_ms: NonNegative | None
    std_duration_ms: NonNegative | None
    mean_quality_score: Unit | None
    error_counts: dict[str, int]
    timeout_count: Annotated[int, Field(ge=0)]


class Proposal(Contract):
    """A change that a rule derived from what was measured: new parameters for the current version."""

    rule: Name
    improvement_type: ImprovementType
    description: Text
    parameters: JsonMap
    expected_delta: float | None
    evidence: JsonMap


class LoopInput(Contract):
    """Inputs of ``startFeedbackLoop``, those of seed 001. ``min_sample_size`` counts units: what is randomised."""

    pattern_id: Id
    feedback_type: FeedbackType = FeedbackType.PERFORMANCE
    time_window_days: Annotated[int, Field(ge=1, le=3650)] = 7
    auto_apply_threshold: Unit = 0.95
    min_sample_size: Annotated[int, Field(ge=2, le=10_000)] = 30
    significance_level: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.05
    enable_ab_testing: bool = True
    correlation_id: Id | None = None


class FeedbackRun(Contract):
    """One pass of the loop over one pattern.

    ``revision`` grows with every change of the run. ``control_node_id`` is the version that was current at the start: the
    one analysed. ``improvements_validated`` counts those that a test has found better, ``improvements_applied`` those of them
    that this run applied by itself. ``message`` says what the run waits for, or why it ended as it did.
    """

    run_id: Id
    pattern_id: Id
    input: LoopInput
    status: RunStatus
    stage: Stage
    skipped: frozenset[Stage] = frozenset()
    revision: Annotated[int, Field(ge=1)]
    control_node_id: Id
    feedback_collected: Annotated[int, Field(ge=0)] = 0
    analysis: PerformanceSummary | None = None
    improvements_identified: Annotated[int, Field(ge=0)] = 0
    improvements_validated: Annotated[int, Field(ge=0)] = 0
    improvements_applied: Annotated[int, Field(ge=0)] = 0
    message: str | None = None
    created_at: Instant
    created_by: Name
    updated_at: Instant
    completed_at: Instant | None = None

    @property
    def window_start(self) -> datetime:
        """From when on executions are looked at."""
        return self.created_at - timedelta(days=self.input.time_window_days)

    @property
    def stages(self) -> dict[Stage, StageStatus]:
        """How far each stage is, in their order. Validate and apply take turns while there are several improvements."""
        here = {
            RunStatus.RUNNING: StageStatus.RUNNING,
            RunStatus.WAITING: StageStatus.WAITING,
            RunStatus.COMPLETED: StageStatus.COMPLETED,
        }.get(self.status, StageStatus.STOPPED)
        order = list(Stage)
        reached = order.index(self.stage)
        before = dict.fromkeys(order[:reached], StageStatus.COMPLETED)
        after = dict.fromkeys(order[reached + 1 :], StageStatus.PENDING)
        return before | {self.stage: here} | after | dict.fromkeys(sorted(self.skipped), StageStatus.SKIPPED)


class RunPage(Contract):
    """Runs, newest first, and whether more follow."""

    runs: tuple[FeedbackRun, ...]
    has_more: bool


class NewImprovement(Contract):
    """A change to be proposed. Without ``base_node_id`` the base is the current version; the template and the parameters are
    those of the base where they are None."""

    improvement_id: Id | None = None
    pattern_id: Id
    base_node_id: Id | None = None
    template_code: Text | None = None
    parameters: JsonMap | None = None
    improvement_type: ImprovementType = ImprovementType.PERFORMANCE
    description: Text = ""
    expected_delta: Annotated[float, Field(allow_inf_nan=False)] | None = None


class Improvement(Contract):
    """A proposal with the candidate version it would introduce.

    ``run_id`` is the run that took it up, None while none has it. ``source`` is the rule that proposed it, or the kind of
    actor that did (``user``, ``agent``, …). ``proposed_changes`` holds what differs from the base: of ``template_hash``, and
    of each of the ``parameters``, its value ``from`` and ``to`` (absent where there is none). ``reason`` is that of the last
    decision.
    """

    improvement_id: Id
    pattern_id: Id
    run_id: Id | None = None
    candidate_node_id: Id
    base_node_id: Id
    improvement_type: ImprovementType
    source: Name
    description: Text
    proposed_changes: JsonMap
    expected_delta: float | None = None
    status: ImprovementStatus = ImprovementStatus.PROPOSED
    reason: Reason | None = None
    created_at: Instant
    created_by: Name
    updated_at: Instant


class ImprovementPage(Contract):
    """Improvements, newest first, and whether more follow."""

    improvements: tuple[Improvement, ...]
    has_more: bool


class Assignment(Contract):
    """Which version a client is to run for a unit of work. Outside an experiment: the current version, no experiment, no arm."""

    pattern_id: Id
    unit: Name
    node_id: Id
    version: Annotated[int, Field(ge=1)]
    template_code: Text
    parameters: JsonMap
    experiment_id: Id | None
    arm: Arm | None
