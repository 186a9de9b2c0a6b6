"""Relationships of the graph. Made by `make schema` of `loopgraph.contracts.catalogue`: not to be changed by hand."""

from datetime import datetime

from gqlalchemy import Relationship
from pydantic.v1 import Json

__all__ = (
    "About",
    "Against",
    "Approved",
    "Called",
    "Candidate",
    "Concerns",
    "ConcludedIn",
    "ContinuedBy",
    "Control",
    "CurrentVersion",
    "DeprecatedBy",
    "DerivedFrom",
    "Describes",
    "Embeds",
    "Exemplifies",
    "FailedIn",
    "ForkedFrom",
    "HasStep",
    "HasTrace",
    "HasVersion",
    "ImprovedVersion",
    "Logged",
    "Measured",
    "MergedInto",
    "Offered",
    "On",
    "PartOf",
    "Proposed",
    "Ran",
    "Recommended",
    "RefinedFrom",
    "RelatedTo",
    "RolledBackTo",
    "RoutedBy",
    "Selected",
    "Spawned",
    "Started",
    "SupportedBy",
    "Taught",
    "TestedBy",
    "Treatment",
    "Used",
    "Watches",
)


class HasVersion(Relationship, type="HAS_VERSION"):
    """A pattern's versions.

    From ``Pattern`` to ``PatternVersion``.
    """


class CurrentVersion(Relationship, type="CURRENT_VERSION"):
    """The version in use.

    From ``Pattern`` to ``PatternVersion``.
    """


class DerivedFrom(Relationship, type="DERIVED_FROM"):
    """The later version was derived from the earlier.

    From ``PatternVersion`` to ``PatternVersion``.
    """

    edge_id: str | None = None
    source_node_id: str | None = None
    target_node_id: str | None = None
    source_pattern_id: str | None = None
    target_pattern_id: str | None = None
    edge_strength: str | None = None
    similarity_score: float | None = None
    confidence_score: float | None = None
    change_summary: str | None = None
    breaking_changes: bool | None = None
    metadata: Json | None = None
    correlation_id: str | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    deactivation_reason: str | None = None
    # mean of strength, similarity and confidence, as far as they are known
    weight: float | None = None
    # it is open: `valid_to` is null
    active: bool | None = None
    # digest of the request that drew it
    request_hash: str | None = None


class RefinedFrom(Relationship, type="REFINED_FROM"):
    """The later version refines the earlier.

    From ``PatternVersion`` to ``PatternVersion``.
    """

    edge_id: str | None = None
    source_node_id: str | None = None
    target_node_id: str | None = None
    source_pattern_id: str | None = None
    target_pattern_id: str | None = None
    edge_strength: str | None = None
    similarity_score: float | None = None
    confidence_score: float | None = None
    change_summary: str | None = None
    breaking_changes: bool | None = None
    metadata: Json | None = None
    correlation_id: str | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    deactivation_reason: str | None = None
    # mean of strength, similarity and confidence, as far as they are known
    weight: float | None = None
    # it is open: `valid_to` is null
    active: bool | None = None
    # digest of the request that drew it
    request_hash: str | None = None


class ImprovedVersion(Relationship, type="IMPROVED_VERSION"):
    """The later version improves on the earlier, as an experiment or a person found.

    From ``PatternVersion`` to ``PatternVersion``.
    """

    edge_id: str | None = None
    source_node_id: str | None = None
    target_node_id: str | None = None
    source_pattern_id: str | None = None
    target_pattern_id: str | None = None
    edge_strength: str | None = None
    similarity_score: float | None = None
    confidence_score: float | None = None
    change_summary: str | None = None
    breaking_changes: bool | None = None
    metadata: Json | None = None
    correlation_id: str | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    deactivation_reason: str | None = None
    # mean of strength, similarity and confidence, as far as they are known
    weight: float | None = None
    # it is open: `valid_to` is null
    active: bool | None = None
    # digest of the request that drew it
    request_hash: str | None = None


