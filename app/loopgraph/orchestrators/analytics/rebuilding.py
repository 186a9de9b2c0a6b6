"""Counts everything anew, beside whatever else writes and counts, and mends what is found to be otherwise.

First every trace is counted again. Then what all traces have contributed is summed up, a part of the buckets at a time, and
compared with what they hold; meanwhile nobody else changes them. Whoever is cut off leaves nothing half done: begun again, it
goes over all. What a trace that was pruned has contributed stays as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final, NamedTuple

from loopgraph.computes.analytics.buckets import Bucket, contribution_of
from loopgraph.computes.analytics.rounds import Sums
from loopgraph.effects.usage.rounds import Change, Rounds
from loopgraph.errors import GraphContended
from loopgraph.orchestrators.analytics.rolling import Rolling

TRACES: Final = 200
"""So many traces are counted in one transaction at most."""

BUCKETS: Final = 500
"""So many buckets are compared, and mended, in one."""

IN_A_PART: Final = 50_000
"""So many buckets are summed up at a time, in memory."""

HOLD: Final = timedelta(minutes=1)
"""So long nobody else changes buckets after the last sign of life."""

_ATTEMPTS: Final = 600
_PAUSE_S: Final = 0.2


class Rebuilt(NamedTuple):
    """How far it is: traces counted again, how many of these had been counted otherwise, buckets compared and mended."""

    traces: int = 0
    recounted: int = 0
    buckets: int = 0
    mended: int = 0


class Rebuilding:
    """Rebuilds buckets. ``rounds`` and ``rolling`` are of one graph."""

    def __init__(self, rounds: Rounds, rolling: Rolling) -> None:
        self._rounds = rounds
        self._rolling = rolling
        self._done = Rebuilt()

    async def run(self) -> AsyncIterator[Rebuilt]:
        """Says after every page how far it is. Raises GraphContended if others do not let it have its turn, Conflict while others
        count by other success criteria."""
        await self._rolling.adopt()
        after = ""
        while ids := await self._rounds.trace_ids(after, TRACES):
            for pack in await self._rolling.packs(ids):
                await self._recount(pack)
            after = ids[-1]
            yield self._done
        await self._rolling.note_all_counted()
        parts = -(-(await self._rounds.totals())["UsageBucket"] // IN_A_PART) or 1
        for part in range(parts):
            async for done in self._mend(Sums(part, parts)):
                yield done

    async def _recount(self, ids: list[str]) -> None:
        for _ in range(_ATTEMPTS):
            if (recounted := await self._rolling.recount(ids)) is not None:
                traces = self._done.traces + len(ids)
                self._done = self._done._replace(traces=traces, recounted=self._done.recounted + recounted)
                return
            await asyncio.sleep(_PAUSE_S)
        raise GraphContended("others count all the time")

    async def _mend(self, sums: Sums) -> AsyncIterator[Rebuilt]:
        """Compares one part of the buckets, and mends it."""
        for _ in range(_ATTEMPTS):
            round_ = (await self._rounds.current()).round
            if await self._rounds.hold(round_, HOLD):
                break
            await asyncio.sleep(_PAUSE_S)
        else:
            raise GraphContended("others count all the time")
        round_ += 1
        try:
            after = ""
            while page := await self._rounds.contributions(after, TRACES):
                for _, text in page:
                    sums.add(contribution_of(text))
                after = page[-1][0]
                round_ = await self._still(round_)
                yield self._done
            keys = sums.keys()
            after = ""
            while found := await self._rounds.bucket_keys(after, BUCKETS):
                keys |= {key for key in found if sums.holds(key)}
                after = found[-1]
            ordered = sorted(keys)
            for start in range(0, len(ordered), BUCKETS):
                round_ = await self._compare(round_, sums, ordered[start : start + BUCKETS])
                yield self._done
        finally:
            await self._rounds.hold(round_, None)

    async def _still(self, round_: int) -> int:
        """Goes on having the buckets to itself."""
        if not await self._rounds.hold(round_, HOLD):
            raise GraphContended("somebody else has changed buckets")
        return round_ + 1

    async def _compare(self, round_: int, sums: Sums, keys: list[str]) -> int:
        known = await self._rounds.buckets(keys)
        stored = {key: Bucket.read(*known[key]) if key in known else Bucket() for key in keys}
        change = Change(*sums.mended(stored))
        if change.buckets or change.breakdowns or change.empty:
            if not await self._rounds.write(round_, change):
                raise GraphContended("somebody else has changed buckets")
            round_ += 1
        mended = len({row["bucket_key"] for row in (*change.buckets, *change.breakdowns)}) + len(change.empty)
        self._done = self._done._replace(buckets=self._done.buckets + len(keys), mended=self._done.mended + mended)
        return await self._still(round_)
