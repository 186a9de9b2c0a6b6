"""The errors that a caller can mend, as members of the result union of every mutation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension

from loopgraph import errors
from loopgraph.api.graphql.types.common import Info, camel
from loopgraph.api.graphql.types.list_size import at_most

CYCLE = 1_000
"""So many ids of a cycle are told."""


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
    message = error.by_name
    match error:
        case errors.NotFound():
            return NotFound(message=message, kind=error.kind, missing_id=error.id)
        case errors.InvalidInput():
            field = _in_arguments(error.field)
            cycle = list(error.path[:CYCLE]) if isinstance(error, errors.CycleRefused) else None
            return InvalidInput(message=f"{field}: {errors.spelled_by_name(error.problem)}", field=field, path=cycle)
        case errors.Conflict():
            return Conflict(message=message, kind=error.kind, conflicting_id=error.id)
        case errors.InvalidTransition():
            return InvalidTransition(message=message, current=error.current.name, wanted=error.wanted.name)
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
