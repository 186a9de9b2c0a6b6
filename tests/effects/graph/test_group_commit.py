"""Group commit: shared commits, isolated failures, cancellation. The transaction is a list, which shows who shared it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from loopgraph.effects.graph.group_commit import LARGEST, GroupCommit

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
