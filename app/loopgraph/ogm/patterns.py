"""Nodes of the graph: patterns. Made by `make schema` of `loopgraph.contracts.catalogue`: not to be changed by hand."""

from datetime import datetime

from gqlalchemy import Field, Node
from pydantic.v1 import Json

__all__ = ("LineageEvent", "Pattern", "PatternVersion")


class Pattern(Node, label="Pattern"):
    """A reusable way of working: a skill, a command, a prompt, a template of code.

    Key: ``pattern_id``.
    """

    pattern_id: str | None = None
    name: str | None = None
    pattern_type: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    metadata: Json | None = None
    latest_version: int | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None
    # the feedback run that is at work on it
    open_run_id: str | None = None

    # Kept by the service for itself; these may change with any release.

    # milliseconds since 1970 and id: the order of time
    time_key: str | None = None
    # digest of the request that made it, so that the same request makes it once
    request_hash: str | None = None
    # the write of the improvement loop that changed it last
    loop_turn: datetime | None = None


class PatternVersion(Node, label="PatternVersion"):
    """One immutable state of a pattern; its status, baselines and usage are what changes.

    Key: ``node_id``.
    """

    node_id: str | None = None
    pattern_id: str | None = None
    version: int | None = None
    label_: str | None = Field(None, alias="label")
    pattern_name: str | None = None
    pattern_type: str | None = None
    status: str | None = None
    evolution_type: str | None = None
    template_code: str | None = None
    template_hash: str | None = None
    body_digest: str | None = None
    text_form: str | None = None
    parameters: Json | None = None
    change_summary: str | None = None
    tags: list[str] | None = None
    metadata: Json | None = None
    confidence_score: float | None = None
    performance_baseline: Json | None = None
    quality_baseline: float | None = None
    success_rate_baseline: float | None = None
    correlation_id: str | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None
    activated_at: datetime | None = None
    deprecated_at: datetime | None = None
    deprecation_reason: str | None = None
    archived_at: datetime | None = None
    resources: Json | None = None
    usage_count: int | None = None
    success_count: int | None = None
    timed_count: int | None = None
    total_execution_time_ms: float | None = None
    first_used_at: datetime | None = None
    last_used_at: datetime | None = None

    # Kept by the service for itself; these may change with any release.

    # digest of the request that made it, so that the same request makes it once
    request_hash: str | None = None
    # kind and name, by which uses find it
    definition_key: str | None = None
    # there until the uses have been looked at again that it may be of
    link_key: str | None = None
    # the write that changed its usage last
    turn: str | None = None


class LineageEvent(Node, label="LineageEvent"):
    """One change of the lineage, or of what hangs on it: the audit trail.

    Key: ``event_id``.
    """

    event_id: str | None = None
    event_type: str | None = None
    severity: str | None = None
    recorded_at: datetime | None = None
    actor_type: str | None = None
    actor_id: str | None = None
    correlation_id: str | None = None
    pattern_id: str | None = None
    node_id: str | None = None
    edge_id: str | None = None
    before: Json | None = None
    after: Json | None = None
    data: Json | None = None

    # Kept by the service for itself; these may change with any release.

    # milliseconds since 1970 and id: the order of time
    time_key: str | None = None
    # pattern and order of time
    pattern_key: str | None = None
    # version and order of time
    node_key: str | None = None
    # correlation id and order of time
    correlation_key: str | None = None
