"""The calls of traces, each counted once, however many layers of instrumentation have told of it.

A framework, a client library and a proxy can each report the same request to a model, one within the other. The innermost that
uses tokens is the call; where none does, the innermost. What a layer tells that the calls within it cost counts for those of them
that tell no cost: that of the innermost such layer, less what others within it tell, shared out by the prices of the
calls, or else to their tokens. A cost that is told without tokens counts for the innermost around it that uses some, if no other
cost is told on the way. ``analytics/model_usage`` sums up by the same rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from loopgraph.contracts.pricing import CostSource
from loopgraph.contracts.traces import EndpointCall, HookExecution, is_of_model, uses_tokens

_SMALLEST = 1e-9
"""A rest that is a smaller part of a cost is one of rounding."""


def told_once(hooks: Iterable[HookExecution], calls: Iterable[EndpointCall]) -> list[EndpointCall]:
    """The calls of some traces, of which ``hooks`` are the steps, without those that tell of another one of them again, and with
    what these tell that they cost."""
    listed = list(calls)
    of_models = {call.call_id: call for call in listed if is_of_model(call)}
    if not any(call.nested_in for call in of_models.values()):
        return listed
    above = {hook.execution_id: hook.parent_id for hook in hooks} | {call.call_id: call.nested_in for call in listed}
    around = {id_: [outer for outer in _around(id_, above) if outer in of_models] for id_ in of_models}
    again: set[str] = set()
    for call in of_models.values():
        for outer in map(of_models.__getitem__, around[call.call_id]):
            again.add(call.call_id if uses_tokens(outer) and not uses_tokens(call) else outer.call_id)
    kept = [call for call in listed if call.call_id not in again]
    costs = _told_around(of_models, around, kept)
    return [
        call.model_copy(update={"cost_usd": costs[call.call_id], "cost_source": CostSource.REPORTED})
        if call.call_id in costs
        else call
        for call in kept
    ]


def _around(id_: str, above: dict[str, str | None]) -> Iterator[str]:
    """What it is nested in, from the inside out; a circle is gone round once."""
    seen = {id_}
    while (outer := above.get(id_)) and outer not in seen:
        seen.add(outer)
        yield outer
        id_ = outer


def _told_around(
    of_models: Mapping[str, EndpointCall], around: Mapping[str, Sequence[str]], kept: Iterable[EndpointCall]
) -> dict[str, float]:
    """What other layers tell that calls cost, by call."""
    told = {id_: cost for id_, call in of_models.items() if (cost := _told(call))}
    payer = {id_: next((outer for outer in layers if outer in told), None) for id_, layers in around.items()}
    own, within = dict(told), defaultdict[str, float](float)
    for id_ in told:
        if not uses_tokens(of_models[id_]) and (payee := _payee(of_models, around[id_], told)):
            within[payee] += own.pop(id_)
    own |= within
    inside, peers = defaultdict[str, float](float), defaultdict[str, list[EndpointCall]](list)
    for id_, cost in own.items():
        if outer := payer[id_]:
            inside[outer] += cost
    for call in kept:
        if call.call_id not in own and (outer := payer.get(call.call_id)):
            peers[outer].append(call)
    costs = dict(within)
    for outer, calls in peers.items():
        if (rest := told[outer] - inside[outer]) > told[outer] * _SMALLEST:
            costs |= {call.call_id: rest * part for call, part in zip(calls, _parts(calls), strict=True)}
    return costs


def _payee(of_models: Mapping[str, EndpointCall], around: Iterable[str], told: Container[str]) -> str | None:
    """The innermost of the calls around one that uses tokens, if none up to it tells a cost."""
    first = next((outer for outer in around if outer in told or uses_tokens(of_models[outer])), None)
    return first if first and first not in told else None


def _told(call: EndpointCall) -> float | None:
    return call.cost_usd if call.cost_source is CostSource.REPORTED else None


def _parts(calls: Sequence[EndpointCall]) -> list[float]:
    """In which proportion calls share a cost."""
    prices = [call.cost_usd or 0.0 for call in calls]
    tokens = [float((call.input_tokens or 0) + (call.output_tokens or 0)) for call in calls]
    weights = prices if all(prices) else tokens if any(tokens) else [1.0] * len(calls)
    return [weight / sum(weights) for weight in weights]
