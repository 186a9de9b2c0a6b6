"""Which action each root field asks for, asked in one place: before its resolver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from graphql import GraphQLSchema

from loopgraph.api.access import Action, require
from loopgraph.api.graphql.types.expected import error_object
from loopgraph.errors import Forbidden


def ask_first(schema: GraphQLSchema, mutations: Mapping[str, Action]) -> None:
    """Has each root field ask for its action: a mutation for the one named here, everything else for READ.

    A mutation that is refused answers with Forbidden, its expected error; other fields fail with it. Raises KeyError for a
    mutation that has no action.
    """
    if schema.query_type:
        for field in schema.query_type.fields.values():
            field.resolve = _asking(field.resolve, Action.READ)
    if schema.subscription_type:
        for field in schema.subscription_type.fields.values():
            field.subscribe = _asking(field.subscribe, Action.READ)
    if schema.mutation_type:
        for name, field in schema.mutation_type.fields.items():
            field.resolve = _asking(field.resolve, mutations[name], answers=True)


def _asking(resolve: Any, action: Action, *, answers: bool = False) -> Callable[..., Any]:
    @wraps(resolve, updated=())
    def asking(source: Any, info: Any, **arguments: Any) -> Any:
        try:
            require(info.context.principal, action)
        except Forbidden as error:
            if answers:
                return error_object(error)
            raise
        return resolve(source, info, **arguments)

    asking.action = action  # type: ignore[attr-defined]
    return asking
