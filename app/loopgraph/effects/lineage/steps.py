"""Steps of the transactions that change the lineage: each takes the open transaction, none commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType, LineageEvent, Origin
from loopgraph.contracts.base import Text
from loopgraph.contracts.changes import Created, NewVersion, ParentLink, template_hash
from loopgraph.contracts.lineage import (
    ANCESTRY,
    LineageEdge,
    Pattern,
    PatternStatus,
    PatternVersion,
    RelationshipType,
    require_transition,
)
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Row, Transaction
from loopgraph.effects.lineage import mapping
from loopgraph.effects.lineage.audit import make_event, record
from loopgraph.errors import Conflict, CycleRefused, InvalidInput, NotFound

_TEXT: TypeAdapter[str] = TypeAdapter(Text)

UNRESOLVED = "unresolved"
"""Stands for a pattern id that only the transaction can look up."""

_CREATE_EDGES = query("lineage/create_edges")
_RESERVE = query("lineage/reserve_versions")
_LOCK_ANCESTRY = query("lineage/lock_ancestry")
_ACTIVE_PATH = query("lineage/active_path").choose(EDGE_TYPES=[kind.value for kind in ANCESTRY])
_EDGES_BY_ID = query("lineage/edges_by_id")
_EDGES_BETWEEN = query("lineage/edges_between")
_EDGES_INTO = query("lineage/edges_into").choose(EDGE_TYPES=[kind.value for kind in RelationshipType])
_LOCK_VERSION = query("lineage/lock_version")
_UPDATE_VERSION = query("lineage/update_version")
_LOCK_PATTERNS = query("lineage/lock_patterns")
_CLEAR_CURRENT = query("lineage/clear_current_versions")
_SET_CURRENT = query("lineage/set_current_versions")
_NEWEST_ACTIVE = query("lineage/newest_active_version")
_PATTERNS_BY_ID = query("lineage/patterns_by_id")
_STANDING = query("lineage/versions_standing")
_VERSIONS_BY_ID = query("lineage/versions_by_id")
_VERSIONS_PAGE = query("lineage/versions_page")


def build_version(
    pattern: Pattern, new: NewVersion, node_id: str, number: int, at: datetime, origin: Origin
) -> PatternVersion:
    """The version that a request describes, active or a draft."""
    created_at = new.created_at or at
    same = new.model_dump(
        include={
            "label", "evolution_type", "template_code", "parameters", "change_summary", "tags", "metadata",
            "confidence_score", "performance_baseline", "quality_baseline", "success_rate_baseline",
        }
    )  # fmt: skip
    return PatternVersion(
        **same,
        node_id=node_id,
        pattern_id=pattern.pattern_id,
        version=number,
        pattern_name=pattern.name,
        pattern_type=pattern.pattern_type,
        status=PatternStatus.ACTIVE if new.activate else PatternStatus.DRAFT,
        template_hash=template_hash(new.template_code),
        correlation_id=origin.correlation_id,
        created_at=created_at,
        created_by=new.created_by or origin.actor_id,
        updated_at=at,
        activated_at=created_at if new.activate else None,
    )


def build_edges(
    version: PatternVersion, links: Iterable[ParentLink], at: datetime, origin: Origin
) -> list[LineageEdge]:
    """The edges from its parents to a version that is being made; the parents' pattern ids are still unresolved."""
    return [
        LineageEdge(
            **link.model_dump(exclude={"node_id", "edge_id"}),
            edge_id=link.edge_id or new_id(),
            source_node_id=link.node_id,
            target_node_id=version.node_id,
            source_pattern_id=UNRESOLVED,
            target_pattern_id=version.pattern_id,
            correlation_id=origin.correlation_id,
            created_at=version.created_at,
            created_by=version.created_by,
            valid_from=min(version.created_at, at),  # recorded history may be dated in the future
        )
        for link in links
    ]


def check_distinct(links: Sequence[ParentLink]) -> None:
    """Raises InvalidInput where two links name the same parent and type, or the same edge id."""
    seen: set[tuple[str, RelationshipType]] = set()
    edge_ids: set[str] = set()
    for index, link in enumerate(links):
        if (link.node_id, link.relationship_type) in seen:
            raise InvalidInput(
                f"parents.{index}", f"{link.node_id} is already a parent by {link.relationship_type.value}"
            )
        if link.edge_id in edge_ids:
            raise InvalidInput(f"parents.{index}.edgeId", f"{link.edge_id} is already the id of another of these edges")
        seen.add((link.node_id, link.relationship_type))
        edge_ids.update({link.edge_id} if link.edge_id else ())


