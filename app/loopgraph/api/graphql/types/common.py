"""What all GraphQL types share: conversion from contracts, and inputs that become contracts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple, NewType, TypeVar, get_args, get_origin

import strawberry
from graphql import GraphQLError
from pydantic import BaseModel, TypeAdapter, ValidationError

from loopgraph import errors
from loopgraph.api.errors import invalid_input, placed
from loopgraph.api.graphql.context import Context
from loopgraph.api.graphql.types.list_size import SHORT
from loopgraph.contracts.base import Contract

Info = strawberry.Info[Context, None]
T = TypeVar("T")
V = TypeVar("V")
M = TypeVar("M", bound=BaseModel)


Long = NewType("Long", int)
"""What can be more than the 32 bits of GraphQL's ``Int``: counts of what is recorded or reported, and their sums."""


def _told(value: int) -> int:
    if not -(2**63) <= value < 2**63:  # clients read no more, and the encoder would let nothing of the answer come
        raise GraphQLError("the sum has more than 64 bits", extensions={"code": "OUT_OF_RANGE"})
    return int(value)


def _taken(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or abs(value) >= 2**63:
        raise ValueError(f"Long cannot represent {value!r}: it must be a whole number of at most 64 bits")
    return int(value)


LONG = strawberry.scalar(
    name="Long",
    description="A whole number of 64 bits, -2^63 to 2^63 - 1, written as a JSON number; of a sum beyond that the field is an "
    "error with the code OUT_OF_RANGE. Counts and their sums have it, because they can "
    "outgrow the 32 bits of `Int`; beyond 2^53, JavaScript's numbers are rounded.",
    serialize=_told,
    parse_value=_taken,
)


def shape(type_: type[T], contract: BaseModel, **more: Any) -> T:
    """The GraphQL object of a contract: fields of the same name are taken over, lists up to ``SHORT`` items; the others come
    from ``more``."""
    key = (type_, type(contract), *more)
    if (plan := _PLANS.get(key)) is None:
        plan = _PLANS[key] = _Plan.of(type_, type(contract), frozenset(more))
    shaped = object.__new__(type_)
    values = shaped.__dict__
    # A copy costs less than a choice: what the type has no field for, nobody asks for.
    values.update(contract.__dict__)
    for name in plan.hiding:
        del values[name]
    for name in plan.lists:
        values[name] = _listed(values[name])
    for name in plan.told:
        values[name] = _listed(getattr(contract, name))
    values.update(more)
    return shaped


class _Plan(NamedTuple):
    """How an object of a type is made of a contract: found out once, and not for each object."""

    hiding: tuple[str, ...]
    """What the contract has that would hide something else of the type."""
    lists: tuple[str, ...]
    """What may be a tuple."""
    told: tuple[str, ...]
    """What the contract tells by properties."""

    @classmethod
    def of(cls, type_: type, contract: type[BaseModel], more: frozenset[str]) -> _Plan:
        """The plan for two types, where ``more`` comes from elsewhere. Raises TypeError for a field that comes from nowhere."""
        fields: Any = dataclasses.fields(type_)
        wanted = {field.name: field for field in fields if field.init and field.name not in more}
        held = contract.model_fields
        told = [name for name in wanted if name not in held and hasattr(contract, name)]
        for name, field in wanted.items():
            if name not in held and name not in told and field.default is dataclasses.MISSING:
                raise TypeError(f"{type_.__name__}.{name} comes from nowhere: {contract.__name__} has none")
        return cls(
            tuple(name for name in held if name not in wanted and name not in more and hasattr(type_, name)),
            tuple(name for name in held if name in wanted and _may_be_tuple(held[name].annotation)),
            tuple(told),
        )


_PLANS: dict[tuple[Any, ...], _Plan] = {}


def _may_be_tuple(annotation: Any) -> bool:
    return annotation is Any or get_origin(annotation) is tuple or any(map(_may_be_tuple, get_args(annotation)))


def _listed(value: Any) -> Any:
    return list(value[:SHORT]) if isinstance(value, tuple) else value


# Inputs


def camel(name: str) -> str:
    """``min_sample_size`` → ``minSampleSize``."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def plain(value: Any) -> Any:
    """An input object as plain data, without the fields that the client left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {name: plain(item) for name, item in fields.items() if item is not strawberry.UNSET}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def validated(contract: type[M], data: dict[str, Any], path: str = "input") -> M:
    """The contract of some plain data. Raises InvalidInput with the path of the first wrong field, as the client wrote it."""
    try:
        return contract.model_validate(data)
    except ValidationError as error:
        wrong = invalid_input(error, contract)
        inner, names = _below(error, contract)
        if inner is not None and (
            named := next((word for word in re.findall(r"\w+", wrong.problem) if word in names), None)
        ):
            # A rule over several fields of a part: it speaks of one of them first.
            rest = wrong.problem.removeprefix(f"{named} ")
            wrong = errors.InvalidInput(f"{wrong.field}.{named}", rest if rest.startswith("must") else wrong.problem)
        field = ".".join(filter(None, [path, *map(camel, wrong.field.split("."))]))
        # A rule over several fields names them, too.
        problem = re.sub(
            r"\w+",
            lambda word: camel(word[0]) if word[0] in names else word[0],
            errors.spelled_by_name(wrong.problem),
        )
        raise errors.InvalidInput(field, problem) from error


def _below(error: ValidationError, contract: type[BaseModel]) -> tuple[type[BaseModel] | None, Collection[str]]:
    """The contract of the part of which a rule over several fields is broken, None where it is none or that of all; and the
    names of fields that may be spoken of."""
    first = error.errors(include_url=False, include_input=False)[0]
    places, part = placed(first["loc"], contract)
    of_part = first["type"] == "value_error" and part is not contract and places[-1] not in part.model_fields
    return part if of_part else None, contract.model_fields.keys() | part.model_fields.keys()


def checked(type_: Any, value: T, field: str) -> T:
    """A single value of the type of a contract's field. Raises InvalidInput."""
    try:
        return _adapter(type_).validate_python(value)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise errors.InvalidInput(field, invalid_input(error, Contract).problem) from error


@cache
def _adapter(type_: Any) -> TypeAdapter[Any]:
    """What checks values of a type. It takes a millisecond to make, and a page of a list asks for it once for each item."""
    return TypeAdapter(type_)
