"""Edges between versions that exist: any number of requests in one transaction, with the statements of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.audit import LineageEvent
from loopgraph.contracts.lineage.patterns import ANCESTRY, LineageEdge
from loopgraph.effects.graph.errors import LostRace
from loopgraph.effects.graph.group_commit import Apart, Refused, refuse
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.lineage import mapping, steps
from loopgraph.errors import Conflict, CycleRefused, NotFound, UserError

_EDGES_BY_ID = query("lineage/edges_by_id")
_EDGE_ENDS = query("lineage/edge_ends")
_DRAW_EDGES = query("lineage/draw_edges")
_ACTIVE_PATHS = query("lineage/active_paths").choose(EDGE_TYPES=[kind.value for kind in ANCESTRY])


@dataclass(frozen=True, eq=False)
class Connection:
    """A request for an edge; the patterns of the draft are still unresolved. ``field`` is where its target comes from.

    ``event`` is None where the edge is part of a larger change, which tells of itself.
    """

    draft: LineageEdge
    request_hash: str
    chosen_id: bool
    event: LineageEvent | None
    turn: str
    field: str = "targetNodeId"

    @property
    def key(self) -> tuple[str, str, str]:
        """What there is one open edge of."""
        return self.draft.source_node_id, self.draft.target_node_id, self.draft.relationship_type.value


class Drawn(NamedTuple):
    """An edge, and whether an earlier request had drawn it."""

    edge: LineageEdge
    repeated: bool


async def connect(tx: Transaction, connections: Sequence[Connection]) -> list[Drawn]:
    """Draws them as if they had come one after the other.

    Raises Refused with NotFound for an unknown end, CycleRefused for an ancestry edge that would close a cycle, Conflict where
    the id is taken by other content or the two are already connected by this type.
    """
    if any(connection.chosen_id for connection in connections):  # ids of clients are given out under the lock
        await steps.lock_ancestry(tx, connections[0].turn)
    results: dict[int, Drawn] = {}
    left = dict(enumerate(connections))
    while left:
        given: set[object] = set()
        now: dict[int, Connection] = {}
        for place, connection in left.items():
            # Whoever names the id or the ends that another names here finds the edge of that one.
            names = {connection.key, connection.draft.edge_id}
            if not given & names:
                now[place] = connection
            given |= names
        results |= await _draw(tx, now)
        left = {place: connection for place, connection in left.items() if place not in now}
    return [results[place] for place in range(len(connections))]


async def draw_between(tx: Transaction, edge: LineageEdge, *, field: str) -> LineageEdge:
    """Draws an edge between two existing versions as part of a larger change. Raises its own error."""
    connection = Connection(edge, "", chosen_id=False, event=None, turn=edge.edge_id, field=field)
    try:
        [drawn] = (await _draw(tx, {0: connection})).values()
    except Refused as refused:
        raise refused.errors[0] from None
    return drawn.edge


async def _draw(tx: Transaction, connections: Mapping[int, Connection]) -> dict[int, Drawn]:
    results = await _repeated(tx, connections)
    new = {place: connection for place, connection in connections.items() if place not in results}
    if not new:
        return results
    edges = await _resolved(tx, new)
    ancestry = {place: edge for place, edge in edges.items() if edge.relationship_type in ANCESTRY}
    await _require_no_path(tx, new, ancestry)
    await _create(tx, new, edges)
    if len(ancestry) > 1 and await _paths_back(tx, ancestry):  # together they close what none of them closes alone
        raise Apart
    return results | {place: Drawn(edge, False) for place, edge in edges.items()}


async def _create(tx: Transaction, connections: Mapping[int, Connection], edges: Mapping[int, LineageEdge]) -> None:
    """Draws edges with the events that tell of them; one statement for each type."""
    untold: list[tuple[LineageEdge, str]] = []
    told: defaultdict[str, list[Row]] = defaultdict(list)
    for place, edge in edges.items():
        event, hash_ = connections[place].event, connections[place].request_hash
        if event is None:
            untold.append((edge, hash_))
        else:
            event = event.model_copy(update={"pattern_id": edge.target_pattern_id})
            row = {"edge": mapping.edge_properties(edge, hash_), "event": mapping.event_properties(event)}
            told[edge.relationship_type.value].append(row)
    await steps.create_edges(tx, untold)
    for kind, rows in told.items():
        await tx.write(_DRAW_EDGES.choose(EDGE_TYPE=kind), rows)


async def _repeated(tx: Transaction, connections: Mapping[int, Connection]) -> dict[int, Drawn]:
    """Those that an earlier request with the same id and content has drawn."""
    chosen = {each.draft.edge_id: place for place, each in connections.items() if each.chosen_id}
    if not chosen:
        return {}
    results: dict[int, Drawn] = {}
    errors: dict[int, UserError] = {}
    for row in await tx.run(_EDGES_BY_ID, edge_ids=sorted(chosen)):
        edge = steps.edge_of(row)
        place = chosen[edge.edge_id]
        if row["edge"].get("request_hash") != connections[place].request_hash:
            errors[place] = Conflict("LineageEdge", edge.edge_id, "the id is taken by an edge of other content")
        results[place] = Drawn(edge, True)
    refuse(errors)
    return results


async def _resolved(tx: Transaction, connections: Mapping[int, Connection]) -> dict[int, LineageEdge]:
    """The edges with the patterns of their ends, which no open edge of the type connects yet. From here on, nobody else draws."""
    by_type: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for source, target, kind in (each.key for each in connections.values()):
        by_type[kind].append({"source_node_id": source, "target_node_id": target})
    ends: dict[tuple[str, str, str], Row] = {}
    turn = next(iter(connections.values())).turn
    for kind, pairs in by_type.items():
        for row in await tx.run(_EDGE_ENDS.choose(EDGE_TYPE=kind), pairs=pairs, turn=turn):
            ends[row["source_node_id"], row["target_node_id"], kind] = row
    await _require_ends(tx, {place: each for place, each in connections.items() if each.key not in ends})
    refuse(
        {
            place: Conflict(
                "LineageEdge", f"{each.key[0]} → {each.key[1]}", f"they are already connected by {each.key[2]}"
            )
            for place, each in connections.items()
            if ends[each.key]["connected"]
        }
    )
    patterns = ("source_pattern_id", "target_pattern_id")
    return {
        place: each.draft.model_copy(update={name: ends[each.key][name] for name in patterns})
        for place, each in connections.items()
    }


async def _require_ends(tx: Transaction, missing: Mapping[int, Connection]) -> None:
    """Raises Refused with NotFound for connections whose ends could not be read."""
    if not missing:
        return
    known = await steps.standing(tx, (id_ for each in missing.values() for id_ in each.key[:2]))
    refuse(
        {
            place: NotFound("PatternVersion", id_)
            for place, each in missing.items()
            for id_ in reversed(each.key[:2])
            if id_ not in known
        }
    )
    raise LostRace(_EDGE_ENDS.name)  # another transaction was just making or changing them


async def _require_no_path(
    tx: Transaction,
    connections: Mapping[int, Connection],
    edges: Mapping[int, LineageEdge],
) -> None:
    """Raises Refused where a path of open edges leads from the target of an ancestry edge to its source."""
    paths = await _paths_back(tx, edges)
    refuse(
        {
            place: CycleRefused(connections[place].field, [edges[place].source_node_id, *path])
            for place, path in paths.items()
        }
    )


async def _paths_back(tx: Transaction, edges: Mapping[int, LineageEdge]) -> dict[int, list[str]]:
    """The ids on a path of open edges from the target of each edge to its source, where there is one."""
    if not edges:
        return {}
    back = [{"source_node_id": edge.target_node_id, "target_node_id": edge.source_node_id} for edge in edges.values()]
    rows = await tx.run(_ACTIVE_PATHS, pairs=back)
    paths = {(row["node_ids"][-1], row["node_ids"][0]): row["node_ids"] for row in rows}
    return {
        place: path
        for place, edge in edges.items()
        if (path := paths.get((edge.source_node_id, edge.target_node_id))) is not None
    }
