"""A connection that reads."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import neo4j

from loopgraph.analyst.login import Login, login_to
from loopgraph.analyst.values import plain

if TYPE_CHECKING:
    import networkx

T = TypeVar("T")

LIMIT_S = 30.0
"""Longest time of one statement; the embedded engine has this limit for everybody, and no other."""


class ReadOnlyGraph:
    """One graph, read only; made by ``connect``. Closed by ``close()``, or at the end of a ``with`` block.

    What keeps it from writing is the engine: the embedded one has a user who may not, Neo4j refuses writes in a transaction that
    was opened for reading. ``driver`` is the driver of the Python package ``neo4j``, for whatever is not here.
    """

    def __init__(self, login: Login, limit_s: float) -> None:
        self._engine = login.engine
        self._database = login.database
        self._limit_s = limit_s
        self.url = login.url
        self.driver = neo4j.GraphDatabase.driver(
            login.url, auth=(login.user, login.password), notifications_min_severity="OFF"
        )

    def rows(self, cypher: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of one statement, a dictionary each: instants as aware ``datetime`` in UTC, nodes and relationships as
        dictionaries of their properties. Raises the driver's ``neo4j.exceptions``.
        """
        return self.read(cypher, parameters, _row)

    def network(self, cypher: str, /, **parameters: Any) -> networkx.MultiDiGraph[str]:
        """All nodes, relationships and paths that a statement returns, as a graph of NetworkX.

        Its nodes are named ``Label:key`` by their own keys (``PatternVersion:…``). Nodes and edges have their properties as
        attributes, and their label or type as ``type``. A node of which only a relationship was returned has neither properties
        nor a name of its own: return the ends, too. Raises ImportError without NetworkX.
        """
        from loopgraph.analyst.network import network_of

        return network_of(self.read(cypher, parameters, lambda record: record.values()))

    def session(self) -> neo4j.Session:
        """A session of the driver that reads; the caller closes it."""
        return self.driver.session(database=self._database, default_access_mode=neo4j.READ_ACCESS)

    def read(self, cypher: str, parameters: dict[str, Any], row: Callable[[neo4j.Record], T]) -> list[T]:
        """What ``row`` makes of each record of a statement. What passes by itself, such as a restart of the engine, is tried
        again for half a minute."""
        text: Any = cypher  # the driver's type asks for a literal, to keep values out of it: these are parameters here

        @neo4j.unit_of_work(timeout=self._limit_s)
        def work(transaction: neo4j.ManagedTransaction) -> list[T]:
            return list(map(row, transaction.run(text, parameters)))

        with self.session() as session:
            return session.execute_read(work)

    def close(self) -> None:
        """Closes all connections, and the embedded engine, if it was started for this one."""
        self.driver.close()
        if self._engine is not None:
            self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _row(record: neo4j.Record) -> dict[str, Any]:
    return {name: plain(value) for name, value in zip(record.keys(), record.values(), strict=True)}


def connect(
    graph_url: str | None = None,
    *,
    user: str | None = None,
    password: str | None = None,
    database: str | None = None,
    limit_s: float = LIMIT_S,
) -> ReadOnlyGraph:
    """A connection that reads the graph of ``graph_url``, by default that of ``LOOPGRAPH_GRAPH_URL``.

    ``embedded:FOLDER`` (the default: this user's own) joins the engine that a service runs on the folder, or starts it until
    ``close()``, and needs no password. ``bolt://…`` and ``neo4j://…`` take the user and the password of the settings
    (``LOOPGRAPH_GRAPH_USER``, ``LOOPGRAPH_GRAPH_PASSWORD``) unless they are given. ``limit_s``: longest time of a statement in
    seconds, on servers; the embedded engine's is half a minute.

    Raises SetupError where there is no database yet, EngineStartError where the engine does not start.
    """
    return ReadOnlyGraph(login_to(graph_url, user, password, database), limit_s)
