"""Reads of traces and executions. All take many ids at once, and who asks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from loopgraph.assets import Access, query
from loopgraph.contracts.assembly import TraceParts
from loopgraph.contracts.base import Principal
from loopgraph.contracts.feedback import Arm, Execution
from loopgraph.contracts.traces import (
    EndpointCall,
    HookExecution,
    Trace,
)
from loopgraph.effects import trace_mapping as mapping
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph import Graph, Row, Transaction

T = TypeVar("T", Trace, HookExecution, EndpointCall)

_TRACES_BY_ID = query("traces/traces_by_id")
_HOOKS_OF_TRACES = query("traces/hooks_of_traces")
_CALLS_OF_TRACES = query("traces/calls_of_traces")
_CHILDREN_OF_TRACES = query("traces/children_of_traces")
_HOOKS_BY_ID = query("traces/hooks_by_id")
_EXECUTIONS_OF_VERSION = query("traces/executions_of_version")
_EXECUTIONS_OF_EXPERIMENTS = query("traces/executions_of_experiments")
_EXECUTION_COUNTS = query("traces/execution_counts")

LAST = "~"
"""Sorts after every digit and letter of a key."""

ADMIN = "admin"
"""The role that sees every trace."""


def subject_of(principal: Principal | None) -> str | None:
    """The subject whose traces a principal may see; None for all of them.

    The policy (seed 003 §8.2): everybody sees the traces of nobody in particular and their own. Each query that takes a
    ``subject`` applies it in the same words.
    """
    return None if principal is None or ADMIN in principal.roles else principal.subject


class TraceReads:
    """Reads traces and executions."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def parts(self, correlation_ids: Iterable[str], principal: Principal | None) -> dict[str, TraceParts]:
        """Everything of some traces but their children's contents, in four statements; unknown and hidden ids are absent."""
        ids, subject = list(dict.fromkeys(correlation_ids)), subject_of(principal)

        async def work(tx: Transaction) -> list[list[Row]]:
            heads = await tx.run(_TRACES_BY_ID, correlation_ids=ids, subject=subject)
            seen = [row["trace"]["correlation_id"] for row in heads]
            return [
                heads,
                await tx.run(_HOOKS_OF_TRACES, correlation_ids=seen),
                await tx.run(_CALLS_OF_TRACES, correlation_ids=seen),
                await tx.run(_CHILDREN_OF_TRACES, correlation_ids=seen, subject=subject),
            ]

        heads, hook_rows, call_rows, child_rows = await self._graph.transaction(work, Access.READ)
        hooks = _grouped((row["correlation_id"], mapping.hook(row["hook"])) for row in hook_rows)
        calls = _grouped((row["correlation_id"], mapping.call(row["call"])) for row in call_rows)
        children = _grouped((row["parent_id"], mapping.trace(row["trace"])) for row in child_rows)
        traces = {row["trace"]["correlation_id"]: row for row in heads}
        return {
            id_: TraceParts(
                trace=mapping.trace(row["trace"]),
                routing=mapping.routing(row["routing"]) if row["routing"] else None,
                hooks=hooks.get(id_, ()),
                endpoints=calls.get(id_, ()),
                child_ids=tuple(child.correlation_id for child in children.get(id_, ())),
            )
            for id_, row in traces.items()
        }

    async def children(
        self, correlation_ids: Iterable[str], principal: Principal | None
    ) -> dict[str, tuple[Trace, ...]]:
        """The traces that each trace spawned, in the order of time; ids without any are absent."""
        ids = list(dict.fromkeys(correlation_ids))
        rows = await self._graph.read(_CHILDREN_OF_TRACES, correlation_ids=ids, subject=subject_of(principal))
        return _grouped((row["parent_id"], mapping.trace(row["trace"])) for row in rows)

    async def hook_executions_by_id(
        self, execution_ids: Iterable[str], principal: Principal | None
    ) -> dict[str, HookExecution]:
        """Hook executions by id; unknown and hidden ids are absent."""
        ids = list(dict.fromkeys(execution_ids))
        rows = await self._graph.read(_HOOKS_BY_ID, execution_ids=ids, subject=subject_of(principal))
        return {found.execution_id: found for found in (mapping.hook(row["hook"]) for row in rows)}

    async def executions(
        self,
        node_ids: Collection[str],
        since: datetime,
        until: datetime | None = None,
        *,
        limit: int,
        principal: Principal | None = None,
    ) -> list[Execution]:
        """The newest ``limit`` finished executions of each version that began in ``[since, until)``, newest first.

        A statement for each version: meant for the few that a feedback run looks at.
        """
        subject = subject_of(principal)

        async def work(tx: Transaction) -> list[Row]:
            rows: list[Row] = []
            for node_id in sorted(set(node_ids)):
                rows += await tx.run(
                    _EXECUTIONS_OF_VERSION,
                    above=f"{node_id}|{time_key(since, '')}",
                    before=f"{node_id}|{time_key(until, '') if until else LAST}",
                    subject=subject,
                    limit=limit,
                )
            return rows

        rows = await self._graph.transaction(work, Access.READ)
        return _newest_first(mapping.execution(row["execution"]) for row in rows)

    async def experiment_executions(self, experiment_id: str, principal: Principal | None = None) -> list[Execution]:
        """The finished executions of an experiment with their arms, newest first; also those after it was concluded."""
        rows = await self._graph.read(
            _EXECUTIONS_OF_EXPERIMENTS, experiment_ids=[experiment_id], subject=subject_of(principal)
        )
        return _newest_first(mapping.execution(row["execution"]) for row in rows)

    async def execution_counts(self, experiment_ids: Sequence[str]) -> dict[str, dict[Arm, int]]:
        """How many finished executions each arm has, for every id given."""
        counts = {id_: dict.fromkeys(Arm, 0) for id_ in experiment_ids}
        for row in await self._graph.read(_EXECUTION_COUNTS, experiment_ids=list(counts)):
            counts[row["experiment_id"]][Arm(row["arm"])] = row["count"]
        return counts


def _grouped(items: Iterable[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    """The items of each id in the order of time; of those at one instant, the first to arrive comes first."""
    groups: dict[str, list[T]] = {}
    for id_, item in items:
        groups.setdefault(id_, []).append(item)
    return {id_: tuple(sorted(group, key=_order)) for id_, group in groups.items()}


def _order(item: Trace | HookExecution | EndpointCall) -> tuple[datetime, str]:
    match item:
        case HookExecution():
            return item.at, item.execution_id
        case EndpointCall():
            return item.at, item.call_id
        case _:
            return item.at, item.correlation_id


def _newest_first(executions: Iterable[Execution]) -> list[Execution]:
    return sorted(executions, key=lambda item: (item.started_at, item.execution_id), reverse=True)
