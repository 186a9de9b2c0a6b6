"""What all GraphQL types share: conversion from contracts, connections, inputs that become contracts, expected errors."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NewType, TypeVar

import strawberry
from pydantic import BaseModel, TypeAdapter, ValidationError
from strawberry import relay
from strawberry.extensions import FieldExtension

from loopgraph import errors
from loopgraph.api.access import LOCAL
from loopgraph.api.errors import invalid_input
from loopgraph.api.graphql.context import Context
from loopgraph.api.graphql.types.enums import ActorType
from loopgraph.api.graphql.types.list_size import SHORT, at_most
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.base import Contract, Id, Name, Page

CYCLE = 1_000
"""So many ids of a cycle are told."""

Info = strawberry.Info[Context, None]
T = TypeVar("T")
V = TypeVar("V")
M = TypeVar("M", bound=BaseModel)


Long = NewType("Long", int)
"""What can be more than the 32 bits of GraphQL's ``Int``: counts that others report, and their sums."""

LONG = strawberry.scalar(
    name="Long", description="A whole number of more than 32 bits, written as a JSON number.", serialize=int
)


def shape(type_: type[T], contract: BaseModel, **more: Any) -> T:
    """The GraphQL object of a contract: fields of the same name are taken over, lists up to ``SHORT`` items; the others come
    from ``more``."""
    key = (type_, type(contract), *more)
    if (names := _COMMON.get(key)) is None:
        wanted = {field.name for field in dataclasses.fields(type_) if field.init} - more.keys()  # type: ignore[arg-type]
        names = _COMMON[key] = tuple(name for name in wanted if hasattr(contract, name))
    return type_(**{name: _listed(getattr(contract, name)) for name in names}, **more)


_COMMON: dict[tuple[Any, ...], tuple[str, ...]] = {}
"""Which fields are taken over, by the two types and what comes from elsewhere: looked up once, and not for each object."""


def _listed(value: Any) -> Any:
    return list(value[:SHORT]) if isinstance(value, tuple) else value


# Slices


SLICE = "`first` of them after `offset`."


def sliced(info: Info, items: Sequence[V], first: int | None, offset: int) -> Sequence[V]:
    """A part of a list that is at hand as a whole: ``first`` of it, by default as many as may be, after ``offset`` of it.

    Raises InvalidInput for a size or an offset out of bounds.
    """
    maximum = info.context.services.settings.max_page_size
    if first is not None and not 1 <= first <= maximum:
        raise errors.InvalidInput("first", f"must be between 1 and {maximum}, not {first}")
    if offset < 0:
        raise errors.InvalidInput("offset", f"must not be negative, as {offset} is")
    return items[offset : offset + (first or maximum)]


# Connections


def encode_cursor(key: str) -> str:
    """An opaque cursor for the key of an item."""
    return base64.urlsafe_b64encode(key.encode()).decode()


def page_of(info: Info, first: int, after: str | None) -> Page:
    """The page that a client asks for. Raises InvalidInput for a size out of bounds or a cursor that is not ours."""
    maximum = info.context.services.settings.max_page_size
    if not 1 <= first <= maximum:
        raise errors.InvalidInput("first", f"must be between 1 and {maximum}, not {first}")
    if after is None:
        return Page(first=first)
    try:
        key = base64.b64decode(after, altchars=b"-_", validate=True).decode()
    except ValueError:
        key = ""
    if not key:
        raise errors.InvalidInput("after", "must be a cursor of this connection")
    return Page(first=first, after=key)


def connection(items: Iterable[tuple[str, Any]], *, has_more: bool, after: str | None) -> relay.Connection[Any]:
    """A Relay connection over items and their keys."""
    edges = [relay.Edge(node=node, cursor=encode_cursor(key)) for key, node in items]
    return relay.Connection(edges=edges, page_info=page_info(edges, has_more=has_more, after=after))


def page_info(edges: Sequence[relay.Edge[Any]], *, has_more: bool, after: str | None) -> relay.PageInfo:
    """What a connection says of its page."""
    return relay.PageInfo(
        has_next_page=has_more,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )


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
        field = ".".join(filter(None, [path, *map(camel, wrong.field.split("."))]))
        # A rule over several fields names them, too.
        problem = re.sub(
            r"\w+", lambda word: camel(word[0]) if word[0] in contract.model_fields else word[0], wrong.problem
        )
        raise errors.InvalidInput(field, problem) from error


