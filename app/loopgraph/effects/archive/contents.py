"""What units hold in the graph: read once to be archived, and again when they are deleted, to be compared.

What is read is digested as it comes, a unit at a time: its state. A unit that has the state it was archived in is unchanged, and
nothing more is made of it; only of others every node and relationship is looked up in the archive by itself.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.traces.retention import DRAWN_ANEW, KEYS, TYPES, Node, NodeId, Relationship
from loopgraph.effects.archive.lines import Item, fingerprint, row_line
from loopgraph.effects.graph.transaction import Transaction

_CONTENTS = query("retention/contents")

_GROUP = 25
"""How many nodes come back in one record."""

_LAST = ("Trace", "Session")
"""Deleted last, so that what is left of an interrupted deletion can still be found."""

_READ_ELSEWHERE = {"HookExecution": "RAN", "EndpointCall": "CALLED", "RoutingDecision": "ROUTED_BY"}
"""The relationship by which each of these is a part of its unit: it is read where it begins; a part that moves changes itself."""

_PARTS = ("RAN", "CALLED", "ROUTED_BY", "LOGGED")
"""The relationships that lead from a node of a unit to another one of it."""

Units = Mapping[str, Sequence[NodeId]]
"""Nodes by the unit that they belong to."""


class Found(NamedTuple):
    """A node with its relationships, as the graph tells of them: of each its type, whether it goes out, its properties, and the
    label and the key of the node at its other end (None for one that is never archived)."""

    id: NodeId
    unit: str
    properties: Mapping[str, Any]
    links: Collection[Sequence[Any]]


class Comparison(NamedTuple):
    """The nodes that are there, by unit, and the units that are not archived as they are."""

    there: Mapping[str, Sequence[NodeId]]
    changed: set[str]


def by_label(ids: Iterable[NodeId]) -> list[tuple[str, list[str]]]:
    """The keys of each label, in order; traces and sessions come last."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for label, key in ids:
        found[label].append(key)
    return [(label, sorted(found[label])) for label in sorted(found, key=lambda label: (label in _LAST, label))]


async def read_units(tx: Transaction, units: Units) -> list[Found]:
    """The nodes of units that are there, always in the same order."""
    unit_of = {id_: unit for unit, ids in units.items() for id_ in ids}
    found: list[Found] = []
    for label, keys in by_label(unit_of):
        groups = [{"number": start, "keys": keys[start : start + _GROUP]} for start in range(0, len(keys), _GROUP)]
        statement = _CONTENTS.choose(NODE_LABEL=label, NODE_KEY=KEYS[label])
        rows = await tx.run(statement, groups=groups, elsewhere=_READ_ELSEWHERE.get(label, ""))
        for row in sorted(rows, key=lambda row: row["number"]):
            for key, properties, links in row["nodes"]:
                id_ = NodeId(label, key)
                found.append(Found(id_, unit_of[id_], properties, links))
    return found


def items_of(found: Iterable[Found]) -> list[Item]:
    """The nodes, and all their relationships, each once."""
    nodes: list[Item] = []
    relationships: dict[tuple[str, NodeId, NodeId], Relationship] = {}
    for this, unit, properties, links in found:
        nodes.append(Node(this, properties, unit))
        for type_, outgoing, carried, label, key in links:
            other = NodeId(label, key)
            start, end = (this, other) if outgoing else (other, this)
            relationships[type_, start, end] = Relationship(type_, start, end, carried)
    return [*nodes, *relationships.values()]


def archivable(items: Iterable[Item]) -> Iterator[Item]:
    """Those that an archive has a place for; what it has no place for, no deletion finds in an archive."""
    for item in items:
        if isinstance(item, Node) or _is_ours(item.type, item.start.label, item.end.label):
            yield item


def states(found: Iterable[Found]) -> dict[str, bytes]:
    """The state of each unit: the digest of all that was read of it. Units with relationships that cannot be archived have none,
    except for those that are drawn anew."""
    digests: dict[str, Any] = {}
    without: set[str] = set()
    for (label, key), unit, properties, links in found:
        digest = digests.get(unit)
        if digest is None:
            digest = digests[unit] = hashlib.blake2b(unit.encode(), digest_size=16, person=b"unit")
        digest.update(row_line(label, key, properties, links))
        for type_, _, _, other, _ in links:
            if not _is_ours(type_, label, other) and type_ not in DRAWN_ANEW:
                without.add(unit)
    return {unit: digest.digest() for unit, digest in digests.items() if unit not in without}


def compared(found: Sequence[Found], archived: Container[bytes], inside: Container[NodeId]) -> Comparison:
    """Holds units against the states and the fingerprints of what is archived. ``inside`` are all nodes of these units that are
    archived: of a part that came while they were read, the relationship to it can be there alone."""
    unit_of = {one.id: one.unit for one in found}
    there: defaultdict[str, list[NodeId]] = defaultdict(list)
    for one in found:
        there[one.unit].append(one.id)
    as_archived = {unit for unit, state in states(found).items() if state in archived}
    changed = {
        one.unit
        for one in found
        for type_, outgoing, _, label, key in one.links
        if one.id.label == "Session" or (outgoing and type_ in _PARTS and NodeId(label, key) not in inside)
    }  # a session goes when it has nothing any more: one that has a trace by now is needed again
    for item in items_of(one for one in found if one.unit not in as_archived):
        if isinstance(item, Node):
            ends: tuple[NodeId, ...] = (item.id,)
        elif item.type in DRAWN_ANEW:
            continue
        else:
            ends = (item.start, item.end)
        if fingerprint(item) not in archived:
            changed |= {unit_of[end] for end in ends if end in unit_of}
    return Comparison(there, changed)


def _is_ours(type_: str, label: str, other: str) -> bool:
    return type_ in TYPES and label in KEYS and other in KEYS
