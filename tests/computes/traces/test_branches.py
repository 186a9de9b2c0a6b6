"""What is used in each part of a tree: sums that add up, each call once."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from loopgraph.computes.traces.branches import Branches
from loopgraph.computes.traces.tree import Key, Node, plant
from loopgraph.contracts.analytics.views import NO_USAGE
from loopgraph.contracts.traces.assembly import CallUsage, Span, SpanKind
from loopgraph.contracts.traces.events import TraceStatus

AT = datetime(2026, 3, 1, tzinfo=UTC)


def place(kind: SpanKind, id_: str, around: Key | None = None, trace: str = "t") -> Span:
    hangs = () if around is None else (around,)
    return Span(kind, id_, trace, hangs, None, None, AT, AT, 1.0, TraceStatus.SUCCESS)


def used(id_: str, **more: Any) -> CallUsage:
    nothing = CallUsage(id_, "m", None, None, None, None, None, None, None, False, None, None)
    return nothing._replace(**more)


def tree(*spans: Span) -> list[Node[Span]]:
    [top] = plant([place(SpanKind.TRACE, "t"), *spans]).tops
    return list(top.walk())


STEP, SUB = (SpanKind.STEP, "s"), (SpanKind.TRACE, "u")


def test_what_is_under_a_step_is_its_branch_and_what_it_called_is_its_own() -> None:
    nodes = tree(
        place(SpanKind.STEP, "s"),
        place(SpanKind.CALL, "a", STEP),
        place(SpanKind.STEP, "inner", STEP),
        place(SpanKind.CALL, "b", (SpanKind.STEP, "inner")),
        place(SpanKind.TRACE, "u", STEP, "u"),
        place(SpanKind.CALL, "c", trace="u"),
        place(SpanKind.CALL, "d"),
    )
    calls = [
        used("a", input_tokens=10, cache_read_tokens=4, output_tokens=1, cost_usd=1.0),
        used("b", input_tokens=100, price_usd=2.0),
        used("c", output_tokens=1_000, model="dear"),
        used("d", input_tokens=10_000, cost_usd=4.0),
    ]
    branches = Branches(nodes, calls)
    own, whole = branches.of(STEP)
    assert (own.calls, own.input_tokens, own.cache_read_tokens, own.output_tokens, own.cost_usd) == (1, 10, 4, 1, 1.0)
    assert (whole.calls, whole.input_tokens, whole.output_tokens) == (3, 110, 1_001)
    assert (whole.cost_usd, whole.reported_cost_usd) == (3.0, 1.0)
    assert (whole.unpriced_calls, whole.unpriced_models) == (1, ("dear",))
    assert branches.of(SUB).whole == branches.of(SUB).own == branches.of((SpanKind.CALL, "c")).own
    top = branches.of((SpanKind.TRACE, "t"))
    assert (top.own.input_tokens, top.whole.input_tokens, top.whole.cost_usd) == (10_000, 10_110, 7.0)


def test_what_used_nothing_has_sums_of_nothing_and_no_cost() -> None:
    branches = Branches(tree(place(SpanKind.STEP, "s")), [])
    assert branches.of(STEP) == branches.of((SpanKind.TRACE, "t")) == (NO_USAGE, NO_USAGE)


def test_a_call_that_another_one_tells_of_again_counts_once_and_with_its_cost() -> None:
    nodes = tree(place(SpanKind.STEP, "s"), place(SpanKind.CALL, "proxy"), place(SpanKind.CALL, "inner", STEP))
    calls = [used("proxy", cost_usd=0.5, retold=True), used("inner", input_tokens=3, price_usd=9.0, paid_by="proxy")]
    branches = Branches(nodes, calls)
    top = branches.of((SpanKind.TRACE, "t"))
    assert (top.own, top.whole.calls, top.whole.input_tokens, top.whole.cost_usd) == (NO_USAGE, 1, 3, 0.5)


def test_branches_of_any_tree_are_what_is_own_and_the_branches_under_it() -> None:
    chance = random.Random(4)
    for _ in range(50):
        spans, steps, calls = list[Span](), list[Key](), list[CallUsage]()
        for number in range(chance.randrange(40)):
            around = chance.choice([None, *steps])
            if chance.random() < 0.5:
                steps.append((SpanKind.STEP, f"s{number}"))
                spans.append(place(SpanKind.STEP, f"s{number}", around))
            else:
                spans.append(place(SpanKind.CALL, f"c{number}", around))
                calls.append(
                    used(f"c{number}", input_tokens=chance.randrange(100), cost_usd=chance.choice([None, 1.0]))
                )
        nodes = tree(*spans)
        branches = Branches(nodes, calls)
        for node in nodes:
            own, whole = branches.of(node.key)
            inside = [child.key for child in node.children if child.key[0] is not SpanKind.CALL]
            parts = [own, *(branches.of(key).whole for key in inside)]
            assert whole.input_tokens == sum(part.input_tokens for part in parts)
            assert (whole.cost_usd or 0) == sum(part.cost_usd or 0 for part in parts)
        assert branches.of(nodes[0].key).whole.calls == len(calls)
