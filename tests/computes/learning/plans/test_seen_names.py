"""Which names several know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.learning.plans.seen_names import MOST_UNITS, changed, names_of, seen, witness
from loopgraph.contracts.learning.lessons import TraceCall, TracePlan, TraceStep
from loopgraph.contracts.learning.plans import StepKind


def test_names_are_those_that_clients_do_not_give() -> None:
    steps = (
        TraceStep(kind=StepKind.TOOL, name="Read"),
        TraceStep(kind=StepKind.TOOL, name="mcp__db__query"),
        TraceStep(kind=StepKind.TOOL, name="tool"),
        TraceStep(kind=StepKind.TOOL, name="book_flight"),
        TraceStep(kind=StepKind.SUBAGENT, name="book_flight"),
    )
    call = TraceCall(service="shop", endpoint="/orders/{id}", method="GET")
    plan = TracePlan(agent="steward", steps=steps, calls=(call,))
    assert names_of(plan) == {
        "tool|book_flight", "subagent|book_flight", "agent|steward", "endpoint|GET shop /orders/{id}"
    }  # fmt: skip


def test_a_session_counts_once_and_a_trace_without_one_for_itself() -> None:
    same = [witness("s", id_) for id_ in ("a", "b", "c")]
    assert len(seen((), same, ())) == 1
    assert len(seen((), [witness(None, id_) for id_ in ("a", "b", "c")], ())) == 3


def test_what_a_trace_teaches_no_more_counts_no_more() -> None:
    three = seen((), [witness(id_, id_) for id_ in ("a", "b", "c")], ())
    before = {"tool|x": three}
    assert changed(before, {"tool|x": [witness("a", "a")]}, {}) == {}
    [(key, left)] = changed(before, {}, {"tool|x": [witness(None, "b")]}).items()
    assert (key, len(left)) == ("tool|x", 2)
    assert set(left) < set(three)


@pytest.mark.lengthy
@given(st.lists(st.integers(0, 30), max_size=60))
def test_no_more_units_are_kept_than_are_needed(units: list[int]) -> None:
    kept = seen((), [witness(str(unit), f"{unit}-{at}") for at, unit in enumerate(units)], ())
    assert len(kept) == min(MOST_UNITS, len(set(units)))
    assert seen(kept, [], []) == kept
