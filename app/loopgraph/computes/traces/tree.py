"""One tree of all that happened in traces: their steps, the traces that these spawned, and the steps of those.

Its nodes hold whole records or spans, the skeletons of records: where a thing hangs follows from either. Assembly, waterfall,
search by structure and comparison all walk this tree.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from loopgraph.contracts.traces.assembly import Span, SpanKind, TraceParts
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, Trace

Record = Trace | HookExecution | EndpointCall
R = TypeVar("R", Trace | HookExecution | EndpointCall, Span)
Key = tuple[SpanKind, str]

_TRACE, _STEP, _CALL = SpanKind.TRACE, SpanKind.STEP, SpanKind.CALL
"""Looked up once: that of a member of an enum takes longer than most of what is done for a node."""


@dataclass(eq=False, slots=True, weakref_slot=True)
class Node(Generic[R]):
    """A record in its place: the trace it is in (itself, if it is one), what it is nested in, and what is nested in it.

    It keeps what is nested in it, and not what it is nested in: who walks upwards holds the grove or its top. So trees go with
    the last that holds them; in circles they would stay until Python looks for such, which stops all else for 0.1 s after a
    large answer.
    """

    record: R
    key: Key
    trace_id: str
    around: tuple[Key, ...]
    """What it may hang under, the surest first."""
    prompt: Key | None
    """The trace of its prompt, for a trace that names one: what it hangs under if nothing else is known."""
    children: list[Node[R]] = field(default_factory=list)
    _trace: weakref.ref[Node[R]] | None = None
    _parent: weakref.ref[Node[R]] | None = None

    @property
    def parent(self) -> Node[R] | None:
        """What it is nested in."""
        return self._parent() if self._parent is not None else None

    @property
    def trace_node(self) -> Node[R] | None:
        """The trace that it is in."""
        return self._trace() if self._trace is not None else None

    @property
    def trace(self) -> Trace:
        """The record of the trace that it is in."""
        node = self.trace_node
        assert node is not None
        trace = node.record
        assert isinstance(trace, Trace), "only of trees of whole records"
        return trace

    def walk(self, *, into_traces: bool = True) -> Iterator[Node[R]]:
        """It and everything below it, each before what is nested in it, in the order of time; spawned traces only if wanted."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack += [child for child in reversed(node.children) if into_traces or child.key[0] is not SpanKind.TRACE]

    def inside(self, kind: SpanKind) -> list[Node[R]]:
        """What hangs under it directly, of one kind, in the order of time."""
        return [child for child in self.children if child.key[0] is kind]

    def all_of(self, kind: SpanKind) -> list[Node[R]]:
        """What is anywhere in it, of one kind, but not in traces that it spawned; in the order of time."""
        return sorted((child for node in self.walk(into_traces=False) for child in node.inside(kind)), key=_order)

    @property
    def size(self) -> int:
        """How many nodes it and everything below it are."""
        return sum(1 for _ in self.walk())

    def ancestors(self) -> Iterator[Node[R]]:
        """What it is nested in, from the inside out."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent


class Grove(NamedTuple, Generic[R]):
    """Trees: the nodes that hang under nothing, in the order of time, and all nodes by what they are.

    ``opened`` are the ids of the traces that have lost a child, because that was their ancestor, too.
    """

    tops: tuple[Node[R], ...]
    nodes: Mapping[Key, Node[R]]
    opened: frozenset[str]


def plant(
    records: Iterable[R], *, heads: Sequence[str] = (), continued: Iterable[str] = (), root_id: str | None = None
) -> Grove[R]:
    """The trees of some traces, of all their records.

    A step hangs under the execution it is nested in, an endpoint call under the execution that made it, if these are of the same
    trace, and else under its trace. A trace hangs under the execution that spawned it, else under its parent trace, else under
    the trace of its prompt (unless it is ``continued``, a prompt that goes on with another), else under ``root_id`` or nothing.
    Clients can report circles: each is opened at a trace of ``heads``, else at its first trace, else at its first step. The cost
    is that of sorting.
    """
    nodes = {node.key: node for node in map(_node, records)}
    order = sorted(nodes.values(), key=_order)
    root = nodes[_TRACE, root_id] if root_id is not None else None
    own_prompts = frozenset(continued)
    parents: dict[Key, Node[R] | None] = {}
    for node in order:
        node._trace = weakref.ref(nodes[_TRACE, node.trace_id])
        parents[node.key] = None if node is root else _parent(node, nodes, own_prompts) or _outermost(node, root)
    ranks = {(_TRACE, id_): rank for rank, id_ in enumerate(heads)}
    opened = _open_circles(parents, [nodes[key] for key in ranks if key in nodes] + order, ranks, root)
    for node in order:
        if (parent := parents[node.key]) is not None:
            node._parent = weakref.ref(parent)
            parent.children.append(node)
    return Grove(tuple(node for node in order if parents[node.key] is None), nodes, frozenset(opened))


def grow(parts: Mapping[str, TraceParts], root_id: str) -> Node[Record]:
    """The tree under the trace ``root_id``, of the parts of all its traces; a trace that hangs nowhere hangs under the root."""
    [root] = plant(records_of(parts.values()), root_id=root_id).tops
    return root


def records_of(parts: Iterable[TraceParts]) -> Iterator[Record]:
    """All records of some traces."""
    for part in parts:
        yield part.trace
        yield from part.hooks
        yield from part.endpoints


def _node(record: R) -> Node[R]:
    around: tuple[Key | None, ...]
    prompt: Key | None = None
    match record:
        case Span():
            prompt = (_TRACE, record.root_id) if record.root_id else None
            return Node(record, (record.kind, record.id), record.correlation_id, record.around, prompt)
        case Trace():
            around = _key(_STEP, record.spawned_by), _key(_TRACE, record.parent_id)
            prompt = _key(_TRACE, record.root_id)
            kind, id_ = _TRACE, record.correlation_id
        case HookExecution():
            around = (_key(_STEP, record.parent_id),)
            kind, id_ = _STEP, record.execution_id
        case EndpointCall():
            around = (_key(_STEP, record.hook_execution_id),)
            kind, id_ = _CALL, record.call_id
    return Node(record, (kind, id_), record.correlation_id, tuple(filter(None, around)), prompt)


def _key(kind: SpanKind, id_: str | None) -> Key | None:
    return (kind, id_) if id_ else None


def _order(node: Node[R]) -> tuple[datetime, str]:
    return node.record.at, node.key[1]


def _parent(node: Node[R], nodes: Mapping[Key, Node[R]], continued: frozenset[str]) -> Node[R] | None:
    is_trace = node.key[0] is _TRACE
    candidates = list(node.around)
    if node.prompt is not None and node.trace_id not in continued:
        candidates.append(node.prompt)
    for key in candidates:
        # A trace hangs in another trace, all else in its own.
        if (found := nodes.get(key)) is not None and (found.trace_id != node.trace_id) is is_trace:
            return found
    return None


def _outermost(node: Node[R], root: Node[R] | None) -> Node[R] | None:
    return root if node.key[0] is _TRACE else node.trace_node


def _open_circles(
    parents: dict[Key, Node[R] | None], starts: Iterable[Node[R]], heads: Mapping[Key, int], root: Node[R] | None
) -> set[str]:
    """Gives one member of each circle another parent; returns the traces that have lost a child by that."""
    settled: set[int] = set()
    opened: set[str] = set()
    for start in starts:
        above = parents[start.key]
        if above is None or id(above) in settled:  # as nearly everywhere: what is around it began before it
            settled.add(id(start))
            continue
        while True:
            path: dict[int, Node[R]] = {}
            node: Node[R] | None = start
            while node is not None and id(node) not in settled and id(node) not in path:
                path[id(node)] = node
                node = parents[node.key]
            if node is None or id(node) in settled:
                settled.update(path)
                break
            members = list(path.values())
            circle = members[members.index(node) :]
            first = min(circle, key=lambda one: (heads.get(one.key, len(heads)), one.key[0] is not _TRACE, _order(one)))
            if first.key[0] is _TRACE and (lost := parents[first.key]) is not None:
                opened.add(lost.trace_id)
            parents[first.key] = _outermost(first, root)
    return opened
