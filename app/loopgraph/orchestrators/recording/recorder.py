"""Takes events in on behalf of every door, and records them: the one writer of a process.

What comes while a transaction runs is recorded together by the next one. Nothing waits for a timer: an idle writer writes at
once, a busy one collects.

Whose fault a failure is decides what becomes of the events (``loopgraph.errors.Blame``). If the graph's, whoever waits is told to
come again, and what is only queued stays queued. If perhaps an event's, halves find out which; it is put aside only if it fails
again by itself after something else was stored. Whoever waits is told within two seconds that the graph is away.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, Literal, overload

from loopgraph.computes.privacy.policy import Privacy
from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.observations import Recordable
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.clock import now
from loopgraph.effects.graph.health import PATIENCE_S, Health
from loopgraph.effects.traces.dead_letters import DeadLetters
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import (
    Blame,
    DeadLettersUnwritable,
    EngineFailure,
    GraphUnavailable,
    LoopgraphError,
    Overloaded,
    ServiceError,
    ShuttingDown,
    Unprocessable,
    UserError,
    blame_of,
)
from loopgraph.orchestrators.recording.backlog import Backlog, Entry, Submission, size_of
from loopgraph.orchestrators.recording.metrics import RecordingMetrics
from loopgraph.orchestrators.recording.sending import said_by
from loopgraph.orchestrators.recording.weight import HEAVY, aside, weight_of

logger = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_LONGEST_RETRY_S: Final = 60
_LONGEST_APART_S: Final = 300.0
"""What fails by itself while others are stored is tried again after a pause, and after so long at most."""

_IN_FRONT: Final = 3
"""So often an entry is tried by itself before the rest of its submission goes first, though nothing is known to be stored."""

_CONFIRMED: Final = 2
"""So often an event fails again, something else having been stored each time, before it is put aside."""

_ON_TRUST: Final = 3
"""So many events are put aside on the proof of a write for its own sake, before another event has to be stored."""

_OF_THE_VALUE: Final = (ValueError, OverflowError)
"""Raised where values are made ready to be sent: the graph has no part in it, and many events can share such a value."""

_TURN_S: Final = 0.005
"""So long the taking in of one submission may keep all others from the processor."""


class Recorder:
    """The one writer of a process. Bounds are those of the settings; without ``dead_letters`` poison is only logged. What is
    committed is left with ``noted``, which returns at once. ``health`` is the graph's: without it, only other events prove that
    the graph stores. ``metrics`` count what is done."""

    def __init__(
        self,
        traces: TraceWrites,
        privacy: Privacy,
        dead_letters: DeadLetters | None = None,
        *,
        batch_events: int = 1_000,
        queue_events: int = 50_000,
        queue_bytes: int = 64 * 1024 * 1024,
        noted: Callable[[Sequence[Recorded]], None] | None = None,
        health: Health | None = None,
        metrics: RecordingMetrics | None = None,
    ) -> None:
        self._traces = traces
        self._privacy = privacy
        self._dead_letters = dead_letters
        self._noted = noted
        self._health = health
        self._backlog = Backlog(queue_events, queue_bytes)
        self._metrics = metrics or RecordingMetrics()
        self._metrics.queue_limit.set(queue_events)
        self._metrics.queue_events.set_function(lambda: self._backlog.events)
        self._metrics.queue_bytes.set_function(lambda: self._backlog.bytes)
        self._full_batch = self._batch = batch_events
        self._per_second = 1_000.0
        self._pause_s = _FIRST_PAUSE_S
        self._somebody_waits = asyncio.Event()
        self._something_came = asyncio.Event()
        self._stored = 0
        self._on_trust = 0
        self._turn: Sequence[Entry] = ()
        self._away: LoopgraphError | None = None
        self._looking: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._writer: asyncio.Task[None] | None = None
        self._closed = False
        self._end: asyncio.Task[None] | None = None

    @property
    def closed(self) -> bool:
        """Whether it takes nothing more in."""
        return self._closed

    @property
    def waiting(self) -> int:
        """So many events were taken in by this process and are not recorded yet."""
        return self._backlog.events

    async def put_aside(self) -> int:
        """So many events lie among the dead letters, those of other processes included. Raises OSError."""
        return await self._dead_letters.count() if self._dead_letters else 0

    @overload
    async def record(
        self,
        events: Sequence[Recordable],
        *,
        wait: Literal[True] = True,
        received_at: datetime | Sequence[datetime] | None = None,
        sender: Principal | None = None,
    ) -> list[Recorded | UserError]: ...

    @overload
    async def record(
        self,
        events: Sequence[Recordable],
        *,
        wait: Literal[False],
        received_at: datetime | Sequence[datetime] | None = None,
        sender: Principal | None = None,
    ) -> list[UserError | None]: ...

    @overload
    async def record(
        self,
        events: Sequence[Recordable],
        *,
        wait: bool,
        received_at: datetime | Sequence[datetime] | None = None,
        sender: Principal | None = None,
    ) -> list[Recorded | UserError] | list[UserError | None]: ...

    async def record(
        self,
        events: Sequence[Recordable],
        *,
        wait: bool = True,
        received_at: datetime | Sequence[datetime] | None = None,
        sender: Principal | None = None,
    ) -> list[Recorded | UserError] | list[UserError | None]:
        """What became of each event, in their order; all that were recorded are committed. See ``TraceWrites.record``.

        An event that the graph cannot store, though it stores others, is put aside (Unprocessable). With ``wait=False`` it
        returns as soon as the events are queued, with the errors that are known by then; they are recorded when the graph can,
        and put aside if the service stops before, but lost if the process is killed. Events that bring no time are dated by
        their arrival: now, or ``received_at``, that of all or of each. What is new is the ``sender``'s; None where nobody is told
        apart.

        Raises Overloaded and ShuttingDown, and then has taken nothing in; and other ServiceErrors, when some of the events may
        have been recorded, so that all may be sent again. If the caller is cancelled, what is not yet being recorded is dropped.
        """
        submission = await self._take_in(events, received_at or now(), waited=wait, sender=sender)
        if not wait:
            return [outcome if isinstance(outcome, UserError) else None for outcome in submission.outcomes]
        try:
            await submission.done
        finally:
            self._backlog.withdraw(submission)
        return [outcome for outcome in submission.outcomes if outcome is not None]

    async def close(self, timeout_s: float) -> None:
        """Takes nothing more in, and records what waits. What is left after ``timeout_s`` goes among the dead letters, except
        for what somebody waits for, who is told. Whoever calls it again waits for the same end."""
        if self._end is None:
            self._end = asyncio.create_task(self._close(timeout_s))
        await asyncio.shield(self._end)

    async def _close(self, timeout_s: float) -> None:
        self._closed = True
        self._backlog.hasten()
        self._something_came.set()
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
        if orphans and not await self._bury(orphans, stopped):
            logger.critical("%d events that were queued are lost", len(orphans))

    async def _take_in(
        self,
        events: Sequence[Recordable],
        received_at: datetime | Sequence[datetime],
        *,
        waited: bool,
        sender: Principal | None,
    ) -> Submission:
        """The queued submission. Raises Overloaded, ShuttingDown; where somebody waits and the graph is away, what it says."""
        if self._closed:
            raise ShuttingDown("the service is stopping")
        if waited and self._away is not None:
            raise self._away.with_traceback(None)
        retry_after_s = min(max(1, math.ceil(self._backlog.events / self._per_second)), _LONGEST_RETRY_S)
        with self._counting_overload(len(events)):
            self._backlog.reserve(len(events), retry_after_s)
        place = self._metrics.spans.here()
        submission = Submission(len(events), received_at, waited=waited, sender=sender, place=place)
        turn = time.perf_counter()
        try:
            for index, event in enumerate(events):
                await self._redact(said_by(sender, event), submission, index)
                if time.perf_counter() - turn > _TURN_S:
                    await asyncio.sleep(0)
                    turn = time.perf_counter()
            with self._counting_overload(len(events)):
                self._backlog.put(submission, retry_after_s)
        except BaseException:
            self._backlog.release(len(events))
            raise
        self._backlog.release(len(events) - len(submission.entries))
        self._something_came.set()
        if waited:
            self._somebody_waits.set()
        if self._writer is None or self._writer.done():
            # It writes for all: what it logs belongs to no single request.
            self._writer = asyncio.create_task(self._write_all(), context=contextvars.Context())
        return submission

    @contextlib.contextmanager
    def _counting_overload(self, events: int) -> Iterator[None]:
        try:
            yield
        except Overloaded:
            self._metrics.events["overloaded"].inc(events)
            raise

    async def _redact(self, event: Recordable, submission: Submission, index: int) -> None:
        """Puts an event without its secrets into a submission; one that is refused is settled."""
        try:
            weight = weight_of(event)
            if weight < HEAVY:
                clean, size = self._privacy.clean(event, weight=weight), weight
            else:
                clean, size = await aside(self._cleaned, event)
        except UserError as error:
            submission.settle(index, error)
            self._metrics.events["refused"].inc()
        else:
            submission.entries.append(Entry(clean, submission, index, size))

    def _cleaned(self, event: Recordable) -> tuple[Recordable, int]:
        """A heavy event without its secrets, and its size. Raises UserError."""
        clean = self._privacy.clean(event)
        return clean, size_of(clean)

    async def _write_all(self) -> None:
        """Records until nothing waits."""
        while (entries := self._backlog.take(self._batch)) or self._backlog.rest_s is not None:
            self._somebody_waits.clear()
            self._something_came.clear()
            if not entries:
                await self._rest()
                continue
            self._turn = entries
            self._timer = asyncio.get_running_loop().call_later(PATIENCE_S, self._look)
            try:
                await self._write(entries)
            except asyncio.CancelledError:
                self._backlog.put_back(entry for entry in entries if entry.in_turn)
                raise
            except Exception as error:  # a mistake of ours: nobody may wait for ever
                logger.exception("the writer failed")
                for entry in [entry for entry in entries if entry.in_turn]:
                    self._backlog.leave(entry)
                    entry.submission.fail(ServiceError(f"the writer failed ({type(error).__name__}); it was logged"))
            finally:
                self._end_look()

    async def _rest(self) -> None:
        """Waits until something comes, or what was set apart may be tried again."""
        rest_s = self._backlog.rest_s or 0.0
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._something_came.wait(), rest_s)

    def _look(self) -> None:
        """A turn takes long: is the graph there?"""
        self._looking = asyncio.create_task(self._look_until_away())

    def _end_look(self) -> None:
        """The turn is over: what was seen of the graph meanwhile need not be so any more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()
        self._turn, self._away, self._looking, self._timer = (), None, None, None

    async def _look_until_away(self) -> None:
        while self._health is not None:
            if away := await self._health.away():
                self._away = away
                for submission in self._backlog.awaited:
                    self._backlog.withdraw(submission)
                    submission.fail(away)
                for entry in self._turn:
                    if entry.submission.waited:
                        entry.submission.fail(away)
                return
            await asyncio.sleep(PATIENCE_S / 4)

    async def _write(self, entries: Sequence[Entry]) -> None:
        """Records entries in one transaction; if that cannot be, finds out whose fault it is."""
        error = await self._store(entries)
        if error is None:
            return
        if blame_of(error) is Blame.GRAPH:
            await self._later(entries, error)
        else:
            await self._sift(entries, error)

    async def _store(self, entries: Sequence[Entry]) -> Exception | None:
        """Records entries in one transaction, and settles them; or what it failed with."""
        began = time.perf_counter()
        arrivals = [entry.submission.arrival(entry.index) for entry in entries]
        ended: list[Recorded] = []
        try:
            events = [entry.event for entry in entries]
            sender = entries[0].submission.sender  # a turn has one
            places = [entry.submission.place for entry in entries]
            with self._metrics.spans.together("record", places, {"loopgraph.events": len(entries)}):
                outcomes = await self._traces.record(events, received_at=arrivals, ended=ended, sender=sender)
        except Exception as error:
            return error
        for entry, outcome in zip(entries, outcomes, strict=True):
            self._settle(entry, outcome)
        if self._noted is not None:
            self._noted([*(outcome for outcome in outcomes if isinstance(outcome, Recorded)), *ended])
        took_s = time.perf_counter() - began
        self._metrics.batch_events.observe(len(entries))
        self._metrics.batch_seconds.observe(took_s)
        rate = len(entries) / took_s
        self._per_second += (rate - self._per_second) / 8
        self._pause_s, self._batch = _FIRST_PAUSE_S, min(self._full_batch, self._batch * 2)
        self._stored += 1
        self._on_trust = 0
        return None

    def _settle(self, entry: Entry, outcome: Recorded | UserError) -> None:
        self._backlog.leave(entry)
        entry.submission.settle(entry.index, outcome)
        self._metrics.events[_named(outcome)].inc()

    async def _sift(self, entries: Sequence[Entry], error: Exception) -> None:
        """Records what can be recorded of entries that came to nothing together, perhaps for the sake of one of them."""
        at_first, suspects = self._stored, list[tuple[Entry, Exception, int]]()
        parts: list[tuple[Sequence[Entry], Exception | None]] = [(entries, error)]
        while parts:
            part, failure = parts.pop()
            failure = failure or await self._store(part)
            if failure is None:
                continue
            if len(part) > 1 and blame_of(failure) is not Blame.GRAPH:
                middle = len(part) // 2
                parts += [(part[middle:], None), (part[:middle], None)]
            elif isinstance(failure, UserError):
                self._settle(part[0], failure)
            else:
                suspects += [(entry, failure, self._stored) for entry in part]
                # Where one after the other fails and nothing is stored, it is the graph, whatever it says.
                nothing_goes = (
                    self._stored == at_first and len(suspects) > _ON_TRUST and not isinstance(failure, _OF_THE_VALUE)
                )
                if blame_of(failure) is Blame.GRAPH or nothing_goes:
                    left = [entry for entry, _, _ in suspects] + [
                        entry for part, _ in reversed(parts) for entry in part
                    ]
                    await self._later(left, failure)
                    return
        for entry, failure, stored_then in suspects:
            since = stored_then if self._health else at_first
            await self._judge(entry, failure, min(since, entry.failed_at))

    async def _judge(self, entry: Entry, error: Exception, since: float) -> None:
        """Tries an entry that failed by itself again, each time after something else was stored; then it is put aside."""
        for _ in range(_CONFIRMED):
            trusted = self._on_trust < _ON_TRUST or isinstance(error, _OF_THE_VALUE)
            if self._stored <= since and not (trusted and await self._proves()):
                await self._later([entry], error)
                return
            since = self._stored if self._health else since
            again = await self._store([entry])
            if again is None:
                return
            if blame_of(again) is Blame.GRAPH:
                await self._later([entry], again)
                return
            error = again
        await self._put_aside(entry, error)

    async def _proves(self) -> bool:
        """Whether the graph stores something now that is there for this sake alone."""
        if self._health is None:
            return False
        try:
            await self._health.prove()
        except LoopgraphError as error:
            logger.warning("the graph does not store anything now: %s", error)
            return False
        return True

    async def _later(self, entries: Sequence[Entry], error: Exception) -> None:
        """Tells those who wait, and tries the others again, fewer at a time, until the graph can."""
        patient, told = [], _graphs_fault(error)
        for entry in entries:
            if entry.submission.waited:
                self._tell(entry, told)
            else:
                patient.append(entry)
        if not patient:
            return
        logger.warning("%d queued events wait for the graph: %s", self._backlog.events, told)
        if len(entries) == 1 and (self._stored > entries[0].failed_at or await self._proves()):
            self._set_apart(entries[0])
            return
        for entry in patient:
            entry.together = max(1, min(entry.together, len(entries)) // 4)
            entry.failed_at = self._stored
            entry.alone += len(entries) == 1
        if patient[0].alone > _IN_FRONT:
            self._backlog.set_apart(patient[0], self._pause_s)
        else:
            self._backlog.put_back(patient)
        self._batch = max(1, self._batch // 2)
        self._end_look()
        if not self._backlog.awaited:  # somebody who came before this turn, and was not in it, has the next one at once
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._somebody_waits.wait(), self._pause_s)
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    def _set_apart(self, entry: Entry) -> None:
        """Has an entry that fails by itself while others are stored wait behind them, longer each time."""
        entry.tries += 1
        entry.failed_at = self._stored
        self._backlog.set_apart(entry, min(4.0 ** (entry.tries - 1), _LONGEST_APART_S))

    def _tell(self, entry: Entry, error: ServiceError) -> None:
        """Tells who waits for an entry that its submission is to be sent again."""
        self._backlog.withdraw(entry.submission)
        self._backlog.leave(entry)
        entry.submission.fail(error)
        self._metrics.events["deferred"].inc()

    async def _put_aside(self, entry: Entry, error: Exception) -> None:
        """Settles an entry that the graph cannot store; if it cannot be put aside either, it stays with whoever has it."""
        logger.error("an event cannot be recorded: %s: %s", type(error).__name__, error)
        words = f"the graph cannot store this event, though it stores others ({type(error).__name__})"
        self._on_trust += 1
        if self._dead_letters is None:
            logger.error("there is no folder for dead letters")
            self._settle(entry, Unprocessable(f"{words}; it was not kept"))
        elif await self._bury([entry.event], error):
            self._settle(entry, Unprocessable(f"{words}; it was put aside"))
        elif entry.submission.waited:
            self._tell(entry, DeadLettersUnwritable(f"{words}, and it cannot be put aside now; try again"))
        else:
            self._set_apart(entry)

    async def _bury(self, events: Sequence[Recordable], error: Exception) -> bool:
        """Puts events among the dead letters; whether they are there."""
        if self._dead_letters is None:
            logger.error("%d events are lost: there is no folder for dead letters", len(events))
            return False
        try:
            await self._dead_letters.add(events, error, now())
        except Exception as failure:
            logger.critical("%d events cannot be put aside: %s: %s", len(events), type(failure).__name__, failure)
            return False
        logger.error("%d events were put aside in %s", len(events), self._dead_letters.path)
        return True


def _named(outcome: Recorded | UserError) -> str:
    """What became of an event, as it is counted."""
    if isinstance(outcome, Recorded):
        return "repeated" if outcome.repeated else "recorded"
    return "put_aside" if isinstance(outcome, Unprocessable) else "refused"


def _graphs_fault(error: Exception) -> ServiceError:
    """An error as one that blames the graph, which it does as long as it is not proven to be the event's."""
    if blame_of(error) is Blame.GRAPH:
        return error if isinstance(error, ServiceError) else GraphUnavailable(str(error) or type(error).__name__)
    what = f"{type(error).__name__}: {error}" if isinstance(error, LoopgraphError) else type(error).__name__
    return EngineFailure(f"the graph has stored nothing since a transaction failed ({what}); try again")
