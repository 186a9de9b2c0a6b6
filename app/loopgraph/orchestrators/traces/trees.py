"""Reads the trees of traces: each with all that it spawned, as one tree of steps."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from loopgraph.computes.traces.assembly import assemble
from loopgraph.computes.traces.tree import Node, grow
from loopgraph.contracts.assembly import AssembledTrace
from loopgraph.contracts.base import Principal
from loopgraph.effects.traces.reads import TraceReads


async def read_trees(
    reads: TraceReads, root_ids: Collection[str], principal: Principal | None, *, max_steps: int
) -> tuple[dict[str, Node], bool]:
    """The trees under some traces, in four statements; unknown and hidden ids are absent.

    Together they have at most ``max_steps`` hook executions, twice as many endpoint calls, and as many traces; the second value
    says whether something was left out because of that.
    """
    forest = await reads.forest(root_ids, principal, max_traces=max_steps, max_steps=max_steps)
    trees = assemble(forest, root_ids)
    return {
        root_id: grow({trace.trace.correlation_id: trace for trace in _traces(tree)}, root_id)
        for root_id, tree in trees.items()
    }, forest.truncated


def _traces(tree: AssembledTrace) -> Iterator[AssembledTrace]:
    waiting = [tree]
    while waiting:
        trace = waiting.pop()
        yield trace
        waiting += trace.child_traces
