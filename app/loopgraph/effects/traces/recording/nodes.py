"""Nodes of one label as events make them, in memory.

A client's own events: a node has two slots, ``BEGUN`` and ``ENDED``. The first event for a slot fills it; the same event again
changes nothing; other content for a filled slot is a Conflict. Where both say something, the end wins, whichever came first.
Observations are joined (``joining``). Either way, any order of arrival makes the same node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from loopgraph.contracts.lineage.changes import request_hash
from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.observations import Observation, ObservedEvent, Recordable
from loopgraph.effects.graph.values import json_text, json_value
from loopgraph.effects.traces.recording import mapping
from loopgraph.effects.traces.recording.joining import MAPS, Properties, first, joined, outweighed, reported, yielding
from loopgraph.effects.traces.recording.mapping import BEGUN, ENDED
from loopgraph.effects.traces.recording.observations import observed
from loopgraph.errors import Conflict, UserError

_STEPS = (HookExecuted, EndpointCalled)

_PLACES = ("correlation_id", "root_id")

_DRAWN = ("correlation_id", "hook_execution_id", "session_id", "parent_id", "spawned_by", "continued_from", "node_id")
"""Properties that relationships stand for."""

_OF_WRITES = frozenset({"turn", "lock"})
"""What the last write left, and says nothing of the node."""


@dataclass(frozen=True)
class Piece:
    """An event on its way into a node, and what it gives to it.

    A client's event has the slot that it fills (``BEGUN`` or ``ENDED``) and a digest of its content.
    """

    event: TraceEvent | ObservedEvent
    given: Properties
    slot: str = ""
    digest: str = ""
    observation: Observation | None = None

    @property
    def correlation_id(self) -> str | None:
        """The trace that it belongs to."""
        id_: str | None = self.given.get("correlation_id")
        return id_

    @property
    def may_be_of_prompt(self) -> bool:
        """Whether it is a client's own step: with W3C Trace Context, the trace it names can be the one of a prompt's spans."""
        return self.observation is None and isinstance(self.event, _STEPS)

    @property
    def otel_trace_id(self) -> str | None:
        """The OpenTelemetry trace that it came in."""
        return self.observation.otel_trace_id if self.observation else None

    @property
    def root_id(self) -> str | None:
        """The trace of the prompt that it says it belongs to, as far as it says so."""
        if type(self.event) is TraceStarted and not self.event.agent_id:
            return self.correlation_id
        id_: str | None = self.given.get("root_id")
        return id_

    @property
    def node(self) -> tuple[str, str]:
        """What a client's event is about: the kind, and the id."""
        match self.event:
            case HookExecuted() as hook:
                return "hook", hook.execution_id
            case EndpointCalled() as call:
                return "call", call.call_id
        return "trace", self.correlation_id or ""

    @property
    def is_undated(self) -> bool:
        """Whether a client began or ended something, and said not when: its arrival dates it."""
        event = self.event
        if self.observation is not None or event.timestamp is not None:
            return False
        if isinstance(event, _STEPS):
            return event.started_at is None and event.completed_at is None
        return isinstance(event, TraceStarted | TraceCompleted)

    def without(self, name: str) -> Piece:
        """Without a property that it would give."""
        return replace(self, given={key: value for key, value in self.given.items() if key != name})

    def placed(self, names: Mapping[str, str]) -> Piece:
        """With the traces it names by ids that ``names`` knows better."""
        places = {field: names[id_] for field in _PLACES if (id_ := self.given.get(field, "")) in names}
        return replace(self, given={**self.given, **places}) if places else self


def piece(item: Recordable, received_at: datetime) -> Piece:
    """The event, ready to be folded. Raises InvalidInput for a free value that JSON cannot hold."""
    if isinstance(item, Observation):
        return Piece(item.event, observed(item), observation=item)
    begins = type(item) is TraceStarted or (isinstance(item, _STEPS) and item.outcome is TraceStatus.IN_PROGRESS)
    return Piece(item, mapping.given(item, received_at), BEGUN if begins else ENDED, request_hash(item))


def without_made_up_starts(pieces: Sequence[Piece | UserError]) -> list[Piece | UserError]:
    """Beginnings that arrived in one instant with their ends, neither with a time, have no start: their arrival tells when that
    was, and not that it took no time at all."""
    undated = [item for item in pieces if isinstance(item, Piece) and item.is_undated]
    ends = {item.node: item.given["completed_at"] for item in undated if item.slot == ENDED}
    together = {id(item) for item in undated if item.slot == BEGUN and item.given["started_at"] == ends.get(item.node)}
    return [item.without("started_at") if isinstance(item, Piece) and id(item) in together else item for item in pieces]


def united(here: Properties, archived: Properties) -> Properties:
    """A node that is there with what an earlier state of it, which was deleted, knew and it does not.

    It is as if the events that made it had found that state: reports are joined; of what clients said, the end wins, whichever
    of the two has it. But where both heard of the same event with other content, what is there stays, and so does whatever a
    relationship has been drawn for.
    """
    earlier = {name: value for name, value in archived.items() if name not in _OF_WRITES}
    told_otherwise = any(here.get(slot, digest) != digest for slot in (BEGUN, ENDED) if (digest := earlier.get(slot)))
    is_stronger = not told_otherwise and (ENDED in earlier or ENDED not in here)
    weaker, stronger = (here, earlier) if is_stronger else (earlier, here)
    result = joined(stronger, yielding(weaker, stronger))
    for name in mapping.JSON_MAPS:
        if name not in MAPS and weaker.get(name) and stronger.get(name):
            result[name] = json_text({**json_value(weaker[name]), **json_value(stronger[name])})
    return result | {name: here[name] for name in _DRAWN if here.get(name)}


