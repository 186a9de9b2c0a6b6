"""The audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Info, plain, shape, validated
from loopgraph.api.graphql.types.connections import BY_TIME, Connection, Listing
from loopgraph.api.graphql.types.enums import ActorType, EventType, Severity
from loopgraph.api.graphql.types.nodes import EDGE, PATTERN, VERSION, Loaded, link, own_id
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.contracts import audit as contracts
from loopgraph.effects.clock import time_key


@strawberry.input(description="Which events; what is left out does not filter.")
class EventFilterInput:
    pattern_id: strawberry.ID | None = None
    node_id: strawberry.ID | None = None
    correlation_id: strawberry.ID | None = None
    event_types: list[EventType] | None = None
    actor_type: ActorType | None = None
    actor_id: str | None = None
    severities: list[Severity] | None = None
    since: datetime | None = strawberry.field(default=None, description="Inclusive.")
    until: datetime | None = strawberry.field(default=None, description="Exclusive.")


@presents(contracts.LineageEvent)
@strawberry.type(description="One change of the lineage.")
class LineageEvent(Loaded, relay.Node):
    loader = "event"
    event: strawberry.Private[contracts.LineageEvent]
    event_id: relay.NodeID[str]
    event_type: EventType
    severity: Severity
    recorded_at: datetime
    actor_type: ActorType
    actor_id: str
    correlation_id: strawberry.ID | None
    pattern_id: strawberry.ID | None
    node_id: strawberry.ID | None
    edge_id: strawberry.ID | None
    before: JSON | None = strawberry.field(description="What changed, as it was.")
    after: JSON | None = strawberry.field(description="What changed, as it is now.")
    data: JSON

    @classmethod
    def of(cls, event: contracts.LineageEvent) -> Self:
        return shape(cls, event, event=event)

    raw_id = own_id("event_id")
    pattern = link("pattern", "pattern_id", PATTERN, "The pattern it is about.")
    version = link("version", "node_id", VERSION, "The version it is about.")
    edge = link("edge", "edge_id", EDGE, "The edge it is about.")

    @strawberry.field(description="The event as an audit-log line.")
    def audit_log_entry(self) -> JSON:
        return JSON(self.event.audit_log_entry())

    @strawberry.field(description="The event as a time-series point: Unix seconds and the keys to group by.")
    def time_series_entry(self) -> JSON:
        return JSON(self.event.time_series_entry())


_EVENTS = Listing[contracts.LineageEvent]("events", lambda event: time_key(event.recorded_at, event.event_id), BY_TIME)


async def events_connection(
    info: Info,
    first: int,
    after: str | None,
    filter: EventFilterInput | None,
    *,
    pattern_id: str | None = None,
    node_id: str | None = None,
) -> Connection[LineageEvent]:
    """One page of the audit trail, newest first; ``pattern_id`` or ``node_id`` is what the field belongs to."""
    wanted = validated(contracts.EventFilter, plain(filter) if filter else {}, "filter")
    page, loaders = _EVENTS.page(info, first, after), info.context.loaders
    if pattern_id is not None:
        found = await loaders.events_of_pattern.load((pattern_id, wanted, page))
    elif node_id is not None:
        found = await loaders.events_of_version.load((node_id, wanted, page))
    else:
        found = await info.context.services.events.page(wanted, page)
    return _EVENTS.connection(found.events, LineageEvent.of, has_more=found.has_more, after=after)
