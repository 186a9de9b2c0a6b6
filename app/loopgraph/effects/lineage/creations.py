"""Patterns that are made with their first versions: any number of requests in one transaction, with the statements of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType, LineageEvent, Origin
from loopgraph.contracts.lineage.changes import Created, NewPattern, NewVersion, request_hash
from loopgraph.contracts.lineage.patterns import LineageEdge, Pattern, PatternStatus, PatternVersion, RelationshipType
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.group_commit import refuse
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.lineage import mapping, steps
from loopgraph.errors import Conflict, InvalidInput, UserError

_CREATE_PATTERNS = query("lineage/create_patterns")
_PATTERNS_BY_ID = query("lineage/patterns_by_id")
_VERSIONS_BY_ID = query("lineage/versions_by_id")


@dataclass(frozen=True, eq=False)
class Creation:
    """A request for a pattern with its version 1, and the edges from the parents of that, whose patterns are still unresolved.

    ``names_…`` say which of the ids the client chose; ``event`` tells of it all.
    """

    pattern: Pattern
    version: PatternVersion
    edges: tuple[LineageEdge, ...]
    names_pattern: bool
    names_version: bool
    names_edges: frozenset[str]
    request_hash: str
    event: LineageEvent
    turn: str

    @property
    def makes(self) -> set[str]:
        """The ids of what it makes."""
        return {self.pattern.pattern_id, self.version.node_id, *(edge.edge_id for edge in self.edges)}

    @property
    def needs(self) -> set[str]:
        """The ids that it matters for whether another has made them."""
        return self.makes | {edge.source_node_id for edge in self.edges}


def creation_of(new: NewPattern, first: NewVersion, origin: Origin) -> Creation:
    """The request for a pattern with its version 1, with the ids and the time that are chosen for it before it is tried. Raises
    InvalidInput."""
    at, pattern_id, node_id = now(), new.pattern_id or new_id(), first.node_id or new_id()
    if first.version not in (None, 1):
        raise InvalidInput("version", f"the first version of a pattern is 1, not {first.version}")
    pattern = Pattern(
        **new.model_dump(exclude={"pattern_id"}),
        pattern_id=pattern_id,
        latest_version=1,
        created_at=first.created_at or at,
        created_by=first.created_by or origin.actor_id,
        updated_at=at,
    )
    version = steps.build_version(pattern, first, node_id, 1, at, origin)
    links = first.parents or ()
    steps.check_distinct(links)
    edges = steps.build_edges(version, links, at, origin)
    forked = any(edge.relationship_type is RelationshipType.FORKED_FROM for edge in edges)
    event_type = EventType.PATTERN_FORKED if forked else EventType.PATTERN_CREATED
    return Creation(
        pattern=pattern,
        version=version,
        edges=tuple(edges),
        names_pattern=new.pattern_id is not None,
        names_version=first.node_id is not None,
        names_edges=frozenset(link.edge_id for link in links if link.edge_id),
        request_hash=request_hash(new, first),
        event=steps.created_event(event_type, origin, version, edges, name=pattern.name),
        turn=new_id(),
    )


async def create_patterns(tx: Transaction, creations: Sequence[Creation]) -> list[Created]:
    """Makes them as if they had come one after the other.

    Raises Refused with Conflict where an id is taken by other content, NotFound for an unknown parent, InvalidInput.
    """
    results: dict[int, Created] = {}
    left = dict(enumerate(creations))
    while left:
        made: set[str] = set()
        first: dict[int, Creation] = {}
        for place, creation in left.items():
            # Whoever names what another one makes here finds it made.
            if not creation.needs & made:
                first[place] = creation
            made |= creation.makes
        results |= await _create(tx, first)
        left = {place: creation for place, creation in left.items() if place not in first}
    return [results[place] for place in range(len(creations))]


async def _create(tx: Transaction, creations: Mapping[int, Creation]) -> dict[int, Created]:
    results = await _repeated(tx, creations)
    new = {place: creation for place, creation in creations.items() if place not in results}
    if not new:
        return results
    await _require_free_edge_ids(tx, new)
    edges = await _resolved(tx, new)
    patterns = [mapping.pattern_properties(each.pattern, each.request_hash) for each in new.values()]
    await tx.write(_CREATE_PATTERNS, patterns, into="patterns")
    rows = [
        {
            "version": mapping.version_properties(each.version, each.request_hash),
            "event": mapping.event_properties(each.event),
            "current": each.version.status is PatternStatus.ACTIVE,
        }
        for each in new.values()
    ]
    drawn = [(edge, new[place].request_hash) for place, own in edges.items() for edge in own]
    await steps.create_versions(tx, rows, drawn)
    for place, each in new.items():
        current = each.version.node_id if each.version.status is PatternStatus.ACTIVE else None
        pattern = each.pattern.model_copy(update={"current_node_id": current})
        results[place] = Created(pattern=pattern, version=each.version, edges=edges[place])
    return results


async def _repeated(tx: Transaction, creations: Mapping[int, Creation]) -> dict[int, Created]:
    """The results of those that an earlier request with the same ids and content has made."""
    found: dict[int, tuple[str, int]] = {}
    errors: dict[int, UserError] = {}
    patterns = {each.pattern.pattern_id: place for place, each in creations.items() if each.names_pattern}
    for row in await tx.run(_PATTERNS_BY_ID, pattern_ids=sorted(patterns)) if patterns else ():
        pattern_id = row["pattern"]["pattern_id"]
        place = patterns[pattern_id]
        found[place] = pattern_id, 1
        if row["pattern"].get("request_hash", "") != creations[place].request_hash:
            errors[place] = Conflict("Pattern", pattern_id, "the id is taken by other content")
    versions = {
        each.version.node_id: place for place, each in creations.items() if each.names_version and place not in found
    }
    for row in await tx.run(_VERSIONS_BY_ID, node_ids=sorted(versions)) if versions else ():
        version = row["version"]
        place = versions[version["node_id"]]
        found[place] = version["pattern_id"], version["version"]
        if creations[place].names_pattern or version.get("request_hash") != creations[place].request_hash:
            errors[place] = Conflict("PatternVersion", version["node_id"], "the id is taken by other content")
    refuse(errors)
    return {
        place: await steps.repeated(tx, pattern_id, number, creations[place].request_hash)
        for place, (pattern_id, number) in found.items()
    }


async def _require_free_edge_ids(tx: Transaction, creations: Mapping[int, Creation]) -> None:
    chosen = {id_: place for place, each in creations.items() for id_ in each.names_edges}
    if chosen:
        taken = await steps.taken_edge_ids(tx, chosen, next(iter(creations.values())).turn)
        refuse({chosen[id_]: Conflict("LineageEdge", id_, "the id is taken by another edge") for id_ in taken})


async def _resolved(tx: Transaction, creations: Mapping[int, Creation]) -> dict[int, tuple[LineageEdge, ...]]:
    """The edges with the patterns of their sources."""
    parents = {edge.source_node_id for each in creations.values() for edge in each.edges}
    sources = await steps.standing(tx, parents) if parents else {}
    resolved: dict[int, tuple[LineageEdge, ...]] = {}
    errors: dict[int, Exception] = {}
    for place, each in creations.items():
        try:
            resolved[place] = tuple(steps.resolved(edge, sources) for edge in each.edges)
        except UserError as error:
            errors[place] = error
    refuse(errors)
    return resolved
