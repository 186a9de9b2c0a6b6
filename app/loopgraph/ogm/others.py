"""Nodes of the graph: others. Made by `make schema` of `loopgraph.contracts.catalogue`: not to be changed by hand."""

from datetime import datetime

from gqlalchemy import Field, Node
from pydantic.v1 import Json

__all__ = (
    "AccessToken",
    "AgentRecommendation",
    "AgentRecord",
    "Assignment",
    "Change",
    "ChangeWriter",
    "CountedTrace",
    "Decision",
    "ErrorPattern",
    "Exemplar",
    "Feedback",
    "LearnedPattern",
    "LearningRound",
    "LineageLock",
    "Outbox",
    "PlanOffer",
    "PlanProposal",
    "PlanStep",
    "PromptEmbedding",
    "PrunedMark",
    "ReportedOutcome",
    "SchemaVersion",
    "SeenName",
    "SignIn",
    "TaughtTrace",
    "TranscriptFile",
    "UsageBreakdown",
    "UsageBucket",
    "UsageMark",
    "UsageRound",
    "Watch",
)


class Decision(Node, label="Decision"):
    """The evidence that an improvement was decided on.

    Key: ``decision_id``.
    """

    decision_id: str | None = None
    experiment_id: str | None = None
    improvement_id: str | None = None
    verdict: str | None = None
    reason: str | None = None
    result: Json | None = None
    auto_apply_threshold: float | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    note: str | None = None
    # treatment mean minus control mean
    effect: float | None = None
    # Hedges' g
    effect_size: float | None = None
    # relative gain, positive when the treatment is better
    performance_delta: float | None = None
    # two-sided
    p_value: float | None = None
    # min(0.99, 1 - p), for clients of old; no probability that the treatment is better
    confidence_score: float | None = None
    # probability that the treatment is better
    probability_better: float | None = None
    # what was compared
    metric: str | None = None
    # how it was compared
    method: str | None = None
    # the version that was in use before the one that it approved
    replaced_node_id: str | None = None

    # Kept by the service for itself; these may change with any release.

    # there until the version that it approved is watched
    watch_due: str | None = None
    # the write that began its watch
    watch_turn: datetime | None = None


class Watch(Node, label="Watch"):
    """A version that is held against its own proof since it was applied, and what came of it.

    Key: ``watch_id``.
    """

    watch_id: str | None = None
    pattern_id: str | None = None
    node_id: str | None = None
    decision_id: str | None = None
    experiment_id: str | None = None
    improvement_id: str | None = None
    restores_node_id: str | None = None
    metric: str | None = None
    status: str | None = None
    review: str | None = None
    revision: int | None = None
    rules: Json | None = None
    proof: Json | None = None
    finding: Json | None = None
    usage_count: int | None = None
    since: datetime | None = None
    ends_at: datetime | None = None
    updated_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    note: str | None = None
    restored_node_id: str | None = None
    # units that used it since
    units: int | None = None
    # executions since
    executions: int | None = None
    # the metrics on which a regression is shown
    breached: list[str] | None = None

    # Kept by the service for itself; these may change with any release.

    # its status, while it goes on
    open_status: str | None = None
    # where its executions begin, by version and time
    since_key: str | None = None
    # where they end, by version and time
    until_key: str | None = None
    # milliseconds since 1970 and id: the order of time
    time_key: str | None = None
    # the write that changed it last
    turn: datetime | None = None


class Feedback(Node, label="Feedback"):
    """What somebody said of a trace, of a step, or of a version: a rating, a sentiment, a comment, tags.

    Key: ``feedback_id``.
    """

    feedback_id: str | None = None
    execution_id: str | None = None
    correlation_id: str | None = None
    node_id: str | None = None
    rating: int | None = None
    sentiment: str | None = None
    sentiment_source: str | None = None
    comment: str | None = None
    tags: list[str] | None = None
    metadata: Json | None = None
    created_at: datetime | None = None
    actor_type: str | None = None
    created_by: str | None = None

    # Kept by the service for itself; these may change with any release.

    # milliseconds since 1970 and id: the order of time
    time_key: str | None = None
    # digest of the request that made it, so that the same request makes it once
    request_hash: str | None = None


class ReportedOutcome(Node, label="ReportedOutcome"):
    """What others report of what came of a trace, of a step, of a session, or of one unit's use of a version.

    Key: ``outcome_id``.
    """

    outcome_id: str | None = None
    execution_id: str | None = None
    correlation_id: str | None = None
    session_id: str | None = None
    node_id: str | None = None
    unit: str | None = None
    name: str | None = None
    holds: bool | None = None
    value: float | None = None
    source: str | None = None
    at: datetime | None = None
    rule: str | None = None
    evidence: str | None = None
    metadata: Json | None = None
    reported_at: datetime | None = None
    actor_type: str | None = None
    created_by: str | None = None

    # Kept by the service for itself; these may change with any release.

    # milliseconds since 1970 and id: the order of time
    time_key: str | None = None
    # digest of the request that made it, so that the same request makes it once
    request_hash: str | None = None
    # version and unit, of what is about one unit's use of a version
    unit_key: str | None = None


