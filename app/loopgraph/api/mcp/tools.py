"""A tool as a value: its name, what it is asked with, and how it is answered by operations of GraphQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from loopgraph.assets import asset
from loopgraph.errors import UserError

Json = dict[str, Any]


class Arguments(BaseModel):
    """What a tool is asked with."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


A = TypeVar("A", bound=Arguments)


class Refused(UserError):
    """The service does not do what an operation asks for; it says why."""

    code = "REFUSED"


class Ask(Protocol):
    """How an operation is executed, wherever the service is."""

    def __call__(self, document: str, variables: Mapping[str, Any]) -> Awaitable[Json]:
        """The data of an operation. Raises Refused where it has errors, and other LoopgraphErrors where none can be had."""
        ...


@dataclass(frozen=True)
class Around:
    """What is known where a tool is used: the instant, and the project that the agent works in, if that is known."""

    now: datetime
    project: str | None = None


@dataclass(frozen=True)
class Tool(Generic[A]):
    """One tool. ``description`` is what a model reads: short. ``answer`` asks, and makes a short text of what it gets; ``writes``
    says whether it changes anything."""

    name: str
    description: str
    arguments: type[A]
    answer: Callable[[Ask, A, Around], Awaitable[str]]
    writes: bool = False

    @property
    def schema(self) -> Json:
        """The JSON schema of its arguments."""
        schema = self.arguments.model_json_schema()
        schema.pop("title", None)
        schema.pop("description", None)
        for about in schema.get("properties", {}).values():
            about.pop("title", None)
        return schema


@cache
def document(name: str) -> str:
    """The document ``graphql/operations/mcp/<name>.graphql``."""
    return asset("graphql", "operations", "mcp", f"{name}.graphql").read_text(encoding="utf-8")


def changed(answer: Json, payload: str) -> Json:
    """What a mutation answers with, if it did what was asked. Raises Refused."""
    if answer["__typename"] != payload:
        raise Refused(answer["message"])
    return answer
