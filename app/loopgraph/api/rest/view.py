"""A REST path as a value: what it is asked with, which operation answers it, and what becomes of the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from loopgraph.api.rest.answers import Answer, Json
from loopgraph.api.rest.parameters import Parameters
from loopgraph.assets import asset

P = TypeVar("P", bound=Parameters)


@cache
def document(name: str) -> str:
    """The document of this name."""
    return asset("graphql", "operations", "rest", f"{name}.graphql").read_text(encoding="utf-8")


class Around(NamedTuple):
    """What is known where a view is asked: the instant, and the largest page of a list."""

    now: datetime
    largest_page: int


class Ask(NamedTuple):
    """An operation: the name of its document ``graphql/operations/rest/<name>.graphql``, and its variables."""

    document: str
    variables: Json

    @property
    def text(self) -> str:
        """The document."""
        return document(self.document)


@dataclass(frozen=True)
class View(Generic[P]):
    """One REST path.

    ``path`` has the places of parameters in it (``{pattern_id}``); the others are in the query, or, of a POST, in the body.
    ``ask`` says what is asked for, ``shape`` makes of GraphQL's data what ``answer`` describes, or None where
    there is no such pattern: both are pure.
    """

    path: str
    summary: str
    parameters: type[P]
    answer: type[Answer]
    ask: Callable[[P, Around], Ask]
    shape: Callable[[P, Any], Json | None]
    method: Literal["GET", "POST"] = "GET"

    @cached_property
    def in_path(self) -> frozenset[str]:
        """The parameters that are in the path."""
        return frozenset(name for name in self.parameters.model_fields if f"{{{name}}}" in self.path)

    @property
    def route(self) -> str:
        """The path as Starlette has it: ids of patterns can have slashes."""
        path = self.path
        for name in self.in_path:
            path = path.replace(f"{{{name}}}", f"{{{name}:path}}")
        return path
