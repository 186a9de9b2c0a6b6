"""Reads of sessions and of what belongs to them. All take many ids at once, and who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar

from loopgraph.assets import Query, query
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.sessions import LogRecord, MetricPoint, Session
from loopgraph.contracts.traces import Trace
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.values import json_value
from loopgraph.effects.traces import mapping as trace_mapping
from loopgraph.effects.traces.reads import LAST, subject_of
from loopgraph.errors import InvalidInput

T = TypeVar("T")
Properties = dict[str, Any]

_SESSIONS_BY_ID = query("traces/sessions_by_id")
_SESSIONS_PAGE = query("traces/sessions_page")
_TRACES_OF_SESSIONS = query("traces/traces_of_sessions")
_LOGS_OF_SESSIONS = query("traces/logs_of_sessions")
_POINTS_OF_SESSIONS = query("traces/points_of_sessions")

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class Items(NamedTuple, Generic[T]):
    """One page of a list, and whether more follow."""

    items: tuple[T, ...]
    has_more: bool


class SessionReads:
    """Reads sessions, their traces, log records and data points of metrics."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def by_id(self, session_ids: Iterable[str], principal: Principal | None) -> dict[str, Session]:
        """Sessions by id; unknown and hidden ids are absent."""
        ids = list(dict.fromkeys(session_ids))
        rows = await self._graph.read(_SESSIONS_BY_ID, session_ids=ids, subject=subject_of(principal))
        return {found.session_id: found for found in (session(row["session"]) for row in rows)}

    async def page(self, page: Page, principal: Principal | None) -> Items[Session]:
        """Sessions, newest first. ``page.after`` is the ``session_key`` of the last session seen."""
        rows = await self._graph.read(
            _SESSIONS_PAGE, before=page.after or LAST, subject=subject_of(principal), limit=page.first + 1
        )
        return _page([session(row["session"]) for row in rows], page)

    async def traces(
        self, session_ids: Iterable[str], page: Page, principal: Principal | None
    ) -> dict[str, Items[Trace]]:
        """A page of the traces of each session, newest first. ``page.after`` is the ``trace_key`` of the last trace seen."""
        position = {"before": page.after or LAST, "subject": subject_of(principal)}
        return await self._pages(_TRACES_OF_SESSIONS, session_ids, page, trace_mapping.trace, position)

    async def logs(
        self, session_ids: Iterable[str], page: Page, principal: Principal | None
    ) -> dict[str, Items[LogRecord]]:
        """A page of the log records of each session and its traces, in the order of time.

        ``page.after`` is the ``log_key`` of the last record seen. Raises InvalidInput for one that is no such key.
        """
        at, id_ = _position(page)
        position = {"at": at, "record_id": id_, "subject": subject_of(principal)}
        return await self._pages(_LOGS_OF_SESSIONS, session_ids, page, log_record, position)

    async def metrics(self, session_ids: Iterable[str], page: Page) -> dict[str, Items[MetricPoint]]:
        """A page of the data points of each session, in the order of time; whoever may see a session may see them.

        ``page.after`` is the ``metric_key`` of the last point seen. Raises InvalidInput for one that is no such key.
        """
        at, id_ = _position(page)
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
        return {id_: _page(items, page) for id_, items in found.items()}


def _page(items: list[T], page: Page) -> Items[T]:
    return Items(tuple(items[: page.first]), len(items) > page.first)


# Keys: what ``Page.after`` takes


def session_key(session: Session) -> str:
    """The key of a session in the order of time."""
    return time_key(session.at, session.session_id)


def log_key(record: LogRecord) -> str:
    """The key of a log record in the order of time."""
    return f"{record.at.isoformat()}|{record.record_id}"


def metric_key(point: MetricPoint) -> str:
    """The key of a data point in the order of time."""
    return f"{point.at.isoformat()}|{point.point_id}"


def _position(page: Page) -> tuple[datetime, str]:
    """The instant and the id after which a page begins."""
    if page.after is None:
        return _BEGINNING, ""
    instant, _, id_ = page.after.partition("|")
    try:
        at = datetime.fromisoformat(instant)
    except ValueError:
        raise InvalidInput("after", "must be a cursor of this connection") from None
    if at.tzinfo is None:
        raise InvalidInput("after", "must be a cursor of this connection")
    return at, id_


# Properties → contracts


def session(properties: Properties) -> Session:
    """The session of a ``:Session`` node."""
    values = {name: properties.get(name) for name in Session.model_fields}
    context, tags = json_value(properties.get("context")) or {}, tuple(properties.get("tags") or ())
    return Session(**{**values, "context": context, "tags": tags})


def log_record(properties: Properties) -> LogRecord:
    """The record of a ``:LogRecord`` node."""
    return LogRecord(**_dated(LogRecord, properties), body=json_value(properties.get("body")))


def metric_point(properties: Properties) -> MetricPoint:
    """The data point of a ``:MetricPoint`` node."""
    return MetricPoint(**{**_dated(MetricPoint, properties), "unit": properties.get("unit") or ""})


def _dated(contract: type[LogRecord | MetricPoint], properties: Properties) -> Properties:
    """A value for every field but ``body``; what has no instant of its own is dated by its arrival."""
    values = {name: properties.get(name) for name in contract.model_fields if name != "body"}
    at = properties.get("at") or properties["created_at"]
    return {**values, "at": at, "context": json_value(properties.get("context")) or {}}
