"""Records traces. A batch of events is one transaction; what it costs does not depend on how many events it has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from loopgraph.assets import Query, query
from loopgraph.contracts.feedback import Arm
from loopgraph.contracts.observations import Observation, Recordable
from loopgraph.contracts.traces import (
    EndpointCalled,
    HookExecuted,
    Recorded,
    RoutingDecided,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
)
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph import Row, Transaction
from loopgraph.effects.trace_folding import Batch, Piece, piece
from loopgraph.effects.trace_reads import TraceReads
from loopgraph.errors import UserError

_LOCK_TRACES = query("traces/lock_traces")
_LOCK_HOOKS = query("traces/lock_hooks")
_LOCK_CALLS = query("traces/lock_calls")
_DECISIONS = query("traces/decisions_by_trace")
_KNOWN_VERSIONS = query("traces/known_versions")
_KNOWN_EXPERIMENTS = query("traces/known_experiments")
_CREATE_TRACES = query("traces/create_traces")
_ENSURE_TRACES = query("traces/ensure_traces")
_UPDATE_TRACES = query("traces/update_traces")
_LINK_SESSIONS = query("traces/link_sessions")
_LINK_PARENTS = query("traces/link_parents")
_CREATE_DECISIONS = query("traces/create_decisions")
_LINK_AGENTS = query("traces/link_agents")
_CREATE_HOOKS = query("traces/create_hooks")
_UPDATE_HOOKS = query("traces/update_hooks")
_CREATE_CALLS_OF_HOOKS = query("traces/create_calls_of_hooks")
_CREATE_CALLS_OF_TRACES = query("traces/create_calls_of_traces")
_UPDATE_CALLS = query("traces/update_calls")
_MOVE_CALLS = query("traces/move_calls")
_COUNT_USAGE = query("traces/count_usage")
_DRAW_USED = query("traces/draw_used")
_UPDATE_USED = query("traces/update_used")


class Traces(TraceReads):
    """Records traces and reads them.

    Every relationship stands for a property of the node it was drawn for (a trace's ``parent_id``, an execution's ``node_id``),
    and only the transaction that sets the property, under the node's lock, draws it: so there is never a second one.
    """

    async def record(self, events: Sequence[Recordable], *, received_at: datetime) -> list[Recorded | UserError]:
        """Records events, in any order of arrival, and says of each what became of it. One bad event does not lose the others.

        Idempotent by id: an event that is there already is ``repeated`` and changes nothing. What belongs to an event that has
        not arrived yet hangs under a stub, which that event fills in. An execution of a version counts in the version's usage
        as soon as it is known to be over, in the same transaction.

        Errors of single events: NotFound for an unknown version, InvalidInput for an experiment that does not compare the
        version or a value that JSON cannot hold, Conflict for an id that was used for other content (the first one stays).
        """
        pieces = [_piece(event, received_at) for event in events if not isinstance(event, Observation)]
        sound = [item for item in pieces if isinstance(item, Piece)]
        turn = new_id()

        async def work(tx: Transaction) -> list[Recorded | UserError]:
            batch = await _load(tx, sound, received_at, turn)
            outcomes = [_fold(batch, item) for item in pieces]
            await _store(tx, batch, turn)
            return outcomes

        if not sound:
            return [item for item in pieces if isinstance(item, UserError)]
        # Events of one trace tend to come together, and would wait for each other in the graph: they share commits.
        traces = {item.event.correlation_id for item in sound}
        return await self._graph.transaction(work, contended=traces.pop() if len(traces) == 1 else None)


def _piece(event: TraceEvent, received_at: datetime) -> Piece | UserError:
    try:
        return piece(event, received_at)
    except UserError as error:
        return error


def _fold(batch: Batch, item: Piece | UserError) -> Recorded | UserError:
    if isinstance(item, UserError):
        return item
    try:
        return batch.fold(item)
    except UserError as error:
        return error


async def _load(tx: Transaction, pieces: Iterable[Piece], received_at: datetime, turn: str) -> Batch:
    """What the graph holds of the nodes that the events are about, under their locks, which are taken in one order."""
    traces, hooks, calls, decisions, versions, experiments = (set[str]() for _ in range(6))
    for item in pieces:
        match item.event:
            case TraceStarted() | TraceCompleted() as event:
                traces.add(event.correlation_id)
            case RoutingDecided() as event:
                decisions.add(event.correlation_id)
            case HookExecuted() as event:
                hooks.add(event.execution_id)
                versions.update([event.node_id] if event.node_id else [])
                experiments.update([event.experiment_id] if event.experiment_id else [])
            case EndpointCalled() as event:
                calls.add(event.call_id)
                hooks.update([event.hook_execution_id] if event.hook_execution_id else [])

    async def rows(statement: Query, name: str, ids: set[str], **more: str) -> list[Row]:
        return await tx.run(statement, **{name: sorted(ids)}, **more) if ids else []

    return Batch(
        received_at,
        traces=_nodes(await rows(_LOCK_TRACES, "correlation_ids", traces, turn=turn)),
        hooks=_nodes(await rows(_LOCK_HOOKS, "execution_ids", hooks, turn=turn)),
        calls=_nodes(await rows(_LOCK_CALLS, "call_ids", calls, turn=turn)),
        decisions=_nodes(await rows(_DECISIONS, "correlation_ids", decisions)),
        versions=[row["node_id"] for row in await rows(_KNOWN_VERSIONS, "node_ids", versions)],
        experiments={
            row["experiment_id"]: {row["control_node_id"]: Arm.CONTROL, row["treatment_node_id"]: Arm.TREATMENT}
            for row in await rows(_KNOWN_EXPERIMENTS, "experiment_ids", experiments)
        },
    )


def _nodes(rows: Iterable[Row]) -> list[Row]:
    return [row["properties"] for row in rows]


async def _store(tx: Transaction, batch: Batch, turn: str) -> None:
    """Writes what has changed. Nodes that many traces share (sessions, agents, versions) are locked in the order of their ids."""

    async def write(statement: Query, rows: Sequence[Row], *, by: str | None = None, **more: str) -> None:
        if rows:
            await tx.run(statement, rows=sorted(rows, key=lambda row: str(row[by])) if by else rows, **more)

    await write(_CREATE_TRACES, batch.traces.new())
    await write(_ENSURE_TRACES, batch.stubs())
    await write(_UPDATE_TRACES, batch.traces.changes())
    await write(_LINK_PARENTS, batch.traces.learned("parent_id"), by="parent_id")
    await write(_LINK_SESSIONS, batch.traces.learned("session_id", "created_at"), by="session_id")
    await write(_CREATE_HOOKS, batch.hooks.new())
    await write(_UPDATE_HOOKS, batch.hooks.changes())
    calls = batch.calls.new()
    await write(_CREATE_CALLS_OF_HOOKS, [call for call in calls if call.get("hook_execution_id")])
    await write(_CREATE_CALLS_OF_TRACES, [call for call in calls if not call.get("hook_execution_id")])
    await write(_UPDATE_CALLS, batch.calls.changes())
    await write(_MOVE_CALLS, batch.moved_calls())
    await write(_CREATE_DECISIONS, batch.decisions.new())
    await write(_LINK_AGENTS, batch.decisions.learned("selected_agent"), by="selected_agent")
    await write(_COUNT_USAGE, batch.usage(), turn=turn)
    await write(_DRAW_USED, batch.newly_used(), by="node_id")
    await write(_UPDATE_USED, batch.newly_chosen())
