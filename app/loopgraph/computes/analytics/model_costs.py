"""The calls of models of one trace, each once, and what they cost: by the rules of ``analytics/model_usage``, from what is stored
of them (``retold``, ``paid_by``, ``pays_for``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from loopgraph.contracts.analytics.counting import CallFacts
from loopgraph.contracts.traces import MOST_TOKENS, is_of_model, uses_tokens

_SMALLEST: Final = 1e-9
"""A rest that is a smaller part of a cost is one of rounding."""


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
    paid = defaultdict[str, float](float)
    for call in of_models:
        if call.pays_for is not None:
            paid[call.pays_for] += call.cost_usd or 0.0
    own = {call.call_id: _own(call, paid.get(call.call_id, 0.0)) for call in of_models}
    told = {call.call_id: call.cost_usd for call in of_models if call.cost_usd is not None} | dict(payers)
    groups = defaultdict[str, list[CallFacts]](list)
    for call in of_models:
        groups[call.paid_by or ""].append(call)
    found = []
    for payer, group in groups.items():
        inside = sum(own[call.call_id] or 0.0 for call in group)
        peers = [call for call in group if own[call.call_id] is None and not call.retold]
        rest = told[payer] - inside if payer and payer in told else 0.0
        shares = _shares(peers) if payer in told and rest > told[payer] * _SMALLEST else {}
        for call in group:
            if call.retold:
                continue
            mine = own[call.call_id]
            share = shares.get(call.call_id)
            if mine is None:
                mine = call.cost_usd if share is None else rest * share
            found.append(ModelCall(_sound(call), mine, call.price_usd if mine is None else mine))
    return found


def _own(call: CallFacts, paid: float) -> float | None:
    """What is told that the call itself cost, by its sender or by one that tells it for it."""
    if call.pays_for is not None:
        return None
    if call.cost_usd is not None and call.cost_usd > 0:
        return call.cost_usd
    return paid if paid > 0 else None


def _shares(peers: list[CallFacts]) -> dict[str, float]:
    """In which proportion calls share a cost: by their prices, if all have one, or by their tokens, or alike."""
    prices = [0.0 if call.cost_usd is not None else call.price_usd or 0.0 for call in peers]
    tokens = [float((call.input_tokens or 0) + (call.output_tokens or 0)) for call in peers]
    weights = prices if all(prices) else tokens if any(tokens) else [1.0] * len(peers)
    whole = sum(weights)
    return {call.call_id: weight / whole for call, weight in zip(peers, weights, strict=True)}


def _sound(call: CallFacts) -> CallFacts:
    """Without counts that are none."""
    counts = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
    wrong: dict[str, Any] = {name: None for name in counts if (getattr(call, name) or 0) > MOST_TOKENS}
    return call._replace(**wrong) if wrong else call
