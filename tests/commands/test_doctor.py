"""Commands that only ask make no database."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from loopgraph.commands.app import app


@pytest.mark.lengthy
@pytest.mark.parametrize(
    "command", ["doctor", "migrate --status", "traces prune --dry-run --older-than 1d --archive archive"]
)
@pytest.mark.parametrize("exists", [False, True])
def test_who_only_asks_makes_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, exists: bool
) -> None:
    folder = tmp_path / "graph"
    if exists:
        folder.mkdir()
    monkeypatch.setenv("LOOPGRAPH_GRAPH_URL", f"embedded:{folder}")
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(app, command.split())
    assert answer.exit_code == 1
    assert f"there is no database yet in {folder}: `loopgraph serve` or `import` makes one" in answer.output
    assert [entry.name for entry in tmp_path.rglob("*")] == (["graph"] if exists else [])
