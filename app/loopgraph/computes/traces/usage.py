"""What calls of models come to, each counted once, however many layers of instrumentation have told of it.

A framework, a client library and a proxy can each report the same request, one within the other. Of a call of a model with others
inside it, the tokens and the cost are those of the innermost that tell them; the outer one is no call of its own.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from loopgraph.contracts.traces import EndpointCall, HookExecution

_FIELDS: Final = ("input_tokens", "output_tokens", "cost_usd")


class Usage(NamedTuple):
    """Sums over calls; None where no call tells. ``told_again`` are the ids of calls that others inside them tell of."""

    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    told_again: frozenset[str]


def usage(hooks: Iterable[HookExecution], calls: Iterable[EndpointCall]) -> Usage:
    """The usage of the calls of some traces, of which ``hooks`` are the steps."""
    listed = list(calls)
    of_models = {call.call_id: call for call in listed if _is_of_model(call)}
    if not any(call.nested_in for call in of_models.values()):
        return _summed(listed, {}, frozenset())
    above = {hook.execution_id: hook.parent_id for hook in hooks} | {call.call_id: call.nested_in for call in listed}
    told: dict[str, set[str]] = {name: set() for name in _FIELDS}
    around: set[str] = set()
    for call in of_models.values():
        known = [name for name in _FIELDS if getattr(call, name) is not None]
        for outer in _around(call.call_id, above):
            if outer in of_models:
                around.add(outer)
                for name in known:
                    told[name].add(outer)
    return _summed(listed, told, frozenset(around))


def _summed(calls: Iterable[EndpointCall], told: Mapping[str, Container[str]], again: frozenset[str]) -> Usage:
    def total(name: str) -> Any:
        but = told.get(name, ())
        known = [value for call in calls if call.call_id not in but and (value := getattr(call, name)) is not None]
        return sum(known) if known else None

    return Usage(total("input_tokens"), total("output_tokens"), total("cost_usd"), again)


def _is_of_model(call: EndpointCall) -> bool:
    return call.model is not None or any(getattr(call, name) is not None for name in _FIELDS)


def _around(id_: str, above: dict[str, str | None]) -> Iterator[str]:
    """What it is nested in, from the inside out; a circle is gone round once."""
    seen = {id_}
    while (outer := above.get(id_)) and outer not in seen:
        seen.add(outer)
        yield outer
        id_ = outer
