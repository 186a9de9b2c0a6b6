"""The improvement loop: runs, improvements, assignments, and the executions they rest on."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from loopgraph.contracts.base import Contract, Id, Instant, JsonMap, Name, NonNegative, Text, Unit
from loopgraph.contracts.lineage.patterns import Baseline
from loopgraph.contracts.loop.design import ExperimentDesign
from loopgraph.contracts.loop.design import Metric as Metric  # noqa: PLC0414 - whoever knows runs, knows what they compare
from loopgraph.contracts.loop.risk import Risk


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
    test says that. ``withdrawn`` means: its candidate is no draft any more, ``rolled_back``: it was applied, and what was in use
    before is in use again.
    """

    PROPOSED = "proposed"
    TESTING = "testing"
    VALIDATED = "validated"
    AWAITING_REVIEW = "awaiting_review"
    APPLIED = "applied"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    ROLLED_BACK = "rolled_back"

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
    UNDECIDED = "undecided"
    IN_FLIGHT = "in_flight"
    GUARDRAIL_BREACHED = "guardrail_breached"
    GUARDRAIL_OPEN = "guardrail_open"
    TRADE_OFF = "trade_off"
    TOO_SMALL_GAIN = "too_small_gain"
    NO_ESTIMATE = "no_estimate"
    HIGH_RISK = "high_risk"
    OUTPERFORMED = "outperformed"


class UnitRule(StrEnum):
    """How the unit of an execution is known: it was named, or it is taken to be the session or the trace."""

    GIVEN = "given"
    SESSION = "session"
    TRACE = "trace"


class SetAside(StrEnum):
    """Why an execution that names an experiment is no evidence.

    - other_arm: its unit was assigned to the other arm.
    - not_assigned: its unit was never assigned where exposure grows, so that its stage is not known; not stored.
    - held_out: its unit is one of those that are in no experiment; not stored.
    """

    OTHER_ARM = "other_arm"
    NOT_ASSIGNED = "not_assigned"
    HELD_OUT = "held_out"


class Execution(Contract):
    """One recorded execution of a version: a row of the evidence. Duration in milliseconds.

    ``unit`` is what it belongs to: executions of one unit are not independent; ``unit_rule`` is how that is known (None where
    it was not read). ``ended`` is False for one that began and has not ended; it is no success. ``is_use``: it is the use of a
    pattern, and what came of that says whether it succeeded; None where too little is known for that. ``tokens`` and ``cost_usd``
    are those of the calls of models under a use; None where none is known, or not what all of them cost. ``rating`` is the mean
    of those that were given of it, or else of its trace; None without any, or where they were not read.
    """

    execution_id: Id
    unit: str
    unit_rule: UnitRule | None = None
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
    tokens: int | None = None
    cost_usd: float | None = None
    rating: float | None = None


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


class LoopInput(Contract):
    """Inputs of ``startFeedbackLoop``, those of seed 001. ``min_sample_size`` counts units: what is randomised. ``design`` is how
    its experiments are made."""

    pattern_id: Id
    feedback_type: FeedbackType = FeedbackType.PERFORMANCE
    time_window_days: Annotated[int, Field(ge=1, le=3650)] = 7
    auto_apply_threshold: Unit = 0.95
    min_sample_size: Annotated[int, Field(ge=2, le=10_000)] = 30
    significance_level: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.05
    enable_ab_testing: bool = True
    design: ExperimentDesign = ExperimentDesign()
    correlation_id: Id | None = None

    @model_validator(mode="after")
    def _can_guard(self) -> Self:
        if self.design.guardrails and self.significance_level >= 0.5:
            raise ValueError("significance_level must be below 0.5 where there are guardrails")
        return self


class StageTime(Contract):
    """When a run was at a stage: from ``started_at`` until it left it for the last time (None while it is there).

    ``work_ms`` is how long workers were at it, in milliseconds; for the rest of the time the run waited: for a worker, or for
    executions. Validate and apply take turns while there are several improvements, so their times can overlap.
    """

    stage: Stage
    started_at: Instant
    completed_at: Instant | None = None
    work_ms: NonNegative = 0.0

    @property
    def duration_ms(self) -> float | None:
        """From the start to the end, in milliseconds, waiting included; None while it goes on."""
        return _ms(self.completed_at - self.started_at) if self.completed_at else None


def _ms(passed: timedelta) -> float:
    return max(0.0, passed / timedelta(milliseconds=1))


class FeedbackRun(Contract):
    """One pass of the loop over one pattern.

    ``revision`` grows with every change of the run. ``control_node_id`` is the version that was current at the start: the
    one analysed. ``improvements_validated`` counts those that a test has found better, ``improvements_applied`` those of them
    that this run applied by itself. ``message`` says what the run waits for, or why it ended as it did. ``leased_by`` is the
    worker that is at it, since ``leased_at``; other workers leave it alone until ``leased_until``. All three are None while
    nobody is. ``stage_times`` are those of the stages that it has come to, in their order; runs of before they were kept have
    none. ``notes`` say how its proposals came about:
    which generators failed, and what was left out since it was there before.
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
    notes: tuple[str, ...] = ()
    stage_times: tuple[StageTime, ...] = ()
    leased_by: Name | None = None
    leased_at: Instant | None = None
    leased_until: Instant | None = None
    created_at: Instant
    created_by: Name
    updated_at: Instant
    completed_at: Instant | None = None

    def times_after(self, at: datetime, stage: Stage, status: RunStatus) -> tuple[StageTime, ...]:
        """The times of the stages when a step, done at ``at``, has taken the run to this stage and status.

        Work is what a worker did under its lease: since the lease began, or since the step before. A step without one adds none.
        """
        times = {item.stage: item for item in self.stage_times}
        begun = self.updated_at if self.stage_times or self.leased_at is None else self.leased_at
        here = times.get(self.stage) or StageTime(stage=self.stage, started_at=begun)
        left = stage is not self.stage or not status.open
        work_ms = here.work_ms + self._worked_ms(at)
        times[self.stage] = here.model_copy(update={"completed_at": at if left else None, "work_ms": work_ms})
        if stage is not self.stage:
            there = times.get(stage) or StageTime(stage=stage, started_at=at)
            times[stage] = there.model_copy(update={"completed_at": None if status.open else at})
        return tuple(times[item] for item in Stage if item in times)

    def _worked_ms(self, at: datetime) -> float:
        if self.leased_at is None or self.leased_until is None:
            return 0.0
        return _ms(min(at, self.leased_until) - max(self.updated_at, self.leased_at))

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

    ``run_id`` is the run that took it up, None while none has it. ``source`` is the rule that proposed it (``generator/rule``
    where the generator is not built in), or the kind of actor that did (``user``, ``agent``, …). ``proposed_changes`` holds what
    differs from the base: of ``template_hash``, and of each of the ``parameters``, its value ``from`` and ``to`` (absent where
    there is none). ``evidence`` are the figures that its maker gives for it, ``risk`` is what may go wrong beside what is
    measured, with the reasons in words. ``reason`` is that of the last decision.
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
    evidence: JsonMap = {}
    expected_delta: float | None = None
    risk: Risk
    risk_reasons: tuple[str, ...]
    status: ImprovementStatus = ImprovementStatus.PROPOSED
    reason: Reason | None = None
    created_at: Instant
    created_by: Name
    updated_at: Instant


class ImprovementPage(Contract):
    """Improvements, newest first (those for review: oldest first), and whether more follow."""

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
