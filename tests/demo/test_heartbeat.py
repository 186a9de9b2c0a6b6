"""Nobody has to guess whether the demo still lives."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.control import Control

from loopgraph.demo import heartbeat as module
from loopgraph.demo.heartbeat import Heartbeat
from support.waiting import until


@pytest.fixture
def shown() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(shown: io.StringIO) -> Console:
    return Console(file=shown, width=60)


async def test_silence_is_broken_by_what_is_waited_for_and_what_is_in_its_way(
    console: Console, shown: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENCE_S", 0.02)
    heartbeat = Heartbeat(console)
    async with heartbeat.beating():
        heartbeat.doing("the service starts")
        await until(lambda: shown.getvalue().count("  … the service starts, for ") >= 2)
        heartbeat.trouble("it says [no]")
        await until(lambda: "  … the service starts (it says [no]), for " in shown.getvalue())
        heartbeat.doing("tasks are run")
        await until(lambda: "  … tasks are run, for " in shown.getvalue())


async def test_where_something_is_said_it_is_silent(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    heartbeat = Heartbeat(console)
    heartbeat.doing("tasks are run")
    now = module.SILENCE_S + 1
    assert heartbeat.due_in_s() < 0
    console.control(Control.home())
    assert heartbeat.due_in_s() < 0, "a bar that is drawn anew says nothing"
    console.print("something")
    assert heartbeat.due_in_s() == module.SILENCE_S
    console.out("something")
    assert heartbeat.due_in_s() == module.SILENCE_S
