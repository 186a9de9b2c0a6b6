"""Group commit: shared commits, isolated failures, cancellation. The transaction is a list, which shows who shared it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from loopgraph.effects.graph.group_commit import LARGEST, Apart, GroupCommit, Refused, Together
from loopgraph.errors import GraphFault, GraphFull, GraphTimeout, GraphUnavailable, NotFound

Log = list[str]


class Ledger:
    """Commits what the functions append, one list for each transaction; nothing of one that raises."""

    def __init__(self) -> None:
        self.committed: list[Log] = []
        self.group: GroupCommit[Log] = GroupCommit(self.commit)

    @property
    def names(self) -> Log:
        """Everything that was committed, in order."""
        return [name for transaction in self.committed for name in transaction]

    async def commit(self, work: Callable[[Log], Awaitable[Any]]) -> Any:
        transaction: Log = []
        await asyncio.sleep(0.002)
        result = await work(transaction)
        await asyncio.sleep(0.002)
        self.committed.append(transaction)
        return result

    def write(self, name: str, error: Exception | None = None) -> Awaitable[str]:
        async def work(transaction: Log) -> str:
            transaction.append(name)
            await asyncio.sleep(0)
            if error:
                raise error
            return name.upper()

        return self.group.run(work)


async def test_one_writer_commits_alone() -> None:
    ledger = Ledger()
    assert await ledger.write("a") == "A"
    assert ledger.committed == [["a"]]


async def test_those_who_wait_share_a_commit_in_their_order() -> None:
    ledger = Ledger()
    names = [f"n{number}" for number in range(LARGEST + 5)]
    results = await asyncio.gather(*(ledger.write(name) for name in names))
    assert results == [name.upper() for name in names]
    assert ledger.names == names
    # The first finds nobody to share with; the others come while it commits.
    assert [len(transaction) for transaction in ledger.committed] == [1, LARGEST, 4]


async def test_an_error_reaches_only_its_own_caller_and_leaves_nothing() -> None:
    ledger = Ledger()
    wrong = LookupError("b")
    results = await asyncio.gather(
        ledger.write("a"), ledger.write("b", wrong), ledger.write("c"), return_exceptions=True
    )
    assert results == ["A", wrong, "C"]
    assert sorted(ledger.names) == ["a", "c"]


@pytest.mark.parametrize("cancelled", [0, 1, 2])
async def test_a_cancelled_writer_does_not_stop_the_others(cancelled: int) -> None:
    ledger = Ledger()
    tasks = [asyncio.ensure_future(ledger.write(name)) for name in "abc"]
    await asyncio.sleep(0.001)
    tasks[cancelled].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    others = [result for number, result in enumerate(results) if number != cancelled]
    assert others == [name.upper() for number, name in enumerate("abc") if number != cancelled]
    assert isinstance(results[cancelled], asyncio.CancelledError)
    assert await ledger.write("d") == "D"
    assert len(ledger.names) == len(set(ledger.names))


class Away(Ledger):
    """A ledger whose commits take a while and fail, while ``away``, for the sake of the graph or of nobody known."""

    def __init__(self, error: Exception, attempts: int = 1_000_000) -> None:
        super().__init__()
        self.error, self.left, self.attempts = error, attempts, 0

    async def commit(self, work: Callable[[Log], Awaitable[Any]]) -> Any:
        self.attempts += 1
        if self.left > 0:
            self.left -= 1
            await asyncio.sleep(0.01)
            raise self.error
        return await super().commit(work)


@pytest.mark.parametrize(
    "error", [GraphUnavailable("away"), GraphTimeout("slow"), OSError(28, "full"), GraphFull("full")]
)
async def test_when_the_graph_is_away_all_who_wait_are_told_at_once(error: Exception) -> None:
    ledger = Away(error)
    told = await asyncio.gather(*(ledger.write(f"n{n}") for n in range(4 * LARGEST)), return_exceptions=True)
    assert told == [error] * (4 * LARGEST)
    assert ledger.attempts == 1, "nobody waits for a failure of his own"


@pytest.mark.parametrize("error", [GraphFault("no space left, in words nobody foresaw"), RuntimeError(), KeyError("x")])
async def test_where_one_after_the_other_fails_and_nothing_is_committed_all_are_told(error: Exception) -> None:
    ledger = Away(error)
    told = await asyncio.gather(*(ledger.write(f"n{n}") for n in range(4 * LARGEST)), return_exceptions=True)
    assert told == [error] * (4 * LARGEST)
    assert ledger.attempts <= 5, "not one after the other"


async def test_a_refusal_of_each_is_no_fault_of_the_graph() -> None:
    ledger = Away(LookupError(), attempts=0)
    refusals = [NotFound("pattern", f"n{n}") for n in range(8)]
    writers = [ledger.write("a"), *(ledger.write(f"n{n}", refusal) for n, refusal in enumerate(refusals))]
    results = await asyncio.gather(*writers, ledger.write("b"), return_exceptions=True)
    assert results == ["A", *refusals, "B"]


async def test_failures_that_nobody_waits_behind_are_held_against_nobody() -> None:
    ledger, wrong = Away(LookupError(), attempts=0), LookupError("mine")
    for _ in range(5):
        assert await asyncio.gather(ledger.write("x", wrong), return_exceptions=True) == [wrong]
    results = await asyncio.gather(
        ledger.write("y", wrong), ledger.write("a"), ledger.write("b"), return_exceptions=True
    )
    assert results == [wrong, "A", "B"]


async def test_whoever_comes_after_the_failure_has_a_turn_of_his_own() -> None:
    ledger = Away(GraphUnavailable("away"), attempts=1)
    assert await asyncio.gather(ledger.write("a"), return_exceptions=True) == [ledger.error]
    assert await asyncio.gather(*(ledger.write(name) for name in "bcd")) == ["B", "C", "D"]
    assert sorted(ledger.names) == ["b", "c", "d"]


async def test_halves_find_whose_error_it_is() -> None:
    ledger, wrong = Away(LookupError(), attempts=0), LookupError("n9")
    first = asyncio.ensure_future(ledger.write("first"))
    await asyncio.sleep(0)
    rest = [ledger.write(f"n{n}", wrong if n == 9 else None) for n in range(LARGEST)]
    results = await asyncio.gather(first, *rest, return_exceptions=True)
    assert [result for result in results if result is wrong] == [wrong]
    assert sorted(ledger.names) == sorted(["first", *(f"n{n}" for n in range(LARGEST) if n != 9)])
    assert ledger.attempts <= 2 + 2 * LARGEST.bit_length(), "not every one by itself"


async def test_where_halves_meet_a_graph_that_goes_away_the_rest_is_told() -> None:
    ledger = Away(GraphUnavailable("away"), attempts=0)
    first = asyncio.ensure_future(ledger.write("first"))
    await asyncio.sleep(0)

    async def breaks(transaction: Log) -> None:
        ledger.left = 1_000_000
        raise LookupError("mine")

    rest = [ledger.write("a"), ledger.write("b"), ledger.group.run(breaks), ledger.write("c")]
    results = await asyncio.gather(first, *rest, return_exceptions=True)
    assert results[0] == "FIRST"
    assert results[1:] == [ledger.error] * 4
    assert ledger.names == ["first"]


class Doing:
    """What does several requests at once: it refuses those named in ``wrong`` and notes how many came together."""

    def __init__(self, wrong: str = "") -> None:
        self.wrong = wrong
        self.calls: list[str] = []

    async def do(self, transaction: Log, requests: Sequence[str]) -> list[str]:
        self.calls.append("".join(requests))
        errors = {place: NotFound("Thing", name) for place, name in enumerate(requests) if name in self.wrong}
        if errors:
            raise Refused(errors)
        transaction += requests
        return [name.upper() for name in requests]


async def test_requests_of_one_kind_are_done_in_one_call() -> None:
    ledger, one, other = Ledger(), Doing(), Doing()
    works = [Together(one.do, "a"), *(Together(one.do, name) for name in "bcd"), Together(other.do, "x")]
    answers = [ledger.group.run(work) for work in works]
    assert await asyncio.gather(*answers, ledger.write("e")) == ["A", "B", "C", "D", "X", "E"]
    assert (one.calls, other.calls) == (["a", "bcd"], ["x"])
    assert [len(transaction) for transaction in ledger.committed] == [1, 5]


async def test_those_that_are_refused_get_their_own_errors_and_the_others_are_done_again() -> None:
    ledger, doing = Ledger(), Doing(wrong="bd")
    works = [Together(doing.do, name) for name in "abcde"]
    answers = await asyncio.gather(*map(ledger.group.run, works), ledger.write("x"), return_exceptions=True)
    assert [str(getattr(answer, "id", answer)) for answer in answers] == ["A", "b", "C", "d", "E", "X"]
    assert sorted(ledger.names) == ["a", "c", "e", "x"]
    assert doing.calls == ["a", "bcde", "ce"]


async def test_one_that_is_alone_raises_its_own_error() -> None:
    with pytest.raises(NotFound, match="no Thing has the id 'b'"):
        await Ledger().group.run(Together(Doing(wrong="b").do, "b"))


async def test_those_that_cannot_be_done_together_are_done_one_by_one_in_their_order() -> None:
    ledger, doing = Ledger(), Doing()

    async def do(transaction: Log, requests: Sequence[str]) -> list[str]:
        if len(requests) > 1:
            transaction += requests
            raise Apart
        return await doing.do(transaction, requests)

    works = [Together(do, name) for name in "abcd"]
    assert await asyncio.gather(*map(ledger.group.run, works)) == ["A", "B", "C", "D"]
    assert ledger.committed == [["a"], ["b"], ["c"], ["d"]]
