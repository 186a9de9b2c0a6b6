"""A learner that is killed between any two of its statements, and two that learn from the same traces at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from loopgraph.effects.graph.client import Graph
from loopgraph.errors import ServiceError
from loopgraph.orchestrators.learning.extraction import Learner
from support.interleaving import Standing
from support.learning import learn, learned, learner, taught, tell, told, word
from support.waiting import PATIENCE_S


class Killed(ServiceError):
    """What ends a learner in the middle, and is no fault of what it learns from."""


class Dying:
    """A graph on which whoever writes dies behind so many statements."""

    def __init__(self, graph: Graph, statements: int) -> None:
        self._graph, self._left = graph, statements
        self.spans = graph.spans
        self.died = False

    async def read(self, *statement: Any, **parameters: Any) -> Any:
        return await self._graph.read(*statement, **parameters)

    async def transaction(self, work: Callable[[Any], Awaitable[Any]], *how: Any, **more: Any) -> Any:
        async def dying(tx: Any) -> Any:
            if how:  # what only reads
                return await work(tx)
            run, left = tx.run, [self._left]

            async def counted(*statement: Any, **parameters: Any) -> Any:
                if not left[0]:
                    self.died = True
                    raise Killed
                left[0] -= 1
                return await run(*statement, **parameters)

            tx.run = counted
            return await work(tx)

        return await self._graph.transaction(dying, *how, **more)


async def come_to(graph: Graph, ids: Sequence[str]) -> tuple[Any, ...]:
    """What traces taught, all of it, without the ids that are made up."""
    rows = await taught(graph, ids)
    [pattern_id] = {row["pattern_id"] for row in rows}
    found = await learned(graph, pattern_id)
    counts = tuple(found["learned"][name] for name in ("successes", "failures", "revision"))
    place = ids.index
    steps = [
        (row["name"], sorted(map(place, row["supporting"])), sorted(map(place, row["failing"])))
        for row in found["steps"]
    ]
    return sorted(row["role"] for row in rows), counts, found["versions"], steps, len(found["exemplars"])


@pytest.mark.lengthy
async def test_a_learner_that_dies_anywhere_leaves_nothing_undone_and_does_nothing_twice(graph: Graph) -> None:
    expected, deaths = None, 0
    for statements in range(60, -1, -3):
        thing = word()
        ids = await tell(
            graph,
            told(f"fix {thing} now"),
            told(f"please fix the {thing} now"),
            told(f"fix {thing} now", failing=[1], success=False),
        )
        dying: Any = Dying(graph, statements)
        try:
            await learn(learner(dying), ids)
        except Killed:
            deaths += 1
            assert {row["pattern_id"] for row in await taught(graph, ids)} == {None}
        await learn(learner(graph), ids)
        found = await come_to(graph, ids)
        expected = expected or found
        assert found == expected, statements
    assert expected is not None
    assert expected[1] == (2, 1, 1)
    assert deaths > 3


@pytest.mark.lengthy
async def test_two_that_learn_at_once_teach_once(graph: Graph) -> None:
    for behind in (1, 3, 6):
        thing = word()
        ids = await tell(graph, told(f"fix {thing}"), told(f"fix {thing}"))

        async def meanwhile(ids: Sequence[str] = ids) -> None:
            await learn(learner(graph), ids)

        standing = Standing(graph, behind, meanwhile)
        first: Any = Reading(graph, standing)
        await learn(learner(first), ids)
        assert standing.other is not None
        await standing.other
        assert (await come_to(graph, ids))[1][0] == 2


class Reading:
    """A graph that reads at once, and writes as another one does."""

    def __init__(self, graph: Graph, writing: Any) -> None:
        self._graph, self._writing = graph, writing
        self.spans = graph.spans

    async def read(self, *statement: Any, **parameters: Any) -> Any:
        return await self._graph.read(*statement, **parameters)

    async def transaction(self, work: Callable[[Any], Awaitable[Any]], *how: Any, **more: Any) -> Any:
        graph = self._graph if how else self._writing
        return await graph.transaction(work, *how, **more)


@pytest.mark.lengthy
async def test_many_learners_share_what_there_is(graph: Graph) -> None:
    things = [word() for _ in range(3)]
    ids = await tell(graph, *(told(f"fix {thing}") for thing in things for _ in range(4)))
    learners: list[Learner] = [learner(graph) for _ in range(4)]
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(learn(one, ids[at:] + ids[:at]) for at, one in enumerate(learners)))
    for at in range(3):
        some = ids[4 * at : 4 * at + 4]
        roles, counts, versions, steps, _ = await come_to(graph, some)
        assert (len(roles), counts[0], [len(step[1]) for step in steps]) == (4, 4, [4, 4, 4])
        assert versions == (2 if counts[2] > 1 and versions == 2 else 1)
