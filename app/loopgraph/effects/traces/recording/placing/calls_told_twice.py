"""Calls of models that two reporters tell of, of whom one gives no name: the log records of Codex name no response, its
transcript does.

They are one if they are of one prompt, all their tokens are equal, and they are no more than ``APART`` from each other: the
client writes both as soon as a response is complete. Each is at most one of the other kind. As what a model is given grows with
each request, others with equal counts are nearly impossible; and if there are any, it cannot matter which is which.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.traces.pricing import Pricing
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.traces.recording import mapping
from loopgraph.effects.traces.recording.folding import Batch
from loopgraph.effects.traces.recording.joining import NAMED_AT, RECORDED_AT, Properties, joined
from loopgraph.effects.traces.recording.placing.prompt_order import NEVER

_CALLS_TOLD_TWICE = query("traces/calls_told_twice")
_LOCK_CALLS = query("traces/lock_calls")
_UNITE_CALLS = query("traces/unite_calls")

APART: Final = timedelta(seconds=2)
_EVER: Final = datetime(1, 1, 1, tzinfo=UTC)


class _Pair(NamedTuple):
    named: str
    recorded: str


async def unite_calls(tx: Transaction, batch: Batch, moved: Iterable[Properties], pricing: Pricing, turn: str) -> None:
    """Makes one of each two calls that are of one request, of those of a batch and of the traces that were ``moved`` to."""
    times: dict[str, tuple[datetime, datetime]] = {trace["correlation_id"]: (_EVER, NEVER) for trace in moved}
    for before, after in batch.calls.pairs():
        at = after.get(NAMED_AT) or after.get(RECORDED_AT)
        if at is None or before.get("correlation_id") == after["correlation_id"]:
            continue
        since, until = times.get(after["correlation_id"], (at, at))
        times[after["correlation_id"]] = (min(since, at), max(until, at))
    if not times:
        return
    rows = [
        {
            "correlation_id": id_,
            "since": since - APART if since > _EVER else since,
            "until": until + APART if until < NEVER else until,
        }
        for id_, (since, until) in sorted(times.items())
    ]
    calls: defaultdict[str, list[Row]] = defaultdict(list)
    for row in await tx.run(_CALLS_TOLD_TWICE, rows=rows):
        calls[row["correlation_id"]].append(row)
    pairs = [pair for id_ in sorted(calls) for pair in _pairs(calls[id_])]
    if not pairs:
        return
    ids = sorted({id_ for pair in pairs for id_ in pair})
    locked = await tx.run(_LOCK_CALLS, call_ids=ids, turn=turn)
    stored = {row["properties"]["call_id"]: row["properties"] for row in locked}
    await tx.run(_UNITE_CALLS, rows=[_united(pair, stored, pricing) for pair in pairs])


def _united(pair: _Pair, stored: Mapping[str, Properties], pricing: Pricing) -> Row:
    named, recorded = stored[pair.named], stored[pair.recorded]
    other = {name: value for name, value in recorded.items() if name not in ("call_id", "turn", "lock")}
    return {"id": pair.named, "other": pair.recorded, "changes": mapping.keyed_call(pricing, joined(named, other))}


def _pairs(calls: Sequence[Row]) -> list[_Pair]:
    """Which recorded calls are which named ones; one that is told again is of the one that it has been of."""
    found = []
    taken = set[str]()
    named = [call for call in calls if call["named_at"]]
    alone = [call for call in calls if call["recorded_at"] and not call["named_at"]]
    near = sorted(
        (abs(one["recorded_at"] - other["named_at"]), one["call_id"], other["call_id"])
        for one in alone
        for other in named
        if one["counts"] == other["counts"]
        and other["recorded_at"] in (None, one["recorded_at"])
        and abs(one["recorded_at"] - other["named_at"]) <= APART
    )
    for _, recorded, name in near:
        if taken.isdisjoint((recorded, name)):
            found.append(_Pair(name, recorded))
            taken |= {recorded, name}
    return found
