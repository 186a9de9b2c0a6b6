"""The structure of JSON: names and types, no value. A schema is a type, a list of one schema, or a map of names to schemas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from loopgraph.computes.learning.plans.names import ANY, SECRET, key_of_json

DEEPEST: Final = 5
MOST_NAMES: Final = 24
MOST_ITEMS: Final = 10
"""Of lists, so many items are looked at."""

MIXED: Final = "mixed"


def shape_of(body: Any) -> dict[str, Any]:
    """The names and types of a body: those of its members, or what it is as a whole under ``body``; empty where there is none."""
    if body is None:
        return {}
    shape = _shape(body, DEEPEST)
    return shape if isinstance(shape, dict) else {"body": shape}


def merged(shapes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The names of all, each with the type that all have who have it, or ``mixed``."""
    result: dict[str, Any] = {}
    for shape in shapes:
        for name in sorted(shape):
            if name in result:
                result[name] = _both(result[name], shape[name])
            elif len(result) < MOST_NAMES:
                result[name] = shape[name]
    return result


def merged_by_several(shapes: Sequence[Mapping[str, Any]], least: int) -> dict[str, Any]:
    """The same, but names that fewer than ``least`` shapes have are ``{}``: they can be somebody's words."""
    counts = Counter(place for shape in shapes for place in set(_places(shape, ())))
    result: dict[str, Any] = _told(merged(shapes), (), {place for place, count in counts.items() if count >= least})
    return result


def _places(shape: Any, at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The names in a shape, each with those that it stands under."""
    if isinstance(shape, list):
        for item in shape:
            yield from _places(item, at)
    elif isinstance(shape, Mapping):
        for name, value in shape.items():
            yield (*at, name)
            yield from _places(value, (*at, name))


def _told(shape: Any, at: tuple[str, ...], known: Collection[tuple[str, ...]]) -> Any:
    if isinstance(shape, list):
        return [_told(item, at, known) for item in shape]
    if not isinstance(shape, Mapping):
        return shape
    result: dict[str, Any] = {}
    for name, value in shape.items():
        place = (*at, name)
        told, its = name if place in known else ANY, _told(value, place, known)
        result[told] = _both(result[told], its) if told in result else its
    return result


def _shape(value: Any, depth: int) -> Any:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case Mapping():
            return _members(value, depth - 1) if depth > 1 else "object"
        case list() | tuple():
            return _items(value, depth - 1) if depth > 1 else "array"
        case _:
            return "string"


def _members(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in sorted(map(str, value)):
        key = key_of_json(name)
        shape = "string" if key == SECRET else _shape(value.get(name), depth)
        if key in found:
            found[key] = _both(found[key], shape)
        elif len(found) < MOST_NAMES:
            found[key] = shape
    return found


def _items(value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
    shapes = [_shape(item, depth) for item in value[:MOST_ITEMS]]
    if not shapes:
        return []
    result = shapes[0]
    for shape in shapes[1:]:
        result = _both(result, shape)
    return [result]


def _both(one: Any, other: Any) -> Any:
    if one == other or other == "null":
        return one
    if one == "null":
        return other
    if isinstance(one, dict) and isinstance(other, dict):
        return merged((one, other))
    if isinstance(one, list) and isinstance(other, list):
        return [_both(one[0], other[0])] if one and other else one or other
    return MIXED
