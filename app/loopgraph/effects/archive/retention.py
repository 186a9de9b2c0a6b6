"""What pruning and restoring ask of the graph and do to it. Every statement and every transaction is bounded by its arguments."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from loopgraph.assets import Access, Query, query
from loopgraph.contracts.traces.retention import KEYS, Node, NodeId, Relationship, Standing
from loopgraph.effects.archive.completing import complete
from loopgraph.effects.archive.contents import (
    Found,
    Units,
    archivable,
    by_label,
    compared,
    items_of,
    read_units,
    states,
)
from loopgraph.effects.archive.giving_way import MOST_LOSSES, GivingWay
from loopgraph.effects.archive.lines import Item, fingerprint
from loopgraph.effects.clock import new_id, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.errors import LostRace
from loopgraph.effects.graph.marks import COUNTED
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.schema.migrations import backfill
from loopgraph.effects.traces.recording.standings import standings

_OLD_ROOTS = query("retention/old_roots")
_PARTS_OF_TRACES = query("retention/parts_of_traces")
_NODES_BY_KEY = query("retention/nodes_by_key")
_DELETE_NODES = query("retention/delete_nodes")
_KNOWN_NODES = query("retention/known_nodes")
_RESTORE_NODES = query("retention/restore_nodes")
_RESTORE_TRACES = query("retention/restore_traces")
_LOCK_RESTORING = query("retention/lock_restoring")
_RELATIONSHIPS_INTO = query("retention/relationships_into")
_RELATIONSHIPS_OUT_OF = query("retention/relationships_out_of")
_RESTORE_RELATIONSHIPS = query("retention/restore_relationships")
_OLD = {"LogRecord": query("retention/old_logs"), "MetricPoint": query("retention/old_points")}
_OLD_SESSIONS = query("retention/old_sessions")
_COUNT_OLD = query("retention/count_old")
_MARKED_KEYS = query("usage/marked_keys")
_MARK_PRUNED = query("usage/mark_pruned")
_MARK_RESTORED = query("usage/mark_restored")

SLICE = 1_000
"""How many nodes one transaction reads with their relationships, or deletes; restored, they come with those beside them."""

SLICE_BYTES = 32 << 20
"""Of how many bytes, as lines, what one transaction restores can be: they go to the engine as one message."""

_IN_TREES = ("Trace", "HookExecution", "EndpointCall")
"""Nodes that are a part of the trees of traces."""

_SHARED = ("Agent", "PatternVersion")
"""Nodes that relationships of very many others lead to."""


class Contents(NamedTuple):
    """What an archive is to have of units, and the states that they are in."""

    items: list[Item]
    states: set[bytes]


class Deletion(NamedTuple):
    """Nodes that were deleted, by label, and the units that were not, because they have changed."""

    deleted: Counter[str]
    changed: set[str]


@dataclass(frozen=True)
class Restored:
    """Nodes that were made, that were there, and those of the latter that knew less than the archive and have got the rest;
    and relationships that were drawn with them, by type."""

    made: list[NodeId] = field(default_factory=list)
    known: list[NodeId] = field(default_factory=list)
    completed: list[NodeId] = field(default_factory=list)
    drawn: Counter[str] = field(default_factory=Counter)


class _Changed(Exception):
    """Some units are not archived as they are in the graph."""

    def __init__(self, units: set[str]) -> None:
        super().__init__(*units)
        self.units = units


class Place(NamedTuple):
    """A place in an order of time: the key to go on after, the id, and whether all there ended or arrived before the limit."""

    key: str
    id: str
    is_over: bool = True


class Retention:
    """Reads what is old, deletes what is archived, and makes again what was deleted."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._giving_way = GivingWay()

    @property
    def engine(self) -> str:
        """The engine's name of itself."""
        return self._graph.server.agent

    async def old_roots(self, after: str, before: datetime, limit: int) -> list[Place]:
        """Traces that began before an instant and that no other has spawned, oldest first."""
        rows = await self._graph.read(_OLD_ROOTS, after=after, before=time_key(before, ""), limit=limit)
        return [Place(row["key"], row["correlation_id"]) for row in rows]

    async def standings(self, root_ids: Collection[str]) -> list[Standing]:
        """How traces and those spawned under them stand, by correlation id."""

        async def work(tx: Transaction) -> list[Standing]:
            return await standings(tx, root_ids)

        return await self._graph.transaction(work, Access.READ)

    async def parts(self, correlation_ids: Collection[str]) -> dict[str, list[NodeId]]:
        """The nodes that each of these traces consists of, itself the last."""
        found: dict[str, list[NodeId]] = {id_: [] for id_ in correlation_ids}
        for row in await self._graph.read(_PARTS_OF_TRACES, correlation_ids=sorted(correlation_ids)):
            for id_, keys in row["parts"]:
                found[id_] += [NodeId(row["label"], key) for key in keys]
        return {id_: [*parts, NodeId("Trace", id_)] for id_, parts in found.items()}

    async def old(self, label: str, before: datetime, limit: int) -> list[NodeId]:
        """``LogRecord`` s that belong to no trace, or ``MetricPoint`` s, from before an instant."""
        rows = await self._graph.read(_OLD[label], before=before, limit=limit)
        return [NodeId(label, row["key"]) for row in rows]

    async def count_old(self, before: datetime) -> Counter[str]:
        """How many nodes ``old`` would find in all, by label."""
        return Counter({row["label"]: row["count"] for row in await self._graph.read(_COUNT_OLD, before=before)})

    async def old_sessions(self, after: str, before: datetime, limit: int) -> list[Place]:
        """Sessions that began before an instant and of which nothing is left, oldest first."""
        rows = await self._graph.read(_OLD_SESSIONS, after=after, before=time_key(before, ""), limit=limit)
        return [
            Place(row["key"], row["session_id"], max(row["ended_at"] or row["created_at"], row["created_at"]) < before)
            for row in rows
        ]

    async def contents(self, units: Units) -> Contents:
        """Nodes as they are, with their relationships and the nodes at the other ends that others need, too."""
        found = await self._read(units)
        items = list(archivable(items_of(found)))
        inside = {one.id for one in found}
        ends = {end for item in items if isinstance(item, Relationship) for end in (item.start, item.end)}
        beside: list[Item] = []
        for label, keys in by_label(end for end in ends - inside if end.label in ("Session", "Agent")):
            rows = await self._graph.read(_of(_NODES_BY_KEY, label), keys=keys)
            beside += [Node(NodeId(label, row["key"]), row["properties"], None) for row in rows]
        return Contents([*beside, *items], set(states(found).values()))

    async def changed(self, units: Units, archived: Container[bytes], inside: Container[NodeId]) -> set[str]:
        """The units that are not archived exactly as they are in the graph: neither is the state of the unit among what is
        ``archived``, nor are the fingerprints of all that it holds; or it has a part that is not ``inside``, among all nodes that
        are archived of these units."""
        return compared(await self._read(units), archived, inside).changed

    async def _read(self, units: Units) -> list[Found]:
        async def work(tx: Transaction) -> list[Found]:
            return await read_units(tx, units)

        return await self._graph.transaction(work, Access.READ)

    async def delete(
        self, units: Units, archived: Container[bytes], inside: Container[NodeId] | None = None
    ) -> Deletion:
        """Deletes nodes with their relationships, a unit in one transaction. Changed units (``changed``) stay whole. ``inside``
        is wanted where these are only some of the nodes of their units."""
        known = {id_ for ids in units.values() for id_ in ids} if inside is None else inside
        parts = await self._giving_way.write(
            list(units.items()), lambda part: self._delete(dict(part), archived, known)
        )
        return Deletion(_sum(part.deleted for part in parts), set().union(*(part.changed for part in parts)))

    async def _delete(self, part: Units, archived: Container[bytes], inside: Container[NodeId]) -> Deletion:
        changed: set[str] = set()
        while going := {unit: ids for unit, ids in part.items() if unit not in changed}:
            try:
                return Deletion(await self._delete_archived(going, archived, inside), changed)
            except _Changed as found:
                changed |= found.units
        return Deletion(Counter(), changed)

    async def _delete_archived(
        self, units: Units, archived: Container[bytes], inside: Container[NodeId]
    ) -> Counter[str]:
        """Deletes units, and counts their nodes by label. Raises _Changed, and deletes nothing, if some are not archived, or have
        not been counted since they were changed (``effects/usage``): what they have contributed to buckets stays.

        They are deleted first, and compared as others still see them: whatever came before is seen, and whatever is drawn to them
        afterwards meets the deletion, so that one of the two is undone. A lock alone would not do: on the embedded engine, a
        relationship can be added to a node that is locked, or unchanged, and is lost with it.
        """
        counted = sorted(id_.key for ids in units.values() for id_ in ids if id_.label in COUNTED)
        marked = {row["key"] for row in await self._graph.read(_MARKED_KEYS, keys=counted)}
        if uncounted := {unit for unit, ids in units.items() if not marked.isdisjoint(id_.key for id_ in ids)}:
            raise _Changed(uncounted)

        async def work(tx: Transaction) -> Counter[str]:
            deleted = Counter[str]()
            for label, keys in by_label(id_ for ids in units.values() for id_ in ids):
                for row in await tx.run(_of(_DELETE_NODES, label), keys=keys):
                    deleted[label] += row["deleted"]
                if label == "Trace":
                    await tx.run(_MARK_PRUNED, keys=keys)
            if any(_is_torn(unit, ids) for unit, ids in units.items()):
                tx.unnamed = True
            there, changed = compared(await self._read(units), archived, inside)
            if changed:
                raise _Changed(changed)
            found = {id_ for ids in there.values() for id_ in ids}
            if +deleted != Counter(id_.label for id_ in found) or await self._are_there(
                id_ for ids in units.values() for id_ in ids if id_ not in found
            ):
                raise LostRace(
                    _DELETE_NODES.name
                )  # the embedded engine can hide a node that another process is just changing
            return deleted

        return await self._graph.transaction(work, most_losses=MOST_LOSSES)

    async def _are_there(self, ids: Iterable[NodeId]) -> bool:
        """Whether any of the nodes is in the graph."""
        for label, keys in by_label(ids):
            if _known(await self._graph.read(_of(_KNOWN_NODES, label), keys=keys)):
                return True
        return False

    async def restore_nodes(self, nodes: Sequence[Node]) -> Restored:
        """Makes the nodes that are not there; the others get what they lack. Steps of a trace that is made are made under it."""
        done = Restored()
        for part in await self._giving_way.write(_families(nodes), self._restore_families):
            done.made.extend(part.made)
            done.known.extend(part.known)
            done.completed.extend(part.completed)
            done.drawn.update(part.drawn)
        return done

    async def _restore_families(self, families: Sequence[Sequence[Node]]) -> Restored:
        by_id = {node.id: node for family in families for node in family}
        turn = new_id()

        async def work(tx: Transaction) -> Restored:
            done = Restored()
            missing: dict[str, list[str]] = {}
            for label, keys in by_label(by_id):
                there = _known(await tx.run(_of(_KNOWN_NODES, label), keys=keys))
                missing[label] = [key for key in keys if key not in there]
                done.made.extend(NodeId(label, key) for key in missing[label])
                known = [by_id[NodeId(label, key)] for key in keys if key in there]
                done.known.extend(node.id for node in known)
                done.completed.extend(await complete(tx, label, known, turn))
            if restored := [id_.key for id_ in by_id if id_.label == "Trace"]:
                await tx.run(_MARK_RESTORED, keys=restored)
            traces: list[Row] = [
                {"trace": by_id[NodeId("Trace", key)].properties, "steps": []} for key in missing.pop("Trace", ())
            ]
            steps_of = {row["trace"]["correlation_id"]: row["steps"] for row in traces}
            for label, keys in missing.items():
                rows = [by_id[NodeId(label, key)].properties for key in keys]
                if label == "HookExecution":
                    for step in rows:
                        steps_of.get(step.get("correlation_id"), []).append(step)
                    rows = [step for step in rows if step.get("correlation_id") not in steps_of]
                if rows:
                    await tx.run(_of(_RESTORE_NODES, label), rows=rows)
            if traces:
                for row in await tx.run(_RESTORE_TRACES, rows=traces):
                    done.drawn["RAN"] += row["drawn"]
            return done

        return await self._graph.transaction(work, most_losses=MOST_LOSSES)

    async def as_archived(self, nodes: Sequence[Node]) -> set[NodeId]:
        """Those of the nodes that are in the graph exactly as they are archived."""
        by_id = {node.id: node for node in nodes}
        found = set()
        for label, keys in by_label(by_id):
            for row in await self._graph.read(_of(_NODES_BY_KEY, label), keys=keys):
                node = by_id[NodeId(label, row["key"])]
                if fingerprint(node._replace(properties=row["properties"])) == fingerprint(node):
                    found.add(node.id)
        return found

    async def backfill(self, schema_version: int, ids: Iterable[NodeId]) -> None:
        """Gives nodes that were archived under this schema version what later migrations have given to those in the graph."""
        await backfill(self._graph, schema_version, dict(by_label(ids)))

    async def restore_relationships(self, relationships: Sequence[Relationship]) -> tuple[Counter[str], Counter[str]]:
        """Draws the relationships that are not there, and counts by type those that are there now and those without an end."""
        distinct = list({item[:3]: item for item in relationships}.values())
        parts = await self._giving_way.write(distinct, self._restore_relationships)
        return _sum(drawn for drawn, _ in parts), _sum(loose for _, loose in parts)

    async def _restore_relationships(self, relationships: Sequence[Relationship]) -> tuple[Counter[str], Counter[str]]:
        groups: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for item in relationships:
            row = {"start": item.start.key, "end": item.end.key, "properties": item.properties}
            groups[item.type, item.start.label, item.end.label].append(row)

        turn = new_id()

        async def work(tx: Transaction) -> tuple[Counter[str], Counter[str]]:
            drawn, loose = Counter[str](), Counter[str]()
            await tx.run(_LOCK_RESTORING, turn=turn)
            for (type_, start, end), rows in sorted(groups.items()):
                choice = {"NODE_LABEL": start, "NODE_KEY": KEYS[start], "OTHER_LABEL": end, "OTHER_KEY": KEYS[end]}
                # MERGE would look through all relationships of a session, of which there can be very many.
                look_up = (_RELATIONSHIPS_OUT_OF if end in _SHARED else _RELATIONSHIPS_INTO).choose(
                    DRAWN_TYPE=type_, **choice
                )
                known = {(start_, end_) for start_, end_ in _known(await tx.run(look_up, rows=_ends(rows)))}
                drawn[type_] += len(known)
                if missing := [row for row in rows if (row["start"], row["end"]) not in known]:
                    found = await tx.run(_RESTORE_RELATIONSHIPS.choose(DRAWN_TYPE=type_, **choice), rows=missing)
                    made = found[0]["drawn"] if found else 0
                    drawn[type_] += made
                    if made < len(missing):
                        loose[type_] += len(missing) - made
                        await _check_drawn(
                            tx, [(NodeId(start, row["start"]), NodeId(end, row["end"])) for row in missing], made
                        )
            return drawn, loose

        return await self._graph.transaction(work, most_losses=MOST_LOSSES)


