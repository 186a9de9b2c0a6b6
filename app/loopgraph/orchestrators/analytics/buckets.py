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
from loopgraph.effects.traces.reads import subject_of
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.errors import Forbidden
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.reducers.histogram import RELATIVE_ERROR
from loopgraph.reducers.usage.spans import pieces, whole_days
from loopgraph.reducers.usage.sums import total

EVERYBODYS: Final = "these figures hold what everybody did; you may see only what is yours"


class Buckets:
    """Reads of what was counted. Each method is a fixed number of statements, however many subjects there are.

    Whoever makes an answer asks for its ``basis`` first: it waits until what is committed is counted, and refuses those who may
    not see what everybody did.
    """

    def __init__(self, reads: UsageReads, rolling: Rolling) -> None:
        self._reads = reads
        self._rolling = rolling

    async def basis(self, window: Window, principal: Principal | None) -> Basis:
        """Of what an answer over a window is made. Raises Forbidden for who may see only what is theirs."""
        if subject_of(principal) is not None:
            raise Forbidden(EVERYBODYS)
        pending = await self._rolling.caught_up()
        return Basis(
            since=window.since,
            until=window.until,
            exactness=Exactness.BUCKETED,
            relative_error=RELATIVE_ERROR,
            pending=pending,
        )

    async def sums(
        self, subjects: Sequence[Subject], window: Window, dimensions: Collection[str] = ()
    ) -> Mapping[Subject, UsageSums]:
        """The sums of each subject over a window, told apart by some dimensions."""
        parts = await asyncio.gather(
            *(self._reads.sums(subjects, part, grain, dimensions) for part, grain in pieces(window))
        )
        return {subject: total(part[subject] for part in parts) for subject in subjects}

    async def series(
        self,
        subjects: Sequence[Subject],
        window: Window,
        grain: Grain,
        *,
        dimensions: bool = False,
    ) -> Mapping[Subject, Sequence[Bucket]]:
        """The buckets of each subject, ascending; those without executions lack."""
        return await self._reads.series(subjects, window, grain, dimensions=dimensions)

    async def counts(
        self, subjects: Sequence[Subject], window: Window, grain: Grain
    ) -> Mapping[Subject, Sequence[Count]]:
        """The plain counts of each subject, ascending; hours and days without executions lack."""
        return await self._reads.counts(subjects, window, grain)

    async def daily(self, kind: SubjectKind, window: Window, limit: int) -> dict[Subject, dict[datetime, int]]:
        """How often the subjects of a kind were used by day, the most used first; days without executions lack."""
        return await self._reads.executions_of_kind(kind, window, Grain.DAY, limit)

    async def ranked(self, kind: SubjectKind, window: Window, limit: int) -> list[Counted]:
        """The subjects of a kind over a window, the most executions first."""
        return await self._reads.ranked(kind, window, Grain.DAY if whole_days(window) else Grain.HOUR, limit)
