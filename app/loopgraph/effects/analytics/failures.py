"""Reads what failed, and keeps what people write of error patterns."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from loopgraph.assets import Query, query
from loopgraph.contracts.analytics.failures import (
    NO_FILTER,
    ErrorAnnotation,
    FailedPart,
    Failure,
    FailureFilter,
    Failures,
)
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.audit import EventType, Origin
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.events import FAILED
from loopgraph.effects.analytics import ranges
from loopgraph.effects.analytics.ranges import AT_ONCE, Sliced, floor_of, parts_of, read_slices
from loopgraph.effects.clock import instant_of_key, now, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.lineage.audit import make_event, record
from loopgraph.effects.traces.reading.reads import LAST, reader_of
from loopgraph.effects.traces.recording import mapping

_FAILURES = query("analytics/failures")
_FAILURES_OF_TRACES = query("analytics/failures_of_traces")
_FLOOR_OF_VERSION = query("analytics/floor_of_version")
_TRACES_OF_AGENT = query("analytics/traces_of_agent")
_TRACES_OF_PROJECT = query("analytics/traces_of_project")
_TRACES_OF_VERSION = query("analytics/traces_of_version")
_USES = query("analytics/uses_in_traces")
_ANNOTATIONS = query("analytics/error_annotations")
_LOCK = query("analytics/lock_error_annotation")
_ANNOTATE = query("analytics/annotate_error")

MOST_FAILURES: Final = 20_000
MOST_ANNOTATIONS: Final = 2_000

MOST_PASSED_OVER: Final = 200_000
"""Among so many traces, those of an agent are looked for: what is in the others is not read."""

_HEAD, _TAIL = 2_000, 1_000
"""So many characters of the beginning and the end of a message are read."""

_READ: Final = {"failed": sorted(status.value for status in FAILED), "head": _HEAD, "tail": _TAIL}

_LONGEST_TRACE: Final = timedelta(days=30)
"""So long after its trace began a version may be used in it."""


class _Use(NamedTuple):
    node_id: str
    since: datetime | None
    until: datetime | None

    def holds(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at <= self.until)


class FailureReads:
    """Reads failures, and what people know of their patterns."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def failures(
        self, range: TimeRange, principal: Principal | None, filter: FailureFilter = NO_FILTER
    ) -> Failures:
        """What failed in the traces of a range that the principal may see, the newest ``MOST_FAILURES`` or somewhat more.

        Of the filter, the version, the project and the agent choose which traces are looked at: those that used the one, or are
        of the others. So with any it reaches further back. What of their failures passes is left to the caller, but for the
        project: with a version, it is not asked for.
        """
        bounds = [time_key(at, "") if at else end for at, end in ((range.since, ""), (range.until, LAST))]
        if filter.node_id is not None:
            sliced = await self._of_traces(*await self._of_version(filter.node_id, range, bounds, principal))
        elif filter.project is not None:
            asked = {"project": filter.project, "reader": reader_of(principal)}
            sliced = await self._of_traces(*await self._among_all(_TRACES_OF_PROJECT, asked, bounds))
        elif filter.agent is not None:
            asked = {"agent": filter.agent, "reader": reader_of(principal)}
            sliced = await self._of_traces(*await self._among_all(_TRACES_OF_AGENT, asked, bounds))
        else:
            sliced = await self._of_range(range, principal)
        uses: defaultdict[str, list[_Use]] = defaultdict(list)
        for ids in parts_of(row["correlation_id"] for row in sliced.rows):
            for row in await self._graph.read(_USES, correlation_ids=ids):
                uses[row["correlation_id"]].append(_use(row))
        found = await made_of(sliced.rows, lambda: _failures(sliced.rows, uses))
        return Failures(found, sliced.traces, sliced.since)

    async def _of_range(self, range: TimeRange, principal: Principal | None) -> Sliced:
        async def read(above: str, before: str, limit: int) -> list[Row]:
            reader = reader_of(principal)
            bounds = {"above": above, "before": before}
            return await self._graph.read(_FAILURES, **bounds, reader=reader, limit=limit + 1, **_READ)

        return await read_slices(self._graph, range, principal, MOST_FAILURES, read)

    async def _of_traces(self, traces: Iterable[tuple[str, str]], since: str | None) -> Sliced:
        """The same of some traces, by their keys and ids, the newest first. Those before the key ``since`` were not looked for
        (None: all were)."""
        newest = sorted(traces, reverse=True)
        rows: list[Row] = []
        looked_at, size = 0, AT_ONCE
        while looked_at < min(len(newest), ranges.MOST_TRACES) and len(rows) < MOST_FAILURES:
            ids = [id_ for _, id_ in newest[looked_at : min(looked_at + size, ranges.MOST_TRACES)]]
            read = await self._graph.read(_FAILURES_OF_TRACES, correlation_ids=ids, limit=MOST_FAILURES + 1, **_READ)
            if len(read) > MOST_FAILURES and len(ids) > 1:  # some may be left out: again, in parts
                size = max(1, len(ids) // 8)
                continue
            rows += read
            looked_at += len(ids)
        if looked_at < len(newest):
            since = newest[looked_at - 1][0]
        return Sliced(rows, looked_at, instant_of_key(since) if since else None)

    async def _among_all(
        self, statement: Query, asked: Mapping[str, Any], bounds: Sequence[str]
    ) -> tuple[list[tuple[str, str]], str | None]:
        """The traces that a statement finds, as ``_of_traces`` takes them: those among the newest ``MOST_PASSED_OVER`` of all."""
        above, before = bounds
        found: list[tuple[str, str]] = []
        passed_over = 0
        while True:
            floor = await floor_of(self._graph, above, before, ranges.LARGEST_SLICE)
            rows = await self._graph.read(statement, above=floor or above, before=before, **asked)
            found += [(row["key"], row["correlation_id"]) for row in rows]
            passed_over += ranges.LARGEST_SLICE
            if floor is None or passed_over >= MOST_PASSED_OVER or len(found) >= ranges.MOST_TRACES:
                return found, floor and (floor if await floor_of(self._graph, above, floor, 1) else None)
            before = floor

    async def _of_version(
        self, node_id: str, range: TimeRange, bounds: Sequence[str], principal: Principal | None
    ) -> tuple[list[tuple[str, str]], str | None]:
        """Those that used a version, by its newest executions and by those that go on."""
        above, before = bounds
        last = LAST
        if range.until:
            with contextlib.suppress(OverflowError):  # after the year 9999
                last = time_key(range.until + _LONGEST_TRACE, "")
        first, last = f"{node_id}|{above}", f"{node_id}|{last}"
        floors = await self._graph.read(_FLOOR_OF_VERSION, above=first, before=last, count=ranges.MOST_TRACES)
        rows = await self._graph.read(
            _TRACES_OF_VERSION,
            node_id=node_id,
            above_version=floors[0]["key"] if floors else first,
            before_version=last,
            above=above,
            before=before,
            reader=reader_of(principal),
        )
        found = {(row["key"], row["correlation_id"]) for row in rows}
        return list(found), floors[0]["key"].removeprefix(f"{node_id}|") if floors else None

    async def annotations(self) -> list[ErrorAnnotation]:
        """What people wrote of error patterns, the latest ``MOST_ANNOTATIONS``."""
        rows = await self._graph.read(_ANNOTATIONS, limit=MOST_ANNOTATIONS)
        return [_annotation(row["annotation"]) for row in rows]


class ErrorAnnotations:
    """Keeps what people write of error patterns."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def annotate(
        self, template_id: str, template: str, changes: Mapping[str, str | None], origin: Origin
    ) -> ErrorAnnotation:
        """Changes ``known_fix``, ``prevention`` or both of an error pattern; None takes one away. Writes its event."""
        at = now()
        event = make_event(EventType.ERROR_PATTERN_ANNOTATED, origin, data={"template_id": template_id})

        async def work(tx: Transaction) -> ErrorAnnotation:
            [row] = await tx.run(_LOCK, template_id=template_id, template=template, now=at)
            before = {name: row["annotation"].get(name) for name in ("known_fix", "prevention")}
            after = {**before, **changes}
            [row] = await tx.run(_ANNOTATE, template_id=template_id, **after, now=at, by=origin.actor_id)
            changed = [name for name in after if after[name] != before[name]]
            told = event.model_copy(
                update={
                    "before": {name: before[name] for name in changed},
                    "after": {name: after[name] for name in changed},
                    "data": {**event.data, "template": template},
                }
            )
            await record(tx, told)
            return _annotation(row["annotation"])

        return await self._graph.transaction(work)


def _use(row: Row) -> _Use:
    """When a use was in force: of a skill from its start to its end, of a command from its start on, else all of the trace."""
    known, kind = mapping.times(row), row["pattern_type"]
    timed = kind not in (DefinitionKind.SUBAGENT, DefinitionKind.MEMORY)
    ends = kind == DefinitionKind.SKILL
    return _Use(row["node_id"], known.started_at if timed else None, known.completed_at if ends else None)


def _failures(rows: Iterable[Row], uses: Mapping[str, Sequence[_Use]]) -> list[Failure]:
    return [_failure(row, uses.get(row["correlation_id"], ())) for row in rows]


def _failure(row: Row, uses: Sequence[_Use]) -> Failure:
    at = row["completed_at"] or row["started_at"] or row["created_at"]
    part, own = FailedPart(row["part"]), [row["node_id"]] if row["node_id"] else []
    begins, ends = row["message"], row["message_end"]
    return Failure(
        part=part,
        correlation_id=row["correlation_id"],
        at=at,
        message=(f"{begins}\n…\n{ends}" if len(ends) == _TAIL and len(begins) == _HEAD else begins + ends) or None,
        error_type=row["error_type"],
        response_status=row["response_status"],
        execution_id=row["execution_id"],
        call_id=row["call_id"],
        agent=row["agent"],
        hook_type=row["hook_type"],
        tool_name=row["tool_name"],
        service_name=row["service_name"],
        endpoint_path=row["endpoint_path"],
        node_ids=tuple(dict.fromkeys([*own, *(use.node_id for use in uses if use.holds(at))])),
        ended=part is FailedPart.TRACE,
    )


def _annotation(properties: Mapping[str, Any]) -> ErrorAnnotation:
    return ErrorAnnotation(**{name: properties.get(name) for name in ErrorAnnotation.model_fields})
