"""Turns at the event loop: answers of any size are made in slices, between which everything else is served.

A large answer wakes thousands of tasks at once, each of which has a little to do: yielding in each of them would not help,
because the loop runs all that are ready before it looks at its sockets. So the time since the loop last came round is what
counts, over all tasks together; whoever finds it spent waits in one queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterator

SLICE_S = 0.005
"""How long answers may be worked on before the loop comes round."""

_RELEASED = 16
"""So many tasks are let go on each time that the loop comes round; those that find its time spent wait again."""


class Pace:
    """The one clock and queue of an event loop."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._releasing = False
        self._operations = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def busy(self) -> bool:
        """Whether any answer is being made."""
        return self._operations > 0

    async def idle(self) -> None:
        """Returns when no answer is being made."""
        while self.busy:
            await self._idle.wait()

    @contextlib.contextmanager
    def operation(self) -> Iterator[None]:
        """An answer is made in this block."""
        self._operations += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._operations -= 1
            if not self._operations:
                self._idle.set()

    def spent(self) -> bool:
        """Whether it is time to let the loop come round."""
        now = time.perf_counter()
        if self._began is None:
            self._began = now
            asyncio.get_running_loop().call_soon(self._came_round)
            return False
        return now - self._began > SLICE_S

    async def turn(self) -> None:
        """Returns when the loop has come round and there is time again."""
        first = True
        while True:
            waiting = asyncio.get_running_loop().create_future()
            if first:
                self._waiting.append(waiting)
            else:
                self._waiting.appendleft(waiting)
            if not self._releasing:
                self._releasing = True
                asyncio.get_running_loop().call_soon(self._release)
            await waiting
            if not self.spent():
                return
            first = False

    def _came_round(self) -> None:
        self._began = None

    def _release(self) -> None:
        for _ in range(min(_RELEASED, len(self._waiting))):
            waiting = self._waiting.popleft()
            if not waiting.done():  # cancelled
                waiting.set_result(None)
        self._releasing = bool(self._waiting)
        if self._releasing:
            asyncio.get_running_loop().call_soon(self._release)


class Turns:
    """The turns of one request's tasks."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._waiting = 0

    def operation(self) -> contextlib.AbstractContextManager[None]:
        """An answer is made in this block."""
        return self._pace.operation()

    def spent(self) -> bool:
        """Whether it is time to let the loop come round."""
        return self._pace.spent()

    async def turn(self) -> None:
        """Returns when the loop has come round and there is time again."""
        self._waiting += 1
        try:
            await self._pace.turn()
        finally:
            self._waiting -= 1

    @contextlib.contextmanager
    def waking(self) -> Iterator[None]:
        """Tasks are woken in this block, in portions: it is not quiet until all are."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def quiet(self) -> None:
        """Returns when no task of this request waits for its turn, and those that were ready have run."""
        calm = 0
        while calm < 2:
            if self._waiting:
                calm = 0
                await self._pace.turn()
            else:
                calm += 1
                await asyncio.sleep(0)
