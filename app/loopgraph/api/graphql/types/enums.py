"""The enums of the contracts, registered as GraphQL enums."""

from __future__ import annotations

from enum import Enum

import strawberry

from loopgraph.contracts.analytics.comparison import BenchmarkMeasure, ComparedMeasure
from loopgraph.contracts.analytics.failures import ErrorSeverity
from loopgraph.contracts.analytics.figures import QualityBand, SeriesMetric, TimeInterval
from loopgraph.contracts.analytics.reliability import ReliabilityVerdict
from loopgraph.contracts.analytics.subjects import Dimension, SubjectKind
from loopgraph.contracts.analytics.trends import Cycle, ForecastMethod, NoFigure, Period, TrendClass, TrendDirection
from loopgraph.contracts.analytics.views import UsageDimension
from loopgraph.contracts.analytics.windows import Exactness
from loopgraph.contracts.audit import ActorType, EventType, Severity
from loopgraph.contracts.learning.lessons import Role
from loopgraph.contracts.learning.plans import Standing
from loopgraph.contracts.learning.plans import StepKind as PlanStepKind
from loopgraph.contracts.learning.proposals import ProposalKind, ProposalStatus
from loopgraph.contracts.learning.replays import DeviationKind, ReplayOutcome
from loopgraph.contracts.learning.routing import NoAgent, RecordScope, RoutingPolicy, RoutingStrategy
from loopgraph.contracts.lineage.definitions import DefinitionOrigin, VersionBasis
from loopgraph.contracts.lineage.orders import OrderDirection, PatternOrderField
from loopgraph.contracts.lineage.patterns import (
    EdgeStrength,
    EvolutionType,
    PathMetric,
    PatternStatus,
    RelationshipType,
)
from loopgraph.contracts.lineage.text_form import TextProblem
from loopgraph.contracts.loop.design import AllocationRule, TailTreatment
from loopgraph.contracts.loop.distinctions import DistinguishedMeasure, Factor
from loopgraph.contracts.loop.experiments import Method
from loopgraph.contracts.loop.feedback import (
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
from loopgraph.contracts.loop.profiles import LoopProfile
from loopgraph.contracts.loop.retrospection import Adjustment, Caveat, EvidenceKind, Unadjusted
from loopgraph.contracts.loop.risk import Risk
from loopgraph.contracts.loop.schedules import StartOutcome
from loopgraph.contracts.loop.user_feedback import Sentiment, SentimentSource
from loopgraph.contracts.loop.watching import RegressionReview, WatchStatus
from loopgraph.contracts.statistics.decisions import GuardrailStatus
from loopgraph.contracts.statistics.estimates import Assumption, EffectScale, EstimationMethod, NoEstimate
from loopgraph.contracts.statistics.plans import Horizon, Spending
from loopgraph.contracts.traces.assembly import SpanKind, TimelineKind
from loopgraph.contracts.traces.diff import ChangedField, RowKind, StepKind
from loopgraph.contracts.traces.events import SpawnBasis, TraceClosure, TraceStatus
from loopgraph.contracts.traces.observations import Temporality
from loopgraph.contracts.traces.pricing import CostSource
from loopgraph.contracts.traces.signals import SignalKind
from loopgraph.contracts.traces.success import CorrectionRule, Criterion, UnknownReason
from loopgraph.contracts.traces.updates import TracePart

_DESCRIPTIONS: dict[type[Enum], str] = {
    PatternStatus: "Lifecycle of a version: draft → active → deprecated → archived, or draft → rejected.",
    EvolutionType: "How a version came to be.",
    RelationshipType: "Type of a lineage edge, which points from the earlier version to the later. "
    "RELATED_TO is not ancestry, the others are.",
    EdgeStrength: "How strong a relationship is: weak 0.25, moderate 0.5, strong 0.75, critical 1.",
    OrderDirection: "Which way a list is ordered.",
    PatternOrderField: "By what patterns are ordered.",
    PathMetric: "What a path minimises: the number of edges, or the sum of -ln(weight), so that it maximises the "
    "product of the weights.",
    DefinitionOrigin: "Who brings a skill, command, subagent or memory file.",
    EventType: "What happened.",
    Sentiment: "Whether somebody was content.",
    SentimentSource: "On what a sentiment rests: it was given, or the words of the comment tell it, by a lexicon.",
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
    TrendClass: "How the use of something develops.",
    TrendDirection: "Where a series goes.",
    NoFigure: "Why there is no figure.",
    Period: "How long a period of a series is, by UTC.",
    Cycle: "What may repeat.",
    ForecastMethod: "From what the next periods are told.",
    SubjectKind: "What is counted, and what counts as an execution of it.",
    Dimension: "By what the executions of a subject are told apart.",
    Exactness: "How exact an answer is.",
    TimeInterval: "How long a point of a time series is, by the calendar of a time zone.",
    QualityBand: "How good the quality is that an execution reports, 0..1.",
    SeriesMetric: "What a time series tells of each of its intervals.",
    ComparedMeasure: "What is compared. Durations and costs are better when smaller.",
    BenchmarkMeasure: "On what a pattern is ranked among its like.",
    UsageDimension: "By what the usage of language models is told apart.",
    ErrorSeverity: "How bad an error pattern is. It is common if it is in 5 % of the traces that were looked at, and in three at "
    "least.",
    ReliabilityVerdict: "What a success rate with its interval says of a threshold.",
    TextProblem: "What keeps a text from a full score of quality.",
    Criterion: "What the success of an execution of a pattern is made of.",
    CorrectionRule: "On what it rests whether the next prompt was a correction. RATED and REWOUND are exact; INTERRUPTED, "
    "REPEATED, PHRASE and NO_SIGN are inferred; with NO_PROMPT, TOO_LATE and NO_TEXT it is not known.",
    Factor: "In what executions of a version may differ.",
    DistinguishedMeasure: "What of the executions of a version is compared.",
    EvidenceKind: "On what a comparison rests.",
    Adjustment: "How versions that people chose are compared.",
    Unadjusted: "Why a factor was not adjusted for.",
    Caveat: "What speaks against a comparison of versions that people chose.",
    SignalKind: "What is told of work without anybody saying it.",
    UnknownReason: "Why it is not known whether an execution succeeded.",
    CostSource: "Who says what a call of a model cost.",
    Temporality: "What the value of a data point counts from, as in OpenTelemetry.",
    FeedbackType: "What a run tries to improve: duration, quality score, success rate (USAGE), or all of them.",
    RunStatus: "State of a run. WAITING: an experiment has not enough units yet, or they do not fall to its arms as planned.",
    Stage: "The stages of a run, in order.",
    StageStatus: "How far a stage is. STOPPED: the stage at which a run was cancelled or failed.",
    StartOutcome: "What became of one pattern of a batch.",
    ImprovementType: "What an improvement is meant to better.",
    Risk: "What may go wrong with an improvement beside what is measured. What is HIGH is never applied without a reviewer.",
    ImprovementStatus: "Life of an improvement. Two wait for review: VALIDATED, which a test has found significantly better, and "
    "AWAITING_REVIEW, of which no test says that.",
    Method: "How an experiment was evaluated.",
    Horizon: "How often one looks at an experiment, and so what its intervals and p-values hold against.",
    Spending: "How the error of planned looks is spent.",
    AllocationRule: "Which share of the units each arm of an experiment gets.",
    TailTreatment: "What is done about a long tail of values.",
    LoopProfile: "What a pattern is for, and so how careful the loop is with it: the inputs that it sets, unless they are given.",
    GuardrailStatus: "What is known of a guarded metric.",
    EstimationMethod: "How two arms were compared.",
    EffectScale: "What an effect is in.",
    Assumption: "What a figure takes for granted.",
    NoEstimate: "Why something could not be computed.",
    DeviationKind: "How an execution differs from the plan.",
    ReplayOutcome: "What came of a trace that was offered a plan, or for which an agent was recommended, by the criteria of "
    "success.",
    ProposalKind: "What is proposed about learned patterns.",
    ProposalStatus: "Life of a proposal about learned patterns.",
    NoAgent: "Why no agent is recommended.",
    RecordScope: "Of which runs the record of an agent is.",
    RoutingPolicy: "A way to recommend agents that can be estimated.",
    RoutingStrategy: "What a recommended agent comes from.",
    UnitRule: "How the unit of an execution is known: it was named, or its session or trace is taken for it.",
    SetAside: "Why an execution is no evidence of the experiment that it names. OTHER_ARM: its unit was assigned to the other "
    "arm.",
    Metric: "What an experiment compares. Durations, tokens and costs are better when smaller, the others when larger.",
    Arm: "The arms of an experiment.",
    Verdict: "What a decision says.",
    Standing: "Whether a learned pattern is matched.",
    Role: "What a trace is to the learned pattern that it taught.",
    Reason: "Why a statistic is null, a verdict is what it is, or there is none yet.",
    WatchStatus: "Life of a watch on an applied version. WATCHING and REGRESSED go on, the others have ended.",
    RegressionReview: "Why a regression waits for a reviewer.",
}
for _enum, _description in _DESCRIPTIONS.items():
    strawberry.enum(_enum, description=_description)
strawberry.enum(PlanStepKind, name="PlanStepKind", description="What a step of a plan does.")

__all__ = [
    "ActorType",
    "Adjustment",
    "AllocationRule",
    "Arm",
    "Assumption",
    "BenchmarkMeasure",
    "Caveat",
    "ChangedField",
    "ComparedMeasure",
    "CorrectionRule",
    "CostSource",
    "Criterion",
    "Cycle",
    "DefinitionOrigin",
    "DeviationKind",
    "Dimension",
    "DistinguishedMeasure",
    "EdgeStrength",
    "EffectScale",
    "ErrorSeverity",
    "EstimationMethod",
    "EventType",
    "EvidenceKind",
    "EvolutionType",
    "Exactness",
    "Factor",
    "FeedbackType",
    "ForecastMethod",
    "GuardrailStatus",
    "Horizon",
    "ImprovementStatus",
    "ImprovementType",
    "LoopProfile",
    "Method",
    "Metric",
    "NoAgent",
    "NoEstimate",
    "NoFigure",
    "OrderDirection",
    "PathMetric",
    "PatternOrderField",
    "PatternStatus",
    "Period",
    "PlanStepKind",
    "ProposalKind",
    "ProposalStatus",
    "QualityBand",
    "Reason",
    "RecordScope",
    "RegressionReview",
    "RelationshipType",
    "ReliabilityVerdict",
    "ReplayOutcome",
    "Risk",
    "Role",
    "RoutingPolicy",
    "RoutingStrategy",
    "RowKind",
    "RunStatus",
    "Sentiment",
    "SentimentSource",
    "SeriesMetric",
    "SetAside",
    "Severity",
    "SignalKind",
    "SpanKind",
    "SpawnBasis",
    "Spending",
    "Stage",
    "StageStatus",
    "Standing",
    "StartOutcome",
    "StepKind",
    "SubjectKind",
    "TailTreatment",
    "Temporality",
    "TextProblem",
    "TimeInterval",
    "TimelineKind",
    "TraceClosure",
    "TracePart",
    "TraceStatus",
    "TrendClass",
    "TrendDirection",
    "Unadjusted",
    "UnitRule",
    "UnknownReason",
    "UsageDimension",
    "Verdict",
    "VersionBasis",
    "WatchStatus",
]