def check_text(field: str, text: str) -> None:
    """Raises InvalidInput for a text that is too long to be read back."""
    try:
        _TEXT.validate_python(text)
    except ValidationError as error:
        raise InvalidInput(field, error.errors()[0]["msg"].replace("String should", "must", 1)) from error


def brief(edge: LineageEdge) -> dict[str, Any]:
    """What an event says of an edge."""
    return {
        "edge_id": edge.edge_id,
        "source_node_id": edge.source_node_id,
        "target_node_id": edge.target_node_id,
        "relationship_type": edge.relationship_type.value,
    }


def edge_of(row: Row) -> LineageEdge:
    """The edge of a row with the columns ``edge`` and ``relationship_type``."""
    return mapping.edge(row["edge"], row["relationship_type"])


async def pattern_row(tx: Transaction, pattern_id: str) -> tuple[Pattern, str] | None:
    """The pattern and the hash of the request that made it, None if there is none."""
    rows = await tx.run(_PATTERNS_BY_ID, pattern_ids=[pattern_id])
    if not rows:
        return None
    properties = rows[0]["pattern"]
    return mapping.pattern(properties, rows[0]["current_node_id"]), properties.get("request_hash", "")


async def version_row(tx: Transaction, node_id: str) -> Row | None:
    """The properties of a version, None if there is none."""
    rows = await tx.run(_VERSIONS_BY_ID, node_ids=[node_id])
    return rows[0]["version"] if rows else None


async def standing(tx: Transaction, node_ids: Iterable[str]) -> dict[str, Row]:
    """``pattern_id`` and ``status`` of those versions that exist, by version id."""
    rows = await tx.run(_STANDING, node_ids=sorted(set(node_ids)))
    return {row["node_id"]: row for row in rows}


async def repeated(tx: Transaction, pattern_id: str, number: int, request_hash: str) -> Created:
    """What an earlier request made: its pattern and version as they are now, and the edges that it drew."""
    found = await pattern_row(tx, pattern_id)
    rows = await tx.run(_VERSIONS_PAGE, pattern_ids=[pattern_id], below=number + 1, limit=1)
    assert found is not None, "the id was found"
    version = mapping.version(rows[0]["version"])
    rows = await tx.run(_EDGES_INTO, node_ids=[version.node_id])
    edges = (edge_of(row) for row in rows if row["edge"].get("request_hash") == request_hash)
    return Created(pattern=found[0], version=version, edges=tuple(edges), repeated=True)


async def reserve(tx: Transaction, pattern_id: str, count: int, at: datetime) -> tuple[Pattern, int]:
    """Takes the next ``count`` version numbers; returns the pattern and the first of them. Raises NotFound."""
    reserved = await reserve_many(tx, {pattern_id: count}, at)
    if pattern_id not in reserved:
        raise NotFound("Pattern", pattern_id)
    return reserved[pattern_id]


async def reserve_many(tx: Transaction, counts: Mapping[str, int], at: datetime) -> dict[str, tuple[Pattern, int]]:
    """Takes the next version numbers of patterns, so many of each; returns each pattern and the first of its numbers."""
    wanted = [{"pattern_id": pattern_id, "count": counts[pattern_id]} for pattern_id in sorted(counts)]
    rows = await tx.run(_RESERVE, wanted=wanted, now=at)
    patterns = (mapping.pattern(row["pattern"], row["current_node_id"]) for row in rows)
    return {
        pattern.pattern_id: (pattern, pattern.latest_version - counts[pattern.pattern_id] + 1) for pattern in patterns
    }


async def default_parents(tx: Transaction, pattern: Pattern, number: int, edge_id: str) -> tuple[ParentLink, ...]:
    """The version in use, or the latest before ``number``, as the one parent of the next by an edge of this id."""
    parent = pattern.current_node_id
    if parent is None:
        rows = await tx.run(_VERSIONS_PAGE, pattern_ids=[pattern.pattern_id], below=number, limit=1)
        parent = rows[0]["version"]["node_id"] if rows else None
    return (ParentLink(node_id=parent, edge_id=edge_id),) if parent else ()


