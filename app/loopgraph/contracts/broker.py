"""Messages of a broker: what comes by it, what goes out, and how far each is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from loopgraph.contracts.base import Contract, Id, Instant, JsonMap, NonNegative
from loopgraph.contracts.live import Cursor
from loopgraph.contracts.traces.events import TraceStatus

_LONGEST_TOPIC: Final = 120
"""A longer name is no part of an id, which has a longest length of its own."""


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int


class Message(NamedTuple):
    """A message as it came. ``sent_at`` is the instant that it has at the broker."""

    partition: Partition
    offset: int
    sent_at: datetime
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def place(self) -> str:
        """Where it is, as a text that is an id: the same whenever it is delivered."""
        topic, number = self.partition
        if len(topic) > _LONGEST_TOPIC:
            topic = hashlib.sha256(topic.encode()).hexdigest()
        return f"kafka:{topic}/{number}/{self.offset}@{int(self.sent_at.timestamp() * 1000)}"


class Outgoing(NamedTuple):
    """A message that is to be sent; those of one ``key`` keep their order. ``said``: those of the headers that we have put
    there."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    said: tuple[tuple[str, bytes], ...] = ()


class PatternUse(Contract):
    """That a version of a pattern was used: what its execution says of itself, and nothing of what people, models or tools said.
    ``arm`` is that of the experiment that chose the version."""

    execution_id: Id
    correlation_id: Id
    pattern_id: Id
    node_id: Id
    version: int
    status: TraceStatus
    started_at: Instant | None = None
    completed_at: Instant | None = None
    duration_ms: NonNegative | None = None
    quality_score: NonNegative | None = None
    experiment_id: Id | None = None
    arm: str | None = None


class LineageChange(Contract):
    """An event of the lineage: see ``LineageEvent``, of which this is the form of the audit log (seed 002)."""

    event_id: Id
    event_type: str
    severity: str
    timestamp: Instant
    actor: Mapping[str, str]
    pattern_id: Id | None = None
    node_id: Id | None = None
    edge_id: Id | None = None
    correlation_id: Id | None = None
    before: JsonMap | None = None
    after: JsonMap | None = None
    data: JsonMap = {}


class PatternEvent(Contract):
    """A message of ``pattern.events``: a CloudEvent 1.0 in its JSON form. ``id`` is the same whenever the event is published,
    ``type`` is ``loopgraph.lineage.<event type>`` or ``loopgraph.usage.<status>``, and ``subject`` is the id of the pattern."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str = "loopgraph"
    type: str
    subject: str | None = None
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Literal["urn:loopgraph:pattern-event:1"] = "urn:loopgraph:pattern-event:1"
    data: LineageChange | PatternUse


class Outbox(NamedTuple):
    """How far what is told has been published in a topic.

    Batches are numbered. ``number`` is the last one that is known to be there, ``cursor`` is after it, and ``next`` is after the
    batch behind it, which was begun: whether it is there, the broker knows.
    """

    name: str
    number: int
    cursor: Cursor
    next: Cursor | None


def headers_of(**named: Any) -> tuple[tuple[str, bytes], ...]:
    """Headers with these names (``_`` stands for ``-``) and values, as texts."""
    return tuple((name.replace("_", "-"), str(value).encode()) for name, value in named.items())
