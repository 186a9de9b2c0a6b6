"""What was last seen of a graph: whether it answers, whether it stores, and if not, why. Nothing is said that was not seen."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, Final, TypeVar

from loopgraph.assets import Access
from loopgraph.effects.graph.deadline import Deadline
from loopgraph.errors import Blame, GraphContended, GraphFull, GraphTimeout, GraphUnavailable, LoopgraphError

T = TypeVar("T")

PATIENCE_S: Final = 1.0
"""So long those who wait for the graph do so without a look at whether it is there. Agents' hooks wait two seconds."""

_LOOK_S: Final = 0.5
"""So long it may take to answer the smallest question before it counts as away."""

_ANSWER_S: Final = 3.0
"""So long ``ready`` takes at most."""

_PROVEN_FOR_S: Final = 5.0
"""So long a write proves that the graph stores."""


class Health:
    """What transactions of one graph have met, and questions to it.

    ``ping`` asks for the smallest answer and gives its milliseconds, ``write`` stores something; both raise what the graph
    raises. ``shortage`` says in words that there is no space left where the graph is stored, if that can be seen from here; given
    True, also if the engine has said so in the last seconds.
    """

    def __init__(
        self,
        ping: Callable[[], Awaitable[float]],
        write: Callable[[], Awaitable[object]],
        shortage: Callable[[bool], str | None],
    ) -> None:
        self._ping = ping
        self._write = write
        self._shortage = shortage
        self._wrote_at = float("-inf")
        self.trouble: LoopgraphError | None = None
        """Why the last transactions came to nothing; None if the last one of that kind did not, or if it was its own fault."""
        self._of_writes = False
        self._troubled_at = 0.0
        self._look: asyncio.Task[LoopgraphError | TimeoutError | None] | None = None

    def failed(self, error: LoopgraphError, access: Access) -> None:
        """A transaction failed, and may be run again. What passes by itself (conflicts, slow statements) is no trouble; but
        whatever a write fails with, that the graph stores is to be seen anew."""
        if access is Access.WRITE:
            self._wrote_at = float("-inf")
        if error.blame is Blame.GRAPH and not isinstance(error, GraphContended | GraphTimeout):
            self.trouble, self._of_writes = error, access is Access.WRITE
            self._troubled_at = time.monotonic()

    def worked(self, access: Access) -> None:
        """A transaction was committed."""
        if access is Access.WRITE:
            self._wrote_at = time.monotonic()
        elif self._of_writes:
            return  # that it can be read says nothing of whether it can be written
        self.trouble = None

    def full(self, *, logged: bool = False) -> GraphFull | None:
        """The error that there is no space left, if that can be seen; ``logged``: or if the engine has just said so."""
        words = self._shortage(logged)
        return GraphFull(words) if words else None

    async def away(self, waited_s: float = 0.0) -> LoopgraphError | None:
        """Why the graph is not there now: what transactions are meeting, or that it does not answer, as it has not for who has
        ``waited_s``. Takes half a second; those who look at once look together."""
        if self.trouble is not None and time.monotonic() - self._troubled_at < 2 * PATIENCE_S:
            return self.trouble
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._looked())
        found = await asyncio.shield(self._look)
        if isinstance(found, TimeoutError):
            return GraphUnavailable(f"the graph has not answered for {max(waited_s, _LOOK_S):.3g} s; try again")
        return found

    async def _looked(self) -> LoopgraphError | TimeoutError | None:
        """What the smallest question meets. It raises nothing: those who wanted to know may have gone."""
        try:
            async with asyncio.timeout(_LOOK_S):
                await self._ping()
        except (LoopgraphError, TimeoutError) as error:
            return error
        return None

    @contextlib.contextmanager
    def watching(self, deadline: Deadline) -> Iterator[None]:
        """A block that may wait for the graph: while it does, the deadline is told how long the graph was away."""
        loop = asyncio.get_running_loop()
        watches: list[asyncio.Task[None]] = []
        timer = loop.call_later(PATIENCE_S, lambda: watches.append(loop.create_task(self._watch(deadline))))
        try:
            yield
        finally:
            timer.cancel()
            for watch in watches:
                watch.cancel()

    async def _watch(self, deadline: Deadline) -> None:
        looked_at = float("-inf")
        while True:
            waited_s = deadline.unanswered_s
            if waited_s >= PATIENCE_S:
                asked_at = time.monotonic() - waited_s
                away = await self.away(waited_s + _LOOK_S)
                now = time.monotonic()
                if away is not None:
                    deadline.was_away(now - max(asked_at, looked_at), away)
                looked_at = now
            await asyncio.sleep(_LOOK_S)

    async def patiently(self, work: Coroutine[Any, Any, T]) -> T:
        """What ``work`` returns; it is given up as soon as it is clear that the graph is away. Raises why, if so."""
        task = asyncio.create_task(work)
        try:
            while not (await asyncio.wait({task}, timeout=PATIENCE_S))[0]:
                if away := await self.away():
                    raise away.with_traceback(None)
            return task.result()
        finally:
            task.cancel()

    async def prove(self) -> None:
        """Returns if the graph stores something now. Raises what it says if not."""
        if full := self.full():
            raise full
        await self._write()

    async def ready(self) -> float:
        """The milliseconds that the smallest answer takes, if the graph answers and stores. Raises what is wrong."""
        try:
            async with asyncio.timeout(_ANSWER_S):
                latency_ms = await self._ping()
                if full := self.full():
                    raise full
                if self.trouble is not None or time.monotonic() - self._wrote_at > _PROVEN_FOR_S:
                    await self._write()
                return latency_ms
        except TimeoutError as error:
            raise self.trouble or GraphUnavailable(f"the graph has not answered for {_ANSWER_S:g} s") from error
