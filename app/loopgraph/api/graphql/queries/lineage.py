"""Queries over patterns, versions, edges and events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import strawberry

from loopgraph import errors
from loopgraph.api.graphql.types.common import Info, checked, validated
from loopgraph.api.graphql.types.connections import Connection
from loopgraph.api.graphql.types.enums import PathMetric, RelationshipType
from loopgraph.api.graphql.types.lineage.edges import LineageEdge
from loopgraph.api.graphql.types.lineage.events import EventFilterInput, LineageEvent, events_connection
from loopgraph.api.graphql.types.lineage.maps import OF_MAP, LineageMap
from loopgraph.api.graphql.types.lineage.orders import OrderedPatterns, PatternOrder, order_asked
from loopgraph.api.graphql.types.lineage.patterns import Pattern, pattern_lineage
from loopgraph.api.graphql.types.lineage.traversal import (
    ANCESTORS,
    OF_TRAVERSAL,
    PATH,
    CommonAncestors,
    LineageGraph,
    LineagePath,
    TraversalInput,
)
from loopgraph.api.graphql.types.lineage.versions import PatternVersion
from loopgraph.api.graphql.types.weight import READS_MUCH
from loopgraph.contracts.base import Instant, JsonMap
from loopgraph.contracts.lineage import patterns as contracts
from loopgraph.contracts.lineage.maps import MapFilter
from loopgraph.contracts.lineage.orders import PatternFilter
from loopgraph.orchestrators.traces.auditing import told_of


def _types(chosen: list[contracts.RelationshipType] | None) -> frozenset[contracts.RelationshipType]:
    if chosen is None:
        return contracts.ANCESTRY
    if not chosen:
        raise errors.InvalidInput("relationshipTypes", "must name at least one type")
    return frozenset(chosen)


def _note(info: Info, operation: str, starts: Sequence[str], asked: JsonMap, reached: int) -> None:
    info.context.services.auditing.traversed(info.context.asker, operation, starts, asked, reached)


@strawberry.type
class LineageQuery:
    @strawberry.field(description="A pattern by its own id; null if there is none.")
    async def pattern(self, info: Info, pattern_id: strawberry.ID) -> Pattern | None:
        found = await info.context.loaders.pattern.load(pattern_id)
        return Pattern.of(found) if found else None

    @strawberry.field(
        description="Patterns, newest first, or in another order. A cursor goes on in the order that it was told in. Orders by "
        "what everybody did are refused to those who may see only what is theirs."
    )
    async def patterns(
        self,
        info: Info,
        first: int = 20,
        after: str | None = None,
        pattern_type: str | None = None,
        tag: str | None = None,
        name_contains: str | None = None,
        order_by: PatternOrder | None = None,
    ) -> Connection[Pattern]:
        order, over = order_asked(order_by)
        listing = OrderedPatterns(order)
        place = listing.page(info, first, after)
        filter = PatternFilter(pattern_type=pattern_type, tag=tag, name_contains=name_contains)
        found = await info.context.services.ordering.patterns(order, over, first, place, filter, info.context.principal)
        return listing.connection(found, Pattern.of, after)

    @strawberry.field(description="A version by its own id; null if there is none.")
    async def pattern_version(self, info: Info, node_id: strawberry.ID) -> PatternVersion | None:
        return PatternVersion.maybe(await info.context.loaders.version.load(node_id))

    @strawberry.field(description="An edge by its own id, open or closed; null if there is none.")
    async def lineage_edge(self, info: Info, edge_id: strawberry.ID) -> LineageEdge | None:
        found = await info.context.loaders.edge.load(edge_id)
        return LineageEdge.of(found) if found else None

    @strawberry.field(
        description="The whole lineage of a pattern: its versions, their ancestors and descendants; null if there is none.",
        directives=[OF_TRAVERSAL],
    )
    async def lineage(
        self, info: Info, pattern_id: strawberry.ID, traversal: TraversalInput | None = None
    ) -> LineageGraph | None:
        return await pattern_lineage(info, pattern_id, traversal)

    @strawberry.field(
        description="Versions with the edges between them, to be drawn: all of a pattern and of every pattern that edges connect "
        "with it, over any number of others; without `patternId`, all there are, of the newest patterns first. Null if there is "
        "no such pattern.",
        directives=[OF_MAP, READS_MUCH],
    )
    async def lineage_map(
        self,
        info: Info,
        pattern_id: strawberry.ID | None = None,
        pattern_type: str | None = None,
        since: datetime | None = None,
        as_of: datetime | None = None,
        max_nodes: int | None = None,
    ) -> LineageMap | None:
        wanted, maps = {"pattern_type": pattern_type, "since": since, "as_of": as_of}, info.context.services.maps
        filter = validated(MapFilter, wanted, "")
        found = await (
            maps.of_everything(filter, max_nodes)
            if pattern_id is None
            else maps.of_family(pattern_id, filter, max_nodes)
        )
        asked: JsonMap = {**filter.model_dump(mode="json"), "max_nodes": max_nodes}
        _note(info, "map", [pattern_id] if pattern_id else [], asked, len(found.versions) if found else 0)
        return LineageMap.of(found) if found else None

    @strawberry.field(description="The best path from an earlier version to a later one; null if there is none.")
    async def lineage_path(
        self,
        info: Info,
        source_node_id: strawberry.ID,
        target_node_id: strawberry.ID,
        metric: PathMetric = contracts.PathMetric.HOPS,
        relationship_types: list[RelationshipType] | None = None,
        as_of: datetime | None = None,
    ) -> LineagePath | None:
        types, at = _types(relationship_types), checked(Instant | None, as_of, "asOf")
        path = await info.context.services.traversals.path(source_node_id, target_node_id, metric, types, as_of=at)
        asked = told_of(contracts.TraversalFilter(relationship_types=types, as_of=at))
        ends = (source_node_id, target_node_id)
        _note(info, "path", ends, asked, len(path.versions) if path else 0)
        if path is None:
            return None
        return LineagePath(
            versions=[PatternVersion.of(version) for version in path.versions[:PATH]],
            edges=[LineageEdge.of(edge) for edge in path.edges[:PATH]],
            truncated=len(path.versions) > PATH,
            cost=path.cost,
            length=len(path.edges),
        )

    @strawberry.field(description="The common ancestors of two or more versions.")
    async def common_ancestors(
        self, info: Info, node_ids: list[strawberry.ID], relationship_types: list[RelationshipType] | None = None
    ) -> CommonAncestors:
        types = _types(relationship_types)
        found = await info.context.services.traversals.common_ancestors(node_ids, types)
        asked = told_of(contracts.TraversalFilter(relationship_types=types))
        _note(info, "common_ancestors", node_ids, asked, len(found.all))
        return CommonAncestors(
            all=[PatternVersion.of(version) for version in found.all[:ANCESTORS]],
            nearest=[PatternVersion.of(version) for version in found.nearest[:ANCESTORS]],
            truncated=len(found.all) > ANCESTORS,
        )

    @strawberry.field(description="The audit trail, newest first.")
    async def lineage_events(
        self, info: Info, first: int = 20, after: str | None = None, filter: EventFilterInput | None = None
    ) -> Connection[LineageEvent]:
        return await events_connection(info, first, after, filter)
