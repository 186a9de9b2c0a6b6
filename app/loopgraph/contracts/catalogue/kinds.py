"""The kinds of values that properties have, and how a contract's fields become properties."""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel


class Kind(StrEnum):
    """What a property holds. ``JSON`` is text that is to be read as JSON: the graph itself has no maps."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    TEXTS = "texts"
    JSON = "json"


class Property(NamedTuple):
    """A property: what it holds, and what it is, if it is no field of a contract, which says that. One that is ``kept`` is there
    for the service itself, to find and to join: it is no fact of what is recorded, and may change with any release."""

    kind: Kind
    note: str = ""
    kept: bool = False


Properties = Mapping[str, Property]


class NodeType(NamedTuple):
    """A label: the property that identifies its nodes (None: nothing does), what a node stands for, and its properties."""

    label: str
    key: str | None
    purpose: str
    properties: Properties


def of(contract: type[BaseModel], *, only: Collection[str] = (), without: Collection[str] = ()) -> dict[str, Property]:
    """The fields of a contract as properties. Raises TypeError for a type that properties cannot have."""
    fields = contract.model_fields
    if unknown := {*only, *without} - fields.keys():
        raise TypeError(f"{contract.__name__} has no field {min(unknown)}")
    return {
        name: Property(kind_of(field.annotation))
        for name, field in fields.items()
        if name not in without and (not only or name in only)
    }


def kept(kind: Kind, **notes: str) -> dict[str, Property]:
    """Properties that the service keeps for itself."""
    return {name: Property(kind, note, kept=True) for name, note in notes.items()}


def told(kind: Kind, **notes: str) -> dict[str, Property]:
    """Properties that are no fields of a contract."""
    return {name: Property(kind, note) for name, note in notes.items()}


def kind_of(annotation: Any) -> Kind:
    """How values of a type are stored. Raises TypeError for one that is not known here."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind_of(arguments[0])
    if origin in (Union, types.UnionType):
        kinds = {kind_of(one) for one in arguments if one is not type(None)}
        if len(kinds) == 1:
            return kinds.pop()
        raise TypeError(annotation)
    if origin is Literal:
        return Kind.TEXT
    if origin in (tuple, frozenset):
        return Kind.TEXTS if kind_of(arguments[0]) is Kind.TEXT else Kind.JSON
    if annotation is Any or origin is dict:
        return Kind.JSON
    if not isinstance(annotation, type):
        raise TypeError(annotation)
    for base, kind in _KINDS.items():
        if issubclass(annotation, base):
            return kind
    raise TypeError(annotation)


_KINDS: Mapping[type, Kind] = {
    bool: Kind.BOOLEAN,
    str: Kind.TEXT,
    Enum: Kind.TEXT,
    int: Kind.INTEGER,
    float: Kind.FLOAT,
    datetime: Kind.INSTANT,
    AwareDatetime: Kind.INSTANT,
    BaseModel: Kind.JSON,
}
"""In this order: a boolean is an integer, too."""
