"""What is told that calls of models cost which are within each other.

A layer (a framework, a proxy) can tell what the calls within it cost together. That counts for those of them that tell no cost:
what the innermost such layer tells, less what others within it tell, shared out by the prices of the calls, or else by their
tokens. A cost that is told without tokens counts for the one that it pays for. ``analytics/model_usage`` goes by the same rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

_SMALLEST: Final = 1e-9
"""A rest that is a smaller part of a cost is one of rounding."""


class Layer(NamedTuple):
    """A call of a model: what it tells that it cost (None: nothing), what it costs by a list of prices, and its tokens.

    ``retold``: another one tells of the same. ``paid_by`` is the innermost around it that tells a cost, ``pays_for`` the one
    around it whose cost it tells.
    """

    call_id: str
    told_usd: float | None
    price_usd: float | None
    tokens: int
    retold: bool
    paid_by: str | None
    pays_for: str | None


def told_costs(layers: Iterable[Layer], payers: Mapping[str, float]) -> dict[str, float]:
    """What is told that each call cost that is not ``retold``, by its id; of some nothing is. ``payers``: what calls around these
    tell that are not among them."""
    listed = list(layers)
    paid = defaultdict[str, float](float)
    groups = defaultdict[str | None, list[Layer]](list)
    for layer in listed:
        groups[layer.paid_by].append(layer)
        if layer.pays_for is not None:
            paid[layer.pays_for] += layer.told_usd or 0.0
    own = {layer.call_id: _own(layer, paid.get(layer.call_id, 0.0)) for layer in listed}
    told = {layer.call_id: layer.told_usd for layer in listed if layer.told_usd is not None} | dict(payers)
    costs: dict[str, float] = {}
    for payer, group in groups.items():
        shares: dict[str, float] = {}
        if payer is not None and payer in told:
            rest = told[payer] - sum(own[layer.call_id] or 0.0 for layer in group)
            peers = [layer for layer in group if own[layer.call_id] is None and not layer.retold]
            if rest > told[payer] * _SMALLEST:
                shares = {layer.call_id: rest * part for layer, part in zip(peers, _parts(peers), strict=True)}
        for layer in group:
            known = (own[layer.call_id], shares.get(layer.call_id), layer.told_usd)
            cost = next((each for each in known if each is not None), None)
            if cost is not None and not layer.retold:
                costs[layer.call_id] = cost
    return costs


def _own(layer: Layer, paid: float) -> float | None:
    """What is told that the call itself cost, by its sender or by one that tells it for it."""
    if layer.pays_for is not None:
        return None
    return layer.told_usd or paid or None


def _parts(peers: Sequence[Layer]) -> list[float]:
    """In which proportion calls share a cost: by their prices, if all have one, or by their tokens, or alike."""
    prices = [0.0 if layer.told_usd is not None else layer.price_usd or 0.0 for layer in peers]
    tokens = [float(layer.tokens) for layer in peers]
    weights = prices if all(prices) else tokens if any(tokens) else [1.0] * len(peers)
    return [weight / sum(weights) for weight in weights]
