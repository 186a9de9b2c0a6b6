"""The state of a unit tells whether anything in it has changed since it was archived."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loopgraph.contracts.traces.retention import NodeId
from loopgraph.effects.archive.contents import Comparison, Found, compared, items_of, states
from loopgraph.effects.archive.lines import fingerprint

AT = datetime(2020, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
HOOK, TRACE, OTHER = NodeId("HookExecution", "h"), NodeId("Trace", "t"), NodeId("Trace", "u")
RAN: list[Any] = ["RAN", True, {}, "HookExecution", "h"]
SPAWNED: list[Any] = ["SPAWNED", True, {"rule": "exact", "at": AT, "weight": 0.5}, "Trace", "elsewhere"]
TAUGHT: list[Any] = ["TAUGHT", False, {}, "PlanStep", None]
STEP = {"execution_id": "h", "at": AT, "took": 1.5, "open": None, "n": 1}
UNIT = [Found(HOOK, "t", STEP, [SPAWNED]), Found(TRACE, "t", {"correlation_id": "t", "turn": "1"}, [RAN, TAUGHT])]
NEIGHBOUR = [Found(OTHER, "u", {"correlation_id": "u"}, [])]
INSIDE = {HOOK, TRACE, OTHER}


def changed(**properties: Any) -> list[Found]:
    return [UNIT[0]._replace(properties={**STEP, **properties}), UNIT[1]]


CHANGES = {
    "a text": changed(name="x"),
    "an instant": changed(at=AT + timedelta(microseconds=1)),
    "an instant as a text": changed(at=AT.isoformat()),
    "a number": changed(took=1.25),
    "no number": changed(took=math.nan),
    "an endless number": changed(took=math.inf),
    "a property that is gone": changed(took=None),
    "a node that is gone": UNIT[1:],
    "a node that has come": [*UNIT, UNIT[0]._replace(id=NodeId("HookExecution", "i"))],
    "a relationship that is gone": [UNIT[0], UNIT[1]._replace(links=[TAUGHT])],
    "a relationship that has come": [UNIT[0], UNIT[1]._replace(links=[RAN, TAUGHT, [*RAN[:4], "i"]])],
    "the way of a relationship": [UNIT[0], UNIT[1]._replace(links=[["RAN", False, *RAN[2:]], TAUGHT])],
    "an instant of a relationship as a text": [
        UNIT[0]._replace(links=[[*SPAWNED[:2], {**SPAWNED[2], "at": AT.isoformat()}, *SPAWNED[3:]]]), UNIT[1]
    ],
    "a property of a relationship": [UNIT[0]._replace(links=[[*SPAWNED[:2], {"rule": "inferred"}, *SPAWNED[3:]]]), UNIT[1]],
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_changes_the_state(change: str) -> None:
    known = states([*UNIT, *NEIGHBOUR])
    assert states([*UNIT, *NEIGHBOUR]) == known
    others = states([*CHANGES[change], *NEIGHBOUR])
    assert others["t"] != known["t"]
    assert others["u"] == known["u"]
    assert len({states(found)["t"] for found in CHANGES.values()}) == len(CHANGES)


def test_what_has_its_state_is_archived_and_all_else_is_looked_up_item_by_item() -> None:
    found = [*UNIT, *NEIGHBOUR]
    there = {"t": [HOOK, TRACE], "u": [OTHER]}
    known = states(found)
    assert compared(found, set(known.values()), INSIDE) == Comparison(there, set())
    assert compared(found, {known["u"]}, INSIDE) == Comparison(there, {"t"})
    items = {fingerprint(item) for item in items_of(found)}
    assert compared(found, items, INSIDE) == Comparison(there, set())
    turned = [found[0], found[1]._replace(properties={"correlation_id": "t", "turn": "2"}), found[2]]
    assert compared(turned, set(known.values()), INSIDE).changed == {"t"}
    assert compared(turned, {known["u"], *items}, INSIDE).changed == set()  # a lock leaves a mark, and changes nothing


def test_what_an_archive_has_no_place_for_leaves_a_unit_without_a_state() -> None:
    about: list[Any] = ["ABOUT", False, {}, "UserFeedback", None]
    praised = [UNIT[0]._replace(links=[SPAWNED, about]), *UNIT[1:], *NEIGHBOUR]
    assert states(praised).keys() == {"u"}
    assert compared(praised, {fingerprint(item) for item in items_of([*UNIT, *NEIGHBOUR])}, INSIDE).changed == {"t"}


@pytest.mark.parametrize("link", [RAN, ["LOGGED", True, {}, "LogRecord", "l"]])
def test_a_part_that_is_not_archived_with_its_unit_changes_it_though_the_relationship_to_it_is(link: list[Any]) -> None:
    late = [UNIT[0], UNIT[1]._replace(links=[RAN, [*link[:4], "late"]]), *NEIGHBOUR]
    archived = {*states(late).values(), *(fingerprint(item) for item in items_of(late))}
    assert compared(late, archived, INSIDE).changed == {"t"}
    assert compared(late, archived, {*INSIDE, NodeId(link[3], "late")}).changed == set()
