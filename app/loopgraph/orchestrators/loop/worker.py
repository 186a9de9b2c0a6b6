"""The background task of the service that advances open runs: several at once, and with other processes beside it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import Counter
from datetime import timedelta

from loopgraph.contracts.loop.feedback import FeedbackRun, RunStatus
from loopgraph.contracts.traces.success import Judging
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.leases import LENGTH, Leases
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.errors import Blame, InvalidTransition, LoopgraphError, ServiceError, blame_of
from loopgraph.orchestrators.loop.feedback_loop import EXECUTION_TIMEOUT, FeedbackLoop
from loopgraph.orchestrators.loop.generating import Generating

logger = logging.getLogger(__name__)

TRIES = 3
"""A run that fails so often in a row with an error of its own is ended as failed."""

AT_ONCE = 10
"""So many runs are advanced at once, if nothing else is said."""

_LAST_WORDS_S = 5.0
"""A worker that is ended gives its runs back if it can do so in this time."""


class LoopWorker:
    """Advances every open run, ``at_once`` of them at a time; with 0, it leaves all of them to others.

    Several workers, also of several processes, share the runs: a worker leases what it is at, and the runs of one that was killed
    go to the others when its leases have run out.
    """

    def __init__(
        self,
        graph: Graph,
        poll_ms: int,
        execution_timeout: timedelta = EXECUTION_TIMEOUT,
        judging: Judging | None = None,
        generating: Generating | None = None,
        *,
        at_once: int = AT_ONCE,
        lease: timedelta = LENGTH,
    ) -> None:
        self._loop = FeedbackLoop(graph, execution_timeout, judging, generating)
        self._spans = graph.spans
        self._reads = FeedbackReads(graph)
        self._leases = Leases(graph, lease)
        self._poll_s = poll_ms / 1000
        self._at_once = at_once
        self._room = asyncio.Semaphore(at_once)
        self._working: dict[str, asyncio.Task[None]] = {}
        self._poked = asyncio.Event()
        self._failures: Counter[str] = Counter()
        self.looks = 0
        """How often ``run_forever`` has looked at the open runs, in vain included."""

    @property
    def busy(self) -> bool:
        """Whether it is at a run."""
        return bool(self._working)

    @property
    def at_work(self) -> int:
        """So many runs it is at."""
        return len(self._working)

    def poke(self) -> None:
        """Lets the worker look at the runs now: one has started, or executions have been recorded."""
        self._poked.set()

    async def run_forever(self) -> None:
        """Looks at the open runs every ``poll_ms``, and when poked, until it is cancelled; then it gives back what it is at.

        A run that takes long holds up no other.
        """
        said = ""
        try:
            while True:
                self._poked.clear()
                try:
                    await self._hand_out()
                    said = ""
                except Exception as error:
                    if blame_of(error) is Blame.GRAPH:
                        level = logging.DEBUG if said == str(error) else logging.WARNING
                        logger.log(level, "the open feedback runs are looked at when the graph can: %s", error)
                        said = str(error)
                    else:
                        logger.exception("the open feedback runs could not be read; trying again")
                self.looks += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._poked.wait(), self._poll_s)
        finally:
            await self._leave()

    async def look(self) -> None:
        """Advances every open run as far as it goes now. The error of one does not stop the others.

        Runs that only wait cost a fixed number of statements, however many they are.
        """
        await self._hand_out()
        await asyncio.gather(*self._working.values())

    async def _hand_out(self) -> None:
        """Begins with every run that can go on and that nobody is at, as there is room."""
        if not self._at_once:
            return
        runs = await self._reads.open_runs()
        open_ids = {run.run_id for run in runs}
        self._failures = Counter({run_id: count for run_id, count in self._failures.items() if run_id in open_ids})
        free = [run for run in runs if run.run_id not in self._working and not self._leases.elsewhere(run)]
        run_ids = await self._loop.due(free)
        random.shuffle(run_ids)  # several workers that see the same runs begin with different ones
        for run_id in run_ids:
            await self._room.acquire()
            self._working[run_id] = asyncio.create_task(self._work(run_id))

    async def _work(self, run_id: str) -> None:
        try:
            await self._advance(run_id)
        finally:
            del self._working[run_id]
            self._room.release()

    async def _advance(self, run_id: str) -> None:
        try:
            run = await self._leases.take(run_id)
            if run is not None:
                await self._carry(run)
            del self._failures[run_id]
        except Exception as error:
            # What was not stored for a run is no fault of the run: only what a run itself is, or a mistake of ours, ends it.
            if blame_of(error) is Blame.GRAPH or isinstance(error, ServiceError):
                logger.warning("feedback run %s goes on when the graph can: %s", run_id, error)
                return
            self._failures[run_id] += 1
            logger.exception("feedback run %s failed, %d of %d tries", run_id, self._failures[run_id], TRIES)
            if self._failures[run_id] >= TRIES:
                await self._give_up(run_id, error)

    async def _carry(self, run: FeedbackRun) -> None:
        """Takes a leased run as far as it goes. One that waits, or ends, gives its lease back with that step."""
        held: FeedbackRun | None = run
        while held is not None:
            before, about = held.revision, {"loopgraph.run_id": held.run_id, "loopgraph.pattern_id": held.pattern_id}
            with self._spans.stage(f"loop {held.stage.value}", about):
                run = await self._loop.step(held)
            held = await self._leases.keep(run) if run.status is RunStatus.RUNNING and run.revision != before else None
        if run.leased_by == self._leases.owner:
            await self._leases.release([run.run_id])

    async def _give_up(self, run_id: str, error: Exception) -> None:
        try:
            await self._loop.fail(run_id, f"{type(error).__name__}: {error}")
        except InvalidTransition:
            pass  # it was cancelled meanwhile
        except LoopgraphError as failure:
            logger.warning("feedback run %s is marked as failed later: %s", run_id, failure)
        except Exception:
            logger.exception("feedback run %s could not be marked as failed; trying again", run_id)

    async def _leave(self) -> None:
        left = dict(self._working)
        for task in left.values():
            task.cancel()
        await asyncio.gather(*left.values(), return_exceptions=True)
        with contextlib.suppress(Exception):  # else they are free when their leases have run out
            async with asyncio.timeout(_LAST_WORDS_S):
                await self._leases.release(left)