class Assignment(Node, label="Assignment"):
    """A unit of work that was assigned to an arm of an experiment, by its digest.

    Key: ``assignment_id``.
    """

    # digest of the experiment and the unit
    assignment_id: str | None = None
    # the experiment
    experiment_id: str | None = None
    # control or treatment
    arm: str | None = None
    # the version, where there are several candidates
    node_id: str | None = None
    # the stage that it was assigned in, from 0; absent: the experiment has none
    stage: int | None = None
    # the probability that it had, where shares follow from what was seen
    propensity: float | None = None
    # when it was first assigned
    assigned_at: datetime | None = None


class UsageBucket(Node, label="UsageBucket"):
    """What happened to one subject in one hour or day, as sums.

    Key: ``bucket_key``.
    """

    # subject and time
    bucket_key: str | None = None
    # kind of subject and time
    kind_key: str | None = None
    # how often it was executed
    executions: int | None = None
    # how many of these succeeded
    successes: int | None = None
    # how many failed
    failures: int | None = None
    # cost in 10⁻⁹ US dollars
    cost_nanousd: int | None = None
    # all sums
    sums: str | None = None


class UsageBreakdown(Node, label="UsageBreakdown"):
    """What the executions of a bucket are told apart by.

    Key: ``bucket_key``.
    """

    # that of the bucket
    bucket_key: str | None = None
    # sums by dimension and value
    breakdown: str | None = None


class CountedTrace(Node, label="CountedTrace"):
    """What a trace has added to buckets.

    Key: ``correlation_id``.
    """

    # the trace
    correlation_id: str | None = None
    # what it has added
    contribution: str | None = None
    # where it stood in its session
    prompt_key: str | None = None
    # what it had added before it moved into the archive
    pruned: str | None = None


class UsageMark(Node, label="UsageMark"):
    """Something has changed that is yet to be counted.

    Nothing identifies it.
    """

    # Kept by the service for itself; these may change with any release.

    # the label of what has changed
    label_: str | None = Field(None, alias="label")
    # its key
    key: str | None = None
    # when it changed, in milliseconds since 1970; what restores traces says none
    at: int | None = None


class PrunedMark(Node, label="PrunedMark"):
    """A trace is being moved into the archive.

    Key: ``key``.
    """

    # Kept by the service for itself; these may change with any release.

    # the trace
    key: str | None = None


class UsageRound(Node, label="UsageRound"):
    """The round of counting that is next.

    Key: ``name``.
    """

    # Kept by the service for itself; these may change with any release.

    # always the same
    name: str | None = None
    # the write that changed it last
    turn: str | None = None
    # who has it to itself
    owner: str | None = None
    # digest of the success criteria by which is counted
    criteria: str | None = None
    # digest of those by which somebody would rather count
    challenger: str | None = None
    # the last trace that is marked of those that earlier criteria judged
    marked_to: str | None = None
    # which days the rounds before it changed, the last 200 of them
    changed_days: list[str] | None = None
    # its number
    round: int | None = None
    # how long
    until: datetime | None = None


class Change(Node, label="Change"):
    """What one commit changed, for those who follow.

    Key: ``change_key``.
    """

    # Kept by the service for itself; these may change with any release.

    # who numbers it, and its number: in the order of commits
    change_key: str | None = None
    # when it was made
    at: datetime | None = None
    # what it tells
    body: Json | None = None


class ChangeWriter(Node, label="ChangeWriter"):
    """Who numbers changes: one process at a time, one commit after another.

    Key: ``number``.
    """

    # Kept by the service for itself; these may change with any release.

    # its number
    number: int | None = None
    # the number of its last change, as it was when a process took it over or gave it back
    seq: int | None = None
    # up to which its changes are gone
    floor: int | None = None
    # the process that has it
    owner: str | None = None
    # the process that took it over last
    turn: str | None = None
    # when that was, or when changes of it were taken away
    at: datetime | None = None


class Outbox(Node, label="Outbox"):
    """How far what is told has been published in a topic of Kafka.

    Key: ``name``.
    """

    # Kept by the service for itself; these may change with any release.

    # the topic
    name: str | None = None
    # after what of all that was told the last batch ends that is known to be there
    cursor: str | None = None
    # after what the batch behind it ends, which was begun
    next_cursor: str | None = None
    # the process that publishes
    owner: str | None = None
    # the process that asked for it last
    turn: str | None = None
    # the number of that batch
    number: int | None = None
    # until when that process has it
    leased_until: datetime | None = None
    # when all that was told had been published, last
    complete_at: datetime | None = None
    # when this was written last
    saved_at: datetime | None = None


