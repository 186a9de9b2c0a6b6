"""Trees that are remembered are what the graph holds, whichever process changes it. A second ``Graph`` stands for a second
process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from conftest import settings_for
from loopgraph.computes.traces.tree import Grove
from loopgraph.contracts.access import Role
from loopgraph.contracts.base import Principal
from loopgraph.contracts.live import Writer
from loopgraph.contracts.traces.assembly import Skeleton, Span
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStarted
from loopgraph.contracts.traces.retention import NodeId
from loopgraph.effects.archive.retention import Retention
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.live.reads import ChangeReads
from loopgraph.effects.traces.reading.reads import Heads
from loopgraph.orchestrators.traces import skeletons as module
from loopgraph.orchestrators.traces.skeletons import Skeletons
from support.engines import EngineUnderTest
from support.retention import counting
from support.traces import Traces, at, record, statement


@pytest.fixture
async def other(engine: EngineUnderTest, graph: Graph) -> AsyncIterator[Graph]:
    """The same graph as another process has it."""
    async with Graph.open(settings_for(engine)) as opened:
        yield opened


@pytest.fixture
def skeletons(graph: Graph) -> Skeletons:
    """It remembers trees of two spans and more."""
    return Skeletons(Traces(graph), ChangeReads(graph), fewest=2)


def step(trace: str, number: int, **more: object) -> HookExecuted:
    fields = {"completed_at": at(number + 1), "success": True, **more}
    return HookExecuted(
        correlation_id=trace, execution_id=f"{trace}-{number}", hook_type="ToolUse", started_at=at(number), **fields
    )


async def told(graph: Graph) -> str:
    """A trace of two steps, of which one has not ended."""
    trace = new_id()
    await record(
        Traces(graph), TraceStarted(correlation_id=trace, timestamp=at(0)), step(trace, 0),
        step(trace, 1, completed_at=None, success=None),
    )  # fmt: skip
    return trace


def steps(grove: Grove[Span]) -> list[tuple[str, float | None]]:
    return [(node.key[1][-1], node.record.duration_ms) for top in grove.tops for node in top.walk() if node is not top]


async def remembered(skeletons: Skeletons, trace: str) -> Grove[Span]:
    """Its tree, which is remembered from now on."""
    await skeletons.grove([trace], None)
    return await skeletons.grove([trace], None)


async def test_what_nobody_has_changed_is_not_read_again(graph: Graph, skeletons: Skeletons) -> None:
    trace, another = await told(graph), await told(graph)
    grove = await remembered(skeletons, trace)
    assert steps(grove) == [("0", 1_000), ("1", None)]
    assert await skeletons.grove([trace], None) is grove
    other = await remembered(skeletons, another)
    await record(Traces(graph), step(another, 2))
    assert await skeletons.grove([trace], None) is grove
    again = await skeletons.grove([another], None)
    assert [name for name, _ in steps(again)] == ["0", "1", "2"]
    assert again is not other


async def test_what_another_process_changes_is_there_at_the_next_look(
    graph: Graph, other: Graph, skeletons: Skeletons
) -> None:
    trace = await told(graph)
    await remembered(skeletons, trace)
    await record(Traces(other), step(trace, 1, completed_at=at(4)))
    assert steps(await skeletons.grove([trace], None)) == [("0", 1_000), ("1", 3_000)]
    await record(Traces(other), step(trace, 2))
    assert [name for name, _ in steps(await skeletons.grove([trace], None))] == ["0", "1", "2"]
    sub = f"{trace}-sub"
    await record(Traces(other), TraceStarted(correlation_id=sub, timestamp=at(3), parent_id=trace, root_id=trace))
    assert [name for name, _ in steps(await skeletons.grove([trace], None))][-1] == "b"
    grove = await skeletons.grove([trace], None)
    assert await skeletons.grove([trace], None) is grove
    await record(Traces(other), step(sub, 5))
    assert [name for name, _ in steps(await skeletons.grove([trace], None))][-1] == "5"
    await record(Traces(other), TraceCompleted(correlation_id=trace, timestamp=at(9), success=True))
    [top] = (await skeletons.grove([trace], None)).tops
    assert top.record.duration_ms == 9_000


async def test_what_a_process_tells_as_the_writer_of_one_that_has_gone_is_heard(
    engine: EngineUnderTest, graph: Graph, skeletons: Skeletons
) -> None:
    trace, another = await told(graph), await told(graph)
    async with Graph.open(settings_for(engine)) as other:
        await record(Traces(other), step(another, 2))
    grove = await remembered(skeletons, trace)
    assert await skeletons.grove([trace], None) is grove
    async with Graph.open(settings_for(engine)) as other:
        await record(Traces(other), step(trace, 2))
        assert [name for name, _ in steps(await skeletons.grove([trace], None))] == ["0", "1", "2"]


@pytest.mark.parametrize("first", [True, False])
async def test_what_is_told_while_it_is_read_is_not_missed(
    first: bool, graph: Graph, other: Graph, skeletons: Skeletons, monkeypatch: pytest.MonkeyPatch
) -> None:
    another, trace = await told(graph), await told(graph)
    await remembered(skeletons, another)
    if not first:
        await skeletons.grove([trace], None)
        await record(Traces(graph), step(trace, 2))
    planted = module._planted

    async def slowly(*of: object) -> Grove[Span]:
        """Its steps have been read; another process changes them, and another reading hears of it."""
        monkeypatch.undo()
        await record(Traces(other), step(trace, 3))
        await skeletons.grove([another], None)
        return await planted(*of)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_planted", slowly)
    assert [name for name, _ in steps(await skeletons.grove([trace], None))][-1] != "3"
    assert [name for name, _ in steps(await skeletons.grove([trace], None))][-1] == "3"


async def test_what_turns_out_to_be_large_is_remembered_if_only_others_were_changed(
    graph: Graph, other: Graph, skeletons: Skeletons
) -> None:
    another, changed, trace = [await told(graph) for _ in range(3)]
    await remembered(skeletons, another)
    await record(Traces(other), step(another, 2))
    grove = await skeletons.grove([trace], None)
    assert await skeletons.grove([trace], None) is grove
    await record(Traces(other), step(changed, 2))
    grove = await skeletons.grove([changed], None)  # read after its change was told, which nobody has heard of before
    assert await skeletons.grove([changed], None) is not grove


async def test_who_asks_for_the_same_at_once_shares_one_reading(
    graph: Graph, other: Graph, skeletons: Skeletons
) -> None:
    trace = await told(graph)
    await remembered(skeletons, trace)
    await record(Traces(other), step(trace, 2))
    groves = await asyncio.gather(*(skeletons.grove([trace], None) for _ in range(3)))
    assert len(steps(groves[0])) == 3
    assert all(grove is groves[0] for grove in groves)


async def test_who_was_away_for_long_begins_anew(graph: Graph, other: Graph, skeletons: Skeletons) -> None:
    trace, another = await told(graph), await told(graph)
    await remembered(skeletons, trace)
    for number in range(2 + 8 + 32 + 128 + 1):
        await record(Traces(other), step(another, 2 + number))
    await record(Traces(other), step(trace, 2))
    assert [name for name, _ in steps(await skeletons.grove([trace], None))] == ["0", "1", "2"]
    grove = await remembered(skeletons, trace)
    assert await skeletons.grove([trace], None) is grove


async def test_nobody_is_shown_what_another_may_see(graph: Graph, skeletons: Skeletons) -> None:
    trace = await told(graph)
    await remembered(skeletons, trace)
    stranger = Principal(subject=new_id(), roles=frozenset({Role.MEMBER}))
    assert not (await skeletons.grove([trace], stranger)).nodes


async def test_only_so_much_is_remembered(graph: Graph) -> None:
    skeletons = Skeletons(Traces(graph), ChangeReads(graph), fewest=2, most=6)
    first, second, third = [await told(graph) for _ in range(3)]
    kept = await remembered(skeletons, second)
    dropped = await remembered(skeletons, first)
    assert await skeletons.grove([second], None) is kept
    await remembered(skeletons, third)
    assert await skeletons.grove([second], None) is kept
    assert await skeletons.grove([first], None) is not dropped


async def test_what_is_told_while_another_reading_begins_is_not_missed(
    graph: Graph, other: Graph, skeletons: Skeletons, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace, another = await told(graph), await told(graph)
    for one in (trace, another):
        await skeletons.grove([one], None)
    writers, begins, goes_on = ChangeReads.writers, asyncio.Event(), asyncio.Event()

    async def late(reads: ChangeReads) -> tuple[Writer, ...]:
        monkeypatch.undo()
        begins.set()
        await goes_on.wait()
        return await writers(reads)

    monkeypatch.setattr(ChangeReads, "writers", late)
    beginning = asyncio.create_task(skeletons.grove([another], None))
    await begins.wait()
    grove = await skeletons.grove([trace], None)
    assert await skeletons.grove([trace], None) is grove
    await record(Traces(other), step(trace, 2))
    goes_on.set()
    await beginning
    assert [name for name, _ in steps(await skeletons.grove([trace], None))] == ["0", "1", "2"]


class Snapshots(Traces):
    """Reads as an engine does whose transactions see what there was when they began. ``meanwhile`` is done in the next."""

    meanwhile: Any = None

    async def skeleton_unless(self, known: Any, *asked: Any) -> Skeleton | None:
        if self.meanwhile is None:
            return await super().skeleton_unless(known, *asked)
        meanwhile, self.meanwhile = self.meanwhile, None
        there: Heads = []

        def seen(heads: Heads) -> bool:
            there[:] = heads
            return False

        found = await super().skeleton_unless(seen, *asked)
        await meanwhile()
        known(there)
        return found


async def test_what_is_heard_of_before_the_traces_are_read_is_not_missed(graph: Graph, other: Graph) -> None:
    reads = Snapshots(graph)
    skeletons = Skeletons(reads, ChangeReads(graph), fewest=2)
    another, trace = await told(graph), await told(graph)
    await remembered(skeletons, another)

    async def changed() -> None:
        await record(Traces(other), step(trace, 2))
        await skeletons.grove([another], None)  # hears of it

    reads.meanwhile = changed
    assert [name for name, _ in steps(await skeletons.grove([trace], None))] == ["0", "1"]
    assert [name for name, _ in steps(await skeletons.grove([trace], None))] == ["0", "1", "2"]


@pytest.mark.parametrize("new", [True, False])
async def test_who_has_not_looked_while_a_writer_came_and_went_begins_anew(
    new: bool, engine: EngineUnderTest, graph: Graph, skeletons: Skeletons, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace, another = await told(graph), await told(graph)
    async with Graph.open(settings_for(engine)) as gone:
        if not new:
            await record(Traces(gone), step(another, 2))
        grove = await remembered(skeletons, trace)
        assert await skeletons.grove([trace], None) is grove
        changes: list[int] = []
        gone.writers.listeners.add(lambda change: changes.append(change.writer))
        await record(Traces(gone), step(trace, 2))
    [writer] = set(changes)  # as hours later
    await statement(graph, "MATCH (c:Change) WHERE c.change_key STARTS WITH $of DELETE c", of=f"{writer:010d}|")
    await statement(graph, "MATCH (w:ChangeWriter {number: $number}) DELETE w", number=writer)
    monkeypatch.setattr(module, "now", lambda: now() + timedelta(hours=2))
    assert [name for name, _ in steps(await skeletons.grove([trace], None))] == ["0", "1", "2"]
    grove = await remembered(skeletons, trace)
    assert await skeletons.grove([trace], None) is grove


async def test_what_a_pruning_has_taken_of_a_trace_is_not_shown(
    graph: Graph, other: Graph, skeletons: Skeletons
) -> None:
    """A large one is deleted in parts, each by itself, and the trace last: a pruning can be stopped between them."""
    trace = await told(graph)
    await counting(graph)()
    unit = [NodeId("HookExecution", f"{trace}-0"), NodeId("HookExecution", f"{trace}-1"), NodeId("Trace", trace)]
    retention = Retention(other)
    archived = (await retention.contents({trace: unit})).states
    await remembered(skeletons, trace)
    parts = await retention.contents({trace: unit[:1]})
    deletion = await retention.delete({trace: unit[:1]}, archived | parts.states, set(unit))
    assert (deletion.deleted.total(), deletion.changed) == (1, set())
    assert [name for name, _ in steps(await skeletons.grove([trace], None))] == ["1"]
