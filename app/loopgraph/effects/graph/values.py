"""Values on their way into the graph and out of it, the same on every engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import orjson

from loopgraph.contracts.base import json_form

_PLAIN = frozenset({str, int, float, bool, type(None)})


def to_graph(value: Any) -> Any:
    """A parameter the driver can send: instants in UTC, ids and enums as text, sets and tuples as lists.

    Raises ValueError for a naive datetime, TypeError for what has no graph value. A free map goes in as ``json_text(map)``.
    """
    # By exact type first: nearly every value is one of these, and there are many; of those in a map not even a call is made.
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        return {
            name if type(name) is str else str(name): item if type(item) in _PLAIN else to_graph(item)
            for name, item in value.items()
        }
    if kind is list:
        return [item if type(item) in _PLAIN else to_graph(item) for item in value]
    # A ZoneInfo zone crashed CPython inside the driver; datetime.UTC does not.
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): to_graph(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_graph(item) for item in value]
    raise TypeError(f"{kind.__name__} has no value in the graph")


def from_graph(value: Any) -> Any:
    """A value as the service uses it: the driver's instants become aware UTC datetimes, at any depth."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        return {name: item if type(item) in _PLAIN else from_graph(item) for name, item in value.items()}
    if kind is list:
        return [item if type(item) in _PLAIN else from_graph(item) for item in value]
    if kind is datetime and value.tzinfo is UTC:
        return value
    native = value.to_native() if hasattr(value, "to_native") else value
    if isinstance(native, datetime):
        # We only ever write UTC; an engine that drops the zone of an untyped property has kept the instant.
        if native.tzinfo is UTC:
            return native
        return native.replace(tzinfo=UTC) if native.tzinfo is None else native.astimezone(UTC)
    return native


def json_text(value: Any) -> str | None:
    """A free map or list as the JSON text it is stored as; None stays None."""
    return None if value is None else orjson.dumps(value, _stored, orjson.OPT_NON_STR_KEYS).decode()


def _stored(value: Any) -> str:
    return json_form(value) if isinstance(value, bytes | bytearray | memoryview) else str(value)


def json_value(text: str | None) -> Any:
    """What ``json_text`` stored."""
    return None if text is None else orjson.loads(text)
