"""The calls of traces, each counted once, however many layers of instrumentation have told of it.

A framework, a client library and a proxy can each report the same request to a model, one within the other. The innermost that
uses tokens is the call; where none does, the innermost. What others tell that it cost counts for it (``told_costs``): a cost
that is told without tokens for the innermost around it that uses some, if no other cost is told on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from loopgraph.computes.traces.told_costs import Layer, told_costs
from loopgraph.contracts.traces.pricing import CostSource
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, is_of_model, uses_tokens


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
    told = {id_ for id_, call in of_models.items() if _told(call)}
    costs = told_costs(
        [_layer(call, around[id_], of_models, told, retold=id_ in again) for id_, call in of_models.items()], {}
    )
    return [
        call.model_copy(update={"cost_usd": costs[call.call_id], "cost_source": CostSource.REPORTED})
        if call.call_id in costs
        else call
        for call in listed
        if call.call_id not in again
    ]


def _around(id_: str, above: dict[str, str | None]) -> Iterator[str]:
    """What it is nested in, from the inside out; a circle is gone round once."""
    seen = {id_}
    while (outer := above.get(id_)) and outer not in seen:
        seen.add(outer)
        yield outer
        id_ = outer


def _layer(
    call: EndpointCall, around: Sequence[str], of_models: Mapping[str, EndpointCall], told: Set[str], *, retold: bool
) -> Layer:
    """A call within others, from the inside out; ``told`` are those that tell a cost."""
    pays_for = _payee(of_models, around, told) if call.call_id in told and not uses_tokens(call) else None
    return Layer(
        call_id=call.call_id,
        told_usd=_told(call),
        price_usd=None if call.cost_source is CostSource.REPORTED else call.cost_usd,
        tokens=(call.input_tokens or 0) + (call.output_tokens or 0),
        retold=retold,
        paid_by=next((outer for outer in around if outer in told), None),
        pays_for=pays_for,
    )


def _payee(of_models: Mapping[str, EndpointCall], around: Iterable[str], told: Set[str]) -> str | None:
    """The innermost of the calls around one that uses tokens, if none up to it tells a cost."""
    first = next((outer for outer in around if outer in told or uses_tokens(of_models[outer])), None)
    return first if first and first not in told else None


def _told(call: EndpointCall) -> float | None:
    return call.cost_usd if call.cost_source is CostSource.REPORTED else None
