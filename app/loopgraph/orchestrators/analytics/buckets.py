"""What was counted, as answers need it: caught up with what is committed, over any whole hours, for many subjects at once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from loopgraph.contracts.analytics.answers import Basis
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.contracts.analytics.windows import Bucket, Count, Counted, Exactness, Grain, Window
from loopgraph.contracts.base import Principal
from loopgraph.effects.traces.reading.reads import reader_of
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.errors import Forbidden
from loopgraph.orchestrators.analytics.remembering import Remembered
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.reducers.histogram import RELATIVE_ERROR
from loopgraph.reducers.usage.spans import pieces, whole_days
from loopgraph.reducers.usage.sums import total

EVERYBODYS: Final = "these figures hold what everybody did; you may see only what is yours"


class Buckets:
    """Reads of what was counted. Each method is a fixed number of statements, however many subjects there are.

    Whoever makes an answer asks for its ``basis`` first: it waits until what is committed is counted, and refuses those who may
    not see what everybody did. Then it is known which round the buckets have; what was read before in the same round is not
    read again. What is returned is shared, and not to be changed.
    """

    def __init__(self, reads: UsageReads, rolling: Rolling) -> None:
        self._reads = reads
        self._rolling = rolling
        self._round: int | None = None
        self._next: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._remembered = Remembered()

    async def basis(self, window: Window, principal: Principal | None) -> Basis:
        """Of what an answer over a window is made. Raises Forbidden for who may see only what is theirs."""
        if reader_of(principal) is not None:
            raise Forbidden(EVERYBODYS)
        pending = await self._rolling.caught_up()
        await self._note_round()  # after that, so that all that was committed is in this round
        return Basis(
            since=window.since,
            until=window.until,
            exactness=Exactness.BUCKETED,
            relative_error=RELATIVE_ERROR,
            pending=pending,
            other_criteria=self._rolling.counts_by_others,
        )

    async def _note_round(self) -> None:
        """Notes which round buckets have. All who ask before it is read share that; one is read after the other, so that the one
        that is noted is the one that was read last."""
        if self._next is None:
            self._next = asyncio.create_task(self._read_round())
            self._next.add_done_callback(_note_error)
        await asyncio.shield(self._next)

    async def _read_round(self) -> None:
        async with self._turn:
            self._next = None
            before, self._round = self._round, await self._reads.round()
            if before is not None and self._round < before:  # the graph is another: a backup was restored
                self._remembered = Remembered()

    async def sums(
        self, subjects: Sequence[Subject], window: Window, dimensions: Collection[str] = ()
    ) -> Mapping[Subject, UsageSums]:
        """The sums of each subject over a window, told apart by some dimensions."""

        async def read() -> Mapping[Subject, UsageSums]:
            parts = await asyncio.gather(
                *(self._reads.sums(subjects, part, grain, dimensions) for part, grain in pieces(window))
            )
            return parts[0] if len(parts) == 1 else {one: total(part[one] for part in parts) for one in subjects}

        return await self._remembered.get(("sums", tuple(subjects), window, tuple(dimensions)), self._round, read)

    async def series(
        self,
        subjects: Sequence[Subject],
        window: Window,
        grain: Grain,
        *,
        dimensions: bool = False,
    ) -> Mapping[Subject, Sequence[Bucket]]:
        """The buckets of each subject, ascending; those without executions lack."""
        return await self._remembered.get(
            ("series", tuple(subjects), window, grain, dimensions),
            self._round,
            lambda: self._reads.series(subjects, window, grain, dimensions=dimensions),
        )

    async def counts(
        self, subjects: Sequence[Subject], window: Window, grain: Grain
    ) -> Mapping[Subject, Sequence[Count]]:
        """The plain counts of each subject, ascending; hours and days without executions lack."""
        return await self._remembered.get(
            ("counts", tuple(subjects), window, grain),
            self._round,
            lambda: self._reads.counts(subjects, window, grain),
        )

    async def daily(self, kind: SubjectKind, window: Window, limit: int) -> Mapping[Subject, Mapping[datetime, int]]:
        """How often the subjects of a kind were used by day, the most used first; days without executions lack."""
        return await self._remembered.get(
            ("daily", kind, window, limit),
            self._round,
            lambda: self._reads.executions_of_kind(kind, window, Grain.DAY, limit),
        )

    async def ranked(self, kind: SubjectKind, window: Window, limit: int) -> Sequence[Counted]:
        """The subjects of a kind over a window, the most executions first."""
        grain = Grain.DAY if whole_days(window) else Grain.HOUR
        return await self._remembered.get(
            ("ranked", kind, window, limit), self._round, lambda: self._reads.ranked(kind, window, grain, limit)
        )


def _note_error(task: asyncio.Task[None]) -> None:
    """Takes note of an error that nobody may be waiting for any more."""
    if not task.cancelled():
        task.exception()
