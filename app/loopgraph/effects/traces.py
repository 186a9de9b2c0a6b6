"""Records traces. A batch of events is one transaction; what it costs does not depend on how many events it has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from loopgraph.assets import Query, query
from loopgraph.contracts.feedback import Arm
from loopgraph.contracts.observations import LogRecorded, MetricMeasured, Recordable, SessionSeen
from loopgraph.contracts.traces import (
    EndpointCalled,
    HookExecuted,
    Recorded,
    RoutingDecided,
    TraceCompleted,
    TraceStarted,
)
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph import Row, Transaction
from loopgraph.effects.trace_aliases import hand_over, known_prompts, new_prompts, session_row
from loopgraph.effects.trace_folding import Batch
from loopgraph.effects.trace_linking import link
from loopgraph.effects.trace_nodes import Piece, piece
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
_CALLS_NESTED_IN = query("traces/calls_nested_in")
_MOVE_HOOKS = query("traces/move_hooks")
_MOVE_CALLS_OF_TRACES = query("traces/move_calls_of_traces")
_LOCK_SESSIONS = query("traces/lock_sessions")
_CREATE_SESSIONS = query("traces/create_sessions")
_ENSURE_SESSIONS = query("traces/ensure_sessions")
_UPDATE_SESSIONS = query("traces/update_sessions")
_KNOWN_LOGS = query("traces/known_logs")
_CREATE_LOGS = query("traces/create_logs")
_CREATE_LOGS_OF_TRACES = query("traces/create_logs_of_traces")
_CREATE_LOGS_OF_SESSIONS = query("traces/create_logs_of_sessions")
_KNOWN_POINTS = query("traces/known_points")
_CREATE_POINTS = query("traces/create_points")
_CREATE_POINTS_OF_SESSIONS = query("traces/create_points_of_sessions")


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
        pieces = [_piece(event, received_at) for event in events]
        sound = [item for item in pieces if isinstance(item, Piece)]
        turn = new_id()

        async def work(tx: Transaction) -> list[Recorded | UserError]:
            placed, batch, prompts = await _placed(tx, sound, received_at, turn)
            rest = iter(placed)
            outcomes = [_fold(batch, next(rest) if isinstance(item, Piece) else item) for item in pieces]
            batch.nest_calls()
            await _store(tx, batch, turn)
            await link(tx, batch, prompts)
            return outcomes

        if not sound:
            return [item for item in pieces if isinstance(item, UserError)]
        # Events of one trace tend to come together, and would wait for each other in the graph: they share commits.
        traces = {item.correlation_id for item in sound}
        return await self._graph.transaction(work, contended=traces.pop() if len(traces) == 1 else None)


def _piece(event: Recordable, received_at: datetime) -> Piece | UserError:
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


@dataclass
class _Ids:
    """The ids of what a batch is about."""

    traces: set[str] = field(default_factory=set)
    hooks: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    decisions: set[str] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)
    experiments: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)
    logs: set[str] = field(default_factory=set)
    points: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, pieces: Iterable[Piece]) -> Self:
        ids = cls()
        for item in pieces:
            ids._add(item)
        return ids

    def _add(self, item: Piece) -> None:
        trace_id = item.correlation_id
        match item.event:
            case RoutingDecided():
                self.decisions |= _some(trace_id)
            case HookExecuted() as event:
                self.hooks.add(event.execution_id)
                self.versions |= _some(event.node_id)
                self.experiments |= _some(event.experiment_id)
            case EndpointCalled() as event:
                self.calls.add(event.call_id)
                self.hooks |= _some(event.hook_execution_id)
            case SessionSeen() as event:
                self.sessions.add(event.session_id)
            case LogRecorded() as event:
                self.logs.add(event.record_id)
            case MetricMeasured() as event:
                self.points.add(event.point_id)
            case TraceStarted() | TraceCompleted():
                self.traces |= _some(trace_id)
        if item.observation:
            self.traces |= _some(trace_id)
            self.traces |= _some(item.root_id if item.otel_trace_id else None)
            self.hooks |= _some(item.observation.nested_in)


def _some(id_: str | None) -> set[str]:
    return {id_} if id_ else set()


async def _placed(
    tx: Transaction, pieces: Sequence[Piece], received_at: datetime, turn: str
) -> tuple[list[Piece], Batch, list[Row]]:
    """The pieces, each in the trace of its prompt as far as that is known, and what the graph holds of what they are about;
    also the traces of the prompts that have just become known."""
    prompts = await known_prompts(tx, pieces)
    placed = [item.placed(prompts) for item in pieces]
    batch = await _load(tx, placed, received_at, turn)
    known = []
    if learned := new_prompts(placed, batch, prompts):
        for provisional, prompt in sorted(learned.items()):
            if trace := await hand_over(tx, provisional, prompt, received_at, turn):
                known.append(trace)
        placed = [item.placed(learned) for item in placed]
        batch = await _load(tx, placed, received_at, turn)
    return placed, batch, known


async def _load(tx: Transaction, pieces: Sequence[Piece], received_at: datetime, turn: str) -> Batch:
    """What the graph holds of the nodes that the events are about, under their locks, which are taken in one order."""
    ids = _Ids.of(pieces)

    async def rows(statement: Query, name: str, ids: Collection[str], **more: str) -> list[Row]:
        return await tx.run(statement, **{name: sorted(ids)}, **more) if ids else []

    hooks = _nodes(await rows(_LOCK_HOOKS, "execution_ids", ids.hooks, turn=turn))
    new_hooks = ids.hooks - {hook["execution_id"] for hook in hooks}
    from_spans = any(item.otel_trace_id for item in pieces)
    calls = _nodes(await rows(_LOCK_CALLS, "call_ids", ids.calls, turn=turn))
    waiting = _nodes(await rows(_CALLS_NESTED_IN, "execution_ids", new_hooks if from_spans else ()))
    return Batch(
        received_at,
        traces=_nodes(await rows(_LOCK_TRACES, "correlation_ids", ids.traces, turn=turn)),
        hooks=hooks,
        calls=[*waiting, *calls],
        decisions=_nodes(await rows(_DECISIONS, "correlation_ids", ids.decisions)),
        sessions=_nodes(await rows(_LOCK_SESSIONS, "session_ids", ids.sessions, turn=turn)),
        logs=_nodes(await rows(_KNOWN_LOGS, "record_ids", ids.logs)),
        points=_nodes(await rows(_KNOWN_POINTS, "point_ids", ids.points)),
        versions=[row["node_id"] for row in await rows(_KNOWN_VERSIONS, "node_ids", ids.versions)],
        experiments={
            row["experiment_id"]: {row["control_node_id"]: Arm.CONTROL, row["treatment_node_id"]: Arm.TREATMENT}
            for row in await rows(_KNOWN_EXPERIMENTS, "experiment_ids", ids.experiments)
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
    await write(_CREATE_SESSIONS, batch.sessions.new())
    sessions = [session_row(trace) for trace in batch.traces.learned("session_id", "created_at")]
    await write(_LINK_SESSIONS, sessions, by="session_id")
    await write(_CREATE_HOOKS, batch.hooks.new())
    await write(_UPDATE_HOOKS, batch.hooks.changes())
    await write(_MOVE_HOOKS, batch.hooks.moved("correlation_id"))
    calls = batch.calls.new()
    await write(_CREATE_CALLS_OF_HOOKS, [call for call in calls if call.get("hook_execution_id")])
    await write(_CREATE_CALLS_OF_TRACES, [call for call in calls if not call.get("hook_execution_id")])
    await write(_UPDATE_CALLS, batch.calls.changes())
    await write(_MOVE_CALLS, batch.moved_calls())
    await write(_MOVE_CALLS_OF_TRACES, batch.moved_calls_of_traces())
    await write(_CREATE_DECISIONS, batch.decisions.new())
    await write(_LINK_AGENTS, batch.decisions.learned("selected_agent"), by="selected_agent")
    await write(_COUNT_USAGE, batch.usage(), turn=turn)
    await write(_DRAW_USED, batch.newly_used(), by="node_id")
    await write(_UPDATE_USED, batch.newly_chosen())
    await _store_surroundings(tx, batch)


async def _store_surroundings(tx: Transaction, batch: Batch) -> None:
    """Writes sessions, log records and data points."""

    async def write(statement: Query, rows: Sequence[Row]) -> None:
        if rows:
            await tx.run(statement, rows=rows)

    logs, points = batch.logs.new(), batch.points.new()
    await write(_ENSURE_SESSIONS, batch.session_stubs())
    await write(_UPDATE_SESSIONS, batch.sessions.changes())
    await write(_CREATE_LOGS_OF_TRACES, [log for log in logs if log.get("correlation_id")])
    await write(
        _CREATE_LOGS_OF_SESSIONS, [log for log in logs if log.get("session_id") and not log.get("correlation_id")]
    )
    await write(_CREATE_LOGS, [log for log in logs if not log.get("session_id") and not log.get("correlation_id")])
    await write(_CREATE_POINTS_OF_SESSIONS, [point for point in points if point.get("session_id")])
    await write(_CREATE_POINTS, [point for point in points if not point.get("session_id")])
