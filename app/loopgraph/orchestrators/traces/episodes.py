"""Traces are read whole, in a handful of statements however large they are, and put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial

from loopgraph.computes.traces import assembly
from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.assembly import AssembledTrace, Episode, Forest
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.traces.reading.reads import MAX_TRACES, TraceReads
from loopgraph.errors import NotFound

MAX_DEPTH = 256
"""How deep an assembled trace goes before it says ``truncated``."""


async def trees(
    reads: TraceReads, correlation_ids: Sequence[str], principal: Principal | None
) -> dict[str, assembly.Whole]:
    """Traces with all that they spawned, in two statements or three; unknown and hidden ids are absent."""
    forest = await reads.forest(correlation_ids, principal)
    return await made_of(_size(forest), lambda: assembly.wholes(forest, correlation_ids, max_depth=MAX_DEPTH))


def _size(forest: Forest) -> int:
    """How many traces, steps and calls a forest holds."""
    return sum(1 + len(parts.hooks) + len(parts.endpoints) for parts in forest.parts.values())


async def assemble(
    reads: TraceReads,
    correlation_id: str,
    principal: Principal | None,
    *,
    max_depth: int = MAX_DEPTH,
    max_traces: int = MAX_TRACES,
) -> AssembledTrace:
    """A trace with what it spawned, what that spawned, and so on, in two statements or three.

    Where no trace has the correlation id, it may be an OpenTelemetry trace id. Raises NotFound for a trace that is not there, or
    that the principal may not see.
    """
    async for id_ in _meant(reads, correlation_id, principal):
        forest = await reads.forest([id_], principal, max_traces=max_traces)
        if id_ in forest.parts:
            found = await made_of(_size(forest), partial(assembly.assemble, forest, [id_], max_depth=max_depth))
            return found[id_]
    raise NotFound("Trace", correlation_id)


async def prompts(reads: TraceReads, correlation_id: str, principal: Principal | None) -> list[str]:
    """The ids of the prompts of the episode that a trace is part of, and its own: any prompt of it, or any subagent's trace; also
    by OpenTelemetry trace id.

    Three or four statements. Raises NotFound for a trace that is not there, or that the principal may not see.
    """
    async for id_ in _meant(reads, correlation_id, principal):
        if await reads.heads([id_], principal):
            return [*await reads.prompts_of_episode(id_), id_]
    raise NotFound("Trace", correlation_id)


async def episode(reads: TraceReads, correlation_ids: Sequence[str], principal: Principal | None) -> Episode:
    """The episode of some prompts, in two statements or three. Raises NotFound if the last of them is gone."""
    forest = await reads.forest(correlation_ids, principal)
    if correlation_ids[-1] not in forest.parts:
        raise NotFound("Trace", correlation_ids[-1])
    return await made_of(_size(forest), partial(assembly.episode, forest))


async def _meant(reads: TraceReads, id_: str, principal: Principal | None) -> AsyncIterator[str]:
    """The correlation ids that an id can mean, one after the other, as long as they are asked for."""
    yield id_
    if (other := await reads.by_otel_trace_id(id_, principal)) is not None:
        yield other
