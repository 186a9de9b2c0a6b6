"""Log records, and data points of metrics."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Info, shape
from loopgraph.api.graphql.types.connections import Connection, Listing
from loopgraph.api.graphql.types.enums import Temporality
from loopgraph.api.graphql.types.nodes import SESSION, TRACE, link
from loopgraph.contracts.traces import sessions as contracts
from loopgraph.effects.traces.reading.records import log_key, metric_key

_BY_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+\d\d:\d\d\|.+"

LOGS = Listing[contracts.LogRecord]("logs", log_key, _BY_INSTANT)
METRICS = Listing[contracts.MetricPoint]("metrics", metric_key, _BY_INSTANT)
NEWEST_LOGS = Listing[contracts.LogRecord]("newestLogs", log_key, _BY_INSTANT)
NEWEST_METRICS = Listing[contracts.MetricPoint]("newestMetrics", metric_key, _BY_INSTANT)


@strawberry.type(description="A log record that has no place of its own in a trace.")
class LogRecord:
    record_id: strawberry.ID
    correlation_id: strawberry.ID | None
    session_id: strawberry.ID | None
    span_key: strawberry.ID | None = strawberry.field(
        description="The step or call whose span it names; null where it names none."
    )
    name: str | None
    severity: str | None
    at: datetime = strawberry.field(description="Its own instant, or that of its arrival.")
    sequence: float | None = strawberry.field(description="Its number within the session, as the client counts.")
    body: JSON | None
    context: JSON
    trace = link("head", "correlation_id", TRACE, "The trace that it belongs to.")
    session = link("session", "session_id", SESSION, "The session that it belongs to.")

    @classmethod
    def of(cls, record: contracts.LogRecord) -> Self:
        return shape(cls, record)


@strawberry.type(description="A data point of a metric.")
class MetricPoint:
    point_id: strawberry.ID
    session_id: strawberry.ID | None
    name: str
    unit: str
    temporality: Temporality
    value: float = strawberry.field(description="The sum of a histogram.")
    count: float | None = strawberry.field(description="How many measurements a histogram holds.")
    started_at: datetime | None
    at: datetime
    context: JSON
    session = link("session", "session_id", SESSION, "The session that it belongs to.")

    @classmethod
    def of(cls, point: contracts.MetricPoint) -> Self:
        return shape(cls, point)


async def logs_of_step(
    info: Info, id_: str, correlation_id: str, first: int, after: str | None
) -> Connection[LogRecord]:
    """A page of the log records of a step or call."""
    page = LOGS.page(info, first, after)
    found = await info.context.loaders.logs_of_step.load(((correlation_id, id_), page))
    return LOGS.connection(found.items, LogRecord.of, has_more=found.has_more, after=after)


def _about(description: str) -> Any:
    return strawberry.field(default=None, description=description)


@strawberry.input(
    description="Which log records; what is left out does not filter, and one must pass all that is given."
)
class LogFilterInput:
    session_id: strawberry.ID | None = None
    without_session: bool = strawberry.field(default=False, description="Only those that name no session.")
    correlation_id: strawberry.ID | None = _about("Those of this trace.")
    name: str | None = _about("The name of the event.")
    severity: str | None = _about("In the words of the sender, such as `ERROR`.")
    since: datetime | None = _about("Inclusive.")
    until: datetime | None = _about("Exclusive.")


@strawberry.input(
    description="Which data points; what is left out does not filter, and one must pass all that is given."
)
class MetricFilterInput:
    session_id: strawberry.ID | None = None
    without_session: bool = strawberry.field(default=False, description="Only those that name no session.")
    name: str | None = _about("The name of the metric.")
    since: datetime | None = _about("Inclusive.")
    until: datetime | None = _about("Exclusive.")
