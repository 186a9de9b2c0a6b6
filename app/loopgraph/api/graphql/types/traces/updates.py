"""Updates of traces, for those who follow them."""

from __future__ import annotations

from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.enums import TracePart, TraceStatus
from loopgraph.api.graphql.types.traces.trace import Trace
from loopgraph.contracts import trace_updates as contracts


@strawberry.input(description="Which traces to follow; what is left out does not filter.")
class TraceUpdateFilterInput:
    session_id: strawberry.ID | None = None
    correlation_id: strawberry.ID | None = None
    agent: str | None = strawberry.field(
        default=None, description="The agent that the routing selected, or the type of the subagent whose work it is."
    )
    status: list[TraceStatus] = strawberry.field(
        default_factory=list, description="Any of these, once the update is recorded."
    )


@strawberry.type(description="Something was recorded for a trace.")
class TraceUpdate:
    correlation_id: strawberry.ID
    part: TracePart = strawberry.field(description="What of the trace was recorded.")
    kind: str = strawberry.field(
        description="What of the trace was recorded, as a text in small letters.",
        deprecation_reason="Use `part`, which is an enum.",
    )
    execution_id: strawberry.ID | None = strawberry.field(
        description="Of the hook execution, endpoint call or log record."
    )
    trace: Trace = strawberry.field(description="The trace as it was soon after.")
    missed: int = strawberry.field(
        description="How many updates before this one were left out, at most, because the subscriber was too slow or the "
        "traces could not be read; then it is time to read them again."
    )

    @classmethod
    def of(cls, update: contracts.TraceUpdate) -> Self:
        trace, part = Trace.of(update.trace), update.kind
        return shape(cls, update, correlation_id=update.trace.correlation_id, trace=trace, part=part, kind=part.value)
