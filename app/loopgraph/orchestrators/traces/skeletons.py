"""The trees of traces as spans; large ones are remembered as long as no process has changed anything in them.

Every commit that changes what is in traces tells so, with a number, in the same commit (``effects/graph/telling``). A reading
looks for what was told after the last number that is known, in its own transaction. So what it reads then has all of that, and
what was read before is what the graph holds, unless a change was of one of the traces, or does not say of which it was. The
traces themselves, and who may see them, are read anew each time: they are few, their steps are many.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from loopgraph.computes.live.following import Following
from loopgraph.computes.traces.tree import Grove, Key, Node, plant
from loopgraph.contracts.base import Principal
from loopgraph.contracts.live import Change
from loopgraph.contracts.traces.assembly import Skeleton, Span, SpanKind
from loopgraph.effects.clock import now
from loopgraph.effects.live.reads import ChangeReads
from loopgraph.effects.traces.reading.reads import Heads, Looking, TraceReads

FEWEST: Final = 1_000
"""So many spans a tree has that is worth a look at what was changed."""

MOST: Final = 40_000
"""So many spans are remembered, some 40 MB."""

_LOOKS: Final = 4
"""Who has not found the last change after so many looks begins anew."""

_OLD: Final = timedelta(hours=1)
"""Who has not looked for so long begins anew: a writer is taken away, with all that it told, after twice that time at the
earliest."""

_LARGE: Final = 1_000
"""Of so many trees it is known that they are large."""

Trees = tuple[str, ...]


@dataclass(eq=False)
class _Tree:
    """What is remembered of one reading. ``made`` is what was made of its nodes, by their keys."""

    traces: frozenset[str]
    heads: Heads
    stale: bool = False
    grove: Grove[Span] | None = None
    made: dict[tuple[Key, ...], Any] = field(default_factory=dict)


class Skeletons:
    """Reads trees as spans."""

    def __init__(self, reads: TraceReads, changes: ChangeReads, fewest: int = FEWEST, most: int = MOST) -> None:
        self._reads = reads
        self._fewest, self._most = fewest, most
        self._changes = changes
        self._following: Following | None = None
        self._looked = now()
        self._large: OrderedDict[Trees, asyncio.Lock] = OrderedDict()
        self._kept: OrderedDict[Trees, _Tree] = OrderedDict()
        self._begun: set[_Tree] = set()

    async def of(self, ids: Sequence[str], principal: Principal | None) -> dict[str, Node[Span]]:
        """The trees under some traces, in two statements or three; unknown and hidden ids are absent."""
        nodes = (await self.grove(ids, principal)).nodes
        return {id_: node for id_ in ids if (node := nodes.get((SpanKind.TRACE, id_))) is not None}

    async def grove(self, ids: Sequence[str], principal: Principal | None) -> Grove[Span]:
        """Some traces and all under them, in two statements or three; in three or four, if they are large. Nobody may change
        it."""
        trees = tuple(ids)
        turn = self._large.get(trees)
        if turn is None:
            return await self._first(trees, principal)
        async with turn:  # who asks for the same meanwhile finds it remembered
            return await self._remembered(trees, principal)

    def made_of(self, tops: Sequence[Node[Any]]) -> dict[tuple[Key, ...], Any] | None:
        """Where to keep what is made of nodes of a tree that is remembered; None if it is not."""
        for tree in self._kept.values():
            if tree.grove is not None and all(tree.grove.nodes.get(top.key) is top for top in tops):
                return tree.made
        return None

    def forget(self) -> None:
        """Lets go of all that is remembered."""
        self._following = None
        for tree in self._begun:
            tree.stale = True
        self._kept.clear()

    async def _first(self, trees: Trees, principal: Principal | None) -> Grove[Span]:
        """Trees of which it is not known whether they are large. Those that turn out to be are remembered if all that was told
        since their reading began is of others; small ones cost no look at that."""
        begun: _Tree | None = None
        before = self._positions()

        def known(heads: Heads) -> bool:
            nonlocal begun
            self._give_up(begun)  # the transaction is run again
            begun = self._start(heads)
            # What was heard of since the transaction began, its steps may not have.
            begun.stale = before is None or self._positions() != before
            return False

        try:
            found = await self._reads.skeleton_unless(known, None, trees, principal)
            assert found is not None
            if len(found.spans) < self._fewest:
                return await _planted(trees, found)
            self._large[trees] = asyncio.Lock()
            if len(self._large) > _LARGE:
                self._large.popitem(last=False)
            grove, seen = await asyncio.gather(_planted(trees, found), self._catch_up(self._changes.look))
            if seen is not None and begun is not None and not begun.stale:
                begun.grove = grove
                self._keep(trees, begun)
            return grove
        finally:
            self._give_up(begun)

    async def _remembered(self, trees: Trees, principal: Principal | None) -> Grove[Span]:
        if self._following is None:
            await self._begin()
        seen, begun, kept = None, None, None

        async def look(looking: Looking) -> None:
            nonlocal seen
            seen = await self._catch_up(looking)

        def known(heads: Heads) -> bool:
            nonlocal begun, kept
            following = self._following
            kept = self._kept.get(trees)
            if seen is not None and kept is not None and kept.heads == heads:
                self._kept.move_to_end(trees)
                return True
            self._give_up(begun)  # the transaction is run again
            begun = None
            if following is not None and following.positions == seen:
                begun = self._start(heads)  # its steps have what was told until now
            return False

        try:
            found = await self._reads.skeleton_unless(known, look, trees, principal)
            if found is None:
                assert kept is not None
                assert kept.grove is not None
                return kept.grove
            grove = await _planted(trees, found)
            if begun is not None and not begun.stale:
                begun.grove = grove
                self._keep(trees, begun)
            return grove
        finally:
            self._give_up(begun)

    def _start(self, heads: Heads) -> _Tree:
        """A tree whose steps are going to be read; what is told from now on makes it stale."""
        begun = _Tree(frozenset(span.id for span, _ in heads), heads)
        self._begun.add(begun)
        return begun

    def _give_up(self, begun: _Tree | None) -> None:
        if begun is not None:
            self._begun.discard(begun)

    def _keep(self, trees: Trees, tree: _Tree) -> None:
        self._kept[trees] = tree
        self._kept.move_to_end(trees)
        while sum(len(one.grove.nodes) for one in self._kept.values() if one.grove) > self._most:
            self._kept.popitem(last=False)

    async def _begin(self) -> None:
        """From now on, it is known what is told."""
        began = now()
        writers = await self._changes.writers()
        newest = await asyncio.gather(*map(self._changes.newest, writers))
        following = Following({one.number: seq for one, seq in zip(writers, newest, strict=True)})
        following.know(writers)
        if self._following is None:  # else another has begun meanwhile, and may have read something since
            self._following, self._looked = following, began

    def _positions(self) -> Mapping[int, int] | None:
        """Up to where it is known what was told."""
        return None if self._following is None else dict(self._following.positions)

    async def _catch_up(self, looking: Looking) -> Mapping[int, int] | None:
        """Takes note of what was told, and answers with up to where, if this transaction sees all of that and nothing beyond."""
        following = self._following
        if following is None:
            return None
        began = now()
        if self._looked < began - _OLD:
            self.forget()
            return None
        for _ in range(_LOOKS):
            asked = {*following.wanted(), *((writer, seq) for writer, seq in following.positions.items() if seq)}
            found = await looking(asked)
            if self._following is not following:
                return None
            told = following.take(found.changes)
            for one in told:
                self._note(one.change)
            if following.know(found.writers).lost:
                break
            following.adapt(told)
            positions = dict(following.positions)
            # A writer may be new, or have been taken over by a process: then its next change was not asked for.
            if all(seq > positions[writer] + 1 or (writer, seq) in asked for writer, seq in following.wanted()):
                self._looked = began
                there = {(one.writer, one.seq) for one in found.changes}
                floors = {one.number: one.floor for one in found.writers}
                # What another reading has heard of meanwhile, or where the graph is another, this one may not see.
                sees = all(at in there or at[1] <= floors.get(at[0], 0) for at in positions.items())
                return positions if sees else None
        self.forget()
        return None

    def _note(self, change: Change) -> None:
        """Something was changed: what was read of it is not what there is any more."""
        if not change.figures and not change.traces:
            return
        if (change.figures and not change.named) or change.left_out:
            touched = {*self._kept.values(), *self._begun}
        else:
            traces = {one.correlation_id for one in change.traces}
            touched = {one for one in {*self._kept.values(), *self._begun} if not traces.isdisjoint(one.traces)}
        for tree in touched:
            tree.stale = True
        for trees in [trees for trees, tree in self._kept.items() if tree.stale]:
            del self._kept[trees]


async def _planted(trees: Trees, found: Skeleton) -> Grove[Span]:
    return await asyncio.to_thread(plant, found.spans, heads=trees, continued=found.continued_from)
