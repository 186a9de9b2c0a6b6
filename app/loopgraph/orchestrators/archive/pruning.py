"""Pruning old traces into an archive: the order of the steps.

Archive first: a segment is written, put on disk, and read back. Only then is what it holds deleted, and of that only what is in
the graph exactly as it is in the segment. Whatever stops the process, nothing has gone that is not in a complete segment, and
the next pruning into the same folder goes on with the deletion.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime
from pathlib import Path

from loopgraph.computes.traces.retention import Units, packed, sliced, why_kept
from loopgraph.contracts.traces.retention import Kept, NodeId, Progress, PruneReport, Tell
from loopgraph.effects.archive import segments as trace_archive
from loopgraph.effects.archive.retention import SLICE, Contents, Retention
from loopgraph.effects.archive.segments import Archive, Holdings, Origin, Segment
from loopgraph.effects.clock import now
from loopgraph.effects.schema.schema import SCHEMA_VERSION
from loopgraph.orchestrators.archive.ahead import ahead

SEGMENT_NODES = 20_000
"""A segment with so many nodes is finished; it can be larger by one trace."""

LEAST_NODES = 5_000
"""With so many it is, if nothing is being deleted: the engine and this process are then busy at the same time."""

_ROOTS = 200
_SINGLE = 10_000


Counting = Callable[[], Awaitable[object]]


async def _nothing() -> None:
    pass


class Pruning:
    """One pruning: everything that came to rest before ``older_than`` moves into the archive. ``tell`` is told how far it is.

    ``counted`` counts what is marked (``orchestrators/analytics``) before anything goes: a trace that is not counted stays.
    """

    def __init__(
        self,
        retention: Retention,
        archive: Archive,
        older_than: datetime,
        tell: Tell = lambda _progress: None,
        counted: Counting = _nothing,
    ) -> None:
        self._count_first = counted
        self._retention = retention
        self._tell = tell
        self._archive = archive
        self._older_than = older_than
        self._segment: Segment | None = None
        self._deleting: asyncio.Task[None] | None = None
        self._archived = Counter[str]()
        self._deleted = Counter[str]()
        self._kept = Counter[Kept]()
        self._segments: list[str] = []

    async def run(self) -> PruneReport:
        """Archives and deletes. Raises Conflict while something else uses the archive, InvalidInput if it cannot be used."""
        with self._archive.locked():
            try:
                await self._count_first()
                for segment in self._archive.pending():
                    await self._finish(segment, await asyncio.to_thread(trace_archive.holdings, segment))
                await self._move(self._old_traces())
                await self._move_single("LogRecord")
                await self._move_single("MetricPoint")
                await self._move(self._old_sessions())
            finally:
                if self._segment is not None:
                    self._segment.discard()
                if self._deleting is not None:
                    self._deleting.cancel()
                    await asyncio.gather(self._deleting, return_exceptions=True)
        return self._report(dry_run=False)

    async def rehearse(self) -> PruneReport:
        """What ``run`` would do, but for sessions that it would empty first; changes nothing."""
        async for units in self._old_traces():
            self._count(units)
        self._archived += await self._retention.count_old(self._older_than)
        async for units in self._old_sessions():
            self._count(units)
        return self._report(dry_run=True)

    async def _old_traces(self) -> AsyncIterator[Units]:
        """The nodes of traces that may go, some traces at a time, by the trace that none has spawned; notes why others stay."""
        after = ""
        while roots := await self._retention.old_roots(after, self._older_than, _ROOTS):
            after = roots[-1].key
            going = []
            for standing in await self._retention.standings([root.id for root in roots]):
                if reason := why_kept(standing, self._older_than):
                    self._kept[reason] += 1
                else:
                    going.append(standing)
            if going:
                parts = await self._retention.parts([id_ for standing in going for id_ in standing.trace_ids])
                # Roots come last: what an interrupted deletion leaves is found under them.
                yield {
                    standing.root_id: [id_ for trace_id in standing.root_last for id_ in parts[trace_id]]
                    for standing in going
                }

    async def _old_sessions(self) -> AsyncIterator[Units]:
        after = ""
        while sessions := await self._retention.old_sessions(after, self._older_than, _SINGLE):
            after = sessions[-1].key
            yield {session.id: [NodeId("Session", session.id)] for session in sessions if session.is_over}

    async def _move_single(self, label: str) -> None:
        """Archives and deletes nodes that belong to no trace."""
        while found := await self._retention.old(label, self._older_than, _SINGLE):
            before = self._deleted[label]
            await self._move(_at_once({id_.key: [id_] for id_ in found}))
            if self._deleted[label] == before:
                return  # all that is left has changed meanwhile

    async def _move(self, source: AsyncIterator[Units]) -> None:
        """Archives units in segments, and deletes what is in each while the next one is written."""
        async with aclosing(ahead(self._contents(source))) as contents:
            async for pack, (items, states) in contents:
                if self._segment is None:
                    origin = Origin(SCHEMA_VERSION, self._retention.engine, now())
                    self._segment = await asyncio.to_thread(self._archive.begin, origin)
                await asyncio.to_thread(self._segment.write, items, states)
                self._count(pack)
                self._say()
                idle = self._deleting is None or self._deleting.done()
                if pack and self._segment.size >= (LEAST_NODES if idle else SEGMENT_NODES):
                    await self._close()
        await self._close()
        await self._deleted_so_far()

    async def _contents(self, source: AsyncIterator[Units]) -> AsyncIterator[tuple[Units, Contents]]:
        """What units hold, in parts; the units come with the last part of them."""
        async for units in source:
            for pack in packed(units, SLICE):
                *parts, last = sliced(pack, SLICE)
                for part in parts:
                    yield {}, await self._retention.contents(part)
                yield pack, await self._retention.contents(last)

    async def _close(self) -> None:
        """Finishes the open segment, and begins to delete what it holds when that of the one before is done."""
        if self._segment is not None:
            holdings, path = self._segment.holdings, await asyncio.to_thread(self._segment.close)
            self._segment = None
            await asyncio.to_thread(trace_archive.read_back, path)
            await self._deleted_so_far()
            self._deleting = asyncio.create_task(self._finish(path, holdings))

    async def _deleted_so_far(self) -> None:
        if self._deleting is not None:
            deleting, self._deleting = self._deleting, None
            await deleting

    async def _finish(self, segment: Path, holdings: Holdings) -> None:
        """Deletes what a segment holds, which has been read back and found complete."""
        units, archived = holdings

        for pack in packed(units, SLICE):
            slices, inside = sliced(pack, SLICE), {id_ for ids in pack.values() for id_ in ids}
            changed = set[str]()
            if len(slices) > 1:  # all of it is compared before the first part goes
                for part in slices:
                    changed |= await self._retention.changed(part, archived, inside)
            for part in slices:
                if not changed:
                    gone, changed = await self._retention.delete(part, archived, inside)
                    self._deleted += gone
                    self._say()
            self._kept[Kept.CHANGED] += len(changed)
        self._segments.append(segment.name)
        await asyncio.to_thread(self._archive.mark_deleted, segment, now())

    def _count(self, units: Units) -> None:
        self._archived.update(id_.label for ids in units.values() for id_ in ids)

    def _say(self) -> None:
        self._tell(Progress(self._archived.total(), self._deleted.total(), self._deleted["Trace"]))

    def _report(self, *, dry_run: bool) -> PruneReport:
        return PruneReport(
            older_than=self._older_than,
            dry_run=dry_run,
            archived=dict(+self._archived),
            deleted=dict(+self._deleted),
            kept=dict(+self._kept),
            segments=tuple(self._segments),
        )


async def _at_once(units: Units) -> AsyncIterator[Units]:
    yield units
