"""What was told long ago goes, in slices, and with it the writers that nobody uses any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loopgraph.contracts.live import Change
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.telling import change_key
from loopgraph.effects.live import pruning
from loopgraph.effects.live.pruning import FORGOTTEN, ChangePruning
from loopgraph.effects.live.reads import ChangeReads
from support.traces import statement

HOUR = timedelta(hours=1)
COUNT = 25


async def writer_with_changes(graph: Graph, number: int) -> None:
    """A writer of which half the changes are older than an hour."""
    rows = [
        {"key": change_key(number, seq), "at": now() - (3 * HOUR if seq <= COUNT // 2 else HOUR / 2)}
        for seq in range(1, COUNT + 1)
    ]
    await statement(
        graph,
        "CREATE (:ChangeWriter {number: $number, owner: $owner, seq: 0, floor: 0, at: $at}) "
        "WITH 1 AS one UNWIND $rows AS row CREATE (:Change {change_key: row.key, at: row.at, body: '{}'})",
        number=number,
        owner=new_id(),
        at=now() - 4 * HOUR,
        rows=rows,
    )


async def test_what_is_old_goes_and_a_writer_with_its_last(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "SLICE", 5)
    number, reads, pruner = int(new_id()[-7:], 16), ChangeReads(graph), ChangePruning(graph)
    await writer_with_changes(graph, number)

    async def left() -> list[Change]:
        return await reads.page(number, 0, COUNT, COUNT)

    async def floor() -> int | None:
        return next((one.floor for one in await reads.writers() if one.number == number), None)

    await pruner.prune(now(), HOUR)
    assert [one.seq for one in await left()] == list(range(COUNT // 2 + 1, COUNT + 1))
    assert await floor() == COUNT // 2
    await pruner.prune(now(), HOUR)
    assert len(await left()) == COUNT - COUNT // 2
    await pruner.prune(now(), HOUR / 3)
    assert await left() == []
    assert await floor() == COUNT
    await pruner.prune(now(), HOUR / 3)
    assert await floor() == COUNT, "it is younger than what is forgotten"
    await statement(
        graph, "MATCH (w:ChangeWriter {number: $number}) SET w.at = $at", number=number, at=now() - FORGOTTEN - HOUR
    )
    await pruner.prune(now(), HOUR)
    assert await floor() is None
