"""Error patterns: failures whose messages follow one template."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import strawberry

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.enums import ErrorSeverity
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.api.graphql.types.nodes import STEP, TRACE, VERSION, link
from loopgraph.computes.analytics.error_patterns import MOST_NAMES, SAMPLES
from loopgraph.contracts.analytics import failures as contracts
from loopgraph.contracts.analytics.views import TimeRange


def _names(description: str) -> Any:
    return strawberry.field(description=description, directives=[at_most(MOST_NAMES)])


@strawberry.type(description="How many failures share a name.")
class NamedFailures:
    name: str = strawberry.field(description="What they share: an error type, an agent, a tool.")
    count: Long


@strawberry.type(description="How many failures are calls of one endpoint.")
class EndpointFailures:
    service_name: str
    endpoint_path: str
    count: Long


@strawberry.type(description="How many failures happened with one pattern version.")
class VersionFailures:
    node_id: strawberry.ID
    count: Long
    version = link("version", "node_id", VERSION, "The pattern version that ran, or was in force then.")


@strawberry.type(description="One failure, in the words of who reported it, as they are stored: without secrets.")
class ErrorSample:
    message: str = strawberry.field(description="The message; the middle of a long one is left out.")
    at: datetime = strawberry.field(description="When it happened, in UTC.")
    correlation_id: strawberry.ID
    execution_id: strawberry.ID | None
    call_id: strawberry.ID | None
    trace = link("head", "correlation_id", TRACE, "The trace that it happened in.")
    step = link("hook_execution", "execution_id", STEP, "The step that failed, or whose call did; null for others.")


@strawberry.type(description="What people know of an error pattern.")
class ErrorAnnotation:
    template_id: strawberry.ID = strawberry.field(
        description="The id of the template that it was written for, which may be more special, or more general."
    )
    template: str = strawberry.field(description="The template that it was written for.")
    known_fix: str | None = strawberry.field(description="How it is mended; null where nobody wrote it.")
    prevention: str | None = strawberry.field(description="How it is kept from happening; null where nobody wrote it.")
    updated_at: datetime
    updated_by: str = strawberry.field(description="Who wrote it last.")

    @classmethod
    def of(cls, annotation: contracts.ErrorAnnotation) -> Self:
        return shape(cls, annotation)


@strawberry.type(
    description="Failures whose messages follow one template: what looks like a value in them is `<n>`, `<str>`, `<path>`, "
    "`<url>`, `<time>`, `<id>`, `<hex>`, `<ip>` or `<email>`, and a word that differs is `<*>`."
)
class ErrorPattern:
    template_id: strawberry.ID = strawberry.field(description="A hash of the template, the same in every database.")
    template: str = strawberry.field(description="What their messages have in common.")
    severity: ErrorSeverity
    count: Long = strawberry.field(
        description="How many failures follow it; each counts once, wherever it is told again: see `errorPatterns`."
    )
    traces: Long = strawberry.field(description="How many traces they are in.")
    ended_traces: Long = strawberry.field(description="How many traces failed as a whole with it.")
    first_seen: datetime = strawberry.field(description="When the first of them in the range happened, in UTC.")
    last_seen: datetime = strawberry.field(description="When the last of them in the range happened, in UTC.")
    error_types: list[NamedFailures] = _names("Their error types, the most frequent first.")
    agents: list[NamedFailures] = _names("The agents they happened to, the most frequent first.")
    tools: list[NamedFailures] = _names(
        "The tools that failed (or types of steps without one), the most frequent first."
    )
    endpoints: list[EndpointFailures] = _names("The endpoints whose calls failed, the most frequent first.")
    versions: list[VersionFailures] = _names(
        "The pattern versions that ran, or that were in force when it happened, the most frequent first."
    )
    samples: list[ErrorSample] = strawberry.field(
        description="The latest of them whose messages differ.", directives=[at_most(SAMPLES)]
    )
    annotation: ErrorAnnotation | None = strawberry.field(
        description="What people know of it: written for this template, or else for one that is more general or more special."
    )

    @classmethod
    def of(cls, pattern: contracts.ErrorPattern) -> Self:
        return shape(
            cls,
            pattern,
            error_types=[shape(NamedFailures, one) for one in pattern.error_types],
            agents=[shape(NamedFailures, one) for one in pattern.agents],
            tools=[shape(NamedFailures, one) for one in pattern.tools],
            endpoints=[shape(EndpointFailures, one) for one in pattern.endpoints],
            versions=[
                VersionFailures(node_id=strawberry.ID(one.name), count=Long(one.count)) for one in pattern.versions
            ],
            samples=[shape(ErrorSample, one) for one in pattern.samples],
            annotation=ErrorAnnotation.of(pattern.annotation) if pattern.annotation else None,
        )


@strawberry.type(description="The error patterns of a range of time.")
class ErrorPatterns:
    since: datetime = strawberry.field(description="Traces that began before do not count.")
    until: datetime = strawberry.field(description="Nor do those that began then or later.")
    complete: bool = strawberry.field(
        description="Whether all traces of the window were looked at; if not, there may be more failures, before `reachesBackTo`."
    )
    patterns: list[ErrorPattern] = strawberry.field(
        description="The most frequent patterns, the most frequent first, as many as `first` says."
    )
    total_patterns: Long = strawberry.field(description="How many patterns there are.")
    failures: Long = strawberry.field(
        description="How many failures there are, each counted once: see `errorPatterns`."
    )
    untold: Long = strawberry.field(
        description="How many failures say nothing of what went wrong; they are in no pattern."
    )
    traces: Long = strawberry.field(
        description="How many traces were looked at: with `nodeId` those that used the version, with `agent` those of the agent, "
        "else those of the window."
    )
    reaches_back_to: datetime | None = strawberry.field(
        description="Traces that began before were not looked at, as there are too many in the range; null: all were."
    )

    @classmethod
    def of(cls, found: contracts.ErrorPatterns, span: TimeRange) -> Self:
        return shape(
            cls, found, since=span.since, until=span.until, complete=found.whole,
            patterns=[ErrorPattern.of(one) for one in found.patterns], total_patterns=found.total,
        )  # fmt: skip
