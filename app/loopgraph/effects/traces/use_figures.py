"""Reads what was done under uses of patterns."""

from __future__ import annotations

from collections.abc import Sequence

from loopgraph.assets import query
from loopgraph.contracts.base import Principal
from loopgraph.contracts.definitions import DefinitionKind
from loopgraph.contracts.traces import TraceStatus
from loopgraph.contracts.uses import UseFigures
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.traces import mapping
from loopgraph.effects.traces.reads import subject_of

_USES = query("traces/uses_and_traces")
_STEPS = query("traces/steps_of_uses")
_CALLS = query("traces/calls_of_uses")

_ENDS = {
    TraceStatus.ERROR: "failed_steps",
    TraceStatus.TIMEOUT: "failed_steps",
    TraceStatus.DENIED: "denied_steps",
    TraceStatus.INTERRUPTED: "interrupted_steps",
}


class UseReads:
    """Reads uses of patterns."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def figures(self, execution_ids: Sequence[str], principal: Principal | None = None) -> dict[str, UseFigures]:
        """What was done under these uses, by execution id, in three statements; executions that are none are absent."""
        subject = subject_of(principal)
        found = await self._graph.read(_USES, execution_ids=sorted(set(execution_ids)), subject=subject)
        if not found:
            return {}
        rows = [_window(row) for row in found]
        figures: dict[str, dict[str, float]] = {row["execution_id"]: {} for row in rows}
        for row in await self._graph.read(_STEPS, rows=rows):
            counts = figures[row["execution_id"]]
            for name in ("steps", *([_ENDS[end]] if (end := TraceStatus(row["status"])) in _ENDS else [])):
                counts[name] = counts.get(name, 0) + row["steps"]
        for row in await self._graph.read(_CALLS, rows=rows):
            figures[row["execution_id"]] |= {
                "model_calls": row["calls"],
                "failed_model_calls": row["failed"],
                "input_tokens": row["input_tokens"],
                "output_tokens": row["output_tokens"],
                "cost_usd": row["cost_usd"],
                "unpriced_calls": row["unpriced"],
            }
        following = {row["hook"]["execution_id"]: row["next"] for row in found}
        return {id_: UseFigures(**counts, next_correlation_id=following[id_]) for id_, counts in figures.items()}


def _window(row: Row) -> Row:
    """The traces and the time that a use goes over: a skill's and a command's its own time, the others' all of their traces."""
    hook, known = row["hook"], mapping.times(row["hook"])
    timed = hook["pattern_type"] not in (DefinitionKind.SUBAGENT, DefinitionKind.MEMORY)
    return {
        "execution_id": hook["execution_id"],
        "correlation_ids": [hook["correlation_id"], *row["subagents"]],
        "since": known.started_at if timed else None,
        "until": known.completed_at if timed and hook["pattern_type"] == DefinitionKind.SKILL else None,
        "skill": hook["pattern_name"] if hook["pattern_type"] == DefinitionKind.SKILL else None,
    }
