"""Reads which traces spawned which."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from loopgraph.assets import query
from loopgraph.contracts.analytics.chains import MAIN, SUBAGENT, Delegations, Member, Stretch
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.effects.analytics.ranges import parts_of, read_slices
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.traces.reading.reads import reader_of
from loopgraph.effects.traces.recording import mapping

_DELEGATIONS = query("analytics/delegations")
_DELEGATED_BY = query("analytics/delegated_by")
_TIMES_OF_STEPS = query("analytics/times_of_steps")

MOST_DELEGATIONS: Final = 20_000
DEEPEST: Final = 16
"""So many delegations are read, and so deep."""

_Values = Sequence[Any]


class ChainReads:
    """Reads delegations."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def delegations(self, range: TimeRange, principal: Principal | None) -> Delegations:
        """The prompts that began in a range and delegated, and their subagents, as far as the principal may see them."""
        reader = reader_of(principal)

        async def read(above: str, before: str, limit: int) -> list[Row]:
            return await self._graph.read(_DELEGATIONS, above=above, before=before, reader=reader, limit=limit + 1)

        sliced = await read_slices(self._graph, range, principal, MOST_DELEGATIONS, read)
        found: dict[str, _Values] = {}
        for row in sliced.rows:
            found[row["prompt"][0]] = row["prompt"]
            found[row["member"][0]] = row["member"]
        level, depth = [id_ for id_, values in found.items() if values[1] is not None], 1
        while level and depth < DEEPEST and len(found) < 2 * MOST_DELEGATIONS:
            below: dict[str, _Values] = {}
            for ids in parts_of(level):
                rows = await self._graph.read(_DELEGATED_BY, parent_ids=ids, reader=reader, limit=MOST_DELEGATIONS + 1)
                below |= {row["member"][0]: row["member"] for row in rows if row["member"][0] not in found}
            found |= below
            level, depth = list(below), depth + 1
        steps = await self._times(values[8] for values in found.values())
        return Delegations(
            [_member(values, steps) for values in found.values()], sliced.traces, sliced.since, not level
        )

    async def _times(self, execution_ids: Iterable[str | None]) -> dict[str, Stretch]:
        found: dict[str, Stretch] = {}
        for ids in parts_of(id_ for id_ in execution_ids if id_ is not None):
            for row in await self._graph.read(_TIMES_OF_STEPS, execution_ids=ids):
                found[row["execution_id"]] = _stretch(row["started_at"], row["completed_at"], row["duration_ms"])
        return found


def _member(values: _Values, steps: Mapping[str, Stretch]) -> Member:
    id_, parent_id, agent, status, started_at, completed_at, duration_ms, created_at, spawned_by = values
    time = _stretch(started_at, completed_at, duration_ms)
    return Member(
        correlation_id=id_,
        parent_id=parent_id,
        agent=agent or (MAIN if parent_id is None else SUBAGENT),
        status=TraceStatus(status),
        at=time.started_at or completed_at or created_at,
        time=time,
        spawning=steps.get(spawned_by) if spawned_by else None,
    )


def _stretch(started_at: datetime | None, completed_at: datetime | None, duration_ms: float | None) -> Stretch:
    known = mapping.times({"started_at": started_at, "completed_at": completed_at, "duration_ms": duration_ms})
    ended = known.completed_at
    if ended is None and known.started_at is not None and known.duration_ms is not None:
        with contextlib.suppress(OverflowError):  # after the year 9999
            ended = known.started_at + timedelta(milliseconds=known.duration_ms)
    return Stretch(known.started_at, ended, known.duration_ms)
