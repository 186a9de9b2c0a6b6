"""A trace is assembled with the traces it spawned, level by level."""

from __future__ import annotations

from loopgraph.contracts.assembly import AssembledTrace, TraceParts
from loopgraph.contracts.base import Principal
from loopgraph.effects.trace_reads import TraceReads
from loopgraph.errors import NotFound

MAX_DEPTH = 50
MAX_TRACES = 2_000
"""How deep an assembled trace goes, and how many traces it holds, before it says ``truncated``."""


async def assemble(
    reads: TraceReads,
    correlation_id: str,
    principal: Principal | None,
    *,
    max_depth: int = MAX_DEPTH,
    max_traces: int = MAX_TRACES,
) -> AssembledTrace:
    """A trace with its children, their children, and so on; the number of statements grows with the depth alone.

    Raises NotFound for a trace that is not there, or that the principal may not see.
    """
    found: dict[str, TraceParts] = {}
    parent_of: dict[str, str] = {}
    level = [correlation_id]
    for _ in range(max_depth + 1):
        wanted = level[: max_traces - len(found)]
        if not wanted:
            break
        parts = await reads.parts(wanted, principal)
        found |= parts
        level = []
        for id_ in wanted:
            for child_id in parts[id_].child_ids if id_ in parts else ():
                if child_id not in found and child_id not in parent_of:
                    parent_of[child_id] = id_
                    level.append(child_id)
    if correlation_id not in found:
        raise NotFound("Trace", correlation_id)
    assembled: dict[str, AssembledTrace] = {}
    # Children were found after their parents: backwards, each is there when its parent needs it.
    for id_, own in reversed(found.items()):
        children = tuple(
            assembled[child] for child in own.child_ids if parent_of.get(child) == id_ and child in assembled
        )
        assembled[id_] = AssembledTrace(
            **dict(own), child_traces=children, truncated=len(children) < len(own.child_ids)
        )
    return assembled[correlation_id]
