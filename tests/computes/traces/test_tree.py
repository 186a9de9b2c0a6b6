"""The tree of what happened in a trace."""

from __future__ import annotations

import gc
import weakref

import pytest
from hypothesis import given

from loopgraph.computes.traces.tree import Node, grow
from loopgraph.computes.traces.waterfall import Waterfall
from loopgraph.contracts.traces.assembly import TraceParts
from loopgraph.contracts.traces.records import EndpointCall, HookExecution
from support.traces import at
from support.trees import call, hook, parts, trace, trees


def id_of(node: Node) -> str:
    match node.record:
        case HookExecution():
            return node.record.execution_id
        case EndpointCall():
            return node.record.call_id
        case other:
            return other.correlation_id


def outline(root: Node) -> list[str]:
    """Ids in order, each behind a dot for every level."""
    return ["." * len(list(node.ancestors())) + id_of(node) for node in root.walk()]


def test_everything_hangs_where_it_belongs() -> None:
    found = grow(
        parts(
            trace("t"),
            hook("late", "t", started_at=at(9)),
            hook("agent", "t", "Agent", started_at=at(1)),
            hook("nested", "t", parent_id="late", started_at=at(10)),
            trace("sub", parent_id="t", spawned_by="agent", started_at=at(2)),
            hook("in sub", "sub", started_at=at(3)),
            call("of sub", "sub", hook_execution_id="in sub", started_at=at(4)),
            trace("other", parent_id="t", started_at=at(5)),
            call("of trace", "t", hook_execution_id="unknown", started_at=at(6)),
        ),
        "t",
    )
    assert outline(found) == [
        "t", ".agent", "..sub", "...in sub", "....of sub", ".other", ".of trace", ".late", "..nested",
    ]  # fmt: skip


def test_circles_are_opened() -> None:
    found = grow(
        parts(
            trace("t"),
            hook("a", "t", parent_id="b", started_at=at(2)),
            hook("b", "t", parent_id="a", started_at=at(1)),
            hook("self", "t", parent_id="self", started_at=at(3)),
            trace("sub", parent_id="t", spawned_by="in sub", started_at=at(4)),
            hook("in sub", "sub"),
        ),
        "t",
    )
    assert outline(found) == ["t", ".b", "..a", ".self", ".sub", "..in sub"]


def test_a_tree_goes_with_the_last_that_holds_it() -> None:
    given = [hook(f"h{number}", "t", parent_id="h0" if number else None, started_at=at(number)) for number in range(9)]
    gc.disable()
    try:
        root = grow(parts(trace("t", started_at=at(0)), *given), "t")
        assert root.children[0].children[0].parent is root.children[0]
        drawing = Waterfall([root])
        left = [weakref.ref(node) for node in root.walk()]
        del root
        assert all(node() for node in left)
        del drawing
        assert not any(node() for node in left)
    finally:
        gc.enable()


@pytest.mark.lengthy
@given(trees())
def test_everything_is_there_once_whatever_the_parents(found: dict[str, TraceParts]) -> None:
    root = grow(found, "t0")
    expected = [
        id_
        for part in found.values()
        for id_ in (
            part.trace.correlation_id,
            *(one.execution_id for one in part.hooks),
            *(one.call_id for one in part.endpoints),
        )
    ]
    assert sorted(map(id_of, root.walk())) == sorted(expected)
    for node in root.walk():
        assert all(child.parent is node for child in node.children)
