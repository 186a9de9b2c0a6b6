"""Folds events into the nodes of traces, in memory: the bookkeeping between the reads and writes of ``TraceWrites.record``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from enum import Enum
from functools import partial

from loopgraph.contracts.loop.design import EVEN
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.contracts.stored import sound
from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.observations import LogRecorded, MetricMeasured, SessionSeen
from loopgraph.contracts.traces.precedence import Trust
from loopgraph.contracts.traces.pricing import Pricing, unpriced
from loopgraph.contracts.traces.records import Recorded
from loopgraph.contracts.traces.uses import MemoryLoaded, PatternUsed
from loopgraph.effects.clock import time_key
from loopgraph.effects.traces.recording import mapping
from loopgraph.effects.traces.recording.joining import Properties, weighted, weightless
from loopgraph.effects.traces.recording.nodes import Nodes, Piece
from loopgraph.errors import Conflict, InvalidInput, NotFound, Spelled

_HOOK_IDENTITY = ("correlation_id", "hook_type", "tool_name", "node_id", "experiment_id", "given_unit")
_CALL_IDENTITY = ("correlation_id", "hook_execution_id", "service_name", "endpoint_path")
_USED = (
    "experiment_id",
    "arm",
    "unit",
    "unit_rule",
    "set_aside",
    "used_rule",
    "used_evidence",
    "used_resources",
    "used_resources_rule",
)
_PLACED_BY_THEMSELVES = (TraceStarted, TraceCompleted, LogRecorded)
_COUNTED = ("usage_count", "success_count", "timed_count", "total_execution_time_ms")


class Batch:
    """What one transaction knows: the nodes that its events are about, and which versions and experiments exist."""

    def __init__(
        self,
        received_at: datetime,
        *,
        traces: Iterable[Properties] = (),
        hooks: Iterable[Properties] = (),
        calls: Iterable[Properties] = (),
        decisions: Iterable[Properties] = (),
        sessions: Iterable[Properties] = (),
        logs: Iterable[Properties] = (),
        points: Iterable[Properties] = (),
        naming: Iterable[Properties] = (),
        prompts: Iterable[Properties] = (),
        versions: Iterable[str] = (),
        experiments: Mapping[str, Mapping[str, Arm]] | None = None,
        shares: Mapping[str, float] | None = None,
        staged: Collection[str] = (),
        pricing: Pricing = unpriced,
    ) -> None:
        self.traces = Nodes("Trace", "correlation_id", traces, mapping.keyed_trace)
        self.hooks = Nodes("HookExecution", "execution_id", hooks, mapping.keyed_hook)
        self.calls = Nodes("EndpointCall", "call_id", calls, partial(mapping.keyed_call, pricing))
        self.decisions = Nodes("RoutingDecision", "correlation_id", decisions)
        self.sessions = Nodes("Session", "session_id", sessions, mapping.keyed_session)
        self.logs = Nodes("LogRecord", "record_id", logs)
        self.points = Nodes("MetricPoint", "point_id", points)
        self.naming = {trace["correlation_id"]: trace for trace in naming}
        """Stored traces that name executions of this batch as the ones that spawned them, or whose work they go on with."""
        self.prompts = {trace["otel_trace_id"]: trace["correlation_id"] for trace in prompts}
        """The prompts' traces of OpenTelemetry traces that clients' own steps name as their trace."""
        self.texts: dict[str, str] = {}
        """The texts that uses of this batch were seen with, by execution id; those of memory by their digests."""
        self._received_at = received_at
        self._versions = frozenset(versions)
        self._experiments = experiments or {}
        self._shares = shares or {}
        self._staged = staged
        self._named: set[str] = set()
        self._placed: set[tuple[str, str | None, str | None, int]] = set()

    def fold(self, piece: Piece) -> Recorded:
        """Folds one event in. Raises NotFound, InvalidInput or Conflict, and then changes nothing."""
        event = piece.event
        execution_id: str | None = None
        repeated = self._observe(piece) if piece.observation else self._take(piece)
        match event:
            case HookExecuted() | PatternUsed():
                execution_id = event.execution_id
            case EndpointCalled():
                execution_id = event.call_id
            case LogRecorded():
                execution_id = event.record_id
            case MetricMeasured():
                execution_id = event.point_id
        outcome = {"correlation_id": piece.correlation_id, "execution_id": execution_id, "repeated": repeated}
        return sound(Recorded, {"kind": event.kind, **outcome})

    def _take(self, piece: Piece) -> bool:
        """Folds a client's own event in; whether it is repeated."""
        event, given, at = piece.event, piece.given, self._received_at
        self._placed.clear()
        repeated = True
        match event:
            case HookExecuted():
                repeated = self.hooks.fold(piece, self._with_arm(event, given), at, _HOOK_IDENTITY)
            case TraceStarted() | TraceCompleted():
                if self.traces.get(event.correlation_id) is None:
                    given = {**mapping.stub(event.correlation_id, at), **given}
                repeated = self.traces.fold(piece, given, at)
            case RoutingDecided():
                repeated = self.decisions.fold(piece, given, at)
            case EndpointCalled():
                self._check_caller(given)
                repeated = self.calls.fold(piece, given, at, _CALL_IDENTITY)
                self._stub_caller(given)
        if not repeated:
            # What hangs at a trace, or goes on with it, needs it to be there, also where nothing is told of it.
            parent_id = given.get("parent_id") if type(event) is TraceStarted else None
            self._named |= {id_ for id_ in (given["correlation_id"], parent_id, given.get("root_id")) if id_}
        return repeated

    def _observe(self, piece: Piece) -> bool:
        """Joins an observation in; whether it is repeated."""
        event, given = piece.event, piece.given
        begun: Properties = {"created_at": self._received_at, "status": TraceStatus.IN_PROGRESS.value}
        repeated = True
        match event:
            case HookExecuted():
                repeated = self.hooks.join(self._with_arm(event, given), begun)
            case TraceStarted() | TraceCompleted():
                repeated = self._join_trace(given)
                if "prompted_at" in given:
                    prompted = {name: given[name] for name in ("session_id", "prompted_at")}
                    self.sessions.join(prompted, {"created_at": self._received_at})
            case EndpointCalled():
                repeated = self.calls.join(given, begun)
            case PatternUsed():
                repeated = self.hooks.join(given, begun)
                self._join_trace({"correlation_id": given["correlation_id"], "uses": True})
                if event.text is not None:
                    self.texts[event.execution_id] = event.text
            case MemoryLoaded():
                if event.text is not None and event.digests:
                    self.texts[event.digests[-1]] = event.text
                if event.loaded_for:
                    self._place(event.loaded_for, session_id=event.session_id)
                return self.sessions.join(given, {"created_at": self._received_at})
            case SessionSeen():
                return self.sessions.join(given, {"created_at": self._received_at})
            case LogRecorded():
                repeated = self._keep(self.logs, given)
            case MetricMeasured():
                return self._keep(self.points, given)
        if piece.correlation_id and type(event) not in _PLACED_BY_THEMSELVES:
            rank = piece.observation.rank if piece.observation else Trust.HEARSAY
            self._place(piece.correlation_id, session_id=given.get("session_id"), rank=rank)
        root_id, otel_trace_id = piece.root_id, piece.otel_trace_id
        if root_id and root_id != piece.correlation_id:
            self._named.add(root_id)
        if otel_trace_id and root_id:
            self._place(root_id, otel_trace_id=otel_trace_id)
        return repeated

    def _place(
        self,
        correlation_id: str,
        session_id: str | None = None,
        otel_trace_id: str | None = None,
        rank: int = Trust.HEARSAY,
    ) -> None:
        """Joins in what the parts of a trace say of it; most of them say the same. ``rank`` weighs the session."""
        place = (correlation_id, session_id, otel_trace_id, rank if session_id else 0)
        if place in self._placed:
            return
        said = {"correlation_id": correlation_id, "session_id": session_id, "otel_trace_id": otel_trace_id}
        known = {name: value for name, value in said.items() if value is not None}
        self._join_trace(weighted(known, {"session_id": (rank, 0)}) if session_id else known)
        self._placed.add(place)

    def _join_trace(self, given: Properties) -> bool:
        id_ = given["correlation_id"]
        begun = {} if self.traces.get(id_) else mapping.stub(id_, self._received_at)
        return self.traces.join(given, begun)

    def _keep(self, nodes: Nodes, given: Properties) -> bool:
        """Keeps a node that is reported once and whole."""
        if nodes.get(given[nodes.key]) is not None:
            return True
        at = given.get("at", self._received_at)
        nodes.put({**weightless(given), "at": at, "created_at": at, "time_key": time_key(at, given[nodes.key])})
        return False

    def _with_arm(self, event: HookExecuted, given: Properties) -> Properties:
        arm = self._arm(event)
        if arm is None:
            return given
        if event.experiment_id in self._staged:
            return {**given, "arm": arm.value, "staged": True}
        share = self._shares.get(event.experiment_id or "", EVEN)
        return {**given, "arm": arm.value, **({"treatment_share": share} if share != EVEN else {})}

    def _arm(self, event: HookExecuted) -> Arm | None:
        """The arm that the executed version is of the experiment that chose it."""
        if event.node_id is None:
            return None
        if event.node_id not in self._versions:
            raise NotFound("PatternVersion", event.node_id)
        if event.experiment_id is None:
            return None
        arms = self._experiments.get(event.experiment_id)
        if arms is None:
            raise InvalidInput("experiment_id", f"there is no experiment {event.experiment_id!r}")
        if event.node_id not in arms:

            def told(spell: Callable[[Enum], str]) -> str:
                wanted = " or ".join(f"{node_id} ({spell(arm)})" for node_id, arm in arms.items())
                return f"{event.experiment_id} compares other versions: node_id must be {wanted}"

            raise InvalidInput("experiment_id", Spelled(told))
        return arms[event.node_id]

    def _check_caller(self, call: Properties) -> None:
        caller = self.hooks.get(call.get("hook_execution_id", ""))
        if caller and caller["correlation_id"] != call["correlation_id"]:
            raise Conflict(
                "HookExecution",
                caller["execution_id"],
                f"it belongs to the trace {caller['correlation_id']}, not to {call['correlation_id']}",
            )

    def _stub_caller(self, call: Properties) -> None:
        """A hook execution of which only a call has arrived."""
        id_ = call.get("hook_execution_id")
        if id_ and self.hooks.get(id_) is None:
            self.hooks.put(
                {
                    "execution_id": id_,
                    "correlation_id": call["correlation_id"],
                    "created_at": self._received_at,
                    "status": TraceStatus.IN_PROGRESS.value,
                }
            )

    def stubs(self, there: Collection[str] = ()) -> list[Properties]:
        """The traces that must be there, and of which this batch brings no event of their own.

        Of those that should be ``there``, none that gets an execution: it cannot be made where its trace is not.
        """
        named = {*self._named, *(log["correlation_id"] for log in self.logs.new() if log.get("correlation_id"))}
        if there:
            named -= {id_ for id_ in self.filled_traces() if id_ in there}
        return [mapping.stub(id_, self._received_at) for id_ in sorted(named) if self.traces.get(id_) is None]

    def filled_traces(self) -> list[str]:
        """The traces that get an execution."""
        return sorted({hook["correlation_id"] for hook in self.hooks.new()})

    def moved_calls(self) -> list[Properties]:
        """Calls that hung at their traces, and whose hook execution has become known."""
        made = {call["call_id"] for call in self.calls.new()}
        return [row for row in self.calls.learned("hook_execution_id") if row["call_id"] not in made]

    def moved_calls_of_traces(self) -> list[Properties]:
        """Calls that hang at a trace other than the one that is known by now."""
        nested = {call["call_id"] for call in self.calls.all() if call.get("hook_execution_id")}
        return [row for row in self.calls.moved("correlation_id") if row["call_id"] not in nested]

    def session_stubs(self) -> list[Properties]:
        """The sessions that must be there because log records or data points name them."""
        named = {
            item["session_id"] for nodes in (self.logs, self.points) for item in nodes.new() if item.get("session_id")
        }
        unseen = sorted(id_ for id_ in named if self.sessions.get(id_) is None)
        return [mapping.keyed_session({"session_id": id_, "created_at": self._received_at}) for id_ in unseen]

    def nest_calls(self) -> None:
        """Observed calls go to the execution that they are nested in, once it is there."""
        for call in list(self.calls.all()):
            caller = self.hooks.get(call.get("nested_in") or "")
            if caller and not call.get("hook_execution_id"):
                self.calls.put({**call, "hook_execution_id": caller["execution_id"]})

    def newly_used(self) -> list[Properties]:
        """Rows for USED: executions that were there, of which the version has become known. New ones are made with it."""
        return [
            {name: after.get(name) for name in ("execution_id", "node_id", *_USED)}
            for before, after in self.hooks.pairs()
            if before and after.get("node_id") and before.get("node_id") != after["node_id"]
        ]

    def left_versions(self) -> list[Properties]:
        """The versions that executions were found not to be of any more: rows of ``execution_id`` and ``node_id``."""
        return [
            {"execution_id": after["execution_id"], "node_id": before["node_id"]}
            for before, after in self.hooks.pairs()
            if before.get("node_id") not in (None, after.get("node_id"))
        ]

    def newly_chosen(self) -> list[Properties]:
        """Rows for USED relationships that were drawn before the experiment or the unit was known as it is now."""
        return [
            {name: after.get(name) for name in ("execution_id", *_USED)}
            for before, after in self.hooks.pairs()
            if before.get("node_id")
            and after.get("node_id")
            and any(before.get(name) != after.get(name) for name in _USED)
        ]

    def usage(self) -> list[Properties]:
        """What the counters of each version grow by, by version.

        A version's usage is the sum over its finished executions, so each change adds the difference: a late beginning
        can bring the duration of an execution that was counted without one.
        """
        totals: dict[str, Properties] = {}
        for before, after in self.hooks.pairs():
            was, now = _use(before), _use(after)
            if was == now and before.get("node_id") == after.get("node_id"):
                continue
            for hook, counted, sign in ((before, was, -1), (after, now, 1)):
                if counted is None:
                    continue
                node_id, at = hook["node_id"], hook.get("completed_at") or hook["created_at"]
                start = {"node_id": node_id, **dict.fromkeys(_COUNTED, 0), "first_used_at": None, "last_used_at": None}
                total = totals.setdefault(node_id, start)
                for name in _COUNTED:
                    total[name] += sign * counted[name]
                if sign > 0:
                    total["first_used_at"] = min(at, total["first_used_at"] or at)
                    total["last_used_at"] = max(at, total["last_used_at"] or at)
        return [totals[node_id] for node_id in sorted(totals)]


def _use(hook: Properties) -> Properties | None:
    """What an execution adds to the counters of its version; None while it is in progress or its version unknown."""
    if not hook.get("node_id") or not mapping.is_final(hook):
        return None
    duration = mapping.times(hook).duration_ms
    return {
        "usage_count": 1,
        "success_count": int(hook["status"] == TraceStatus.SUCCESS),
        "timed_count": int(duration is not None),
        "total_execution_time_ms": duration or 0.0,
    }
