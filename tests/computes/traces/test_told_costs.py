from __future__ import annotations

from typing import Any

import pytest

from loopgraph.computes.traces.told_costs import Layer, told_costs


def layer(id_: str, told: float | None = None, price: float | None = None, tokens: int = 0, **where: Any) -> Layer:
    return Layer(id_, told, price, tokens, **{"retold": False, "paid_by": None, "pays_for": None, **where})


OUTER = layer("outer", 1.0, retold=True)


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ([layer("a", price=0.1), layer("b", price=0.3)], {"a": 0.25, "b": 0.75}),
        ([layer("a", price=0.1, tokens=30), layer("b", tokens=10)], {"a": 0.75, "b": 0.25}),
        ([layer("a"), layer("b")], {"a": 0.5, "b": 0.5}),
        ([layer("a", 0.4), layer("b")], {"a": 0.4, "b": 0.6}),
        ([layer("a", 0.4), layer("b", 0.6), layer("c", tokens=1)], {"a": 0.4, "b": 0.6}),  # nothing is left
        ([layer("a", 0.0, 0.5), layer("b", 0.0, 0.5)], {"a": 0.5, "b": 0.5}),  # that it was free, the layer outweighs
        ([layer("a"), layer("b", retold=True)], {"a": 1.0}),
    ],
)
def test_what_a_layer_tells_is_shared_out_to_those_within_that_tell_nothing(
    inner: list[Layer], expected: dict[str, float]
) -> None:
    within = [one._replace(paid_by="outer") for one in inner]
    assert told_costs([OUTER, *within], {}) == pytest.approx(expected)
    assert told_costs(within, {"outer": 1.0}) == pytest.approx(expected), "also where the layer is of another trace"
    assert sum(told_costs([*within, layer("alone", 2.0)], {"outer": 1.0}).values()) == pytest.approx(
        sum(expected.values()) + 2.0
    )


def test_a_cost_that_is_told_without_tokens_counts_for_the_call_that_it_pays_for() -> None:
    call, proxy = layer("call", tokens=9), layer("proxy", 0.25, retold=True, pays_for="call")
    assert told_costs([call, proxy], {}) == {"call": 0.25}
    assert told_costs([call._replace(told_usd=0.5), proxy], {}) == {"call": 0.5}, "what it tells itself comes first"


def test_of_what_nobody_tells_there_is_no_cost() -> None:
    assert told_costs([layer("a", price=1.0), layer("b", paid_by="gone"), layer("c", 0.0)], {}) == {"c": 0.0}
    assert told_costs([], {}) == {}
