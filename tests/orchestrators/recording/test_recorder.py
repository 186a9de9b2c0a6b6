"""The one writer: what shares a transaction, whose turn it is, what fails alone, and what is never lost.

``Ledger`` stands where the graph does, so that a test can hold a transaction open and see who shares it; the last tests run on
the engines.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest

from loopgraph.computes.privacy.policy import Privacy
from loopgraph.contracts.traces.events import HookExecuted, TraceEvent, TraceStarted
from loopgraph.contracts.traces.observations import Recordable
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.health import Health
from loopgraph.effects.traces.dead_letters import DeadLetters
from loopgraph.errors import (
    Blame,
    Conflict,
    DeadLettersUnwritable,
    EngineStartError,
    GraphFault,
    GraphTimeout,
    GraphUnavailable,
    InvalidInput,
    Overloaded,
    ServiceError,
    ShuttingDown,
    Unprocessable,
    UserError,
)
from loopgraph.orchestrators.recording.recorder import Recorder
from support.traces import Traces
from support.waiting import PATIENCE_S


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

    async def record(
        self, events: Sequence[Recordable], *, received_at: datetime, ended: list[Recorded], sender: object = None
    ) -> list[Recorded | UserError]:
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
    async with asyncio.timeout(PATIENCE_S):
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
    async with asyncio.timeout(PATIENCE_S):
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


EVERYTHING_FAILS = [
    EngineStartError("the embedded engine did not start: No space left on device"),
    GraphFault("the graph answered Neo.DatabaseError.General.UnknownError: No space left on device"),
    GraphTimeout("the statement ran longer than it may"),
    OSError(28, "No space left on device"),
    MemoryError(),
    KeyError("a mistake of ours"),
    ValueError("something that no engine takes"),
]


@pytest.mark.parametrize("error", EVERYTHING_FAILS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("count", [1, 2, 1_000])
async def test_while_nothing_is_stored_no_event_is_poison(tmp_path: Path, error: Exception, count: int) -> None:
    ledger, letters, tried = Ledger(), DeadLetters(tmp_path), 0

    def fault(names: list[str]) -> Exception:
        nonlocal tried
        tried += 1
        return error

    ledger.fault = fault
    recorder = ledger.recorder(letters)
    for _ in range(2):
        with pytest.raises(ServiceError) as told:
            await recorder.record(hooks("x", count))
        assert told.value.blame is Blame.GRAPH
    assert not letters.path.exists()
    if not isinstance(error, ValueError):
        assert tried < 60, "not every event is tried by itself"
    ledger.fault = lambda names: None
    assert len(ids(await recorder.record(hooks("x", count)))) == count


@pytest.mark.parametrize("bad", [1, 3, 14, 37])
async def test_a_graph_that_fails_for_a_while_makes_no_event_poison(tmp_path: Path, bad: int) -> None:
    """It fails so many times, whatever it is given, and then takes everything."""
    ledger, letters, left = Ledger(), DeadLetters(tmp_path), bad

    def fault(names: list[str]) -> Exception | None:
        nonlocal left
        left -= 1
        return GraphFault("the graph answered something") if left >= 0 else None

    ledger.fault = fault
    recorder, sent = ledger.recorder(letters), hooks("x", 200)
    outcomes: list[Any] = []
    for _ in range(40):
        try:
            outcomes = await recorder.record(sent)
        except ServiceError:
            continue
        break
    assert ids(outcomes) == [f"x{n}" for n in range(200)]
    assert not letters.path.exists()


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("broken", ["a file in place of the folder", "a full disk"])
async def test_nobody_is_told_that_an_event_was_put_aside_that_was_not(
    tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ledger, folder = Ledger(), tmp_path / "dead"
    letters = DeadLetters(folder)
    if broken == "a full disk":

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("loopgraph.effects.traces.dead_letters._write_all", full)
    else:
        folder.write_text("x")
    ledger.fault = lambda names: GraphFault("cannot be stored") if "poison" in names else None
    recorder = ledger.recorder(letters)
    with pytest.raises(DeadLettersUnwritable, match="cannot be put aside now"):
        await recorder.record([hook("poison"), hook("a"), hook("b")])
    assert await recorder.record([hook("poison"), hook("c")], wait=False) == [None, None]
    await eventually(lambda: {"a", "b", "c"} <= set(ledger.names))
    assert "were put aside" not in caplog.text

    monkeypatch.undo()
    if folder.is_file():
        folder.unlink()
    await recorder.record([hook("e")])
    await eventually(lambda: letters.path.exists() and letters.path.read_text() != "")
    assert [json.loads(line)["event"]["execution_id"] for line in letters.path.read_text().splitlines()] == ["poison"]
    assert isinstance((await recorder.record([hook("poison"), hook("d")]))[0], Unprocessable)


async def test_without_a_folder_nobody_is_told_that_it_was_put_aside() -> None:
    ledger = Ledger()
    ledger.fault = lambda names: GraphFault("cannot be stored") if "poison" in names else None
    [_, outcome] = await ledger.recorder().record([hook("a"), hook("poison")])
    assert isinstance(outcome, Unprocessable)
    assert str(outcome).endswith("it was not kept")


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_what_makes_the_graph_time_out_waits_behind_all_others(tmp_path: Path) -> None:
    ledger, letters, tried = Ledger(), DeadLetters(tmp_path), 0

    def fault(names: list[str]) -> Exception | None:
        nonlocal tried
        tried += "slow" in names
        return GraphTimeout("it ran too long") if "slow" in names else None

    ledger.fault = fault
    recorder = ledger.recorder(letters)
    await recorder.record([hook("slow"), *hooks("same", 40)], wait=False)
    for n in range(30):
        with contextlib.suppress(GraphTimeout):
            assert ids(await recorder.record([hook(f"other{n}")])) == [f"other{n}"]
    await eventually(lambda: len([name for name in ledger.names if name.startswith("same")]) == 40)
    so_far = tried
    for n in range(200):
        assert ids(await recorder.record([hook(f"more{n}")])) == [f"more{n}"], "nobody waits for it, or shares its turn"
    assert tried <= so_far + 3, "it is tried again, and again, but not at every turn"
    ledger.fault = lambda names: None
    await eventually(lambda: "slow" in ledger.names)
    assert not letters.path.exists()


async def test_who_waits_does_not_wait_for_a_pause_of_what_is_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn of queued events that fails is followed by a pause, which grows; whoever waits ends it, also before it begins."""
    monkeypatch.setattr("loopgraph.orchestrators.recording.recorder._LONGEST_PAUSE_S", 600.0)
    ledger = Ledger()
    ledger.fault = lambda names: GraphUnavailable("away")
    recorder = ledger.recorder()
    await recorder.record(hooks("q", 40), wait=False)
    for n in range(12):
        recorder._pause_s = 600.0
        async with asyncio.timeout(PATIENCE_S):
            waiting = tasks(*(recorder.record([hook(f"w{n}-{k}")]) for k in range(2)))
            first = [await asyncio.wait([task]) and task.exception() for task in waiting]
        assert all(isinstance(told, GraphUnavailable) for told in first)
    ledger.fault = lambda names: None
    assert ids(await recorder.record([hook("back")])) == ["back"]


