"""What views are asked with: parameters of a path, a query or a body, by the names that dashboards know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from loopgraph.api.rest.answers import Json
from loopgraph.contracts.base import Contract, Instant, Name
from loopgraph.errors import InvalidInput
from loopgraph.reducers.usage.spans import midnight

_RANGE: Final = re.compile(
    r"(?:[1-9][0-9]?|[1-6][0-9]{2}|7[01][0-9]|720)h|(?:[1-9][0-9]?|[1-3][0-9]{2}|400)d|(?:[1-9]|[1-4][0-9]|5[0-7])w"
)
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+ -][0-9]{2}:[0-9]{2})"
)
_WHOLE: Final = re.compile(r"-?[0-9]{1,15}")
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")


def _range(text: str) -> str:
    if not _RANGE.fullmatch(text):
        raise ValueError("must be hours, days or weeks, such as 24h, 7d or 12w, and at most 720h, 400d or 57w")
    return text


def _instant(value: object) -> object:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("must be an instant with its time zone, such as 2026-01-31T12:00:00Z")
    return value.replace(" ", "+")  # which a plus sign becomes in a query


def _whole(value: object) -> object:
    if isinstance(value, str) and not _WHOLE.fullmatch(value):
        raise ValueError("must be a whole number")
    return value


def _number(value: object) -> object:
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError("must be a number")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number as it is written in a query."""

Threshold = Annotated[float, Field(ge=0, le=2), BeforeValidator(_number)]
"""A number as it is written in a query, by which part of its mean something changes."""

Depth = Annotated[int, Field(ge=1, le=10_000), BeforeValidator(_whole)]
"""How many edges."""

TimeRange = Annotated[
    str, AfterValidator(_range), WithJsonSchema({"type": "string", "pattern": f"^(?:{_RANGE.pattern})$"})
]
"""A length of time: ``24h``, ``7d``, ``12w``."""

Moment = Annotated[Instant, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant as it is written in a query."""

PatternId = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
"""The id of a pattern, its own or its global one."""

PatternType = Name

Limit = Annotated[int, Field(ge=1, le=100), BeforeValidator(_whole)]
"""How many items a list has at most."""

_NAMES: Final = {"first": "limit", "id": "pattern_id", "window": "time_range"}
"""Parameters that are called otherwise than the argument of GraphQL that they become."""

_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(days=7)}


class Parameters(Contract):
    """What a view can be asked with; what is not a field of it is refused."""

    def name_of(self, argument: str) -> str:
        """What the argument of GraphQL at this path (``window.since``) is called here."""
        last = next(part for part in reversed(argument.split(".")) if not part.isdigit())
        name = _NAMES.get(last) or re.sub(r"([A-Z])", r"_\1", last).lower()
        return "time_range" if name == "since" and getattr(self, name, None) is None else name


class Over(Parameters):
    """Over which time a view is."""

    time_range: TimeRange = Field(
        default="30d",
        description="How long: hours, days or weeks (24h, 7d, 12w), at most 720h, 400d or 57w. Days and weeks end with today "
        "(UTC), hours with this one; with `until`, they end there.",
    )
    since: Moment | None = Field(
        default=None, description="In place of `time_range`: the earliest instant that counts; its hour counts whole."
    )
    until: Moment | None = Field(
        default=None, description="The first instant that does not count any more; its hour counts whole."
    )

    @model_validator(mode="after")
    def _one_beginning(self) -> Self:
        if self.since is not None and "time_range" in self.model_fields_set:
            raise ValueError("time_range must be left out where since is given")
        return self

    def window(self, now: datetime) -> Json:
        """The ``window`` argument of GraphQL. Raises InvalidInput for a time before the year 1."""
        if self.since is not None:
            return {"since": self.since.isoformat(), "until": self.until.isoformat() if self.until else None}
        number, unit = int(self.time_range[:-1]), self.time_range[-1]
        end = self.until or (now if unit == "h" else midnight(now) + timedelta(days=1))
        try:
            begin = end - number * _UNITS[unit]
        except OverflowError as error:
            raise InvalidInput("until", "must not be so near the year 1") from error
        return {"since": begin.isoformat(), "until": end.isoformat()}


def once(pairs: Mapping[str, list[str]]) -> Json:
    """The values of parameters, each of which is given once. Raises InvalidInput."""
    for name, values in pairs.items():
        if len(values) > 1:
            raise InvalidInput(name, f"must be given once, not {len(values)} times")
    return {name: values[0] for name, values in pairs.items()}
