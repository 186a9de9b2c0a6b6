"""Traces: events are redacted and recorded; a trace is assembled with the traces it spawned, level by level."""

from __future__ import annotations

from collections.abc import Sequence

from loopgraph.computes.event_redaction import redact_event
from loopgraph.computes.redaction import Redactor
from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces import AssembledTrace, Recorded, TraceEvent, TraceParts
from loopgraph.effects.clock import now
from loopgraph.effects.trace_reads import TraceReads
from loopgraph.effects.traces import Traces
from loopgraph.errors import NotFound, UserError

MAX_DEPTH = 50
MAX_TRACES = 2_000
"""How deep an assembled trace goes, and how many traces it holds, before it says ``truncated``."""


class Recorder:
    """Takes events in, on behalf of every door."""

    def __init__(self, traces: Traces, redactor: Redactor) -> None:
        self._traces = traces
        self._redactor = redactor

    async def record(self, events: Sequence[TraceEvent]) -> list[Recorded | UserError]:
        """What became of each event, in their order; all that were recorded are committed. See ``Traces.record``."""
        received_at = now()
        clean = [self._clean(event) for event in events]
        sound = [event for event in clean if not isinstance(event, UserError)]
        recorded = iter(await self._traces.record(sound, received_at=received_at))
        return [event if isinstance(event, UserError) else next(recorded) for event in clean]

    def _clean(self, event: TraceEvent) -> TraceEvent | UserError:
        try:
            return redact_event(event, self._redactor)
        except UserError as error:
            return error


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
