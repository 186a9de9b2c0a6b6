"""Versions that are added to patterns: any number of requests in one transaction, with the statements of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType, LineageEvent, Origin
from loopgraph.contracts.lineage.changes import Created, NewVersion, ParentLink, request_hash
from loopgraph.contracts.lineage.patterns import LineageEdge, Pattern, PatternStatus, PatternVersion
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.group_commit import Refused, refuse
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.lineage import mapping, steps
from loopgraph.effects.lineage.audit import make_event
from loopgraph.errors import Conflict, InvalidInput, NotFound, UserError

_BY_NUMBER = query("lineage/versions_by_number")
_BY_ID = query("lineage/versions_by_id")


@dataclass(frozen=True, eq=False)
class Addition:
    """A request for the next version of a pattern, with the ids and the time that were chosen for it before it is tried.

    ``links`` are its parents, each with the id of its edge; None for the version in use, by an edge ``edge_id``.
    """

    pattern_id: str
    new: NewVersion
    node_id: str
    links: tuple[ParentLink, ...] | None
    edge_id: str
    request_hash: str
    origin: Origin
    event: LineageEvent
    at: datetime
    turn: str

    @property
    def chosen_ids(self) -> tuple[str, ...]:
        """The ids that the client chose, for the version and its edges."""
        return ((self.new.node_id,) if self.new.node_id else ()) + self.chosen_edge_ids

    @property
    def chosen_edge_ids(self) -> tuple[str, ...]:
        return tuple(link.edge_id for link in self.new.parents or () if link.edge_id)


@dataclass
class _Line:
    """A pattern while versions are added to it: what the next one finds."""

    pattern: Pattern
    next_number: int
    current: str | None
    latest: str | None
    made_current: bool = False


@dataclass
class _Made:
    """What one request makes."""

    version: PatternVersion
    edges: list[LineageEdge]
    replaced: str | None
    pattern: Pattern


def addition_of(
    pattern_id: str, new: NewVersion, origin: Origin, event_type: EventType = EventType.VERSION_ADDED
) -> Addition:
    """The request for the next version of a pattern, with the ids and the time that are chosen for it before it is tried. Raises
    InvalidInput."""
    node_id = new.node_id or new_id()
    steps.check_distinct(new.parents or ())
    links = new.parents and [link.model_copy(update={"edge_id": link.edge_id or new_id()}) for link in new.parents]
    return Addition(
        pattern_id=pattern_id,
        new=new,
        node_id=node_id,
        links=tuple(links) if links is not None else None,
        edge_id=new_id(),
        request_hash=request_hash(pattern_id, new),
        origin=origin,
        event=make_event(event_type, origin, pattern_id=pattern_id, node_id=node_id),
        at=now(),
        turn=new_id(),
    )


async def add_versions(tx: Transaction, additions: Sequence[Addition]) -> list[Created]:
    """Adds them as if they had come one after the other.

    Raises Refused with NotFound for an unknown pattern or parent, Conflict where an id or the version number is taken,
    InvalidInput.
    """
    results: dict[int, Created] = {}
    later: list[int] = []
    given: set[str] = set()
    first: list[int] = []
    for place, addition in enumerate(additions):
        # Whoever names an id that another names here finds what that one has made.
        (later if given & set(addition.chosen_ids) else first).append(place)
        given.update(addition.chosen_ids)
    results |= await _add(tx, {place: additions[place] for place in first})
    if later:
        try:
            done = await add_versions(tx, [additions[place] for place in later])
        except Refused as refused:
            raise Refused({later[index]: error for index, error in refused.errors.items()}) from None
        results.update(zip(later, done, strict=True))
    return [results[place] for place in range(len(additions))]


async def _add(tx: Transaction, additions: Mapping[int, Addition]) -> dict[int, Created]:
    results = await _repeated(tx, additions)
    new = {place: addition for place, addition in additions.items() if place not in results}
    if not new:
        return results
    await _require_free_edge_ids(tx, new)
    sources = await _sources(tx, new)
    lines = await _lines(tx, new)
    made = _build(new, lines)
    _resolve(new, made, sources)
    in_use = {line.current for line in lines.values() if line.made_current}
    await steps.create_versions(
        tx,
        [_row(new[place], each, current=each.version.node_id in in_use) for place, each in made.items()],
        [(edge, new[place].request_hash) for place, each in made.items() for edge in each.edges],
    )
    return results | {
        place: Created(pattern=each.pattern, version=each.version, edges=tuple(each.edges))
        for place, each in made.items()
    }


async def _repeated(tx: Transaction, additions: Mapping[int, Addition]) -> dict[int, Created]:
    """The results of those that an earlier request with the same id and content has made."""
    named = {addition.node_id: place for place, addition in additions.items() if addition.new.node_id}
    if not named:
        return {}
    rows: list[Row] = [row["version"] for row in await tx.run(_BY_ID, node_ids=sorted(named))]
    errors: dict[int, UserError] = {}
    for row in rows:
        place = named[row["node_id"]]
        if row.get("request_hash") != additions[place].request_hash:
            errors[place] = Conflict("PatternVersion", row["node_id"], "the id is taken by other content")
    refuse(errors)
    return {
        named[row["node_id"]]: await steps.repeated(tx, row["pattern_id"], row["version"], row["request_hash"])
        for row in rows
    }


async def _require_free_edge_ids(tx: Transaction, additions: Mapping[int, Addition]) -> None:
    chosen = {id_: place for place, addition in additions.items() for id_ in addition.chosen_edge_ids}
    if chosen:
        taken = await steps.taken_edge_ids(tx, chosen, next(iter(additions.values())).turn)
        refuse({chosen[id_]: Conflict("LineageEdge", id_, "the id is taken by another edge") for id_ in taken})


async def _lines(tx: Transaction, additions: Mapping[int, Addition]) -> dict[str, _Line]:
    """The patterns, with the numbers of the new versions taken."""
    counts = Counter(addition.pattern_id for addition in additions.values())
    at = max(addition.at for addition in additions.values())
    reserved = await steps.reserve_many(tx, counts, at)
    refuse(
        {
            place: NotFound("Pattern", addition.pattern_id)
            for place, addition in additions.items()
            if addition.pattern_id not in reserved
        }
    )
    lines = {
        id_: _Line(pattern, number, pattern.current_node_id, pattern.current_node_id)
        for id_, (pattern, number) in reserved.items()
    }
    by_default = {addition.pattern_id for addition in additions.values() if addition.links is None}
    unknown = [
        {"pattern_id": id_, "version": line.next_number - 1}
        for id_, line in lines.items()
        if id_ in by_default and line.current is None and line.next_number > 1
    ]
    if unknown:
        for row in await tx.run(_BY_NUMBER, wanted=unknown):
            lines[row["pattern_id"]].latest = row["node_id"]
    return lines


def _build(additions: Mapping[int, Addition], lines: Mapping[str, _Line]) -> dict[int, _Made]:
    made: dict[int, _Made] = {}
    errors: dict[int, UserError] = {}
    for place, addition in additions.items():
        line, new = lines[addition.pattern_id], addition.new
        number = line.next_number
        if new.version is not None and new.version < number:
            taken = f"{addition.pattern_id} version {new.version}"
            errors[place] = Conflict("PatternVersion", taken, f"it exists; the next is {number}")
            continue
        if new.version is not None and new.version > number:
            errors[place] = InvalidInput("version", f"must be {number}, the next version of {addition.pattern_id}")
            continue
        links = addition.links
        if links is None:
            parent = line.current or line.latest
            links = (ParentLink(node_id=parent, edge_id=addition.edge_id),) if parent else ()
        version = steps.build_version(line.pattern, new, addition.node_id, number, addition.at, addition.origin)
        edges = steps.build_edges(version, links, addition.at, addition.origin)
        replaced = line.current
        line.next_number, line.latest = number + 1, version.node_id
        if version.status is PatternStatus.ACTIVE:
            line.current, line.made_current = version.node_id, True
        pattern = line.pattern.model_copy(update={"current_node_id": line.current, "latest_version": number})
        made[place] = _Made(version, edges, replaced, pattern)
    refuse(errors)
    return made


async def _sources(tx: Transaction, additions: Mapping[int, Addition]) -> dict[str, str]:
    """The patterns of the parents that requests name. Before numbers are given: no other's number depends on a wrong parent."""
    own = {addition.node_id: addition.pattern_id for addition in additions.values()}
    named = {link.node_id for addition in additions.values() for link in addition.links or ()}
    sources = (
        {id_: row["pattern_id"] for id_, row in (await steps.standing(tx, named - own.keys())).items()}
        if named - own.keys()
        else {}
    )
    errors: dict[int, UserError] = {}
    for place, addition in additions.items():
        for link in addition.links or ():
            if link.node_id == addition.node_id:
                errors[place] = InvalidInput("parents", f"{link.node_id} cannot be its own parent")
            elif link.node_id not in sources:
                errors[place] = NotFound("PatternVersion", link.node_id)
        if place not in errors:
            sources[addition.node_id] = addition.pattern_id  # a parent is there before its child
    refuse(errors)
    return sources


def _resolve(additions: Mapping[int, Addition], made: Mapping[int, _Made], sources: Mapping[str, str]) -> None:
    """Gives the edges into the new versions the patterns of their sources.

    Nothing but these edges leads out of the new versions, so no cycle can close.
    """
    for place, each in made.items():
        addition = additions[place]
        for index, edge in enumerate(each.edges):
            # Without links, the parent is a version of the same pattern.
            pattern_id = addition.pattern_id if addition.links is None else sources[edge.source_node_id]
            each.edges[index] = edge.model_copy(update={"source_pattern_id": pattern_id})


def _row(addition: Addition, made: _Made, *, current: bool) -> Row:
    """What is written for a request, but for the edges. ``current``: it is in use when all are made."""
    event = steps.describe_created(addition.event, made.version, made.edges, replaced=made.replaced)
    return {
        "version": mapping.version_properties(made.version, addition.request_hash),
        "event": mapping.event_properties(event),
        "current": current,
    }
