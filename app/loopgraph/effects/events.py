"""The audit trail: written inside the transactions that change something, read as pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.base import JsonMap, Page
from loopgraph.contracts.events import EventFilter, EventPage, EventType, LineageEvent, Origin, Severity
from loopgraph.effects import mapping
from loopgraph.effects.clock import new_id, now, time_key
from loopgraph.effects.graph import Graph, Transaction

_CREATE = query("lineage/create_events")
_PAGE = query("lineage/events_page")
_BY_ID = query("lineage/events_by_id")

LAST = "~"
"""Sorts after every digit and letter of a key."""


def make_event(
    event_type: EventType,
    origin: Origin,
    *,
    pattern_id: str | None = None,
    node_id: str | None = None,
    edge_id: str | None = None,
    before: JsonMap | None = None,
    after: JsonMap | None = None,
    data: JsonMap | None = None,
    severity: Severity = Severity.INFO,
) -> LineageEvent:
    """A new event, dated now. Made outside the transaction that writes it, because that may run twice."""
    return LineageEvent(
        event_id=new_id(),
        event_type=event_type,
        severity=severity,
        recorded_at=now(),
        actor_type=origin.actor_type,
        actor_id=origin.actor_id,
        correlation_id=origin.correlation_id,
        pattern_id=pattern_id,
        node_id=node_id,
        edge_id=edge_id,
        before=before,
        after=after,
        data=data or {},
    )


async def record(tx: Transaction, *events: LineageEvent) -> None:
    """Writes events as part of a transaction."""
    await tx.run(_CREATE, events=[mapping.event_properties(event) for event in events])


class Events:
    """Reads the audit trail."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def page(self, filter: EventFilter, page: Page) -> EventPage:
        """Events that pass the filter, newest first. ``page.after`` is the time key of the last event seen."""
        key, prefix = "time_key", ""
        if filter.node_id:
            key, prefix = "node_key", f"{filter.node_id}|"
        elif filter.correlation_id:
            key, prefix = "correlation_key", f"{filter.correlation_id}|"
        elif filter.pattern_id:
            key, prefix = "pattern_key", f"{filter.pattern_id}|"
        until = time_key(filter.until, "") if filter.until else LAST
        rows = await self._graph.read(
            _PAGE.choose(EVENT_KEY=key),
            above=prefix + (time_key(filter.since, "") if filter.since else ""),
            before=prefix + (min(page.after, until) if page.after else until),
            pattern_id=filter.pattern_id,
            node_id=filter.node_id,
            correlation_id=filter.correlation_id,
            event_types=_values(filter.event_types),
            severities=_values(filter.severities),
            actor_type=filter.actor_type,
            actor_id=filter.actor_id,
            limit=page.first + 1,
        )
        events = tuple(mapping.event(row["event"]) for row in rows)
        return EventPage(events=events[: page.first], has_more=len(events) > page.first)

    async def by_id(self, event_ids: Sequence[str]) -> dict[str, LineageEvent]:
        """Events by id; unknown ids are absent."""
        rows = await self._graph.read(_BY_ID, event_ids=event_ids)
        return {found.event_id: found for found in (mapping.event(row["event"]) for row in rows)}


def _values(chosen: frozenset[Any] | None) -> list[str] | None:
    return sorted(item.value for item in chosen) if chosen is not None else None
