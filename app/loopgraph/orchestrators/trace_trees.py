"""Reads whole trees of traces: what they spawned, and so on, level by level for all of them at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from loopgraph.computes.trace_tree import Node, grow
from loopgraph.contracts.assembly import TraceParts
from loopgraph.contracts.base import Principal
from loopgraph.effects.trace_reads import TraceReads

_MAX_DEPTH = 50


@dataclass
class Tree:
    """A tree as far as it was read. ``truncated``: it has more steps or levels than were wanted."""

    root_id: str
    parts: dict[str, TraceParts] = field(default_factory=dict)
    truncated: bool = False

    @property
    def size(self) -> int:
        """How many traces, hook executions and endpoint calls it has."""
        return sum(1 + len(part.hooks) + len(part.endpoints) for part in self.parts.values())

    def grown(self) -> Node:
        """What it looks like."""
        return grow(self.parts, self.root_id)


async def read_trees(
    reads: TraceReads, root_ids: Collection[str], principal: Principal | None, *, max_steps: int
) -> dict[str, Tree]:
    """The trees under some traces, each with up to about ``max_steps`` records; unknown and hidden ids are absent.

    The number of statements grows with the depth alone. A trace that two of them spawned is in both.
    """
    trees = {root_id: Tree(root_id) for root_id in root_ids}
    level = {root_id: {root_id} for root_id in trees}
    for _ in range(_MAX_DEPTH):
        wanted = set().union(*level.values())
        if not wanted:
            break
        parts = await reads.parts(sorted(wanted), principal)
        for root_id, ids in level.items():
            tree = trees[root_id]
            tree.parts |= {id_: parts[id_] for id_ in ids if id_ in parts}
            children = {child for id_ in ids if id_ in parts for child in parts[id_].child_ids}
            level[root_id] = children - tree.parts.keys()
            if level[root_id] and tree.size + len(level[root_id]) > max_steps:
                tree.truncated, level[root_id] = True, set()
    for root_id, left in level.items():
        trees[root_id].truncated |= bool(left)
    return {root_id: tree for root_id, tree in trees.items() if tree.parts}
