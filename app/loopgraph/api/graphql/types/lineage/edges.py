"""The edges between versions."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.enums import (
    EdgeStrength,
    RelationshipType,
)
from loopgraph.api.graphql.types.nodes import (
    PATTERN,
    VERSION,
    Loaded,
    link,
    own_id,
)
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.contracts.lineage import patterns as contracts


@presents(contracts.LineageEdge)
@strawberry.type(description="A typed relationship between two versions; it is never deleted, its interval is closed.")
class LineageEdge(Loaded, relay.Node):
    loader = "edge"
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

    raw_id = own_id("edge_id")

    @strawberry.field
    def is_active(self) -> bool:
        return self.valid_to is None

    source = link("version", "source_node_id", VERSION, "The earlier version.")
    target = link("version", "target_node_id", VERSION, "The later version.")
    source_pattern = link("pattern", "source_pattern_id", PATTERN, "The pattern of the earlier version.")
    target_pattern = link("pattern", "target_pattern_id", PATTERN, "The pattern of the later version.")
