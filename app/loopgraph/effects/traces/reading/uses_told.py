"""Reads uses of versions of patterns, for those who are told of them: no more than what an execution says of itself."""

from __future__ import annotations

from collections.abc import Sequence

from loopgraph.assets import query
from loopgraph.contracts.broker import PatternUse
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.mapping import times

_USES = query("traces/uses_told")


async def uses_told(graph: Graph, execution_ids: Sequence[str], correlation_ids: Sequence[str]) -> list[PatternUse]:
    """The uses that these executions are, and those of definitions in these traces, each once; executions that are none are
    absent."""
    if not execution_ids and not correlation_ids:
        return []
    rows = await graph.read(_USES, execution_ids=execution_ids, correlation_ids=correlation_ids)
    uses = {use["execution_id"]: use for row in rows for use in row["uses"]}
    return [PatternUse.model_validate({**use, **_times(use)}) for use in uses.values()]


def _times(use: dict[str, object]) -> dict[str, object]:
    known = times(use)
    return {"started_at": known.started_at, "completed_at": known.completed_at, "duration_ms": known.duration_ms}
