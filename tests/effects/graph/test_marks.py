"""What transactions mark, as the headers of their statements say it."""

from __future__ import annotations

import pytest

from loopgraph.assets import TOLD, all_queries, query
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.marks import COUNTED, Marked
from loopgraph.effects.graph.transaction import Transaction
from support.traces import statement


def rows(marked: Marked) -> list[tuple[str, str]]:
    return sorted((row["label"], row["key"]) for row in marked.rows())


def test_each_key_is_marked_once_and_what_is_gone_needs_no_other_mark() -> None:
    marked = Marked()
    steps = [{"correlation_id": "a", "execution_id": str(number)} for number in range(3)]
    marked.add(query("traces/create_hooks"), {"rows": steps})
    marked.add(query("traces/change_calls"), {"rows": [{"id": "c", "traces": ["a", "b"]}], "turn": "1"})
    marked.add(query("traces/hand_over_hooks"), {"provisional": "b", "into": "a"})
    marked.add(query("traces/remove_provisional"), {"provisional": "b"})
    marked.add(query("traces/retell_calls"), {"call_ids": ["x", "y"]})
    assert rows(marked) == [("EndpointCall", "x"), ("EndpointCall", "y"), ("Gone", "b"), ("Trace", "a")]


def test_a_session_is_marked_where_its_folder_changes() -> None:
    marked = Marked()
    marked.add(query("traces/change_sessions"), {"rows": [{"id": "s", "recount": None}, {"id": "t", "recount": "t"}]})
    assert rows(marked) == [("Session", "t")]


def test_what_is_restored_is_marked_by_its_label() -> None:
    marked = Marked()
    for label, key in (("Trace", "correlation_id"), ("LogRecord", "record_id")):
        marked.add(query("retention/restore_nodes").choose(NODE_LABEL=label, NODE_KEY=key), {"rows": [{key: "1"}]})
    assert rows(marked) == [("Trace", "1")]


def test_what_is_told_of_is_not_counted() -> None:
    marked = Marked()
    marked.add(query("lineage/create_events"), {"events": [{"event_id": "e"}]})
    marked.add(query("lineage/draw_edges"), {"rows": [{"edge": {}, "event": {"event_id": "f"}}]})
    marked.add(query("feedback/claim_run"), {"run_id": "r", "revision": 1, "turn": "1", "changes": {}})
    assert rows(marked) == []
    assert marked.told("LineageEvent") == ["e", "f"]
    assert marked.told("FeedbackRun") == ["r"]


def test_a_row_that_lacks_what_is_to_be_marked_is_a_fault() -> None:
    with pytest.raises(KeyError):
        Marked().add(query("traces/change_hooks"), {"rows": [{"id": "h"}], "turn": "1"})


def test_every_statement_marks_what_can_be_counted_or_nothing() -> None:
    marking = [found for found in all_queries() if found.marks]
    assert len(marking) > 25
    for found in marking:
        assert {label for label, _ in found.marks} <= COUNTED | {*TOLD, "NODE_LABEL", "OTHER_LABEL"}, found.name


async def test_marks_are_committed_with_what_they_mark_and_not_without(graph: Graph) -> None:
    kept, lost = new_id(), new_id()

    async def work(tx: Transaction, id_: str) -> None:
        await tx.run(query("traces/create_traces"), rows=[{"correlation_id": id_, "status": "success"}])
        if id_ == lost:
            raise ValueError(id_)

    await graph.transaction(lambda tx: work(tx, kept))
    with pytest.raises(ValueError, match=lost):
        await graph.transaction(lambda tx: work(tx, lost))
    found = await statement(
        graph, "MATCH (m:UsageMark) WHERE m.key IN $ids RETURN m.label AS label, m.key AS key", ids=[kept, lost]
    )
    assert found == [{"label": "Trace", "key": kept}]
    await statement(graph, "MATCH (t:Trace {correlation_id: $id}) DETACH DELETE t", id=kept)
