"""What every change can say of itself: who makes it, and as part of what."""

from __future__ import annotations

import strawberry

from loopgraph.api.access import is_known, origin
from loopgraph.api.graphql.types.common import Info, checked
from loopgraph.api.graphql.types.enums import ActorType
from loopgraph.contracts.audit import ActorName, Origin
from loopgraph.contracts.base import Id


@strawberry.input(
    description="Who makes a change, where the service tells nobody apart; with tokens, who shows one makes it."
)
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
    """Who makes this change, and as part of what: the principal where it is known, and not what the input says."""
    correlation_id = change.correlation_id or info.context.correlation_id
    principal = info.context.principal
    if is_known(principal) or change.actor is None:
        return origin(principal, checked(Id, correlation_id, "input.correlationId"))
    actor_type, actor_id = change.actor.type, change.actor.id
    return Origin(
        actor_type=actor_type,
        actor_id=checked(ActorName, actor_id, "input.actor.id"),
        correlation_id=checked(Id, correlation_id, "input.correlationId"),
    )
