"""Tells who follows a run of the loop whenever it moves, whichever process moves it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence

from loopgraph.contracts.live import Told
from loopgraph.contracts.loop.feedback import FeedbackRun
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.errors import ShuttingDown
from loopgraph.orchestrators.live.tail import Lost, Tail


class RunFeed:
    """Runs as they move. Each is read once for all who follow it."""

    def __init__(self, tail: Tail, reads: FeedbackReads) -> None:
        self._tail = tail
        self._reads = reads
        self._followers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._next: dict[str, asyncio.Task[FeedbackRun]] = {}
        tail.listen(self)

    def hear(self, told: Sequence[Told]) -> None:
        """Takes note of the runs that have moved."""
        for one in told:
            for run_id in one.change.runs:
                for moved in self._followers.get(run_id, ()):
                    moved.set()

    def lose(self, lost: Lost) -> None:
        """Takes note of what nobody here is told: every run can have moved."""
        for followers in self._followers.values():
            for moved in followers:
                moved.set()

    def end(self, ended: ShuttingDown) -> None:
        """Wakes those who follow: there is an end."""
        for followers in self._followers.values():
            for moved in followers:
                moved.set()

    async def updates(self, run_id: str) -> AsyncGenerator[FeedbackRun, None]:
        """The run as it is now, and again whenever it has moved, until it has ended. Raises NotFound.

        Of several moves between two reads it shows the last.
        """
        moved, revision = asyncio.Event(), 0
        async with self._tail.followed():
            self._followers[run_id].add(moved)
            try:
                while True:
                    moved.clear()
                    run = await self._read(run_id)
                    if run.revision != revision:
                        revision = run.revision
                        yield run
                    if not run.status.open:
                        return
                    await moved.wait()
                    self._tail.check()
            finally:
                self._followers[run_id].discard(moved)
                if not self._followers[run_id]:
                    del self._followers[run_id]

    async def _read(self, run_id: str) -> FeedbackRun:
        """The run; all who ask before it begins to be read share the answer."""
        if (reading := self._next.get(run_id)) is None:
            reading = self._next[run_id] = asyncio.create_task(self._read_now(run_id))
            reading.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(reading)

    async def _read_now(self, run_id: str) -> FeedbackRun:
        del self._next[run_id]
        return await self._reads.run(run_id)
