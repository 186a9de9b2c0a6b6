"""The lines of an archive: what they stand for, and when two of them say the same."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from loopgraph.contracts.traces.retention import Node, NodeId, Relationship
from loopgraph.effects.archive.lines import Item, decoded, encoded, fingerprint, fingerprint_of_line

AT = datetime(2020, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
TRACE, HOOK = NodeId("Trace", "t"), NodeId("HookExecution", "h")
NODE = Node(TRACE, {"correlation_id": "t", "status": "success", "text": 'said "turn": x', "at": AT}, "t")
ITEMS: list[Item] = [
    NODE,
    NODE._replace(properties={**NODE.properties, "turn": "0192"}),
    NODE._replace(unit=None),
    NODE._replace(
        properties={**NODE.properties, "n": -(2**63), "x": 0.1, "far": -math.inf, "list": [AT, 1.5, "a", None]}
    ),
    NODE._replace(properties={**NODE.properties, "at": AT.astimezone(timezone(timedelta(hours=2)))}),
    Relationship("RAN", TRACE, HOOK, {}),
    Relationship("SPAWNED", HOOK, NODE.id, {"rule": "exact", "at": AT, "turn": "0192"}),
]


@pytest.mark.parametrize("item", ITEMS, ids=str)
def test_a_line_comes_back_as_its_item(item: Item) -> None:
    found = decoded(encoded(item))
    assert found == item
    assert encoded(found) == encoded(item)


@pytest.mark.parametrize("item", ITEMS, ids=str)
def test_the_fingerprint_of_a_line_is_that_of_its_item(item: Item) -> None:
    assert fingerprint_of_line(encoded(item)) == fingerprint(item)


def test_a_lock_leaves_its_mark_out_of_the_fingerprint() -> None:
    assert fingerprint(ITEMS[0]) == fingerprint(ITEMS[1])
    others = [fingerprint(item) for item in ITEMS[1:]]
    assert len(set(others)) == len(others)


def test_what_json_has_no_form_for_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes has no place in an archive"):
        encoded(NODE._replace(properties={"key": b"x"}))
