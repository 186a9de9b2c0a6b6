"""Nodes of the graph: improvement. Made by `make schema` of `loopgraph.contracts.catalogue`: not to be changed by hand."""

from datetime import datetime

from gqlalchemy import Node
from pydantic.v1 import Json

__all__ = ("Experiment", "FeedbackBatch", "FeedbackRun", "Improvement", "Schedule")


class FeedbackRun(Node, label="FeedbackRun"):
    """One pass of the improvement loop over one pattern; its inputs lie flat beside the rest.

    Key: ``run_id``.
    """

    run_id: str | None = None
    pattern_id: str | None = None
    status: str | None = None
    stage: str | None = None
    skipped: list[str] | None = None
    revision: int | None = None
    control_node_id: str | None = None
    feedback_collected: int | None = None
    analysis: Json | None = None
    improvements_identified: int | None = None
    improvements_validated: int | None = None
    improvements_applied: int | None = None
    message: str | None = None
    notes: list[str] | None = None
    stage_times: Json | None = None
    leased_by: str | None = None
    leased_at: datetime | None = None
    leased_until: datetime | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None
    completed_at: datetime | None = None
    feedback_type: str | None = None
    time_window_days: int | None = None
    auto_apply_threshold: float | None = None
    min_sample_size: int | None = None
    significance_level: float | None = None
    enable_ab_testing: bool | None = None
    design: Json | None = None
    correlation_id: str | None = None

    # Kept by the service for itself; these may change with any release.

    # milliseconds since 1970 and id: the order of time
    time_key: str | None = None
    # digest of the request that made it, so that the same request makes it once
    request_hash: str | None = None
    # its status, while it is open
    open_status: str | None = None
    # the write that changed it last
    turn: datetime | None = None


class FeedbackBatch(Node, label="FeedbackBatch"):
    """Runs that were started together.

    Key: ``batch_id``.
    """

    batch_id: str | None = None
    pattern_ids: list[str] | None = None
    left_out: int | None = None
    inputs: Json | None = None
    schedule_id: str | None = None
    starts: Json | None = None
    created_at: datetime | None = None
    actor_type: str | None = None
    created_by: str | None = None
    correlation_id: str | None = None
    completed_at: datetime | None = None

    # Kept by the service for itself; these may change with any release.

    # digest of the request that made it, so that the same request makes it once
    request_hash: str | None = None
    # its key while it is not completed
    open_key: str | None = None
    # the write that changed it last
    turn: datetime | None = None


class Schedule(Node, label="Schedule"):
    """Runs that are started again and again.

    Key: ``schedule_id``.
    """

    schedule_id: str | None = None
    name: str | None = None
    cron: str | None = None
    time_zone: str | None = None
    pattern_ids: list[str] | None = None
    tag: str | None = None
    pattern_type: str | None = None
    inputs: Json | None = None
    paused: bool | None = None
    next_at: datetime | None = None
    last_at: datetime | None = None
    last_due_at: datetime | None = None
    last_batch_id: str | None = None
    revision: int | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None

    # Kept by the service for itself; these may change with any release.

    # milliseconds since 1970 and id: the order of time
    time_key: str | None = None
    # digest of the request that made it, so that the same request makes it once
    request_hash: str | None = None
    # when it is due, and its id
    due_key: str | None = None
    # the write that changed it last
    turn: datetime | None = None


class Improvement(Node, label="Improvement"):
    """A proposal with the candidate version that it would introduce.

    Key: ``improvement_id``.
    """

    improvement_id: str | None = None
    pattern_id: str | None = None
    run_id: str | None = None
    candidate_node_id: str | None = None
    base_node_id: str | None = None
    improvement_type: str | None = None
    source: str | None = None
    description: str | None = None
    proposed_changes: Json | None = None
    evidence: Json | None = None
    expected_delta: float | None = None
    risk: str | None = None
    risk_reasons: list[str] | None = None
    status: str | None = None
    reason: str | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None

    # Kept by the service for itself; these may change with any release.

    # milliseconds since 1970 and id: the order of time
    time_key: str | None = None
    # digest of the request that made it, so that the same request makes it once
    request_hash: str | None = None
    # the write that changed it last
    turn: datetime | None = None


class Experiment(Node, label="Experiment"):
    """A controlled comparison of one candidate or several with the version in use, on recorded executions.

    Key: ``experiment_id``.
    """

    experiment_id: str | None = None
    improvement_id: str | None = None
    run_id: str | None = None
    pattern_id: str | None = None
    control_node_id: str | None = None
    treatment_node_id: str | None = None
    metric: str | None = None
    min_sample_size: int | None = None
    significance_level: float | None = None
    design: Json | None = None
    looks: Json | None = None
    started_at: datetime | None = None
    concluded_at: datetime | None = None
    control_count: int | None = None
    treatment_count: int | None = None
    control_tally: Json | None = None
    treatment_tally: Json | None = None
    reason: str | None = None
    open_guardrails: list[str] | None = None
    stage: int | None = None
    treatments: Json | None = None
    allotments: Json | None = None
    # its pattern, while units are assigned to its arms
    open_pattern_id: str | None = None
    # of several candidates their versions; absent: it has one
    treatment_node_ids: list[str] | None = None
    # how many units get the treatment now, 0..1; absent: half
    treatment_share: float | None = None
    # how many units of its pattern are in no experiment, 0..1; absent: none
    holdout_share: float | None = None
