"""Outboxes: one process has one at a time, and what is told is kept until it is published. On every engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from loopgraph.contracts.audit import Origin
from loopgraph.contracts.broker import Outbox
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.live import Cursor
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.live import outboxes as module
from loopgraph.effects.live.outboxes import Outboxes
from loopgraph.effects.live.pruning import ChangePruning
from loopgraph.effects.live.reads import ChangeReads
from support.traces import statement


@pytest.fixture
async def name(graph: Graph) -> AsyncIterator[str]:
    name = f"topic-{new_id()}"
    yield name
    await statement(graph, "MATCH (o:Outbox {name: $name}) DELETE o", name=name)


async def test_one_process_has_it_and_another_after_that_one(graph: Graph, name: str) -> None:
    one, other, begin = Outboxes(graph), Outboxes(graph), Cursor({7: 3}, now())
    first = await one.take(name, begin)
    assert first == Outbox(name, 0, begin, None)
    assert await other.take(name, begin) is None
    after = Cursor({7: 4, 9: 1}, now())
    assert await one.save(Outbox(name, 0, begin, after), complete=False)
    assert not await other.save(Outbox(name, 5, after, None), complete=True)
    await one.release(name)
    assert await other.take(name, begin) == Outbox(name, 0, begin, after)
    assert not await one.save(first, complete=True), "it is another's now"


async def test_the_lease_of_a_process_that_was_killed_ends(
    graph: Graph, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LENGTH", timedelta(seconds=-1))
    begin = Cursor({}, now())
    assert await Outboxes(graph).take(name, begin) is not None
    assert await Outboxes(graph).take(name, begin) is not None


@pytest.mark.lengthy
async def test_what_is_told_is_kept_until_it_is_published_but_not_for_ever(
    graph: Graph, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, pruning = ChangeReads(graph), ChangePruning(graph)
    outboxes = Outboxes(graph)

    async def there() -> Cursor:
        writers = await reads.writers()
        return Cursor({one.number: await reads.newest(one) for one in writers}, now())

    outbox = await outboxes.take(name, await there())
    assert outbox is not None
    told = await Lineage(graph).create_pattern(NewPattern(name="sort"), NewVersion(), Origin())
    assert told.version.node_id
    behind = [
        one for one in await reads.writers() if await reads.newest(one) > outbox.cursor.positions.get(one.number, 0)
    ]
    assert behind, "something was told after it"

    async def kept() -> bool:
        for one in behind:
            before = outbox.cursor.positions.get(one.number, 0)
            if len(await reads.page(one.number, before, await reads.newest(one), 100)) == 0:
                return False
        return True

    later = now() + timedelta(hours=1)
    await pruning.prune(later, timedelta(minutes=30))
    assert await kept()
    assert await outboxes.save(outbox, complete=True)
    monkeypatch.setattr(module, "HELD", timedelta(minutes=30))
    await pruning.prune(later, timedelta(minutes=30))
    assert not await kept(), "an outbox that does not get on holds nothing for ever"