def recounted(row: Properties) -> Properties:
    """The change of a session; what it worked for, and where, says of all its traces of which project they are."""
    return {**row, "recount": row["id"] if row["changes"].keys() & {"cwd", "project"} else None}


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
        self._in_order: list[tuple[str, Properties]] | None = None

    def get(self, id_: str) -> Properties | None:
        """The node as it is now, None if there is none."""
        return self._current.get(id_) or self._stored.get(id_)

    def stored(self, id_: str) -> Properties:
        """The node as the graph holds it, empty if it does not."""
        return self._stored.get(id_, {})

    def all(self) -> Iterator[Properties]:
        """Every node as it is now."""
        yield from ({**self._stored, **self._current}).values()

    def found(self, stored: Iterable[Properties]) -> None:
        """More nodes that the graph holds."""
        for properties in stored:
            self._stored.setdefault(properties[self.key], properties)

    def put(self, properties: Properties) -> None:
        """The node as it is from now on."""
        self._current[properties[self.key]] = self._keyed(properties)
        self._in_order = None

    def fold(self, piece: Piece, given: Properties, received_at: datetime, identity: Sequence[str] = ()) -> bool:
        """Folds a client's event in; whether it is repeated. Raises Conflict, and then changes nothing."""
        id_, slot = given[self.key], piece.slot
        before = self.get(id_)
        if before is None:
            self.put({"created_at": received_at, **given, slot: piece.digest})
            return False
        if before.get(slot) == piece.digest:
            return True
        observed_names = reported(before)
        for name in identity:
            if name in given and name not in observed_names and before.get(name) not in (None, given[name]):
                raise Conflict(self._label, id_, f"it was recorded with {name} {before[name]!r}, not {given[name]!r}")
        if slot in before:
            which = "end" if slot == ENDED else "beginning"
            raise Conflict(self._label, id_, f"its {which} was recorded with other content")
        weaker, stronger = (before, given) if slot == ENDED else (given, before)
        merged = {**weaker, **stronger, slot: piece.digest}
        if observed_names:  # what a client says of its own work outweighs all reports, but no beginning undoes an end
            said = observed_names - ({"status"} if slot == BEGUN else set())
            merged = outweighed(merged, {name: value for name, value in given.items() if name in said})
        for name in mapping.JSON_MAPS:
            if name in weaker and name in stronger:
                merged[name] = json_text({**json_value(weaker[name]), **json_value(stronger[name])})
        self.put(merged)
        return False

    def join(self, given: Properties, base: Properties) -> bool:
        """Joins an observation in; ``base`` is the node as it begins. Whether it is repeated."""
        before = self.get(given[self.key])
        after = first(base, given) if before is None else joined(before, given)
        if before == after:
            return True
        self.put(after)
        now = self._current[given[self.key]]
        return before is not None and all(before.get(name) == value for name, value in now.items())

    def new(self) -> list[Properties]:
        """The nodes to be made."""
        return [node for id_, node in self._touched() if id_ not in self._stored]

    def changes(self) -> list[Properties]:
        """What is to be set on nodes that are there: rows of ``id``, ``changes``, the ``turn`` that they were read at, and the
        ``traces`` that they were and are in."""
        rows = []
        for before, after in self.pairs() if self._stored else ():
            if not before:
                continue
            if changes := {name: value for name, value in after.items() if before.get(name) != value}:
                traces = sorted({id_ for each in (before, after) if (id_ := each.get("correlation_id"))})
                turn = before.get("turn", "")
                rows.append({"id": after[self.key], "changes": changes, "turn": turn, "traces": traces})
        return rows

    def pairs(self) -> Iterator[tuple[Properties, Properties]]:
        """Each touched node before (empty if it is new) and after, by id: locks are taken in one order."""
        for id_, after in self._touched():
            yield self._stored.get(id_, {}), after

    def _touched(self) -> list[tuple[str, Properties]]:
        """Each touched node by id, as it is now: asked for many times when all is folded."""
        if self._in_order is None:
            self._in_order = sorted(self._current.items())
        return self._in_order

    def moved(self, name: str, *more: str) -> list[Properties]:
        """Rows of the key, ``name`` and ``more`` properties of the nodes that were there and of which ``name`` has changed."""
        return [
            {column: after.get(column) for column in (self.key, name, *more)}
            for before, after in (self.pairs() if self._stored else ())
            if before and before.get(name) not in (None, after.get(name))
        ]

    def learned(self, name: str, *more: str) -> list[Properties]:
        """The nodes of which a property has become known: the relationship that it stands for is to be drawn.

        Rows of their key, the property, and ``more`` properties.
        """
        return [
            {column: after.get(column) for column in (self.key, name, *more)}
            for before, after in self.pairs()
            if after.get(name) and not before.get(name)
        ]
