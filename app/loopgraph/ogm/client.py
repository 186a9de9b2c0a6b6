"""GQLAlchemy's client over a connection that reads.

Its own Neo4j client names no database, hands the driver's instants to models that do not take them, and writes as gladly as it
reads; its Memgraph client speaks to Memgraph alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import gqlalchemy
from gqlalchemy.connection import Connection
from neo4j.graph import Node, Path, Relationship

from loopgraph.analyst.graph import LIMIT_S, ReadOnlyGraph
from loopgraph.analyst.graph import connect as connect_to
from loopgraph.analyst.values import plain


class ReadOnlyConnection(Connection):
    """What GQLAlchemy asks for of a connection, by one that reads."""

    def __init__(self, graph: ReadOnlyGraph) -> None:
        self._graph = graph

    def execute(self, query: str, parameters: dict[str, Any] | None = None) -> None:
        """Runs a statement. Raises the driver's errors, of which one is that it may not write."""
        self._graph.read(query, parameters or {}, lambda record: None)

    def execute_and_fetch(self, query: str, parameters: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """The rows of a statement, nodes and relationships in them as objects of their classes."""
        yield from self._graph.read(query, parameters or {}, _row)

    def is_active(self) -> bool:
        """Whether it can be used: the driver connects when it is asked."""
        return True


class Graph(gqlalchemy.Neo4j):
    """A client of GQLAlchemy that reads; made by ``connect``. Closed by ``close()``."""

    def __init__(self, graph: ReadOnlyGraph) -> None:
        super().__init__()
        self._graph = graph

    def new_connection(self) -> ReadOnlyConnection:
        """The one connection."""
        return ReadOnlyConnection(self._graph)

    def close(self) -> None:
        """Closes all connections, and the embedded engine, if it was started for this one."""
        self._graph.close()


def connect(
    graph_url: str | None = None,
    *,
    user: str | None = None,
    password: str | None = None,
    database: str | None = None,
    limit_s: float = LIMIT_S,
) -> Graph:
    """A client that reads the graph of ``graph_url``; all as of ``loopgraph.analyst.connect``."""
    return Graph(connect_to(graph_url, user=user, password=password, database=database, limit_s=limit_s))


def _row(record: Any) -> dict[str, Any]:
    return {name: _object(value) for name, value in record.items()}


def _object(value: Any) -> Any:
    if isinstance(value, Node):
        return gqlalchemy.Node.parse_obj({**plain(value), "_id": _id(value), "_labels": set(value.labels)})
    if isinstance(value, Relationship):
        start, end = (None if node is None else _id(node) for node in value.nodes)
        ends = {"_start_node_id": start, "_end_node_id": end}
        return gqlalchemy.Relationship.parse_obj({**plain(value), "_id": _id(value), "_type": value.type, **ends})
    if isinstance(value, Path):
        parts = {"_nodes": list(map(_object, value.nodes)), "_relationships": list(map(_object, value.relationships))}
        return gqlalchemy.Path.parse_obj(parts)
    if isinstance(value, list):
        return list(map(_object, value))
    return plain(value)


def _id(entity: Any) -> int:
    """What ``id(n)`` is in a statement, which GQLAlchemy writes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        id_: int = entity.id
    return id_
