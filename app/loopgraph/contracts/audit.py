"""The audit trail: one event for every change of the lineage."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from loopgraph.contracts.base import Contract, Id, Instant, JsonMap, Name


class EventType(StrEnum):
    """What happened."""

    PATTERN_CREATED = "pattern_created"
    PATTERN_UPDATED = "pattern_updated"
    PATTERN_FORKED = "pattern_forked"
    PATTERN_IMPORTED = "pattern_imported"
    VERSION_ADDED = "version_added"
    VERSION_DERIVED = "version_derived"
    VERSION_MERGED = "version_merged"
    VERSION_ACTIVATED = "version_activated"
    VERSION_DEPRECATED = "version_deprecated"
    VERSION_ARCHIVED = "version_archived"
    VERSION_REJECTED = "version_rejected"
    CURRENT_VERSION_CHANGED = "current_version_changed"
    BASELINE_SET = "baseline_set"
    EDGE_CREATED = "edge_created"
    EDGE_DEACTIVATED = "edge_deactivated"
    FEEDBACK_RUN_STARTED = "feedback_run_started"
    FEEDBACK_RUN_COMPLETED = "feedback_run_completed"
    FEEDBACK_RUN_CANCELLED = "feedback_run_cancelled"
    FEEDBACK_RUN_FAILED = "feedback_run_failed"
    IMPROVEMENT_PROPOSED = "improvement_proposed"
    EXPERIMENT_STARTED = "experiment_started"
    EXPERIMENT_CONCLUDED = "experiment_concluded"
    IMPROVEMENT_VALIDATED = "improvement_validated"
    IMPROVEMENT_AWAITS_REVIEW = "improvement_awaits_review"
    IMPROVEMENT_APPROVED = "improvement_approved"
    IMPROVEMENT_APPLIED = "improvement_applied"
    IMPROVEMENT_REJECTED = "improvement_rejected"
    ERROR_PATTERN_ANNOTATED = "error_pattern_annotated"


class Severity(StrEnum):
    """Who has to look at an event; ``SEVERITIES`` says which events have which."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


SEVERITIES: dict[EventType, Severity] = {
    EventType.PATTERN_UPDATED: Severity.DEBUG,
    EventType.BASELINE_SET: Severity.DEBUG,
    EventType.VERSION_DEPRECATED: Severity.WARNING,
    EventType.VERSION_REJECTED: Severity.WARNING,
    EventType.EDGE_DEACTIVATED: Severity.WARNING,
    EventType.FEEDBACK_RUN_CANCELLED: Severity.WARNING,
    EventType.FEEDBACK_RUN_FAILED: Severity.ERROR,
    EventType.IMPROVEMENT_AWAITS_REVIEW: Severity.WARNING,
    EventType.IMPROVEMENT_REJECTED: Severity.WARNING,
}
"""Who has to look at what happened, where that is not INFO: nobody has to do anything.

DEBUG follows from another change; WARNING went out of use, was refused or ended early, or waits for a person; ERROR needs
mending; CRITICAL would be a record that cannot be relied on.
"""


class ActorType(StrEnum):
    """What kind of actor caused an event."""

    SYSTEM = "system"
    USER = "user"
    AGENT = "agent"
    AUTOMATION = "automation"


class Origin(Contract):
    """Who changes something and as part of what; every operation that writes takes one."""

    actor_type: ActorType = ActorType.SYSTEM
    actor_id: Name = "loopgraph"
    correlation_id: Id | None = None


class LineageEvent(Contract):
    """One change. ``before`` and ``after`` hold only the properties that changed; None where there is none."""

    event_id: Id
    event_type: EventType
    severity: Severity = Severity.INFO
    recorded_at: Instant
    actor_type: ActorType
    actor_id: Name
    correlation_id: Id | None = None
    pattern_id: Id | None = None
    node_id: Id | None = None
    edge_id: Id | None = None
    before: JsonMap | None = None
    after: JsonMap | None = None
    data: JsonMap = {}

    def audit_log_entry(self) -> dict[str, Any]:
        """The audit-log form of seed 002: flat, ISO time."""
        return {
            "event_id": self.event_id,
            "event_type": self.event_type.value,
            "severity": self.severity.value,
            "timestamp": self.recorded_at.isoformat(),
            "actor": {"type": self.actor_type.value, "id": self.actor_id},
            "pattern_id": self.pattern_id,
            "node_id": self.node_id,
            "edge_id": self.edge_id,
            "correlation_id": self.correlation_id,
            "before": self.before,
            "after": self.after,
            "data": self.data,
        }

    def time_series_entry(self) -> dict[str, Any]:
        """The time-series form of seed 002: Unix seconds and the keys to group by."""
        return {
            "timestamp": self.recorded_at.timestamp(),
            "event_type": self.event_type.value,
            "severity": self.severity.value,
            "pattern_id": self.pattern_id,
            "node_id": self.node_id,
            "actor_type": self.actor_type.value,
            "actor_id": self.actor_id,
            "value": 1,
        }


class EventFilter(Contract):
    """Which events; None does not filter. ``since`` is inclusive, ``until`` exclusive."""

    pattern_id: Id | None = None
    node_id: Id | None = None
    correlation_id: Id | None = None
    event_types: frozenset[EventType] | None = None
    actor_type: ActorType | None = None
    actor_id: Name | None = None
    severities: frozenset[Severity] | None = None
    since: Instant | None = None
    until: Instant | None = None


class EventPage(Contract):
    """Events, newest first, and whether more follow."""

    events: tuple[LineageEvent, ...]
    has_more: bool
