"""Queries over sessions, log records and data points of metrics."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.common import Info, plain, validated
from loopgraph.api.graphql.types.connections import Connection
from loopgraph.api.graphql.types.traces.records import (
    NEWEST_LOGS,
    NEWEST_METRICS,
    LogFilterInput,
    LogRecord,
    MetricFilterInput,
    MetricPoint,
)
from loopgraph.api.graphql.types.traces.sessions import SESSIONS, Session
from loopgraph.contracts.traces.sessions import LogFilter, MetricFilter


@strawberry.type
class SessionQuery:
    @strawberry.field(description="A session of an agent client; null if there is none.")
    async def session(self, info: Info, id: strawberry.ID) -> Session | None:
        found = await info.context.loaders.session.load(id)
        return Session.of(found) if found else None

    @strawberry.field(description="Sessions, newest first.")
    async def sessions(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Session]:
        page = SESSIONS.page(info, first, after)
        found = await info.context.services.sessions.page(page, info.context.principal)
        return SESSIONS.connection(found.items, Session.of, has_more=found.has_more, after=after)

    @strawberry.field(
        description="Log records of sessions, of traces, and of neither, newest first. All of a range are looked at: "
        "give one where there are many."
    )
    async def logs(
        self, info: Info, first: int = 20, after: str | None = None, filter: LogFilterInput | None = None
    ) -> Connection[LogRecord]:
        wanted = validated(LogFilter, plain(filter) if filter else {}, "filter")
        page = NEWEST_LOGS.page(info, first, after)
        found = await info.context.services.records.logs(wanted, page, info.context.principal)
        return NEWEST_LOGS.connection(found.items, LogRecord.of, has_more=found.has_more, after=after)

    @strawberry.field(
        description="Data points of metrics of sessions, and of none, newest first. All of a range are looked at: "
        "give one where there are many."
    )
    async def metrics(
        self, info: Info, first: int = 20, after: str | None = None, filter: MetricFilterInput | None = None
    ) -> Connection[MetricPoint]:
        wanted = validated(MetricFilter, plain(filter) if filter else {}, "filter")
        page = NEWEST_METRICS.page(info, first, after)
        found = await info.context.services.records.metrics(wanted, page, info.context.principal)
        return NEWEST_METRICS.connection(found.items, MetricPoint.of, has_more=found.has_more, after=after)
