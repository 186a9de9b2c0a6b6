"""Sessions of agent clients."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Info, shape
from loopgraph.api.graphql.types.connections import BY_TIME, Connection, Listing
from loopgraph.api.graphql.types.list_size import short_list
from loopgraph.api.graphql.types.nodes import OUTCOME, OUTCOMES, Loaded, own_id, paged
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.api.graphql.types.traces.analytics import ModelUsageSums
from loopgraph.api.graphql.types.traces.records import LOGS, METRICS, LogRecord, MetricPoint
from loopgraph.api.graphql.types.traces.trace import TRACES, Trace
from loopgraph.contracts.analytics.views import NO_USAGE
from loopgraph.contracts.traces import sessions as contracts
from loopgraph.effects.traces.reading.sessions import session_key

SESSIONS = Listing[contracts.Session]("sessions", session_key, BY_TIME)


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
    project: str | None = strawberry.field(
        description="What its sender says that its work is for; null where it says nothing, and the folder counts."
    )
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
    outcomes = paged(
        "outcomes_of_session",
        "session_id",
        OUTCOMES,
        OUTCOME,
        "What others reported of what came of the session as a whole, the latest first.",
    )

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
        page = LOGS.page(info, first, after)
        found = await info.context.loaders.logs_of_session.load((self.session_id, page))
        return LOGS.connection(found.items, LogRecord.of, has_more=found.has_more, after=after)

    @strawberry.field(description="Data points of metrics of the session, in the order of time.")
    async def metrics(self, info: Info, first: int = 20, after: str | None = None) -> Connection[MetricPoint]:
        page = METRICS.page(info, first, after)
        found = await info.context.loaders.metrics_of_session.load((self.session_id, page))
        return METRICS.connection(found.items, MetricPoint.of, has_more=found.has_more, after=after)
