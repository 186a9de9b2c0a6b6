"""Tells who watches some figures whenever they have changed: reckoned once for all who watch the same, and not oftener than
wanted.

Figures can have changed when a process tells of something that is counted, or of the lineage; and with the hours, over which they
are made. Who is slow is told the latest alone, and how many were left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

from loopgraph.contracts.analytics.live import LiveFigures
from loopgraph.contracts.live import Cursor, Told
from loopgraph.effects.clock import now
from loopgraph.errors import Blame, LoopgraphError, ShuttingDown, blame_of
from loopgraph.orchestrators.live.tail import Lost, Tail

logger = logging.getLogger(__name__)

F = TypeVar("F", bound=LiveFigures)

SHORTEST_S: Final = 1
LONGEST_S: Final = 3_600
"""So many seconds are between two updates at least, as who watches wants it."""

ANYWAY_S: Final = 60.0
"""Figures are reckoned again after so long, whatever was told: the hours go on."""


class Figures(NamedTuple, Generic[F]):
    """Figures, of what was told up to ``cursor`` at least. ``missed``: so often they changed since the last ones, untold."""

    figures: F
    cursor: Cursor
    missed: int
    answers: dict[Any, Any] | None = None
    """What is made of them for those who are told the same, once for all of them; None where nobody else is."""


class _Watch(Generic[F]):
    """Some figures, and those who watch them."""

    def __init__(self, reckon: Callable[[], Awaitable[F]], every_s: float) -> None:
        self.reckon = reckon
        self.every_s = every_s
        self.watchers = 0
        self.moved = asyncio.Event()
        self.changed = asyncio.Condition()
        self.version = 0
        self.latest: tuple[F, Cursor, dict[Any, Any]] | None = None
        self.failure: Exception | None = None
        self.task: asyncio.Task[None] | None = None


class Watches:
    """Figures that are watched in this process."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self._watches: dict[Hashable, _Watch[Any]] = {}
        self._ending: list[asyncio.Task[None]] = []
        tail.listen(self)

    @property
    def watched(self) -> int:
        """How many different figures are watched now."""
        return len(self._watches)

    def hear(self, told: Sequence[Told]) -> None:
        """Takes note of what can have changed figures."""
        if any(one.change.figures or one.change.events for one in told):
            for watch in self._watches.values():
                watch.moved.set()

    def lose(self, lost: Lost) -> None:
        """Takes note of what nobody here is told: it can have changed all figures."""
        for watch in self._watches.values():
            watch.moved.set()

    def end(self, ended: ShuttingDown) -> None:
        """Ends whatever is watched."""
        self._ending = [asyncio.create_task(self._fail(watch, ended)) for watch in self._watches.values()]

    async def updates(
        self, key: Hashable, reckon: Callable[[], Awaitable[F]], every_s: float, after: Cursor | None = None
    ) -> AsyncGenerator[Figures[F], None]:
        """The figures now, and again whenever they have changed, at most every ``every_s``. Who watches with the same ``key``
        shares them. After a cursor, not now, if nothing was told since then. Raises what ``reckon`` raises for the sake of the
        request, and InvalidInput for a cursor of another graph."""
        async with self._tail.followed():
            nothing_new = False
            if after is not None:
                past = await self._tail.since(after)
                nothing_new = past.part is None and past.read_from is None and past.positions == past.upto
            self._tail.check()
            watch = self._watches.get((key, every_s))
            if watch is None:
                watch = self._watches[key, every_s] = _Watch(reckon, every_s)
                watch.task = asyncio.create_task(self._keep(watch))
            watch.watchers += 1
            try:
                seen = max(watch.version, 1) if nothing_new else watch.version - 1 if watch.version else 0
                while True:
                    async with watch.changed:
                        await watch.changed.wait_for(lambda: watch.version > seen or watch.failure)  # noqa: B023
                    if watch.failure is not None:
                        raise watch.failure
                    figures, cursor, answers = watch.latest  # type: ignore[misc]  # there is a version
                    missed, seen = watch.version - seen - 1, watch.version
                    yield Figures(figures, cursor, missed, None if missed else answers)
            finally:
                watch.watchers -= 1
                if not watch.watchers:
                    if self._watches.get((key, every_s)) is watch:
                        del self._watches[key, every_s]
                    if watch.task is not None:
                        watch.task.cancel()

    async def _keep(self, watch: _Watch[Any]) -> None:
        """Reckons figures whenever they can have changed, until it is cancelled or they cannot be."""
        said = ""
        while True:
            began = time.monotonic()
            watch.moved.clear()
            cursor = Cursor(self._tail.positions, now())
            try:
                figures = await watch.reckon()
                said = ""
            except Exception as error:
                if not (isinstance(error, LoopgraphError) and blame_of(error) is Blame.GRAPH and watch.version):
                    await self._fail(watch, error)
                    return
                if said != str(error):
                    logger.warning("figures that are watched are reckoned when the graph can: %s", error)
                said = str(error)
                watch.moved.set()
            else:
                await self._tell(watch, figures, cursor)
            await asyncio.sleep(max(0.0, began + watch.every_s - time.monotonic()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(watch.moved.wait(), ANYWAY_S)

    async def _tell(self, watch: _Watch[F], figures: F, cursor: Cursor) -> None:
        if watch.latest is not None and figures.says_what(watch.latest[0]):
            watch.latest = watch.latest[0], cursor, {}
            return
        async with watch.changed:
            watch.latest = figures, cursor, {}
            watch.version += 1
            watch.changed.notify_all()

    async def _fail(self, watch: _Watch[Any], error: Exception) -> None:
        """Ends a watch; whoever comes next begins anew."""
        for key, one in [*self._watches.items()]:
            if one is watch:
                del self._watches[key]
        async with watch.changed:
            watch.failure = error
            watch.changed.notify_all()
