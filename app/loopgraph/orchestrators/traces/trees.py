"""Reads the trees of traces: each with all that it spawned, as one tree of steps."""

from __future__ import annotations

from collections.abc import Collection

from loopgraph.computes.traces.tree import Node, Record, grow, plant, records_of
from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.assembly import Forest, SpanKind, TraceParts
from loopgraph.effects.traces.reading.reads import TraceReads


async def read_trees(
    reads: TraceReads, root_ids: Collection[str], principal: Principal | None, *, max_steps: int
) -> tuple[dict[str, Node[Record]], bool]:
    """The trees under some traces, in two statements or three; unknown and hidden ids are absent.

    Together they have at most ``max_steps`` hook executions, twice as many endpoint calls, and as many traces; the second value
    says whether something was left out because of that.
    """
    forest = await reads.forest(root_ids, principal, max_traces=max_steps, max_steps=max_steps)
    heads = [id_ for id_ in root_ids if id_ in forest.parts]
    nodes = plant(records_of(forest.parts.values()), heads=heads, continued=forest.continued_from).nodes
    return {id_: grow(_parts_under(nodes[SpanKind.TRACE, id_], forest), id_) for id_ in heads}, forest.truncated


def _parts_under(node: Node[Record], forest: Forest) -> dict[str, TraceParts]:
    return {inner.trace_id: forest.parts[inner.trace_id] for inner in node.walk()}
