"""Folds events into the nodes of traces, in memory: the bookkeeping between the reads and the writes of ``Traces.record``.

A node has two slots, ``BEGUN`` and ``ENDED``. The first event for a slot fills it; the same event again changes nothing; other
content for a filled slot is a Conflict. Where both say something, the end wins, whichever came first: so any order of
arrival makes the same node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from loopgraph.contracts.changes import request_hash
from loopgraph.contracts.feedback import Arm
from loopgraph.contracts.traces import (
    EndpointCalled,
    HookExecuted,
    Recorded,
    RoutingDecided,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
    TraceStatus,
)
from loopgraph.effects import trace_mapping as mapping
from loopgraph.effects.trace_mapping import BEGUN, ENDED, Properties
from loopgraph.effects.values import json_text, json_value
from loopgraph.errors import Conflict, InvalidInput, NotFound

_HOOK_IDENTITY = ("correlation_id", "hook_type", "tool_name", "node_id", "experiment_id")
_CALL_IDENTITY = ("correlation_id", "hook_execution_id", "service_name", "endpoint_path")
_COUNTED = ("usage_count", "success_count", "timed_count", "total_execution_time_ms")


@dataclass(frozen=True)
class Piece:
    """An event on its way into a node: the slot it fills (``BEGUN`` or ``ENDED``), a digest of its content, and what it gives."""

    event: TraceEvent
    slot: str
    digest: str
    given: Properties

    @property
    def traces(self) -> set[str]:
        """The traces that must be there for it."""
        parent_id = self.event.parent_id if isinstance(self.event, TraceStarted) else None
        return {self.event.correlation_id, *([parent_id] if parent_id else [])}


def piece(event: TraceEvent, received_at: datetime) -> Piece:
    """The event, ready to be folded. Raises InvalidInput for a free value that JSON cannot hold."""
    given = mapping.given(event, received_at)
    begins = isinstance(event, TraceStarted) or (
        isinstance(event, HookExecuted | EndpointCalled) and event.outcome is TraceStatus.IN_PROGRESS
    )
    return Piece(event, BEGUN if begins else ENDED, request_hash(event), given)


class Nodes:
    """Nodes of one label, as the graph holds them and as the events make them."""

    def __init__(
        self,
        label: str,
        key: str,
        stored: Iterable[Properties],
        keyed: Callable[[Properties], Properties] = dict,
    ) -> None:
        self._label = label
        self.key = key
        self._keyed = keyed
        self._stored = {properties[key]: properties for properties in stored}
        self._current: dict[str, Properties] = {}

    def get(self, id_: str) -> Properties | None:
        """The node as it is now, None if there is none."""
        return self._current.get(id_) or self._stored.get(id_)

    def put(self, properties: Properties) -> None:
        """The node as it is from now on."""
        self._current[properties[self.key]] = self._keyed(properties)

    def fold(self, piece: Piece, given: Properties, received_at: datetime, identity: Sequence[str] = ()) -> bool:
        """Folds an event in; whether it is repeated. Raises Conflict, and then changes nothing."""
        id_, slot = given[self.key], piece.slot
        before = self.get(id_)
        if before is None:
            self.put({"created_at": received_at, **given, slot: piece.digest})
            return False
        if before.get(slot) == piece.digest:
            return True
        for name in identity:
            if name in given and before.get(name) not in (None, given[name]):
                raise Conflict(self._label, id_, f"it was recorded with {name} {before[name]!r}, not {given[name]!r}")
        if slot in before:
            which = "end" if slot == ENDED else "beginning"
            raise Conflict(self._label, id_, f"its {which} was recorded with other content")
        weaker, stronger = (before, given) if slot == ENDED else (given, before)
        merged = {**weaker, **stronger, slot: piece.digest}
        for name in mapping.JSON_MAPS:
            if name in weaker and name in stronger:
                merged[name] = json_text({**json_value(weaker[name]), **json_value(stronger[name])})
        self.put(merged)
        return False

    def new(self) -> list[Properties]:
        """The nodes to be made."""
        return [node for id_, node in sorted(self._current.items()) if id_ not in self._stored]

    def changes(self) -> list[Properties]:
        """What is to be set on nodes that are there: rows of ``id`` and ``changes``."""
        rows = []
        for before, after in self.pairs():
            changes = {name: value for name, value in after.items() if before.get(name) != value}
            if before and changes:
                rows.append({"id": after[self.key], "changes": changes})
        return rows

    def pairs(self) -> Iterator[tuple[Properties, Properties]]:
        """Each touched node before (empty if it is new) and after, by id: locks are taken in one order."""
        for id_, after in sorted(self._current.items()):
            yield self._stored.get(id_, {}), after

    def learned(self, name: str, *more: str) -> list[Properties]:
        """The nodes of which a property has become known: the relationship that it stands for is to be drawn.

        Rows of their key, the property, and ``more`` properties.
        """
        return [
            {column: after.get(column) for column in (self.key, name, *more)}
            for before, after in self.pairs()
            if after.get(name) and not before.get(name)
        ]


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
        versions: Iterable[str] = (),
        experiments: Mapping[str, Mapping[str, Arm]] | None = None,
    ) -> None:
        self.traces = Nodes("Trace", "correlation_id", traces, mapping.keyed_trace)
        self.hooks = Nodes("HookExecution", "execution_id", hooks, mapping.keyed_hook)
        self.calls = Nodes("EndpointCall", "call_id", calls)
        self.decisions = Nodes("RoutingDecision", "correlation_id", decisions)
        self._received_at = received_at
        self._versions = frozenset(versions)
        self._experiments = experiments or {}
        self._named: set[str] = set()

    def fold(self, piece: Piece) -> Recorded:
        """Folds one event in. Raises NotFound, InvalidInput or Conflict, and then changes nothing."""
        event, given, at = piece.event, piece.given, self._received_at
        execution_id = None
        match event:
            case TraceStarted() | TraceCompleted():
                if self.traces.get(event.correlation_id) is None:
                    given = {**mapping.stub(event.correlation_id, at), **given}
                repeated = self.traces.fold(piece, given, at)
            case RoutingDecided():
                repeated = self.decisions.fold(piece, given, at)
            case HookExecuted():
                execution_id = event.execution_id
                arm = self._arm(event)
                given = {**given, "arm": arm.value} if arm else given
                repeated = self.hooks.fold(piece, given, at, _HOOK_IDENTITY)
            case EndpointCalled():
                execution_id = event.call_id
                self._check_caller(event)
                repeated = self.calls.fold(piece, given, at, _CALL_IDENTITY)
                self._stub_caller(event)
        if not repeated:
            self._named |= piece.traces
        return Recorded(
            kind=event.kind, correlation_id=event.correlation_id, execution_id=execution_id, repeated=repeated
        )

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
            wanted = " or ".join(f"{node_id} ({arm.value})" for node_id, arm in arms.items())
            raise InvalidInput(
                "experiment_id", f"{event.experiment_id} compares other versions: node_id must be {wanted}"
            )
        return arms[event.node_id]

    def _check_caller(self, event: EndpointCalled) -> None:
        caller = self.hooks.get(event.hook_execution_id) if event.hook_execution_id else None
        if caller and caller["correlation_id"] != event.correlation_id:
            raise Conflict(
                "HookExecution",
                caller["execution_id"],
                f"it belongs to the trace {caller['correlation_id']}, not to {event.correlation_id}",
            )

    def _stub_caller(self, event: EndpointCalled) -> None:
        """A hook execution of which only a call has arrived."""
        if event.hook_execution_id and self.hooks.get(event.hook_execution_id) is None:
            self.hooks.put(
                {
                    "execution_id": event.hook_execution_id,
                    "correlation_id": event.correlation_id,
                    "created_at": self._received_at,
                    "status": TraceStatus.IN_PROGRESS.value,
                }
            )

    def stubs(self) -> list[Properties]:
        """The traces that must be there, and of which this batch brings no event of their own."""
        return [mapping.stub(id_, self._received_at) for id_ in sorted(self._named) if self.traces.get(id_) is None]

    def moved_calls(self) -> list[Properties]:
        """Calls that hung at their traces, and whose hook execution has become known."""
        made = {call["call_id"] for call in self.calls.new()}
        return [row for row in self.calls.learned("hook_execution_id") if row["call_id"] not in made]

    def newly_used(self) -> list[Properties]:
        """Rows for USED: executions of which the version has become known."""
        return self.hooks.learned("node_id", "experiment_id", "arm")

    def newly_chosen(self) -> list[Properties]:
        """Rows for USED relationships that were drawn before the experiment was known."""
        drawn_now = {row["execution_id"] for row in self.newly_used()}
        return [row for row in self.hooks.learned("experiment_id", "arm") if row["execution_id"] not in drawn_now]

    def usage(self) -> list[Properties]:
        """What the counters of each version grow by, by version.

        A version's usage is the sum over its finished executions, so each change adds the difference: a late beginning
        can bring the duration of an execution that was counted without one.
        """
        totals: dict[str, Properties] = {}
        for before, after in self.hooks.pairs():
            was, now = _use(before), _use(after)
            if was == now or now is None:
                continue
            total = totals.setdefault(after["node_id"], {"node_id": after["node_id"], **dict.fromkeys(_COUNTED, 0)})
            for name in _COUNTED:
                total[name] += now[name] - (was[name] if was else 0)
            at = after["completed_at"]
            total["first_used_at"] = min(at, total.get("first_used_at", at))
            total["last_used_at"] = max(at, total.get("last_used_at", at))
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
