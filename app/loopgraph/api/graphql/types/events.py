"""The audit trail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Info, connection, page_of, plain, shape, validated
from loopgraph.api.graphql.types.enums import ActorType, EventType, Severity
from loopgraph.api.graphql.types.presentation import later, present
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


@strawberry.type(description="One change of the lineage.")
class LineageEvent(relay.Node):
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

    @classmethod
    async def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        found = await info.context.loaders.event.load_many(list(node_ids))
        return [cls.of(event) if event else None for event in found]

    @strawberry.field(name="eventId")
    def raw_id(self) -> strawberry.ID:
        return strawberry.ID(self.event_id)

    @strawberry.field(description="The event as an audit-log line.")
    def audit_log_entry(self) -> JSON:
        return JSON(self.event.audit_log_entry())

    @strawberry.field(description="The event as a time-series point: Unix seconds and the keys to group by.")
    def time_series_entry(self) -> JSON:
        return JSON(self.event.time_series_entry())

    @strawberry.field(graphql_type=later("lineage", "Pattern") | None)
    async def pattern(self, info: Info) -> Any:
        return present(await info.context.loaders.pattern.load(self.pattern_id) if self.pattern_id else None)

    @strawberry.field(graphql_type=later("lineage", "PatternVersion") | None)
    async def version(self, info: Info) -> Any:
        return present(await info.context.loaders.version.load(self.node_id) if self.node_id else None)


async def events_connection(
    info: Info,
    first: int,
    after: str | None,
    filter: EventFilterInput | None,
    *,
    pattern_id: str | None = None,
    node_id: str | None = None,
) -> relay.Connection[LineageEvent]:
    """One page of the audit trail, newest first; ``pattern_id`` or ``node_id`` is what the field belongs to."""
    wanted = validated(contracts.EventFilter, plain(filter) if filter else {}, "filter")
    page, loaders = page_of(info, first, after), info.context.loaders
    if pattern_id is not None:
        found = await loaders.events_of_pattern.load((pattern_id, wanted, page))
    elif node_id is not None:
        found = await loaders.events_of_version.load((node_id, wanted, page))
    else:
        found = await info.context.services.events.page(wanted, page)
    items = ((time_key(event.recorded_at, event.event_id), LineageEvent.of(event)) for event in found.events)
    return connection(items, has_more=found.has_more, after=after)
