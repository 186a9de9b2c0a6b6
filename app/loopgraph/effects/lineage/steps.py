"""Steps of the transactions that change the lineage: each takes the open transaction, none commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType, LineageEvent, Origin
from loopgraph.contracts.base import Text
from loopgraph.contracts.lineage.bodies import digest_of_version
from loopgraph.contracts.lineage.changes import Created, NewVersion, ParentLink, template_hash
from loopgraph.contracts.lineage.patterns import (
    LineageEdge,
    Pattern,
    PatternStatus,
    PatternVersion,
    RelationshipType,
    require_transition,
)
from loopgraph.contracts.lineage.text_form import form_of_version, kept
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.lineage import mapping
from loopgraph.effects.lineage.audit import make_event, record
from loopgraph.errors import InvalidInput, NotFound

_TEXT: TypeAdapter[str] = TypeAdapter(Text)

UNRESOLVED = "unresolved"
"""Stands for a pattern id that only the transaction can look up."""

_CREATE_EDGES = query("lineage/create_edges")
_RESERVE = query("lineage/reserve_versions")
_ADD_VERSIONS = query("lineage/add_versions")
_LOCK_ANCESTRY = query("lineage/lock_ancestry")
_EDGES_BY_ID = query("lineage/edges_by_id")
_EDGES_INTO = query("lineage/edges_into").choose(EDGE_TYPES=[kind.value for kind in RelationshipType])
_LOCK_VERSION = query("lineage/lock_version")
_UPDATE_VERSION = query("lineage/update_version")
_LOCK_PATTERNS = query("lineage/lock_patterns")
_CLEAR_CURRENT = query("lineage/clear_current_versions")
_MOVE_CURRENT = query("lineage/move_current_versions")
_NEWEST_ACTIVE = query("lineage/newest_active_version")
_PATTERNS_BY_ID = query("lineage/patterns_by_id")
_STANDING = query("lineage/versions_standing")
_VERSIONS_BY_ID = query("lineage/versions_by_id")
_VERSIONS_PAGE = query("lineage/versions_page")

MOST_ROWS = 2_000
"""So many rows one statement takes: a version can have tens of thousands of parents."""


def build_version(
    pattern: Pattern, new: NewVersion, node_id: str, number: int, at: datetime, origin: Origin
) -> PatternVersion:
    """The version that a request describes, active or a draft."""
    created_at, path = new.created_at or at, new.metadata.get("path")
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
        body_digest=digest_of_version(pattern.pattern_type, new.template_code, path),
        text_form=kept(form_of_version(pattern.pattern_type, new.template_code, new.parameters.keys(), path)),
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
    ids = sorted(set(node_ids))
    found: dict[str, Row] = {}
    for start in range(0, len(ids), MOST_ROWS):
        rows = await tx.run(_STANDING, node_ids=ids[start : start + MOST_ROWS])
        found |= {row["node_id"]: row for row in rows}
    return found


async def repeated(tx: Transaction, pattern_id: str, number: int, request_hash: str) -> Created:
    """What an earlier request made: its pattern and version as they are now, and the edges that it drew."""
    found = await pattern_row(tx, pattern_id)
    rows = await tx.run(_VERSIONS_PAGE, pattern_ids=[pattern_id], below=number + 1, limit=1)
    assert found is not None, "the id was found"
    version = mapping.version(rows[0]["version"])
    rows = await tx.run(_EDGES_INTO, chunks=[[version.node_id]])
    edges = (
        mapping.edge(edge, kind)
        for row in rows
        for edge, kind in row["edges"]
        if edge.get("request_hash") == request_hash
    )
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


async def draw(tx: Transaction, edges: Sequence[LineageEdge], request_hash: str) -> tuple[LineageEdge, ...]:
    """Draws edges into versions that this transaction made: nothing leads out of those, so no cycle can close.

    Raises NotFound for an unknown source, InvalidInput for one that is the target itself.
    """
    if not edges:
        return ()
    sources = await standing(tx, (edge.source_node_id for edge in edges))
    drawn = tuple(resolved(edge, sources) for edge in edges)
    await create_edges(tx, [(edge, request_hash) for edge in drawn])
    return drawn


def resolved(edge: LineageEdge, sources: Mapping[str, Row]) -> LineageEdge:
    """An edge into a new version with the pattern of its source, which is one of the ``standing``.

    Raises NotFound for an unknown source, InvalidInput for one that is the target itself.
    """
    if edge.source_node_id == edge.target_node_id:
        raise InvalidInput("parents", f"{edge.source_node_id} cannot be its own parent")
    if edge.source_node_id not in sources:
        raise NotFound("PatternVersion", edge.source_node_id)
    return edge.model_copy(update={"source_pattern_id": sources[edge.source_node_id]["pattern_id"]})


async def create_versions(tx: Transaction, rows: Sequence[Row], edges: Sequence[tuple[LineageEdge, str]]) -> None:
    """Makes versions, of rows with ``version``, ``event`` and ``current``, and edges into them with the hashes of their requests.

    It takes one statement where the edges are few and of one type.
    """
    kinds = {edge.relationship_type for edge, _ in edges}
    together = len(kinds) <= 1 and len(edges) <= MOST_ROWS
    own: defaultdict[str, list[Row]] = defaultdict(list)
    for edge, hash_ in edges if together else ():
        own[edge.target_node_id].append(mapping.edge_properties(edge, hash_))
    kind = next(iter(kinds)) if kinds and together else RelationshipType.REFINED_FROM
    with_edges = [{**row, "edges": own[row["version"]["node_id"]]} for row in rows]
    await tx.write(_ADD_VERSIONS.choose(EDGE_TYPE=kind.value), with_edges)
    if not together:
        await create_edges(tx, edges)


async def create_edges(tx: Transaction, edges: Sequence[tuple[LineageEdge, str]]) -> None:
    """Draws edges whose ends are known to be there, each with the hash of its request; few statements for each type."""
    for kind in sorted({edge.relationship_type for edge, _ in edges}):
        rows = [mapping.edge_properties(edge, hash_) for edge, hash_ in edges if edge.relationship_type is kind]
        for start in range(0, len(rows), MOST_ROWS):
            await tx.write(_CREATE_EDGES.choose(EDGE_TYPE=kind.value), rows[start : start + MOST_ROWS], into="edges")


async def lock_ancestry(tx: Transaction, turn: str) -> None:
    """Waits for (or collides with, to be run again) every other transaction that draws edges between existing versions.

    ``turn`` is an id made for this change: to the embedded engine, writing what is there already is no write.
    """
    await tx.run(_LOCK_ANCESTRY, turn=turn)


async def taken_edge_ids(tx: Transaction, edge_ids: Iterable[str], turn: str) -> list[str]:
    """Those of the ids that edges have.

    The graph's constraints hold for one type of edge each, so ids of clients are given out under the lock on ancestry.
    """
    await lock_ancestry(tx, turn)
    return [row["edge"]["edge_id"] for row in await tx.run(_EDGES_BY_ID, edge_ids=sorted(edge_ids))]


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
    if cleared := sorted(pattern_id for pattern_id, node_id in node_ids.items() if node_id is None):
        await tx.run(_CLEAR_CURRENT, pattern_ids=cleared)
    moves = [{"pattern_id": id_, "node_id": node_id} for id_, node_id in sorted(node_ids.items()) if node_id]
    await tx.write(_MOVE_CURRENT, moves, into="moves")


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
