"""What the graph holds of sessions, and of what belongs to them without being part of a trace."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import model_validator

from loopgraph.contracts.base import Contract, Instant, JsonMap
from loopgraph.contracts.traces.observations import Temporality


class Session(Contract):
    """A stored session: a run of an agent client. All but its id and ``created_at`` may be unknown."""

    session_id: str
    started_at: datetime | None
    ended_at: datetime | None
    source: str | None
    end_reason: str | None
    client: str | None
    client_version: str | None
    cwd: str | None
    project: str | None
    transcript_path: str | None
    model: str | None
    user_id: str | None
    context: JsonMap
    tags: tuple[str, ...]
    created_at: datetime
    owner: str | None = None
    shared_in: str | None = None

    @property
    def at(self) -> datetime:
        """Its start, or the arrival of the first we heard of it."""
        return self.started_at or self.created_at


class LogRecord(Contract):
    """A stored log record; ``at`` is its own instant, or its arrival. ``span_key`` is the id of the step or call it tells of."""

    record_id: str
    correlation_id: str | None
    session_id: str | None
    span_key: str | None
    name: str | None
    severity: str | None
    at: datetime
    sequence: int | None
    body: Any
    context: JsonMap


class _Range(Contract):
    """``since`` is inclusive, ``until`` exclusive; what is None does not filter."""

    since: Instant | None = None
    until: Instant | None = None
    session_id: str | None = None
    without_session: bool = False
    name: str | None = None

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if self.since and self.until and self.until <= self.since:
            raise ValueError("until must be after since")
        if self.without_session and self.session_id:
            raise ValueError("give session_id or without_session, not both")
        return self


class LogFilter(_Range):
    """Which log records."""

    correlation_id: str | None = None
    severity: str | None = None


class MetricFilter(_Range):
    """Which data points of metrics; ``name`` is that of the metric."""


class MetricPoint(Contract):
    """A stored data point of a metric."""

    point_id: str
    session_id: str | None
    name: str
    unit: str
    temporality: Temporality
    value: float
    count: int | None
    started_at: datetime | None
    at: datetime
    context: JsonMap
