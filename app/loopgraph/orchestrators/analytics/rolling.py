"""The background task that counts what is marked, and what an answer from buckets waits for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple

from loopgraph.computes.analytics.buckets import Bucket, contribution_of, contribution_text, joined
from loopgraph.computes.analytics.contribution import MEASURES, Contributions
from loopgraph.computes.analytics.rounds import Changes
from loopgraph.computes.analytics.waiting import OWN_WEIGHT, SHORT, due, first_pack, packed
from loopgraph.contracts.analytics.counting import NO_CONTRIBUTION, Contribution, Facts, Mark
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.success import Judging
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.graph.marks import marked_ms
from loopgraph.effects.usage.facts import FactReads, prompt_key
from loopgraph.effects.usage.rounds import OF_TRACES, RELATIVE, Change, Counted, Marked, Rounds, Turn
from loopgraph.errors import Blame, blame_of
from loopgraph.orchestrators.analytics.criteria import CountingCriteria
from loopgraph.reducers.histogram import index_of

logger = logging.getLogger(__name__)

MARKS: Final = 5_000
"""So many marks are looked at in one round."""

STEPS: Final = 20_000
"""So many steps and calls are counted in one round; of one trace, all."""

AT_ONCE: Final = 5_000
"""So many are read at once."""

BOUND_S: Final = 2.0
"""So long an answer waits at most for what is marked to be counted."""

LEAST_S: Final = 2.0
"""So long is between two rounds in the background, at least."""

LOOK_S: Final = 10.0
"""So long it is between two looks in the background, if nothing is left to be counted."""

REST: Final = 9
"""In the background, it rests so many times as long as it has worked: that is what it may cost."""

_CACHED: Final = 2_000
_PAUSE_S: Final = 0.1
_UNKNOWN: Final = -1


Chosen = Callable[[Sequence[Mark]], Sequence[Mark]]
"""Which marks a round counts."""


def _all(marks: Sequence[Mark]) -> Sequence[Mark]:
    return marks


class Read(NamedTuple):
    """What others depend on of the facts of a trace, and what it comes to."""

    facts: Facts
    contribution: Contribution


class Rolling:
    """Counts what is marked. Several processes may; one at a time changes buckets, the others wait for their next turn.

    ``criteria`` is the digest of those that ``judging`` goes by; None for whoever may count though others are kept.
    """

    def __init__(
        self, graph: Graph, judging: Judging | None, attributes: tuple[str, ...] = (), criteria: str | None = None
    ) -> None:
        self._rounds = Rounds(graph)
        self._criteria = CountingCriteria(graph, criteria)
        self._facts = FactReads(graph, MEASURES, judging)
        self._contributions = Contributions(index_of, attributes)
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[int] | None = None
        self._at = Turn(0, is_held=False)
        self._sizes: OrderedDict[str, int] = OrderedDict()
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
            while not await self._round():
                if not self._may_count or time.monotonic() > deadline:
                    return await self._rounds.pending() + await self._criteria.unmarked(self._at)
            return await self._criteria.unmarked(self._at)

    async def count_all(self) -> None:
        """Counts what is marked now, however long that takes. What others go on marking meanwhile does not make it longer. Where
        other criteria are kept than its own, it counts nothing."""
        until_ms = marked_ms()
        while True:
            async with self._turn:
                rounds, is_done = self.rounds, await self._round(until_ms=until_ms)
            if is_done or self.counts_by_others:
                return
            await asyncio.sleep(0 if self.rounds > rounds else _PAUSE_S)

    async def run_forever(self) -> None:
        """Counts what is due (``computes/analytics/waiting``), again and again, until it is cancelled."""
        said = ""
        while True:
            began, is_done = time.monotonic(), True
            try:
                async with self._turn:
                    is_done = await self._round(self._due)
                await self._criteria.settle(self._at)
                said = ""
            except Exception as error:
                if blame_of(error) is not Blame.GRAPH:
                    logger.exception("usage could not be counted; trying again")
                elif said != str(error):
                    logger.warning("usage is counted when the graph can: %s", error)
                said = str(error)
            await asyncio.sleep(max(LEAST_S, LOOK_S if is_done else 0.0, REST * (time.monotonic() - began)))

    @property
    def counts_by_others(self) -> bool:
        """Whether what is counted goes by other success criteria than one's own, as it was when it was looked at last."""
        return self._criteria.are_others(self._at)

    @property
    def _may_count(self) -> bool:
        return not (self._at.is_held or self.counts_by_others)

    def _due(self, marks: Sequence[Mark]) -> Sequence[Mark]:
        return due(marks, self._sizes, marked_ms())

    async def _round(self, chosen: Chosen = _all, until_ms: int | None = None) -> bool:
        """One round; whether it has counted everything that is chosen of what was marked when it began."""
        turn = self._at = await self._rounds.current()
        if not self._may_count:
            return False
        marks = await self._rounds.marks(MARKS, until_ms)
        is_all = sum(len(mark.ids) for mark in marks) < MARKS
        some = chosen(marks) if is_all else marks
        if not some:
            return is_all
        marked = await self._fitting(some)
        change = await self._count(turn.round, marked)
        is_whole = is_all and len(marked.marks) == sum(len(mark.ids) for mark in some)
        return is_whole and change is not None and not change.left

    async def _fitting(self, marks: Sequence[Mark]) -> Marked:
        """As much of what is marked as fits into one round."""
        own = [mark for mark in marks if mark.label in OF_TRACES]
        within = await self._rounds.traces_with(mark for mark in marks if mark.label not in OF_TRACES)
        ordered = list(dict.fromkeys([*(mark.key for mark in own), *sorted(within)]))
        sizes = await self._sizes_of(ordered)
        fitting = frozenset(first_pack(ordered, sizes, STEPS))
        changed = {mark.key for mark in own if mark.label != RELATIVE}
        done = [mark for mark in marks if mark.key in fitting or mark.label not in OF_TRACES]
        return Marked(
            traces=fitting,
            marks=tuple(id_ for mark in done for id_ in mark.ids),
            gone=frozenset(mark.key for mark in done if mark.label == "Gone"),
            relatives=fitting - changed - within,
            left=frozenset(within - fitting - changed),
            sizes=sizes,
        )

    async def _sizes_of(self, ids: Sequence[str]) -> dict[str, int]:
        """How many steps and calls traces have; of one alone it does not matter."""
        return await self._facts.sizes(ids) if len(ids) > 1 else {}

    async def packs(self, correlation_ids: Sequence[str]) -> list[list[str]]:
        """Traces in lists, in their order, of which each fits into one round."""
        return list(packed(correlation_ids, await self._sizes_of(correlation_ids), STEPS))

    async def adopt(self) -> None:
        """Has its own success criteria kept, as soon as nobody counts by others. Raises Conflict while somebody does."""
        async with self._turn:
            await self._criteria.adopt(self._rounds)

    async def note_all_counted(self) -> None:
        """Everything was counted again by its own criteria."""
        await self._criteria.note_all_counted()

    async def recount(self, correlation_ids: Collection[str]) -> int | None:
        """Counts these traces, marked or not; how many had been counted otherwise, None if it was not its turn."""
        async with self._turn:
            turn = self._at = await self._rounds.current()
            if not self._may_count:
                return None
            change = await self._count(turn.round, Marked(frozenset(correlation_ids)))
            return None if change is None else len(change.counted)

    async def miscounted(self, correlation_ids: Collection[str]) -> list[str]:
        """Those of these traces that were counted otherwise than they are, and are not marked. Changes nothing."""
        read, counted = await self._read(sorted(correlation_ids), {}), await self._rounds.counted(correlation_ids)
        wrong = [
            id_
            for id_, one in read.items()
            if contribution_text(_with_pruned(one, was := counted.get(id_, Counted()))) != was.contribution
        ]
        marked = await self._rounds.marked_among(wrong)
        return sorted(set(wrong) - marked)

    async def _count(self, round_: int, marked: Marked) -> Change | None:
        """Counts this; None if somebody else has changed buckets meanwhile, and nothing is counted."""
        change = await self._change(round_, marked)
        if change.marks or change.counted:
            if not await self._rounds.write(round_, change):
                return None
            self._cached_at = round_ + 1
            self.rounds += 1
        return change

    async def _change(self, round_: int, marked: Marked) -> Change:
        """What a round comes to."""
        counted = await self._rounds.counted(marked.traces)
        read = await self._read(sorted(marked.traces), marked.sizes)
        changed = read.keys() - marked.relatives
        keys = {id_: key for id_, one in counted.items() if id_ not in marked.relatives and (key := one.prompt_key)}
        more = await self._facts.relatives((read[id_].facts for id_ in changed), keys) - marked.traces - marked.left
        left = [{"label": "Trace", "key": id_} for id_ in sorted(marked.left)]
        if more:
            sizes = await self._sizes_of(sorted(more))
            now = first_pack(sorted(more), sizes, STEPS)
            left += [{"label": RELATIVE, "key": id_} for id_ in sorted(more - set(now))]
            counted |= await self._rounds.counted(now)
            read |= await self._read(now, sizes)
        change = await self._counted(round_, marked, read, counted)
        change.left = left
        if marked.marks:
            change.ended = [id_ for id_, one in read.items() if _is_over(one.facts)]
            change.gone = sorted(marked.gone)
        return change

    async def _read(self, ids: Sequence[str], sizes: Mapping[str, int]) -> dict[str, Read]:
        """What these traces come to; traces that are not there are absent."""
        read: dict[str, Read] = {}
        for pack in packed(ids, sizes or await self._sizes_of(ids), AT_ONCE):
            read |= await self._read_together(pack)
        return read

    async def _read_together(self, ids: Sequence[str]) -> dict[str, Read]:
        """The same of a few. One of which that cannot be told keeps no other from being counted, nor itself what it was counted
        as."""
        try:
            return await self._contributed(await self._facts.facts(ids))
        except Exception as error:
            if blame_of(error) is Blame.GRAPH:
                raise
            if len(ids) == 1:
                logger.exception("the trace %r cannot be counted, and stays counted as it was", *ids)
                return {}
        half = len(ids) // 2
        return await self._read_together(ids[:half]) | await self._read_together(ids[half:])

    async def _contributed(self, facts: Mapping[str, Facts]) -> dict[str, Read]:
        sizes = {id_: len(one.steps) + len(one.calls) for id_, one in facts.items()}
        self._note_sizes(sizes)
        return await made_of(
            sum(sizes.values()),
            lambda: {id_: Read(_summary(one), self._contributions.of(one)) for id_, one in facts.items()},
        )

    def _note_sizes(self, sizes: Mapping[str, int]) -> None:
        """Remembers which traces are long."""
        for id_, size in sizes.items():
            self._sizes.pop(id_, None)
            if size > SHORT:
                self._sizes[id_] = size
        while len(self._sizes) > _CACHED:
            self._sizes.popitem(last=False)

    async def _counted(
        self, round_: int, marked: Marked, read: Mapping[str, Read], counted: Mapping[str, Counted]
    ) -> Change:
        change, changes = Change(marks=marked.marks), Changes()

        def compare() -> None:
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

        def apply() -> None:
            change.buckets, change.breakdowns, change.empty = changes.apply(buckets)

        weight = OWN_WEIGHT * len(marked.gone) + sum(OWN_WEIGHT + len(one.contribution) for one in read.values())
        await made_of(weight, compare)
        buckets = await self._buckets(round_, changes.named())
        await made_of(weight, apply)
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


def _is_over(facts: Facts) -> bool:
    """Whether it is a prompt of which there is to be learned."""
    return facts.trace.is_prompt and facts.trace.status != TraceStatus.IN_PROGRESS


def _summary(facts: Facts) -> Facts:
    """What others depend on."""
    return Facts(facts.trace, calls=tuple(call for call in facts.calls if call.retold))


def _note_error(task: asyncio.Task[int]) -> None:
    """Takes note of an error that nobody may be waiting for any more."""
    if not task.cancelled():
        task.exception()
