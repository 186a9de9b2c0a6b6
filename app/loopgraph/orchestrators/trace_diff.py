"""Compares two traces with all that they spawned."""

from __future__ import annotations

import asyncio

from loopgraph.computes.trace_diff import compare
from loopgraph.contracts.base import Principal
from loopgraph.contracts.trace_diff import TraceDiff
from loopgraph.effects.trace_reads import TraceReads
from loopgraph.errors import InvalidInput, NotFound
from loopgraph.orchestrators.trace_trees import read_trees

MAX_STEPS = 2_000
"""How many records a trace and all that it spawned may have to be compared: time and memory grow with the product."""


async def diff(reads: TraceReads, a: str, b: str, principal: Principal | None) -> TraceDiff:
    """What differs between two traces.

    Raises NotFound for one that is not there, or that the principal may not see, and InvalidInput for one that is too large.
    """
    trees = await read_trees(reads, {a, b}, principal, max_steps=MAX_STEPS)
    for name, id_ in (("a", a), ("b", b)):
        tree = trees.get(id_)
        if tree is None:
            raise NotFound("Trace", id_)
        if tree.truncated or tree.size > MAX_STEPS:
            raise InvalidInput(
                name, f"has more than {MAX_STEPS:,} steps with those of its subagents; compare a part of it"
            )
    return await asyncio.to_thread(compare, trees[a].grown(), trees[b].grown())
