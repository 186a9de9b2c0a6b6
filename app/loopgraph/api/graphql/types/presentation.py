"""Contracts as GraphQL objects, through one registry: a type can have fields of types that are defined after it.

The modules of types have an order (`pyproject.toml`), and each imports only those before it. What comes after, it names
with `later`, for the schema, and makes with `present`, at run time.
"""

from __future__ import annotations

from collections.abc import Callable
from types import GenericAlias
from typing import Any, TypeVar

from strawberry.types.lazy_type import LazyType

T = TypeVar("T")

_MAKERS: dict[type, Callable[..., Any]] = {}


def presents(contract: type, maker: str = "of") -> Callable[[type[T]], type[T]]:
    """Registers a GraphQL type, by its class method `maker`, as the one that presents a contract."""

    def register(type_: type[T]) -> type[T]:
        _MAKERS[contract] = getattr(type_, maker)
        return type_

    return register


def present(contract: Any, *more: Any) -> Any:
    """The GraphQL object of a contract, and of what more its maker takes; None of None."""
    return None if contract is None else _MAKERS[type(contract)](contract, *more)


def later(module: str, name: str) -> Any:
    """The GraphQL type of this name in a module of types that comes after the one that asks; for `graphql_type`."""
    return LazyType(name, f"{__package__}.{module}")


def later_list(module: str, name: str) -> Any:
    """A list of that type."""
    return GenericAlias(list, (later(module, name),))