class ErrorPattern(Node, label="ErrorPattern"):
    """What people wrote of errors whose messages are alike.

    Key: ``template_id``.
    """

    template_id: str | None = None
    template: str | None = None
    known_fix: str | None = None
    prevention: str | None = None
    updated_at: datetime | None = None
    updated_by: str | None = None
    # when somebody wrote of it first
    created_at: datetime | None = None

    # Kept by the service for itself; these may change with any release.

    # the write that changed it last
    touched_at: datetime | None = None


class TranscriptFile(Node, label="TranscriptFile"):
    """How far a file of transcripts has been read.

    Key: ``file_id``.
    """

    file_id: str | None = None
    client: str | None = None
    path: str | None = None
    offset: int | None = None
    digest: str | None = None
    size: int | None = None
    mtime_ns: int | None = None
    closed: bool | None = None
    head: str | None = None
    read_at: datetime | None = None


class AccessToken(Node, label="AccessToken"):
    """A token that a service takes, without its secret.

    Key: ``token_id``.
    """

    token_id: str | None = None
    name: str | None = None
    role: str | None = None
    projects: list[str] | None = None
    actions: list[str] | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    # Kept by the service for itself; these may change with any release.

    # SHA-256 of its secret, by which it is found
    token_hash: str | None = None
    # who revoked it last, or tried to
    turn: str | None = None


class SignIn(Node, label="SignIn"):
    """Somebody who has signed in to the console, until that ends.

    Key: ``sign_in_id``.
    """

    sign_in_id: str | None = None
    name: str | None = None
    roles: list[str] | None = None
    projects: list[str] | None = None
    token_id: str | None = None
    issuer: str | None = None
    rules: str | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None

    # Kept by the service for itself; these may change with any release.

    # SHA-256 of what the browser keeps, by which it is found
    secret_hash: str | None = None
    # when it ends by itself
    end_key: str | None = None


class LineageLock(Node, label="LineageLock"):
    """What large writes take turns by.

    Key: ``name``.
    """

    # Kept by the service for itself; these may change with any release.

    # what is locked
    name: str | None = None
    # who had it last
    turn: str | None = None


class SchemaVersion(Node, label="SchemaVersion"):
    """The version of the schema (``loopgraph``), and each migration that this database has had.

    Key: ``key``.
    """

    # Kept by the service for itself; these may change with any release.

    # `loopgraph`, or the migration
    key: str | None = None
    # the engine that it was set up on
    engine: str | None = None
    # name of the migration
    name: str | None = None
    # digest of the migration
    digest: str | None = None
    # the key that it goes on after
    after: str | None = None
    # the slice that is at work
    turn: str | None = None
    # version of the schema
    version: int | None = None
    # number of the migration
    number: int | None = None
    # the backfill that it is in
    backfill: int | None = None
    # rows written
    rows: int | None = None
    # when the database was set up
    created_at: datetime | None = None
    # when this was written last
    updated_at: datetime | None = None
    # when the migration began
    started_at: datetime | None = None
    # when all of it was applied
    applied_at: datetime | None = None
    # when the service last tried whether the graph takes writes
    probed_at: datetime | None = None


class PlanOffer(Node, label="PlanOffer"):
    """By what the plans that traces were offered are found, and what came of them: it stays when a trace is archived.

    Key: ``correlation_id``.
    """

    # the trace
    correlation_id: str | None = None
    # what chance goes by, a digest
    unit: str | None = None
    # what came of the trace: `success`, `failure` or `unknown`
    outcome: str | None = None
    # whether it was not handed out, by chance
    withheld: bool | None = None
    # how long the trace took
    duration_ms: float | None = None
    # when it was said last what came of it
    settled_at: datetime | None = None

    # Kept by the service for itself; these may change with any release.

    # when it was offered
    time_key: str | None = None
    # the same with the learned pattern in front
    pattern_key: str | None = None
    # when it is to be said what came of it
    settle_key: str | None = None


class AgentRecommendation(Node, label="AgentRecommendation"):
    """An agent that was recommended for a trace, and what came of it: it stays when the trace moves into the archive.

    Key: ``correlation_id``.
    """

    # the trace
    correlation_id: str | None = None
    # who was recommended
    agent: str | None = None
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

    # Kept by the service for itself; these may change with any release.

    # when it was recommended
    time_key: str | None = None
    # when it is to be said what came of it
    settle_key: str | None = None


