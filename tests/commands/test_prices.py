"""``loopgraph prices``, as a user runs it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import settings_for
from loopgraph.commands.app import app
from loopgraph.contracts.traces.events import EndpointCalled
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from loopgraph.settings import Migrate
from support.engines import EngineUnderTest
from support.traces import Traces, record


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "200", **environment}).invoke(app, ["prices", *arguments])
    return result.exit_code, result.output


@pytest.mark.lengthy
def test_show(tmp_path: Path) -> None:
    code, told = run("show", "claude-opus-5-5")
    assert code == 0
    assert [line.split()[-1] for line in told.splitlines()[:5]] == ["4.0000", "0.2000", "5.0000", "8.0000", "20.0000"]
    assert told.splitlines()[5].startswith("by genai-prices 0.")
    code, told = run("show", "gemini-2.5-pro")
    assert [line.split()[-1] for line in (told.splitlines()[0], told.splitlines()[4])] == ["1.2500", "10.0000"]
    assert "a prompt of a million tokens costs 2.5000" in told, "in short ones it costs less"
    code, told = run("show", "sonar-pro")
    assert [line.split()[-1] for line in (told.splitlines()[0], *told.splitlines()[4:6])] == [
        "3.0000",
        "15.0000",
        "0.0140",
    ]
    code, told = run("show", "ours-2")
    assert (code, "ours-2 has no price" in told) == (1, True)
    file = tmp_path / "prices.toml"
    file.write_text('[models."ours-*"]\ninput = 1\noutput = 3.5\n')
    code, told = run("show", "ours-2", LOOPGRAPH_PRICES_FILE=str(file))
    assert code == 0
    assert [line.split()[-1] for line in told.splitlines()[:5]] == ["1.0000"] * 4 + ["3.5000"]
    assert told.splitlines()[5] == "by your own prices"
    file.write_text("[models.x]\ninput = 'much'\n")
    code, told = run("show", "x", LOOPGRAPH_PRICES_FILE=str(file))
    assert code == 2
    assert "models.x.input" in told
    assert "Traceback" not in told


@pytest.mark.lengthy
async def test_recompute(embedded_engine: EngineUnderTest, tmp_path: Path) -> None:
    async with Graph.open(settings_for(embedded_engine)) as graph:
        await schema.prepare(graph, Migrate.AUTO)
        call, model, traces = new_id(), f"ours-{new_id()}", Traces(graph)
        await record(
            traces,
            EndpointCalled(
                correlation_id=new_id(), call_id=call, service_name="s", endpoint_path="/", success=True, model=model,
                input_tokens=2_000_000,
            ),
        )  # fmt: skip
        assert (await traces.calls_by_id([call], None))[call].cost_usd is None
        file = tmp_path / "prices.toml"
        file.write_text(f'[models."{model}"]\ninput = 1.5\n')
        settings = {
            "LOOPGRAPH_GRAPH_URL": embedded_engine.url, "LOOPGRAPH_GRAPH_USER": embedded_engine.user,
            "LOOPGRAPH_GRAPH_PASSWORD": embedded_engine.password,
            "LOOPGRAPH_GRAPH_DATABASE": str(embedded_engine.database), "LOOPGRAPH_PRICES_FILE": str(file),
        }  # fmt: skip
        code, told = await asyncio.to_thread(run, "recompute", **settings)
        assert code == 0, told
        assert "priced anew" in told
        assert (await traces.calls_by_id([call], None))[call].cost_usd == 3.0
