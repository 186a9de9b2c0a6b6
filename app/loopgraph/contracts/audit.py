"""The audit trail: one event for every change of the lineage and, where that is asked for, for what was used and looked at."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from loopgraph.contracts.base import Contract, Id, Instant, JsonMap, Name, Principal, asker_of


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
    FEEDBACK_BATCH_STARTED = "feedback_batch_started"
    SCHEDULE_CREATED = "schedule_created"
    SCHEDULE_UPDATED = "schedule_updated"
    SCHEDULE_DELETED = "schedule_deleted"
    SCHEDULE_FIRED = "schedule_fired"
    IMPROVEMENT_PROPOSED = "improvement_proposed"
    EXPERIMENT_STARTED = "experiment_started"
    EXPERIMENT_STAGE_BEGUN = "experiment_stage_begun"
    EXPERIMENT_CONCLUDED = "experiment_concluded"
    IMPROVEMENT_VALIDATED = "improvement_validated"
    IMPROVEMENT_AWAITS_REVIEW = "improvement_awaits_review"
    IMPROVEMENT_APPROVED = "improvement_approved"
    IMPROVEMENT_APPLIED = "improvement_applied"
    IMPROVEMENT_REJECTED = "improvement_rejected"
    VERSION_REGRESSED = "version_regressed"
    VERSION_ROLLED_BACK = "version_rolled_back"
    REGRESSION_DISMISSED = "regression_dismissed"
    WATCH_ENDED = "watch_ended"
    ERROR_PATTERN_ANNOTATED = "error_pattern_annotated"
    FEEDBACK_SUBMITTED = "feedback_submitted"
    OUTCOME_REPORTED = "outcome_reported"
    TOKEN_CREATED = "token_created"  # noqa: S105 - no password
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - no password
    EXECUTION_RECORDED = "execution_recorded"
    LINEAGE_TRAVERSED = "lineage_traversed"


ACCESSES: frozenset[EventType] = frozenset({EventType.EXECUTION_RECORDED, EventType.LINEAGE_TRAVERSED})
"""What changes nothing: that a version was executed, and that somebody looked at a lineage. They are many, and are written
where a setting asks for them; who may see only what is theirs does not see them, as they tell of everybody."""

CHANGES: frozenset[EventType] = frozenset(EventType) - ACCESSES
"""All others."""

PERSONAL: frozenset[EventType] = frozenset(
    {
        EventType.FEEDBACK_SUBMITTED,
        EventType.OUTCOME_REPORTED,
        EventType.ERROR_PATTERN_ANNOTATED,
        EventType.TOKEN_CREATED,
        EventType.TOKEN_REVOKED,
    }
)
"""What is about somebody's work or about whom the service lets in: such an event names traces, sessions and units, holds the
words of a message, or says who may see what. Who may see only what is theirs is told those that they caused themselves."""


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
    EventType.EXECUTION_RECORDED: Severity.DEBUG,
    EventType.LINEAGE_TRAVERSED: Severity.DEBUG,
    EventType.VERSION_DEPRECATED: Severity.WARNING,
    EventType.VERSION_REJECTED: Severity.WARNING,
    EventType.EDGE_DEACTIVATED: Severity.WARNING,
    EventType.FEEDBACK_RUN_CANCELLED: Severity.WARNING,
    EventType.FEEDBACK_RUN_FAILED: Severity.ERROR,
    EventType.IMPROVEMENT_AWAITS_REVIEW: Severity.WARNING,
    EventType.IMPROVEMENT_REJECTED: Severity.WARNING,
    EventType.VERSION_REGRESSED: Severity.WARNING,
    EventType.VERSION_ROLLED_BACK: Severity.WARNING,
    EventType.TOKEN_REVOKED: Severity.WARNING,
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


_HIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def _plain(name: str) -> str:
    if found := _HIDDEN.search(name):
        raise ValueError(f"must have no control characters, such as U+{ord(found[0]):04X} in it")
    return name


ActorName = Annotated[Name, AfterValidator(_plain)]
"""Who acts, as a caller says it: it stands in trails and on terminals, where nothing of it may move a cursor, begin a line or
turn what is read beside it."""


class Origin(Contract):
    """Who changes something and as part of what; every operation that writes takes one."""

    actor_type: ActorType = ActorType.SYSTEM
    actor_id: Name = "loopgraph"
    correlation_id: Id | None = None


class LineageEvent(Contract):
    """One change, or one access. ``before`` and ``after`` hold only the properties that changed; None where there is none."""

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


def told_to(event: LineageEvent, principal: Principal | None) -> bool:
    """Whether a principal is told of an event; the pages of ``Events`` ask the same in their statements."""
    asker = asker_of(principal)
    if asker is None:
        return True
    if event.event_type in PERSONAL:
        return event.actor_id == asker
    return event.event_type in CHANGES


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

    def passes(self, event: LineageEvent) -> bool:
        """Whether the event is one of those."""
        return (
            self.pattern_id in (None, event.pattern_id)
            and self.node_id in (None, event.node_id)
            and self.correlation_id in (None, event.correlation_id)
            and (self.event_types is None or event.event_type in self.event_types)
            and self.actor_type in (None, event.actor_type)
            and self.actor_id in (None, event.actor_id)
            and (self.severities is None or event.severity in self.severities)
            and (self.since is None or event.recorded_at >= self.since)
            and (self.until is None or event.recorded_at < self.until)
        )


class EventPage(Contract):
    """Events, newest first, and whether more follow."""

    events: tuple[LineageEvent, ...]
    has_more: bool
