"""Records traces. A batch of events is one transaction; what it costs does not depend on how many events it has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final

from loopgraph.assets import query
from loopgraph.contracts.base import Principal
from loopgraph.contracts.live import TraceNews
from loopgraph.contracts.traces.observations import Recordable
from loopgraph.contracts.traces.pricing import Pricing, unpriced
from loopgraph.contracts.traces.records import Recorded
from loopgraph.contracts.traces.updates import TracePart
from loopgraph.contracts.traces.uses import Choosing, unchosen
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.traces.recording.aliases import hand_over, known_prompts, new_prompts, session_row
from loopgraph.effects.traces.recording.endings import end_what_is_left
from loopgraph.effects.traces.recording.folding import Batch
from loopgraph.effects.traces.recording.linking import link
from loopgraph.effects.traces.recording.loading import load
from loopgraph.effects.traces.recording.nesting import leave_highest_ends, nest, nest_again, store_nested
from loopgraph.effects.traces.recording.nodes import Piece, piece, recounted, without_made_up_starts
from loopgraph.effects.traces.recording.owners import Claims, admitted, own, settle
from loopgraph.effects.traces.recording.placing.calls_told_twice import unite_calls
from loopgraph.effects.traces.recording.placing.late_prompts import give_late_prompts
from loopgraph.effects.traces.recording.placing.unnamed_calls import of_unnamed_calls
from loopgraph.effects.traces.recording.placing.unnamed_prompts import of_unnamed_prompts, orders_of
from loopgraph.effects.traces.recording.usage import in_order, store_usage
from loopgraph.effects.traces.recording.uses import conclude_uses
from loopgraph.errors import UserError

_CREATE_TRACES = query("traces/create_traces")
_ENSURE_TRACES = query("traces/ensure_traces")
_CHANGE_TRACES = query("traces/change_traces")
_LEAVE_SESSIONS = query("traces/leave_sessions")
_LINK_SESSIONS = query("traces/link_sessions")
_LINK_PARENTS = query("traces/link_parents")
_CREATE_DECISIONS = query("traces/create_decisions")
_LINK_AGENTS = query("traces/link_agents")
_CREATE_HOOKS = query("traces/create_hooks")
_CREATE_HOOKS_OF_VERSIONS = query("traces/create_hooks_of_versions")
_CHANGE_HOOKS = query("traces/change_hooks")
_CREATE_CALLS_OF_HOOKS = query("traces/create_calls_of_hooks")
_CREATE_CALLS_OF_TRACES = query("traces/create_calls_of_traces")
_CHANGE_CALLS = query("traces/change_calls")
_MOVE_CALLS = query("traces/move_calls")
_MOVE_HOOKS = query("traces/move_hooks")
_MOVE_CALLS_OF_TRACES = query("traces/move_calls_of_traces")
_CREATE_SESSIONS = query("traces/create_sessions")
_ENSURE_SESSIONS = query("traces/ensure_sessions")
_CHANGE_SESSIONS = query("traces/change_sessions")
_REMOVE_EMPTY = query("traces/remove_empty")
_CREATE_LOGS = query("traces/create_logs")
_CREATE_LOGS_OF_TRACES = query("traces/create_logs_of_traces")
_CREATE_LOGS_OF_SESSIONS = query("traces/create_logs_of_sessions")
_CREATE_POINTS = query("traces/create_points")
_CREATE_POINTS_OF_SESSIONS = query("traces/create_points_of_sessions")

_OF_SESSION: Final = ("created_at", "owner", "shared_in", "unclaimed")
"""What a session is made with that only a trace names."""

_REMEMBERED = 10_000
"""So many traces are remembered to be there."""


class TraceWrites:
    """Records traces.

    Every relationship stands for a property of the node it was drawn for (a trace's ``parent_id``, an execution's ``node_id``),
    and only the transaction that sets the property draws it: so there is never a second one. Nodes are read without locks; a
    change takes the lock, and if the node is no longer as it was read, the whole transaction runs again.
    """

    def __init__(self, graph: Graph, pricing: Pricing = unpriced, choosing: Choosing = unchosen) -> None:
        self._graph = graph
        self._pricing = pricing
        self._choosing = choosing
        self._there: dict[str, None] = {}  # traces that were there when this process last looked, the latest last

    async def record(
        self,
        events: Sequence[Recordable],
        *,
        received_at: datetime | Sequence[datetime],
        ended: list[Recorded] | None = None,
        sender: Principal | None = None,
    ) -> list[Recorded | UserError]:
        """Records events, in any order of arrival, and says of each what became of it. One bad event does not lose the others.

        Idempotent by id: an event that is there already is ``repeated`` and changes nothing. What belongs to an event that has
        not arrived yet hangs under a stub, which that event fills in. An execution of a version counts in the version's usage
        as soon as it is known to be over, in the same transaction. An event that brings no time is dated by its arrival,
        ``received_at``, that of all or of each; what began and ended in one arrival has no start, and so no duration. Those who
        follow are told of them, and of the ends of traces that follow from them and that none of them tells of; ``ended`` is
        given these ends. What is new is the ``sender``'s (``owners``).

        Errors of single events: NotFound for an unknown version, InvalidInput for an experiment that does not compare the
        version or a value that JSON cannot hold, Conflict for an id that was used for other content (the first one stays),
        Forbidden for what would change what others recorded.
        """
        arrivals = [received_at] * len(events) if isinstance(received_at, datetime) else received_at
        pieces = without_made_up_starts(
            [_piece(event, arrived) for event, arrived in zip(events, arrivals, strict=True)]
        )
        sound = [item for item in pieces if isinstance(item, Piece)]
        turn = new_id()
        filled: list[str] = []
        left: list[str] = []
        there: Collection[str] = self._there

        async def work(tx: Transaction) -> list[Recorded | UserError]:
            nonlocal there
            taken, claims = await admitted(tx, pieces, sender)
            sound = [item for item in taken if isinstance(item, Piece)]
            placed, batch, prompts = await self._placed(tx, sound, min(arrivals), turn)
            rest = iter(placed)
            outcomes = [_fold(batch, next(rest) if isinstance(item, Piece) else item) for item in taken]
            batch.nest_calls()
            nested = await nest(tx, batch)
            await leave_highest_ends(tx, batch)
            left[:] = await end_what_is_left(tx, batch, prompts)
            await conclude_uses(tx, batch, prompts, self._choosing, max(arrivals))
            # A trace that has gone meanwhile is missed when its executions are made: then this runs again, and trusts nothing.
            trusted, there = there, {}
            await _store(tx, batch, turn, trusted, claims)
            await store_usage(tx, batch, turn, max(arrivals))
            await store_nested(tx, nested)
            await nest_again(tx, batch)
            await unite_calls(tx, batch, prompts, self._pricing, turn)
            await link(tx, batch, prompts)
            for session in _left_sessions(batch, prompts):
                await tx.run(_REMOVE_EMPTY, correlation_id=session)
            filled[:] = batch.filled_traces()
            tx.news += _news(outcomes, left)
            return outcomes

        if not sound:
            return [item for item in pieces if isinstance(item, UserError)]
        # Events of one trace tend to come together, and would wait for each other in the graph: they share commits.
        traces = {item.correlation_id for item in sound}
        outcomes = await self._graph.transaction(work, contended=traces.pop() if len(traces) == 1 else None)
        self._remember(filled)
        if ended is not None:
            ended += (Recorded(kind="complete", correlation_id=id_, execution_id=None, repeated=False) for id_ in left)
        return outcomes

    async def _placed(
        self, tx: Transaction, pieces: Sequence[Piece], received_at: datetime, turn: str
    ) -> tuple[list[Piece], Batch, list[Row]]:
        """The pieces, each in the trace of its prompt as far as that is known, and what the graph holds of what they are about;
        also the traces of the prompts that have just become known."""
        orders = await orders_of(tx, pieces, received_at, turn)
        late = await give_late_prompts(tx, orders, received_at, turn)
        pieces = await of_unnamed_calls(tx, of_unnamed_prompts(pieces, orders), turn)
        prompts, left = await known_prompts(tx, pieces)
        known = [await hand_over(tx, provisional, prompts[provisional], received_at, turn) for provisional in left]
        placed = [item.placed(prompts) for item in pieces]
        batch = await load(tx, placed, received_at, self._pricing)
        if batch.prompts:
            placed = [item.placed(batch.prompts) if item.may_be_of_prompt else item for item in placed]
            batch = await load(tx, placed, received_at, self._pricing)
        if learned := new_prompts(placed, batch, prompts):
            known += [await hand_over(tx, id_, prompt, received_at, turn) for id_, prompt in sorted(learned.items())]
            placed = [item.placed(learned) for item in placed]
            batch = await load(tx, placed, received_at, self._pricing)
        return placed, batch, [*late, *(trace for trace in known if trace)]

    def _remember(self, traces: Sequence[str]) -> None:
        for id_ in traces:
            self._there.pop(id_, None)
            self._there[id_] = None
        while len(self._there) > _REMEMBERED:
            del self._there[next(iter(self._there))]


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


async def _store(tx: Transaction, batch: Batch, turn: str, there: Collection[str], claims: Claims | None) -> None:
    """Writes what has changed. ``there``: traces that were there a while ago."""
    stubs = await own(tx, batch, claims, batch.stubs(there))
    await tx.write(_CREATE_TRACES, batch.traces.new())
    await tx.write(_ENSURE_TRACES, stubs)
    await tx.write(_CHANGE_TRACES, batch.traces.changes(), turn=turn)
    await tx.write(_LINK_PARENTS, in_order("parent_id", batch.traces.learned("parent_id")))
    await tx.write(_CREATE_SESSIONS, batch.sessions.new())
    await tx.write(_CHANGE_SESSIONS, [recounted(row) for row in batch.sessions.changes()], turn=turn)
    moved = batch.traces.moved("session_id", *_OF_SESSION)
    await tx.write(_LEAVE_SESSIONS, moved)
    in_sessions = [session_row(trace) for trace in (*batch.traces.learned("session_id", *_OF_SESSION), *moved)]
    await tx.write(_LINK_SESSIONS, in_order("session_id", in_sessions))
    hooks = batch.hooks.new()
    await tx.write(_CREATE_HOOKS, [hook for hook in hooks if not hook.get("node_id")])
    await tx.write(_CREATE_HOOKS_OF_VERSIONS, in_order("node_id", [hook for hook in hooks if hook.get("node_id")]))
    await tx.write(_CHANGE_HOOKS, batch.hooks.changes(), turn=turn)
    await tx.write(_MOVE_HOOKS, batch.hooks.moved("correlation_id"))
    calls = batch.calls.new()
    await tx.write(_CREATE_CALLS_OF_HOOKS, [call for call in calls if call.get("hook_execution_id")])
    await tx.write(_CREATE_CALLS_OF_TRACES, [call for call in calls if not call.get("hook_execution_id")])
    await tx.write(_CHANGE_CALLS, batch.calls.changes(), turn=turn)
    await tx.write(_MOVE_CALLS, batch.moved_calls())
    await tx.write(_MOVE_CALLS_OF_TRACES, batch.moved_calls_of_traces())
    await tx.write(_CREATE_DECISIONS, batch.decisions.new())
    await tx.write(_LINK_AGENTS, in_order("selected_agent", batch.decisions.learned("selected_agent")))
    await _store_surroundings(tx, batch)
    await settle(tx, batch, claims)


def _news(outcomes: Sequence[Recorded | UserError], ended: Sequence[str]) -> Iterator[TraceNews]:
    """What there is to tell of some events, and of traces that have ended with them. Repetitions changed nothing."""
    for outcome in outcomes:
        if not isinstance(outcome, Recorded) or outcome.correlation_id is None or outcome.repeated:
            continue
        if part := _PARTS.get(outcome.kind):
            yield TraceNews(part.value, outcome.correlation_id, outcome.execution_id)
    for id_ in ended:
        yield TraceNews(TracePart.COMPLETE.value, id_, None)


_PARTS: Final = {part.value: part for part in TracePart} | {"use": TracePart.HOOK}
"""What of a trace an event tells; that of the use of a pattern is the hook execution that stands for it."""


def _left_sessions(batch: Batch, moved: Sequence[Row]) -> list[str]:
    """Sessions of which something has turned out to be of a prompt: their own traces may be empty."""
    left = {trace["correlation_id"] for trace in moved if trace["correlation_id"] == trace.get("session_id")}
    for before, after in batch.hooks.pairs():
        if before and before["correlation_id"] == after.get("session_id") != after["correlation_id"]:
            left.add(before["correlation_id"])
    return sorted(left)


async def _store_surroundings(tx: Transaction, batch: Batch) -> None:
    """Writes log records and data points."""
    logs, points = batch.logs.new(), batch.points.new()
    of_traces = [log for log in logs if log.get("correlation_id")]
    others = [log for log in logs if not log.get("correlation_id")]
    await tx.write(_ENSURE_SESSIONS, batch.session_stubs())
    await tx.write(_CREATE_LOGS_OF_TRACES, of_traces)
    await tx.write(_CREATE_LOGS_OF_SESSIONS, [log for log in others if log.get("session_id")])
    await tx.write(_CREATE_LOGS, [log for log in others if not log.get("session_id")])
    await tx.write(_CREATE_POINTS_OF_SESSIONS, [point for point in points if point.get("session_id")])
    await tx.write(_CREATE_POINTS, [point for point in points if not point.get("session_id")])
