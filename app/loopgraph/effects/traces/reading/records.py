"""Reads of log records and of data points of metrics, wherever they belong. All take who asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar

from loopgraph.assets import query
from loopgraph.contracts.base import Page, Principal
from loopgraph.contracts.traces.sessions import LogFilter, LogRecord, MetricFilter, MetricPoint
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.values import json_value
from loopgraph.effects.traces.reading.reads import LAST, reader_of
from loopgraph.errors import InvalidInput

T = TypeVar("T")
Properties = dict[str, Any]

_LOGS_OF_TRACES = query("traces/logs_of_traces")
_LOGS_OF_STEPS = query("traces/logs_of_steps")
_LOGS_PAGE = query("traces/logs_page")
_POINTS_PAGE = query("traces/points_page")

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class Items(NamedTuple, Generic[T]):
    """One page of a list, and whether more follow."""

    items: tuple[T, ...]
    has_more: bool


class RecordReads:
    """Reads log records and data points of metrics. ``page.after`` is the key of the last one seen (``log_key``,
    ``metric_key``); InvalidInput is raised for one that is no such key."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def logs_of_traces(
        self, correlation_ids: Iterable[str], page: Page, principal: Principal | None
    ) -> dict[str, Items[LogRecord]]:
        """A page of the log records of each trace, in the order of time."""
        at, id_ = position_of(page)
        found: dict[str, list[LogRecord]] = {trace: [] for trace in correlation_ids}
        position = {"at": at, "record_id": id_, "reader": reader_of(principal), "limit": page.first + 1}
        for row in await self._graph.read(_LOGS_OF_TRACES, correlation_ids=list(found), **position):
            found[row["correlation_id"]] = list(map(log_record, row["items"]))
        return {trace: page_of(items, page) for trace, items in found.items()}

    async def logs_of_steps(
        self, steps: Iterable[tuple[str, str]], page: Page, principal: Principal | None
    ) -> dict[tuple[str, str], Items[LogRecord]]:
        """A page of the log records of each step or call, in the order of time; they are named with the ids of their traces."""
        at, id_ = position_of(page)
        found: dict[tuple[str, str], list[LogRecord]] = {step: [] for step in steps}
        position = {"at": at, "record_id": id_, "reader": reader_of(principal), "limit": page.first + 1}
        asked = [{"correlation_id": trace, "span_key": step} for trace, step in found]
        for row in await self._graph.read(_LOGS_OF_STEPS, rows=asked, **position):
            found[row["correlation_id"], row["span_key"]] = list(map(log_record, row["items"]))
        return {step: page_of(items, page) for step, items in found.items()}

    async def logs(self, filter: LogFilter, page: Page, principal: Principal | None) -> Items[LogRecord]:
        """A page of log records, newest first, of sessions, of traces, and of neither."""
        conditions = filter.model_dump(exclude={"since", "until"})
        rows = await self._graph.read(_LOGS_PAGE, **conditions, **_range(filter, page, principal), limit=page.first + 1)
        return page_of([log_record(row["record"]) for row in rows], page)

    async def metrics(self, filter: MetricFilter, page: Page, principal: Principal | None) -> Items[MetricPoint]:
        """A page of data points, newest first, of sessions and of none."""
        conditions = filter.model_dump(exclude={"since", "until"})
        rows = await self._graph.read(
            _POINTS_PAGE, **conditions, **_range(filter, page, principal), limit=page.first + 1
        )
        return page_of([metric_point(row["point"]) for row in rows], page)


def _range(filter: LogFilter | MetricFilter, page: Page, principal: Principal | None) -> Properties:
    """Between which keys a page of the newest is."""
    after = time_key(*position_of(page)) if page.after is not None else LAST
    before = time_key(filter.until, "") if filter.until else LAST
    above = time_key(filter.since, "") if filter.since else ""
    return {"above": above, "before": min(after, before), "reader": reader_of(principal)}


def page_of(items: list[T], page: Page) -> Items[T]:
    """One page of what was read, of which there may be one more."""
    return Items(tuple(items[: page.first]), len(items) > page.first)


# Keys: what ``Page.after`` takes


def log_key(record: LogRecord) -> str:
    """The key of a log record in the order of time."""
    return f"{record.at.isoformat()}|{record.record_id}"


def metric_key(point: MetricPoint) -> str:
    """The key of a data point in the order of time."""
    return f"{point.at.isoformat()}|{point.point_id}"


def position_of(page: Page) -> tuple[datetime, str]:
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
