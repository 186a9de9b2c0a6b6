"""The recorder that a program embeds: events go into a bounded buffer at once, and to the service in batches, later."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Mapping
from typing import Any, Self

import orjson

from loopgraph.clients.address import service_token
from loopgraph.clients.buffer import Buffer
from loopgraph.clients.delivery import Attempt, Delivery, Verdict
from loopgraph.clients.events import TraceEvents
from loopgraph.clients.outbox import Outbox, Part
from loopgraph.clients.stats import RecorderStats

logger = logging.getLogger(__name__)

_COMPLAIN_EVERY_S = 60.0


class Recorder(TraceEvents):
    """Records traces with the service at ``url``; an async context manager.

        async with Recorder("http://127.0.0.1:8053") as recorder:
            with recorder.trace(prompt_text="sort the list"):
                recorder.record_hook("PostToolUse", tool_name="Bash", success=True, duration_ms=12.5)

    ``project`` is what its traces are for: figures and costs are told apart by it. Without a ``token``, that of
    ``LOOPGRAPH_TOKEN`` is shown, or of the file that ``LOOPGRAPH_TOKEN_FILE`` names.

    ``emit`` and the methods built on it may be called from any thread, also before the block begins and while the service is
    away: they put the event into memory and return. A task of the loop that entered the block sends it, ``linger_s`` later at
    most, and again until the service has it, or refuses it while it takes others. While the service refuses whatever comes, for
    the token or the address, all is kept, and that is logged as an error, once. ``capacity`` events of ``capacity_bytes``
    together can wait; more are dropped. ``stats`` counts what became of them, and the log tells of losses, once a minute at most.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        project: str | None = None,
        capacity: int = 10_000,
        capacity_bytes: int = 64 * 1024 * 1024,
        max_batch: int = 500,
        max_batch_bytes: int = 1024 * 1024,
        linger_s: float = 0.2,
        timeout_s: float = 10.0,
        close_timeout_s: float = 5.0,
    ) -> None:
        self.stats, self.project = RecorderStats(), project
        self._url, self._token = url, token or service_token(os.environ)
        self._timeout_s, self._close_timeout_s = timeout_s, close_timeout_s
        self._buffer, self._outbox = Buffer(capacity, capacity_bytes), Outbox()
        self._max_batch, self._max_batch_bytes, self._linger_s = max_batch, max_batch_bytes, linger_s
        self._counting = threading.Lock()
        self._queued = self._settled = 0  # of the events that the buffer took
        self._next_complaint = 0.0
        self._barred = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread = 0
        self._sender: asyncio.Task[None] | None = None
        self._signalled = False
        self._wake, self._hurry, self._progress = asyncio.Event(), asyncio.Event(), asyncio.Condition()

    def emit(self, event: Mapping[str, Any]) -> bool:
        """Takes the event as it is now; False if it is dropped or cannot be written as JSON. Never waits, never raises."""
        try:
            item = orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS)
        except TypeError as error:
            self._count(emitted=1, rejected=1, reason=f"an event cannot be written as JSON: {error}")
            return False
        if not self._buffer.put(item):
            self._count(emitted=1, dropped=1, reason="the buffer is full")
            return False
        with self._counting:
            self.stats.emitted += 1
            self._queued += 1
        if not self._signalled:
            self._signalled = self._signal(self._wake)
        elif len(self._buffer) == self._max_batch:
            self._signal(self._hurry)
        return True

    async def __aenter__(self) -> Self:
        self._loop, self._loop_thread = asyncio.get_running_loop(), threading.get_ident()
        self._sender = asyncio.create_task(self._send_forever(), name="loopgraph-recorder")
        self._wake.set()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose(self._close_timeout_s)

    async def flush(self, timeout: float | None = None) -> bool:
        """Waits until all that was emitted before is accepted or refused; False if ``timeout`` seconds are over first."""
        target = self._queued
        self._hurry.set()
        self._wake.set()
        try:
            async with asyncio.timeout(timeout), self._progress:
                await self._progress.wait_for(lambda: self._outbox.settled >= target)
        except TimeoutError:
            return False
        return True

    async def aclose(self, timeout: float = 5.0) -> None:
        """Sends what waits, for ``timeout`` seconds at most, and stops; what is left then is dropped."""
        if self._sender is None:
            return
        await self.flush(timeout)
        self._sender.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._sender
        self._sender = self._loop = None
        self._signalled = False
        self._buffer.clear()
        self._outbox = Outbox(self._queued)
        if left := self._queued - self._settled:
            self._settled += left
            self._count(dropped=left, reason=self.stats.last_error or "closed before the service answered")

    async def _send_forever(self) -> None:
        delivery = Delivery(self._url, self._token, self._timeout_s)
        try:
            while True:
                await self._wait()
                while part := self._next_part():
                    await self._deliver(delivery, part)
        finally:
            await delivery.aclose()

    async def _wait(self) -> None:
        """Until there are new events, which others may join for a while, or one is to be tried again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._outbox.due_in_s()):
                await self._wake.wait()
                await self._pause(self._linger_s)
        if self._wake.is_set():
            self._wake.clear()
            self._signalled = False  # before the buffer is looked at: what comes later signals again

    def _next_part(self) -> Part | None:
        if self._outbox.has_room and (batch := self._buffer.take(self._max_batch, self._max_batch_bytes)):
            self._outbox.add(batch)
        return self._outbox.next()

    async def _deliver(self, delivery: Delivery, part: Part) -> None:
        attempt = await delivery.attempt(part.items)
        rejected, pause_s = self._outbox.conclude(part, attempt)
        again = attempt.verdict not in (Verdict.SETTLED, Verdict.WRONG) and not rejected
        self._count(accepted=attempt.accepted, rejected=rejected, retries=int(again), reason=attempt.reason)
        self._tell_barred(part, attempt)
        self._settled += attempt.accepted + rejected
        async with self._progress:
            self._progress.notify_all()
        if pause_s:
            asked_for = min(pause_s, attempt.retry_after_s or 0.0)  # no hurry shortens that
            await asyncio.sleep(asked_for)
            await self._pause(pause_s - asked_for)

    def _tell_barred(self, part: Part, attempt: Attempt) -> None:
        """Logs that nothing is taken from here, once until something is."""
        if attempt.verdict is Verdict.BARRED and not self._barred and not self._outbox.others_accepted(part):
            self._barred = True
            logger.error(
                "%s takes no events from here (%s): the token or the address is wrong. They wait until that is mended",
                self._url,
                attempt.reason,
            )
        elif attempt.verdict is Verdict.SETTLED and self._barred:
            self._barred = False
            logger.warning("%s takes events again", self._url)

    async def _pause(self, seconds: float) -> None:
        """Waits, unless there is a hurry: a full batch, a flush."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # wait_for can swallow a cancellation, before Python 3.12
                await self._hurry.wait()
        self._hurry.clear()

    def _signal(self, event: asyncio.Event) -> bool:
        """Sets an event of the sender's loop; False while there is no loop."""
        if (loop := self._loop) is None:
            return False
        if threading.get_ident() == self._loop_thread:  # needs no system call
            event.set()
            return True
        try:
            loop.call_soon_threadsafe(event.set)
        except RuntimeError:  # the loop was closed without closing the recorder
            return False
        return True

    def _count(
        self,
        *,
        emitted: int = 0,
        accepted: int = 0,
        rejected: int = 0,
        dropped: int = 0,
        retries: int = 0,
        reason: str | None = None,
    ) -> None:
        stats = self.stats
        with self._counting:
            stats.emitted += emitted
            stats.accepted += accepted
            stats.rejected += rejected
            stats.dropped += dropped
            stats.retries += retries
            stats.last_error = reason or stats.last_error
            complain = bool(rejected or dropped) and time.monotonic() >= self._next_complaint
            if complain:
                self._next_complaint = time.monotonic() + _COMPLAIN_EVERY_S
        if complain:
            logger.warning(
                "events are lost (%d rejected, %d dropped so far): %s", stats.rejected, stats.dropped, reason
            )
