"""Group commit: writers that would only wait for each other share one transaction.

A commit costs more than the statements of a small change, and changes that touch the same place (a version counter, the lock
on ancestry; on the embedded engine any two pages) collide when they run side by side. So whoever comes while a transaction of
the group runs joins the next one: all of their functions run in it one after the other, and one commit acknowledges them all.
If it fails, nothing is committed. Where the error blames the graph, all of them get it, and at once those who wait behind them,
too: each would only wait for the same failure. Where it may be one's own, halves find out whose, and it reaches no other;
unless one after the other fails by himself and nothing is committed: then it is the graph, whatever it says.

A commit is not all that can be shared: where requests of one kind come together, a ``Together`` does them all with the statements
that one would take.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from loopgraph.errors import Blame, UserError, blame_of

T = TypeVar("T")
X = TypeVar("X")
R = TypeVar("R")

LARGEST = 32
"""So many functions share a transaction at most."""

_IN_VAIN = 3
"""So many who wait at once may fail one by one, with nothing committed, before all others are told the same."""

Work = Callable[[X], Awaitable[Any]]


class Refused(Exception):
    """Some of the requests that are done together cannot be: the errors of these, by their place. Nothing of it is written."""

    def __init__(self, errors: Mapping[int, Exception]) -> None:
        super().__init__(*errors.values())
        self.errors = errors


def refuse(errors: Mapping[int, Exception]) -> None:
    """Raises Refused if there are any errors."""
    if errors:
        raise Refused(errors)


class Apart(Exception):
    """Requests that came together cannot be done together: each is done by itself, in its order. Nothing of it is written."""


@dataclass(frozen=True, eq=False)
class Together(Generic[X, R, T]):
    """A request as a function of a transaction; with others that have the same ``do``, it is done in one call of that.

    ``do`` answers every request in its order, as if they had come one after the other, or raises Refused, or Apart for several.
    """

    do: Callable[[X, Sequence[R]], Awaitable[Sequence[T]]]
    request: R

    async def __call__(self, transaction: X) -> T:
        """Does this request alone. Raises its own error."""
        try:
            [result] = await self.do(transaction, [self.request])
        except Refused as refused:
            raise refused.errors[0] from None
        return result


@dataclass(eq=False)
class _Waiting(Generic[X]):
    work: Work[X]
    outcome: asyncio.Future[Any]


class GroupCommit(Generic[X]):
    """One group of writers. ``commit`` runs a function in a transaction of its own and returns what the function does;
    ``together`` is told how many are in it."""

    def __init__(
        self, commit: Callable[[Work[X]], Awaitable[Any]], together: Callable[[int], None] = lambda _: None
    ) -> None:
        self._commit = commit
        self._together = together
        self._turn = asyncio.Lock()
        self._waiting: deque[_Waiting[X]] = deque()
        self._in_vain = 0  # have failed by themselves since something was committed, or nobody waited

    async def run(self, work: Callable[[X], Awaitable[T]]) -> T:
        """What ``work`` returns, once it is committed; or what it raises, with nothing of it written."""
        own: _Waiting[X] = _Waiting(work, asyncio.get_running_loop().create_future())
        self._waiting.append(own)
        try:
            async with self._turn:
                if not own.outcome.done():
                    await self._run_together()
        finally:
            if own in self._waiting:  # cancelled before its turn, or told before it
                self._waiting.remove(own)
        result: T = own.outcome.result()
        return result

    async def alone(self, commit: Callable[[], Awaitable[T]]) -> T:
        """What ``commit`` returns, which is done while nobody else of the group commits."""
        async with self._turn:
            return await commit()

    async def _run_together(self) -> None:
        """Runs the next transaction, whose leader is the caller: it has waited longest, so it is among the first."""
        together = [self._waiting.popleft() for _ in range(min(LARGEST, len(self._waiting)))]
        self._together(len(together))
        try:
            await self._settle(together)
        finally:
            # If the leader was cancelled, the others are as if they had not had their turn.
            self._waiting.extendleft(each for each in reversed(together) if not each.outcome.done())
            if not self._waiting:
                self._in_vain = 0

    async def _settle(self, together: list[_Waiting[X]]) -> None:
        """Says to each what has become of its function."""
        parts = [together]
        while parts:
            part = parts.pop()
            try:
                results = await self._commit_all(part)
            except Refused as refused:
                for place, error in refused.errors.items():
                    self._fail([part[place]], error)
                if rest := [each for each in part if not each.outcome.done()]:
                    parts.append(rest)
            except Apart:
                parts += [[each] for each in reversed(part)]
            except Exception as error:
                if len(part) == 1 and not isinstance(error, UserError):
                    self._in_vain += 1
                if blame_of(error) is Blame.GRAPH or self._in_vain >= _IN_VAIN:
                    parts.append(part)
                    self._fail([each for left in parts for each in left], error)
                    self._fail(self._waiting, error)
                    self._waiting.clear()
                    return
                if len(part) == 1:
                    self._fail(part, error)
                else:
                    middle = 1 if self._in_vain else len(part) // 2
                    parts += [part[middle:], part[:middle]]
            else:
                self._in_vain = 0
                for each, result in zip(part, results, strict=True):
                    each.outcome.set_result(result)

    async def _commit_all(self, part: list[_Waiting[X]]) -> list[Any]:
        if len(part) == 1:
            return [await self._commit(part[0].work)]

        alone: list[int] = []
        alike: defaultdict[Any, list[int]] = defaultdict(list)
        for place, each in enumerate(part):
            (alike[each.work.do] if isinstance(each.work, Together) else alone).append(place)

        async def all_of_them(transaction: X) -> dict[int, Any]:
            results = {place: await part[place].work(transaction) for place in alone}
            for do, places in alike.items():
                try:
                    done = await do(transaction, [part[place].work.request for place in places])  # type: ignore[attr-defined]
                except Refused as refused:
                    raise Refused({places[index]: error for index, error in refused.errors.items()}) from None
                results.update(zip(places, done, strict=True))
            return results

        results: dict[int, Any] = await self._commit(all_of_them)
        return [results[place] for place in range(len(part))]

    def _fail(self, writers: Iterable[_Waiting[X]], error: Exception) -> None:
        for each in writers:
            if not each.outcome.done():
                each.outcome.set_exception(error)
                each.outcome.exception()  # where nobody waits any longer, nothing is to be said of it
