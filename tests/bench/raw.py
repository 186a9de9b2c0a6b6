"""The same nodes and rows over Bolt and nothing else: one statement, no checks, no models. What no service can beat."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import neo4j
import neo4j.exceptions

from loopgraph.contracts.lineage.patterns import ANCESTRY
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.instants import codec_of, quicken
from loopgraph.effects.graph.values import to_graph
from support.engines import EngineUnderTest

_TYPES = "|".join(sorted(kind.value for kind in ANCESTRY))

_COPY = """
MATCH (v:PatternVersion {node_id: $node_id})<-[r]-(:PatternVersion)
RETURN properties(v) AS version, properties(r) AS edge
"""
_EVENT = "MATCH (e:LineageEvent) RETURN properties(e) AS event LIMIT 1"
_INSERT = """
MATCH (p:Pattern {pattern_id: $pattern_id}) MATCH (parent:PatternVersion {node_id: $parent})
CREATE (p)-[:HAS_VERSION]->(v:PatternVersion) SET v = $version
CREATE (parent)-[r:REFINED_FROM]->(v) SET r = $edge
CREATE (e:LineageEvent)-[:ABOUT]->(v) SET e = $event
"""
_DRAW = """
MATCH (a:PatternVersion {node_id: $source}) MATCH (b:PatternVersion {node_id: $target})
CREATE (a)-[r:DERIVED_FROM]->(b) SET r = $edge
CREATE (e:LineageEvent)-[:ABOUT]->(b) SET e = $event
"""
_PATH = f"""
MATCH (a:PatternVersion {{node_id: $source}}), (b:PatternVersion {{node_id: $target}})
MATCH path = shortestPath((a)-[:{_TYPES}*1..]->(b))
RETURN [n IN nodes(path) | properties(n)] AS versions, [r IN relationships(path) | properties(r)] AS edges
"""
_ANCESTORS = f"""
MATCH (:PatternVersion {{node_id: $node_id}})<-[:{_TYPES}*1..256]-(m:PatternVersion)
WITH DISTINCT m RETURN collect(properties(m)) AS versions
"""
_EDGES = f"""
UNWIND $node_ids AS id MATCH (:PatternVersion {{node_id: id}})<-[r:{_TYPES}]-(:PatternVersion)
RETURN collect(properties(r)) AS edges
"""

_HOOK = """
MATCH (t:Trace {correlation_id: $trace})
CREATE (t)-[:RAN]->(h:HookExecution)
SET h = $hook
"""


class Raw:
    """A client that knows what to write."""

    def __init__(self, driver: neo4j.AsyncDriver, database: str | None) -> None:
        self._driver, self._database = driver, database

    @classmethod
    def on(cls, engine: EngineUnderTest) -> Raw:
        return cls(neo4j.AsyncGraphDatabase.driver(engine.url, auth=(engine.user, engine.password)), engine.database)

    @classmethod
    def of(cls, graph: Graph) -> Raw:
        """The same connections as those of a graph that is open."""
        assert graph._driver is not None
        return cls(graph._driver, graph._database)

    async def close(self) -> None:
        await self._driver.close()

    async def _run(self, *statements: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """The one row of each of some statements in one transaction."""
        async with self._driver.session(database=self._database) as session, await session.begin_transaction() as tx:
            quicken(codec_of(tx))
            rows: list[dict[str, Any]] = []
            for text, parameters in statements:
                result = await tx.run(text, to_graph(parameters))  # type: ignore[arg-type]
                rows += [dict(record) async for record in result]
            await tx.commit()
            return rows

    async def samples(self, node_id: str) -> dict[str, dict[str, Any]]:
        """A version, the edge into it and an event, as the service writes them."""
        [made], [event] = await self._run((_COPY, {"node_id": node_id})), await self._run((_EVENT, {}))
        return made | event

    async def insert(self, pattern_id: str, parent: str, samples: dict[str, dict[str, Any]], number: int) -> None:
        ids = {"node_id": uuid4().hex, "pattern_id": pattern_id, "version": number}
        version, edge = samples["version"] | ids, samples["edge"] | {"edge_id": uuid4().hex}
        given = {"pattern_id": pattern_id, "parent": parent, "version": version, "edge": edge}
        await self._run((_INSERT, given | {"event": samples["event"] | {"event_id": uuid4().hex}}))

    async def draw(self, source: str, target: str, samples: dict[str, dict[str, Any]]) -> None:
        edge = samples["edge"] | {"edge_id": uuid4().hex}
        event = samples["event"] | {"event_id": uuid4().hex}
        await self._run((_DRAW, {"source": source, "target": target, "edge": edge, "event": event}))

    async def path(self, source: str, target: str) -> int:
        [row] = await self._run((_PATH, {"source": source, "target": target}))
        return len(row["edges"])

    async def ancestors(self, node_id: str, node_ids: Sequence[str]) -> int:
        """The versions above one and their edges; the ids are those that the service finds out first."""
        found, edges = await self._run((_ANCESTORS, {"node_id": node_id}), (_EDGES, {"node_ids": list(node_ids)}))
        assert len(found["versions"]) == len(edges["edges"])
        return len(found["versions"])

    async def hook(self, trace: str, sample: dict[str, Any]) -> None:
        """An execution under a trace that is there; after a collision with another writer, again."""
        given = {"trace": trace, "hook": sample | {"execution_id": uuid4().hex, "correlation_id": trace}}
        while True:
            try:
                await self._run((_HOOK, given))
            except neo4j.exceptions.TransientError:
                await asyncio.sleep(random.uniform(0, 0.005))
            else:
                return
