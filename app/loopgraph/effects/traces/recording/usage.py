"""Executions and their versions in the graph: who used what, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from loopgraph.assets import query
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.traces.recording.folding import Batch
from loopgraph.effects.uses.observed import retire

_COUNT_USAGE = query("traces/count_usage")
_DETACH_USED = query("traces/detach_used")
_DRAW_USED = query("traces/draw_used")
_UPDATE_USED = query("traces/update_used")
_REDATE_USAGE = query("traces/redate_usage")


async def store_usage(tx: Transaction, batch: Batch, turn: str, at: datetime) -> None:
    """Counts the executions of versions, and ties them to their versions; the executions are stored already."""
    left = batch.left_versions()
    if left:
        await tx.run(_DETACH_USED, execution_ids=[row["execution_id"] for row in left])
    await tx.write(_COUNT_USAGE, batch.usage(), turn=turn)
    await tx.write(_DRAW_USED, in_order("node_id", batch.newly_used()))
    await tx.write(_UPDATE_USED, batch.newly_chosen())
    if left:
        node_ids = sorted({row["node_id"] for row in left})
        await tx.run(_REDATE_USAGE, node_ids=node_ids)
        await retire(tx, node_ids, at)


def in_order(name: str, rows: Sequence[Row]) -> list[Row]:
    """Rows in the order of the nodes that many traces share (sessions, agents, versions): so they are locked in one order."""
    return sorted(rows, key=lambda row: str(row[name]))
