"""Queries over sessions."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.connections import Connection
from loopgraph.api.graphql.types.traces.sessions import SESSIONS, Session


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
