"""Prices the calls of language models that are stored already, by the list of prices as it is now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.traces.pricing import Pricing
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.mapping import keyed_call

_CALLS_OF_MODELS = query("traces/calls_of_models")
_PRICE_CALLS = query("traces/price_calls")

PAGE = 1_000
"""How many calls one transaction looks at."""


class Priced(NamedTuple):
    """How many calls of models were looked at, and of how many the price has changed."""

    calls: int
    changed: int


class TracePrices:
    """Prices stored calls. What senders say that a call cost is not touched."""

    def __init__(self, graph: Graph, pricing: Pricing) -> None:
        self._graph = graph
        self._priced = partial(keyed_call, pricing)

    async def recompute(self) -> AsyncIterator[Priced]:
        """Prices all calls, in the order of their ids, and says after every page how far it is. It can be stopped and repeated at
        any time, beside whatever else writes."""
        after, done, changed = "", 0, 0
        while True:
            rows = await self._graph.read(_CALLS_OF_MODELS, after=after, limit=PAGE)
            calls = [row["properties"] for row in rows]
            new = [
                {"call_id": call["call_id"], "price_usd": price, "turn": call.get("turn") or ""}
                for call in calls
                if (price := self._priced(call).get("price_usd")) != call.get("price_usd")
            ]
            if new:
                [row] = await self._graph.write(_PRICE_CALLS, rows=new, turn=new_id())
                changed += row["written"]
            done += len(calls)
            yield Priced(done, changed)
            if len(calls) < PAGE:
                return
            after = calls[-1]["call_id"]
