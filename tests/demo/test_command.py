"""What the command says before it begins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from loopgraph.demo import command as demo
from loopgraph.demo import heartbeat
from loopgraph.errors import SetupError
from support.command import command
from support.waiting import until


@pytest.mark.parametrize(
    ("graph_url", "line"),
    [
        (None, "Loopgraph demo"),
        ("bolt://graph:7687", "Loopgraph demo, in bolt://graph:7687: what it writes there stays"),
        ("bolt://ada:secret@graph:7687", "Loopgraph demo, in bolt://graph:7687: what it writes there stays"),
    ],
)
async def test_a_graph_in_which_it_writes_is_told_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], graph_url: str | None, line: str
) -> None:
    @asynccontextmanager
    async def no_service(*_: object) -> AsyncIterator[None]:
        raise SetupError("no service")
        yield

    monkeypatch.setattr(demo, "running_service", no_service)
    with pytest.raises(SetupError, match="no service"):
        await demo.run_demo(graph_url, runs_per_arm=10, keep=False, as_json=False)
    assert capsys.readouterr().out.splitlines() == [line]


async def test_a_service_that_starts_slowly_is_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = ""

    def told() -> bool:
        nonlocal printed
        printed += capsys.readouterr().out
        return "  … the service starts (it says: not yet), for " in printed

    @asynccontextmanager
    async def slow_service(_: str | None, trouble: Callable[[str], None]) -> AsyncIterator[None]:
        trouble("it says: not yet")
        await until(told)
        raise SetupError("no service")
        yield

    monkeypatch.setattr(heartbeat, "SILENCE_S", 0.02)
    monkeypatch.setattr(demo, "running_service", slow_service)
    with pytest.raises(SetupError, match="no service"):
        await demo.run_demo(None, runs_per_arm=10, keep=False, as_json=False)


@pytest.mark.lengthy
async def test_fewer_runs_than_an_experiment_needs_are_refused_at_once() -> None:
    code, printed, told = await command("demo", "--runs-per-arm", "9")
    assert (code, printed) == (2, "")
    assert "--runs-per-arm" in told
    assert "greater than or equal to 10" in " ".join(told.split()).replace("│ │ ", "")
