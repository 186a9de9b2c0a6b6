"""``loopgraph import gepa`` as a user runs it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import settings_for
from loopgraph.commands.app import app
from loopgraph.effects.graph.client import Graph
from support.engines import EngineUnderTest
from support.feedback import make_subject


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, words)
    return result.exit_code, " ".join(result.output.split())


@pytest.mark.lengthy
def test_a_result_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedded_engine: EngineUnderTest
) -> None:
    for name in ("url", "user", "password", "database"):
        monkeypatch.setenv(f"LOOPGRAPH_GRAPH_{name.upper()}", str(getattr(embedded_engine, name)))

    async def pattern() -> str:
        async with Graph.open(settings_for(embedded_engine)) as graph:
            return (await make_subject(graph)).pattern_id

    pattern_id = asyncio.run(pattern())
    file = tmp_path / "result.json"
    result = {
        "candidates": [{"a": "x", "b": "1"}, {"a": "y", "b": "2"}],
        "parents": [[None], [0]],
        "val_aggregate_scores": [0.2, 0.4],
    }
    file.write_text(json.dumps(result))
    code, said = run("import", "gepa", str(file), "--pattern", pattern_id)
    assert (code, "say which text is meant: the candidates have a, b" in said) == (2, True)
    code, said = run("import", "gepa", str(file), "--pattern", pattern_id, "--component", "a")
    assert code == 0, said
    assert said.startswith("candidates 2 · versions 2 new · edges 1 new proposed gepa:")
    assert "its mean score on the optimizer's examples is 0.4, that of the first 0.2" in said
    code, said = run("import", "gepa", str(file), "--pattern", pattern_id, "--component", "a", "--json")
    assert (code, json.loads(said)["candidates"]) == (0, 2)
    file.write_text("{")
    code, said = run("import", "gepa", str(file), "--pattern", pattern_id)
    assert (code, "is no JSON" in said) == (2, True)
    code, said = run("import", "gepa", str(tmp_path / "nothing.json"), "--pattern", pattern_id)
    assert (code, "cannot be read: No such file" in said) == (2, True)
