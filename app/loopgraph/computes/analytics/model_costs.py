"""The calls of models of one trace, each once, and what they cost, from what is stored of them (``retold``, ``paid_by``,
``pays_for``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from loopgraph.computes.traces.told_costs import Layer, told_costs
from loopgraph.contracts.analytics.counting import CallFacts
from loopgraph.contracts.traces.events import MOST_TOKENS
from loopgraph.contracts.traces.records import is_of_model, uses_tokens


class ModelCall(NamedTuple):
    """A call of a model that counts: what its sender, or a layer around it, tells that it cost, and what it cost as far as that
    is known at all."""

    facts: CallFacts
    told_usd: float | None
    cost_usd: float | None

    @property
    def uses_tokens(self) -> bool:
        return uses_tokens(self.facts)


def model_calls(calls: Iterable[CallFacts], payers: Mapping[str, float]) -> list[ModelCall]:
    """The calls of models that count. ``payers``: what calls of other traces tell that those of this one cost."""
    of_models = [call for call in calls if is_of_model(call)]
    if not of_models:
        return []
    told = told_costs(map(_layer, of_models), payers)
    return [
        ModelCall(_sound(call), cost, call.price_usd if cost is None else cost)
        for call in of_models
        if not call.retold
        for cost in [told.get(call.call_id)]
    ]


def _layer(call: CallFacts) -> Layer:
    tokens = (call.input_tokens or 0) + (call.output_tokens or 0)
    return Layer(call.call_id, call.cost_usd, call.price_usd, tokens, call.retold, call.paid_by, call.pays_for)


def _sound(call: CallFacts) -> CallFacts:
    """Without counts that are none."""
    counts = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
    wrong: dict[str, Any] = {name: None for name in counts if (getattr(call, name) or 0) > MOST_TOKENS}
    return call._replace(**wrong) if wrong else call