@pytest.mark.slow
async def test_what_was_set_apart_is_not_lost_when_the_service_stops(tmp_path: Path) -> None:
    ledger, letters = Ledger(), DeadLetters(tmp_path)
    ledger.fault = lambda names: GraphTimeout("it ran too long") if "slow" in names else None
    recorder = ledger.recorder(letters)
    await recorder.record([hook("slow"), hook("a")], wait=False)
    await eventually(lambda: "a" in ledger.names)
    await recorder.close(0.05)
    assert [json.loads(line)["event"]["execution_id"] for line in letters.path.read_text().splitlines()] == ["slow"]


class Doctor:
    """Stands where the health of a graph does."""

    def __init__(self) -> None:
        self.says: ServiceError | None = None
        self.looked = 0

    async def away(self) -> ServiceError | None:
        self.looked += 1
        return self.says

    async def prove(self) -> None:
        if self.says is not None:
            raise self.says


async def test_who_waits_is_told_soon_that_the_graph_is_away_and_not_that_it_is_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("loopgraph.orchestrators.recording.recorder.PATIENCE_S", 0.02)
    ledger, doctor = Ledger(), Doctor()
    recorder = Recorder(cast("Traces", ledger), Privacy(), health=cast("Health", doctor))
    held = await ledger.held(recorder)
    waiting = tasks(recorder.record([hook("w")]), recorder.record(hooks("x", 40)))
    await eventually(lambda: doctor.looked >= 3)
    assert not held.done(), "the graph is there: it is only slow"
    doctor.says = GraphUnavailable("away")
    for each in (held, *waiting):
        with pytest.raises(GraphUnavailable, match="away"):
            await each
    with pytest.raises(GraphUnavailable, match="away"):
        await recorder.record([hook("at-once")])
    doctor.says = None
    ledger.gate.set()
    await eventually(lambda: ledger.names == ["held"])
    assert ids(await recorder.record([hook("back")])) == ["back"]


async def test_a_write_for_its_own_sake_proves_that_the_graph_stores_but_not_for_many_events(tmp_path: Path) -> None:
    """Where one event after the other cannot be stored, though the graph stores, it may be the graph's fault all the same."""
    ledger, letters = Ledger(), DeadLetters(tmp_path)
    recorder = Recorder(cast("Traces", ledger), Privacy(), letters, health=cast("Health", Doctor()))
    ledger.fault = lambda names: GraphFault("the index is broken")
    outcomes = []
    for n in range(9):
        try:
            outcomes += await recorder.record([hook(f"x{n}")])
        except ServiceError as error:
            outcomes.append(error)  # type: ignore[arg-type]
    assert [isinstance(outcome, Unprocessable) for outcome in outcomes] == [True] * 3 + [False] * 6
    assert len(letters.path.read_text().splitlines()) == 3
    ledger.fault = lambda names: GraphFault("cannot be stored") if "poison" in names else None
    assert ids(await recorder.record([hook("sound"), hook("poison")])) == ["sound", "Unprocessable"]