async def draw(tx: Transaction, edges: Sequence[LineageEdge], request_hash: str) -> tuple[LineageEdge, ...]:
    """Draws edges into versions that this transaction made: nothing leads out of those, so no cycle can close.

    Raises NotFound for an unknown source, InvalidInput for one that is the target itself.
    """
    if not edges:
        return ()
    sources = await standing(tx, (edge.source_node_id for edge in edges))
    resolved = []
    for edge in edges:
        if edge.source_node_id == edge.target_node_id:
            raise InvalidInput("parents", f"{edge.source_node_id} cannot be its own parent")
        if edge.source_node_id not in sources:
            raise NotFound("PatternVersion", edge.source_node_id)
        resolved.append(edge.model_copy(update={"source_pattern_id": sources[edge.source_node_id]["pattern_id"]}))
    for kind in sorted({edge.relationship_type for edge in resolved}):
        rows = [mapping.edge_properties(edge, request_hash) for edge in resolved if edge.relationship_type is kind]
        await tx.write(_CREATE_EDGES.choose(EDGE_TYPE=kind.value), rows, into="edges")
    return tuple(resolved)


async def lock_ancestry(tx: Transaction, turn: str) -> None:
    """Waits for (or collides with, to be run again) every other transaction that draws edges between existing versions.

    ``turn`` is an id made for this change: to the embedded engine, writing what is there already is no write.
    """
    await tx.run(_LOCK_ANCESTRY, turn=turn)


async def require_free_edge_ids(tx: Transaction, links: Sequence[ParentLink], turn: str) -> None:
    """Raises Conflict where the client's own id of an edge is taken.

    The graph's constraints hold for one type of edge each, so ids of clients are given out under the lock on ancestry.
    """
    given = [link.edge_id for link in links if link.edge_id]
    if given:
        await lock_ancestry(tx, turn)
        for row in await tx.run(_EDGES_BY_ID, edge_ids=given):
            raise Conflict("LineageEdge", row["edge"]["edge_id"], "the id is taken by another edge")


async def draw_between(
    tx: Transaction, edge: LineageEdge, request_hash: str, field: str = "targetNodeId"
) -> LineageEdge:
    """Draws an edge between two existing versions, under ``lock_ancestry``.

    Raises NotFound, Conflict if the two are connected by this type already, CycleRefused if it would close a cycle.
    """
    ends = await standing(tx, (edge.source_node_id, edge.target_node_id))
    for node_id in (edge.source_node_id, edge.target_node_id):
        if node_id not in ends:
            raise NotFound("PatternVersion", node_id)
    kind = edge.relationship_type
    between = await tx.run(
        _EDGES_BETWEEN.choose(EDGE_TYPE=kind.value),
        source_node_id=edge.source_node_id,
        target_node_id=edge.target_node_id,
    )
    if any(row["edge"].get("valid_to") is None for row in between):
        pair = f"{edge.source_node_id} → {edge.target_node_id}"
        raise Conflict("LineageEdge", pair, f"they are already connected by {kind.value}")
    if kind in ANCESTRY:
        path = await tx.run(_ACTIVE_PATH, source_node_id=edge.target_node_id, target_node_id=edge.source_node_id)
        if path:
            raise CycleRefused(field, [edge.source_node_id, *path[0]["node_ids"]])
    resolved = edge.model_copy(
        update={
            "source_pattern_id": ends[edge.source_node_id]["pattern_id"],
            "target_pattern_id": ends[edge.target_node_id]["pattern_id"],
        }
    )
    await tx.write(
        _CREATE_EDGES.choose(EDGE_TYPE=kind.value), [mapping.edge_properties(resolved, request_hash)], into="edges"
    )
    return resolved


async def lock_version(tx: Transaction, node_id: str, at: datetime) -> PatternVersion:
    """The version as it is while this transaction holds its write lock. Raises NotFound."""
    rows = await tx.run(_LOCK_VERSION, node_id=node_id, now=at)
    if not rows:
        raise NotFound("PatternVersion", node_id)
    return mapping.version(rows[0]["version"])


async def lock_pattern(tx: Transaction, pattern_id: str, at: datetime) -> Pattern:
    """The pattern as it is while this transaction holds its write lock. Raises NotFound."""
    patterns = await lock_patterns(tx, [pattern_id], at)
    if not patterns:
        raise NotFound("Pattern", pattern_id)
    return patterns[0]


