"""How traces stand: what is under them, when they last gave a sign of life, and what refers to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from loopgraph.assets import query
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.retention import DRAWN_ANEW, TYPES, Standing
from loopgraph.effects.graph.transaction import Transaction

_TRACES_UNDER = query("retention/traces_under")
_SIGNS_OF_LIFE = query("retention/signs_of_life")
_HELD_TRACES = query("retention/held_traces")


class Sign(NamedTuple):
    """When something of a trace began, ended and arrived; at the latest, where it is told of many."""

    correlation_id: str
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime | None


async def signs_of_life(tx: Transaction, correlation_ids: Collection[str]) -> list[Sign]:
    """Of traces themselves, of their steps, and of their calls; unknown ids have none."""
    rows = await tx.run(_SIGNS_OF_LIFE, correlation_ids=list(correlation_ids))
    return [Sign(*sign) for row in rows for sign in row["signs"]]


async def standings(tx: Transaction, root_ids: Collection[str]) -> list[Standing]:
    """How traces and those spawned under them stand; unknown ids have no standing."""
    traces: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in await tx.run(_TRACES_UNDER, correlation_ids=sorted(root_ids)):
        traces[row["root_id"]][row["correlation_id"]] = row["status"]
    ids = sorted({id_ for under in traces.values() for id_ in under})
    signs: dict[str, datetime] = {}
    for sign in await signs_of_life(tx, ids):
        id_ = sign.correlation_id
        instants = [instant for instant in sign[1:] if instant is not None]
        signs[id_] = max([*instants, *([signs[id_]] if id_ in signs else [])])
    held = await tx.run(_HELD_TRACES, correlation_ids=ids, types=[*TYPES, *DRAWN_ANEW])
    evidence = {row["correlation_id"] for row in held if row["is_evidence"]}
    referred = {row["correlation_id"] for row in held if not row["is_evidence"]}
    return [
        Standing(
            root_id=root_id,
            trace_ids=tuple(sorted(under)),
            last_sign=max(signs[id_] for id_ in under),
            in_progress=TraceStatus.IN_PROGRESS.value in under.values(),
            is_evidence=not evidence.isdisjoint(under),
            is_referred_to=not referred.isdisjoint(under),
        )
        for root_id, under in sorted(traces.items())
        if under.keys() <= signs.keys()  # else another process deletes it just now
    ]
