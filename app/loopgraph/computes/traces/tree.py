"""One tree of all that happened in a trace: its steps, the traces that they spawned, and the steps of those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loopgraph.contracts.assembly import TraceParts
from loopgraph.contracts.traces import EndpointCall, HookExecution, Trace

Record = Trace | HookExecution | EndpointCall
_Key = tuple[type[Record], str]


@dataclass(eq=False, slots=True)
class Node:
    """A record in its place: the trace it is in (itself, if it is one), what it is nested in, and what is nested in it."""

    record: Record
    trace: Trace
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """It and everything below it, each before what is nested in it, in the order of time."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))

    @property
    def size(self) -> int:
        """How many nodes it and everything below it are."""
        return sum(1 for _ in self.walk())

    def ancestors(self) -> Iterator[Node]:
        """What it is nested in, from the inside out."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent


def grow(parts: Mapping[str, TraceParts], root_id: str) -> Node:
    """The tree under the trace ``root_id``, of the parts of all its traces.

    A step hangs under the execution it is nested in, an endpoint call under the execution that made it, a trace under the
    execution that spawned it, or else under its parent trace. What names nothing that is there hangs under its trace, and a
    trace under the root. Clients can report circles: each is opened at its first trace, or without one at its first step.
    """
    nodes: dict[_Key, Node] = {}
    for part in parts.values():
        records: list[Record] = [part.trace, *part.hooks, *part.endpoints]
        for record in records:
            nodes[_key(record)] = Node(record, part.trace)
    root = nodes[Trace, root_id]
    parents = {key: _parent(node, nodes, root) for key, node in nodes.items() if node is not root}
    _open_circles(parents, nodes, root)
    for key, node in sorted(nodes.items(), key=lambda item: _order(item[1])):
        if node is not root:
            node.parent = parents[key]
            node.parent.children.append(node)
    return root


def _key(record: Record) -> _Key:
    match record:
        case Trace():
            return Trace, record.correlation_id
        case HookExecution():
            return HookExecution, record.execution_id
        case EndpointCall():
            return EndpointCall, record.call_id


def _order(node: Node) -> tuple[datetime, str]:
    return node.record.at, _key(node.record)[1]


def _parent(node: Node, nodes: Mapping[_Key, Node], root: Node) -> Node:
    around: Node | None = None
    match node.record:
        case Trace() as trace:
            around = nodes.get((HookExecution, trace.spawned_by or "")) or nodes.get((Trace, trace.parent_id or ""))
        case HookExecution() as hook:
            around = nodes.get((HookExecution, hook.parent_id or ""))
        case EndpointCall() as call:
            around = nodes.get((HookExecution, call.hook_execution_id or ""))
    return around or _outermost(node, nodes, root)


def _outermost(node: Node, nodes: Mapping[_Key, Node], root: Node) -> Node:
    return root if isinstance(node.record, Trace) else nodes[_key(node.trace)]


def _open_circles(parents: dict[_Key, Node], nodes: Mapping[_Key, Node], root: Node) -> None:
    rooted = {id(root)}
    for start in sorted(nodes.values(), key=_order):
        while True:
            path: dict[int, Node] = {}
            node = start
            while id(node) not in rooted and id(node) not in path:
                path[id(node)] = node
                node = parents[_key(node.record)]
            if id(node) in rooted:
                rooted.update(path)
                break
            members = list(path.values())
            circle = members[members.index(node) :]
            opened = min(circle, key=lambda one: (not isinstance(one.record, Trace), _order(one)))
            parents[_key(opened.record)] = _outermost(opened, nodes, root)
