"""What differs between two trees of traces."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given

from loopgraph.computes.traces.diff import Normaliser, compare
from loopgraph.computes.traces.tree import Node, grow
from loopgraph.contracts.traces.assembly import TraceParts
from loopgraph.contracts.traces.diff import ChangedField, DiffRow, DiffStep, RowKind, StepKind, TraceDiff
from loopgraph.contracts.traces.events import TraceStatus
from support.traces import at
from support.trees import call, hook, parts, trace, trees

SWAPPED = {RowKind.ONLY_A: RowKind.ONLY_B, RowKind.ONLY_B: RowKind.ONLY_A}


def run(*commands: str, tool: str = "Bash", **more: Any) -> Node:
    """A trace that runs these commands one after the other."""
    steps = (
        hook(f"{number}", "t", tool, tool_input={"command": command}, started_at=at(number), **more)
        for number, command in enumerate(commands)
    )
    return grow(parts(trace("t"), *steps), "t")


def shown(diff: TraceDiff) -> list[str]:
    """The rows below the root, as commands behind signs: ``=``, ``~`` (both sides), ``-`` or ``+``."""
    signs = {RowKind.SAME: "=", RowKind.CHANGED: "~", RowKind.ONLY_A: "-", RowKind.ONLY_B: "+"}
    return [
        signs[row.kind] + "/".join(dict.fromkeys(step.input["command"] for step in (row.a, row.b) if step))
        for row in diff.rows[1:]
    ]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("a b c", "a b c", "=a =b =c"),
        ("a b c", "a c", "=a -b =c"),
        ("a c", "a b c", "=a +b =c"),
        ("a b c", "a x c", "=a ~b/x =c"),
        ("a", "a a", "=a +a"),  # what is repeated is the new one
        ("a b c d", "b c d e", "-a =b =c =d +e"),
        ("a b", "c d", "~a/c ~b/d"),
        ("", "a", "+a"),
    ],
)
def test_alignment(a: str, b: str, expected: str) -> None:
    assert shown(compare(run(*a.split()), run(*b.split()))) == expected.split()


def test_the_first_divergence_has_its_path_and_both_sides() -> None:
    def tree(command: str, *more: str) -> Node:
        return grow(
            parts(
                trace("t", started_at=at(0)),
                hook("first", "t", started_at=at(1)),
                hook("agent", "t", "Agent", started_at=at(2)),
                trace("sub", parent_id="t", spawned_by="agent", agent_type="explorer", started_at=at(3)),
                hook("same", "sub", tool_input={"command": "ls"}, started_at=at(4)),
                hook("differs", "sub", tool_input={"command": command}, started_at=at(5)),
                *(hook(id_, "t", id_, started_at=at(6)) for id_ in more),
            ),
            "t",
        )

    first = compare(tree("rm"), tree("mv", "Read")).first_divergence
    assert first is not None
    assert first.path == ("trace", "Agent", "explorer")
    assert (first.a and first.a.input, first.b and first.b.input) == ({"command": "rm"}, {"command": "mv"})
    assert first.changed == (ChangedField.INPUT,)

    first = compare(tree("rm", "Read"), tree("rm", "Write")).first_divergence
    assert first is not None
    assert (first.path, first.a and first.a.name, first.b and first.b.name) == (("trace",), "Read", "Write")
    assert compare(tree("rm"), tree("rm")).first_divergence is None


def test_what_changed_within_a_pair() -> None:
    def one(**fields: Any) -> Node:
        return grow(parts(trace("t"), hook("h", "t", **fields)), "t")

    def changed(a: Node, b: Node) -> DiffRow:
        return compare(a, b).rows[1]

    same = changed(one(duration_ms=100.0), one(duration_ms=150.0))
    assert (same.kind, same.duration_ratio) == (RowKind.SAME, 1.5)
    assert changed(one(duration_ms=0.0), one(duration_ms=1.0)).duration_ratio is None
    fields: list[tuple[ChangedField, dict[str, Any], dict[str, Any]]] = [
        (ChangedField.STATUS, {}, {"status": TraceStatus.ERROR}),
        (ChangedField.INPUT, {"tool_input": [1]}, {"tool_input": [2]}),
        (ChangedField.OUTPUT, {"tool_response": None}, {"tool_response": ""}),
        (ChangedField.ERROR, {"error_message": "no"}, {"error_message": "never"}),
        (ChangedField.VERSION, {"node_id": "v1"}, {"node_id": "v2"}),
    ]
    for field, before, after in fields:
        row = changed(one(**before), one(**after))
        assert (row.kind, row.changed) == (RowKind.CHANGED, (field,))
    a, b = (grow(parts(trace("t"), call("c", "t", model=model)), "t") for model in ("small", "large"))
    assert changed(a, b).changed == (ChangedField.MODEL,)


def test_totals_and_their_differences() -> None:
    def tree(*costs: float | None) -> Node:
        calls = (
            call(f"c{number}", "sub", cost_usd=cost, input_tokens=number, status=TraceStatus.ERROR)
            for number, cost in enumerate(costs)
        )
        return grow(parts(trace("t", duration_ms=50.0), trace("sub", parent_id="t"), hook("h", "sub"), *calls), "t")

    diff = compare(tree(1.0, 0.5), tree(None))
    assert diff.a.model_dump(exclude_none=True) == {
        "steps": 3, "failures": 2, "duration_ms": 50, "input_tokens": 1, "cost_usd": 1.5,
    }  # fmt: skip
    assert diff.b.model_dump(exclude_none=True) == {"steps": 2, "failures": 1, "duration_ms": 50, "input_tokens": 0}
    assert diff.difference.model_dump(exclude_none=True) == {
        "steps": -1, "failures": -1, "duration_ms": 0, "input_tokens": -1,
    }  # fmt: skip


def test_values_that_mean_the_same() -> None:
    one, other = Normaliser(["a1b2c3d4e5"]), Normaliser(["session-9", "a", "b2"])
    assert one(
        {"a": 1, "file": "x/01a1fe98-b215-73b2-866b-96ea92e621ea", "b": [None, "two  \n words"], "agent": "a1b2c3d4e5"}
    ) == other(
        {"b": [None, " two words"], "agent": "session-9", "file": "x/ffffffff-0000-4000-8000-00000000000A", "a": 1}
    )
    assert one("C:\\new") != one("C:\\ ew")
    assert one("a1b2c3d4e5f6") != other("session-9")  # part of another word
    assert other("a b2") == '"a b2"'  # too short to be told from other words


@pytest.mark.slow
def test_a_long_chain_of_nested_steps() -> None:
    steps = [hook(f"{n}", "t", parent_id=f"{n - 1}" if n else None, started_at=at(n)) for n in range(2_000)]
    deep = grow(parts(trace("t"), *steps), "t")
    assert compare(deep, deep).first_divergence is None
    assert len(compare(deep, grow(parts(trace("t")), "t")).rows) == 2_001


@pytest.mark.lengthy
@given(trees())
def test_nothing_diverges_from_itself(found: dict[str, TraceParts]) -> None:
    diff = compare(grow(found, "t0"), grow(found, "t0"))
    assert diff.first_divergence is None
    assert {row.kind for row in diff.rows} == {RowKind.SAME}
    assert len(diff.rows) == len(list(grow(found, "t0").walk()))


def ids(step: DiffStep | None) -> tuple[StepKind, str] | None:
    return (step.kind, step.step_id) if step else None


@pytest.mark.lengthy
@given(trees(), trees())
def test_sides(a: dict[str, TraceParts], b: dict[str, TraceParts]) -> None:
    there, back = compare(grow(a, "t0"), grow(b, "t0")), compare(grow(b, "t0"), grow(a, "t0"))

    # Every step is in one row, and swapping the traces swaps the sides.
    for tree, side in ((a, "a"), (b, "b")):
        found = [ids(getattr(row, side)) for row in there.rows if getattr(row, side)]
        assert len(found) == len(set(found)) == len(list(grow(tree, "t0").walk()))
    rows = Counter((row.kind, row.path, ids(row.a), ids(row.b), row.changed) for row in there.rows)
    swapped = Counter(
        (SWAPPED.get(row.kind, row.kind), row.path, ids(row.b), ids(row.a), row.changed) for row in back.rows
    )
    assert rows == swapped
    one, other = there.first_divergence, back.first_divergence
    assert (one is None) == (other is None) == all(row.kind is RowKind.SAME for row in there.rows)
    if one and other:
        assert (one.path, one.changed, ids(one.a), ids(one.b)) == (
            other.path,
            other.changed,
            ids(other.b),
            ids(other.a),
        )
    assert (there.a, there.b) == (back.b, back.a)

    # Pairs are of one name, and nest and follow each other on both sides alike.
    for row in there.rows[1:]:
        if row.a and row.b:
            assert (row.a.kind, row.a.name) == (row.b.kind, row.b.name)
    position = {
        (side, ids(step)): number
        for side, tree in (("a", a), ("b", b))
        for number, step in enumerate(getattr(row, side) for row in compare(grow(tree, "t0"), grow(tree, "t0")).rows)
    }
    pairs = [(position["a", ids(row.a)], position["b", ids(row.b)]) for row in there.rows if row.a and row.b]
    assert pairs == sorted(pairs)