class ForkedFrom(Relationship, type="FORKED_FROM"):
    """The later version begins a pattern of its own.

    From ``PatternVersion`` to ``PatternVersion``.
    """

    edge_id: str | None = None
    source_node_id: str | None = None
    target_node_id: str | None = None
    source_pattern_id: str | None = None
    target_pattern_id: str | None = None
    edge_strength: str | None = None
    similarity_score: float | None = None
    confidence_score: float | None = None
    change_summary: str | None = None
    breaking_changes: bool | None = None
    metadata: Json | None = None
    correlation_id: str | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    deactivation_reason: str | None = None
    # mean of strength, similarity and confidence, as far as they are known
    weight: float | None = None
    # it is open: `valid_to` is null
    active: bool | None = None
    # digest of the request that drew it
    request_hash: str | None = None


class MergedInto(Relationship, type="MERGED_INTO"):
    """The earlier version was merged into the later.

    From ``PatternVersion`` to ``PatternVersion``.
    """

    edge_id: str | None = None
    source_node_id: str | None = None
    target_node_id: str | None = None
    source_pattern_id: str | None = None
    target_pattern_id: str | None = None
    edge_strength: str | None = None
    similarity_score: float | None = None
    confidence_score: float | None = None
    change_summary: str | None = None
    breaking_changes: bool | None = None
    metadata: Json | None = None
    correlation_id: str | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    deactivation_reason: str | None = None
    # mean of strength, similarity and confidence, as far as they are known
    weight: float | None = None
    # it is open: `valid_to` is null
    active: bool | None = None
    # digest of the request that drew it
    request_hash: str | None = None


class DeprecatedBy(Relationship, type="DEPRECATED_BY"):
    """The later version replaces the earlier.

    From ``PatternVersion`` to ``PatternVersion``.
    """

    edge_id: str | None = None
    source_node_id: str | None = None
    target_node_id: str | None = None
    source_pattern_id: str | None = None
    target_pattern_id: str | None = None
    edge_strength: str | None = None
    similarity_score: float | None = None
    confidence_score: float | None = None
    change_summary: str | None = None
    breaking_changes: bool | None = None
    metadata: Json | None = None
    correlation_id: str | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    deactivation_reason: str | None = None
    # mean of strength, similarity and confidence, as far as they are known
    weight: float | None = None
    # it is open: `valid_to` is null
    active: bool | None = None
    # digest of the request that drew it
    request_hash: str | None = None


class RelatedTo(Relationship, type="RELATED_TO"):
    """The versions are related; that is no ancestry.

    From ``PatternVersion`` to ``PatternVersion``.
    """

    edge_id: str | None = None
    source_node_id: str | None = None
    target_node_id: str | None = None
    source_pattern_id: str | None = None
    target_pattern_id: str | None = None
    edge_strength: str | None = None
    similarity_score: float | None = None
    confidence_score: float | None = None
    change_summary: str | None = None
    breaking_changes: bool | None = None
    metadata: Json | None = None
    correlation_id: str | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    deactivation_reason: str | None = None
    # mean of strength, similarity and confidence, as far as they are known
    weight: float | None = None
    # it is open: `valid_to` is null
    active: bool | None = None
    # digest of the request that drew it
    request_hash: str | None = None


class About(Relationship, type="ABOUT"):
    """What an event, feedback or an outcome is about.

    From ``LineageEvent`` to ``PatternVersion``, ``Feedback`` to ``Trace``, ``Feedback`` to ``HookExecution``, ``Feedback`` to
    ``PatternVersion``, ``ReportedOutcome`` to ``Trace``, ``ReportedOutcome`` to ``HookExecution``, ``ReportedOutcome`` to
    ``Session``, ``ReportedOutcome`` to ``PatternVersion``.
    """


class HasTrace(Relationship, type="HAS_TRACE"):
    """What was done in a session.

    From ``Session`` to ``Trace``.
    """


class Spawned(Relationship, type="SPAWNED"):
    """What a step, or a trace, had done by another.

    From ``HookExecution`` to ``Trace``, ``Trace`` to ``Trace``.
    """

    # on what it rests: `exact: …` or `inferred: …`
    rule: str | None = None
    # from what it was concluded
    evidence: str | None = None


