"""Whatever has a global id, by it."""

from __future__ import annotations

import strawberry
from strawberry import relay

from loopgraph.api.graphql.ids import find, is_global
from loopgraph.api.graphql.types.common import Info
from loopgraph.errors import InvalidInput


@strawberry.type
class NodeQuery:
    @strawberry.field(description="Anything that has a global id, by it; null if there is none.")
    async def node(self, info: Info, id: strawberry.ID) -> relay.Node | None:
        if not is_global(id):
            raise InvalidInput("id", "must be a global id of this API, as the field `id` of a node gives it")
        [found] = await find(info, [id])
        return found  # type: ignore[no-any-return]  # a union of all nodes

    @strawberry.field(
        description="Several things by their global ids, in their order; null for an id that nothing has.",
    )
    async def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[relay.Node | None]:
        return await find(info, list(ids))
