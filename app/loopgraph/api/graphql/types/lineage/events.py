"""The audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Info, plain, shape, validated
from loopgraph.api.graphql.types.connections import BY_TIME, Connection, Listing
from loopgraph.api.graphql.types.enums import ActorType, EventType, Severity
from loopgraph.api.graphql.types.nodes import EDGE, PATTERN, VERSION, Loaded, link, own_id
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.computes.live.cursors import cursor_text
from loopgraph.contracts import audit as contracts
from loopgraph.contracts.live import Cursor
from loopgraph.effects.clock import time_key
from loopgraph.orchestrators.live.feed import Update


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
@strawberry.type(description="One change of the lineage, or one access to it.")
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


@strawberry.type(description="Something was changed in the lineage.")
class LineageEventUpdate:
    place: strawberry.Private[Cursor]
    answers: strawberry.Private[dict[Any, Any] | None]
    event: LineageEvent | None = strawberry.field(description="What was changed; null where only `readFrom` is told.")
    missed: int = strawberry.field(
        description="How many updates before this one were left out, at most, because the subscriber was too slow or the events "
        "could not be read; then it is time to read them again."
    )
    read_from: datetime | None = strawberry.field(
        description="Null, but for the first update after an `after` that is so old that not all of what followed it is "
        "kept, and after the service was cut off from the graph for as long: what was changed since this instant is to be read "
        "anew."
    )

    @strawberry.field(description="Give it as `after` to go on after this update.")
    def cursor(self) -> str:
        return cursor_text(self.place)

    @classmethod
    def told(cls, update: Update[str, contracts.LineageEvent]) -> Self:
        event = None if update.thing is None else LineageEvent.of(update.thing)
        return cls(
            place=update.cursor, answers=update.answers, event=event, missed=update.missed, read_from=update.read_from
        )


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
        found = await info.context.services.events.page(wanted, page, info.context.principal)
    return _EVENTS.connection(found.events, LineageEvent.of, has_more=found.has_more, after=after)
