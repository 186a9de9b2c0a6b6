"""What tests of uses share: definitions as versions, and what the graph says of the executions of patterns."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.changes import NewPattern, NewVersion
from loopgraph.contracts.definitions import DefinitionKind
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.writes import Lineage
from support.traces import NOON, statement

ORIGIN = Origin(actor_type=ActorType.USER, actor_id="tester")

LONG_AGO = NOON - timedelta(days=30)


async def define(
    graph: Graph,
    kind: DefinitionKind,
    name: str,
    *texts: str,
    folder: str | None = None,
    since: datetime = LONG_AGO,
    node_ids: tuple[str, ...] = (),
    **metadata: Any,
) -> list[str]:
    """The versions of a new pattern whose file had these texts one after the other, a day each: the ids of their nodes."""
    lineage = Lineage(graph)
    pattern = NewPattern(name=name, pattern_type=kind, metadata={"origin": "project", **metadata, **_scope(folder)})
    ids: list[str] = []
    for number, text in enumerate(texts):
        created_at = since + timedelta(days=number)
        id_ = node_ids[number] if number < len(node_ids) else new_id()
        new = NewVersion(template_code=text, activate=True, created_at=created_at, node_id=id_)
        if not ids:
            created = await lineage.create_pattern(pattern, new, ORIGIN)
            pattern_id = created.pattern.pattern_id
        else:
            await lineage.add_version(pattern_id, new, ORIGIN)
        ids.append(id_)
    return ids


def _scope(folder: str | None) -> dict[str, str]:
    return {"scope": f"folder:{folder}"} if folder else {}


async def used(graph: Graph, session_id: str) -> dict[str, dict[str, Any]]:
    """Of each execution of a pattern in a session, by its id: which version, by which rule, and how it ended."""
    rows = await statement(
        graph,
        """MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace)-[:RAN]->(h:HookExecution)
        WHERE h.hook_type = 'Pattern'
        OPTIONAL MATCH (h)-[u:USED]->(v:PatternVersion)
        RETURN h.execution_id AS id, t.correlation_id AS trace, h.pattern_type AS kind, h.pattern_name AS name,
               h.node_id AS node_id, v.node_id AS drawn, u.rule AS rule, v.tags AS tags, v.template_code AS text,
               h.status AS status, h.started_at AS started_at, h.completed_at AS completed_at, v.pattern_id AS pattern_id""",
        id=session_id,
    )
    assert len({row["id"] for row in rows}) == len(rows), "no execution is of two versions"
    for row in rows:
        assert row["node_id"] == row.pop("drawn"), "the relationship is that of the property"
        row["observed"] = "observed" in (row.pop("tags") or ())
    return {row.pop("id"): row for row in rows}


async def usage(graph: Graph, *node_ids: str) -> list[tuple[int, int, datetime | None, datetime | None]]:
    """How often versions were used, how often with success, and when first and last."""
    rows = await statement(
        graph,
        """UNWIND $ids AS id MATCH (v:PatternVersion {node_id: id})
        RETURN id, v.usage_count AS used, v.success_count AS well, v.first_used_at AS first, v.last_used_at AS last""",
        ids=list(node_ids),
    )
    found = {row["id"]: (row["used"] or 0, row["well"] or 0, row["first"], row["last"]) for row in rows}
    return [found[id_] for id_ in node_ids]
