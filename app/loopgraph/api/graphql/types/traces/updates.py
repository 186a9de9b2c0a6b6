"""Updates of traces, for those who follow them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import strawberry

from loopgraph.api.graphql.types.enums import TracePart, TraceStatus
from loopgraph.api.graphql.types.traces.trace import Trace
from loopgraph.computes.live.cursors import cursor_text
from loopgraph.contracts.live import Cursor, TraceNews
from loopgraph.contracts.traces import records
from loopgraph.contracts.traces.updates import TracePart as Part
from loopgraph.orchestrators.live.feed import Update


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
    place: strawberry.Private[Cursor]
    answers: strawberry.Private[dict[Any, Any] | None]
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
    read_from: datetime | None = strawberry.field(
        description="Null, but for the first update after an `after` that is so old that not all of what followed it is "
        "kept, and after the service was cut off from the graph for as long: what was recorded since this instant is to be read "
        "anew."
    )

    @strawberry.field(description="Give it as `after` to go on after this update.")
    def cursor(self) -> str:
        return cursor_text(self.place)

    @classmethod
    def told(cls, update: Update[TraceNews, records.Trace]) -> Self:
        """An update that is about a trace."""
        named, trace = update.named, update.thing
        assert named is not None
        assert trace is not None
        part = Part(named.kind)
        return cls(
            place=update.cursor,
            answers=update.answers,
            correlation_id=strawberry.ID(trace.correlation_id),
            part=part,
            kind=part.value,
            execution_id=None if named.execution_id is None else strawberry.ID(named.execution_id),
            trace=Trace.of(trace),
            missed=update.missed,
            read_from=update.read_from,
        )
