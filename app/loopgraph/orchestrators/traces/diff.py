"""Compares two traces with all that they spawned."""

from __future__ import annotations

import asyncio

from loopgraph.computes.traces.diff import compare
from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.diff import TraceDiff
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.errors import InvalidInput, NotFound
from loopgraph.orchestrators.traces.trees import read_trees

MAX_STEPS = 2_000
"""How many records a trace and all that it spawned may have to be compared: time and memory grow with the product."""


async def diff(reads: TraceReads, a: str, b: str, principal: Principal | None) -> TraceDiff:
    """What differs between two traces.

    Raises NotFound for one that is not there, or that the principal may not see, and InvalidInput for one that is too large.
    """
    trees, truncated = await read_trees(reads, {a, b}, principal, max_steps=2 * MAX_STEPS)
    for id_ in (a, b):
        if id_ not in trees:
            raise NotFound("Trace", id_)
    sizes = {"a": trees[a].size, "b": trees[b].size}
    larger = max(sizes, key=lambda name: sizes[name])
    if truncated or sizes[larger] > MAX_STEPS:
        raise InvalidInput(
            larger, f"has more than {MAX_STEPS:,} steps with those of its subagents; compare a part of it"
        )
    return await asyncio.to_thread(compare, trees[a], trees[b])
