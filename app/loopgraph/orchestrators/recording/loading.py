"""Loading events from lines: many to a transaction, read ahead, and counted along the way.

They take the way of all events (privacy, the one writer) and are counted by the one roller, so that whatever is loaded is stored
and counted as if it had come by any other door. Loading them again changes nothing: whoever is cut off begins again, or after
the lines that are known to be settled.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Final, NamedTuple

from loopgraph.contracts.counted import counted
from loopgraph.contracts.traces.loading import Line, Loaded, Refusal
from loopgraph.contracts.traces.observations import Recordable
from loopgraph.contracts.traces.records import Recorded
from loopgraph.errors import InvalidInput, UserError
from loopgraph.orchestrators.analytics.rolling import MARKS, Rolling
from loopgraph.orchestrators.recording.patience import patiently
from loopgraph.orchestrators.recording.recorder import Recorder

AT_ONCE: Final = 2_000
"""So many events share a transaction where nobody says otherwise: nobody waits for one here, and many share its reads."""

COUNTED_AFTER: Final = 20_000
"""After so many events what they come to is counted, beside the recording of the next, in full rounds: buckets that many traces
share are then written once for all of them."""

_ONE_ROUND_S: Final = 0.0

_GOING: Final = 2
"""So many batches are under way: one is made ready while the other is written."""

Read = Callable[[bytes], Recordable]


class _Batch(NamedTuple):
    """Some lines: the events of those that are sound, by number, and what is wrong with the others."""

    lines: int
    bytes: int
    events: list[tuple[int, Recordable]]
    refusals: list[Refusal]


class Loading:
    """Loads lines. ``read`` makes the event of one (UserError for what is none). ``report`` is told how far it is, ``refuse``
    which lines were not recorded, in their order."""

    def __init__(
        self,
        recorder: Recorder,
        rolling: Rolling,
        read: Read,
        *,
        at_once: int = AT_ONCE,
        report: Callable[[Loaded], None] = lambda _: None,
        refuse: Callable[[Refusal], None] = lambda _: None,
    ) -> None:
        self._recorder = recorder
        self._rolling = rolling
        self._read = read
        self._at_once = at_once
        self._report = report
        self._refuse = refuse
        self._done = Loaded()
        self._counted_at = 0
        self._counting: asyncio.Task[None] | None = None

    async def run(self, lines: Iterator[Line], after: int = 0) -> Loaded:
        """Records what stands behind the first ``after`` lines, and counts it.

        Raises InvalidInput where there are not as many, and ServiceErrors when the graph takes nothing in; what ``report`` told
        of is recorded then.
        """
        going: deque[asyncio.Task[tuple[_Batch, list[Recorded | UserError]]]] = deque()
        await asyncio.to_thread(self._pass_over, lines, after)
        try:
            while batch := await asyncio.to_thread(self._next, lines):
                going.append(asyncio.create_task(self._record(batch)))
                if len(going) == _GOING:
                    self._settle(*await going.popleft())
                    await self._count_along()
            while going:
                self._settle(*await going.popleft())
            if self._counting is not None:
                await self._counting
        finally:
            left = [*going, *([self._counting] if self._counting else [])]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        await self._rolling.count_all()
        return self._done

    def _pass_over(self, lines: Iterator[Line], after: int) -> None:
        passed = Loaded()
        for line in islice(lines, after):
            passed = Loaded(lines=passed.lines + 1, bytes=passed.bytes + line.size)
        if passed.lines < after:
            raise InvalidInput("after", f"the file has {counted(passed.lines, 'line')}")
        self._done = passed

    def _next(self, lines: Iterator[Line]) -> _Batch | None:
        """The next lines, read; None at the end."""
        batch = _Batch(0, 0, [], [])
        for line in lines:
            batch = batch._replace(lines=batch.lines + 1, bytes=batch.bytes + line.size)
            self._take(line, batch)
            if len(batch.events) == self._at_once or len(batch.refusals) == self._at_once:
                break
        return batch if batch.lines else None

    def _take(self, line: Line, batch: _Batch) -> None:
        try:
            if line.text is None:
                raise InvalidInput("line", f"is too long ({line.size:,} bytes)")
            if line.text.strip():
                batch.events.append((line.number, self._read(line.text)))
        except UserError as error:
            batch.refusals.append(Refusal(line.number, error))

    async def _record(self, batch: _Batch) -> tuple[_Batch, list[Recorded | UserError]]:
        events = [event for _, event in batch.events]
        return batch, await patiently(partial(self._recorder.record, events)) if events else []

    def _settle(self, batch: _Batch, outcomes: list[Recorded | UserError]) -> None:
        known = sum(isinstance(one, Recorded) and one.repeated for one in outcomes)
        refusals = [
            *batch.refusals,
            *(
                Refusal(number, outcome)
                for (number, _), outcome in zip(batch.events, outcomes, strict=True)
                if isinstance(outcome, UserError)
            ),
        ]
        for refusal in sorted(refusals, key=lambda one: one.line):
            self._refuse(refusal)
        done = self._done
        self._done = Loaded(
            lines=done.lines + batch.lines,
            bytes=done.bytes + batch.bytes,
            recorded=done.recorded + len(batch.events) + len(batch.refusals) - known - len(refusals),
            known=done.known + known,
            refused=done.refused + len(refusals),
        )
        self._report(self._done)

    async def _count_along(self) -> None:
        """Counts beside the recording, when much has come; waits for the count before, so that not ever more is left."""
        if self._done.recorded - self._counted_at < COUNTED_AFTER:
            return
        if self._counting is not None:
            await self._counting
        self._counted_at = self._done.recorded
        self._counting = asyncio.create_task(self._count())

    async def _count(self) -> None:
        while await self._rolling.caught_up(_ONE_ROUND_S) >= MARKS:
            pass  # what is left is little: it is counted with what comes
