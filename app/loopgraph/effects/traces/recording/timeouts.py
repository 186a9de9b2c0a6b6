"""Closes traces of which nothing is heard any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.live import TraceNews
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.updates import TracePart
from loopgraph.effects.clock import new_id, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.traces.recording.joining import Properties, concluded
from loopgraph.effects.traces.recording.reconsidering import end_uses
from loopgraph.effects.traces.recording.standings import standings

_OPEN_TRACES = query("retention/open_traces")
_LOCK_TRACES = query("traces/lock_traces")
_UPDATE_TRACES = query("traces/update_traces")

PAGE = 100
"""How many traces one transaction looks at."""


class Round(NamedTuple):
    """The ids of the traces that one look has closed, and the key to go on after; None at the end."""

    closed: tuple[str, ...]
    after: str | None


class TraceTimeouts:
    """Closes traces in progress that have given no sign of life for long."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def close_silent(self, before: datetime, after: str = "") -> Round:
        """Closes, of the next ``PAGE`` traces in progress, those whose last sign of life was before an instant.

        A sign of life is whatever began, ended or arrived in the trace or in one spawned under it; it becomes the trace's end.
        The status is the weakest of reports: a real end that arrives later replaces it, with all that was set here.
        """
        page = await self._graph.read(_OPEN_TRACES, after=after, before=time_key(before, ""), limit=PAGE)
        ids = [row["correlation_id"] for row in page]
        turn = new_id()

        async def work(tx: Transaction) -> list[str]:
            return await _close(tx, ids, before, turn)

        closed = await self._graph.transaction(work) if ids else []
        return Round(tuple(closed), page[-1]["key"] if len(page) == PAGE else None)


async def _close(tx: Transaction, ids: Sequence[str], before: datetime, turn: str) -> list[str]:
    silent = {item.root_id: item.last_sign for item in await standings(tx, ids) if item.last_sign < before}
    if not silent:
        return []
    rows: list[dict[str, Any]] = []
    closed: list[Properties] = []
    for row in await tx.run(_LOCK_TRACES, correlation_ids=sorted(silent), turn=turn):
        trace = row["properties"]
        id_ = trace["correlation_id"]
        if trace["status"] == TraceStatus.IN_PROGRESS:
            rows.append({"id": id_, "changes": _closing(trace, silent[id_])})
            closed.append({**trace, **rows[-1]["changes"]})
    if rows:
        await tx.run(_UPDATE_TRACES, rows=rows)
        await end_uses(tx, closed, max(silent.values()), turn)
        tx.news += (TraceNews(TracePart.COMPLETE.value, row["id"], None) for row in rows)
    return [row["id"] for row in rows]


def _closing(trace: Properties, last_sign: datetime) -> Properties:
    conclusions: Properties = {"status": TraceStatus.TIMEOUT.value}
    if trace.get("completed_at") is None:
        conclusions["completed_at"] = last_sign
    return {**concluded(trace, conclusions), "closed_by": "timeout", "open_key": None}
