"""What transactions tell: committed with them or not at all, numbered without gaps, on every engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from loopgraph.contracts.live import MOST_TOLD, Change, TraceNews
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph import telling
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.telling import Claimed, body_text, change_key, change_of
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.live.reads import ChangeReads


@pytest.fixture
async def heard(graph: Graph) -> AsyncIterator[list[Change]]:
    """What this process has committed since the test began."""
    changes: list[Change] = []
    graph.writers.listeners.add(changes.append)
    yield changes
    graph.writers.listeners.discard(changes.append)


async def tell(graph: Graph, *events: str, fails: bool = False) -> None:
    async def work(tx: Transaction) -> None:
        tx.news += (TraceNews("hook", event, None) for event in events)
        if fails:
            raise ValueError(events)

    await graph.transaction(work)


async def stored(graph: Graph, changes: list[Change]) -> tuple[Change, ...]:
    """Those of some changes that are in the graph."""
    return (await ChangeReads(graph).look([(one.writer, one.seq) for one in changes])).changes


def events_of(changes: list[Change]) -> list[str]:
    return [news.correlation_id for one in changes for news in one.traces]


async def test_it_is_told_with_the_commit_and_not_without(graph: Graph, heard: list[Change]) -> None:
    kept, lost = new_id(), new_id()
    await tell(graph, kept)
    with pytest.raises(ValueError, match=lost):
        await tell(graph, lost, fails=True)
    await graph.transaction(nothing)
    assert events_of(heard) == [kept]
    assert await stored(graph, heard) == tuple(heard)
    writers = {one.number: one for one in await ChangeReads(graph).writers()}
    assert writers[heard[0].writer].owned
    assert await ChangeReads(graph).newest(writers[heard[0].writer]) == heard[0].seq


async def nothing(tx: Transaction) -> None:
    """Tells of nothing."""


@pytest.mark.lengthy
async def test_the_numbers_of_a_writer_have_no_gaps_however_many_commit_and_fail(
    graph: Graph, heard: list[Change]
) -> None:
    ids = [new_id() for _ in range(60)]
    outcomes = await asyncio.gather(
        *(tell(graph, id_, fails=place % 3 == 0) for place, id_ in enumerate(ids)), return_exceptions=True
    )
    assert sum(isinstance(one, ValueError) for one in outcomes) == 20
    assert sorted(events_of(heard)) == sorted(id_ for place, id_ in enumerate(ids) if place % 3)
    for writer in {one.writer for one in heard}:
        seqs = [one.seq for one in heard if one.writer == writer]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    assert sorted(await stored(graph, heard)) == sorted(heard)


async def test_a_commit_of_which_nobody_knows_is_looked_for_before_the_next(graph: Graph, heard: list[Change]) -> None:
    await tell(graph, new_id())
    before = heard[-1]
    for writer in writers_of(graph):  # as if the answer to the commit had been lost
        if writer.number == before.writer:
            writer.seq, writer.doubtful = before.seq - 1, before
    while heard[-1].writer != before.writer or len(heard) < 3:
        await tell(graph, new_id())
    again, next_ = [one for one in heard if one.writer == before.writer][1:3]
    assert again == before
    assert next_.seq == before.seq + 1


async def test_a_commit_that_never_came_leaves_its_number_to_the_next(graph: Graph, heard: list[Change]) -> None:
    await tell(graph, new_id())
    before = heard[-1]
    for writer in writers_of(graph):
        if writer.number == before.writer:
            writer.doubtful = before._replace(seq=before.seq + 1, traces=(TraceNews("hook", "never", None),))
    while heard[-1].seq != before.seq + 1 or heard[-1].writer != before.writer:
        await tell(graph, new_id())
    assert "never" not in events_of(heard)


async def test_a_number_that_is_taken_is_taken_by_nobody_else(graph: Graph, heard: list[Change]) -> None:
    """Should two believe that they are one writer, the engine refuses the second, which finds out where it is."""
    await tell(graph, new_id())
    before = heard[-1]
    for writer in writers_of(graph):
        if writer.number == before.writer:
            writer.seq = before.seq - 1
    mine = new_id()
    while mine not in events_of(heard):
        await tell(graph, mine)
    [change] = [one for one in heard if mine in events_of([one])]
    assert await stored(graph, [before, change]) == (before, change)


async def test_writers_are_given_back_and_taken_again(graph: Graph, heard: list[Change]) -> None:
    await tell(graph, new_id())
    had = {writer.number: writer.seq for writer in writers_of(graph)}
    await graph.writers.release(graph.transaction)
    assert writers_of(graph) == []
    for one in await ChangeReads(graph).writers():
        if one.number in had:
            assert (one.owned, one.seq) == (False, had[one.number])
    await tell(graph, new_id())
    [now_] = writers_of(graph)
    assert now_.seq == heard[-1].seq


@pytest.mark.lengthy
async def test_a_writer_that_was_not_used_for_long_is_left(
    graph: Graph, heard: list[Change], monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(graph, new_id())
    had = {writer.number for writer in writers_of(graph)}
    monkeypatch.setattr(telling, "UNUSED", timedelta(0))
    asyncio.get_running_loop().call_later(0.5, monkeypatch.undo)
    await tell(graph, new_id())
    assert heard[-1].writer not in had


def writers_of(graph: Graph) -> list[Claimed]:
    """The writers of this process, all of which are free."""
    return graph.writers._free


def test_a_change_is_what_is_stored_of_it() -> None:
    news = [TraceNews("start", "a", None), TraceNews("hook", "a", "x"), TraceNews("complete", "b", None)]
    change = Change(3, 4, now(), tuple(news), ("e",), ("r",), figures=True, left_out=2, named=True)
    assert change_of(change_key(3, 4), change.at, body_text(change)) == change
    bare = Change(3, 5, now())
    assert body_text(bare) == "{}"
    assert change_of(change_key(3, 5), bare.at, "{}") == bare


@pytest.mark.lengthy
async def test_what_is_too_much_is_counted(graph: Graph, heard: list[Change]) -> None:
    ids = [f"{new_id()}-{number}" for number in range(MOST_TOLD + 7)]
    await tell(graph, *ids)
    assert (len(heard[-1].traces), heard[-1].left_out) == (MOST_TOLD, 7)
