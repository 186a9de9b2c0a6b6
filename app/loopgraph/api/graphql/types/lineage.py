"""Patterns, their versions, and the edges between versions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph import errors
from loopgraph.api.graphql.types.common import SLICE, Info, connection, page_of, shape, sliced
from loopgraph.api.graphql.types.enums import EdgeStrength, EvolutionType, PatternStatus, RelationshipType
from loopgraph.api.graphql.types.events import EventFilterInput, LineageEvent, events_connection
from loopgraph.api.graphql.types.list_size import short_list
from loopgraph.api.graphql.types.presentation import later, present, presents
from loopgraph.api.graphql.types.traversal import OF_TRAVERSAL, LineageGraph, TraversalInput
from loopgraph.contracts import lineage as contracts
from loopgraph.effects.clock import time_key

_VERSION_KEY = re.compile(r"[1-9][0-9]{0,9}")


@strawberry.type(description="Performance of a version when it became active.")
class Baseline:
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    avg_duration_ms: float | None

    @classmethod
    def of(cls, baseline: contracts.Baseline | None) -> Self | None:
        if baseline is None:
            return None
        return cls(p50_ms=baseline.p50, p95_ms=baseline.p95, p99_ms=baseline.p99, avg_duration_ms=baseline.avg_duration)


@presents(contracts.Pattern)
@strawberry.type(description="A reusable way of working: a prompt, a skill, a code template, a learned execution plan.")
class Pattern(relay.Node):
    pattern_id: relay.NodeID[str]
    current_node_id: strawberry.Private[str | None]
    name: str
    pattern_type: str
    description: str
    tags: list[str] = short_list()
    metadata: JSON
    latest_version: int = strawberry.field(description="Number of the newest version.")
    created_at: datetime
    created_by: str
    updated_at: datetime

    @classmethod
    def of(cls, pattern: contracts.Pattern) -> Self:
        return shape(cls, pattern)

    @classmethod
    async def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        found = await info.context.loaders.pattern.load_many(list(node_ids))
        return [cls.of(pattern) if pattern else None for pattern in found]

    @strawberry.field(name="patternId")
    def raw_id(self) -> strawberry.ID:
        return strawberry.ID(self.pattern_id)

    @strawberry.field(
        description="The version in use; null if there is none: all are drafts, or were taken out of use."
    )
    async def current_version(self, info: Info) -> PatternVersion | None:
        if self.current_node_id is None:
            return None
        return PatternVersion.maybe(await info.context.loaders.version.load(self.current_node_id))

    @strawberry.field(description="Versions, newest first.")
    async def versions(self, info: Info, first: int = 20, after: str | None = None) -> relay.Connection[PatternVersion]:
        page = page_of(info, first, after)
        if page.after is not None and not _VERSION_KEY.fullmatch(page.after):
            raise errors.InvalidInput("after", "must be a cursor of this connection")
        below = int(page.after) if page.after else None
        found = await info.context.loaders.versions_of_pattern.load((self.pattern_id, first, below))
        items = ((str(version.version), PatternVersion.of(version)) for version in found.versions)
        return connection(items, has_more=found.has_more, after=after)

    @strawberry.field(
        description="All versions of the pattern, their ancestors and descendants, and the edges between.",
        directives=[OF_TRAVERSAL],
    )
    async def lineage(self, info: Info, traversal: TraversalInput | None = None) -> LineageGraph:
        graph = await pattern_lineage(info, self.pattern_id, traversal)
        if graph is None:
            raise errors.NotFound("Pattern", self.pattern_id)
        return graph

    @strawberry.field(description="The audit trail of the pattern, newest first.")
    async def events(
        self, info: Info, first: int = 20, after: str | None = None, filter: EventFilterInput | None = None
    ) -> relay.Connection[LineageEvent]:
        return await events_connection(info, first, after, filter, pattern_id=self.pattern_id)


@presents(contracts.PatternVersion)
@strawberry.type(description="One immutable state of a pattern: a node of the lineage graph.")
class PatternVersion(relay.Node):
    node_id: relay.NodeID[str]
    raw_pattern_id: strawberry.Private[str]
    version: int
    label: str | None
    pattern_name: str
    pattern_type: str
    status: PatternStatus
    evolution_type: EvolutionType
    template_code: str
    template_hash: str = strawberry.field(description="sha256 over the bytes of the template.")
    parameters: JSON
    change_summary: str
    tags: list[str] = short_list()
    metadata: JSON
    confidence_score: float | None
    performance_baseline: Baseline | None
    quality_baseline: float | None
    success_rate_baseline: float | None
    correlation_id: strawberry.ID | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    activated_at: datetime | None
    deprecated_at: datetime | None
    deprecation_reason: str | None
    archived_at: datetime | None
    usage_count: int = strawberry.field(description="Executions recorded.")
    success_count: int
    success_rate: float | None = strawberry.field(description="Successes over executions; null before any use.")
    avg_execution_time_ms: float | None = strawberry.field(
        description="Running mean over the executions that reported a duration; null before the first."
    )
    first_used_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, version: contracts.PatternVersion) -> Self:
        return shape(
            cls,
            version,
            raw_pattern_id=version.pattern_id,
            performance_baseline=Baseline.of(version.performance_baseline),
            usage_count=version.usage.usage_count,
            success_count=version.usage.success_count,
            success_rate=version.usage.success_rate,
            avg_execution_time_ms=version.usage.avg_execution_time_ms,
            first_used_at=version.usage.first_used_at,
            last_used_at=version.usage.last_used_at,
        )

    @classmethod
    def maybe(cls, version: contracts.PatternVersion | None) -> Self | None:
        return cls.of(version) if version else None

    @classmethod
    async def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        found = await info.context.loaders.version.load_many(list(node_ids))
        return [cls.maybe(version) for version in found]

    @strawberry.field(name="nodeId")
    def raw_id(self) -> strawberry.ID:
        return strawberry.ID(self.node_id)

    @strawberry.field
    def pattern_id(self) -> strawberry.ID:
        return strawberry.ID(self.raw_pattern_id)

    @strawberry.field
    async def pattern(self, info: Info) -> Pattern | None:
        pattern = await info.context.loaders.pattern.load(self.raw_pattern_id)
        return Pattern.of(pattern) if pattern else None

    @strawberry.field(
        description="The decision that approved this version, if the loop applied it.",
        graphql_type=later("feedback", "Decision") | None,
    )
    async def decision(self, info: Info) -> Any:
        return present(await info.context.loaders.decision_of_version.load(self.node_id))

    @strawberry.field(
        description="What this version descends from. Cost is linear in the edges reached.", directives=[OF_TRAVERSAL]
    )
    async def ancestors(self, info: Info, traversal: TraversalInput | None = None) -> LineageGraph:
        return await self._reached(info, contracts.Direction.ANCESTORS, traversal)

    @strawberry.field(
        description="What descends from this version. Cost is linear in the edges reached.", directives=[OF_TRAVERSAL]
    )
    async def descendants(self, info: Info, traversal: TraversalInput | None = None) -> LineageGraph:
        return await self._reached(info, contracts.Direction.DESCENDANTS, traversal)

    async def _reached(
        self, info: Info, direction: contracts.Direction, traversal: TraversalInput | None
    ) -> LineageGraph:
        wanted = traversal or TraversalInput()
        # Checked here: what a loader raises reaches everything that it loads at once.
        limit = info.context.services.traversals.limit(wanted.limit)
        graph = await info.context.loaders.traversal.load((self.node_id, wanted.filter(direction), limit))
        if graph is None:
            raise errors.NotFound("PatternVersion", self.node_id)
        return LineageGraph.of(graph)

    @strawberry.field(description=f"Edges from earlier versions into this one, in order of creation: {SLICE}")
    async def incoming_edges(
        self,
        info: Info,
        relationship_types: list[RelationshipType] | None = None,
        active_only: bool = True,
        first: int = 100,
        offset: int = 0,
    ) -> list[LineageEdge]:
        found = await self._edges(info, contracts.Direction.ANCESTORS, relationship_types, active_only)
        return [LineageEdge.of(edge) for edge in sliced(info, found, first, offset)]

    @strawberry.field(description=f"Edges from this version to later ones, in order of creation: {SLICE}")
    async def outgoing_edges(
        self,
        info: Info,
        relationship_types: list[RelationshipType] | None = None,
        active_only: bool = True,
        first: int = 100,
        offset: int = 0,
    ) -> list[LineageEdge]:
        found = await self._edges(info, contracts.Direction.DESCENDANTS, relationship_types, active_only)
        return [LineageEdge.of(edge) for edge in sliced(info, found, first, offset)]

    @strawberry.field(description="Whether no open ancestry edge leads into this version.")
    async def is_root(self, info: Info) -> bool:
        return not await self._ancestry(info, contracts.Direction.ANCESTORS)

    @strawberry.field(description="Whether no open ancestry edge leads out of this version.")
    async def is_leaf(self, info: Info) -> bool:
        return not await self._ancestry(info, contracts.Direction.DESCENDANTS)

    @strawberry.field(description="The audit trail of this version, newest first.")
    async def events(
        self, info: Info, first: int = 20, after: str | None = None, filter: EventFilterInput | None = None
    ) -> relay.Connection[LineageEvent]:
        return await events_connection(info, first, after, filter, node_id=self.node_id)

    async def _ancestry(self, info: Info, direction: contracts.Direction) -> list[contracts.LineageEdge]:
        return await self._edges(info, direction, list(contracts.ANCESTRY), active_only=True)

    async def _edges(
        self,
        info: Info,
        direction: contracts.Direction,
        types: list[contracts.RelationshipType] | None,
        active_only: bool,
    ) -> list[contracts.LineageEdge]:
        wanted = frozenset(contracts.RelationshipType if types is None else types)
        if not wanted:
            raise errors.InvalidInput("relationshipTypes", "must name at least one type")
        edges = await info.context.loaders.edges_of_version.load((self.node_id, direction, wanted))
        return [edge for edge in edges if edge.valid_to is None or not active_only]


@presents(contracts.LineageEdge)
@strawberry.type(description="A typed relationship between two versions; it is never deleted, its interval is closed.")
class LineageEdge(relay.Node):
    edge_id: relay.NodeID[str]
    source_node_id: strawberry.ID
    target_node_id: strawberry.ID
    source_pattern_id: strawberry.ID
    target_pattern_id: strawberry.ID
    relationship_type: RelationshipType
    edge_strength: EdgeStrength
    similarity_score: float | None
    confidence_score: float | None
    weight: float = strawberry.field(
        description="Mean of the strength's number, the similarity and the confidence, over those that are known; in (0, 1]."
    )
    change_summary: str
    breaking_changes: bool
    metadata: JSON
    correlation_id: strawberry.ID | None
    created_at: datetime
    created_by: str
    valid_from: datetime
    valid_to: datetime | None
    deactivation_reason: str | None

    @classmethod
    def of(cls, edge: contracts.LineageEdge) -> Self:
        return shape(cls, edge)

    @classmethod
    async def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        found = await info.context.loaders.edge.load_many(list(node_ids))
        return [cls.of(edge) if edge else None for edge in found]

    @strawberry.field(name="edgeId")
    def raw_id(self) -> strawberry.ID:
        return strawberry.ID(self.edge_id)

    @strawberry.field
    def is_active(self) -> bool:
        return self.valid_to is None

    @strawberry.field
    async def source(self, info: Info) -> PatternVersion | None:
        return PatternVersion.maybe(await info.context.loaders.version.load(self.source_node_id))

    @strawberry.field
    async def target(self, info: Info) -> PatternVersion | None:
        return PatternVersion.maybe(await info.context.loaders.version.load(self.target_node_id))


async def pattern_lineage(info: Info, pattern_id: str, traversal: TraversalInput | None) -> LineageGraph | None:
    """The lineage of a pattern, None if there is no such pattern."""
    wanted = traversal or TraversalInput()
    limit = info.context.services.traversals.limit(wanted.limit)
    key = (pattern_id, wanted.filter(contracts.Direction.ANCESTORS), limit)
    graph = await info.context.loaders.lineage_of_pattern.load(key)
    return LineageGraph.of(graph) if graph else None


def pattern_key(pattern: contracts.Pattern) -> str:
    """The key of a pattern in ``patterns``."""
    return time_key(pattern.created_at, pattern.pattern_id)
