"""Patterns, their versions, and the typed edges between versions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from loopgraph.contracts.base import Contract, Id, Instant, JsonMap, Name, NonNegative, Tags, Text, Unit
from loopgraph.contracts.lineage.resources import ResourceState
from loopgraph.errors import InvalidTransition


class PatternStatus(StrEnum):
    """Lifecycle of a version: draft → active → deprecated → archived, or draft → rejected."""

    DRAFT = "draft"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    ARCHIVED = "archived"
    REJECTED = "rejected"


TRANSITIONS: dict[PatternStatus, frozenset[PatternStatus]] = {
    PatternStatus.DRAFT: frozenset({PatternStatus.ACTIVE, PatternStatus.REJECTED}),
    PatternStatus.ACTIVE: frozenset({PatternStatus.DEPRECATED}),
    PatternStatus.DEPRECATED: frozenset({PatternStatus.ARCHIVED}),
    PatternStatus.ARCHIVED: frozenset(),
    PatternStatus.REJECTED: frozenset(),
}
"""The steps the lifecycle allows."""


def require_transition(node_id: str, current: PatternStatus, wanted: PatternStatus) -> None:
    """Raises InvalidTransition unless the lifecycle allows the step."""
    if wanted not in TRANSITIONS[current]:
        raise InvalidTransition("PatternVersion", node_id, current, wanted)


class EvolutionType(StrEnum):
    """How a version came to be."""

    CREATION = "creation"
    REFINEMENT = "refinement"
    DERIVATION = "derivation"
    IMPROVEMENT = "improvement"
    FORK = "fork"
    MERGE = "merge"
    REPLACEMENT = "replacement"


class RelationshipType(StrEnum):
    """Type of a lineage edge; the edge points from the earlier version to the later."""

    DERIVED_FROM = "DERIVED_FROM"
    REFINED_FROM = "REFINED_FROM"
    IMPROVED_VERSION = "IMPROVED_VERSION"
    FORKED_FROM = "FORKED_FROM"
    MERGED_INTO = "MERGED_INTO"
    DEPRECATED_BY = "DEPRECATED_BY"
    RELATED_TO = "RELATED_TO"


ANCESTRY: frozenset[RelationshipType] = frozenset(RelationshipType) - {RelationshipType.RELATED_TO}
"""The types that make a version an ancestor of another."""


class EdgeStrength(StrEnum):
    """How strong a relationship is, as a word; ``STRENGTH_VALUES`` gives its number."""

    WEAK = "weak"
    MODERATE = "moderate"
    STRONG = "strong"
    CRITICAL = "critical"


STRENGTH_VALUES: dict[EdgeStrength, float] = {
    EdgeStrength.WEAK: 0.25,
    EdgeStrength.MODERATE: 0.5,
    EdgeStrength.STRONG: 0.75,
    EdgeStrength.CRITICAL: 1.0,
}


class Direction(StrEnum):
    """Which way a traversal goes: against the edges or along them."""

    ANCESTORS = "ancestors"
    DESCENDANTS = "descendants"


class PathMetric(StrEnum):
    """What a path minimises: the number of edges, or the sum of ``-ln(weight)`` (so it maximises the product of weights)."""

    HOPS = "hops"
    WEIGHT = "weight"


class Baseline(Contract):
    """Performance of a version when it became active. Durations in milliseconds; None where it was not measured."""

    p50: NonNegative | None = None
    p95: NonNegative | None = None
    p99: NonNegative | None = None
    avg_duration: NonNegative | None = None


class Pattern(Contract):
    """A reusable way of working. ``current_node_id`` is the version in use, None where none is."""

    pattern_id: Id
    name: Name
    pattern_type: Name
    description: Text = ""
    tags: Tags = ()
    metadata: JsonMap = {}
    latest_version: Annotated[int, Field(ge=0)]
    current_node_id: Id | None = None
    created_at: Instant
    created_by: Name
    updated_at: Instant


class Usage(Contract):
    """What was recorded of one version. ``success_rate`` and ``avg_execution_time_ms`` are None before any use."""

    usage_count: Annotated[int, Field(ge=0)] = 0
    success_count: Annotated[int, Field(ge=0)] = 0
    timed_count: Annotated[int, Field(ge=0)] = 0
    total_execution_time_ms: NonNegative = 0.0
    first_used_at: Instant | None = None
    last_used_at: Instant | None = None

    @property
    def avg_execution_time_ms(self) -> float | None:
        """Mean over the executions that reported a duration."""
        return self.total_execution_time_ms / self.timed_count if self.timed_count else None

    @property
    def success_rate(self) -> float | None:
        """Successes over executions."""
        return self.success_count / self.usage_count if self.usage_count else None


class PatternVersion(Contract):
    """One immutable state of a pattern: a node of the lineage graph. Status, baselines and usage are what changes.

    ``body_digest`` is of what a model is given of a definition (``contracts.lineage.bodies``), None for patterns of other types.
    ``text_form`` is how good its text is by its form (``contracts.lineage.text_form``), as it was when the version was made, None
    for one without words. ``resources`` are the states that the files beside a skill had while it stood, in their order.
    """

    node_id: Id
    pattern_id: Id
    version: Annotated[int, Field(ge=1)]
    label: Name | None = None
    pattern_name: Name
    pattern_type: Name
    status: PatternStatus
    evolution_type: EvolutionType
    template_code: Text = ""
    template_hash: str
    body_digest: str | None = None
    text_form: str | None = None
    parameters: JsonMap = {}
    change_summary: Text = ""
    tags: Tags = ()
    metadata: JsonMap = {}
    confidence_score: Unit | None = None
    performance_baseline: Baseline | None = None
    quality_baseline: Unit | None = None
    success_rate_baseline: Unit | None = None
    correlation_id: Id | None = None
    created_at: Instant
    created_by: Name
    updated_at: Instant
    activated_at: Instant | None = None
    deprecated_at: Instant | None = None
    deprecation_reason: Text | None = None
    archived_at: Instant | None = None
    usage: Usage = Usage()
    resources: tuple[ResourceState, ...] = ()


class LineageEdge(Contract):
    """A typed relationship between two versions, open while ``valid_to`` is None."""

    edge_id: Id
    source_node_id: Id
    target_node_id: Id
    source_pattern_id: Id
    target_pattern_id: Id
    relationship_type: RelationshipType
    edge_strength: EdgeStrength = EdgeStrength.MODERATE
    similarity_score: Unit | None = None
    confidence_score: Unit | None = None
    change_summary: Text = ""
    breaking_changes: bool = False
    metadata: JsonMap = {}
    correlation_id: Id | None = None
    created_at: Instant
    created_by: Name
    valid_from: Instant
    valid_to: Instant | None = None
    deactivation_reason: Text | None = None

    @property
    def weight(self) -> float:
        """Mean of the strength's number, the similarity and the confidence, over those that are known; in (0, 1]."""
        known = [
            value
            for value in (STRENGTH_VALUES[self.edge_strength], self.similarity_score, self.confidence_score)
            if value is not None
        ]
        return sum(known) / len(known)

    def open_at(self, instant: datetime) -> bool:
        """Whether the edge was valid at ``instant``; the interval is half-open."""
        return self.valid_from <= instant and (self.valid_to is None or instant < self.valid_to)


