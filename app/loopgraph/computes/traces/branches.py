"""What calls of models used and cost in each part of a tree of traces: in a thing itself, and in all that is under it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from loopgraph.computes.traces.told_costs import Layer, told_costs
from loopgraph.computes.traces.tree import Key, Node
from loopgraph.contracts.analytics.views import NO_USAGE, ModelUsageSums
from loopgraph.contracts.traces.assembly import CallUsage, SpanKind
from loopgraph.contracts.traces.records import uses_tokens

_SUMMED: Final = (
    "calls",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "unpriced_calls",
)
_COSTS: Final = ("cost_usd", "reported_cost_usd")


class Branch(NamedTuple):
    """What was used by a thing itself (a call by what it is, a step or a trace by the calls made straight from it), and by it and
    all that is under it."""

    own: ModelUsageSums
    whole: ModelUsageSums


_NOTHING: Final = Branch(NO_USAGE, NO_USAGE)


class Branches:
    """The branches of a tree; each call of a model counts once, however many layers told of it, as in ``Totals``."""

    def __init__(self, nodes: Sequence[Node[Any]], calls: Iterable[CallUsage]) -> None:
        """``nodes`` are the tree, each before what is nested in it. Linear in nodes and calls."""
        self._own = {(SpanKind.CALL, id_): sums for id_, sums in _counted(list(calls)).items()}
        self._whole: dict[Key, _Sums] = {}
        for node in reversed(nodes):  # calls are leaves
            inside = [child.key for child in node.children]
            if _is_call(node.key):
                whole = self._own.get(node.key)
            else:
                whole = _total(self._whole.get(key) for key in inside)
                if (own := _total(self._own.get(key) for key in inside if _is_call(key))) is not None:
                    self._own[node.key] = own
            if whole is not None:
                self._whole[node.key] = whole

    def of(self, key: Key) -> Branch:
        """The branch of one of the nodes."""
        if (whole := self._whole.get(key)) is None:
            return _NOTHING
        own = self._own.get(key)
        return Branch(NO_USAGE if own is None else own.told(), whole.told())


class _Sums(NamedTuple):
    """Sums as ``ModelUsageSums`` has them."""

    counts: tuple[int, ...]
    costs: tuple[float | None, ...]
    unpriced: frozenset[str]

    def told(self) -> ModelUsageSums:
        names = (*_SUMMED, *_COSTS)
        values: dict[str, Any] = dict(zip(names, (*self.counts, *self.costs), strict=True))
        return ModelUsageSums(**values, unpriced_models=tuple(sorted(self.unpriced)))


def _is_call(key: Key) -> bool:
    return key[0] is SpanKind.CALL


def _total(parts: Iterable[_Sums | None]) -> _Sums | None:
    """The sum of what is known; None of nothing."""
    known = [part for part in parts if part is not None]
    if len(known) < 2:
        return known[0] if known else None
    return _Sums(
        tuple(map(sum, zip(*(part.counts for part in known), strict=True))),
        tuple(_known(costs) for costs in zip(*(part.costs for part in known), strict=True)),
        frozenset[str]().union(*(part.unpriced for part in known)),
    )


def _known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _counted(calls: Sequence[CallUsage]) -> dict[str, _Sums]:
    """What each call used that counts, by its id."""
    told = told_costs(map(_layer, calls), {})
    return {call.call_id: _sums(call, told.get(call.call_id)) for call in calls if not call.retold}


def _layer(call: CallUsage) -> Layer:
    tokens = (call.input_tokens or 0) + (call.output_tokens or 0)
    return Layer(call.call_id, call.cost_usd, call.price_usd, tokens, call.retold, call.paid_by, call.pays_for)


def _sums(call: CallUsage, told_usd: float | None) -> _Sums:
    cost = call.price_usd if told_usd is None else told_usd
    unpriced = cost is None and uses_tokens(call)
    tokens = (
        call.input_tokens, call.cache_read_tokens, call.cache_write_tokens, call.output_tokens, call.reasoning_tokens,
    )  # fmt: skip
    return _Sums(
        (1, *(count or 0 for count in tokens), int(unpriced)),
        (cost, told_usd),
        frozenset({call.model} if unpriced and call.model else ()),
    )
