"""Nodes of one label in memory, as events make them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from loopgraph.effects.traces.recording.nodes import Nodes

AT = datetime(2026, 1, 1, tzinfo=UTC)


def node(id_: str, **more: Any) -> dict[str, Any]:
    return {"execution_id": id_, "created_at": AT, **more}


def test_what_is_put_after_the_nodes_were_asked_for_is_among_them_in_order() -> None:
    nodes = Nodes("HookExecution", "execution_id", [node("b", correlation_id="t1")])
    nodes.put(node("c"))
    assert [made["execution_id"] for made in nodes.new()] == ["c"]
    nodes.put(node("a"))
    nodes.put(node("b", correlation_id="t2"))
    assert [made["execution_id"] for made in nodes.new()] == ["a", "c"]
    nodes.put(node("c", node_id="v"))
    assert nodes.new() == [node("a"), node("c", node_id="v")]
    assert nodes.moved("correlation_id") == [{"execution_id": "b", "correlation_id": "t2"}]
    assert nodes.learned("node_id") == [{"execution_id": "c", "node_id": "v"}]
    assert [row["id"] for row in nodes.changes()] == ["b"]


def test_nodes_may_be_put_while_they_are_gone_through() -> None:
    nodes = Nodes("HookExecution", "execution_id", [])
    for id_ in "ba":
        nodes.put(node(id_))
    seen = []
    for _, after in nodes.pairs():
        seen.append(after["execution_id"])
        nodes.put({**after, "node_id": "v"})
    assert seen == ["a", "b"]
    assert all(after["node_id"] == "v" for _, after in nodes.pairs())
