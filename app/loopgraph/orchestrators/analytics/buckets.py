"""What was counted, as answers need it: caught up with what is committed, over any whole hours, for many subjects at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

from loopgraph.computes.analytics.recent import RecentRounds
from loopgraph.contracts.analytics.answers import Basis
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.contracts.analytics.windows import Bucket, Count, Counted, Exactness, Grain, Window
from loopgraph.contracts.base import Principal
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.traces.reading.reads import reader_of
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.errors import Forbidden
from loopgraph.orchestrators.analytics.remembering import Remembered, weight_of
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.reducers.histogram import RELATIVE_ERROR
from loopgraph.reducers.usage.ranking import merged
from loopgraph.reducers.usage.spans import parted, pieces, whole_days
from loopgraph.reducers.usage.sums import total

T = TypeVar("T")
Read = Callable[[Window], Awaitable[T]]

MOST_RANKED: Final = 2_000
"""Of so many subjects the counts of two parts of a window are added here."""

_WEIGHT_OF_A_ROW: Final = 20
"""To add so many numbers takes about as long as to read a row."""

EVERYBODYS: Final = "these figures hold what everybody did; you may see only what is yours"


class Buckets:
    """Reads of what was counted. Each method is a fixed number of statements, however many subjects there are.

    Whoever makes an answer asks for its ``basis`` first: it waits until what is committed is counted, and refuses those who may
    not see what everybody did. Then it is known which round the buckets have, and which days the rounds before it have changed;
    what was read of other days is not read again. What is returned is shared, and not to be changed.
    """

    def __init__(self, reads: UsageReads, rolling: Rolling) -> None:
        self._reads = reads
        self._rolling = rolling
        self._next: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._remembered: Remembered | None = None

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
            known = self._remembered.recent if self._remembered is not None else None
            round_, changes = await self._reads.changed_days(known.round if known is not None else 0)
            if known is None or not known.goes_on(round_, changes):
                self._remembered = Remembered(RecentRounds(round_, changes))

    async def _get(
        self,
        what: Hashable,
        window: Window,
        read: Read[T],
        in_parts: Callable[[datetime], Awaitable[T]] | None = None,
    ) -> T:
        """What is remembered of a window, or what is read of it."""
        if self._remembered is None:
            return await read(window)
        return await self._remembered.get(what, window, lambda: read(window), in_parts)

    async def _get_joined(
        self, what: Hashable, window: Window, read: Read[T], joined: Callable[[T, T], Awaitable[T]]
    ) -> T:
        """The same, where one answer can be made of those about two parts of the window."""

        async def in_parts(midnight: datetime) -> T:
            before, after = parted(window, midnight)
            return await joined(*await asyncio.gather(self._get(what, before, read), read(after)))

        return await self._get(what, window, read, in_parts)

    async def sums(
        self, subjects: Sequence[Subject], window: Window, dimensions: Collection[str] = ()
    ) -> Mapping[Subject, UsageSums]:
        """The sums of each subject over a window, told apart by some dimensions."""
        ordered = _ordered(subjects)

        async def read(window: Window) -> Mapping[Subject, UsageSums]:
            parts = await asyncio.gather(
                *(self._reads.sums(ordered, part, grain, dimensions) for part, grain in pieces(window))
            )
            return parts[0] if len(parts) == 1 else {one: total(part[one] for part in parts) for one in ordered}

        found = await self._get_joined(("sums", ordered, tuple(dimensions)), window, read, _added)
        return {one: found[one] for one in subjects}

    async def series(
        self,
        subjects: Sequence[Subject],
        window: Window,
        grain: Grain,
        *,
        dimensions: bool = False,
    ) -> Mapping[Subject, Sequence[Bucket]]:
        """The buckets of each subject, ascending; those without executions lack."""
        ordered = _ordered(subjects)

        async def read(window: Window) -> Mapping[Subject, Sequence[Bucket]]:
            return await self._reads.series(ordered, window, grain, dimensions=dimensions)

        found = await self._get_joined(("series", ordered, grain, dimensions), window, read, _strung)
        return {one: found[one] for one in subjects}

    async def counts(
        self, subjects: Sequence[Subject], window: Window, grain: Grain
    ) -> Mapping[Subject, Sequence[Count]]:
        """The plain counts of each subject, ascending; hours and days without executions lack."""
        ordered = _ordered(subjects)

        async def read(window: Window) -> Mapping[Subject, Sequence[Count]]:
            return await self._reads.counts(ordered, window, grain)

        found = await self._get_joined(("counts", ordered, grain), window, read, _strung)
        return {one: found[one] for one in subjects}

    async def daily(self, kind: SubjectKind, window: Window, limit: int) -> Mapping[Subject, Mapping[datetime, int]]:
        """How often the subjects of a kind were used by day, the most used first; days without executions lack."""

        async def read(window: Window) -> Mapping[Subject, Mapping[datetime, int]]:
            return await self._reads.executions_of_kind(kind, window, Grain.DAY, limit)

        return await self._get(("daily", kind, limit), window, read)

    async def ranked(self, kind: SubjectKind, window: Window, limit: int) -> Sequence[Counted]:
        """The subjects of a kind over a window, the most executions first."""
        grain = Grain.DAY if whole_days(window) else Grain.HOUR

        def up_to(most: int) -> Read[Sequence[Counted]]:
            return lambda part: self._reads.ranked(kind, part, grain, most)

        async def in_parts(midnight: datetime) -> Sequence[Counted]:
            """Of parts all subjects are needed, whatever the limit is; where they are too many, all is ranked in the graph."""
            before, after = parted(window, midnight)
            every = await self._get(("every", kind, grain), before, up_to(MOST_RANKED + 1))
            late = await up_to(MOST_RANKED + 1)(after) if len(every) <= MOST_RANKED else ()
            if max(len(every), len(late)) > MOST_RANKED:
                return await up_to(limit)(window)
            return merged((*every, *late))[:limit]

        return await self._get(("ranked", kind, limit), window, up_to(limit), in_parts)

    async def totals(self, kind: SubjectKind, window: Window, limit: int) -> Sequence[Counted]:
        """All subjects of a kind over a window, in any order. Where they are more than ``limit``, so are those that are returned,
        and their counts are not whole."""

        async def read(window: Window) -> Sequence[Counted]:
            parts = await asyncio.gather(
                *(self._reads.totals(kind, part, grain, limit + 1) for part, grain in pieces(window))
            )
            return parts[0] if len(parts) == 1 else await _merged(*parts)

        return await self._get_joined(("totals", kind, limit), window, read, _merged)

    async def costs(self, kind: SubjectKind, window: Window, limit: int) -> Mapping[Subject, float]:
        """What all subjects of a kind are known to have cost over a window, in 10⁻⁹ US dollars; of more than ``limit`` as
        ``totals``."""

        async def read(window: Window) -> Mapping[Subject, float]:
            parts = await asyncio.gather(
                *(self._reads.costs(kind, part, grain, limit + 1) for part, grain in pieces(window))
            )
            return parts[0] if len(parts) == 1 else await _summed(*parts)

        return await self._get_joined(("costs", kind, limit), window, read, _summed)


def _ordered(subjects: Sequence[Subject]) -> tuple[Subject, ...]:
    """The subjects in one order, so that the same are asked for where others rank higher than before."""
    return tuple(sorted(set(subjects)))


async def _added(
    before: Mapping[Subject, UsageSums], after: Mapping[Subject, UsageSums]
) -> Mapping[Subject, UsageSums]:
    return await made_of(
        (weight_of(before) + weight_of(after)) // _WEIGHT_OF_A_ROW,
        lambda: {one: total((before[one], after[one])) for one in before},
    )


async def _merged(*parts: Sequence[Counted]) -> Sequence[Counted]:
    every = [one for part in parts for one in part]
    return await made_of(every, lambda: merged(every))


async def _summed(*parts: Mapping[Subject, float]) -> Mapping[Subject, float]:
    sums: dict[Subject, float] = {}
    for part in parts:
        for subject, number in part.items():
            sums[subject] = sums.get(subject, 0.0) + number
    return sums


async def _strung(
    before: Mapping[Subject, Sequence[T]], after: Mapping[Subject, Sequence[T]]
) -> Mapping[Subject, Sequence[T]]:
    return {one: [*before[one], *after[one]] for one in before}


def _note_error(task: asyncio.Task[None]) -> None:
    """Takes note of an error that nobody may be waiting for any more."""
    if not task.cancelled():
        task.exception()
