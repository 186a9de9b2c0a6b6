"""What a statement returns as a graph of NetworkX."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import networkx
from neo4j.graph import Node, Path, Relationship

from loopgraph.analyst.values import plain
from loopgraph.contracts.catalogue.nodes import KEYS


def network_of(rows: Iterable[list[Any]]) -> networkx.MultiDiGraph[str]:
    """The nodes and relationships in rows of values, at any depth; those of paths, too."""
    network: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
    for value in _entities(list(rows)):
        if isinstance(value, Node):
            network.add_node(name_of(value), **_attributes(value, _label(value)))
        else:
            start, end = (name_of(node) for node in value.nodes if node is not None)
            network.add_edge(start, end, key=_key(value), **_attributes(value, value.type))
    return network


def name_of(node: Node) -> str:
    """``Label:key``; of a node whose label or key is not known, by what the engine calls it."""
    label = _label(node)
    key = node.get(KEYS.get(label, ""))
    return f"{label}:{node.element_id if key is None else key}"


def _label(node: Node) -> str:
    return min(node.labels, default="")


def _key(relationship: Relationship) -> str:
    """Two nodes can be connected twice by one type."""
    return f"{relationship.type}:{relationship.get('edge_id') or relationship.element_id}"


def _attributes(entity: Node | Relationship, type_: str) -> dict[str, Any]:
    """No property of the graph is named ``type``."""
    return {**plain(entity), "type": type_}


def _entities(value: Any) -> Iterator[Node | Relationship]:
    """Nodes first: what a path tells of its nodes is whole, what a relationship tells of its ends is not."""
    found = list(_all(value))
    yield from (entity for entity in found if isinstance(entity, Node))
    yield from (entity for entity in found if isinstance(entity, Relationship))


def _all(value: Any) -> Iterator[Node | Relationship]:
    if isinstance(value, Node | Relationship):
        yield value
    elif isinstance(value, Path):
        yield from value.nodes
        yield from value.relationships
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _all(item)
