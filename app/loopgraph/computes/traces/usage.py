"""The calls of traces, each counted once, however many layers of instrumentation have told of it.

A framework, a client library and a proxy can each report the same request to a model, one within the other. The innermost that
tells tokens is the call; where none does, the innermost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from loopgraph.contracts.traces import EndpointCall, HookExecution, is_of_model, tells_tokens


def told_once(hooks: Iterable[HookExecution], calls: Iterable[EndpointCall]) -> list[EndpointCall]:
    """The calls of some traces, of which ``hooks`` are the steps, without those that tell of another one of them again."""
    listed = list(calls)
    of_models = {call.call_id: call for call in listed if is_of_model(call)}
    if not any(call.nested_in for call in of_models.values()):
        return listed
    above = {hook.execution_id: hook.parent_id for hook in hooks} | {call.call_id: call.nested_in for call in listed}
    again: set[str] = set()
    for call in of_models.values():
        for outer in filter(None, map(of_models.get, _around(call.call_id, above))):
            again.add(call.call_id if tells_tokens(outer) and not tells_tokens(call) else outer.call_id)
    return [call for call in listed if call.call_id not in again]


def _around(id_: str, above: dict[str, str | None]) -> Iterator[str]:
    """What it is nested in, from the inside out; a circle is gone round once."""
    seen = {id_}
    while (outer := above.get(id_)) and outer not in seen:
        seen.add(outer)
        yield outer
        id_ = outer