def _is_torn(unit: str, ids: Collection[NodeId]) -> bool:
    """Whether these are parts of traces of which the first stays for now: nothing but the deletion tells that they have gone."""
    return NodeId("Trace", unit) not in ids and any(id_.label in _IN_TREES for id_ in ids)


async def _check_drawn(tx: Transaction, ends: Sequence[tuple[NodeId, NodeId]], drawn: int) -> None:
    """Raises LostRace unless as many were drawn as have both ends: the embedded engine can hide a node while others change it."""
    there: set[NodeId] = set()
    for label, keys in by_label({end for pair in ends for end in pair}):
        there |= {NodeId(label, key) for key in _known(await tx.run(_of(_KNOWN_NODES, label), keys=keys))}
    if sum(there.issuperset(pair) for pair in ends) != drawn:
        raise LostRace(_RESTORE_RELATIONSHIPS.name)


def _sum(counters: Iterable[Counter[str]]) -> Counter[str]:
    total = Counter[str]()
    for counter in counters:
        total.update(counter)
    return total


def _families(nodes: Sequence[Node]) -> list[list[Node]]:
    """Each trace with those of the nodes that are its steps; all other nodes by themselves."""
    steps: defaultdict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        if node.id.label == "HookExecution":
            steps[node.properties.get("correlation_id", "")].append(node)
    others = [node for node in nodes if node.id.label != "HookExecution"]
    families = [[node, *(steps.pop(node.id.key, ()) if node.id.label == "Trace" else ())] for node in others]
    return [*families, *([step] for rest in steps.values() for step in rest)]


def _known(rows: Iterable[Row]) -> Collection[Any]:
    """The one list of a statement that says what is there."""
    return {tuple(item) if isinstance(item, list) else item for row in rows for item in row["known"]}


def _ends(rows: Iterable[Row]) -> list[Row]:
    return [{"start": row["start"], "end": row["end"]} for row in rows]


def _of(statement: Query, label: str) -> Query:
    return statement.choose(NODE_LABEL=label, NODE_KEY=KEYS[label])
