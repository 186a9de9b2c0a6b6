"""``/api/lineage/{pattern_id}``: the lineage of a pattern, to draw as a graph."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from loopgraph.api.rest.answers import Answer, Json, lower
from loopgraph.api.rest.parameters import Depth, Moment, Parameters, PatternId, Whole
from loopgraph.api.rest.view import Around, Ask, View
from loopgraph.api.rest.views.patterns import PerformanceBaseline, baselines
from loopgraph.contracts.base import Instant, NonNegative, Unit
from loopgraph.contracts.lineage.patterns import ANCESTRY, RelationshipType


class LineageParameters(Parameters):
    """Of which pattern, and how far."""

    pattern_id: PatternId = Field(description="The pattern, by its own id or its global one.")
    max_depth: Depth | None = Field(
        default=None, description="Most edges from a version of the pattern; left out: no limit."
    )
    limit: Whole = Field(default=1_000, ge=1, le=20_000, description="Most nodes, the nearest first, 1 to 20000.")
    as_of: Moment | None = Field(
        default=None, description="Only edges that were valid at this instant; left out: those that are valid now."
    )


class LineageNode(Answer):
    """A version."""

    node_id: str
    pattern_id: str
    version_number: int = Field(ge=1)
    version_label: str | None
    pattern_name: str
    pattern_type: str
    status: str
    is_current: bool
    """Whether it is the version in use of its pattern."""
    evolution_type: str
    parent_node_ids: list[str]
    """Versions of the answer from which an ancestry edge leads here."""
    depth: int = Field(ge=0)
    """Fewest edges from a version of the pattern; 0 for its own."""
    confidence_score: Unit | None
    performance_baseline: PerformanceBaseline | None
    quality_baseline: Unit | None
    success_rate_baseline: Unit | None
    usage_count: int = Field(ge=0)
    success_rate: Unit | None
    """Null before any use."""
    avg_execution_time_ms: NonNegative | None
    created_at: Instant
    created_by: str
    correlation_id: str | None


class LineageEdge(Answer):
    """How a later version, the target, is related to an earlier one, the source."""

    edge_id: str
    source_node_id: str
    target_node_id: str
    edge_type: RelationshipType
    edge_strength: str
    weight: Unit
    similarity_score: Unit | None
    confidence_score: Unit | None
    change_summary: str
    breaking_changes: bool
    metadata: dict[str, Any]
    created_at: Instant
    created_by: str
    correlation_id: str | None


class LineageGraph(Answer):
    """The versions of a pattern with their ancestors and descendants."""

    pattern_id: str
    pattern_name: str
    pattern_type: str
    current_node_id: str | None
    nodes: list[LineageNode]
    edges: list[LineageEdge]
    root_node_ids: list[str]
    leaf_node_ids: list[str]
    total_nodes: int = Field(ge=0)
    """How many nodes the answer has."""
    total_edges: int = Field(ge=0)
    truncated: bool
    """Whether there is more than is shown."""


def _ask(given: LineageParameters, around: Around) -> Ask:
    traversal = {
        "maxDepth": given.max_depth,
        "maxNodes": given.limit,
        "asOf": given.as_of.isoformat() if given.as_of else None,
    }
    return Ask("lineage", {"patternId": given.pattern_id, "traversal": traversal})


def _shape(given: LineageParameters, data: Json) -> Json | None:
    pattern, found = data["pattern"], data["lineage"]
    if pattern is None or found is None:
        return None
    parents: dict[str, list[str]] = {}
    for edge in found["edges"]:
        if edge["relationshipType"] in ANCESTRY:
            parents.setdefault(edge["targetNodeId"], []).append(edge["sourceNodeId"])
    in_use = pattern["currentVersion"]
    return {
        "pattern_id": pattern["patternId"],
        "pattern_name": pattern["name"],
        "pattern_type": pattern["patternType"],
        "current_node_id": in_use["nodeId"] if in_use else None,
        "nodes": [_node(one["version"], one["depth"], parents) for one in found["nodes"]],
        "edges": [_edge(one) for one in found["edges"]],
        "root_node_ids": [one["nodeId"] for one in found["roots"]],
        "leaf_node_ids": [one["nodeId"] for one in found["leaves"]],
        "total_nodes": found["nodeCount"],
        "total_edges": found["edgeCount"],
        "truncated": found["truncated"],
    }


def _node(version: Json, depth: int, parents: dict[str, list[str]]) -> Json:
    return {
        "node_id": version["nodeId"],
        "pattern_id": version["patternId"],
        "version_number": version["version"],
        "version_label": version["label"],
        "pattern_name": version["patternName"],
        "pattern_type": version["patternType"],
        "status": lower(version["status"]),
        "is_current": version["inUse"],
        "evolution_type": lower(version["evolutionType"]),
        "parent_node_ids": list(dict.fromkeys(parents.get(version["nodeId"], ()))),
        "depth": depth,
        "confidence_score": version["confidenceScore"],
        **baselines(version),
        "usage_count": version["usageCount"],
        "success_rate": version["successRate"],
        "avg_execution_time_ms": version["avgExecutionTimeMs"],
        "created_at": version["createdAt"],
        "created_by": version["createdBy"],
        "correlation_id": version["correlationId"],
    }


def _edge(edge: Json) -> Json:
    return {
        "edge_id": edge["edgeId"],
        "source_node_id": edge["sourceNodeId"],
        "target_node_id": edge["targetNodeId"],
        "edge_type": edge["relationshipType"],
        "edge_strength": lower(edge["edgeStrength"]),
        "weight": edge["weight"],
        "similarity_score": edge["similarityScore"],
        "confidence_score": edge["confidenceScore"],
        "change_summary": edge["changeSummary"],
        "breaking_changes": edge["breakingChanges"],
        "metadata": edge["metadata"],
        "created_at": edge["createdAt"],
        "created_by": edge["createdBy"],
        "correlation_id": edge["correlationId"],
    }


LINEAGE = View(
    path="/api/lineage/{pattern_id}",
    summary="The versions of a pattern with their ancestors and descendants, to draw as a graph.",
    parameters=LineageParameters,
    answer=LineageGraph,
    ask=_ask,
    shape=_shape,
)
