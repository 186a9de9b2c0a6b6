"""The background task that counts what is marked, and what an answer from buckets waits for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from loopgraph.computes.analytics.buckets import Bucket, contribution_of, contribution_text, joined
from loopgraph.computes.analytics.contribution import MEASURES, Contributions
from loopgraph.computes.analytics.rounds import Changes
from loopgraph.contracts.analytics.counting import NO_CONTRIBUTION, Contribution, Facts
from loopgraph.contracts.success import Judging
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.usage.facts import FactReads, prompt_key
from loopgraph.effects.usage.rounds import Change, Counted, Marked, Rounds
from loopgraph.errors import Blame, blame_of
from loopgraph.reducers.histogram import index_of

logger = logging.getLogger(__name__)

MARKS: Final = 500
"""So many marks are looked at in one round."""

BOUND_S: Final = 2.0
"""So long an answer waits at most for what is marked to be counted."""

LEAST_S: Final = 2.0
"""So long is between two rounds in the background, at least."""

REST: Final = 9
"""In the background, it rests so many times as long as it has worked: that is what it may cost."""

_CACHED: Final = 2_000
_PAUSE_S: Final = 0.1
_UNKNOWN: Final = -1


class Read(NamedTuple):
    """What is counted of a trace, and what that comes to."""

    facts: Facts
    contribution: Contribution


class Rolling:
    """Counts what is marked. Several processes may; one at a time changes buckets, the others wait for their next turn."""

    def __init__(self, graph: Graph, judging: Judging | None, attributes: tuple[str, ...] = ()) -> None:
        self._rounds = Rounds(graph)
        self._facts = FactReads(graph, MEASURES, judging)
        self._contributions = Contributions(index_of, attributes)
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[int] | None = None
        self._is_held = False
        self._cache: OrderedDict[str, Bucket] = OrderedDict()
        self._cached_at = _UNKNOWN
        self.rounds = 0

    async def caught_up(self, bound_s: float | None = None) -> int:
        """Counts what is marked; returns how many marks are left, because it takes longer than a bound (``BOUND_S``), or because
        everything is being rebuilt. All who ask before a pass begins share it: what was committed before any of them asked is
        counted."""
        if self._next is None:
            self._next = asyncio.create_task(self._pass(BOUND_S if bound_s is None else bound_s))
            self._next.add_done_callback(_note_error)
        return await asyncio.shield(self._next)

    async def _pass(self, bound_s: float) -> int:
        async with self._turn:
            self._next, deadline = None, time.monotonic() + bound_s
            while await self._round():
                if time.monotonic() > deadline:
                    return await self._rounds.pending()
            return await self._rounds.pending() if self._is_held else 0

    async def count_all(self) -> None:
        """Counts what is marked, however long that takes. What others go on marking meanwhile does not make it longer: as many
        marks are counted as there were."""
        left = await self._rounds.pending()
        while left > 0:
            async with self._turn:
                done = await self._round()
            if not done and not self._is_held:
                break
            left -= done
            await asyncio.sleep(0 if done else _PAUSE_S)

    async def run_forever(self) -> None:
        """Counts again and again, until it is cancelled."""
        said = ""
        while True:
            began = time.monotonic()
            try:
                async with self._turn:
                    await self._round()
                said = ""
            except Exception as error:
                if blame_of(error) is not Blame.GRAPH:
                    logger.exception("usage could not be counted; trying again")
                elif said != str(error):
                    logger.warning("usage is counted when the graph can: %s", error)
                said = str(error)
            await asyncio.sleep(max(LEAST_S, REST * (time.monotonic() - began)))

    async def _round(self) -> int:
        """One round; how many marks there were to count."""
        turn = await self._rounds.current()
        self._is_held = turn.is_held
        if turn.is_held:
            return 0
        marked = await self._rounds.marked(MARKS)
        if marked.marks:
            await self._count(turn.round, marked)
        return len(marked.marks)

    async def recount(self, correlation_ids: Collection[str]) -> int | None:
        """Counts these traces, marked or not; how many had been counted otherwise, None if it was not its turn."""
        async with self._turn:
            turn = await self._rounds.current()
            marked = Marked((), frozenset(correlation_ids), frozenset())
            return None if turn.is_held else await self._count(turn.round, marked)

    async def miscounted(self, correlation_ids: Collection[str]) -> list[str]:
        """Those of these traces that were counted otherwise than they are, and are not marked. Changes nothing."""
        read, counted = await self._read(correlation_ids), await self._rounds.counted(correlation_ids)
        wrong = [
            id_
            for id_, one in read.items()
            if contribution_text(_with_pruned(one, was := counted.get(id_, Counted()))) != was.contribution
        ]
        marked = await self._rounds.marked_among(wrong)
        return sorted(set(wrong) - marked)

    async def _count(self, round_: int, marked: Marked) -> int | None:
        change = await self._change(round_, marked)
        if not (change.marks or change.counted):
            return 0
        if not await self._rounds.write(round_, change):
            return None
        self._cached_at = round_ + 1
        self.rounds += 1
        return len(change.counted)

    async def _change(self, round_: int, marked: Marked) -> Change:
        """What a round comes to."""
        counted = await self._rounds.counted(marked.traces)
        read = await self._read(marked.traces)
        keys = {id_: one.prompt_key for id_, one in counted.items() if one.prompt_key}
        more = await self._facts.relatives((one.facts for one in read.values()), keys) - marked.traces
        if more:
            counted |= await self._rounds.counted(more)
            read |= await self._read(more)
        return await self._counted(round_, marked, read, counted)

    async def _read(self, correlation_ids: Collection[str]) -> dict[str, Read]:
        """What these traces come to. One of which that cannot be told keeps no other from being counted, nor itself what it was
        counted as; traces that are not there are absent, too."""
        try:
            facts = await self._facts.facts(correlation_ids)
            return {id_: Read(one, self._contributions.of(one)) for id_, one in facts.items()}
        except Exception as error:
            if blame_of(error) is Blame.GRAPH:
                raise
            if len(correlation_ids) == 1:
                logger.exception("the trace %r cannot be counted, and stays counted as it was", *correlation_ids)
                return {}
        some = sorted(correlation_ids)
        half = len(some) // 2
        return await self._read(some[:half]) | await self._read(some[half:])

    async def _counted(
        self, round_: int, marked: Marked, read: Mapping[str, Read], counted: Mapping[str, Counted]
    ) -> Change:
        change, changes = Change(marks=marked.marks), Changes()
        for id_, one in read.items():
            was = counted.get(id_, Counted())
            contribution = _with_pruned(one, was)
            now = Counted(contribution_text(contribution), prompt_key(one.facts.trace), was.pruned)
            if now != was:
                changes.add(contribution_of(was.contribution), contribution)
                change.counted[id_] = now
        for id_ in marked.gone - read.keys():
            if id_ in counted:
                changes.add(contribution_of(counted[id_].contribution), NO_CONTRIBUTION)
                change.forgotten.append(id_)
        buckets = await self._buckets(round_, changes.named())
        change.buckets, change.breakdowns, change.empty = changes.apply(buckets)
        return change

    async def _buckets(self, round_: int, keys: Collection[str]) -> dict[str, Bucket]:
        """The buckets of these keys; those that this process has written in the last round are known."""
        if self._cached_at != round_:
            self._cache.clear()
        self._cached_at = _UNKNOWN  # until what they come to is written
        missing = [key for key in keys if key not in self._cache]
        stored = await self._rounds.buckets(missing)
        for key in missing:
            self._cache[key] = Bucket.read(*stored[key]) if key in stored else Bucket()
        found = {key: self._cache[key] for key in keys}
        for key in keys:
            self._cache.move_to_end(key)
        while len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        return found


def _with_pruned(read: Read, was: Counted) -> Contribution:
    """What a trace contributes; one that was pruned, and made anew by what was told late, keeps what it had."""
    return joined(contribution_of(was.pruned), read.contribution) if was.pruned else read.contribution


def _note_error(task: asyncio.Task[int]) -> None:
    """Takes note of an error that nobody may be waiting for any more."""
    if not task.cancelled():
        task.exception()
