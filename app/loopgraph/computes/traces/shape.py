"""Decides whether what happened in a tree of traces has a certain structure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from loopgraph.computes.traces.tree import Node, Record
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, Trace
from loopgraph.contracts.traces.search import StepMatch, TraceStructure


def has_structure(root: Node[Record], structure: TraceStructure) -> bool:
    """Whether the tree is as ``TraceStructure`` says; linear in its size, but for the sorting of what matches."""
    tree = _Tree(root)
    if structure.without and tree.matching(structure.without):
        return False
    if structure.has is None:
        return True
    found = tree.matching(structure.has)
    if structure.under:
        inside = tree.inside(structure.under)
        found = [node for node in found if id(node) in inside]
    if structure.before:
        later = sorted(tree.matching(structure.before), key=_begin, reverse=True)
        found = [node for node in found if tree.is_before_one_of(node, later)]
    if structure.after:
        earlier = sorted(tree.matching(structure.after), key=_end)
        found = [node for node in found if tree.is_after_one_of(node, earlier)]
    return bool(found)


def matches(node: Node[Record], match: StepMatch) -> bool:
    """Whether a step is as the match says; a trace is no step."""
    match node.record:
        case Trace():
            return False
        case HookExecution() as hook:
            if (
                match.calls_only
                or match.tool not in (None, hook.tool_name)
                or match.hook_type not in (None, hook.hook_type)
            ):
                return False
            given = hook.tool_input
        case EndpointCall() as call:
            if match.hooks_only or match.service not in (None, call.service_name):
                return False
            if match.endpoint not in (None, call.endpoint_path):
                return False
            given = call.request_body
    if match.status not in (None, node.record.status) or match.agent_type not in (None, node.trace.agent_type):
        return False
    wanted = match.text_in_input
    return wanted is None or any(wanted.casefold() in text.casefold() for text in _texts(given))


def _texts(value: Any) -> Iterator[str]:
    """All texts in a JSON value, also the keys and the numbers."""
    match value:
        case str():
            yield value
        case dict():
            for key, item in value.items():
                yield str(key)
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
        case int() | float() if not isinstance(value, bool):
            yield str(value)


def _begin(node: Node[Record]) -> datetime:
    return node.record.at


def _end(node: Node[Record]) -> datetime:
    return node.record.completed_at or node.record.at


class _Tree:
    """The nodes of a tree, numbered so that what is nested in a node has the numbers from its own to its last."""

    def __init__(self, root: Node[Record]) -> None:
        self._nodes = list(root.walk())
        self._number = {id(node): number for number, node in enumerate(self._nodes)}
        self._last = dict(self._number)
        for node in reversed(self._nodes):
            if node.parent is not None and node is not root:
                self._last[id(node.parent)] = max(self._last[id(node.parent)], self._last[id(node)])

    def matching(self, match: StepMatch) -> list[Node[Record]]:
        return [node for node in self._nodes if matches(node, match)]

    def inside(self, match: StepMatch) -> set[int]:
        """The identities of the nodes that are nested in a step that matches."""
        found: set[int] = set()
        for node in self._nodes:
            if node.parent is not None and (id(node.parent) in found or matches(node.parent, match)):
                found.add(id(node))
        return found

    def is_before_one_of(self, node: Node[Record], later: list[Node[Record]]) -> bool:
        """``later`` are sorted by their beginnings, the last first."""
        for other in later:
            if _begin(other) < _end(node):
                return False
            if not self._nested(node, other):
                return True
        return False

    def is_after_one_of(self, node: Node[Record], earlier: list[Node[Record]]) -> bool:
        """``earlier`` are sorted by their ends, the first first."""
        for other in earlier:
            if _end(other) > _begin(node):
                return False
            if not self._nested(node, other):
                return True
        return False

    def _nested(self, one: Node[Record], other: Node[Record]) -> bool:
        """Whether one of two nodes is nested in the other, or they are the same."""
        first, second = self._number[id(one)], self._number[id(other)]
        return first <= second <= self._last[id(one)] or second <= first <= self._last[id(other)]
