"""Reads of sessions and of what belongs to them. All take many ids at once, and who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from loopgraph.assets import Query, query
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.traces.records import Trace
from loopgraph.contracts.traces.sessions import LogRecord, MetricPoint, Session
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.values import json_value
from loopgraph.effects.traces.reading.reads import LAST, reader_of
from loopgraph.effects.traces.reading.records import Items, log_record, metric_point, page_of, position_of
from loopgraph.effects.traces.recording import mapping as trace_mapping

T = TypeVar("T")
Properties = dict[str, Any]

_SESSIONS_BY_ID = query("traces/sessions_by_id")
_SESSIONS_PAGE = query("traces/sessions_page")
_TRACES_OF_SESSIONS = query("traces/traces_of_sessions")
_LOGS_OF_SESSIONS = query("traces/logs_of_sessions")
_POINTS_OF_SESSIONS = query("traces/points_of_sessions")


class SessionReads:
    """Reads sessions, their traces, log records and data points of metrics."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def by_id(self, session_ids: Iterable[str], principal: Principal | None) -> dict[str, Session]:
        """Sessions by id; unknown and hidden ids are absent."""
        ids = list(dict.fromkeys(session_ids))
        rows = await self._graph.read(_SESSIONS_BY_ID, session_ids=ids, reader=reader_of(principal))
        return {found.session_id: found for found in (session(row["session"]) for row in rows)}

    async def page(self, page: Page, principal: Principal | None) -> Items[Session]:
        """Sessions, newest first. ``page.after`` is the ``session_key`` of the last session seen."""
        rows = await self._graph.read(
            _SESSIONS_PAGE, before=page.after or LAST, reader=reader_of(principal), limit=page.first + 1
        )
        return page_of([session(row["session"]) for row in rows], page)

    async def traces(
        self, session_ids: Iterable[str], page: Page, principal: Principal | None
    ) -> dict[str, Items[Trace]]:
        """A page of the traces of each session, newest first. ``page.after`` is the ``trace_key`` of the last trace seen."""
        position = {"before": page.after or LAST, "reader": reader_of(principal)}
        return await self._pages(_TRACES_OF_SESSIONS, session_ids, page, trace_mapping.trace, position)

    async def logs(
        self, session_ids: Iterable[str], page: Page, principal: Principal | None
    ) -> dict[str, Items[LogRecord]]:
        """A page of the log records of each session and its traces, in the order of time.

        ``page.after`` is the ``log_key`` of the last record seen. Raises InvalidInput for one that is no such key.
        """
        at, id_ = position_of(page)
        position = {"at": at, "record_id": id_, "reader": reader_of(principal)}
        return await self._pages(_LOGS_OF_SESSIONS, session_ids, page, log_record, position)

    async def metrics(self, session_ids: Iterable[str], page: Page) -> dict[str, Items[MetricPoint]]:
        """A page of the data points of each session, in the order of time; whoever may see a session may see them.

        ``page.after`` is the ``metric_key`` of the last point seen. Raises InvalidInput for one that is no such key.
        """
        at, id_ = position_of(page)
        return await self._pages(_POINTS_OF_SESSIONS, session_ids, page, metric_point, {"at": at, "point_id": id_})

    async def _pages(
        self,
        statement: Query,
        session_ids: Iterable[str],
        page: Page,
        item: Callable[[Properties], T],
        position: Properties,
    ) -> dict[str, Items[T]]:
        """A page for each id given."""
        found: dict[str, list[T]] = {id_: [] for id_ in session_ids}
        for row in await self._graph.read(statement, session_ids=list(found), limit=page.first + 1, **position):
            found[row["session_id"]] = list(map(item, row["items"]))
        return {id_: page_of(items, page) for id_, items in found.items()}


# Keys: what ``Page.after`` takes


def session_key(session: Session) -> str:
    """The key of a session in the order of time."""
    return time_key(session.at, session.session_id)


# Properties → contracts


def session(properties: Properties) -> Session:
    """The session of a ``:Session`` node."""
    values = {name: properties.get(name) for name in Session.model_fields}
    context, tags = json_value(properties.get("context")) or {}, tuple(properties.get("tags") or ())
    return Session(**{**values, "context": context, "tags": tags})
