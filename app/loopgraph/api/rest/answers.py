"""What the answers of views are made of. They describe the answers; what is sent is made of GraphQL's data without them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from loopgraph.contracts.base import Instant, Unit

Json = dict[str, Any]


class Answer(BaseModel):
    """An object of an answer: it has these fields, and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Interval(Answer):
    """Where a true value lies, at 95 %."""

    low: float
    high: float


class Basis(Answer):
    """Of what an answer is made: of all that began at `since` or later and before `until`."""

    since: Instant
    """The first hour that is in it."""
    until: Instant
    """The first hour after it."""
    exactness: Literal["exact", "bucketed"]
    """Whether it is made of executions or of hourly sums."""
    relative_error: Unit
    """How far percentiles, minimum and maximum can be from the exact ones, as a part of them; all else is exact."""
    pending: int = Field(ge=0)
    """Traces that are committed and not counted yet, because very many came at once."""


def basis(data: Json) -> Json:
    """The basis, of GraphQL's."""
    return {
        "since": data["since"],
        "until": data["until"],
        "exactness": data["exactness"].lower(),
        "relative_error": data["relativeError"],
        "pending": data["pending"],
    }


def type_of(pattern: Json | None) -> str | None:
    """The type of a pattern, if there still is one."""
    return pattern["patternType"] if pattern else None


def lower(name: str | None) -> str | None:
    """The value of an enum as REST has it."""
    return name.lower() if name else None
