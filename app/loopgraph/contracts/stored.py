"""Contracts of what was stored: it was validated when it was written, and is not validated in full whenever it is read.

Validation took half the time in which a lineage of some hundred versions is made of its rows. What is looked at is the type of
each value, which a store may tell in its own way (an enum as text, a tuple as a list); not lengths, forms and ranges, nor the
insides of free maps. Whatever is not as it was expected is validated in full, and so has the errors of that.

``sound`` looks at nothing: for values that their source has checked, and that are many.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, PlainValidator, WrapValidator

from loopgraph.contracts.base import Contract, utc

C = TypeVar("C", bound=Contract)

_Kinds = dict[type, Callable[[Any], Any] | None]
"""The types that the values of a field may have, and what converts them; None: they are as they should be."""


class _Plan(NamedTuple):
    fields: dict[str, _Kinds]
    defaults: dict[str, Any]
    maps: tuple[str, ...]
    """The fields whose default is a map, which each instance has for itself."""
    names: set[str]
    """Of all fields; pydantic copies it before it changes it."""


def stored(contract: type[C], values: Mapping[str, Any]) -> C:
    """The contract of some values that were valid when they were stored; others than those of its fields are left out.

    Raises ValidationError for those of a wrong type, and for those that are missing.
    """
    try:
        plan = _PLANS[contract]
    except KeyError:
        plan = _PLANS[contract] = _planned(contract)
    if plan is None:
        return _validated(contract, values)
    held = {}
    try:
        for name, kinds in plan.fields.items():
            if name in values:
                value = values[name]
                convert = kinds[type(value)]
                held[name] = value if convert is None else convert(value)
            else:
                held[name] = plan.defaults[name]
    except (KeyError, ValueError):
        return _validated(contract, values)
    for name in plan.maps:
        if not held[name]:
            held[name] = {}
    return _made(contract, held, plan.names)


def sound(contract: type[C], values: dict[str, Any]) -> C:
    """The contract of values that are, each and together, just as validation would leave them; all that have no default are
    among them."""
    try:
        blank = _BLANKS[contract]
    except KeyError:
        blank = _BLANKS[contract] = _blank(contract)
    held = {**blank.values, **values}
    for name in blank.maps:
        if name not in values:
            held[name] = {}
    return _made(contract, held, set(values))


class _Blank(NamedTuple):
    values: dict[str, Any]
    """Of all fields in their order; what has no default is None."""
    maps: tuple[str, ...]
    """The fields whose default is a map, which each instance has for itself."""


_BLANKS: dict[type[Contract], _Blank] = {}


def _blank(contract: type[Contract]) -> _Blank:
    fields = contract.model_fields.items()
    values = {
        name: None if field.is_required() else field.get_default(call_default_factory=True) for name, field in fields
    }
    return _Blank(values, tuple(name for name, default in values.items() if default == {}))


def _made(contract: type[C], held: dict[str, Any], names: set[str]) -> C:
    made = contract.__new__(contract)
    _set(made, "__dict__", held)
    _set(made, "__pydantic_fields_set__", names)
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_private__", None)
    return made


_PLANS: dict[type[Contract], _Plan | None] = {}
_set = object.__setattr__  # the models are frozen


def _validated(contract: type[C], values: Mapping[str, Any]) -> C:
    return contract.model_validate({name: value for name, value in values.items() if name in contract.model_fields})


def _planned(contract: type[Contract]) -> _Plan | None:
    """How to make a contract; None where it has rules of its own, or fields of types that are not known here."""
    decorators = contract.__pydantic_decorators__
    if decorators.model_validators or decorators.field_validators or contract.__private_attributes__:
        return None
    try:
        fields = {
            name: _kinds(Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation)
            for name, field in contract.model_fields.items()
        }
    except TypeError:
        return None
    if any(field.default_factory not in (None, dict) for field in contract.model_fields.values()):
        return None
    defaults = {
        name: field.get_default(call_default_factory=True)
        for name, field in contract.model_fields.items()
        if not field.is_required()
    }
    return _Plan(fields, defaults, tuple(name for name, default in defaults.items() if default == {}), set(fields))


def _kinds(annotation: Any) -> _Kinds:
    """Raises TypeError for a type that is not known here."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        for rule in arguments[1:]:
            if isinstance(rule, BeforeValidator | PlainValidator | WrapValidator):
                raise TypeError(annotation)
            if isinstance(rule, AfterValidator) and rule.func is not utc:
                raise TypeError(annotation)
        return _kinds(arguments[0])
    if origin in (Union, types.UnionType):
        return {kind: convert for one in arguments for kind, convert in _kinds(one).items()}
    if annotation is Any:
        return _Anything()
    if annotation in (str, int, bool, type(None)):
        return {annotation: None}
    if annotation is float:
        return {float: None, int: float}
    if annotation in (datetime, AwareDatetime):
        return {datetime: _instant}
    if origin is dict and arguments == (str, Any):
        return {dict: dict.copy}
    if origin is tuple and len(arguments) == 2 and arguments[1] is ...:
        items = partial(_items, _kinds(arguments[0]))
        return {list: items, tuple: items}
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        members = {member.value: member for member in annotation}
        return {str: members.__getitem__, annotation: None}
    if isinstance(annotation, type) and issubclass(annotation, Contract):
        return {annotation: None, dict: annotation.model_validate}
    raise TypeError(annotation)


class _Anything(_Kinds):
    def __missing__(self, _kind: type) -> None:
        return None


def _instant(value: datetime) -> datetime:
    if value.tzinfo is not UTC:
        raise ValueError("not in UTC")
    return value


def _items(kinds: _Kinds, values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(value if (convert := kinds[type(value)]) is None else convert(value) for value in values)
