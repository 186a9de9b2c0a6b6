"""Sessions of agent clients, with their traces, log records and data points of metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Info, connection, encode_cursor, page_of, shape
from loopgraph.api.graphql.types.enums import Temporality
from loopgraph.api.graphql.types.list_size import short_list
from loopgraph.api.graphql.types.traces import Trace
from loopgraph.contracts import sessions as contracts
from loopgraph.contracts.base import Page
from loopgraph.effects.traces.mapping import trace_key
from loopgraph.effects.traces.sessions import Items, log_key, metric_key


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


@strawberry.type
class LogRecordEdge:
    cursor: str
    node: LogRecord


@strawberry.type(description="Log records, in the order of time.")
class LogRecordConnection:
    page_info: relay.PageInfo
    edges: list[LogRecordEdge]


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


@strawberry.type
class MetricPointEdge:
    cursor: str
    node: MetricPoint


@strawberry.type(description="Data points, in the order of time.")
class MetricPointConnection:
    page_info: relay.PageInfo
    edges: list[MetricPointEdge]


@strawberry.type(description="A run of an agent client. All but its id may be unknown.")
class Session(relay.Node):
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

    @classmethod
    async def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        found = await info.context.loaders.session.load_many(list(node_ids))
        return [cls.of(session) if session else None for session in found]

    @strawberry.field(name="sessionId")
    def raw_id(self) -> strawberry.ID:
        return strawberry.ID(self.session_id)

    @strawberry.field(description="Its traces, those of subagents too, newest first.")
    async def traces(self, info: Info, first: int = 20, after: str | None = None) -> relay.Connection[Trace]:
        found = await info.context.loaders.traces_of_session.load(self._key(info, first, after))
        items = ((trace_key(trace), Trace.of(trace)) for trace in found.items)
        return connection(items, has_more=found.has_more, after=after)

    @strawberry.field(description="Log records of the session and of its traces, in the order of time.")
    async def logs(self, info: Info, first: int = 20, after: str | None = None) -> LogRecordConnection:
        found = await info.context.loaders.logs_of_session.load(self._key(info, first, after))
        edges = [
            LogRecordEdge(cursor=encode_cursor(log_key(item)), node=shape(LogRecord, item)) for item in found.items
        ]
        return LogRecordConnection(page_info=_about(found, log_key, after), edges=edges)

    @strawberry.field(description="Data points of metrics of the session, in the order of time.")
    async def metrics(self, info: Info, first: int = 20, after: str | None = None) -> MetricPointConnection:
        found = await info.context.loaders.metrics_of_session.load(self._key(info, first, after))
        edges = [
            MetricPointEdge(cursor=encode_cursor(metric_key(item)), node=shape(MetricPoint, item))
            for item in found.items
        ]
        return MetricPointConnection(page_info=_about(found, metric_key, after), edges=edges)

    def _key(self, info: Info, first: int, after: str | None) -> tuple[str, Page]:
        return self.session_id, page_of(info, first, after)


def _about(found: Items[Any], key: Callable[[Any], str], after: str | None) -> relay.PageInfo:
    return relay.PageInfo(
        has_next_page=found.has_more,
        has_previous_page=after is not None,
        start_cursor=encode_cursor(key(found.items[0])) if found.items else None,
        end_cursor=encode_cursor(key(found.items[-1])) if found.items else None,
    )
