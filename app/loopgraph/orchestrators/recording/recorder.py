"""Takes events in on behalf of every door, and records them: the one writer of a process.

What comes while a transaction runs is recorded together by the next one. Nothing waits for a timer: an idle writer writes at
once, a busy one collects.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Sequence
from typing import Final, Literal, overload

from loopgraph.computes.privacy.policy import Privacy
from loopgraph.contracts.observations import Recordable
from loopgraph.contracts.traces import Recorded
from loopgraph.effects.clock import now
from loopgraph.effects.traces.dead_letters import DeadLetters
from loopgraph.effects.traces.writes import Traces
from loopgraph.errors import (
    GraphRefused,
    GraphTimeout,
    GraphUnavailable,
    ServiceError,
    ShuttingDown,
    Unprocessable,
    UserError,
)
from loopgraph.orchestrators.recording.backlog import Backlog, Entry, Submission, size_of
from loopgraph.orchestrators.recording.feed import TraceFeed
from loopgraph.orchestrators.recording.weight import aside, is_heavy

logger = logging.getLogger(__name__)

_TRANSIENT = (GraphUnavailable, GraphTimeout, GraphRefused)
"""Nothing that an event could be the cause of."""

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_LONGEST_RETRY_S: Final = 60
_TURN_S: Final = 0.005
"""So long the taking in of one submission may keep all others from the processor."""


class Recorder:
    """The one writer of a process. Bounds are those of the settings; without ``dead_letters`` poison is only logged. What is
    committed is left with ``feed``."""

    def __init__(
        self,
        traces: Traces,
        privacy: Privacy,
        dead_letters: DeadLetters | None = None,
        *,
        batch_events: int = 1_000,
        queue_events: int = 50_000,
        queue_bytes: int = 64 * 1024 * 1024,
        feed: TraceFeed | None = None,
    ) -> None:
        self._traces = traces
        self._privacy = privacy
        self._dead_letters = dead_letters
        self._feed = feed
        self._backlog = Backlog(queue_events, queue_bytes)
        self._full_batch = self._batch = batch_events
        self._per_second = 1_000.0
        self._pause_s = _FIRST_PAUSE_S
        self._somebody_waits = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    @overload
    async def record(
        self, events: Sequence[Recordable], *, wait: Literal[True] = True
    ) -> list[Recorded | UserError]: ...

    @overload
    async def record(self, events: Sequence[Recordable], *, wait: Literal[False]) -> list[UserError | None]: ...

    async def record(
        self, events: Sequence[Recordable], *, wait: bool = True
    ) -> list[Recorded | UserError] | list[UserError | None]:
        """What became of each event, in their order; all that were recorded are committed. See ``Traces.record``.

        An event that the graph cannot store, though it stores others, is put aside (Unprocessable). With ``wait=False`` it
        returns as soon as the events are queued, with the errors that are known by then; they are recorded when the graph can,
        and lost if the process is killed before.

        Raises Overloaded and ShuttingDown, and then has taken nothing in; and what ``Graph.transaction`` raises, when some of
        the events may have been recorded, so that all may be sent again. If the caller is cancelled, what is not yet being
        recorded is dropped.
        """
        submission = await self._take_in(events, waited=wait)
        if not wait:
            return [outcome if isinstance(outcome, UserError) else None for outcome in submission.outcomes]
        try:
            await submission.done
        finally:
            self._backlog.withdraw(submission)
        return [outcome for outcome in submission.outcomes if outcome is not None]

    async def close(self, timeout_s: float) -> None:
        """Takes nothing more in, and records what waits. What is left after ``timeout_s`` goes among the dead letters, except
        for what somebody waits for, who is told."""
        self._closed = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._backlog.drained.wait(), timeout_s)
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])
        stopped = ShuttingDown("the service was stopped before the event was recorded")
        orphans = []
        for entry in self._backlog.take_all():
            if entry.submission.waited:
                entry.submission.fail(stopped)
            else:
                orphans.append(entry.event)
        if orphans:
            await self._bury(orphans, stopped)

    async def _take_in(self, events: Sequence[Recordable], *, waited: bool) -> Submission:
        """The queued submission. Raises Overloaded, ShuttingDown."""
        if self._closed:
            raise ShuttingDown("the service is stopping")
        retry_after_s = min(max(1, math.ceil(self._backlog.events / self._per_second)), _LONGEST_RETRY_S)
        self._backlog.reserve(len(events), retry_after_s)
        submission, turn = Submission(len(events), now(), waited=waited), time.perf_counter()
        try:
            for index, event in enumerate(events):
                await self._redact(event, submission, index)
                if time.perf_counter() - turn > _TURN_S:
                    await asyncio.sleep(0)
                    turn = time.perf_counter()
            self._backlog.put(submission, retry_after_s)
        except BaseException:
            self._backlog.release(len(events))
            raise
        self._backlog.release(len(events) - len(submission.entries))
        if waited:
            self._somebody_waits.set()
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        return submission

    async def _redact(self, event: Recordable, submission: Submission, index: int) -> None:
        """Puts an event without its secrets into a submission; one that is refused is settled."""
        try:
            clean, size = await aside(self._cleaned, event) if is_heavy(event) else self._cleaned(event)
        except UserError as error:
            submission.settle(index, error)
        else:
            submission.entries.append(Entry(clean, submission, index, size))

    def _cleaned(self, event: Recordable) -> tuple[Recordable, int]:
        """An event without its secrets, and its size. Raises UserError."""
        clean = self._privacy.clean(event)
        return clean, size_of(clean)

    async def _write_all(self) -> None:
        """Records until nothing waits."""
        while entries := self._backlog.take(self._batch):
            self._somebody_waits.clear()
            try:
                await self._write(entries)
            except asyncio.CancelledError:
                self._backlog.put_back(entry for entry in entries if entry.in_turn)
                raise
            except Exception as error:  # a mistake of ours: nobody may wait for ever
                logger.exception("the writer failed")
                for entry in [entry for entry in entries if entry.in_turn]:
                    self._backlog.leave(entry)
                    entry.submission.fail(error)

    async def _write(self, entries: Sequence[Entry]) -> None:
        """Records entries in one transaction; if that cannot be, halves find out whose fault it is."""
        began = time.perf_counter()
        arrivals = [entry.submission.received_at for entry in entries]
        try:
            outcomes = await self._traces.record([entry.event for entry in entries], received_at=arrivals)
            settled = list(zip(entries, outcomes, strict=True))
        except _TRANSIENT as error:
            await self._later(entries, error)
        except Exception as error:
            if len(entries) == 1:
                await self._put_aside(entries[0], error)
                return
            middle = len(entries) // 2
            await self._write(entries[:middle])
            await self._write(entries[middle:])
        else:
            for entry, outcome in settled:
                self._settle(entry, outcome)
            if self._feed is not None:
                self._feed.publish(outcome for outcome in outcomes if isinstance(outcome, Recorded))
            rate = len(entries) / (time.perf_counter() - began)
            self._per_second += (rate - self._per_second) / 8
            self._pause_s, self._batch = _FIRST_PAUSE_S, min(self._full_batch, self._batch * 2)

    def _settle(self, entry: Entry, outcome: Recorded | UserError) -> None:
        self._backlog.leave(entry)
        entry.submission.settle(entry.index, outcome)

    async def _later(self, entries: Sequence[Entry], error: ServiceError) -> None:
        """Tells those who wait, and tries the others again, in smaller transactions, until the graph can."""
        patient = []
        for entry in entries:
            if entry.submission.waited:
                self._backlog.withdraw(entry.submission)
                self._backlog.leave(entry)
                entry.submission.fail(error)
            else:
                patient.append(entry)
        if not patient:
            return
        logger.warning("%d queued events wait for the graph: %s", self._backlog.events, error)
        self._backlog.put_back(patient)
        self._batch = max(1, self._batch // 2)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._somebody_waits.wait(), self._pause_s)
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    async def _put_aside(self, entry: Entry, error: Exception) -> None:
        logger.error("an event could not be recorded: %s: %s", type(error).__name__, error)
        await self._bury([entry.event], error)
        self._settle(
            entry, Unprocessable(f"the graph could not store this event ({type(error).__name__}); it was put aside")
        )

    async def _bury(self, events: Sequence[Recordable], error: Exception) -> None:
        """Puts events among the dead letters."""
        if self._dead_letters is None:
            logger.error("%d events are lost: there is no folder for dead letters", len(events))
            return
        try:
            await self._dead_letters.add(events, error, now())
        except Exception as failure:
            logger.critical("%d events are lost: the dead letters cannot be written: %s", len(events), failure)
        else:
            logger.error("%d events were put aside in %s", len(events), self._dead_letters.path)
