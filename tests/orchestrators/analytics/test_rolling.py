"""Counting what is marked, on a real graph."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta

import pytest

from loopgraph.computes.analytics.waiting import QUIET_MS
from loopgraph.contracts.analytics.counting import Facts, Mark
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.windows import Grain, Window
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceStarted
from loopgraph.contracts.traces.observations import Observation, SessionSeen
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.effects.usage.facts import FactReads
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.effects.usage.rounds import Change, Rounds
from loopgraph.orchestrators.analytics import rolling as module
from loopgraph.orchestrators.analytics.rolling import Rolling
from support.traces import NOON, at, record, statement
from support.waiting import PATIENCE_S, until

HOUR = NOON.replace(minute=0, second=0, microsecond=0)
DAY = Window(since=HOUR.replace(hour=0), until=HOUR.replace(hour=0) + timedelta(days=1))


async def test_what_was_committed_is_counted_and_what_is_corrected_moves(graph: Graph) -> None:
    traces, rolling, reads = TraceWrites(graph), Rolling(graph, None), UsageReads(graph)
    trace, tool, model = new_id(), f"tool {new_id()}", f"model {new_id()}"
    user = Subject(SubjectKind.USER, f"user|{trace}")
    used, called = Subject(SubjectKind.TOOL, tool, "PostToolUse"), Subject(SubjectKind.MODEL, model)
    await record(
        traces,
        TraceStarted(correlation_id=trace, timestamp=at(0), user_id=user.name),
        HookExecuted(correlation_id=trace, execution_id=f"{trace}-1", hook_type="PostToolUse", tool_name=tool, started_at=at(1)),
        EndpointCalled(
            correlation_id=trace, call_id=f"{trace}-2", service_name="llm", endpoint_path="/chat", model=model,
            timestamp=at(3700),
            duration_ms=100.0, input_tokens=5, output_tokens=7, cost_usd=0.25, success=True,
        ),
    )  # fmt: skip
    assert await rolling.caught_up(PATIENCE_S) == 0
    found = await reads.series([user, used, called], DAY, Grain.HOUR, dimensions=True)
    [by_user] = found[user]
    assert by_user.start == HOUR
    assert by_user.sums.executions == 1
    assert by_user.sums.statuses == {"in_progress": 1}
    assert by_user.sums.cost_nanousd == 250_000_000
    [by_tool] = found[used]
    assert (by_tool.sums.executions, by_tool.sums.successes, by_tool.sums.failures) == (1, 0, 0)
    assert by_tool.sums.dimensions["user"][user.name].executions == 1
    [by_model] = found[called]
    assert by_model.start == HOUR + timedelta(hours=1)
    assert (by_model.sums.input_tokens, by_model.sums.duration.total) == (5, 100_000)
    await record(
        traces,
        HookExecuted(
            correlation_id=trace, execution_id=f"{trace}-1", hook_type="PostToolUse", tool_name=tool, duration_ms=20.0,
            completed_at=at(2), success=False, error_type="Oops",
        ),
        TraceCompleted(correlation_id=trace, timestamp=at(10), success=True),
    )  # fmt: skip
    assert await rolling.caught_up(PATIENCE_S) == 0
    [day] = (await reads.series([used], DAY, Grain.DAY))[used]
    assert (day.sums.executions, day.sums.successes, day.sums.failures) == (1, 0, 1)
    assert day.sums.errors == {"Oops": 1}
    assert day.sums.dimensions == {}
    [count] = (await reads.counts([user], DAY, Grain.DAY))[user]
    assert count[1:] == (1, 1, 0)
    ranked = await reads.ranked(SubjectKind.USER, DAY, Grain.HOUR, 10_000)
    assert [one for one in ranked if one.subject == user] == [(user, 1, 1, 0)]


async def test_a_trace_that_cannot_be_counted_keeps_no_other_from_it(
    graph: Graph, caplog: pytest.LogCaptureFixture
) -> None:
    rolling, names = Rolling(graph, None), [new_id() for _ in range(5)]
    unsound = names[2]
    await record(
        TraceWrites(graph),
        *(TraceStarted(correlation_id=name, timestamp=at(0), user_id=f"user|{name}") for name in names),
    )
    await statement(
        graph,
        "MATCH (t:Trace {correlation_id: $name}) CREATE (t)-[:RAN]->(:HookExecution {execution_id: $name, pattern_type: 'skill',"
        " node_id: 'n', status: 'success', created_at: $at})",
        name=unsound,
        at=at(0),
    )
    assert await rolling.caught_up(PATIENCE_S) == 0
    users = [Subject(SubjectKind.USER, f"user|{name}") for name in names]
    counted = await UsageReads(graph).counts(users, DAY, Grain.DAY)
    assert [len(counted[user]) for user in users] == [1, 1, 0, 1, 1]
    assert unsound in caplog.text
    # Whoever looks at every trace of this time, as tests on the same engine do, would stumble over it, too.
    await statement(graph, "MATCH (h:HookExecution {execution_id: $name}) DETACH DELETE h", name=unsound)


async def test_what_has_a_name_longer_than_a_key_is_counted_by_its_name(graph: Graph) -> None:
    trace, path = new_id(), "/\N{PILE OF POO}" * 3_000
    rolling, reads = Rolling(graph, None), UsageReads(graph)
    calls = [
        EndpointCalled(correlation_id=trace, call_id=new_id(), service_name=trace, endpoint_path=name, timestamp=at(0))
        for name in (f"{path}/one", f"{path}/two", f"{path}/two")
    ]
    await record(TraceWrites(graph), *calls)
    assert await rolling.caught_up(PATIENCE_S) == 0
    one, two = (Subject(SubjectKind.ENDPOINT, f"{path}/{name}", trace) for name in ("one", "two"))
    counted = await reads.counts([one, two], DAY, Grain.DAY)
    assert [[count.executions for count in counted[endpoint]] for endpoint in (one, two)] == [[1], [2]]
    series = await reads.series([one, two], DAY, Grain.HOUR)
    assert [bucket.sums.executions for endpoint in (one, two) for bucket in series[endpoint]] == [1, 2]
    assert [sums.executions for sums in (await reads.sums([one, two], DAY, Grain.DAY)).values()] == [1, 2]


async def test_counting_all_ends_while_others_go_on(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    traces, rolling, first = TraceWrites(graph), Rolling(graph, None), new_id()
    marks = Rounds.marks

    async def marked_meanwhile(rounds: Rounds, limit: int, until_ms: int | None = None) -> list[Mark]:
        found = await marks(rounds, limit, until_ms)
        await record(traces, TraceStarted(correlation_id=new_id(), timestamp=at(0)))
        return found

    assert await rolling.caught_up(PATIENCE_S) == 0
    await record(traces, TraceStarted(correlation_id=first, timestamp=at(0), user_id=f"user|{first}"))
    monkeypatch.setattr(Rounds, "marks", marked_meanwhile)
    async with asyncio.timeout(PATIENCE_S):
        await rolling.count_all()
    assert await is_counted(graph, first)


async def test_a_round_that_loses_its_race_is_run_again_by_who_wants_all_counted(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolling, first, write, lost = Rolling(graph, None), new_id(), Rounds.write, 0

    async def loses_twice(rounds: Rounds, round: int, change: Change) -> bool:
        nonlocal lost
        lost += 1
        return await write(rounds, round + 1 if lost <= 2 else round, change)

    await record(TraceWrites(graph), TraceStarted(correlation_id=first, timestamp=at(0), user_id=f"user|{first}"))
    monkeypatch.setattr(Rounds, "write", loses_twice)
    await rolling.count_all()
    assert lost > 2
    assert await is_counted(graph, first)


async def test_what_goes_on_waits_in_the_background_and_is_counted_for_who_asks(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAST_S", 0.01)
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    monkeypatch.setattr(module, "REST", 0)
    traces, rolling, going_on, over = TraceWrites(graph), Rolling(graph, None), new_id(), new_id()
    assert await rolling.caught_up(PATIENCE_S) == 0
    await record(
        traces, *(TraceStarted(correlation_id=id_, timestamp=at(0), user_id=f"user|{id_}") for id_ in (going_on, over))
    )
    await statement(
        graph, "MATCH (m:UsageMark {key: $key}) SET m.at = m.at - $quiet RETURN count(m)", key=over, quiet=QUIET_MS
    )
    background = asyncio.create_task(rolling.run_forever())
    await until(lambda: is_counted(graph, over))
    await until(lambda: rolling.rounds == 1)
    assert not await is_counted(graph, going_on)
    background.cancel()
    await asyncio.gather(background, return_exceptions=True)
    assert rolling.rounds == 1
    assert await rolling.caught_up(PATIENCE_S) == 0
    assert await is_counted(graph, going_on)


@pytest.mark.lengthy
async def test_a_round_is_bounded_by_steps(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEPS", 60)
    monkeypatch.setattr(module, "AT_ONCE", 30)
    session, names, rolling = new_id(), [new_id() for _ in range(6)], Rolling(graph, None)
    assert await rolling.caught_up(PATIENCE_S) == 0
    for name in names:
        step = {"correlation_id": name, "hook_type": "PostToolUse", "success": True, "timestamp": at(1)}
        await record(
            TraceWrites(graph),
            TraceStarted(correlation_id=name, session_id=session, timestamp=at(0), user_id=f"user|{name}"),
            *(HookExecuted(execution_id=f"{name}.{number}", **step) for number in range(9)),  # type: ignore[arg-type]
        )
    facts, most = FactReads.facts, 0

    async def counted(self: FactReads, ids: Collection[str]) -> dict[str, Facts]:
        nonlocal most
        most = max(most, len(ids))
        return await facts(self, ids)

    monkeypatch.setattr(FactReads, "facts", counted)
    rounds = rolling.rounds
    assert await rolling.caught_up(PATIENCE_S) == 0
    assert (rolling.rounds - rounds, most) == (3, 1)
    assert all([await is_counted(graph, name) for name in names])
    # One mark of many traces: those that do not fit are marked themselves.
    await record(
        TraceWrites(graph),
        Observation(event=SessionSeen(session_id=session, cwd=f"/there/{session}", timestamp=at(0)), source="test"),
    )  # type: ignore[arg-type]
    rounds = rolling.rounds
    assert await rolling.caught_up(PATIENCE_S) == 0
    assert rolling.rounds - rounds >= 3
    project = Subject(SubjectKind.PROJECT, f"/there/{session}")
    [count] = (await UsageReads(graph).counts([project], DAY, Grain.DAY))[project]
    assert count.executions == len(names)


async def is_counted(graph: Graph, name: str) -> bool:
    """Whether a trace of the user of this name is in a bucket."""
    user = Subject(SubjectKind.USER, f"user|{name}")
    return bool((await UsageReads(graph).counts([user], DAY, Grain.DAY))[user])
