"""Sessions of agent clients, with their traces, log records and data points of metrics."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Info, shape
from loopgraph.api.graphql.types.connections import BY_TIME, Connection, Listing
from loopgraph.api.graphql.types.enums import Temporality
from loopgraph.api.graphql.types.list_size import short_list
from loopgraph.api.graphql.types.nodes import SESSION, TRACE, Loaded, link, own_id
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.api.graphql.types.traces.analytics import ModelUsageSums
from loopgraph.api.graphql.types.traces.trace import TRACES, Trace
from loopgraph.contracts import sessions as contracts
from loopgraph.contracts.analytics import NO_USAGE
from loopgraph.effects.traces.sessions import log_key, metric_key, session_key

_BY_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+\d\d:\d\d\|.+"

SESSIONS = Listing[contracts.Session]("sessions", session_key, BY_TIME)
_LOGS = Listing[contracts.LogRecord]("logs", log_key, _BY_INSTANT)
_METRICS = Listing[contracts.MetricPoint]("metrics", metric_key, _BY_INSTANT)


@strawberry.type(description="A log record that has no place of its own in a trace.")
class LogRecord:
    record_id: strawberry.ID
    correlation_id: strawberry.ID | None
    session_id: strawberry.ID | None
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


@presents(contracts.Session)
@strawberry.type(description="A run of an agent client. All but its id may be unknown.")
class Session(Loaded, relay.Node):
    loader = "session"
    session_id: relay.NodeID[str]
    started_at: datetime | None
    ended_at: datetime | None
    source: str | None
    end_reason: str | None
    client: str | None
    client_version: str | None
    cwd: str | None
    transcript_path: str | None
    model: str | None
    user_id: str | None
    context: JSON
    tags: list[str] = short_list()
    created_at: datetime = strawberry.field(description="When it was first heard of.")

    @classmethod
    def of(cls, session: contracts.Session) -> Self:
        return shape(cls, session)

    raw_id = own_id("session_id")

    @strawberry.field(description="Its traces, those of subagents too, newest first.")
    async def traces(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Trace]:
        page = TRACES.page(info, first, after)
        found = await info.context.loaders.traces_of_session.load((self.session_id, page))
        return TRACES.connection(found.items, Trace.of, has_more=found.has_more, after=after)

    @strawberry.field(description="What the calls of language models in all of its traces used and cost.")
    async def model_usage(self, info: Info) -> ModelUsageSums:
        return ModelUsageSums.of(await info.context.loaders.model_usage_of_session.load(self.session_id) or NO_USAGE)

    @strawberry.field(description="Log records of the session and of its traces, in the order of time.")
    async def logs(self, info: Info, first: int = 20, after: str | None = None) -> Connection[LogRecord]:
        page = _LOGS.page(info, first, after)
        found = await info.context.loaders.logs_of_session.load((self.session_id, page))
        return _LOGS.connection(found.items, LogRecord.of, has_more=found.has_more, after=after)

    @strawberry.field(description="Data points of metrics of the session, in the order of time.")
    async def metrics(self, info: Info, first: int = 20, after: str | None = None) -> Connection[MetricPoint]:
        page = _METRICS.page(info, first, after)
        found = await info.context.loaders.metrics_of_session.load((self.session_id, page))
        return _METRICS.connection(found.items, MetricPoint.of, has_more=found.has_more, after=after)
