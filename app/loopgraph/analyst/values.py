"""Values of the driver as plain ones."""

from __future__ import annotations

from typing import Any

from neo4j.graph import Node, Path, Relationship

from loopgraph.effects.graph.values import from_graph


def plain(value: Any) -> Any:
    """A value as a table holds it: instants in UTC; of nodes and relationships their properties; of a path those of its nodes and
    relationships in turn."""
    if isinstance(value, Node | Relationship):
        return {name: from_graph(item) for name, item in value.items()}
    if isinstance(value, Path):
        ends = [plain(node) for node in value.nodes]
        between = [plain(relationship) for relationship in value.relationships]
        return [ends[0], *(item for pair in zip(between, ends[1:], strict=True) for item in pair)]
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return from_graph(value)
