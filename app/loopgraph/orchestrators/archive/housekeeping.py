"""The background task of the service that keeps the recorded traces in order: it closes silent ones, and prunes old ones."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from loopgraph.contracts.traces.retention import Progress, PruneReport, Tell
from loopgraph.effects.archive.retention import Retention
from loopgraph.effects.archive.segments import Archive
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.timeouts import TraceTimeouts
from loopgraph.errors import Blame, Conflict, blame_of
from loopgraph.orchestrators.archive.pruning import Counting, Pruning

logger = logging.getLogger(__name__)

_EVERY_S = 60.0


class Housekeeping:
    """Several processes can do it side by side: closing twice changes nothing, and an archive has one writer at a time.

    ``timeout``: the silence after which a trace is closed; ``retention``: the age at which it moves to the folder ``archive``;
    None for never. ``counted`` is that of ``Pruning``.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        timeout: timedelta | None,
        retention: timedelta | None,
        archive: Path,
        prune_every: timedelta,
        counted: Counting | None = None,
    ) -> None:
        self._counted = counted
        self._timeouts = TraceTimeouts(graph)
        self._retention = Retention(graph)
        self._timeout = timeout
        self._age = retention
        self._archive = Archive(archive)
        self._prune_every_s = prune_every.total_seconds()

    async def run_forever(self) -> None:
        """Looks every minute, until it is cancelled; the first time after a minute."""
        prune_at = time.monotonic()
        while True:
            await asyncio.sleep(_EVERY_S)
            await self._attempt("closed", self.close_silent)
            if time.monotonic() >= prune_at and await self._attempt("pruned", self.prune):
                prune_at = time.monotonic() + self._prune_every_s

    async def _attempt(self, what: str, work: Callable[[], Awaitable[object]]) -> bool:
        """Does one part of it, whose failure does not keep the others from being done; whether there is nothing to repeat.

        What the graph cannot do now is done at the next look. What fails for another reason waits for its regular time.
        """
        try:
            await work()
        except Exception as error:
            if blame_of(error) is Blame.GRAPH:
                logger.warning("traces are %s when the graph can: %s", what, error)
                return False
            logger.exception("traces could not be %s; trying again later", what)
        return True

    async def close_silent(self) -> int:
        """Closes the traces that have been silent for too long, and counts them."""
        if self._timeout is None:
            return 0
        before, closed, after = now() - self._timeout, 0, ""
        while True:
            ids, next_ = await self._timeouts.close_silent(before, after)
            closed += len(ids)
            if next_ is None:
                break
            after = next_
        if closed:
            logger.info("%d traces without a sign of life were closed as timeout", closed)
        return closed

    async def prune(self) -> PruneReport | None:
        """Moves what is old enough to the archive; None if there is no age, or if another process does it just now."""
        if self._age is None:
            return None
        try:
            more = {} if self._counted is None else {"counted": self._counted}
            report = await Pruning(self._retention, self._archive, now() - self._age, _logged(), **more).run()
        except Conflict as busy:
            logger.info("nothing was pruned: %s", busy)
            return None
        logger.info("pruned %s; kept %s", dict(report.deleted), {str(why): count for why, count in report.kept.items()})
        return report


def _logged() -> Tell:
    """Logs now and then how far a pruning is that takes long."""
    began = told_at = time.monotonic()

    def tell(latest: Progress) -> None:
        nonlocal told_at
        at = time.monotonic()
        if at - told_at >= _EVERY_S:
            told_at = at
            rate = latest.traces / (at - began)
            logger.info("pruning: %d nodes archived, %d deleted, %.0f traces/s", latest.read, latest.moved, rate)

    return tell
