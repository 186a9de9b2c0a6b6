"""The versions and edges of a graph with their attributes, one after the other, as the writers take them."""

from __future__ import annotations

from collections.abc import Iterator

from loopgraph.computes.exports.values import reading
from loopgraph.contracts.exports.graphs import Arc, ExportedGraph, Vertex


def vertices(graph: ExportedGraph) -> Iterator[Vertex]:
    """The versions."""
    values = reading(graph.vertex_columns)
    for node in graph.nodes:
        version = node.version
        label = f"{version.pattern_name} v{version.version}"
        yield Vertex(version.node_id, label, values([node])[0])


def arcs(graph: ExportedGraph) -> Iterator[Arc]:
    """The edges."""
    values = reading(graph.arc_columns)
    for edge in graph.edges:
        relation = edge.relationship_type.value
        yield Arc(edge.edge_id, edge.source_node_id, edge.target_node_id, relation, values([edge])[0])
