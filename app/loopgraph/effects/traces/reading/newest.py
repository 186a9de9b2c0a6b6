"""The newest executions of a version, of however many there are: the engine is made to sort as little as it can."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from loopgraph.assets import query
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.graph.transaction import Row, Transaction

_COUNT_EXECUTIONS = query("traces/count_executions_of_version")
_KEYS = query("traces/keys_of_version")
_EVIDENCE = query("traces/evidence_of_version")
_ALL_EVIDENCE = query("traces/all_evidence_of_version")

_END: Final = "~"
"""Sorts after every digit and letter of a key."""

_MOST_KEYS: Final = 200_000
"""So many keys are sorted here. Of more executions the end of the time is looked at first."""

_NARROWEST: Final = 12
"""The smallest part of the time that is looked at is its last 4096th."""


async def newest_of(
    tx: Transaction, node_id: str, since: datetime, until: datetime | None, reader: list[str] | None, limit: int
) -> list[Row]:
    """Lists of the newest finished executions of one version that began in ``[since, until)``, ``limit`` at most, as
    ``mapping.EVIDENCE``, in no order.

    Where there are more, the keys are read first, and then all from the key on that so many are newer than; to have the engine
    sort them takes several times as long. Of what a reader sees there may be less than there are keys: for one, and where there
    are more keys than can be read, the engine sorts.
    """
    before = f"{node_id}|{time_key(until, '') if until else _END}"

    def above(at: datetime) -> str:
        return f"{node_id}|{time_key(at, '')}"

    async def has_more(at: datetime) -> bool:
        [row] = await tx.run(_COUNT_EXECUTIONS, above=above(at), before=before, limit=limit + 1)
        return int(row["executions"]) > limit

    if not await has_more(since):
        return await tx.run(_ALL_EVIDENCE, above=above(since), before=before, reader=reader)
    begin = since
    if reader is None:
        if until is not None:
            for halvings in range(_NARROWEST, 0, -1):
                if await has_more(at := until - (until - since) / 2**halvings):
                    begin = at
                    break
        rows = await tx.run(_KEYS, above=above(begin), before=before, limit=_MOST_KEYS + 1)
        if sum(len(row["keys"]) for row in rows) <= _MOST_KEYS:
            first = await made_of(_MOST_KEYS, lambda: sorted(key for row in rows for key in row["keys"])[-limit:][0])
            return await tx.run(_ALL_EVIDENCE, above=first, before=before, reader=None)
    return await tx.run(_EVIDENCE, above=above(begin), before=before, reader=reader, limit=limit)