class ContinuedBy(Relationship, type="CONTINUED_BY"):
    """The prompt that goes on with background work.

    From ``Trace`` to ``Trace``.
    """


class RoutedBy(Relationship, type="ROUTED_BY"):
    """How the agent of a trace was chosen.

    From ``Trace`` to ``RoutingDecision``.
    """


class Selected(Relationship, type="SELECTED"):
    """The agent that was chosen.

    From ``RoutingDecision`` to ``Agent``.
    """


class Ran(Relationship, type="RAN"):
    """The steps of a trace.

    From ``Trace`` to ``HookExecution``.
    """


class Called(Relationship, type="CALLED"):
    """The calls of a step, or of a trace.

    From ``HookExecution`` to ``EndpointCall``, ``Trace`` to ``EndpointCall``.
    """


class Used(Relationship, type="USED"):
    """The exact version that a step ran.

    From ``HookExecution`` to ``PatternVersion``.
    """

    experiment_id: str | None = None
    arm: str | None = None
    unit: str | None = None
    unit_rule: str | None = None
    set_aside: str | None = None
    # on what it rests which version it was
    rule: str | None = None
    # from what that was concluded
    evidence: str | None = None
    # digest of what lay beside the skill then
    resources: str | None = None
    # on what that rests
    resources_rule: str | None = None
    # the decision that it is evidence of
    decision_id: str | None = None
    # the watch that found a regression in it
    watch_id: str | None = None


class Logged(Relationship, type="LOGGED"):
    """Log records.

    From ``Session`` to ``LogRecord``, ``Trace`` to ``LogRecord``.
    """


class Measured(Relationship, type="MEASURED"):
    """Data points of metrics.

    From ``Session`` to ``MetricPoint``.
    """


class On(Relationship, type="ON"):
    """The pattern that a run or an improvement is about.

    From ``FeedbackRun`` to ``Pattern``, ``Improvement`` to ``Pattern``.
    """


class Proposed(Relationship, type="PROPOSED"):
    """The improvements that a run took up, in their order.

    From ``FeedbackRun`` to ``Improvement``.
    """

    # its place
    position: int | None = None


class Started(Relationship, type="STARTED"):
    """What a schedule, or a batch, has started.

    From ``Schedule`` to ``FeedbackBatch``, ``FeedbackBatch`` to ``FeedbackRun``.
    """


class Candidate(Relationship, type="CANDIDATE"):
    """The version that an improvement would introduce.

    From ``Improvement`` to ``PatternVersion``.
    """


class TestedBy(Relationship, type="TESTED_BY"):
    """The experiment on an improvement.

    From ``Improvement`` to ``Experiment``.
    """


class Control(Relationship, type="CONTROL"):
    """The version that is compared with.

    From ``Experiment`` to ``PatternVersion``.
    """


class Treatment(Relationship, type="TREATMENT"):
    """The version that is compared.

    From ``Experiment`` to ``PatternVersion``.
    """


class ConcludedIn(Relationship, type="CONCLUDED_IN"):
    """What came of it.

    From ``Experiment`` to ``Decision``, ``Improvement`` to ``Decision``.
    """


class Approved(Relationship, type="APPROVED"):
    """The version that a decision brought into use.

    From ``Decision`` to ``PatternVersion``.
    """


class Watches(Relationship, type="WATCHES"):
    """The version that is watched.

    From ``Watch`` to ``PatternVersion``.
    """


class Against(Relationship, type="AGAINST"):
    """The decision whose proof it is held against.

    From ``Watch`` to ``Decision``.
    """


class HasStep(Relationship, type="HAS_STEP"):
    """The steps of a plan.

    From ``PatternVersion`` to ``PlanStep``.
    """


class SupportedBy(Relationship, type="SUPPORTED_BY"):
    """A successful trace that has the step.

    From ``PlanStep`` to ``Trace``.
    """


class FailedIn(Relationship, type="FAILED_IN"):
    """A trace in which the step failed and was not made good.

    From ``PlanStep`` to ``Trace``.
    """


