"""The background task of the service that advances open runs, and the live view of one run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

from loopgraph.contracts.feedback import FeedbackRun, RunStatus
from loopgraph.contracts.success import Judging
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.errors import Blame, InvalidTransition, LoopgraphError, ServiceError, blame_of
from loopgraph.orchestrators.loop.feedback_loop import EXECUTION_TIMEOUT, FeedbackLoop

logger = logging.getLogger(__name__)

TRIES = 3
"""A run that fails so often in a row with an error of its own is ended as failed."""

_AT_ONCE = 4


class LoopWorker:
    """Advances every open run. Several workers, also of several processes, can do so side by side."""

    def __init__(
        self,
        graph: Graph,
        poll_ms: int,
        execution_timeout: timedelta = EXECUTION_TIMEOUT,
        judging: Judging | None = None,
    ) -> None:
        self._loop = FeedbackLoop(graph, execution_timeout, judging)
        self._reads = FeedbackReads(graph)
        self._poll_s = poll_ms / 1000
        self._poked = asyncio.Event()
        self._failures: Counter[str] = Counter()
        self.looks = 0
        """How often ``run_forever`` has looked at the open runs, in vain included."""

    def poke(self) -> None:
        """Lets the worker look at the runs now: one has started, or executions have been recorded."""
        self._poked.set()

    async def run_forever(self) -> None:
        """Looks at the open runs every ``poll_ms``, and when poked, until it is cancelled."""
        said = ""
        while True:
            self._poked.clear()
            try:
                await self.look()
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

    async def look(self) -> None:
        """Advances every open run as far as it goes now. The error of one does not stop the others.

        Runs that only wait cost a fixed number of statements, however many they are.
        """
        limit = asyncio.Semaphore(_AT_ONCE)
        runs = await self._reads.open_runs()
        open_ids = {run.run_id for run in runs}
        self._failures = Counter({run_id: count for run_id, count in self._failures.items() if run_id in open_ids})
        run_ids = await self._loop.due(runs)

        async def advance(run_id: str) -> None:
            async with limit:
                await self._advance(run_id)

        await asyncio.gather(*(advance(run_id) for run_id in run_ids))

    async def _advance(self, run_id: str) -> None:
        try:
            revision, run = 0, await self._loop.advance(run_id)
            while run.status is RunStatus.RUNNING and run.revision != revision:
                revision, run = run.revision, await self._loop.advance(run_id)
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

    async def _give_up(self, run_id: str, error: Exception) -> None:
        try:
            await self._loop.fail(run_id, f"{type(error).__name__}: {error}")
        except InvalidTransition:
            pass  # it was cancelled meanwhile
        except LoopgraphError as failure:
            logger.warning("feedback run %s is marked as failed later: %s", run_id, failure)
        except Exception:
            logger.exception("feedback run %s could not be marked as failed; trying again", run_id)

    async def updates(self, run_id: str) -> AsyncIterator[FeedbackRun]:
        """The run as it is now, and again whenever it has changed, until it has ended. Raises NotFound.

        It looks at the graph, so it sees what other processes do; of several changes between two looks it shows the last.
        """
        revision = 0
        while True:
            run = await self._reads.run(run_id)
            if run.revision != revision:
                revision = run.revision
                yield run
            if not run.status.open:
                return
            await asyncio.sleep(self._poll_s)
