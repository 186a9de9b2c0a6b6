"""What calls of models cost is kept with them, whatever their reports say in what order, and can be reckoned again."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from loopgraph.assets import Query
from loopgraph.contracts.traces.events import EndpointCalled, TraceEvent
from loopgraph.contracts.traces.observations import Observation
from loopgraph.contracts.traces.pricing import CostSource, ModelUsage, Pricing
from loopgraph.contracts.traces.records import EndpointCall
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.traces.recording.mapping import keyed_call
from loopgraph.effects.traces.recording.prices import TracePrices
from support.traces import NOON, Traces, at, record


def cents(usage: ModelUsage) -> float | None:
    """Prices that are easy to reckon with; only models whose name begins with ``m`` have one."""
    if not usage.model.startswith("m"):
        return None
    plain = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
    return plain + usage.cache_read_tokens / 10 + usage.cache_write_tokens * 2 + usage.output_tokens * 5


def called(trace: str, call: str, **given: object) -> EndpointCalled:
    return EndpointCalled.model_validate(
        {"correlation_id": trace, "call_id": call, "service_name": "api", "endpoint_path": "/", "success": True} | given
    )


async def read(graph: Graph, pricing: Pricing, *events: TraceEvent) -> dict[str, EndpointCall]:
    traces = Traces(graph, pricing)
    await record(traces, *events)
    ids = [event.call_id for event in events if isinstance(event, EndpointCalled)]
    return await traces.calls_by_id(ids, None)


async def test_a_call_costs_what_its_sender_says_or_what_the_list_does(graph: Graph) -> None:
    trace, ids = new_id(), [new_id() for _ in range(5)]
    tokens = {"input_tokens": 100, "cache_read_tokens": 40, "cache_write_tokens": 10, "output_tokens": 3}
    calls = await read(
        graph,
        cents,
        called(trace, ids[0], model="m", **tokens),
        called(trace, ids[1], model="m", **tokens, cost_usd=1.5),
        called(trace, ids[2], model="unheard-of", **tokens),
        called(trace, ids[3], model="m"),
        called(trace, ids[4], input_tokens=7),
    )
    found = [(calls[id_].cost_usd, calls[id_].cost_source, calls[id_].unpriced) for id_ in ids]
    assert found == [
        (50 + 4 + 20 + 15, CostSource.COMPUTED, None),
        (1.5, CostSource.REPORTED, None),
        (None, None, "unheard-of"),
        (None, None, None),
        (None, None, None),
    ]
    assert calls[ids[0]].cache_read_tokens == 40


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
async def test_reports_in_parts_come_to_the_same_cost(graph: Graph, order: Sequence[int]) -> None:
    trace, call = new_id(), new_id()
    parts = [{"model": "m"}, {"input_tokens": 10, "cache_read_tokens": 10}, {"output_tokens": 2}]
    traces = Traces(graph, cents)
    for number in order:
        event = EndpointCalled.model_validate(
            {"correlation_id": trace, "call_id": call, "service_name": "api", "endpoint_path": "/", "status": "in_progress"}
            | parts[number]
        )  # fmt: skip
        await traces.record([Observation(event=event, source=f"part {number}")], received_at=NOON)
    found = (await traces.calls_by_id([call], None))[call]
    assert (found.cost_usd, found.cost_source) == (11.0, CostSource.COMPUTED)


def test_counts_that_contradict_each_other_have_a_cost_all_the_same() -> None:
    """Two reports that were put together: the whole of one, the parts of another."""
    call = {"call_id": "c", "model": "m", "created_at": NOON, "input_tokens": 5, "cache_read_tokens": 20}
    assert keyed_call(cents, call)["price_usd"] == 2.0


def test_no_part_is_more_than_its_whole() -> None:
    """Two log records of one request: one with tokens that are kept for an hour, the other with fewer that were written."""
    seen = []

    def pricing(usage: ModelUsage) -> float:
        seen.append(usage)
        return 0.0

    call = {"call_id": "c", "model": "m", "created_at": NOON, "cache_write_tokens": 20, "cache_write_1h_tokens": 1_000}
    keyed_call(pricing, call)
    assert (seen[0].input_tokens, seen[0].cache_write_tokens, seen[0].cache_write_1h_tokens) == (20, 20, 20)


def test_the_price_is_that_of_the_time_of_the_call() -> None:
    seen = []

    def pricing(usage: ModelUsage) -> float:
        seen.append(usage.at)
        return 0.0

    call = {"call_id": "c", "model": "m", "created_at": at(9), "output_tokens": 1}
    times = [{}, {"completed_at": at(5)}, {"completed_at": at(5), "duration_ms": 2_000}, {"started_at": at(1)}]
    for known in times:
        keyed_call(pricing, call | known)
    assert seen == [at(9), at(5), at(3), at(1)]


class Since:
    """A graph whose calls before an id are out of sight: those of other tests are many, and keep their prices."""

    def __init__(self, graph: Graph, first: str) -> None:
        self._graph, self._first = graph, first
        self.write = graph.write

    async def read(self, query: Query, *, after: str, limit: int) -> list[Row]:
        return await self._graph.read(query, after=max(after, self._first), limit=limit)


async def test_stored_calls_are_priced_anew(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopgraph.effects.traces.recording.prices.PAGE", 2)
    trace, mark = new_id(), f"zz.{new_id()}."  # after all other ids
    ids = [f"{mark}{number}" for number in range(6)]
    here: Any = Since(graph, mark)

    def none(usage: ModelUsage) -> None:
        return None

    await read(
        graph,
        none,
        *(called(trace, id_, model="m", input_tokens=number) for number, id_ in enumerate(ids[:5], start=1)),
        called(trace, ids[5], model="m", input_tokens=1, cost_usd=9.0),
    )
    traces = Traces(graph)
    assert [done async for done in TracePrices(here, cents).recompute()] == [(2, 2), (4, 4), (6, 6), (6, 6)]
    calls = await traces.calls_by_id(ids, None)
    assert [calls[id_].cost_usd for id_ in ids] == [1.0, 2.0, 3.0, 4.0, 5.0, 9.0]
    assert [done async for done in TracePrices(here, cents).recompute()][-1] == (6, 0)
