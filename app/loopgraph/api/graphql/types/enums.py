"""The enums of the contracts, registered as GraphQL enums."""

from __future__ import annotations

from enum import Enum

import strawberry

from loopgraph.contracts.analytics.comparison import BenchmarkMeasure, ComparedMeasure
from loopgraph.contracts.analytics.figures import SeriesMetric, TimeInterval
from loopgraph.contracts.analytics.subjects import Dimension, SubjectKind
from loopgraph.contracts.analytics.views import UsageDimension
from loopgraph.contracts.analytics.windows import Exactness
from loopgraph.contracts.assembly import SpanKind, TimelineKind
from loopgraph.contracts.audit import ActorType, EventType, Severity
from loopgraph.contracts.definitions import DefinitionOrigin, VersionBasis
from loopgraph.contracts.experiments import Method
from loopgraph.contracts.feedback import (
    Arm,
    FeedbackType,
    ImprovementStatus,
    ImprovementType,
    Metric,
    Reason,
    RunStatus,
    SetAside,
    Stage,
    StageStatus,
    UnitRule,
    Verdict,
)
from loopgraph.contracts.lineage import EdgeStrength, EvolutionType, PathMetric, PatternStatus, RelationshipType
from loopgraph.contracts.observations import Temporality
from loopgraph.contracts.pricing import CostSource
from loopgraph.contracts.success import CorrectionRule, Criterion, UnknownReason
from loopgraph.contracts.trace_diff import ChangedField, RowKind, StepKind
from loopgraph.contracts.trace_updates import TracePart
from loopgraph.contracts.traces import SpawnBasis, TraceClosure, TraceStatus

_DESCRIPTIONS: dict[type[Enum], str] = {
    PatternStatus: "Lifecycle of a version: draft → active → deprecated → archived, or draft → rejected.",
    EvolutionType: "How a version came to be.",
    RelationshipType: "Type of a lineage edge, which points from the earlier version to the later. "
    "RELATED_TO is not ancestry, the others are.",
    EdgeStrength: "How strong a relationship is: weak 0.25, moderate 0.5, strong 0.75, critical 1.",
    PathMetric: "What a path minimises: the number of edges, or the sum of -ln(weight), so that it maximises the "
    "product of the weights.",
    DefinitionOrigin: "Who brings a skill, command, subagent or memory file.",
    EventType: "What happened.",
    Severity: "Who has to look at an event. It follows from what happened.",
    ActorType: "What kind of actor caused something.",
    TraceStatus: "How far a trace or one of its steps is.",
    SpawnBasis: "On what it rests under which step a subagent's trace hangs. ONLY_CALL and PROMPT are inferred, the others are "
    "exact.",
    VersionBasis: "On what it rests which version an execution ran. TIME is inferred, the others are exact.",
    TraceClosure: "How a trace was ended, if not by its own client.",
    TracePart: "What of a trace was recorded.",
    TimelineKind: "What a line of a timeline tells.",
    StepKind: "What a step of a comparison is.",
    RowKind: "How the two sides of a row relate.",
    ChangedField: "What differs between two steps that correspond. VERSION: the pattern version that they ran.",
    SpanKind: "What a bar of a waterfall stands for.",
    SubjectKind: "What is counted, and what counts as an execution of it.",
    Dimension: "By what the executions of a subject are told apart.",
    Exactness: "How exact an answer is.",
    TimeInterval: "How long a point of a time series is, by the calendar of a time zone.",
    SeriesMetric: "What a time series tells of each of its intervals.",
    ComparedMeasure: "What is compared. Durations and costs are better when smaller.",
    BenchmarkMeasure: "On what a pattern is ranked among its like.",
    UsageDimension: "By what the usage of language models is told apart.",
    Criterion: "What the success of an execution of a pattern is made of.",
    CorrectionRule: "On what it rests whether the next prompt was a correction. REWOUND is exact; INTERRUPTED, REPEATED, "
    "PHRASE and NO_SIGN are inferred; with NO_PROMPT, TOO_LATE and NO_TEXT it is not known.",
    UnknownReason: "Why it is not known whether an execution succeeded.",
    CostSource: "Who says what a call of a model cost.",
    Temporality: "What the value of a data point counts from, as in OpenTelemetry.",
    FeedbackType: "What a run tries to improve: duration, quality score, success rate (USAGE), or all of them.",
    RunStatus: "State of a run. WAITING: an experiment has not enough units yet, or they do not fall to its arms as planned.",
    Stage: "The stages of a run, in order.",
    StageStatus: "How far a stage is. STOPPED: the stage at which a run was cancelled or failed.",
    ImprovementType: "What an improvement is meant to better.",
    ImprovementStatus: "Life of an improvement. Two wait for review: VALIDATED, which a test has found significantly better, and "
    "AWAITING_REVIEW, of which no test says that.",
    Method: "How an experiment was evaluated.",
    UnitRule: "How the unit of an execution is known: it was named, or its session or trace is taken for it.",
    SetAside: "Why an execution is no evidence of the experiment that it names. OTHER_ARM: its unit was assigned to the other "
    "arm.",
    Metric: "What an experiment compares. Durations are better when smaller, the others when larger.",
    Arm: "The arms of an experiment.",
    Verdict: "What a decision says.",
    Reason: "Why a statistic is null, a verdict is what it is, or there is none yet.",
}
for _enum, _description in _DESCRIPTIONS.items():
    strawberry.enum(_enum, description=_description)

__all__ = [
    "ActorType",
    "Arm",
    "BenchmarkMeasure",
    "ChangedField",
    "ComparedMeasure",
    "CorrectionRule",
    "CostSource",
    "Criterion",
    "DefinitionOrigin",
    "Dimension",
    "EdgeStrength",
    "EventType",
    "EvolutionType",
    "Exactness",
    "FeedbackType",
    "ImprovementStatus",
    "ImprovementType",
    "Method",
    "Metric",
    "PathMetric",
    "PatternStatus",
    "Reason",
    "RelationshipType",
    "RowKind",
    "RunStatus",
    "SeriesMetric",
    "SetAside",
    "Severity",
    "SpanKind",
    "SpawnBasis",
    "Stage",
    "StageStatus",
    "StepKind",
    "SubjectKind",
    "Temporality",
    "TimeInterval",
    "TimelineKind",
    "TraceClosure",
    "TracePart",
    "TraceStatus",
    "UnitRule",
    "UnknownReason",
    "UsageDimension",
    "Verdict",
    "VersionBasis",
]
