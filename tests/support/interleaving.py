"""Two writers on one graph, of whom one stands still between any two of its statements while the other writes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError

_BLOCKED_S = 0.3
"""Whoever has not written after so long, alone on the engine, waits for a lock of the one that stands still."""


class Standing:
    """A graph whose first transaction stands still behind its ``behind``-th statement until ``meanwhile`` is done, or is found to
    wait for it."""

    def __init__(self, graph: Graph, behind: int, meanwhile: Callable[[], Awaitable[None]]) -> None:
        self._graph, self._behind, self._meanwhile = graph, behind, meanwhile
        self.other: asyncio.Future[None] | None = None

    async def transaction(self, work: Callable[[Any], Awaitable[Any]], **how: Any) -> Any:
        async def standing(tx: Any) -> Any:
            return await work(tx if self.other else _Counted(tx, self))

        return await self._graph.transaction(standing, **how)

    async def count(self, statements: int) -> None:
        if statements == self._behind:
            self.other = asyncio.ensure_future(self._meanwhile())
            await asyncio.wait({self.other}, timeout=_BLOCKED_S)


class _Counted:
    """A transaction that tells how many statements it has run."""

    def __init__(self, tx: Any, told: Standing) -> None:
        self._tx, self._told, self._statements = tx, told, 0

    @property
    def news(self) -> Any:
        """What those who follow are told with it."""
        return self._tx.news

    @news.setter
    def news(self, news: Any) -> None:
        self._tx.news = news

    async def run(self, *statement: Any, **parameters: Any) -> Any:
        return await self._behind(self._tx.run(*statement, **parameters))

    async def write(self, statement: Any, rows: Sequence[Any], **parameters: Any) -> None:
        if rows:
            await self._behind(self._tx.write(statement, rows, **parameters))

    async def _behind(self, answer: Awaitable[Any]) -> Any:
        rows = await answer
        self._statements += 1
        await self._told.count(self._statements)
        return rows


async def interleaved(
    first: Graph, second: Graph, behind: int, ours: Sequence[Observation], theirs: Sequence[Observation], at: datetime
) -> bool:
    """Records ``ours`` by one client of a graph, and ``theirs`` by another one while the first stands still behind that
    statement; whether it has run so many."""

    async def write(graph: Any, events: Sequence[Observation]) -> None:
        outcomes = await TraceWrites(graph).record(events, received_at=at)
        assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]

    standing = Standing(first, behind, lambda: write(second, theirs))
    await write(standing, ours)
    if standing.other is None:
        return False
    await standing.other
    return True
