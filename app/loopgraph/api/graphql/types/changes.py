"""What every change can say of itself: who makes it, and as part of what."""

from __future__ import annotations

import strawberry

from loopgraph.api.access import LOCAL
from loopgraph.api.graphql.types.common import Info, checked
from loopgraph.api.graphql.types.enums import ActorType
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.base import Id, Name


@strawberry.input(description="Who makes a change. Left out: the principal of the request, or an anonymous user.")
class ActorInput:
    type: ActorType = ActorType.USER
    id: str


@strawberry.input
class ChangeInput:
    """What every change can say of itself."""

    actor: ActorInput | None = None
    correlation_id: strawberry.ID | None = strawberry.field(
        default=None, description="Ties the events of this change together; left out: the request's X-Correlation-ID."
    )


def origin_of(info: Info, change: ChangeInput) -> Origin:
    """Who makes this change, and as part of what."""
    principal = info.context.principal
    actor_type, actor_id = ActorType.USER, "anonymous"
    if principal is not None and principal is not LOCAL:
        actor_id = principal.subject
    if change.actor is not None:
        actor_type, actor_id = change.actor.type, change.actor.id
    correlation_id = change.correlation_id or info.context.correlation_id
    return Origin(
        actor_type=actor_type,
        actor_id=checked(Name, actor_id, "input.actor.id"),
        correlation_id=checked(Id, correlation_id, "input.correlationId"),
    )
