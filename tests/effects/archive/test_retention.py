"""What is deleted is what is archived, whoever writes meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conftest import settings_for
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStarted
from loopgraph.contracts.traces.retention import NodeId
from loopgraph.effects.archive.lines import fingerprint
from loopgraph.effects.archive.retention import Deletion, Retention
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from loopgraph.orchestrators.analytics.rolling import Rolling
from support.engines import EngineUnderTest
from support.retention import long_ago, remember
from support.traces import statement
from support.waiting import PATIENCE_S


class Looks(set[bytes]):
    """What is archived; something is done before it is looked up for the ``moment``-th time, counted from 0."""

    def __init__(self, archived: Iterable[bytes], moment: int, do: Callable[[], Coroutine[Any, Any, None]]) -> None:
        super().__init__(archived)
        self.looks = 0
        self._moment, self._do = moment, do

    def __contains__(self, digest: object) -> bool:
        if self.looks == self._moment:
            with ThreadPoolExecutor(1) as another:
                another.submit(asyncio.run, self._do()).result()
        self.looks += 1
        return super().__contains__(digest)


@pytest.mark.lengthy
@pytest.mark.parametrize("by", ["state", "items"])
@pytest.mark.parametrize("moment", ["while it is read", "before", "at first", "midway"])
async def test_a_step_that_arrives_during_the_deletion_keeps_its_trace(
    embedded_engine: EngineUnderTest, moment: str, by: str
) -> None:
    """On the engine where writers wait for nobody: of the late step and the deletion, one meets the other at its commit.

    Units are known by their states to the process that has archived them, and item by item to one that goes on later.
    """
    name, begun, settings = new_id(), long_ago(), settings_for(embedded_engine)
    late = HookExecuted(correlation_id=f"{name}.1", execution_id=f"{name}.1.late", hook_type="T", success=True)
    units = {
        trace: [NodeId("HookExecution", f"{trace}.{step}") for step in range(3)] + [NodeId("Trace", trace)]
        for trace in (f"{name}.1", f"{name}.2")
    }

    async def arrives() -> None:
        async with Graph.open(settings) as elsewhere:
            await remember(elsewhere, [late], begun)

    async with Graph.open(settings) as graph:
        await schema.prepare(graph)
        steps = [
            HookExecuted(correlation_id=trace, execution_id=id_.key, hook_type="T", started_at=begun, success=True)
            for trace, ids in units.items()
            for id_ in ids[:-1]
        ]
        ends = [TraceCompleted(correlation_id=trace, timestamp=begun, success=True) for trace in units]
        await remember(graph, [*steps, *ends], begun)
        assert await Rolling(graph, None).caught_up(bound_s=PATIENCE_S) == 0
        retention = Retention(graph)
        if moment == "while it is read":  # it was known which nodes there are, and not yet what is in them
            await arrives()
            assert await Rolling(graph, None).caught_up(bound_s=PATIENCE_S) == 0
        items, states = await retention.contents(units)
        assert len(states) == len(units)
        known = states if by == "state" else {fingerprint(item) for item in items}
        midway = 1 if by == "state" else len(units) + 7
        looks = Looks(known, {"at first": 0, "midway": midway}.get(moment, -1), arrives)
        if moment == "before":
            await arrives()
        deletion = await retention.delete(units, looks)
        assert deletion == Deletion({"HookExecution": 3, "Trace": 1}, {f"{name}.1"})
        rows = await statement(
            graph,
            "MATCH (h:HookExecution) WHERE h.execution_id STARTS WITH $name MATCH (t:Trace)-[:RAN]->(h) "
            "RETURN h.execution_id AS id, t.correlation_id AS trace",
            name=name,
        )
    kept = [late.execution_id, *(id_.key for id_ in units[f"{name}.1"][:-1])]
    assert {row["id"]: row["trace"] for row in rows} == dict.fromkeys(kept, f"{name}.1")


async def test_a_session_that_has_a_trace_again_stays_with_it(graph: Graph) -> None:
    """It was found with nothing left, and by the time it is read a new trace has begun in it."""
    name, begun = new_id(), long_ago()
    session = NodeId("Session", f"{name}.session")
    await remember(
        graph,
        [TraceStarted(correlation_id=name, session_id=session.key, timestamp=begun)],
        begun,
    )
    assert await Rolling(graph, None).caught_up(bound_s=PATIENCE_S) == 0
    retention, units = Retention(graph), {session.key: [session]}
    items, states = await retention.contents(units)
    for archived in (states, {fingerprint(item) for item in items}):
        assert await retention.delete(units, archived) == Deletion(Counter(), {session.key})
    rows = await statement(
        graph, "MATCH (s:Session)-[:HAS_TRACE]->(t:Trace {correlation_id: $id}) RETURN s.session_id AS id", id=name
    )
    assert rows == [{"id": session.key}]
