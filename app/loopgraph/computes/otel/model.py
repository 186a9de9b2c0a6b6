"""OpenTelemetry signals in one form, whichever encoding they came in: spans, log records and data points.

Ids are lowercase hexadecimal, empty where there is none; instants are nanoseconds since 1970, 0 where there is none; attribute
values are what JSON can hold: bytes are base64, and numbers that JSON does not have are texts such as ``NaN``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar

from loopgraph.computes.agents.fields import shortened
from loopgraph.contracts.traces.events import LONGEST_MS
from loopgraph.errors import InvalidInput

T = TypeVar("T")

Attributes = dict[str, Any]

Read = tuple[T | InvalidInput, ...]
"""The items of a request in their order, with errors in the places of those that cannot be read."""

SPAN_KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")
PROJECT: Final = "loopgraph.project"
"""The attribute, of a resource or a span, in which any sender says for which project it works."""

TEMPORALITIES: Final = ("unspecified", "delta", "cumulative")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ERROR: Final = 2
_SEVERITIES: Final = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sent a signal: the attributes of the resource, and ``name``, ``version`` and ``attributes`` of the scope.

    ``service`` is the name of the service, as the resource has it.
    """

    resource: Attributes
    scope: Attributes
    service: str | None = field(init=False)

    def __post_init__(self) -> None:
        name = self.resource.get("service.name")
        service = shortened(name.strip(), 200) or None if isinstance(name, str) else None
        object.__setattr__(self, "service", service)


class Span(NamedTuple):
    """A span. ``more`` is what else it says: events, links, trace state, how much was dropped. ``parent_is_remote``: whether its
    parent is a span of another process; None where the sender does not say."""

    origin: Origin
    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    start_ns: int
    end_ns: int
    attributes: Attributes
    status_code: int
    status_message: str
    more: Attributes
    parent_is_remote: bool | None = None

    @property
    def failed(self) -> bool:
        """Whether its status says that it failed."""
        return self.status_code == _ERROR

    @property
    def duration_ms(self) -> float | None:
        """From its start to its end; None if either is unknown, or they do not fit."""
        if not self.start_ns or not self.start_ns <= self.end_ns:
            return None
        duration = (self.end_ns - self.start_ns) / 1e6
        return duration if duration <= LONGEST_MS else None


@dataclass(frozen=True, slots=True)
class Log:
    """A log record."""

    origin: Origin
    time_ns: int
    severity: str | None
    event_name: str | None
    body: Any
    attributes: Attributes
    trace_id: str
    span_id: str


@dataclass(frozen=True, slots=True)
class Point:
    """A data point. Without ``measured`` it only says that there is no value now; ``more`` holds buckets, quantiles and such."""

    origin: Origin
    metric: str
    unit: str
    kind: str
    temporality: str
    measured: bool
    value: float | None
    count: int | None
    start_ns: int
    time_ns: int
    attributes: Attributes
    more: Attributes


def instant(nanoseconds: int) -> datetime | None:
    """An instant, to the microsecond; None for 0 and for what no calendar holds."""
    try:
        return _EPOCH + timedelta(microseconds=nanoseconds // 1_000) if nanoseconds > 0 else None
    except OverflowError:
        return None


def text_of(nanoseconds: int) -> str | None:
    """An instant as RFC 3339."""
    at = instant(nanoseconds)
    return at.isoformat() if at else None


def span_event(name: str, time_ns: int, attributes: Attributes) -> Attributes:
    """An event of a span, as it is kept."""
    return known(name=name, time=text_of(time_ns), attributes=attributes)


_HAS_IS_REMOTE, _IS_REMOTE = 0x100, 0x200


def parent_is_remote(flags: int) -> bool | None:
    """What the flags of a span say of its parent."""
    return bool(flags & _IS_REMOTE) if flags & _HAS_IS_REMOTE else None


def known(**members: Any) -> Attributes:
    """Those members that say something: no None, no empty text, list or map, no 0 and no false."""
    return {name: value for name, value in members.items() if value or (value == 0.0 and isinstance(value, float))}


def plain_number(value: float | None) -> float | str | None:
    """A number as JSON can hold it; one that is not finite as a text."""
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def severity_name(number: int) -> str | None:
    """The short name of a severity number, 1 to 24."""
    return _SEVERITIES[(number - 1) // 4] if 1 <= number <= 24 else None
