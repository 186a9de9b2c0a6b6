"""What an archive of traces holds, and what came of pruning and restoring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from loopgraph.contracts.base import Contract, Instant

KEYS: Mapping[str, str] = MappingProxyType(
    {
        "Trace": "correlation_id",
        "HookExecution": "execution_id",
        "EndpointCall": "call_id",
        "RoutingDecision": "correlation_id",
        "LogRecord": "record_id",
        "MetricPoint": "point_id",
        "Session": "session_id",
        "Agent": "name",
        "PatternVersion": "node_id",
    }
)
"""The labels that archived relationships lead to, and the property that identifies a node of each."""

TYPES = (
    "HAS_TRACE", "RAN", "CALLED", "ROUTED_BY", "SELECTED", "USED", "SPAWNED", "CONTINUED_BY", "LOGGED", "MEASURED",
    "OFFERED", "RECOMMENDED",
)  # fmt: skip
"""The types of archived relationships. There is at most one of a type between two nodes."""

DRAWN_ANEW = ("TAUGHT", "SUPPORTED_BY", "FAILED_IN")
"""The types of relationships that go with a trace and keep none from going: what it taught is kept beside it, and the learner
draws them again when it is restored."""


class NodeId(NamedTuple):
    """A node: its label and its key."""

    label: str
    key: str


class Node(NamedTuple):
    """An archived node.

    ``unit`` names what it is deleted with: all or nothing. None for a node that stays, because others need it, too; it is in
    the archive only so that a restore into another graph finds it.
    """

    id: NodeId
    properties: Mapping[str, Any]
    unit: str | None


class Relationship(NamedTuple):
    """An archived relationship."""

    type: str
    start: NodeId
    end: NodeId
    properties: Mapping[str, Any]


class Standing(NamedTuple):
    """A trace that no other has spawned, with those spawned under it at any depth: ``trace_ids``.

    ``last_sign``: the latest instant at which anything in them began, ended or arrived.
    """

    root_id: str
    trace_ids: tuple[str, ...]
    last_sign: datetime
    in_progress: bool
    is_evidence: bool
    is_referred_to: bool

    @property
    def root_last(self) -> tuple[str, ...]:
        """``trace_ids`` with the root at the end."""
        return *(id_ for id_ in self.trace_ids if id_ != self.root_id), self.root_id


class Kept(StrEnum):
    """Why traces that began before the limit stay in the graph."""

    EVIDENCE = "an experiment rests on them"
    IN_PROGRESS = "in progress"
    YOUNGER = "something in them is younger"
    REFERRED_TO = "something else in the graph refers to them"
    CHANGED = "changed while they were archived"


class Manifest(Contract):
    """What a segment of an archive holds; the file beside it.

    ``nodes`` and ``relationships`` are counts by label and by type; ``deleted_at`` is when all that could go had gone from the
    graph, None before.
    """

    format: int
    segment: str
    sha256: str
    bytes: int
    lines: int
    nodes: dict[str, int]
    relationships: dict[str, int]
    schema_version: int
    engine: str
    archived_at: Instant
    deleted_at: Instant | None = None


class Progress(NamedTuple):
    """How far pruning or restoring is: nodes and relationships, and the traces among the nodes.

    ``read`` have been written into the archive, or read from it; ``moved`` have been deleted, or are in the graph again.
    ``total`` is how many there are to move, None if that is not known.
    """

    read: int
    moved: int
    traces: int
    total: int | None = None


Tell = Callable[[Progress], None]


class PruneReport(Contract):
    """What pruning did, or would do. ``archived`` and ``deleted`` count nodes by label, ``kept`` what stays by reason.

    In ``kept``, a trace and those spawned under it count as one, as does a session, or a log record of one, that has changed.
    ``segments`` are the files written or taken up again.
    """

    older_than: datetime
    dry_run: bool
    archived: dict[str, int]
    deleted: dict[str, int]
    kept: dict[Kept, int]
    segments: tuple[str, ...]


class RestoreReport(Contract):
    """What restoring did: nodes by label, ``made`` or ``known`` already, and relationships by type.

    ``completed`` are those of the known that lacked something which the archive had.
    ``loose`` are relationships that could not be drawn, because the node at one end is neither in the graph nor restored.
    """

    segments: tuple[str, ...]
    made: dict[str, int]
    known: dict[str, int]
    completed: dict[str, int]
    relationships: dict[str, int]
    loose: dict[str, int]
