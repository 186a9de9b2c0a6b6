"""``loopgraph letters``: events that were put aside are looked at, recorded again, and dropped."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from pathlib import Path

import pytest

from conftest import settings_for
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.contracts.traces.observations import Recordable
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.dead_letters import DeadLetters
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.errors import GraphFault
from support.command import command, settings_of
from support.engines import EngineUnderTest
from support.traces import at

pytestmark = pytest.mark.slow


class Letters:
    """The command, on a folder of dead letters and an engine."""

    def __init__(self, folder: Path, engine: EngineUnderTest) -> None:
        self.store = DeadLetters(folder)
        self._environment = {**settings_of(engine), "LOOPGRAPH_DEAD_LETTER_FOLDER": str(folder)}

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """The command in a process of its own, which can be killed."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "loopgraph", "letters", *arguments),
            env=os.environ | self._environment,
            stdout=PIPE,
            stderr=PIPE,
        )

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        return await command("letters", *arguments, **self._environment)

    async def put(self, *events: Recordable) -> list[str]:
        """Puts events aside; the ids of all letters."""
        await self.store.add(events, GraphFault("the graph\ndoes not take this"), at(60))
        return await self.ids()

    async def ids(self) -> list[str]:
        return [letter.letter_id for letter in (await self.store.read())[0]]


@pytest.fixture
def letters(tmp_path: Path, embedded_engine: EngineUnderTest) -> Letters:
    return Letters(tmp_path, embedded_engine)


def hooks(trace: str, count: int) -> list[HookExecuted]:
    return [
        HookExecuted(correlation_id=trace, execution_id=f"{trace}-{n}", hook_type="T", success=True)
        for n in range(count)
    ]


def poison(trace: str) -> HookExecuted:
    """An execution of a version that there is not."""
    return hooks(trace, 1)[0].model_copy(update={"execution_id": f"{trace}-poison", "node_id": "no-such-version"})


async def recorded(engine: EngineUnderTest, trace: str) -> Sequence[HookExecuted]:
    async with Graph.open(settings_for(engine)) as graph:
        parts = await TraceReads(graph).parts([trace], None)
    return parts[trace].hooks if trace in parts else ()


async def test_they_are_listed_and_shown(letters: Letters) -> None:
    assert await letters.run("list") == (0, f"0 letters in {letters.store.path}\n", "")
    trace = new_id()
    one, two = await letters.put(*hooks(trace, 2))
    code, output, complaints = await letters.run("list")
    assert (code, complaints) == (0, "")
    for n, letter_id in enumerate((one, two)):
        row = next(line for line in output.splitlines() if letter_id in line)
        assert re.search(
            rf"2026-03-01 12:01:00 .* HookExecuted .*{trace}-{n} .*GraphFault: the graph does not take this", row
        )
    assert "2 letters in" in output
    code, output, _ = await letters.run("show", two)
    shown = json.loads(output)
    assert (code, shown["id"], shown["event"]["execution_id"]) == (0, two, f"{trace}-1")
    assert shown["error"] == {"type": "GraphFault", "message": "the graph\ndoes not take this"}
    code, output, complaints = await letters.run("show", "nothing")
    assert (code, output, complaints) == (1, "", "loopgraph: no letter has the id 'nothing'\n")


@pytest.mark.exhaustive
async def test_what_is_recorded_goes_and_what_is_not_stays(letters: Letters, embedded_engine: EngineUnderTest) -> None:
    trace = new_id()
    ids = await letters.put(*hooks(trace, 3), poison(trace))
    code, output, complaints = await letters.run("replay")
    assert code == 1
    assert output == "recorded 3 · there already 0 · left 1\n"
    assert complaints == f"{ids[3]}  no PatternVersion has the id 'no-such-version'\n"
    assert await letters.ids() == ids[3:], "it stays as it was, once"
    found = await recorded(embedded_engine, trace)
    assert {hook.execution_id for hook in found} == {f"{trace}-{n}" for n in range(3)}
    assert {hook.completed_at for hook in found} == {at(60)}, "dated by when it was put aside"

    await letters.put(*hooks(trace, 3))
    assert await letters.run("replay", *(await letters.ids())[1:]) == (
        0, "recorded 0 · there already 3 · left 0\n", ""
    )  # fmt: skip
    assert await letters.ids() == ids[3:]


async def test_a_graph_that_is_away_changes_nothing(letters: Letters) -> None:
    ids = await letters.put(*hooks(new_id(), 3))
    code, output, complaints = await letters.run("replay", "--graph-url", "bolt://127.0.0.1:1")
    assert (code, output) == (1, "")
    assert "the graph does not answer" in complaints
    assert await letters.ids() == ids


@pytest.mark.exhaustive
async def test_killed_at_any_time_it_loses_nothing(letters: Letters, embedded_engine: EngineUnderTest) -> None:
    trace, kills = new_id(), 0
    events = hooks(trace, 1_500)

    async def put() -> None:
        for n in range(30):  # each put aside at another time, so that each fifty are a step of their own
            await letters.store.add(events[50 * n : 50 * n + 50], GraphFault("x"), at(n))

    await put()
    assert len(set(await letters.ids())) == 1_500
    for _ in range(20):
        if kills == 2:
            break
        if not (before := await letters.ids()):  # it was done before it could be killed: once more
            await put()
            before = await letters.ids()
        process = await letters.start("replay")
        while process.returncode is None and await letters.ids() == before:  # noqa: ASYNC110 - it is in the file
            await asyncio.sleep(0.01)
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        await process.communicate()
        there = {hook.execution_id for hook in await recorded(embedded_engine, trace)}
        left = {letter.event["execution_id"] for letter in (await letters.store.read())[0]}
        assert there | left == {event.execution_id for event in events}
    assert kills
    assert (await letters.run("replay"))[0] == 0
    assert await letters.ids() == []
    found = [hook.execution_id for hook in await recorded(embedded_engine, trace)]
    assert len(found) == len(set(found)) == 1_500


async def test_they_are_dropped(letters: Letters) -> None:
    ids = await letters.put(*hooks(new_id(), 4))
    assert (await letters.run("drop"))[0] == 2
    assert (await letters.run("drop", "--all", ids[0]))[0] == 2
    assert (await letters.run("drop", ids[0], "nothing"))[0] == 1
    assert await letters.ids() == ids
    assert await letters.run("drop", ids[0], ids[2]) == (0, "dropped 2\n", "")
    assert await letters.ids() == [ids[1], ids[3]]
    _, output, _ = await letters.run("show", ids[1], "--json")
    assert json.loads(output)["id"] == ids[1]
    _, output, _ = await letters.run("drop", "--all", "--json")
    assert json.loads(output) == {"dropped": 2}
    _, output, _ = await letters.run("replay", "--json")
    assert json.loads(output) == {"recorded": 0, "repeated": 0, "left": {}}
    assert await letters.ids() == []


async def test_a_folder_that_cannot_be_read_is_told_plainly(tmp_path: Path, embedded_engine: EngineUnderTest) -> None:
    (tmp_path / "dead-letters.jsonl").mkdir()
    code, _, complaints = await Letters(tmp_path, embedded_engine).run("list")
    assert code == 1
    assert "dead-letters.jsonl cannot be read: " in complaints
