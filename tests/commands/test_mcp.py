"""``loopgraph mcp install``, ``status`` and ``uninstall``, as a user runs them."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from loopgraph.commands.app import app
from support.quick import first_quick

Run = Callable[..., Result]
FILES = {
    "claude-code": ".claude.json",
    "codex": ".codex/config.toml",
    "gemini": ".gemini/settings.json",
    "cursor": ".cursor/mcp.json",
    "copilot": ".copilot/mcp-config.json",
}
OF_PROJECTS = {"claude-code": ".mcp.json", **{name: FILES[name] for name in ("codex", "gemini", "cursor")}}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for name in [name for name in os.environ if name.startswith(("LOOPGRAPH_", "XDG_", "CLAUDE", "CODEX", "COPILOT"))]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def mcp(home: Path) -> Run:
    def run(*arguments: str, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["mcp", *arguments])
        assert result.exit_code == exit_code, result.output
        return result

    return run


def servers(path: Path) -> Any:
    if path.suffix == ".toml":
        return tomllib.loads(path.read_text())["mcp_servers"]
    return json.loads(path.read_text())["mcpServers"]


@pytest.mark.lengthy
@pytest.mark.parametrize("client", first_quick(FILES))
def test_install_twice_and_uninstall(home: Path, mcp: Run, client: str) -> None:
    path = home / FILES[client]
    shown = mcp("install", client, "--dry-run", "--url", "http://box.example:9000/").stdout
    assert "+" in shown
    assert not path.exists()
    mcp("install", client, "--url", "http://box.example:9000/")
    entry = servers(path)["loopgraph"]
    assert Path(entry["command"]).is_file(), "the agent's PATH is not ours"
    assert entry["args"] == ["mcp", "--url", "http://box.example:9000"]
    before = path.read_bytes()
    assert mcp("install", client, "--url", "http://box.example:9000").stdout == f"{path}: nothing to change\n"
    assert path.read_bytes() == before
    told = mcp("status", client, exit_code=1)
    assert f"{path} (" in told.stdout
    assert "http://box.example:9000" in told.output
    mcp("uninstall", client, "--dry-run")
    assert path.exists()
    mcp("uninstall", client)
    assert not path.exists()
    assert mcp("uninstall", client).stdout == f"{path}: nothing to change\n"


@pytest.mark.lengthy
@pytest.mark.parametrize("client", OF_PROJECTS)
def test_what_a_project_shares_names_no_place_of_this_machine(home: Path, mcp: Run, client: str) -> None:
    path = home / "project" / OF_PROJECTS[client]
    mcp("install", client, "--project", "--token-env", "MY_TOKEN")
    entry = servers(path)["loopgraph"]
    assert (entry["command"], entry["args"]) == ("loopgraph", ["mcp", "--token-env", "MY_TOKEN"])


@pytest.mark.lengthy
def test_what_is_there_stays(home: Path, mcp: Run) -> None:
    path = home / ".claude.json"
    theirs = json.dumps(
        {"numStartups": 3, "mcpServers": {"docs": {"command": "npx"}}, "projects": {"/x": {}}}, indent=2
    )
    path.write_text(theirs)
    assert "backup: " in mcp("install").stdout
    assert json.loads(path.read_text())["mcpServers"].keys() == {"docs", "loopgraph"}
    mcp("uninstall")
    assert path.read_text() == theirs


@pytest.mark.lengthy
def test_what_is_wrong_is_said(home: Path, mcp: Run) -> None:
    assert "our server is in no settings" in mcp("status", exit_code=1).output
    assert "Copilot CLI has no such settings" in mcp("install", "copilot", "--project", exit_code=2).output
    assert "choose one" in mcp("install", "--user", "--project", exit_code=2).output
    (home / ".claude.json").write_text('{"mcpServers": []}')
    assert "mcpServers: must be an object" in mcp("install", exit_code=2).output


@pytest.mark.lengthy
def test_without_the_sdk_it_says_what_to_install(home: Path, mcp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopgraph.api.mcp.server.find_spec", lambda _: None)
    for arguments in ([], ["install"]):
        assert "pip install '.[mcp]'" in mcp(*arguments, exit_code=1).output
    assert not (home / ".claude.json").exists()
