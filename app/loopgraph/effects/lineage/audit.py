"""The audit trail: written inside the transactions that change something, read as pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loopgraph.assets import Query, query
from loopgraph.contracts.audit import (
    CHANGES,
    PERSONAL,
    SEVERITIES,
    EventFilter,
    EventPage,
    EventType,
    LineageEvent,
    Origin,
    Severity,
    told_to,
)
from loopgraph.contracts.base import JsonMap, Page, Principal, asker_of, problem_of_id
from loopgraph.effects.clock import new_id, now, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.lineage import mapping
from loopgraph.errors import InvalidInput

_CREATE = query("lineage/create_events")
_PAGE = query("lineage/events_page")
_BY_ID = query("lineage/events_by_id")
_OF_PATTERNS = query("lineage/events_of_patterns")
_OF_VERSIONS = query("lineage/events_of_versions")

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
) -> LineageEvent:
    """A new event, dated now, of the severity of its type.

    Made outside the transaction that writes it, because that may run twice. Raises InvalidInput for an id that nothing can have.
    """
    for field, id_ in (("pattern_id", pattern_id), ("node_id", node_id), ("edge_id", edge_id)):
        if id_ is not None and (problem := problem_of_id(id_)):
            raise InvalidInput(field, problem)
    return LineageEvent(
        event_id=new_id(),
        event_type=event_type,
        severity=SEVERITIES.get(event_type, Severity.INFO),
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
    await tx.write(_CREATE, [mapping.event_properties(event) for event in events], into="events")


class Events:
    """Reads the audit trail, as far as who asks is told of it (None: all)."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def page(self, filter: EventFilter, page: Page, principal: Principal | None = None) -> EventPage:
        """Events that pass the filter, newest first. ``page.after`` is the time key of the last event seen."""
        if asker_of(principal) is not None:
            filter = _of_changes(filter)
        key, prefix = "time_key", ""
        if filter.node_id:
            key, prefix = "node_key", f"{filter.node_id}|"
        elif filter.correlation_id:
            key, prefix = "correlation_key", f"{filter.correlation_id}|"
        elif filter.pattern_id:
            key, prefix = "pattern_key", f"{filter.pattern_id}|"
        rows = await self._graph.read(_PAGE.choose(EVENT_KEY=key), **_conditions(filter, page, principal, prefix))
        return _page([row["event"] for row in rows], page)

    async def pages_of_patterns(
        self, pattern_ids: Sequence[str], filter: EventFilter, page: Page, principal: Principal | None = None
    ) -> dict[str, EventPage]:
        """One page of the changes of each pattern that pass the filter; see ``page``."""
        return await self._pages(_OF_PATTERNS, "pattern_id", pattern_ids, filter, page, principal)

    async def pages_of_versions(
        self, node_ids: Sequence[str], filter: EventFilter, page: Page, principal: Principal | None = None
    ) -> dict[str, EventPage]:
        """One page of the changes of each version that pass the filter; see ``page``."""
        return await self._pages(_OF_VERSIONS, "node_id", node_ids, filter, page, principal)

    async def _pages(
        self,
        statement: Query,
        owner: str,
        ids: Sequence[str],
        filter: EventFilter,
        page: Page,
        principal: Principal | None,
    ) -> dict[str, EventPage]:
        filter = _of_changes(filter)
        if len(ids) == 1 and getattr(filter, owner) is None:  # what one has is in an index in order
            return {ids[0]: await self.page(filter.model_copy(update={owner: ids[0]}), page, principal)}
        rows = await self._graph.read(statement, ids=ids, **_conditions(filter, page, principal))
        found: dict[str, list[mapping.Properties]] = {id_: [] for id_ in ids}
        for row in rows:
            found[row["id"]].append(row["event"])
        return {id_: _page(events, page) for id_, events in found.items()}

    async def by_id(self, event_ids: Sequence[str], principal: Principal | None = None) -> dict[str, LineageEvent]:
        """Events by id; unknown and hidden ids are absent."""
        rows = await self._graph.read(_BY_ID, event_ids=event_ids)
        found = [mapping.event(row["event"]) for row in rows]
        return {one.event_id: one for one in found if told_to(one, principal)}


def _of_changes(filter: EventFilter) -> EventFilter:
    """The filter, of changes alone."""
    wanted = CHANGES if filter.event_types is None else filter.event_types & CHANGES
    return filter.model_copy(update={"event_types": wanted})


def _conditions(filter: EventFilter, page: Page, principal: Principal | None, prefix: str = "") -> dict[str, Any]:
    """The parameters of a page; its keys begin with ``prefix``."""
    until = time_key(filter.until, "") if filter.until else LAST
    return {
        "above": prefix + (time_key(filter.since, "") if filter.since else ""),
        "before": prefix + (min(page.after, until) if page.after else until),
        "pattern_id": filter.pattern_id,
        "node_id": filter.node_id,
        "correlation_id": filter.correlation_id,
        "event_types": _values(filter.event_types),
        "severities": _values(filter.severities),
        "actor_type": filter.actor_type,
        "actor_id": filter.actor_id,
        "personal": _values(PERSONAL),
        "asker": asker_of(principal),
        "limit": page.first + 1,
    }


def _page(found: Sequence[mapping.Properties], page: Page) -> EventPage:
    """The page of what was found, one more than it holds; no engine promises the order of a subquery's rows."""
    events = sorted(map(mapping.event, found), key=lambda event: (event.recorded_at, event.event_id), reverse=True)
    return EventPage(events=tuple(events[: page.first]), has_more=len(events) > page.first)


def _values(chosen: frozenset[Any] | None) -> list[str] | None:
    return sorted(item.value for item in chosen) if chosen is not None else None
