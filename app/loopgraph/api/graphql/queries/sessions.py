"""Queries over sessions."""

from __future__ import annotations

import strawberry
from strawberry import relay

from loopgraph.api.graphql.types.common import Info, connection, page_of
from loopgraph.api.graphql.types.sessions import Session
from loopgraph.effects.traces.sessions import session_key


@strawberry.type
class SessionQuery:
    @strawberry.field(description="A session of an agent client; null if there is none.")
    async def session(self, info: Info, id: strawberry.ID) -> Session | None:
        found = await info.context.loaders.session.load(id)
        return Session.of(found) if found else None

    @strawberry.field(description="Sessions, newest first.")
    async def sessions(self, info: Info, first: int = 20, after: str | None = None) -> relay.Connection[Session]:
        page = page_of(info, first, after)
        found = await info.context.services.sessions.page(page, info.context.principal)
        items = ((session_key(session), Session.of(session)) for session in found.items)
        return connection(items, has_more=found.has_more, after=after)