class RolledBackTo(Relationship, type="ROLLED_BACK_TO"):
    """The version that a rollback made.

    From ``Watch`` to ``PatternVersion``.
    """


class Describes(Relationship, type="DESCRIBES"):
    """The pattern that it is kept of.

    From ``LearnedPattern`` to ``Pattern``.
    """


class Exemplifies(Relationship, type="EXEMPLIFIES"):
    """The learned pattern that was learned from a prompt.

    From ``Exemplar`` to ``LearnedPattern``.
    """


class Embeds(Relationship, type="EMBEDS"):
    """The prompt whose vector it is.

    From ``PromptEmbedding`` to ``Exemplar``.
    """


class Taught(Relationship, type="TAUGHT"):
    """What was learned from a trace.

    From ``Trace`` to ``LearnedPattern``.
    """

    # what the trace is to the pattern
    role: str | None = None
    # when that was learned
    at: datetime | None = None


class PartOf(Relationship, type="PART_OF"):
    """The learned pattern that another one has become part of.

    From ``LearnedPattern`` to ``LearnedPattern``.
    """


class Concerns(Relationship, type="CONCERNS"):
    """The learned pattern that would be merged, or split.

    From ``PlanProposal`` to ``LearnedPattern``.
    """


class Recommended(Relationship, type="RECOMMENDED"):
    """The agent that was recommended for it.

    From ``Trace`` to ``Agent``.
    """

    # what chance goes by, a digest
    unit: str | None = None
    # what it comes from: `learned_pattern`, `historical` or `exploration`
    strategy: str | None = None
    # what the request asks for, one word
    action: str | None = None
    # where
    project: str | None = None
    # the learned pattern that fits
    pattern_id: str | None = None
    # the agent that this names
    pattern_agent: str | None = None
    # the agent with the best record
    historical_agent: str | None = None
    # what came of the trace: `success`, `failure` or `unknown`
    outcome: str | None = None
    # the agent that did it
    ran: str | None = None
    # when
    at: datetime | None = None
    # when it was said last what came of it
    settled_at: datetime | None = None
    # how probable it was, 0..1
    propensity: float | None = None
    # the share of chance in it, 0..1
    explore_share: float | None = None
    # all agents that chance may have taken
    candidates: list[str] | None = None
    # whether that agent did it
    followed: bool | None = None


class Offered(Relationship, type="OFFERED"):
    """The plan that fitted a prompt: handed out, or withheld.

    From ``Trace`` to ``PatternVersion``.
    """

    # the learned pattern
    pattern_id: str | None = None
    # what chance goes by, a digest
    unit: str | None = None
    # why it fitted, in words
    explanation: str | None = None
    # what came of the trace: `success`, `failure` or `unknown`
    outcome: str | None = None
    # when
    at: datetime | None = None
    # when it was said last what came of it
    settled_at: datetime | None = None
    # whether it was not handed out, by chance
    withheld: bool | None = None
    # whether the plan was followed
    followed: bool | None = None
    # how well it fitted, 0..1
    score: float | None = None
    # by meaning
    semantic: float | None = None
    # by keywords
    keyword: float | None = None
    # by what is to be done
    intent: float | None = None
    # by where
    context: float | None = None
    # the success that was expected of the pattern
    historical: float | None = None
    # how probable it was that what was done would be
    propensity: float | None = None
    # how much of both the plan and the execution have in common, 0..1
    adherence: float | None = None
    # the median of the plan
    expected_duration_ms: float | None = None
    # how long it took
    actual_duration_ms: float | None = None
    # by how much longer that was than expected, as a share of it
    performance_variance: float | None = None
    # steps of the plan
    planned: int | None = None
    # steps of the execution
    taken: int | None = None
    # steps of the plan that were taken, in its order
    matched: int | None = None
    # how many differences there are
    deviating: int | None = None
    # the first differences, each with kind, name and position
    deviations: Json | None = None

    # Kept by the service for itself; these may change with any release.

    # it counts as a replay of its pattern
    counted: bool | None = None
    # as one that succeeded
    counted_success: bool | None = None
