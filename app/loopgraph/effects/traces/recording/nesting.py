"""Which calls of models each call of a model is within, over all exports: what a span is below is told one level at a time.

A call remembers the calls of models around it (``within``), and the next span above all that is known (``frontier``): when that
is told of, the call goes on from there. So it does not matter what comes first. Sums count the innermost of such calls that uses
tokens: all others are ``retold``. ``paid_by`` is the innermost around a call that tells a cost; a call that tells a cost and no
tokens ``pays_for`` the innermost around it that uses some, if no other cost is told on the way (``computes/traces/usage``).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from loopgraph.assets import query
from loopgraph.effects.graph.errors import LostRace
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.graph.values import json_text, json_value
from loopgraph.effects.traces.recording.concluding import is_told_of
from loopgraph.effects.traces.recording.folding import Batch
from loopgraph.effects.traces.recording.joining import ENDS_OF_PARTS, Properties

_CALLS_BELOW = query("traces/calls_below")
_SPANS_ABOVE = query("traces/spans_above")
_NEST_CALLS = query("traces/nest_calls")
_RETELL_CALLS = query("traces/retell_calls")
_LAYERS = query("traces/layers_of_calls")
_LAYER_CALLS = query("traces/layer_calls")

_DEEPEST = 100
"""So many times stored spans are looked up, each time those above all that are known; and so many calls are around one."""
_MOST_BELOW = 10_000
"""So many stored calls go on from the new spans of a batch."""

_SPAN_KEY = re.compile(r"[0-9a-f]{32}/[0-9a-f]{16}")
_OF_MODEL = ("model", "input_tokens", "output_tokens", "cost_usd")


class _Known(NamedTuple):
    above: str | None
    of_model: bool = False
    uses: bool = False
    pays: bool = False


class Nested(NamedTuple):
    """What was found of stored calls: rows of what they are within, and those that another one tells of again."""

    rows: list[Properties]
    retold: list[str]


class _Place:
    """Where a call is: in which others, and below which span that is not known; None if it is known up to its root. ``retold``
    are those of them, or it itself, that are found to tell of the same again."""

    def __init__(self, call: Properties, top: str | None, *, uses: bool, pays: bool) -> None:
        self.id, self.top, self.within = call["call_id"], top, set(call.get("within") or ())
        self.uses, self.pays, self.retold = uses, pays, set[str]()
        self.paid_by, self.pays_for = call.get("paid_by"), call.get("pays_for")

    def climb(self, known: dict[str, _Known]) -> None:
        """Goes up as far as spans are known."""
        seen = {self.id}
        while self.top is not None and self.top in known and self.top not in seen:
            seen.add(self.top)
            outer = known[self.top]
            if outer.of_model:
                self.within.add(self.top)
                self.retold.add(self.id if outer.uses and not self.uses else self.top)
            if outer.pays and self.paid_by is None:
                self.paid_by = self.top
            if outer.uses and self.pays and not self.uses and self.paid_by is None and self.pays_for is None:
                self.pays_for = self.top
            self.top = outer.above
        if self.top in seen:
            self.top = None

    @property
    def learned(self) -> Properties:
        """Its properties."""
        within = sorted(self.within)[:_DEEPEST] or None
        return {"within": within, "frontier": self.top, "paid_by": self.paid_by, "pays_for": self.pays_for}


async def nest(tx: Transaction, batch: Batch) -> Nested:
    """Tells the calls of a batch which others they are within, in memory; the same of stored ones that are below its spans, for
    ``store_nested``."""
    spans = [id_ for id_ in _new_nodes(batch) if _SPAN_KEY.fullmatch(id_)]
    if not spans:
        return Nested([], [])
    touched = {call["call_id"]: call for call in batch.calls.all() if _is_of_model(call) and call.get("nested_in")}
    places = [
        _Place(call, call.get("frontier") or call["nested_in"], uses=_uses(call), pays=_pays(call))
        for call in touched.values()
    ]
    stored = await tx.run(_CALLS_BELOW, span_keys=sorted(spans), limit=_MOST_BELOW)
    below = {row["call_id"]: row for row in stored if row["call_id"] not in touched}
    places += [_Place(row, row["frontier"], uses=row["uses"], pays=row["pays"]) for row in below.values()]
    await _go_up(tx, places, _known(batch) if places else {})
    rows = []
    for place in places:
        if place.id in below:
            rows.append({"call_id": place.id, "was": below[place.id]["frontier"], **place.learned})
        elif any(touched[place.id].get(name) != value for name, value in place.learned.items()):
            batch.calls.put({**touched[place.id], **place.learned})
    retold = {id_ for place in places for id_ in place.retold}
    here = {id_: call for id_ in retold if (call := batch.calls.get(id_))}
    for call in here.values():
        batch.calls.put({**call, "retold": True})
    return Nested(rows, sorted(retold - here.keys()))


async def leave_highest_ends(tx: Transaction, batch: Batch) -> None:
    """Takes the ends of parts that are below known spans from the traces that nobody has told of, in memory: only the highest
    spans that are known say how such a trace ended, and each of these has told of its own end."""
    told = {
        trace["correlation_id"]: json_value(trace[ENDS_OF_PARTS])
        for trace in batch.traces.all()
        if trace.get(ENDS_OF_PARTS) and not is_told_of(trace)
    }
    above = {span for ends in told.values() for span in ends}
    known = {span for span in above if batch.hooks.get(span) or batch.calls.get(span)}
    if unknown := sorted(above - known):
        known |= {row["key"] for row in await tx.run(_SPANS_ABOVE, span_keys=unknown)}
    for id_, ends in told.items():
        left = {span: end for span, end in ends.items() if span not in known}
        if left != ends and (trace := batch.traces.get(id_)):
            batch.traces.put({**trace, ENDS_OF_PARTS: json_text(left) if left else None})


async def store_nested(tx: Transaction, nested: Nested) -> None:
    """Writes what ``nest`` has found of stored calls. Raises LostRace if somebody else has told of one meanwhile."""
    if nested.rows:
        [row] = await tx.run(_NEST_CALLS, rows=nested.rows)
        if row["written"] != len(nested.rows):
            raise LostRace(_NEST_CALLS.name)
    if nested.retold:
        await tx.run(_RETELL_CALLS, call_ids=nested.retold)


async def nest_again(tx: Transaction, batch: Batch) -> None:
    """Redoes all calls of the traces in which one that was there before has turned out to use tokens, to tell a cost, or to be
    below something: what is around it, and within it, may count otherwise. All that the batch brings is stored already."""
    changed = {
        after["correlation_id"]
        for before, after in batch.calls.pairs()
        if before and _SPAN_KEY.fullmatch(after["call_id"]) and _layer(before) != _layer(after)
    }
    rows = await tx.run(_LAYERS, correlation_ids=sorted(changed)) if changed else []
    stored = {row["call_id"]: row["properties"] for row in rows}
    if len(stored) < 2:
        return
    known = {id_: _Known(call.get("nested_in"), True, _uses(call), _pays(call)) for id_, call in stored.items()}
    places = [
        _Place({"call_id": id_}, call.get("nested_in"), uses=_uses(call), pays=_pays(call))
        for id_, call in stored.items()
    ]
    await _go_up(tx, places, known)
    retold = {id_ for place in places for id_ in place.retold}
    told = [(place.id, {"retold": True if place.id in retold else None, **place.learned}) for place in places]
    differ = [(id_, now) for id_, now in told if any(stored[id_].get(name) != value for name, value in now.items())]
    await tx.run(_LAYER_CALLS, rows=[{"call_id": id_, **now} for id_, now in sorted(differ)])


def _layer(call: Properties) -> tuple[bool, bool, bool, str | None]:
    return _is_of_model(call), _uses(call), _pays(call), call.get("nested_in")


async def _go_up(tx: Transaction, places: list[_Place], known: dict[str, _Known]) -> None:
    for _ in range(_DEEPEST):
        for place in places:
            place.climb(known)
        unknown = {place.top for place in places if place.top is not None}
        rows = await tx.run(_SPANS_ABOVE, span_keys=sorted(unknown)) if unknown else []
        if not rows:
            return
        # A step that tells what it cost is a call of the same key, too, which says more.
        known |= {row.pop("key"): _Known(**row) for row in sorted(rows, key=lambda row: bool(row["of_model"]))}


def _new_nodes(batch: Batch) -> list[str]:
    return [node[nodes.key] for nodes in (batch.hooks, batch.calls) for node in nodes.new()]


def _known(batch: Batch) -> dict[str, _Known]:
    """The spans that a batch knows."""
    hooks = {hook["execution_id"]: _Known(hook.get("parent_id")) for hook in batch.hooks.all()}
    return hooks | {
        call["call_id"]: _Known(call.get("nested_in"), _is_of_model(call), _uses(call), _pays(call))
        for call in batch.calls.all()
    }


def _pays(call: Properties) -> bool:
    return (call.get("cost_usd") or 0) > 0


def _uses(call: Properties) -> bool:
    return bool(call.get("input_tokens") or call.get("output_tokens"))


def _is_of_model(call: Properties) -> bool:
    return any(call.get(name) is not None for name in _OF_MODEL)
