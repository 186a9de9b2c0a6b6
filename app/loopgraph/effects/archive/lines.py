"""Nodes and relationships as the lines of an archive, and what tells one state of them from another.

A line is JSON with its names in order, so equal items have equal lines. Instants are ``{"$instant": RFC 3339}`` and come back as
instants; floats that JSON has no form for are ``{"$float": …}``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from loopgraph.contracts.traces.retention import KEYS, TYPES, Node, NodeId, Relationship

_SORTED = orjson.OPT_SORT_KEYS
_WITH_INSTANTS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
_PLAIN: frozenset[type] = frozenset({str, int, bool, type(None)})
_USUAL = _PLAIN | {datetime}

Item = Node | Relationship

OTHERS: Mapping[type, bytes] = {Node: b'{"end":', Relationship: b'{"key":'}
"""How the lines of the other kind begin, because their names are in order."""

TO_STEPS = b'{"end":["HookExecution",'
"""How the lines of relationships that lead to steps begin: those that hang them at their traces, and no others."""

_LOCK_MARK = b'"turn":'


class Line(NamedTuple):
    """What a line is about: a label and its node with the unit that this goes with, or a type of relationships."""

    name: str
    node: NodeId | None
    unit: str | None


def encoded(item: Item) -> bytes:
    """An item as the line that stands for it: equal items have equal lines. Raises TypeError for a value without JSON form."""
    properties = _coded(item.properties)
    if isinstance(item, Node):
        node: dict[str, Any] = {"node": item.id.label, "key": item.id.key, "properties": properties}
        if item.unit is not None:
            node["unit"] = item.unit
        return orjson.dumps(node, coded, _WITH_INSTANTS)
    relationship = {"relationship": item.type, "start": [*item.start], "end": [*item.end], "properties": properties}
    return orjson.dumps(relationship, coded, _WITH_INSTANTS)


def row_line(label: str, key: str, properties: Mapping[str, Any], links: Iterable[Sequence[Any]]) -> bytes:
    """A node with its relationships as one line: lines that are equal stand for equal ones, read in the same order. Raises
    TypeError, as ``encoded`` does."""
    carrying = [[*link[:2], _coded(link[2], _PLAIN), *link[3:]] if link[2] else link for link in links]
    instants = [name for name, value in properties.items() if type(value) is datetime]
    return orjson.dumps([label, key, instants, _coded(properties), carrying])


def decoded(line: bytes) -> Item:
    """The item that a line stands for. Raises ValueError, KeyError, TypeError or AttributeError for one of another kind."""
    value = orjson.loads(line)
    properties = {
        name: value if type(value) in _PLAIN else _decoded(value) for name, value in value["properties"].items()
    }  # fmt: skip
    if (about := _named(value)).node is not None:
        return Node(about.node, properties, about.unit)
    return Relationship(about.name, NodeId(*value["start"]), NodeId(*value["end"]), properties)


def named(line: bytes) -> Line:
    """What a line is about. Raises errors as ``decoded`` does."""
    return _named(orjson.loads(line))


def digest(line: bytes) -> bytes:
    """What tells a line from all others."""
    return hashlib.blake2b(line, digest_size=16).digest()


def fingerprint(item: Item) -> bytes:
    """The digest of an item, but for the mark that locking it leaves: equal ones are archived as they are."""
    if "turn" in item.properties:
        item = item._replace(properties={name: value for name, value in item.properties.items() if name != "turn"})
    return digest(encoded(item))


def fingerprint_of_line(line: bytes, digest_: bytes | None = None) -> bytes:
    """The ``fingerprint`` of the item that a line stands for; ``digest_`` is the line's, if that is known."""
    if _LOCK_MARK in line:
        value = orjson.loads(line)
        value["properties"].pop("turn", None)
        return digest(orjson.dumps(value, option=_SORTED))
    return digest_ or digest(line)


def coded(value: Any) -> Any:
    """A property as JSON. Raises TypeError."""
    if isinstance(value, datetime):
        return {"$instant": value.isoformat()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    if isinstance(value, list | tuple):
        return [coded(item) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} has no place in an archive")


def _coded(properties: Mapping[str, Any], usual: frozenset[type] = _USUAL) -> Mapping[str, Any]:
    """Properties as JSON, but for those of the ``usual`` types alone, which stay as they are."""
    if usual.issuperset(map(type, properties.values())):
        return properties
    return {name: value if type(value) in _PLAIN else coded(value) for name, value in properties.items()}


def _decoded(value: Any) -> Any:
    """What ``coded`` coded."""
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    return float(value["$float"]) if "$float" in value else datetime.fromisoformat(value["$instant"])


def _named(value: Mapping[str, Any]) -> Line:
    if label := value.get("node"):
        if label not in KEYS or value["properties"].get(KEYS[label]) != value["key"]:
            raise ValueError(f"is not a node of ours: {label}")
        return Line(label, NodeId(label, value["key"]), value.get("unit"))
    type_ = value["relationship"]
    if type_ not in TYPES or value["start"][0] not in KEYS or value["end"][0] not in KEYS:
        raise ValueError(f"is not a relationship of ours: {type_}")
    return Line(type_, None, None)