async def lock_patterns(tx: Transaction, pattern_ids: Iterable[str], at: datetime) -> list[Pattern]:
    """Those patterns that exist, as they are while this transaction holds their write locks."""
    rows = await tx.run(_LOCK_PATTERNS, pattern_ids=sorted(set(pattern_ids)), now=at)
    return [mapping.pattern(row["pattern"], row["current_node_id"]) for row in rows]


async def move_current(tx: Transaction, pattern_id: str, node_id: str | None) -> None:
    """Marks a version (or none) as the one in use."""
    await move_current_of(tx, {pattern_id: node_id})


async def move_current_of(tx: Transaction, node_ids: Mapping[str, str | None]) -> None:
    """Marks for each pattern a version of it (or none) as the one in use."""
    await tx.run(_CLEAR_CURRENT, pattern_ids=sorted(node_ids))
    if marked := sorted(filter(None, node_ids.values())):
        await tx.run(_SET_CURRENT, node_ids=marked)


async def update_version(tx: Transaction, node_id: str, **properties: Any) -> PatternVersion:
    """Sets properties of a version that exists."""
    rows = await tx.run(_UPDATE_VERSION, node_id=node_id, properties=properties)
    return mapping.version(rows[0]["version"])


async def change_status(
    tx: Transaction,
    node_id: str,
    wanted: PatternStatus,
    at: datetime,
    event: LineageEvent,
    *,
    reason: str | None = None,
    replaced_by: str | None = None,
) -> PatternVersion:
    """Moves a version along its lifecycle, keeps the pattern's current version right, and writes the event.

    Raises NotFound, InvalidTransition.
    """
    before = await lock_version(tx, node_id, at)
    require_transition(node_id, before.status, wanted)
    dates: dict[PatternStatus, dict[str, Any]] = {
        PatternStatus.ACTIVE: {"activated_at": at},
        PatternStatus.DEPRECATED: {"deprecated_at": at, "deprecation_reason": reason},
        PatternStatus.ARCHIVED: {"archived_at": at},
    }
    version = await update_version(tx, node_id, status=wanted.value, updated_at=at, **dates.get(wanted, {}))
    pattern = await lock_pattern(tx, version.pattern_id, at)
    old_current = new_current = pattern.current_node_id
    if wanted is PatternStatus.ACTIVE:
        new_current = node_id
    elif old_current == node_id:
        new_current = await _successor(tx, version.pattern_id, replaced_by)
    if new_current != old_current:
        await move_current(tx, version.pattern_id, new_current)
    await record(
        tx,
        event.model_copy(
            update={
                "pattern_id": version.pattern_id,
                "before": {"status": before.status.value, "current_node_id": old_current},
                "after": {"status": wanted.value, "current_node_id": new_current},
            }
        ),
    )
    return version


async def _successor(tx: Transaction, pattern_id: str, replaced_by: str | None) -> str | None:
    if replaced_by:
        row = await version_row(tx, replaced_by)
        if row and row["pattern_id"] == pattern_id and row["status"] == PatternStatus.ACTIVE:
            return replaced_by
    rows = await tx.run(_NEWEST_ACTIVE, pattern_id=pattern_id)
    return rows[0]["node_id"] if rows else None


def created_event(
    event_type: EventType, origin: Origin, version: PatternVersion, edges: Sequence[LineageEdge], **after: Any
) -> LineageEvent:
    """The event of a version that is made."""
    event = make_event(event_type, origin, pattern_id=version.pattern_id, node_id=version.node_id)
    return describe_created(event, version, edges, **after)


def describe_created(
    event: LineageEvent,
    version: PatternVersion,
    edges: Sequence[LineageEdge],
    *,
    replaced: str | None = None,
    **after: Any,
) -> LineageEvent:
    """The event with what it says of the version that is made. ``replaced`` was in use before, if this one is now."""
    before = None
    if version.status is PatternStatus.ACTIVE:
        before = {"current_node_id": replaced} if replaced else None
        after["current_node_id"] = version.node_id
    return event.model_copy(
        update={
            "before": before,
            "after": {"version": version.version, "status": version.status.value, **after},
            "data": {"edges": [brief(edge) for edge in edges]},
        }
    )
