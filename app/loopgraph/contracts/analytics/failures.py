"""What failed, and the patterns that its error messages follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple, Self

from pydantic import AfterValidator, Field, model_validator

from loopgraph.contracts.base import Contract, Instant, Name

LONGEST_TEMPLATE: Final = 1_000
"""Characters of a template: what is longer is cut at a word."""

Remedy = Annotated[str, Field(max_length=10_000)]
"""What people write of an error pattern: how it is mended, how it is kept from happening."""


def _one_line(text: str) -> str:
    return " ".join(text.split())


class FailedPart(StrEnum):
    """What failed: a whole trace, one of its steps, or a call of an endpoint."""

    TRACE = "trace"
    STEP = "step"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that went wrong by itself (``traces.FAILED``). ``message`` is what was stored of it, without its middle if it is
    long; ``node_ids`` are the versions of patterns that it ran, or under whose use it happened. ``ended`` are traces that ended
    with it."""

    part: FailedPart
    correlation_id: str
    at: datetime
    message: str | None
    error_type: str | None = None
    response_status: int | None = None
    execution_id: str | None = None
    call_id: str | None = None
    agent: str | None = None
    hook_type: str | None = None
    tool_name: str | None = None
    service_name: str | None = None
    endpoint_path: str | None = None
    node_ids: tuple[str, ...] = ()
    ended: bool = False

    @property
    def text(self) -> str | None:
        """The message; where there is none, the kind of the error, or the status of the response."""
        if self.message and self.message.strip():
            return self.message
        return self.error_type or (f"status {self.response_status}" if self.response_status else None)

    @property
    def key(self) -> tuple[datetime, str, str, str]:
        """Its place in time, among others of one instant by its ids."""
        return self.at, self.correlation_id, self.execution_id or "", self.call_id or ""


class FailureFilter(Contract):
    """Which failures count; None does not filter."""

    agent: Name | None = None
    tool: Name | None = None
    endpoint: Name | None = None
    node_id: str | None = None
    project: Annotated[str, Field(max_length=4_096)] | None = None


NO_FILTER: Final = FailureFilter()


class Failures(NamedTuple):
    """The failures of a range. ``traces`` is how many traces were looked at. ``since``: those that began before were not, as
    there are too many; None: all were."""

    found: list[Failure]
    traces: int
    since: datetime | None


class ErrorSeverity(StrEnum):
    """How bad an error pattern is. It is *common* if it is in 5 % of the traces that were looked at, and in three at least.

    - CRITICAL: common, and whole traces ended with it. HIGH: one of the two.
    - MEDIUM: in several traces. LOW: in one.
    """

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class NameCount(Contract):
    """How many failures have a name."""

    name: str
    count: int


class EndpointCount(Contract):
    """How many failures were calls of an endpoint."""

    service_name: str
    endpoint_path: str
    count: int


class ErrorSample(Contract):
    """One failure, in its own words (as stored, so without secrets)."""

    message: str
    at: Instant
    correlation_id: str
    execution_id: str | None
    call_id: str | None


class ErrorAnnotation(Contract):
    """What people know of an error pattern. ``template_id`` is that of the template it was written for."""

    template_id: str
    template: str
    known_fix: str | None
    prevention: str | None
    updated_at: Instant
    updated_by: str


class NewAnnotation(Contract):
    """What somebody writes of the error pattern with this template; a field that is left out stays as it is."""

    template: Annotated[str, AfterValidator(_one_line), Field(min_length=1, max_length=LONGEST_TEMPLATE + 20)]
    known_fix: Remedy | None = None
    prevention: Remedy | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set & {"known_fix", "prevention"}:
            raise ValueError("give known_fix, prevention or both")
        return self


class ErrorPattern(Contract):
    """Failures whose messages follow one template. ``traces`` are those that they are in, ``ended_traces`` those that ended with
    one; names are the most frequent first."""

    template_id: str
    template: str
    severity: ErrorSeverity
    count: int
    traces: int
    ended_traces: int
    first_seen: Instant
    last_seen: Instant
    error_types: tuple[NameCount, ...]
    agents: tuple[NameCount, ...]
    tools: tuple[NameCount, ...]
    endpoints: tuple[EndpointCount, ...]
    versions: tuple[NameCount, ...]
    samples: tuple[ErrorSample, ...]
    annotation: ErrorAnnotation | None = None


class ErrorPatterns(Contract):
    """Error patterns, the most frequent first. ``failures`` are all that count, ``untold`` those that say nothing of what went
    wrong; ``total`` is how many patterns there are. ``reaches_back_to`` is ``Failures.since``; ``whole``: all traces were looked
    at."""

    patterns: tuple[ErrorPattern, ...]
    total: int
    failures: int
    untold: int
    traces: int
    reaches_back_to: Instant | None

    @property
    def whole(self) -> bool:
        return self.reaches_back_to is None
