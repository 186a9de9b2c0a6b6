"""The records of tables, in slices that are bounded in number and in size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from loopgraph.assets import Query, query
from loopgraph.contracts.analytics.bucket_keys import DIGITS, instant_of, subject_of
from loopgraph.contracts.analytics.counts import counts_of, sums_of
from loopgraph.contracts.analytics.windows import Grain
from loopgraph.contracts.base import Principal
from loopgraph.contracts.exports.records import ExperimentExecution, UsageBucket, Use
from loopgraph.contracts.exports.requests import TableRequest
from loopgraph.contracts.exports.tables import TableName
from loopgraph.effects.exports.keys import Keys, Pages, sliced
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import chunks
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.effects.traces.reading.sessions import SessionReads
from loopgraph.effects.traces.recording import mapping
from loopgraph.effects.traces.recording.joining import Properties

_BUCKETS = query("usage/sums_of_keys")
_TRACE_RECORDS, _CALL_RECORDS = query("exports/trace_records"), query("exports/call_records")
_EXECUTION_RECORDS = query("exports/execution_records")

_ById = Callable[[list[str]], Awaitable[Mapping[str, Any]]]


class TableReads:
    """Reads tables."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._keys = Keys(graph)
        self._sessions = SessionReads(graph)
        self._lineage, self._events, self._loop = LineageReads(graph), Events(graph), FeedbackReads(graph)

    async def records(
        self, table: TableName, request: TableRequest, principal: Principal | None
    ) -> AsyncGenerator[Sequence[Any], None]:
        """The records of a table that pass the filters, in its order, as far as the principal may see them.

        A slice can be empty: then more was looked at than found. What goes away meanwhile is left out. Close it (``aclosing``)
        if it is left early.
        """
        by_id = self._by_id(table, principal)
        async with aclosing(self._pages(table, request, principal)) as pages:
            async for keys in pages:
                if not keys:
                    yield ()
                for part in sliced(keys):
                    found = await by_id([key.id for key in part])
                    yield [_record(table, found[key.id], key.more, request) for key in part if key.id in found]

    def _pages(self, table: TableName, request: TableRequest, principal: Principal | None) -> Pages:
        match table:
            case TableName.TRACES:
                return self._keys.traces(request, principal)
            case TableName.SESSIONS:
                return self._keys.sessions(request, principal)
            case TableName.EXECUTIONS:
                return self._keys.executions(request, principal)
            case TableName.CALLS:
                return self._keys.calls(request, principal)
            case TableName.USES:
                return self._keys.uses(request, principal)
            case TableName.PATTERNS:
                return self._keys.patterns(request)
            case TableName.VERSIONS:
                return self._keys.versions(request)
            case TableName.EDGES:
                return self._keys.edges(request)
            case TableName.EVENTS:
                return self._keys.events(request)
            case TableName.RUNS:
                return self._keys.runs(request)
            case TableName.EXPERIMENT_EXECUTIONS:
                return self._keys.experiment_executions(request, principal)
            case TableName.USAGE:
                return self._keys.usage(request)

    def _by_id(self, table: TableName, principal: Principal | None) -> _ById:
        """What reads whole records by their ids; of what the keys' statements have hidden, none is asked for."""
        match table:
            case TableName.TRACES:
                return self._listed(_TRACE_RECORDS, "correlation_id", mapping.trace)
            case TableName.SESSIONS:
                return lambda ids: self._sessions.by_id(ids, principal)
            case TableName.EXECUTIONS | TableName.USES | TableName.EXPERIMENT_EXECUTIONS:
                return self._listed(_EXECUTION_RECORDS, "execution_id", mapping.hook)
            case TableName.CALLS:
                return self._listed(_CALL_RECORDS, "call_id", mapping.call)
            case TableName.PATTERNS:
                return self._lineage.patterns
            case TableName.VERSIONS:
                return self._lineage.versions
            case TableName.EDGES:
                return self._lineage.edges_by_id
            case TableName.EVENTS:
                return lambda ids: self._events.by_id(ids, principal)
            case TableName.RUNS:
                return self._loop.runs
            case TableName.USAGE:
                return self._buckets

    def _listed(self, statement: Query, key: str, make: Callable[[Properties], Any]) -> _ById:
        """Reads records of which there are very many."""

        async def by_id(ids: list[str]) -> Mapping[str, Any]:
            rows = await self._graph.read(statement, chunks=chunks(ids))
            return await asyncio.to_thread(lambda: {of[key]: make(of) for row in rows for of in row["records"]})

        return by_id

    async def _buckets(self, keys: list[str]) -> dict[str, Row]:
        rows = await self._graph.read(_BUCKETS, keys=keys)
        return {key: {"key": key, "sums": sums} for row in rows for key, sums, _ in row["found"]}


def _record(table: TableName, found: Any, more: Row, request: TableRequest) -> Any:
    """The record of a row: what was found, with what its page told."""
    match table:
        case TableName.USES:
            return Use(found, more["pattern_id"], more["pattern_name"], more["version"], more["decision_id"])
        case TableName.EXPERIMENT_EXECUTIONS:
            return ExperimentExecution(found, more["decision_id"])
        case TableName.USAGE:
            return _bucket(found, request.grain or Grain.HOUR)
        case _:
            return found


def _bucket(row: Row, grain: Grain) -> UsageBucket:
    key = row["key"]
    return UsageBucket(grain, subject_of(key), instant_of(key[-DIGITS[grain] :]), sums_of(counts_of(row["sums"])))