def checked(type_: Any, value: T, field: str) -> T:
    """A single value of the type of a contract's field. Raises InvalidInput."""
    try:
        return TypeAdapter(type_).validate_python(value)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise errors.InvalidInput(field, invalid_input(error, Contract).problem) from error


@strawberry.input(description="Who makes a change. Left out: the principal of the request, or an anonymous user.")
class ActorInput:
    type: ActorType = ActorType.USER
    id: str


@strawberry.input
class ChangeInput:
    """What every change can say of itself."""

    actor: ActorInput | None = None
    correlation_id: strawberry.ID | None = strawberry.field(
        default=None, description="Ties the events of this change together; left out: the request's X-Correlation-ID."
    )


def origin_of(info: Info, change: ChangeInput) -> Origin:
    """Who makes this change, and as part of what."""
    principal = info.context.principal
    actor_type, actor_id = ActorType.USER, "anonymous"
    if principal is not None and principal is not LOCAL:
        actor_id = principal.subject
    if change.actor is not None:
        actor_type, actor_id = change.actor.type, change.actor.id
    correlation_id = change.correlation_id or info.context.correlation_id
    return Origin(
        actor_type=actor_type,
        actor_id=checked(Name, actor_id, "input.actor.id"),
        correlation_id=checked(Id, correlation_id, "input.correlationId"),
    )


# Expected errors


@strawberry.interface(name="Error", description="Something the caller can mend.")
class UserErrorInterface:
    message: str = strawberry.field(description="One plain sentence.")


@strawberry.type(description="Nothing of this kind has this id.")
class NotFound(UserErrorInterface):
    kind: str
    missing_id: str


@strawberry.type(description="A value is wrong; nothing was changed.")
class InvalidInput(UserErrorInterface):
    field: str = strawberry.field(description="Path of the wrong value in the arguments.")
    path: list[str] | None = strawberry.field(
        default=None,
        description="For an edge that would close a cycle: the node ids of that cycle, first = last. A long one is cut.",
        directives=[at_most(CYCLE)],
    )


@strawberry.type(description="The id or key is taken by other content; nothing was changed.")
class Conflict(UserErrorInterface):
    kind: str
    conflicting_id: str


@strawberry.type(description="The lifecycle does not allow this step; nothing was changed.")
class InvalidTransition(UserErrorInterface):
    current: str
    wanted: str


@strawberry.type(description="The principal may not do this; nothing was changed.")
class Forbidden(UserErrorInterface):
    pass


Expected = NotFound | InvalidInput | Conflict | InvalidTransition | Forbidden
"""What the result union of every mutation has beside its payload."""


def error_object(error: errors.UserError) -> Any:
    """The GraphQL object of an expected error."""
    message = str(error)
    match error:
        case errors.NotFound():
            return NotFound(message=message, kind=error.kind, missing_id=error.id)
        case errors.InvalidInput():
            field = _in_arguments(error.field)
            cycle = list(error.path[:CYCLE]) if isinstance(error, errors.CycleRefused) else None
            return InvalidInput(message=f"{field}: {error.problem}", field=field, path=cycle)
        case errors.Conflict():
            return Conflict(message=message, kind=error.kind, conflicting_id=error.id)
        case errors.InvalidTransition():
            return InvalidTransition(message=message, current=error.current, wanted=error.wanted)
        case errors.Forbidden():
            return Forbidden(message=message)
        case _:
            raise error


def _in_arguments(field: str) -> str:
    """The path in the arguments of a mutation of a field that the rooms below name as they know it."""
    first, *rest = field.split(".")
    return ".".join([*([] if first == "input" else ["input"]), *map(camel, [first, *rest])])


class ExpectedErrors(FieldExtension):
    """Turns the expected errors of a mutation into members of its result union."""

    async def resolve_async(self, next_: Callable[..., Awaitable[Any]], source: Any, info: Info, **kwargs: Any) -> Any:
        try:
            return await next_(source, info, **kwargs)
        except errors.UserError as error:
            return error_object(error)


def mutation(description: str) -> Any:
    """A mutation field whose result union carries the expected errors."""
    return strawberry.mutation(description=description, extensions=[ExpectedErrors()])
