"""Answers of any size leave the event loop to others: the longest that it works without coming round is bounded.

That is counted in the processor time of its thread, so that the load of the machine makes no difference.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
import strawberry
from graphql import GraphQLError

from loopgraph.api.graphql.encoding import encoded
from loopgraph.api.graphql.execution import PacedExecution
from loopgraph.api.graphql.loaders import Loader
from loopgraph.api.graphql.pace import Pace, Turns
from loopgraph.settings import Settings
from support.quick import first_quick
from support.quiet_graph import QuietGraph
from support.stretches import watched
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

ITEMS = 3_000


def square(number: int) -> int:
    """In bounds, however often it is squared."""
    return number * number % 1_009


LONGEST_S = 0.15
"""The bound; a slice is 5 ms. Without slices, each of these answers takes more than a second at a stretch."""


@dataclass
class Services:
    settings: Settings
    graph: QuietGraph


@dataclass
class Context:
    turns: Turns
    services: Services
    squares: Loader[int, int]
    reads: list[int]
    correlation_id: str = "test"

    def operation(self) -> contextlib.AbstractContextManager[None]:
        return self.turns.operation()


def context(timeout_ms: int = 600_000) -> Context:
    turns, reads = Turns(Pace()), list[int]()

    async def fetch(keys: list[int]) -> list[int]:
        reads.append(len(keys))
        await asyncio.sleep(0)
        return [square(key) for key in keys]

    settings = Settings(operation_timeout_ms=timeout_ms)
    return Context(turns, Services(settings, QuietGraph()), Loader(fetch, turns), reads)


@strawberry.type
class Leaf:
    number: int

    @strawberry.field
    async def square(self, info: strawberry.Info[Context, None]) -> int:
        return await info.context.squares.load(self.number)

    @strawberry.field
    async def again(self, info: strawberry.Info[Context, None]) -> Leaf:
        return Leaf(number=await info.context.squares.load(self.number))

    @strawberry.field
    def halves(self) -> list[Leaf]:
        return [Leaf(number=self.number), Leaf(number=-self.number)]


@strawberry.type
class Query:
    @strawberry.field
    async def leaves(self, count: int = ITEMS) -> list[Leaf]:
        await asyncio.sleep(0)
        return [Leaf(number=number) for number in range(count)]

    @strawberry.field
    def at_once(self, count: int = ITEMS) -> list[Leaf]:
        return [Leaf(number=number) for number in range(count)]

    @strawberry.field
    async def failing(self) -> list[Leaf]:
        return [Leaf(number=0), None]  # type: ignore[list-item]

    @strawberry.field
    async def for_ever(self) -> int:
        await asyncio.Event().wait()
        return 0


SCHEMA = strawberry.Schema(query=Query, execution_context_class=PacedExecution)


async def ask(document: str, of: Context | None = None) -> Any:
    result = await SCHEMA.execute(document, context_value=of or context())
    assert not result.errors, result.errors
    return result.data


@pytest.mark.parametrize(
    "document",
    first_quick(
        [
            "{ leaves { " + " ".join(f"a{i}: number" for i in range(40)) + " } }",
            "{ atOnce { " + " ".join(f"a{i}: number" for i in range(40)) + " } }",
            "{ leaves { halves { halves { halves { number } } } } }",
            "{ leaves { square again { square again { number } } } }",
            "{ leaves(count: 300) { " + " ".join(f"a{i}: square" for i in range(40)) + " } }",
        ],
        2,
    ),
    ids=["many fields", "at once", "small lists", "looked up", "many looked up"],
)
async def test_the_loop_comes_round(document: str) -> None:
    async with watched() as found:
        await ask(document)
    assert found.longest_s < LONGEST_S


@pytest.mark.exhaustive
async def test_several_answers_share_the_slices() -> None:
    document = "{ leaves(count: 600) { halves { halves { number } } square } }"
    pace = Pace()
    together = [context() for _ in range(10)]
    for each in together:
        each.turns._pace = pace
    async with watched() as found:
        await asyncio.gather(*(ask(document, each) for each in together))
    assert found.longest_s < LONGEST_S


@pytest.mark.exhaustive
async def test_the_answer_is_the_same() -> None:
    found = await ask("{ leaves { number square halves { number square } again { number } } }")
    assert found["leaves"] == [
        {
            "number": number,
            "square": square(number),
            "halves": [{"number": sign * number, "square": square(number)} for sign in (1, -1)],
            "again": {"number": square(number)},
        }
        for number in range(ITEMS)
    ]


@pytest.mark.exhaustive
async def test_reads_are_gathered_however_long_the_list() -> None:
    """All of one level are read at once, although their fields begin in different slices."""
    of = context()
    await ask("{ leaves { square again { square again { square } } } }", of)
    assert of.reads == [2 * ITEMS, 2 * ITEMS, ITEMS]


async def test_an_error_in_a_long_list_is_answered() -> None:
    result = await SCHEMA.execute("{ failing { number square } }", context_value=context())
    assert result.data is None
    assert [error.message for error in result.errors or ()] == [
        "Cannot return null for non-nullable field Query.failing."
    ]


async def test_an_answer_that_is_given_up_ends_at_once(recwarn: pytest.WarningsRecorder) -> None:
    of = context()
    work = asyncio.create_task(ask("{ leaves { square halves { square } } }", of))
    while not of.turns._pace._waiting:  # noqa: ASYNC110 - in the middle of it
        await asyncio.sleep(0)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    async with asyncio.timeout(PATIENCE_S):
        while [task for task in asyncio.all_tasks() if "Loader" in repr(task)]:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert not of.turns._pace.busy
    assert [str(warning.message) for warning in recwarn] == [], (
        "what had not begun is ended, with all that it was to await"
    )
    assert await ask("{ leaves(count: 3) { square } }", of) == {"leaves": [{"square": square(n)} for n in range(3)]}


async def test_a_read_whose_askers_have_gone_is_cancelled() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def fetch(keys: list[int]) -> list[int]:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return keys

    loader = Loader(fetch, Turns(Pace()))
    askers = [asyncio.create_task(loader.load(key)) for key in (1, 2)]
    await started.wait()
    askers[0].cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not ended.is_set(), "one still waits for it"
    askers[1].cancel()
    async with asyncio.timeout(PATIENCE_S):
        await ended.wait()


async def test_the_deadline_of_an_operation() -> None:
    result = await SCHEMA.execute("{ forEver }", context_value=context(timeout_ms=20))
    [error] = result.errors or [GraphQLError("none")]
    assert "took longer than 20 ms" in error.message


async def test_encoding_in_slices() -> None:
    value = {
        "rows": [
            {"number": n, "text": "é\n" * 20, "inner": {"list": [1, 2.5, None], "empty": [], "map": {}}}
            for n in range(40_000)
        ],
        "none": None,
        "nested": [[{"a": [[]]}], []],
    }
    async with watched() as found:
        text = await encoded(value, Pace())
    assert orjson.loads(text) == value
    assert text == orjson.dumps(value)
    assert found.longest_s < LONGEST_S


async def test_encoding_of_what_is_nested_deeply() -> None:
    deep: Any = 1
    for _ in range(100):
        deep = {"a": [deep]}
    assert await encoded(deep, Pace()) == orjson.dumps(deep)
    assert await encoded({1: {"a": 2}}, Pace()) == b'{"1":{"a":2}}'


async def test_idle_is_when_no_answer_is_being_made() -> None:
    pace = Pace()
    await pace.idle()
    with pace.operation():
        waiting = asyncio.ensure_future(pace.idle())
        with pace.operation():
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
    async with asyncio.timeout(PATIENCE_S):
        await waiting
