"""Group commit: writers that would only wait for each other share one transaction.

A commit costs more than the statements of a small change, and changes that touch the same place (a version counter, the lock
on ancestry; on the embedded engine any two pages) collide when they run side by side. So whoever comes while a transaction of
the group runs joins the next one: all of their functions run in it one after the other, and one commit acknowledges them all.
If one of them fails, nothing is committed, and each runs again by itself: one's error never reaches another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
X = TypeVar("X")

LARGEST = 32
"""So many functions share a transaction at most."""

Work = Callable[[X], Awaitable[Any]]


@dataclass(eq=False)
class _Waiting(Generic[X]):
    work: Work[X]
    outcome: asyncio.Future[Any]


class GroupCommit(Generic[X]):
    """One group of writers. ``commit`` runs a function in a transaction of its own and returns what the function does."""

    def __init__(self, commit: Callable[[Work[X]], Awaitable[Any]]) -> None:
        self._commit = commit
        self._turn = asyncio.Lock()
        self._waiting: deque[_Waiting[X]] = deque()

    async def run(self, work: Callable[[X], Awaitable[T]]) -> T:
        """What ``work`` returns, once it is committed; or what it raises, with nothing of it written."""
        own: _Waiting[X] = _Waiting(work, asyncio.get_running_loop().create_future())
        self._waiting.append(own)
        try:
            async with self._turn:
                if not own.outcome.done():
                    await self._run_together()
        finally:
            if own in self._waiting:  # cancelled before its turn
                self._waiting.remove(own)
        result: T = own.outcome.result()
        return result

    async def _run_together(self) -> None:
        """Runs the next transaction, whose leader is the caller: it has waited longest, so it is among the first."""
        together = [self._waiting.popleft() for _ in range(min(LARGEST, len(self._waiting)))]

        async def all_of_them(transaction: X) -> list[Any]:
            return [await each.work(transaction) for each in together]

        try:
            if len(together) > 1:
                try:
                    results = await self._commit(all_of_them)
                except Exception:
                    await self._run_apart(together)
                else:
                    for each, result in zip(together, results, strict=True):
                        each.outcome.set_result(result)
            else:
                await self._run_apart(together)
        finally:
            # If the leader was cancelled, the others are as if they had not had their turn.
            self._waiting.extendleft(each for each in reversed(together) if not each.outcome.done())

    async def _run_apart(self, together: list[_Waiting[X]]) -> None:
        for each in together:
            try:
                each.outcome.set_result(await self._commit(each.work))
            except Exception as error:
                each.outcome.set_exception(error)