class TraversalFilter(Contract):
    """What a traversal follows and returns.

    Edges outside ``relationship_types`` or not valid at ``as_of`` (None: now) are not followed. Versions whose status is not
    in ``statuses`` (None: any) are walked through but not returned.
    """

    direction: Direction = Direction.ANCESTORS
    max_depth: Annotated[int, Field(ge=1)] | None = None
    relationship_types: frozenset[RelationshipType] = ANCESTRY
    as_of: Instant | None = None
    statuses: frozenset[PatternStatus] | None = None

    @model_validator(mode="after")
    def _something_to_follow(self) -> Self:
        if not self.relationship_types:
            raise ValueError("relationship_types must name at least one type")
        return self


class LineageNode(Contract):
    """A version reached by a traversal. ``depth`` is the fewest edges from a start (0 for a start itself); degrees count
    the edges of the answer."""

    version: PatternVersion
    depth: Annotated[int, Field(ge=0)]
    in_degree: Annotated[int, Field(ge=0)]
    out_degree: Annotated[int, Field(ge=0)]


class LineageGraph(Contract):
    """Nodes in breadth-first order and the distinct edges between them.

    ``truncated`` says that more was reachable than a limit or the depth allowed; ``reached`` counts the nodes found before the
    status filter.
    """

    start_ids: tuple[Id, ...]
    nodes: tuple[LineageNode, ...]
    edges: tuple[LineageEdge, ...]
    reached: Annotated[int, Field(ge=0)]
    truncated: bool


class LineagePath(Contract):
    """One path between two versions, in order; ``cost`` is hops or the sum of ``-ln(weight)``."""

    versions: tuple[PatternVersion, ...]
    edges: tuple[LineageEdge, ...]
    cost: NonNegative