class AgentRecord(Node, label="AgentRecord"):
    """How runs of an agent went, of one action, in one project, or both.

    Key: ``record_key``.
    """

    agent: str | None = None
    scope: str | None = None
    action: str | None = None
    project: str | None = None
    successes: int | None = None
    failures: int | None = None
    # when it was counted last
    updated_at: datetime | None = None

    # Kept by the service for itself; these may change with any release.

    # of what it is, and the agent
    record_key: str | None = None
    # digest of what it is of
    scope_key: str | None = None


class PlanProposal(Node, label="PlanProposal"):
    """A proposal that two learned patterns become one, or one becomes two.

    Key: ``proposal_id``.
    """

    proposal_id: str | None = None
    kind: str | None = None
    status: str | None = None
    pattern_id: str | None = None
    other_id: str | None = None
    evidence: Json | None = None
    created_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    actor_type: str | None = None
    reason: str | None = None
    node_id: str | None = None

    # Kept by the service for itself; these may change with any release.

    # when it was made
    time_key: str | None = None
    # the same, while it waits for a decision
    open_key: str | None = None


class LearnedPattern(Node, label="LearnedPattern"):
    """What is kept of a pattern that was learned from traces, beside its versions.

    Key: ``pattern_id``.
    """

    pattern_id: str | None = None
    name: str | None = None
    standing: str | None = None
    intent: str | None = None
    action: str | None = None
    keywords: list[str] | None = None
    domain: str | None = None
    project: str | None = None
    agent: str | None = None
    successes: int | None = None
    failures: int | None = None
    replays: int | None = None
    replay_successes: int | None = None
    # when it was changed last
    updated_at: datetime | None = None
    # the steps of its version in use, with the figures of now
    plan: Json | None = None
    # successful traces that it had when that version was made
    plan_support: int | None = None

    # Kept by the service for itself; these may change with any release.

    # how often it was changed
    revision: int | None = None
    # milliseconds since 1970 and id: the order of time
    time_key: str | None = None
    # digest of what its first prompt is about: action and words
    feature_key: str | None = None


class Exemplar(Node, label="Exemplar"):
    """A prompt that a learned pattern was learned from.

    Key: ``exemplar_id``.
    """

    exemplar_id: str | None = None
    pattern_id: str | None = None
    text: str | None = None
    action: str | None = None
    intent: str | None = None
    keywords: list[str] | None = None

    # Kept by the service for itself; these may change with any release.

    # digest of its text
    text_digest: str | None = None


class PromptEmbedding(Node, label="PromptEmbedding"):
    """The vector of such a prompt by a model.

    Key: ``embedding_id``.
    """

    # prompt and model
    embedding_id: str | None = None
    # the prompt
    exemplar_id: str | None = None
    # the model: name, version and dimension
    model_id: str | None = None
    # its numbers as little-endian 32-bit floats, in base64
    vector: str | None = None
    # how many numbers it has
    dimension: int | None = None


class PlanStep(Node, label="PlanStep"):
    """A step of the plan of one version of a learned pattern.

    Key: ``step_id``.
    """

    # version and place
    step_id: str | None = None
    # the version
    node_id: str | None = None
    # the tool's, skill's, command's or agent's name
    name: str | None = None
    # what a shell runs in it
    program: str | None = None
    # tool, skill, command, subagent or hook
    kind: str | None = None
    # its place, from 0
    position: int | None = None
    # what it works on, by kind
    targets: list[str] | None = None


class TaughtTrace(Node, label="TaughtTrace"):
    """What a trace taught: it stays when the trace moves into the archive.

    Key: ``correlation_id``.
    """

    # the trace
    correlation_id: str | None = None
    # the learned pattern that it taught, null if it waits for one
    pattern_id: str | None = None
    # success or failure
    role: str | None = None
    # how it went
    plan: Json | None = None

    # Kept by the service for itself; these may change with any release.

    # order of time
    time_key: str | None = None
    # there until it is looked at again
    due_key: str | None = None
    # the learned pattern whose plan is made of it, or the prompts for whose pattern it waits
    sample_key: str | None = None
    # what it counts for the agent that did it: agent, action, project, role
    agent_run: str | None = None


class SeenName(Node, label="SeenName"):
    """A name of a tool, a skill, an agent or an endpoint, and in which units it was seen: agents are told those of several.

    Key: ``name_key``.
    """

    # of what it is the name, and the name
    name_key: str | None = None
    # digests of the first units with it, each with that of its trace
    witnesses: list[str] | None = None


class LearningRound(Node, label="LearningRound"):
    """The round of learning that is next.

    Key: ``name``.
    """

    # Kept by the service for itself; these may change with any release.

    # always the same
    name: str | None = None
    # the write that changed it last
    turn: str | None = None
    # who had the last round
    owner: str | None = None
    # how far the traces were looked at that were there before anybody learned
    backfilled_to: str | None = None
    # its number
    round: int | None = None
    # how long others leave it to the owner
    until: datetime | None = None
