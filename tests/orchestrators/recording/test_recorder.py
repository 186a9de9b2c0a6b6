"""The one writer: what shares a transaction, whose turn it is, what fails alone, and what is never lost.

``Ledger`` stands where the graph does, so that a test can hold a transaction open and see who shares it; the last tests run on
the engines.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest

from loopgraph.computes.privacy.policy import Privacy
from loopgraph.contracts.observations import Recordable
from loopgraph.contracts.traces import HookExecuted, Recorded, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.dead_letters import DeadLetters
from loopgraph.errors import (
    Conflict,
    GraphFault,
    GraphUnavailable,
    InvalidInput,
    Overloaded,
    ShuttingDown,
    Unprocessable,
    UserError,
)
from loopgraph.orchestrators.recording.recorder import Recorder
from support.traces import Traces


def hook(name: str, **more: Any) -> HookExecuted:
    return HookExecuted(correlation_id="t", execution_id=name, hook_type="T", **more)


def hooks(prefix: str, count: int) -> list[HookExecuted]:
    return [hook(f"{prefix}{number}") for number in range(count)]


class Ledger:
    """Commits the ids of events, one list for each transaction, when ``gate`` is open; a transaction that ``fault`` objects to
    fails as a whole."""

    def __init__(self) -> None:
        self.committed: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault: Callable[[list[str]], Exception | None] = lambda names: None
        self.entered = asyncio.Event()

    @property
    def names(self) -> list[str]:
        return [name for transaction in self.committed for name in transaction]

    async def record(self, events: Sequence[Recordable], *, received_at: datetime) -> list[Recorded | UserError]:
        names = [cast("HookExecuted", event).execution_id for event in events]
        self.entered.set()
        await self.gate.wait()
        await asyncio.sleep(0)
        if error := self.fault(names):
            raise error
        self.committed.append(names)
        return [Recorded(kind="hook", correlation_id="t", execution_id=name, repeated=False) for name in names]

    def recorder(self, dead_letters: DeadLetters | None = None, **bounds: int) -> Recorder:
        return Recorder(cast("Traces", self), Privacy(), dead_letters, **bounds)

    async def held(self, recorder: Recorder) -> asyncio.Task[Any]:
        """A transaction of one event that runs until the gate is opened."""
        self.gate.clear()
        self.entered.clear()
        task = asyncio.create_task(recorder.record([hook("held")]))
        await self.entered.wait()
        return task


async def eventually(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not check():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


def ids(outcomes: Sequence[Recorded | UserError]) -> list[str | None]:
    return [
        outcome.execution_id if isinstance(outcome, Recorded) else outcome.__class__.__name__ for outcome in outcomes
    ]


def tasks(*submissions: Awaitable[Any]) -> list[asyncio.Task[Any]]:
    return [asyncio.ensure_future(submission) for submission in submissions]


async def test_what_comes_while_a_transaction_runs_shares_the_next_and_each_gets_its_own_answer() -> None:
    ledger = Ledger()
    recorder = ledger.recorder()
    first = await ledger.held(recorder)
    waiting = tasks(*(recorder.record([hook(f"a{n}"), hook(f"b{n}")]) for n in range(3)))
    await asyncio.sleep(0.01)
    assert ledger.committed == []
    ledger.gate.set()
    assert [ids(outcomes) for outcomes in await asyncio.gather(*waiting)] == [["a0", "b0"], ["a1", "b1"], ["a2", "b2"]]
    assert ids(await first) == ["held"]
    assert ledger.committed == [["held"], ["a0", "b0", "a1", "b1", "a2", "b2"]]


async def test_small_submissions_pass_large_ones_which_share_turns_and_keep_their_order() -> None:
    ledger = Ledger()
    recorder = ledger.recorder(batch_events=100)
    first = await ledger.held(recorder)
    for prefix in "xy":
        await recorder.record(hooks(prefix, 250), wait=False)
    await recorder.record([hook("small")], wait=False)
    ledger.gate.set()
    await first
    await eventually(lambda: len(ledger.names) == 502)
    kinds = ["".join(sorted({name[0] for name in names})) for names in ledger.committed]
    assert kinds[:3] in (["h", "s", "x"], ["h", "x", "s"])
    assert all(len(names) <= 100 for names in ledger.committed)
    for prefix in "xy":
        assert [name for name in ledger.names if name[0] == prefix] == [f"{prefix}{n}" for n in range(250)]
    done = {prefix: max(n for n, kind in enumerate(kinds) if prefix in kind) for prefix in "xy"}
    assert abs(done["x"] - done["y"]) <= 1, kinds


async def test_small_submissions_do_not_starve_a_large_one() -> None:
    ledger = Ledger()
    recorder = ledger.recorder(batch_events=50)
    busy = True

    async def chatter(number: int) -> None:
        while busy:
            await recorder.record([hook(f"c{number}")])

    chatting = tasks(*(chatter(number) for number in range(4)))
    async with asyncio.timeout(10):
        assert len(await recorder.record(hooks("x", 200))) == 200
    busy = False
    await asyncio.gather(*chatting)


async def test_a_full_queue_refuses_and_takes_in_again() -> None:
    ledger = Ledger()
    recorder = ledger.recorder(queue_events=10, queue_bytes=10_000)
    first = await ledger.held(recorder)
    waiting = tasks(recorder.record(hooks("a", 9)))
    await asyncio.sleep(0.01)
    with pytest.raises(Overloaded) as refusal:
        await recorder.record([hook("b")])
    assert refusal.value.retry_after_s >= 1
    ledger.gate.set()
    await asyncio.gather(first, *waiting)

    first = await ledger.held(recorder)
    with pytest.raises(Overloaded, match="bytes"):
        await recorder.record([hook("c", context={"text": "x" * 10_000})])
    ledger.gate.set()
    await first
    assert ids(await recorder.record(hooks("d", 20))) == [f"d{n}" for n in range(20)], "an empty queue takes any number"
    assert ids(await recorder.record([hook("c", context={"text": "x" * 10_000})])) == ["c"]


async def test_poison_is_put_aside_and_everything_else_is_committed(tmp_path: Path) -> None:
    ledger, letters = Ledger(), DeadLetters(tmp_path)
    ledger.fault = lambda names: GraphFault("cannot be stored") if {"x33", "poison"} & set(names) else None
    recorder = ledger.recorder(letters)
    first = await ledger.held(recorder)
    secret = hook("poison", context={"api_key": "hunter2!"})
    waiting = tasks(recorder.record(hooks("x", 40)), recorder.record([hook("good"), secret]))
    await asyncio.sleep(0.01)
    ledger.gate.set()
    many, two = await asyncio.gather(*waiting)
    await first
    assert isinstance(many[33], Unprocessable)
    assert ids(many[:33] + many[34:]) == [f"x{n}" for n in range(40) if n != 33]
    assert ids(two) == ["good", "Unprocessable"]
    assert [name for name in ledger.names if name[0] == "x"] == [f"x{n}" for n in range(40) if n != 33]
    found = {json.loads(line)["event"]["execution_id"] for line in letters.path.read_text().splitlines()}
    assert found == {"x33", "poison"}
    assert "hunter2" not in letters.path.read_text()


async def test_while_the_graph_is_away_callers_are_told_and_queued_events_wait(tmp_path: Path) -> None:
    ledger, away, letters = Ledger(), True, DeadLetters(tmp_path)
    ledger.fault = lambda names: GraphUnavailable("away") if away else None
    recorder = ledger.recorder(letters)
    queued = [asyncio.create_task(recorder.record(hooks(f"q{n}-", 40), wait=False)) for n in range(3)]
    assert await asyncio.gather(*queued) == [[None] * 40] * 3
    for attempt in range(2):
        with pytest.raises(GraphUnavailable):
            await recorder.record([hook(f"told-{attempt}")])
    with pytest.raises(GraphUnavailable):
        await recorder.record(hooks("told", 2_500))
    away = False
    assert ids(await recorder.record([hook("back")])) == ["back"]
    await eventually(lambda: len(ledger.names) == 121)
    for n in range(3):
        own = [name for name in ledger.names if name.startswith(f"q{n}-")]
        assert own == [f"q{n}-{k}" for k in range(40)]
    assert not letters.path.exists()


async def test_a_caller_that_goes_away_leaves_nothing_behind() -> None:
    ledger = Ledger()
    recorder = ledger.recorder(queue_events=10)
    first = await ledger.held(recorder)
    [gone] = tasks(recorder.record(hooks("gone", 9)))
    await asyncio.sleep(0.01)
    gone.cancel()
    await asyncio.wait([gone])
    [kept] = tasks(recorder.record(hooks("kept", 9)))
    await asyncio.sleep(0.01)
    first.cancel()  # its transaction runs: it is committed all the same
    ledger.gate.set()
    assert len(await kept) == 9
    assert ledger.names == ["held", *(f"kept{n}" for n in range(9))]


async def test_closing_records_what_waits_and_takes_nothing_more_in() -> None:
    ledger = Ledger()
    recorder = ledger.recorder(batch_events=10)
    first = await ledger.held(recorder)
    assert await recorder.record(hooks("q", 35), wait=False) == [None] * 35
    closing = asyncio.create_task(recorder.close(10))
    await asyncio.sleep(0.01)
    with pytest.raises(ShuttingDown):
        await recorder.record([hook("late")])
    ledger.gate.set()
    await asyncio.gather(first, closing)
    assert ledger.names == ["held", *(f"q{n}" for n in range(35))]


async def test_what_cannot_be_recorded_before_the_end_is_put_aside(tmp_path: Path) -> None:
    ledger, letters = Ledger(), DeadLetters(tmp_path)
    recorder = ledger.recorder(letters)
    first = await ledger.held(recorder)
    [waiting] = tasks(recorder.record([hook("waits")]))
    await recorder.record(hooks("q", 3), wait=False)
    await recorder.close(0.05)
    for told in (first, waiting):
        with pytest.raises(ShuttingDown):
            await told
    letters_of = [json.loads(line)["event"]["execution_id"] for line in letters.path.read_text().splitlines()]
    assert letters_of == ["q0", "q1", "q2"]


async def test_errors_of_single_events_stay_where_they_are() -> None:
    recorder = Ledger().recorder()
    secret = hook("ghp_0123456789abcdefghijABCDEFGHIJ")
    outcomes = await recorder.record([hook("a"), secret, hook("b")])
    assert isinstance(outcomes[1], InvalidInput)
    assert ids(outcomes) == ["a", "InvalidInput", "b"]
    [queued, refused] = await recorder.record([hook("a"), secret], wait=False)
    assert queued is None
    assert isinstance(refused, InvalidInput)
    assert await recorder.record([]) == []


async def test_many_callers_on_the_graph(graph: Graph) -> None:
    """Events about the same ids from several callers at once: one of them has recorded it, the others repeat it."""
    recorder, trace, before = Recorder(Traces(graph), Privacy()), new_id(), graph.statements
    events: list[TraceEvent] = [
        TraceStarted(correlation_id=trace, prompt_text="sort"),
        *(
            HookExecuted(correlation_id=trace, execution_id=f"{trace}-{n}", hook_type="T", success=True)
            for n in range(50)
        ),
    ]
    other = HookExecuted(correlation_id=trace, execution_id=f"{trace}-7", hook_type="U", success=True)
    answers = await asyncio.gather(*(recorder.record(events) for _ in range(4)), recorder.record([other]))
    assert graph.statements - before < 60, "they share transactions"
    first = [
        outcome for answer in answers for outcome in answer if isinstance(outcome, Recorded) and not outcome.repeated
    ]
    assert len(first) == 51
    errors = [outcome for answer in answers for outcome in answer if isinstance(outcome, UserError)]
    assert errors
    assert all(isinstance(error, Conflict) and error.id == f"{trace}-7" for error in errors)
    whole = (await Traces(graph).parts([trace], None))[trace]
    assert len(whole.hooks) == 50


async def test_poison_on_the_graph(graph: Graph, tmp_path: Path) -> None:
    """A text with a lone surrogate cannot be sent to any engine."""
    letters, trace = DeadLetters(tmp_path), new_id()
    recorder = Recorder(Traces(graph), Privacy(), letters)
    events = [
        HookExecuted(correlation_id=trace, execution_id=f"{trace}-{n}", hook_type="T", success=True) for n in range(9)
    ]
    events[4] = HookExecuted.model_construct(
        **{**dict(events[4]), "error_message": "\ud800"}, _fields_set=events[4].model_fields_set | {"error_message"}
    )
    outcomes = await recorder.record(events)
    assert isinstance(outcomes[4], UserError)
    assert sum(isinstance(outcome, Recorded) for outcome in outcomes) == 8
    assert len((await Traces(graph).parts([trace], None))[trace].hooks) == 8
